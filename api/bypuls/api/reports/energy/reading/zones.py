"""The time zone that a file's own offsets speak of, and zones by their names."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError, available_timezones

from bypuls.api.reports.energy.reading.options import ZONE
from bypuls.api.reports.reading.errors import FileProblem

# Asked first, so that of zones with the same clock the one that most people live in is named.
_FIRST = (
    ZONE, "Europe/London", "Europe/Helsinki", "America/New_York", "America/Chicago", "America/Denver",
    "America/Los_Angeles", "Australia/Sydney",
)  # fmt: skip
_HOUR_US = 3_600_000_000
_PROBES = 24


def zone_of_offsets(pairs: Sequence[tuple[int, int]], name: str) -> str:
    """The zone whose clock all local times [µs] with their offsets [s] fit: Copenhagen where they do, UTC where all are
    0, the one fixed offset, else the first zone that fits. Raises FileProblem where none does."""
    hours = sorted({(local // _HOUR_US, offset) for local, offset in pairs})
    if _fits(hours, ZONE):
        return ZONE
    offsets = {offset for _, offset in hours}
    if offsets == {0}:
        return "UTC"
    if len(offsets) == 1 and (offset := next(iter(offsets))) % 3600 == 0:
        return f"Etc/GMT{-offset // 3600:+d}"
    # The hours around each change of the offset tell zones apart.
    changes = [at for at in range(1, len(hours)) if hours[at][1] != hours[at - 1][1]]
    probes = [hours[at] for change in changes[:_PROBES] for at in (change - 1, change)] or hours[:1]
    for zone in (*_FIRST, *sorted(available_timezones())):
        if _fits(probes, zone) and _fits(hours, zone):
            return zone
    raise FileProblem(
        f"{name}: no time zone has the offsets of its times; say whose local days are meant: --tz ZONE, for example "
        "--tz America/Chicago"
    )


def zone_named(name: str, option: str = "--tz") -> ZoneInfo:
    """A zone by its name. Raises FileProblem."""
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError) as error:
        raise FileProblem(f"{option} {name!r}: expected a zone like Europe/Copenhagen or UTC") from error


def _fits(hours: Sequence[tuple[int, int]], zone: str) -> bool:
    tz = ZoneInfo(zone)
    epoch = datetime(1970, 1, 1, tzinfo=UTC)
    return all(
        (epoch + timedelta(hours=hour, seconds=-offset)).astimezone(tz).utcoffset() == timedelta(seconds=offset)
        for hour, offset in hours
    )


def local_time(t_us: int, tz: ZoneInfo) -> datetime:
    """A moment [µs UTC] on the clock of a zone."""
    return (datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=t_us)).astimezone(tz)
