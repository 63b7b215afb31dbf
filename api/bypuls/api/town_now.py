"""The town now, in figures: what the page shows and what the day's chart is drawn from. Unknown is None."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
import numpy.typing as npt
from astral import Observer
from astral.sun import elevation

from bypuls.api.directory import Directory
from bypuls.api.energy import counted_meters, medium_rows
from bypuls.api.latest import Latest, latest_of
from bypuls.api.periods import Span
from bypuls.api.vehicles import KINDS, sum_known
from bypuls.store.protocol import Store
from bypuls.store.registry import Sensor
from bypuls.wire import Lamp, Meter, to_us
from bypuls.wire.bins import QUARTER_US, TRAFFIC

Floats = npt.NDArray[np.float64]

# The sun's elevation [°] below which lamps are expected to burn, and above which they aren't. Between the two,
# twilight sensors and astronomical clocks switch at different minutes, so that either is right.
_NIGHT_DEG, _DAY_DEG = -6.0, 0.0
_COMPARABLE = 0.9
_HOUR_QUARTERS = 4


@dataclass(frozen=True, slots=True)
class Vehicles:
    """The last four whole quarters. n : vehicles, None = unknown.  counting : sensors that know their number."""

    n: float | None
    counting: int
    sensors: int
    start: datetime
    end: datetime


@dataclass(frozen=True, slots=True)
class Lights:
    """Lamps by what they say. expected : whether they should burn; None in twilight or where no lamp has a place."""

    lit: int
    dark: int
    unknown: int
    lamps: int
    expected: bool | None
    power_w: float | None
    faults: tuple[tuple[str, tuple[str, ...]], ...]


@dataclass(frozen=True, slots=True)
class Power:
    """The buildings' electricity. before_kwh : the same part of the same weekday a week ago.

    coverage, before_coverage : measured share of the meters' time, 0 … 1.
    """

    now_kw: float | None
    reporting: int
    meters: int
    today_kwh: float | None
    coverage: float
    before_kwh: float | None
    before_coverage: float

    @property
    def change(self) -> float | None:
        """Today against a week ago, as a share; None where either is known too little."""
        if min(self.coverage, self.before_coverage) < _COMPARABLE or not self.before_kwh or self.today_kwh is None:
            return None
        return self.today_kwh / self.before_kwh - 1.0


def vehicles_last_hour(store: Store, directory: Directory, now: datetime) -> Vehicles:
    """What all sensors of traffic counted in the last four whole quarters."""
    sensors = directory.sensors_of(kinds=KINDS)
    end_us = to_us(now) // QUARTER_US * QUARTER_US
    start_us = end_us - _HOUR_QUARTERS * QUARTER_US
    table = store.bins(TRAFFIC, [sensor.id for sensor in sensors], start_us, end_us, ["n"])
    known = ~np.isnan(table.columns["n"])
    return Vehicles(
        n=float(table.columns["n"][known].sum()) if known.any() else None,
        counting=len(set(table.sensor[known].tolist())),
        sensors=len(sensors),
        start=datetime.fromtimestamp(start_us / 1e6, UTC),
        end=datetime.fromtimestamp(end_us / 1e6, UTC),
    )


def lights_of(directory: Directory, latest: Sequence[Latest], now: datetime) -> Lights:
    """The lamps by their newest readings; what a silent lamp said last doesn't count."""
    lit = dark = unknown = 0
    power_w: float | None = None
    faults: list[tuple[str, tuple[str, ...]]] = []
    for one in latest:
        if one.sensor.kind != "lamp":
            continue
        reading = one.current
        if not isinstance(reading, Lamp) or reading.on is None:
            unknown += 1
        elif reading.on and not _draws_nothing(directory, one.sensor.lamp, reading):
            lit += 1
        else:
            dark += 1
        if isinstance(reading, Lamp):
            if reading.power_w is not None:
                power_w = (power_w or 0.0) + reading.power_w
            if reading.faults:
                faults.append((one.sensor.name, reading.faults))
    return Lights(lit, dark, unknown, lit + dark + unknown, _expected(directory, now), power_w, tuple(faults))


# Of what the lamp should draw: below it is out, whatever it was commanded.
_OUT_SHARE = 0.1


def _draws_nothing(directory: Directory, lamp: str | None, reading: Lamp) -> bool:
    """Whether a lamp that is switched on is out, as far as its power tells."""
    registered = directory.lamps.get(lamp) if lamp is not None else None
    if reading.power_w is None or registered is None or registered.watt is None:
        return False
    level = 1.0 if reading.level_pct is None else reading.level_pct / 100.0
    return reading.power_w < _OUT_SHARE * registered.watt * level


def _expected(directory: Directory, now: datetime) -> bool | None:
    placed = next((lamp for lamp in directory.lamps.values() if lamp.lat is not None and lamp.lon is not None), None)
    if placed is None or placed.lat is None or placed.lon is None:
        return None
    height = elevation(Observer(placed.lat, placed.lon), now)
    return True if height < _NIGHT_DEG else False if height > _DAY_DEG else None


def power_of(store: Store, directory: Directory, latest: Sequence[Latest], midnight: datetime, now: datetime) -> Power:
    """The buildings' electricity now, and since local midnight against the same weekday a week ago.

    midnight : the local one that began today.
    """
    meters = _electricity(directory, "building")
    ids = {meter.id: sign for meter, sign in meters}
    kw: float | None = None
    reporting = 0
    for one in latest:
        reading = one.current
        if one.sensor.id in ids and isinstance(reading, Meter) and reading.power_w is not None:
            kw = (kw or 0.0) + ids[one.sensor.id] * reading.power_w / 1000.0
            reporting += 1
    today, coverage = _kwh(store, meters, midnight, now)
    # The same local hours a week ago: counted from that day's own midnight.
    zone = midnight.tzinfo
    before = (midnight - timedelta(days=7)).replace(tzinfo=zone)
    known, known_share = _kwh(store, meters, before, before + (now - midnight))
    return Power(kw, reporting, len(meters), today, coverage, known, known_share)


def _electricity(directory: Directory, *places: str) -> list[tuple[Sensor, int]]:
    meters = [
        sensor
        for sensor in directory.sensors_of(kinds=("meter",))
        if sensor.medium == "electricity" and any(getattr(sensor, place) for place in places)
    ]
    return counted_meters(directory, meters)


def _kwh(
    store: Store, meters: Sequence[tuple[Sensor, int]], start: datetime, end: datetime
) -> tuple[float | None, float]:
    start_us = to_us(start.astimezone(UTC))
    end_us = to_us(end.astimezone(UTC)) // QUARTER_US * QUARTER_US
    if end_us <= start_us or not meters:
        return None, 0.0
    zone = start.tzinfo
    span = Span("15min", zone, np.array([start_us, end_us], dtype=np.int64))  # type: ignore[arg-type]
    rows = medium_rows(store, meters, span)["electricity"]
    kwh = float(rows.import_wh[0]) / 1000.0
    return None if np.isnan(kwh) else kwh, rows.coverage_of_all()


LEAST_METERS = 0.9
"""Of the town's electricity meters: below this share their sum isn't the town's power."""


def town_columns(store: Store, directory: Directory, span: Span, now: datetime) -> dict[str, Any]:
    """Vehicles and power of the whole town per row.

    vehicles_n : of all sensors of traffic that knew their number.  power_kw : mean of buildings and cabinets while
    they were measured, `power_coverage` the share of those meters that were, of rows longer than a quarter by their
    time; unknown where fewer than nine in ten were, since the sum of a few would look like a sudden calm. Rows to come
    are unknown.
    """
    end_us = min(span.end_us, -(-to_us(now) // QUARTER_US) * QUARTER_US)
    rows = len(span.length_s)
    sensors = [sensor.id for sensor in directory.sensors_of(kinds=KINDS)]
    table = store.bins(TRAFFIC, sensors, span.start_us, end_us, ["n"], every_s=span.fold_s)
    row = span.rows_of(table.t_us)
    vehicles = sum_known(row, table.columns["n"], rows, np.ones(len(table), dtype=bool))
    # The running row isn't over: its count would look like a sudden calm.
    vehicles[span.edges_us[1:] > to_us(now)] = np.nan
    meters = _electricity(directory, "building", "cabinet")
    power, known = np.zeros(rows), np.zeros(rows)
    elapsed_s = np.clip((to_us(now) - span.edges_us[:-1]) / 1e6, 1.0, span.length_s)
    for meter, sign in meters:
        found = medium_rows(store, [(meter, sign)], span)["electricity"]
        measured = (found.covered_s > 0.0) & ~np.isnan(found.import_wh)
        power[measured] += found.import_wh[measured] * 3.6 / found.covered_s[measured]
        known += measured if span.every == "15min" else np.minimum(found.covered_s / elapsed_s, 1.0)
    share = known / len(meters) if meters else np.full(rows, np.nan)
    return {
        "vehicles_n": vehicles,
        "power_kw": np.where(share >= LEAST_METERS, power, np.nan),
        "power_coverage": share,
    }


def newest(store: Store, directory: Directory, now: datetime) -> list[Latest]:
    """The newest reading of every sensor."""
    return latest_of(store, directory.sensors.values(), now)
