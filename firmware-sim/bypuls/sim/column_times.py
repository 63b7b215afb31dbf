"""Times as files write them: local time of a zone, through both clock changes, with or without an abbreviation."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache
from zoneinfo import ZoneInfo

from bypuls.sim.mapping import TimeColumn


@dataclass(frozen=True, slots=True)
class Unreadable:
    """A text that is no time of its column, and what was expected."""

    text: str
    expected: str


def column_times(texts: Sequence[str], column: TimeColumn) -> list[datetime | Unreadable]:
    """The UTC times of one sensor's rows in the file's order, as written: start or end of what the row covers.

    An hour that the clock shows twice: the abbreviation decides; where both rows carry the same one (or none), the
    file's order does; where only one row is there, the one that follows the row before it. A time that the clock skips
    is unreadable.
    """
    walls = [_wall(text, column) for text in texts]
    seen = Counter(wall.at for wall in walls if isinstance(wall, _Wall))
    rising = _rises([wall.at for wall in walls if isinstance(wall, _Wall)])
    times: list[datetime | Unreadable] = []
    met: Counter[datetime] = Counter()
    labels = {(wall.at, wall.label) for wall in walls if isinstance(wall, _Wall)}
    for wall in walls:
        if isinstance(wall, Unreadable):
            times.append(wall)
            continue
        early, late = (wall.at.replace(tzinfo=column.zone, fold=fold).astimezone(UTC) for fold in (0, 1))
        if early == late:
            times.append(early)
        elif late < early:
            times.append(Unreadable(wall.text, f"a time that the clock of {column.zone.key} shows"))
        else:
            met[wall.at] += 1
            told_apart = len({label for at, label in labels if at == wall.at and label}) > 1
            if seen[wall.at] > 1 and not told_apart:
                first = met[wall.at] == 1
                times.append(early if first == rising else late)
            elif wall.label:
                name = wall.at.replace(tzinfo=column.zone, fold=0).tzname()
                times.append(early if wall.label == name else late)
            else:
                times.append(_follows(times, early, late))
    return times


@dataclass(frozen=True, slots=True)
class _Wall:
    text: str
    at: datetime
    label: str


def _wall(text: str, column: TimeColumn) -> _Wall | Unreadable:
    pattern, body, label = column.format, text.strip(), ""
    if pattern.endswith("%Z"):
        pattern = pattern[:-2].rstrip()
        body, _, label = body.rpartition(" ")
    try:
        at = datetime.fromisoformat(body) if _is_iso(pattern) else datetime.strptime(body, pattern)  # noqa: DTZ007 - its zone follows
    except ValueError:
        return Unreadable(text, f"a time in the format {column.format}")
    if at.tzinfo is not None:
        at = at.astimezone(column.zone)
        label = at.tzname() or ""
    if label and label not in _labels(column.zone, at.year):
        return Unreadable(text, f"an abbreviation that {column.zone.key} uses")
    return _Wall(text, at.replace(tzinfo=None, fold=0), label)


def _is_iso(pattern: str) -> bool:
    return pattern in ("iso", "%Y-%m-%d %H:%M:%S", "%Y-%m-%dT%H:%M:%S")


@lru_cache(maxsize=256)
def _labels(zone: ZoneInfo, year: int) -> frozenset[str | None]:
    """The zone's abbreviations in that year."""
    return frozenset(datetime(year, month, 15, tzinfo=zone).tzname() for month in range(1, 13))


def _rises(walls: Sequence[datetime]) -> bool:
    return len(walls) < 2 or walls[0] <= walls[-1]


def _follows(times: Sequence[datetime | Unreadable], early: datetime, late: datetime) -> datetime:
    before = next((time for time in reversed(times) if isinstance(time, datetime)), None)
    if before is None:
        return early
    # A row before at the early time itself, or further than the doubled hour, leaves no doubt.
    return late if before >= early else early
