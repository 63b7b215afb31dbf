"""What lamps used in a period: energy, CO₂, money, burning hours, the share of the nights in which they were lit."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import numpy as np

from bypuls.analysis.lighting.figures import burning
from bypuls.analysis.lighting.lamp_rules import LampLimits
from bypuls.api.accounts.account import Accounts
from bypuls.api.accounts.factors import FactorUse, Wish
from bypuls.api.accounts.frame import Floats, frame_of
from bypuls.api.buildings.money import price_days, target_of
from bypuls.api.buildings.source import Days, Source
from bypuls.api.context import ApiContext
from bypuls.api.directory import Directory
from bypuls.api.lighting.lamps_now import place_of
from bypuls.api.lighting.night import nights
from bypuls.api.reports.speed.from_store import Survey
from bypuls.store.registry import Lamp, Sensor
from bypuls.wire import from_us, to_us
from bypuls.wire.bins import QUARTER_US

_NAMES = ("energy_wh_delta", "energy_wh_covered_s", "energy_wh_gap", "operating_s_delta")
_NIGHTLY = ("on_n", "on_true", "power_w_n", "power_w_sum", "energy_wh_covered_s")
_LIMITS = LampLimits()


@dataclass(frozen=True, slots=True)
class Rates:
    """What a kilowatt-hour of light emits and costs in the period. None = unknown, `missing` says why."""

    kg_per_kwh: float | None
    dkk_per_kwh: float | None
    factor: str | None
    missing: tuple[str, ...]


@dataclass(slots=True)
class Used:
    """One lamp's period. Seconds and watt-hours; None = nothing known."""

    wh: float | None = None
    gap_wh: float | None = None
    covered_s: float = 0.0
    asked_s: float = 0.0
    burnt_s: float | None = None
    should_h: float = 0.0
    lit_h: float = 0.0
    unknown_h: float = 0.0

    def add(self, more: Used) -> None:
        """Adds another lamp's."""
        for name in ("wh", "gap_wh", "burnt_s"):
            mine, other = getattr(self, name), getattr(more, name)
            setattr(self, name, other if mine is None else mine + (other or 0.0))
        for name in ("covered_s", "asked_s", "should_h", "lit_h", "unknown_h"):
            setattr(self, name, getattr(self, name) + getattr(more, name))


def used_by_lamp(context: ApiContext, directory: Directory, survey: Survey, lamps: Sequence[Lamp]) -> dict[str, Used]:
    """What each lamp used; of several sensors one after the other each counts for its time."""
    sensors = _sensors(directory)
    mine = [(lamp, sensor) for lamp in lamps for sensor in sensors.get(lamp.id, ())]
    found = lit_by_lamp(context, directory, survey, lamps)
    if not mine:
        return found
    ids = [sensor.id for _, sensor in mine]
    edges = np.array([survey.start_us, survey.end_us], dtype=np.int64)
    sums = context.store.sums("lamp", ids, edges, list(_NAMES))
    for row, (lamp, sensor) in enumerate(mine):
        first = max(survey.start_us, to_us(sensor.valid_from) if sensor.valid_from is not None else survey.start_us)
        last = min(survey.end_us, to_us(sensor.valid_to) if sensor.valid_to is not None else survey.end_us)
        if last > first:
            found[lamp.id].add(Used(
                _known(sums["energy_wh_delta"][row, 0]), _known(sums["energy_wh_gap"][row, 0]),
                float(np.nan_to_num(sums["energy_wh_covered_s"][row, 0])), (last - first) / 1e6,
                _known(sums["operating_s_delta"][row, 0]),
            ))  # fmt: skip
    return found


def lit_by_lamp(context: ApiContext, directory: Directory, survey: Survey, lamps: Sequence[Lamp]) -> dict[str, Used]:
    """Each lamp's lit hours against its nights, civil dusk to dawn in whole quarters; a lamp without a place has none.
    One that nobody measures is unknown in all of them."""
    sensors = _sensors(directory)
    found = {lamp.id: Used() for lamp in lamps}
    places: dict[tuple[float, float], list[Lamp]] = {}
    for lamp in lamps:
        lat, lon = place_of(directory, lamp)
        if lat is not None and lon is not None:
            places.setdefault((round(lat, 1), round(lon, 1)), []).append(lamp)
    for place, mine in places.items():
        spans = _spans(survey, place)
        if not spans:
            continue
        there = [(lamp, sensor) for lamp in mine for sensor in sensors.get(lamp.id, ())]
        edges = np.array([at for span in spans for at in span], dtype=np.int64)
        sums = context.store.sums("lamp", [one.id for _, one in there], edges, list(_NIGHTLY)) if there else {}
        hours = np.array([(rose - fell) / 3.6e9 for fell, rose in spans])
        lit = {lamp.id: np.full(len(spans), np.nan) for lamp in mine}
        share = {lamp.id: np.ones(len(spans)) for lamp in mine}
        for row, (lamp, sensor) in enumerate(there):
            # Every second span is a day between two nights.
            nightly = {name: column[row, ::2] for name, column in sums.items()}
            seen = _lit_share(nightly, lamp)
            was = ~np.isnan(seen) & np.array([_there(sensor, fell, rose) for fell, rose in spans])
            lit[lamp.id][was] = seen[was]
            share[lamp.id][was] = _known_share(nightly["energy_wh_covered_s"], hours)[was]
        for lamp in mine:
            known, every = share[lamp.id], np.ones(2 * len(spans))
            parts = np.concatenate((known, 1.0 - known)) * np.tile(hours, 2)
            night = burning(np.concatenate((lit[lamp.id], np.full(len(spans), np.nan))), every, parts)
            found[lamp.id].add(Used(should_h=night.should_h, lit_h=night.lit_h, unknown_h=night.unknown_h))
    return found


def _sensors(directory: Directory) -> dict[str, list[Sensor]]:
    """The sensors that a lamp has or had."""
    found: dict[str, list[Sensor]] = {}
    for one in directory.sensors_of(kinds=("lamp",)):
        if one.lamp is not None:
            found.setdefault(one.lamp, []).append(one)
    return found


def _spans(survey: Survey, place: tuple[float, float]) -> list[tuple[int, int]]:
    """The nights of a period [µs UTC], in whole quarters."""
    day = timedelta(days=1)
    first = from_us(survey.start_us).astimezone(survey.zone).date() - day
    end = from_us(survey.end_us).astimezone(survey.zone).date() + day
    spans = [
        (max(-(-fell // QUARTER_US) * QUARTER_US, survey.start_us), min(rose // QUARTER_US * QUARTER_US, survey.end_us))
        for fell, rose in nights(*place, first, end)
    ]
    return [(fell, rose) for fell, rose in spans if rose > fell]


def _known_share(covered_s: Floats, hours: Floats) -> Floats:
    """(nights,) share of a night that the lamp's own register covers; the whole of it where there is no register."""
    share = np.where(covered_s > 0.0, covered_s / (hours * 3600.0), 1.0)
    return np.clip(share, 0.0, 1.0)


def _there(sensor: Sensor, fell_us: int, rose_us: int) -> bool:
    """Whether a sensor was there in a night."""
    begun = sensor.valid_from is None or to_us(sensor.valid_from) < rose_us
    return begun and (sensor.valid_to is None or to_us(sensor.valid_to) > fell_us)


def _lit_share(sums: dict[str, Floats], lamp: Lamp) -> Floats:
    """(nights,) share of a night that a lamp was lit, as its readings say; dark where it drew next to nothing."""
    with np.errstate(divide="ignore", invalid="ignore"):
        on = np.where(sums["on_n"] > 0.0, sums["on_true"] / sums["on_n"], np.nan)
        power_w = np.where(sums["power_w_n"] > 0.0, sums["power_w_sum"] / sums["power_w_n"], np.nan)
    floor_w = _LIMITS.out_below * (lamp.watt or 0.0)
    lit = np.where(np.isnan(on), np.where(np.isnan(power_w), np.nan, 1.0), on)
    # Half of the level is the deepest usual dimming of a whole night.
    found: Floats = np.where(power_w < floor_w * 0.5, 0.0, lit)
    return np.clip(found, 0.0, 1.0)


def rates_of(context: ApiContext, directory: Directory, survey: Survey, accounts: Accounts) -> Rates:
    """The period's factor, as the mean of the known hours of its nights, and price, as the mean of its days."""
    missing = []
    zone = survey.zone
    source = Source(context.store, directory, context.clock(), zone)
    first = from_us(survey.start_us).astimezone(zone).date()
    last = from_us(survey.end_us - 1).astimezone(zone).date()
    prices, per_m3 = price_days(source, "electricity", Days(zone, first, last))
    price = None if per_m3 or np.isnan(prices).any() else float(prices.mean())
    if price is None:
        missing.append("price")
    target = target_of(source, "")
    kg, name = None, None
    if target is not None:
        kg, name = _factor(directory, survey, accounts, Wish("location", target.gas, target.method))
    if kg is None:
        missing.append("factor")
    return Rates(kg, price, name, tuple(missing))


def _factor(directory: Directory, survey: Survey, accounts: Accounts, wish: Wish) -> tuple[float | None, str | None]:
    placed = next((one for one in directory.lamps.values() if one.lat is not None and one.lon is not None), None)
    values, name = [], None
    first = from_us(survey.start_us).astimezone(survey.zone).date()
    last = from_us(survey.end_us - 1).astimezone(survey.zone).date()
    for year in range(first.year, last.year + 1):
        frame = frame_of(year, survey.zone)
        found = accounts.factors(directory).find(wish, "electricity", "kWh", frame)
        if not isinstance(found, FactorUse):
            return None, None
        name = f"{found.factor_set} {found.versions[-1]}, {found.gas}, {found.method}"
        inside = (frame.t_us >= survey.start_us) & (frame.t_us < survey.end_us)
        if found.constant is None and placed is not None and placed.lat is not None and placed.lon is not None:
            dark = nights(
                round(placed.lat, 1), round(placed.lon, 1), first - timedelta(days=1), last + timedelta(days=1)
            )
            edges = np.array([at for span in dark for at in span], dtype=np.int64)
            inside &= np.searchsorted(edges, frame.t_us, "right") % 2 == 1
        values.append(found.kg_per_unit[inside])
    every = np.concatenate(values)
    known = every[~np.isnan(every)]
    return (float(known.mean()) if known.size else None), name


def figures(used: Used, rates: Rates) -> dict[str, Any]:
    """What a lamp, street or cabinet used, for machines."""
    kwh = None if used.wh is None else used.wh / 1000.0
    known_h = used.should_h - used.unknown_h
    return {
        "kwh": kwh,
        "gap_kwh": None if used.gap_wh is None else used.gap_wh / 1000.0,
        "coverage": min(1.0, used.covered_s / used.asked_s) if used.asked_s > 0.0 else None,
        "kg_co2": None if kwh is None or rates.kg_per_kwh is None else kwh * rates.kg_per_kwh,
        "dkk": None if kwh is None or rates.dkk_per_kwh is None else kwh * rates.dkk_per_kwh,
        "burning_h": None if used.burnt_s is None else used.burnt_s / 3600.0,
        "night_h": used.should_h,
        "lit_share": used.lit_h / known_h if known_h > 0.0 else None,
        "unknown_h": used.unknown_h,
    }


def _known(value: float) -> float | None:
    return None if np.isnan(value) else float(value)
