"""What became of the lines: counted by reason, with the first few line numbers."""

from __future__ import annotations

from bypuls.api.reports.speed.model import Quality

REASONS = ("unparsable", "impossible_speed", "duplicate", "nonexistent_time", "outside_period", "filtered")
EXAMPLES = 5


class Tally:
    """Counts while files are read."""

    def __init__(self) -> None:
        self.lines = 0
        self.skipped_before_table = 0
        self.empty = 0
        self.out_of_order = 0
        self.times_assumed = 0
        self.duplicates_dropped: bool | None = None
        self._dropped = dict.fromkeys(REASONS, 0)
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

    def quality(self, files: tuple[str, ...], lowest_kmh: float | None, highest_kmh: float | None) -> Quality:
        """The counts as a report shows them."""
        return Quality(
            lines=self.lines,
            used=self.lines - self.dropped,
            dropped=dict(self._dropped),
            out_of_order=self.out_of_order,
            examples={reason: tuple(places) for reason, places in self._examples.items()},
            skipped_before_table=self.skipped_before_table,
            empty=self.empty,
            times_assumed=self.times_assumed,
            lowest_kmh=lowest_kmh,
            highest_kmh=highest_kmh,
            duplicates_dropped=self.duplicates_dropped,
            files=files,
        )
