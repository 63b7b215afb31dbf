"""How files are to be read."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

MPH_KMH = 1.609344  # exact
LOWEST_KMH = 1.0
HIGHEST_KMH = 250.0
KEYS = ("time", "date", "speed", "direction", "length", "class", "histogram", "count", "uptime")


@dataclass(frozen=True, slots=True)
class FileOptions:
    """columns : by key (`KEYS`) the heading, or the number (1 = first) of the column.

    delimiter : None = found out.  mph : speeds and classes are in mph.
    lowest_kmh, highest_kmh : bounds of possible speeds, both included.
    timezone : of times without one.  date_format : of `strptime`, or `epoch`, `epoch_ms`; None = ISO 8601, or what the
        dates themselves decide.
    drop_duplicates : None = where lines carry seconds.
    start, end : aware; lines outside are dropped and counted.
    where : only lines with these values, by heading or number of the column.
    """

    columns: Mapping[str, str] = field(default_factory=dict)
    delimiter: str | None = None
    mph: bool = False
    lowest_kmh: float = LOWEST_KMH
    highest_kmh: float = HIGHEST_KMH
    timezone: str = "Europe/Copenhagen"
    date_format: str | None = None
    drop_duplicates: bool | None = None
    start: datetime | None = None
    end: datetime | None = None
    where: Mapping[str, str] = field(default_factory=dict)
    encoding: str | None = None
