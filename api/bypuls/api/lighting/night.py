"""Where the sun stands above a lamp, and at which level its profile wants it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

from astral import Depression, Observer
from astral.sun import dawn, dusk, elevation

from bypuls.api.directory import Directory
from bypuls.store.registry import Lamp, parse_schedule
from bypuls.wire import to_us

_CIVIL_DEG = -6.0
_MARGIN = timedelta(minutes=30)
FULL_PCT = 100.0


@dataclass(frozen=True, slots=True)
class Sky:
    """Whether it is night (civil dusk to dawn), and day beyond doubt: half an hour away from that night on both
    sides. Neither is twilight, in which a lamp may burn or not."""

    night: bool
    day: bool


def sky_at(lat: float | None, lon: float | None, now: datetime) -> Sky | None:
    """The sky above a place; None where the place isn't known. Places within 5 km share their sun."""
    if lat is None or lon is None:
        return None
    return _sky(round(lat, 1), round(lon, 1), now.replace(second=0, microsecond=0))


@lru_cache(maxsize=4096)
def _sky(lat: float, lon: float, now: datetime) -> Sky:
    heights = [elevation(Observer(lat, lon), now + shift) for shift in (-_MARGIN, timedelta(0), _MARGIN)]
    return Sky(heights[1] < _CIVIL_DEG, min(heights) > _CIVIL_DEG and heights[1] > 0.0)


@lru_cache(maxsize=2048)
def night_us(lat: float, lon: float, day: date) -> tuple[int, int] | None:
    """Civil dusk of a local day and the dawn after it [µs UTC]; None where the sun doesn't sink so low."""
    observer = Observer(lat, lon)
    try:
        fell = dusk(observer, day, Depression.CIVIL, UTC)
        rose = dawn(observer, day + timedelta(days=1), Depression.CIVIL, UTC)
    except ValueError:
        return None
    return (to_us(fell), to_us(rose)) if rose > fell else None


def nights(lat: float, lon: float, first: date, end: date) -> list[tuple[int, int]]:
    """The nights that begin on the days first … end − 1 [µs UTC]."""
    found = (night_us(lat, lon, first + timedelta(days=n)) for n in range((end - first).days))
    return [one for one in found if one is not None]


class Profiles:
    """The dimming profiles of one version of the registry."""

    def __init__(self, directory: Directory, zone: ZoneInfo) -> None:
        self._directory, self._zone = directory, zone

    def level_pct(self, lamp: Lamp, now: datetime) -> float | None:
        """The level [%] that a lamp should have at night; None where neither it nor its group has a profile."""
        local = now.astimezone(self._zone).replace(second=0, microsecond=0)
        schedule = self._directory.schedule_of(lamp, local.date())
        if schedule is None:
            return None
        at = local.time()
        for span in _spans(schedule):
            inside = span.start <= at < span.end if span.start < span.end else at >= span.start or at < span.end
            if inside:
                return span.level_pct
        return FULL_PCT

    def alike(self, lamp: Lamp) -> str | None:
        """A key that lamps share which are dimmed alike on every day."""
        return f"lamp {lamp.id}" if lamp.id in self._directory.lamp_profiles else lamp.lamp_group


_spans = lru_cache(maxsize=256)(parse_schedule)
