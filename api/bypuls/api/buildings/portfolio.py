"""The buildings side by side: which of them to look at first, and why."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from typing import Literal, get_args

import numpy as np

from bypuls.analysis.energy.building import night_base_load
from bypuls.analysis.energy.change_point import Kind
from bypuls.analysis.energy.savings import LEAST_REPORTING_DAYS
from bypuls.api.buildings.eui import HEATING, Eui, eui_of, is_whole_year, known_amount
from bypuls.api.buildings.hours import night_edges
from bypuls.api.buildings.meters import LEAST_NAMES, MediumDays, jump_in, media_of, meter_days
from bypuls.api.buildings.model_days import model_days
from bypuls.api.buildings.money import cost_of, price_on
from bypuls.api.buildings.reasons import Reason
from bypuls.api.buildings.report import whole_year_before
from bypuls.api.buildings.signatures import BASELINE, Deviation, deviation_of
from bypuls.api.buildings.source import DAY, Days, Floats, Source
from bypuls.api.buildings.weather import Weather, weather_days
from bypuls.api.energy import ENERGY_MEDIA, counted_meters
from bypuls.store.registry import Sensor

Order = Literal["eui", "excess_cost", "night_load", "deviation"]
ORDERS: tuple[Order, ...] = get_args(Order)
KINDS: tuple[Kind, ...] = ("1P", "2P", "3PH")
"""Models of heat, for all days alike: the others cost ten times as much, and nobody cools with district heat. A
building's own page chooses from all."""


@dataclass(frozen=True, slots=True)
class PortfolioRow:
    """One building. eui : of `year`.  typical : median of the corrected EUI of its use [kWh/m²], itself included; None
    where it is alone.  ratio : its own over it.  excess_kwh, excess_dkk : a year's heat and power above the
    median, by area, at today's prices; below 0 = less.  night_w_m2 : base load of the last 14 nights [W/m²].
    deviation : of the heat of `recent`.  used_kwh, used_coverage : all energy of `days`, and how much of them was
    measured of the least covered medium.  reasons : by figure, why it is unknown."""

    building: str
    name: str
    use: str
    area_m2: float | None
    eui: Eui
    kwh: Mapping[str, float | None]
    coverage: float | None
    cost_dkk: float | None
    typical: float | None
    ratio: float | None
    excess_kwh: float | None
    excess_dkk: float | None
    night_w_m2: float | None
    deviation: Deviation | None
    used_kwh: float | None
    used_coverage: float | None
    reasons: Mapping[str, Reason]
    rank: int = 0


@dataclass(frozen=True, slots=True)
class Portfolio:
    """All buildings, ranked by `order`; those whose figure is unknown come last, by name. days, year, recent : first
    and last day of what was asked for, of the twelve whole months, and of the deviation."""

    days: tuple[date, date]
    year: tuple[date, date]
    recent: tuple[date, date]
    order: Order
    rows: tuple[PortfolioRow, ...]


def portfolio(
    source: Source,
    *,
    order: Order = "eui",
    year: tuple[date, date] | None = None,
    days: tuple[date, date] | None = None,
) -> Portfolio:
    """All buildings over twelve whole months, the last that are over where none are named.

    days : any days that are over instead. What only a year can tell is of the twelve whole months that were over by
    their end; the deviation is of them where they are less than a year, else of their last 30, and like the nights up
    to yesterday where they are the last twelve whole months.
    """
    yesterday = source.today - DAY
    asked = days or year or whole_year_before(yesterday)
    first_day, last_day = year or (asked if is_whole_year(*asked) else whole_year_before(asked[1]))
    last = yesterday if days is None or asked == whole_year_before(yesterday) else asked[1]
    short = days is not None and asked[0] > asked[1] - BASELINE + DAY
    recent = (min(asked[0], _thirty(last)), last) if short else (_thirty(last), last)
    read = Days(source.zone, min(first_day, asked[0], recent[0] - BASELINE), max(last, last_day))
    counted = _counted(source)
    every = [pair for mine in counted.values() for pair in mine]
    by_id = meter_days(source, every, read, LEAST_NAMES)
    weather = weather_days(source, read)
    nights = _nights(source, [meter for meter, _ in every if meter.medium == "electricity"], read)
    rows = [
        _row(source, one, media_of(counted[one], by_id, read), weather, asked, (first_day, last_day), recent, nights)
        for one in source.directory.buildings
    ]
    return Portfolio(asked, (first_day, last_day), recent, order, ranked(_compared(source, rows), order))


def _thirty(last: date) -> date:
    """Where the shortest days begin that say something of a deviation."""
    return last - timedelta(days=LEAST_REPORTING_DAYS - 1)


def ranked(rows: Sequence[PortfolioRow], order: Order) -> tuple[PortfolioRow, ...]:
    """The rows by `order`, numbered."""
    found = sorted(rows, key=lambda row: (_figure(row, order) is None, -(_figure(row, order) or 0.0), row.name))
    return tuple(replace(row, rank=number) for number, row in enumerate(found, 1))


def _figure(row: PortfolioRow, order: Order) -> float | None:
    match order:
        case "eui":
            return row.ratio if row.ratio is not None else None
        case "excess_cost":
            return row.excess_dkk
        case "night_load":
            return row.night_w_m2
        case "deviation":
            return row.deviation.share if row.deviation is not None else None


def _counted(source: Source) -> dict[str, list[tuple[Sensor, int]]]:
    """Each building's meters of energy that add up to the whole, with their signs."""
    mine: dict[str, list[Sensor]] = {one: [] for one in source.directory.buildings}
    for sensor in source.directory.sensors_of(kinds=("meter",)):
        if sensor.building in mine:
            mine[sensor.building].append(sensor)
    return {
        one: [(meter, sign) for meter, sign in counted_meters(source.directory, meters) if meter.medium in ENERGY_MEDIA]
        for one, meters in mine.items()
    }


def _nights(source: Source, meters: Sequence[Sensor], days: Days) -> dict[str, tuple[Floats, Floats, Floats]]:
    """Each meter's last 14 nights by the hour: day, hour, mean power [kW], NaN = not measured whole."""
    if not meters:
        return {}
    edges, rows = night_edges(days)
    names = ("import_wh_delta", "import_wh_covered_s")
    sums = source.store.sums("meter", [meter.id for meter in meters], edges, names, keep_before_us=source.settled_us)
    night, hour = np.divmod(np.arange(rows.size), 4)
    found = {}
    for at, meter in enumerate(meters):
        wh, covered = sums[names[0]][at][rows], np.nan_to_num(sums[names[1]][at][rows])
        power = np.where(covered >= 0.99 * 3600.0, wh / 1000.0, np.nan)
        found[meter.id] = night, hour, power
    return found


def _row(
    source: Source,
    building: str,
    media: dict[str, MediumDays],
    weather: Weather,
    days: tuple[date, date],
    year: tuple[date, date],
    recent: tuple[date, date],
    nights: Mapping[str, tuple[Floats, Floats, Floats]],
) -> PortfolioRow:
    row = source.directory.buildings[building]
    eui = eui_of(source, building, media, weather, *year)
    kwh: dict[str, float | None] = {}
    costs: list[float | None] = []
    coverage: list[float] = []
    reasons: dict[str, Reason] = {}
    used, used_coverage = _used(media, days, reasons)
    for name, found in media.items():
        rows = found.days.within(*year)
        total, why = known_amount(found, rows)
        kwh[name] = total.total
        coverage.append(total.coverage)
        cost = cost_of(source, found, rows)
        costs.append(cost.value if why is None else None)
        if why is not None or cost.reason is not None:
            reasons.setdefault("cost", why or cost.reason or Reason("nothing-measured", {"medium": name}))
    if eui.corrected is None and (why_not := eui.corrected_reason or eui.reason) is not None:
        reasons["eui"] = why_not
    night = _night_w_m2(media.get("electricity"), nights, eui.area_m2, reasons)
    deviation = _deviation(source, building, media, weather, recent, reasons)
    known = [cost for cost in costs if cost is not None]
    return PortfolioRow(
        building, row.name, row.use, eui.area_m2, eui, kwh, min(coverage) if coverage else None,
        sum(known) if known and len(known) == len(costs) else None, None, None, None, None, night, deviation,
        used, used_coverage, reasons,
    )  # fmt: skip


def _used(
    media: Mapping[str, MediumDays], days: tuple[date, date], reasons: dict[str, Reason]
) -> tuple[float | None, float | None]:
    """All energy of `days` [kWh], and the share that was measured of the least covered medium."""
    if not media:
        reasons["used"] = Reason("no-energy-meter")
        return None, None
    found = [known_amount(one, one.days.within(*days)) for one in media.values()]
    why = next((reason for _, reason in found if reason is not None), None)
    if why is not None:
        reasons["used"] = why
    amounts = [amount.total or 0.0 for amount, _ in found]
    return None if why is not None else sum(amounts), min(amount.coverage for amount, _ in found)


def _night_w_m2(
    electricity: MediumDays | None,
    nights: Mapping[str, tuple[Floats, Floats, Floats]],
    area_m2: float | None,
    reasons: dict[str, Reason],
) -> float | None:
    if electricity is None:
        reasons["night_load"] = Reason("no-meter", {"medium": "electricity"})
        return None
    if area_m2 is None:
        reasons["night_load"] = Reason("no-area")
        return None
    there = [meter for meter in electricity.meters if meter.asked_s[-1] > 0.0] or list(electricity.meters)
    power = sum((meter.sign * nights[meter.sensor.id][2] for meter in there), start=np.zeros(1))
    night, hour, _ = nights[there[0].sensor.id]
    base = night_base_load(night, hour, power)
    if base is None:
        reasons["night_load"] = Reason("no-nights")
        return None
    return base * 1000.0 / area_m2


def _deviation(
    source: Source,
    building: str,
    media: dict[str, MediumDays],
    weather: Weather,
    recent: tuple[date, date],
    reasons: dict[str, Reason],
) -> Deviation | None:
    name = next((one for one in HEATING if one in media), None)
    if name is None:
        reasons["deviation"] = Reason("no-heating")
        return None
    found = media[name]
    jump = jump_in(found, found.days.within(recent[0] - BASELINE, recent[1]))
    model = model_days(found, weather, None)
    deviation = deviation_of(source, building, model, *recent, jump, kinds=KINDS, by_day_type=False)
    if deviation.reasons:
        reasons["deviation"] = deviation.reasons[0]
    return deviation


def _compared(source: Source, rows: Sequence[PortfolioRow]) -> list[PortfolioRow]:
    """Against the median of the same use, and what the difference costs a year."""
    by_use: dict[str, list[float]] = {}
    for row in rows:
        if row.eui.corrected is not None:
            by_use.setdefault(row.use, []).append(row.eui.corrected)
    made = []
    for row in rows:
        mine, same = row.eui.corrected, by_use.get(row.use, [])
        reasons = dict(row.reasons)
        if mine is None or row.area_m2 is None:
            reasons.setdefault("excess_cost", reasons.get("eui", Reason("no-energy-meter")))
            made.append(replace(row, reasons=reasons))
            continue
        if len(same) < 2:
            reasons |= {"eui": Reason("alone"), "excess_cost": Reason("alone")}
            made.append(replace(row, reasons=reasons))
            continue
        typical = float(np.median(same))
        excess = (mine - typical) * row.area_m2
        price, why = _mean_price(source, row)
        if why is not None:
            reasons["excess_cost"] = why
        made.append(
            replace(
                row, typical=typical, ratio=mine / typical, excess_kwh=excess,
                excess_dkk=None if price is None else excess * price, reasons=reasons,
            )
        )  # fmt: skip
    return made


def _mean_price(source: Source, row: PortfolioRow) -> tuple[float | None, Reason | None]:
    """Today's price of the building's own mix of media [DKK/kWh]."""
    total, spent = 0.0, 0.0
    for medium, kwh in row.kwh.items():
        price = price_on(source, medium, source.today)
        if price is None:
            return None, Reason("no-price", {"medium": medium, "day": source.today})
        total += kwh or 0.0
        spent += (kwh or 0.0) * price
    return (spent / total, None) if total > 0.0 else (None, Reason("no-energy-meter"))
