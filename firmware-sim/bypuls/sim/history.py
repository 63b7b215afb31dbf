"""The town's past as quarter-hour bins, newest months first: plain data, written by whoever has a store.

A bin holds what a roll-up of the sensor's readings would: the names are those of wire's BIN_FIELDS.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime

import numpy as np
import numpy.typing as npt

from bypuls.sim.buildings import MeterQuarters
from bypuls.sim.draws import QUARTER_US, FloatArray, IntArray, exact, quarter_normals
from bypuls.sim.lighting import energy_wh
from bypuls.sim.streets import DIRECTIONS, vehicles
from bypuls.sim.town import METER_INTERVAL_S, SOLAR, Sensor, Town
from bypuls.sim.traffic_bins import traffic_columns
from bypuls.wire.bins import QUARTER_S, bin_kind

Column = npt.NDArray[np.generic]
REGISTERS = ("import_wh", "export_wh", "volume_m3", "flow_m3c", "return_m3c")


@dataclass(frozen=True, slots=True)
class BinBlock:
    """Bins of one sensor and one set of tags, rising in `t_us`, each on a whole UTC quarter.

    columns : by wire's BIN_FIELDS; float64 with NaN, or objects with None, where nothing is known.
    asset : id of the site, building, cabinet or lamp that the sensor measures; empty where it measures none.
    """

    kind: str
    sensor: str
    t_us: IntArray
    columns: Mapping[str, Column]
    tags: Mapping[str, str] = field(default_factory=dict)
    asset: str = ""


def history(town: Town, start: datetime, end: datetime) -> Iterator[BinBlock]:
    """All bins of the town from `start` up to `end`, by UTC month from the newest to the oldest; both are taken down
    to their quarter. Raises ValueError for a start before the town's first day."""
    first, last = town.quarter(start), town.quarter(end)
    for month_first, month_last in reversed(_months(first, last)):
        for sensor in town.sensors.values():
            yield from sensor_history(town, sensor, month_first, month_last)


def sensor_history(town: Town, sensor: Sensor, first: int, last: int) -> Iterator[BinBlock]:
    """The bins of one sensor in the quarters first ≤ q < last [quarters since 1970]."""
    if sensor.silent_from is not None:
        day = sensor.silent_from
        last = min(last, int(datetime(day.year, day.month, day.day, tzinfo=UTC).timestamp()) // QUARTER_S)
        if last <= first:
            return
    t_us = np.arange(first, last, dtype=np.int64) * QUARTER_US
    kind, asset = bin_kind(sensor.kind), sensor.asset or ""
    if sensor.kind == "passage":
        street = town.streets[asset]
        for direction in DIRECTIONS:
            seen = vehicles(town.seed, street, direction, first, last)
            counted = traffic_columns(seen, first, last)
            yield BinBlock(kind, sensor.id, t_us, counted, {"direction": direction}, asset)
        return
    match sensor.kind:
        case "lamp":
            columns = _lamp(town, sensor.id, first, last)
        case "meter":
            columns = _meter(town, sensor, first, last)
        case "weather":
            columns = _weather(town, sensor, first, last)
        case "health":
            columns = _health(town, sensor.id, first, last)
    said = np.asarray(columns["n"], dtype=np.float64) > 0  # a lamp without supply says nothing
    if not said.all():
        t_us, columns = t_us[said], {name: column[said] for name, column in columns.items()}
    yield BinBlock(kind, sensor.id, t_us, columns, {"medium": sensor.medium} if sensor.medium else {}, asset)


def meter_quarters(town: Town, sensor: Sensor, first: int, last: int) -> MeterQuarters:
    """What the meter of a building or a cabinet measures in the quarters first ≤ q < last."""
    if sensor.cabinet_meter:
        power = town.lighting.cabinet_power(sensor.asset or "", first, last)
        return MeterQuarters(power_w=power.mean(axis=1), import_wh=energy_wh(power))
    if sensor.part == SOLAR:
        return town.energy.roof(sensor.asset or "", first, last)
    if sensor.part is not None:
        return town.energy.submeter(sensor.asset or "", sensor.part, first, last)
    return town.energy.quarters(sensor.asset or "", sensor.medium or "electricity", first, last)


def _lamp(town: Town, lamp: str, first: int, last: int) -> dict[str, Column]:
    minutes = town.lighting.minutes(lamp, first, last)
    heard = minutes.supplied
    n = heard.sum(axis=1).astype(np.float64)
    # What the lamp itself says: commanded on, though a dead lamp draws nothing.
    columns: dict[str, Column] = {"on_n": n, "on_true": (minutes.on & heard).sum(axis=1).astype(np.float64)}
    columns |= _gauge("level_pct", minutes.level_pct, heard) | _gauge("power_w", minutes.power_w, heard)
    covered_s = 60.0 * n
    columns |= _register("energy_wh", energy_wh(minutes.power_w), covered_s)
    columns |= _register("operating_s", (minutes.power_w > 0.0).sum(axis=1) * 60.0, covered_s)
    columns["faults"] = minutes.fault
    return {"n": n, **columns}


def _meter(town: Town, sensor: Sensor, first: int, last: int) -> dict[str, Column]:
    measured = meter_quarters(town, sensor, first, last)
    readings = QUARTER_S / (sensor.interval_s or METER_INTERVAL_S)
    columns: dict[str, Column] = {"n": _full(last - first, readings)}
    resets = town.orders.resets_of(sensor.id, first, last)
    for name in REGISTERS:
        amount: FloatArray | None = getattr(measured, name)
        if amount is not None:
            columns |= _register(name, amount) if resets is None else _reset_register(name, amount, resets, readings)
    for name in ("power_w", "flow_temp_c", "return_temp_c"):
        level: FloatArray | None = getattr(measured, name)
        # A gas meter says volume and energy alone.
        if level is not None and not (name == "power_w" and sensor.medium == "gas"):
            columns |= _steady(name, level, readings)
    return columns


def _weather(town: Town, sensor: Sensor, first: int, last: int) -> dict[str, Column]:
    weather = town.weather.quarters(first, last)
    readings = QUARTER_S / (sensor.interval_s or METER_INTERVAL_S)
    columns: dict[str, Column] = {"n": _full(last - first, readings), **_steady("temp_c", weather.temp_c, readings)}
    if not sensor.asset:  # the station; the probe at the town hall measures temperature only
        columns |= _steady("ambient_lux", weather.ambient_lux, readings)
        columns |= _steady("irradiance_wm2", weather.irradiance_wm2, readings)
    return columns


def _health(town: Town, device: str, first: int, last: int) -> dict[str, Column]:
    size, readings = last - first, QUARTER_S / METER_INTERVAL_S
    warmth = 30.0 + 0.9 * town.weather.quarters(first, last).temp_c
    columns: dict[str, Column] = {
        "n": _full(size, readings),
        "clock_synced_n": _full(size, readings),
        "clock_synced_true": _full(size, readings),
    }
    waiting = np.rint(np.maximum(0.0, 2.0 + 1.5 * quarter_normals(town.seed, f"outbox-{device}", first, last)))
    return columns | _steady("outbox_rows", waiting, readings) | _steady("cpu_temp_c", np.round(warmth, 1), readings)


def _full(size: int, value: float) -> FloatArray:
    return np.full(size, float(value))


def _gauge(name: str, minutes: FloatArray, heard: npt.NDArray[np.bool_]) -> dict[str, Column]:
    """A quantity by minute, told in the minutes that are `heard`."""
    return {
        f"{name}_n": heard.sum(axis=1).astype(np.float64),
        f"{name}_sum": exact(np.where(heard, minutes, 0.0).sum(axis=1)),
        f"{name}_min": np.where(heard, minutes, np.inf).min(axis=1),
        f"{name}_max": np.where(heard, minutes, -np.inf).max(axis=1),
    }


def _steady(name: str, value: FloatArray, readings: float) -> dict[str, Column]:
    """A quantity that holds for the whole quarter, read so many times."""
    return {
        f"{name}_n": _full(len(value), readings),
        f"{name}_sum": value * readings,
        f"{name}_min": value,
        f"{name}_max": value,
    }


def _register(name: str, amount: FloatArray, covered_s: FloatArray | None = None) -> dict[str, Column]:
    return {
        f"{name}_delta": amount,
        f"{name}_covered_s": _full(len(amount), QUARTER_S) if covered_s is None else covered_s,
    }


def _reset_register(name: str, amount: FloatArray, resets: FloatArray, readings: float) -> dict[str, Column]:
    """A register that was reset so many times in each quarter: each time the interval between two readings is lost."""
    known = np.maximum(0.0, 1.0 - resets / readings)
    return {**_register(name, amount * known, QUARTER_S * known), f"{name}_resets": resets}


def _months(first: int, last: int) -> list[tuple[int, int]]:
    """UTC months as ranges of quarters, cut to first ≤ q < last; rising."""
    months = []
    at = first
    while at < last:
        day = datetime.fromtimestamp(at * QUARTER_S, UTC)
        following = datetime(day.year + day.month // 12, day.month % 12 + 1, 1, tzinfo=UTC)
        until = min(last, int(following.timestamp()) // QUARTER_S)
        months.append((at, until))
        at = until
    return months
