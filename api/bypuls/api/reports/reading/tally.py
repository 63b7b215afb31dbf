"""What became of the lines of files: counted by reason, with the first few line numbers."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

EXAMPLES = 5


class LineTally:
    """Counts while files are read. reasons : why a line isn't used; all are listed, also those that never occur."""

    def __init__(self, reasons: Iterable[str]) -> None:
        self.lines = 0
        self.skipped_before_table = 0
        self.empty = 0
        self.out_of_order = 0
        self.times_assumed = 0
        self._dropped = dict.fromkeys(reasons, 0)
        self._examples: dict[str, list[str]] = {}

    def drop(self, reason: str, place: str) -> None:
        """One line isn't used."""
        self._dropped[reason] += 1
        self.example(reason, place)

    def example(self, reason: str, place: str) -> None:
        """A line that shows a reason; the first few are kept."""
        places = self._examples.setdefault(reason, [])
        if len(places) < EXAMPLES:
            places.append(place)

    @property
    def dropped(self) -> int:
        """All lines that aren't used."""
        return sum(self._dropped.values())

    @property
    def by_reason(self) -> Mapping[str, int]:
        """How many lines aren't used, by reason."""
        return dict(self._dropped)

    @property
    def examples(self) -> Mapping[str, tuple[str, ...]]:
        """Line numbers that show a reason."""
        return {reason: tuple(places) for reason, places in self._examples.items()}
