"""A report as JSON: every field under its own name, dates as ISO 8601, what is unknown as null."""

from __future__ import annotations

from typing import Any

from bypuls.api.reports.plain_values import plain
from bypuls.api.reports.speed.model import SpeedReport


def to_json(report: SpeedReport) -> dict[str, Any]:
    """The report as values of JSON, numbers rounded to 6 decimals.

    Raises ValueError for a number that isn't finite: what is unknown is None."""
    found: dict[str, Any] = plain(report)
    return found
