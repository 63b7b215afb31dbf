"""Everything that is told of a building over a period: what its page, its monthly report and the API show."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta

from bypuls.api.accounts.factors import FactorBook
from bypuls.api.buildings.balance import Balance, balance_of, uses
from bypuls.api.buildings.cooling import REQUIRED_K, SHARE_PER_K, Cooling, cooling_of
from bypuls.api.buildings.eui import Eui, eui_of, is_whole_year
from bypuls.api.buildings.figures import MediumFigures, medium_figures
from bypuls.api.buildings.hours import hours_of
from bypuls.api.buildings.meters import (
    MediumDays,
    MeterDays,
    behind,
    counted_of,
    jump_in,
    media_of,
    meter_days,
)
from bypuls.api.buildings.model_days import ModelDays, model_days
from bypuls.api.buildings.reasons import Reason
from bypuls.api.buildings.savings import SavingFigures, interventions_of, savings_of
from bypuls.api.buildings.signatures import (
    BASELINE,
    Deviation,
    SignatureFigures,
    deviation_of,
    signature_of,
)
from bypuls.api.buildings.solar import Solar, SolarAmounts, solar_amounts, solar_of
from bypuls.api.buildings.source import DAY, Days, Source
from bypuls.api.buildings.weather import Weather, weather_days
from bypuls.api.energy import ENERGY_MEDIA
from bypuls.api.latest import latest_of
from bypuls.store.registry import Building

_YEAR = timedelta(days=365)


@dataclass(frozen=True, slots=True)
class CoolingTariff:
    """What the utility asks for. required_k : cooling [K].  share_per_k : added to the price per kelvin less."""

    required_k: float = REQUIRED_K
    share_per_k: float = SHARE_PER_K


@dataclass(frozen=True)
class Measured:
    """A building's days, read once: what every figure is made from."""

    source: Source
    building: str
    days: Days
    media: dict[str, MediumDays]
    children: dict[str, list[MeterDays]]
    weather: Weather
    solar: Solar | None
    models: dict[str, ModelDays]


@dataclass(frozen=True, slots=True)
class BuildingReport:
    """A building over first … last. year_eui : of the twelve whole months up to the last one that is over by then.
    silent : meters that say nothing now."""

    building: Building
    first: date
    last: date
    zone: str
    made_at: datetime
    media: tuple[MediumFigures, ...]
    eui: Eui
    year: tuple[date, date]
    year_eui: Eui
    solar: SolarAmounts | None
    cooling: Cooling | None
    signatures: tuple[SignatureFigures, ...]
    savings: tuple[SavingFigures, ...]
    balances: tuple[Balance, ...]
    silent: tuple[Reason, ...]

    @property
    def cost_dkk(self) -> float | None:
        """Of all media; None where one of them is unknown."""
        costs = [one.cost.value for one in self.media]
        return None if not costs or None in costs else sum(cost or 0.0 for cost in costs)

    @property
    def co2_kg(self) -> float | None:
        """Of all energy; None where one medium's is unknown."""
        found = [one.co2.value for one in self.media if one.medium != "water"]
        return None if not found or None in found else sum(kg or 0.0 for kg in found)


def measured(source: Source, building: str, first: date, last: date) -> Measured:
    """The building's days from two years before first, or the year before its first intervention."""
    begin = first - 2 * _YEAR - DAY
    for one in interventions_of(source, building):
        begin = min(begin, one.date - BASELINE)
    days = Days(source.zone, begin, last)
    counted = counted_of(source, building)
    sub = behind(source, building, [meter for meter, _ in counted])
    every = [*counted, *((child, child.sign) for mine in sub.values() for child in mine)]
    by_id = meter_days(source, list({meter.id: (meter, sign) for meter, sign in every}.values()), days)
    media = media_of(counted, by_id, days)
    children = {parent: [by_id[child.id] for child in mine] for parent, mine in sub.items()}
    weather = weather_days(source, days)
    solar = None
    if "electricity" in media:
        mine = [one for meter in media["electricity"].meters for one in children.get(meter.sensor.id, [])]
        solar = solar_of(media["electricity"], mine)
    models = {
        name: model_days(media[name], weather, solar, hours_of(source, media[name].meters, days))
        for name in media
        if name in ENERGY_MEDIA
    }
    return Measured(source, building, days, media, children, weather, solar, models)


def whole_year_before(last: date) -> tuple[date, date]:
    """The twelve calendar months that ended with `last`'s month, or with the one before where that isn't over."""
    month_end = (last.replace(day=1) + timedelta(days=32)).replace(day=1) - DAY
    end = last if last == month_end else last.replace(day=1) - DAY
    first = end + DAY
    return first.replace(year=first.year - 1), end


def building_report(
    source: Source, building: str, first: date, last: date, *, tariff: CoolingTariff | None = None
) -> BuildingReport:
    """The report of the whole local days first … last, all of them over."""
    tariff = tariff or CoolingTariff()
    found = measured(source, building, first, last)
    book = FactorBook(source.directory.registry)
    figures = tuple(_medium(found, name, first, last, book) for name in found.media)
    year = (first, last) if is_whole_year(first, last) else whole_year_before(last)
    heat = found.media.get("heat")
    electricity = found.media.get("electricity")
    solar = None
    if found.solar is not None and electricity is not None:
        solar = solar_amounts(found.solar, electricity, found.days.within(first, last))
    return BuildingReport(
        building=source.directory.buildings[building],
        first=first,
        last=last,
        zone=source.zone.key,
        made_at=source.now,
        media=figures,
        eui=eui_of(source, building, found.media, found.weather, first, last),
        year=year,
        year_eui=eui_of(source, building, found.media, found.weather, *year),
        solar=solar,
        cooling=None
        if heat is None
        else cooling_of(source, heat, first, last, required_k=tariff.required_k, share_per_k=tariff.share_per_k),
        signatures=tuple(signature_figures(found, name, last) for name in found.models),
        savings=savings_of(source, building, found.media, found.models, last),
        balances=balances(found, first, last),
        silent=silent_meters(source, found),
    )


def _medium(found: Measured, name: str, first: date, last: date, book: FactorBook) -> MediumFigures:
    model = found.models.get(name)
    apart = None if model is None else deviation(found, name, first, last)
    return medium_figures(found.source, found.building, found.media[name], model, apart, first, last, book)


def deviation(found: Measured, medium: str, first: date, last: date) -> Deviation:
    """How the period differs from what the year before would have used in its weather."""
    rows = found.days.within(first - BASELINE, last)
    jump = jump_in(found.media[medium], rows)
    return deviation_of(found.source, found.building, found.models[medium], first, last, jump)


def signature_figures(found: Measured, medium: str, last: date) -> SignatureFigures:
    """The signature of the 365 days up to `last`."""
    first = last - BASELINE + DAY
    jump = jump_in(found.media[medium], found.days.within(first, last))
    return signature_of(found.models[medium], found.weather.station, first, last, jump)


def balances(found: Measured, first: date, last: date) -> tuple[Balance, ...]:
    """The balance of every counted meter that has others behind it."""
    return tuple(
        balance_of(meter, found.children[meter.sensor.id], first, last)
        for medium in found.media.values()
        for meter in medium.meters
        if uses(found.children.get(meter.sensor.id, []))
    )


def silent_meters(source: Source, found: Measured) -> tuple[Reason, ...]:
    """The building's meters that are there and say nothing now."""
    listed = [meter.sensor for medium in found.media.values() for meter in medium.meters]
    listed += [child.sensor for mine in found.children.values() for child in mine]
    there = [sensor for sensor in listed if sensor.valid_to is None or sensor.valid_to > source.now]
    reasons = []
    for one in latest_of(source.store, there, source.now):
        if one.state == "silent" and one.reading is not None and one.reading.t is not None:
            since = one.reading.t.astimezone(source.zone).date()
            reasons.append(Reason("silent", {"meter": one.sensor.id, "day": since}))
        elif one.state == "never" and not _ever(found, one.sensor.id):
            reasons.append(Reason("never-heard", {"meter": one.sensor.id}))
    return tuple(reasons)


def _ever(found: Measured, sensor: str) -> bool:
    """Whether the days hold anything of a meter: raw readings may be gone, or never have been (imports)."""
    meters = [meter for medium in found.media.values() for meter in medium.meters]
    meters += [child for mine in found.children.values() for child in mine]
    return any(meter.sensor.id == sensor and (meter.covered_s > 0.0).any() for meter in meters)
