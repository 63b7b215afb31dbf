"""The power of the last nights against what the lamps should draw, and when they were switched against the sun."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta

import numpy as np

from bypuls.analysis.lighting.lamp_rules import LampLimits
from bypuls.api.accounts.frame import Floats, Int64
from bypuls.api.context import ApiContext
from bypuls.api.directory import Directory
from bypuls.api.lighting.cabinet_meters import main_meters
from bypuls.api.lighting.lamps_now import lamp_sensors, place_of
from bypuls.api.lighting.night import Profiles, night_us
from bypuls.store.registry import Lamp, Sensor
from bypuls.wire import from_us, to_us
from bypuls.wire.bins import QUARTER_US

_SWITCHED = LampLimits().day_above


@dataclass(frozen=True, slots=True)
class LastNight:
    """From noon to noon. t_us : (n,) quarters.  power_w, expected_w : (n,), NaN = unknown.

    dusk_us, dawn_us : civil; None where there is none.  on_us, off_us : begin and end of the light, to the quarter;
    None where it wasn't seen.  ratio : of the dark quarters that are known, measured over expected.
    """

    day: date
    t_us: Int64
    power_w: Floats
    expected_w: Floats
    dusk_us: int | None
    dawn_us: int | None
    on_us: int | None
    off_us: int | None

    @property
    def ratio(self) -> float | None:
        """Measured over expected; None where less than a quarter of the night is known."""
        dark = self.expected_w > 0.0
        known = dark & ~np.isnan(self.power_w)
        if not known.any() or known.sum() < 0.25 * dark.sum():
            return None
        return float(self.power_w[known].sum() / self.expected_w[known].sum())

    @property
    def next(self) -> date:
        """The day at whose noon the night ends."""
        return self.day + timedelta(days=1)

    def known(self, now_us: int) -> tuple[int, int]:
        """How many of its quarters that are over are known, and of how many."""
        over = self.t_us + QUARTER_US <= now_us
        return int((~np.isnan(self.power_w[over])).sum()), int(over.sum())

    @property
    def kwh(self) -> float | None:
        """Energy of the known quarters."""
        known = ~np.isnan(self.power_w)
        return float(self.power_w[known].sum() / 4000.0) if known.any() else None


def last_nights(
    context: ApiContext, kind: str, sensors_at: Callable[[datetime], Sequence[Sensor]], lamps: Sequence[Lamp],
    profiles: Profiles, place: tuple[float | None, float | None], first: date, last: date,
) -> list[LastNight]:  # fmt: skip
    """The nights after the days first … last, the newest first, by the sensors of each midnight. Expected: nominal
    power by dimming profile from civil dusk to dawn; NaN where a lamp's wattage isn't known."""
    zone = context.settings.zone
    found = []
    for back in range((last - first).days + 1):
        day = last - timedelta(days=back)
        edges = [to_us(datetime.combine(one, time(12), zone)) for one in (day, day + timedelta(days=1))]
        t_us = np.arange(edges[0], edges[1], QUARTER_US, dtype=np.int64)
        dark = night_us(round(place[0], 1), round(place[1], 1), day) if None not in place else None  # type: ignore[arg-type]
        midnight = datetime.combine(day + timedelta(days=1), time(0), zone)
        power = _power(context, kind, sensors_at(midnight), t_us)
        expected = _expected(lamps, profiles, t_us, dark)
        on_us, off_us = _switching(t_us, power, sum(one.watt or 0.0 for one in lamps), context.now_us())
        dusk_us, dawn_us = dark if dark is not None else (None, None)
        found.append(LastNight(day, t_us, power, expected, dusk_us, dawn_us, on_us, off_us))
    return found


def cabinet_nights(context: ApiContext, directory: Directory, cabinet: str, first: date, last: date) -> list[LastNight]:
    """The nights of a cabinet's meters against all of its lamps, the newest first."""
    row = directory.cabinets[cabinet]
    mine = [one for one in directory.lamps.values() if one.cabinet == cabinet]
    place = (row.lat, row.lon)
    if None in place and mine:
        place = place_of(directory, mine[0])
    profiles = Profiles(directory, context.settings.zone)
    return last_nights(
        context, "meter", lambda at: main_meters(directory, cabinet, at), mine, profiles, place, first, last
    )


def lamp_nights(context: ApiContext, directory: Directory, lamp: str, first: date, last: date) -> list[LastNight]:
    """The nights of a lamp that is measured by itself, the newest first."""
    row = directory.lamps[lamp]
    profiles = Profiles(directory, context.settings.zone)

    def own(at: datetime) -> list[Sensor]:
        sensor = lamp_sensors(directory, at).get(lamp)
        return [] if sensor is None else [sensor]

    return last_nights(context, "lamp", own, [row], profiles, place_of(directory, row), first, last)


def newest_night(context: ApiContext) -> date:
    """The day whose night is the last that has begun: until noon yesterday's."""
    now = context.clock().astimezone(context.settings.zone)
    return now.date() - timedelta(days=1 if now.hour < 12 else 0)


def _power(context: ApiContext, kind: str, sensors: Sequence[Sensor], t_us: Int64) -> Floats:
    """(n,) Σ of the sensors' mean powers; unknown where one is."""
    total = np.zeros(len(t_us)) if sensors else np.full(len(t_us), np.nan)
    for sensor in sensors:
        table = context.store.bins(
            kind, [sensor.id], int(t_us[0]), int(t_us[-1]) + QUARTER_US, ["power_w_n", "power_w_sum"]
        )
        mine = np.full(len(t_us), np.nan)
        n = table.columns["power_w_n"]
        with np.errstate(divide="ignore", invalid="ignore"):
            mean = np.where(n > 0.0, table.columns["power_w_sum"] / n, np.nan)
        mine[(table.t_us - t_us[0]) // QUARTER_US] = mean
        total += sensor.sign * mine
    return total


def _expected(lamps: Sequence[Lamp], profiles: Profiles, t_us: Int64, dark: tuple[int, int] | None) -> Floats:
    if dark is None or not lamps or any(one.watt is None for one in lamps):
        return np.full(len(t_us), np.nan)
    groups: dict[str | None, list[Lamp]] = {}
    for one in lamps:
        groups.setdefault(profiles.alike(one), []).append(one)
    expected = np.zeros(len(t_us))
    for group in groups.values():
        watt = sum(one.watt or 0.0 for one in group)
        for at in np.flatnonzero((t_us >= dark[0]) & (t_us + QUARTER_US <= dark[1])).tolist():
            level = profiles.level_pct(group[0], from_us(int(t_us[at])))
            expected[at] += watt * (100.0 if level is None else level) / 100.0
    return expected


def _switching(t_us: Int64, power_w: Floats, nominal_w: float, now_us: int) -> tuple[int | None, int | None]:
    """First and end of the last quarter with light; None where the side of it isn't known or still lies ahead."""
    top = nominal_w if nominal_w > 0.0 else float(np.nanmax(power_w, initial=0.0))
    lit = np.flatnonzero(power_w > _SWITCHED * top) if top > 0.0 else np.array([], dtype=np.int64)
    if not lit.size:
        return None, None
    first, last = int(lit[0]), int(lit[-1])
    on_us = int(t_us[first]) if first > 0 and not np.isnan(power_w[first - 1]) else None
    ended = last + 1 < len(t_us) and not np.isnan(power_w[last + 1]) and int(t_us[last]) + QUARTER_US < now_us
    return on_us, int(t_us[last]) + QUARTER_US if ended else None
