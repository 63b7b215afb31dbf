"""Periods of local time: where an answer begins and ends, and the edges between its rows."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta, timezone
from typing import Literal, TypeAlias, get_args
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import numpy as np
import numpy.typing as npt

from bypuls.analysis.localtime import (
    local_day_edges_us,
    local_hour_edges_us,
    local_month_edges_us,
    local_year_edges_us,
)
from bypuls.api.problems import Problem, bad_parameter
from bypuls.store.protocol import Every
from bypuls.wire import from_us, to_us

Step: TypeAlias = Literal["15min", "hour", "day", "month", "year"]
STEPS: tuple[Step, ...] = get_args(Step)
Int64 = npt.NDArray[np.int64]

_QUARTER_US = 900_000_000
_HOUR_US = 3_600_000_000
_DAY_S = 86_400
_FIRST, _LAST = datetime(2000, 1, 1, tzinfo=UTC), datetime(2100, 1, 1, tzinfo=UTC)
_SECONDS: dict[Step, int] = {"15min": 900, "hour": 3600, "day": 86_400, "month": 2_629_746, "year": 31_556_952}
# What is shown where nobody says from when on [days].
_DEFAULT_DAYS: dict[Step, int] = {"15min": 1, "hour": 7, "day": 31, "month": 365, "year": 5 * 365}
MOMENT = "a day like 2026-11-23, or a time like 2026-11-23T08:15:00Z or …+01:00, in the years 2000 to 2099"


@dataclass(frozen=True, slots=True)
class Span:
    """Rows of local time. edges_us : (rows + 1,) [µs UTC], rising; row i is [edge i, edge i+1).

    known_us : up to here something can have been measured [µs UTC]; None = to the end. The last row of a running month
    reaches beyond, and nobody can be asked for what is still to come.
    """

    every: Step
    zone: ZoneInfo
    edges_us: Int64
    known_us: int | None = None

    @property
    def start_us(self) -> int:
        """Where the first row begins [µs UTC]."""
        return int(self.edges_us[0])

    @property
    def end_us(self) -> int:
        """Where the last row ends [µs UTC]."""
        return int(self.edges_us[-1])

    @property
    def length_s(self) -> npt.NDArray[np.float64]:
        """(rows,) the rows' lengths [s]."""
        return np.diff(self.edges_us) / 1e6

    @property
    def fold_s(self) -> Every:
        """The longest bins that lie in one row whole: UTC hours where every edge is on one, else quarters [s]."""
        return 3600 if not (self.edges_us % _HOUR_US).any() else 900

    def rows_of(self, t_us: Int64) -> Int64:
        """The row that each bin starting at `t_us` lies in; all must lie inside the span."""
        return np.searchsorted(self.edges_us, t_us, "right") - 1

    def starts(self) -> list[str]:
        """The rows' beginnings in local time with their offset, like 2026-03-29T00:00:00+01:00."""
        return local_texts(self.edges_us[:-1], self.zone)


def local_text(us: int, zone: ZoneInfo) -> str:
    """`us` [µs UTC] in local time with its offset."""
    return datetime.fromtimestamp(us // 1_000_000, zone).isoformat()


def local_texts(t_us: Int64, zone: ZoneInfo) -> list[str]:
    """`local_text` of many moments, rising in whole seconds. The zone is asked once a day: where both ends of a UTC day
    have one offset, so have all moments between."""
    if not len(t_us):
        return []
    seconds = t_us // 1_000_000
    days = np.arange(seconds[0] // _DAY_S, seconds[-1] // _DAY_S + 2)
    offsets = np.array([_offset_s(int(day) * _DAY_S, zone) for day in days.tolist()], dtype=np.int64)
    at = seconds // _DAY_S - days[0]
    offset_s = offsets[at]
    for i in np.flatnonzero(offsets[at] != offsets[at + 1]).tolist():
        offset_s[i] = _offset_s(int(seconds[i]), zone)
    texts = np.datetime_as_string((seconds + offset_s).astype("datetime64[s]"))
    ends = {offset: _offset_text(offset) for offset in np.unique(offset_s).tolist()}
    return [text + ends[offset] for text, offset in zip(texts.tolist(), offset_s.tolist(), strict=True)]


def _offset_s(second: int, zone: ZoneInfo) -> int:
    offset = datetime.fromtimestamp(second, zone).utcoffset()
    return 0 if offset is None else round(offset.total_seconds())


def _offset_text(offset_s: int) -> str:
    return datetime(2000, 1, 1, tzinfo=timezone(timedelta(seconds=offset_s))).isoformat()[19:]


def zone_of(name: str) -> ZoneInfo:
    """The zone of that name. Raises Problem (422)."""
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        bad_parameter("tz", name, "a zone of the IANA database such as Europe/Copenhagen")


def moment(field: str, text: str, zone: ZoneInfo) -> datetime:
    """A day (its local midnight) or a time with its offset, in UTC. Raises Problem (422)."""
    try:
        if len(text) == 10:
            day = date.fromisoformat(text)
            found = datetime(day.year, day.month, day.day, tzinfo=zone)
        else:
            # In a query a plus sign arrives as a space.
            found = datetime.fromisoformat(text.replace(" ", "+") if "T" in text else text)
            if found.tzinfo is None:
                bad_parameter(field, text, MOMENT)
        found = found.astimezone(UTC)
    except (ValueError, OverflowError):
        bad_parameter(field, text, MOMENT)
    if not _FIRST <= found < _LAST:
        bad_parameter(field, text, MOMENT)
    return found


def day_in(query: Mapping[str, str], name: str) -> date | None:
    """The day that a page's address names; None where it names none. Raises Problem (422)."""
    text = query.get(name)
    if not text:
        return None
    try:
        found = date.fromisoformat(text)
    except ValueError:
        bad_parameter(name, text, "a day like 2026-11-23")
    if not 2000 <= found.year < 2100:
        bad_parameter(name, text, "a day in the years 2000 to 2099")
    return found


def interval(
    start: str | None, end: str | None, zone: ZoneInfo, *, default: tuple[datetime, datetime]
) -> tuple[datetime, datetime]:
    """[from, to) of a request, in UTC. Raises Problem (422) where it is empty."""
    last = default[1] if end is None else moment("to", end, zone)
    first = min(default[0], last - (default[1] - default[0])) if start is None else moment("from", start, zone)
    if last <= first:
        bad_parameter("to", end, f"later than from, {first.isoformat()}")
    return first, last


def span_of(every: Step, start: str | None, end: str | None, zone: ZoneInfo, *, now: datetime, most_rows: int) -> Span:
    """The rows of a request, whole ones: the first holds `start`, the last ends at `end` or after it.

    Raises Problem (422) for more than `most_rows`, naming the step that fits.
    """
    default = (now - timedelta(days=_DEFAULT_DAYS[every]), now)
    first, last = interval(start, end, zone, default=default)
    seconds = (last - first).total_seconds()
    if seconds / _SECONDS[every] > most_rows:
        fits = next((step for step in STEPS if seconds / _SECONDS[step] <= most_rows), None)
        raise Problem(
            422,
            "too-many-rows",
            "The answer would be too long",
            faults=[
                (
                    "every",
                    every,
                    f"at most {most_rows} rows, not {seconds / _SECONDS[every]:.0f}"
                    + (f": every={fits} fits this period" if fits else ": a shorter period"),
                )
            ],
        )
    return Span(every, zone, edges_of(every, first, last, zone), to_us(now) // _QUARTER_US * _QUARTER_US)


def edges_of(every: Step, first: datetime, last: datetime, zone: ZoneInfo) -> Int64:
    """Edges [µs UTC] of the local periods that hold any moment of [first, last)."""
    start_us, end_us = to_us(first), to_us(last)
    first_day, last_day = first.astimezone(zone).date(), from_us(end_us - 1).astimezone(zone).date()
    match every:
        case "15min":
            low, high = start_us // _QUARTER_US, -(-end_us // _QUARTER_US)
            return np.arange(low, high + 1, dtype=np.int64) * _QUARTER_US
        case "hour":
            edges = local_hour_edges_us(zone, first_day, last_day)
        case "day":
            edges = local_day_edges_us(zone, first_day, last_day)
        case "month":
            edges = local_month_edges_us(zone, first_day, last_day)
        case "year":
            edges = local_year_edges_us(zone, first_day.year, last_day.year)
    low_at = int(np.searchsorted(edges, start_us, "right")) - 1
    high_at = int(np.searchsorted(edges, end_us, "left"))
    return np.asarray(edges[max(low_at, 0) : high_at + 1], dtype=np.int64)
