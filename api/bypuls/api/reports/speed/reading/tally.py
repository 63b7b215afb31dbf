"""What became of the lines of a speed survey: counted by reason, with the first few line numbers."""

from __future__ import annotations

from bypuls.api.reports.reading.tally import LineTally
from bypuls.api.reports.speed.model import Quality

REASONS = ("unparsable", "impossible_speed", "duplicate", "nonexistent_time", "outside_period", "filtered")


class Tally(LineTally):
    """Counts while files are read."""

    def __init__(self) -> None:
        super().__init__(REASONS)
        self.duplicates_dropped: bool | None = None

    def quality(self, files: tuple[str, ...], lowest_kmh: float | None, highest_kmh: float | None) -> Quality:
        """The counts as a report shows them."""
        return Quality(
            lines=self.lines,
            used=self.lines - self.dropped,
            dropped=self.by_reason,
            out_of_order=self.out_of_order,
            examples=self.examples,
            skipped_before_table=self.skipped_before_table,
            empty=self.empty,
            times_assumed=self.times_assumed,
            lowest_kmh=lowest_kmh,
            highest_kmh=highest_kmh,
            duplicates_dropped=self.duplicates_dropped,
            files=files,
        )
