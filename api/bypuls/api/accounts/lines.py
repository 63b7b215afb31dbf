"""The lines of an account: a meter's year and an imported amount, each × the factors of its time, or why not."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from itertools import pairwise
from zoneinfo import ZoneInfo

import numpy as np

from bypuls.api.accounts.factors import FactorBook, FactorUse, Reason, Wish
from bypuls.api.accounts.frame import MONTHS, Floats, Frame
from bypuls.api.accounts.meter_years import EmissionYear, EnergyYear
from bypuls.api.accounts.meters import Part, Source
from bypuls.api.accounts.model import Line
from bypuls.store.registry import Activity, CalorificValue, Sensor
from bypuls.wire import to_us

_WHOLE = 1.0 - 1e-6


@dataclass(frozen=True, slots=True)
class Choice:
    """A carrier's factors, and how gas becomes kWh on their heating value. volume : (12,) [kWh/m³] to use in place of
    the meter's own energy; None = the energy."""

    use: FactorUse | None
    reason: Reason | None
    volume: Floats | None = None

    @classmethod
    def of(
        cls, book: FactorBook, wish: Wish, carrier: str, frame: Frame, calorific: Sequence[CalorificValue]
    ) -> Choice:
        found = book.find(wish, carrier, "kWh", frame)
        if isinstance(found, Reason):
            return cls(None, found)
        if carrier != "gas" or found.basis is None:
            return cls(found, None)
        bases = {one.basis for one in calorific if _us(one.valid_from, frame.zone) < frame.end_us}
        if not bases:
            told = f"no calorific value in the registry says on which heating value gas is counted in {frame.year}"
            return cls(None, Reason("basis", told, f"one on the {found.basis} heating value"))
        if bases == {found.basis}:
            return cls(found, None)
        if found.basis not in bases:
            told = f"gas on the {bases.pop()} heating value, the factor of {found.factor_set} on the {found.basis}"
            return cls(None, Reason("basis", told, "the same heating value for both"))
        if found.constant is None:
            return cls(None, Reason("basis", "both heating values and a factor that changes", "one heating value"))
        # Both are known: the energy's basis isn't, but a volume has none.
        kwh = [_calorific(calorific, found.basis, int(start), frame.zone) for start in frame.edges_us[:-1]]
        return cls(found, None, np.array(kwh))


def asked_by_month(sensor: Sensor, frame: Frame) -> Floats:
    """(12,) how long the meter was there [s]: one that was swapped is two sensors, each for its time."""
    first = to_us(sensor.valid_from) if sensor.valid_from is not None else frame.start_us
    last = to_us(sensor.valid_to) if sensor.valid_to is not None else frame.end_us
    length_us = np.minimum(frame.edges_us[1:], last) - np.maximum(frame.edges_us[:-1], first)
    found: Floats = np.maximum(length_us, 0) / 1e6
    return found


def meter_line(
    source: Source, asked: Floats, choice: Choice, energy: EnergyYear, emission: EmissionYear | None, frame: Frame
) -> Line:
    use, sign = choice.use, source.sign
    asked_s = float(asked.sum())
    if choice.volume is not None:
        kwh, covered, gap = energy.m3 * choice.volume, energy.m3_covered_s, energy.gap_m3 * choice.volume
    else:
        kwh, covered, gap = energy.wh / 1000.0, energy.covered_s, energy.gap_wh / 1000.0
    covered_s = float(covered.sum())
    measured = covered_s > 0.0
    reasons = [choice.reason] if choice.reason is not None else []
    year = frame.year
    if not measured:
        reasons.append(Reason("no reading", f"nothing measured in {year}", "readings of the meter's register"))
    elif covered_s < asked_s * _WHOLE:
        known = f"{min(covered_s / asked_s, 1.0):.1%} of the meter's time in {year}"
        reasons.append(Reason("gaps", known, "the whole year"))
    months, with_factor_s, emitted, avoided = np.zeros(MONTHS), 0.0, None, None
    exported = float(energy.export_wh.sum()) / 1000.0
    if use is not None and use.constant is not None:
        months, with_factor_s = kwh * use.constant, covered_s
        avoided = exported * use.constant if exported else None
    elif use is not None and emission is not None:
        months, with_factor_s = emission.kg, float(emission.covered_s.sum())
        avoided = float(emission.avoided_kg.sum()) if exported else None
        if use.known_share < _WHOLE:
            hours = round((1.0 - use.known_share) * len(use.kg_per_unit) * frame.step_s / 3600)
            told = f"{hours} of {round(len(use.kg_per_unit) * frame.step_s / 3600)} hours of {use.factor_set} in {year}"
            reasons.append(Reason("factor hours", f"no factor for {told}", "one for every hour"))
    if use is not None and measured and with_factor_s > 0.0:
        emitted = float(months.sum()) * sign
    gap_amount = float(gap.sum()) * sign
    return Line(
        kind="meter" if source.moved_from is None else "moved",
        id=source.sensor.id,
        name=source.sensor.name,
        domain=source.domain,
        moved_from=source.moved_from,
        place=source.place,
        carrier=source.carrier,
        sign=sign,
        amount=float(kwh.sum()) * sign if measured else None,
        unit="kWh",
        asked_s=asked_s,
        covered_s=min(covered_s, asked_s),
        with_factor_s=min(with_factor_s, asked_s),
        factor=use,
        months=months * sign,
        emitted_kg=emitted,
        gap_amount=gap_amount,
        gap_kg=gap_amount * use.mean if use is not None and use.mean is not None and gap_amount else None,
        export_kwh=exported,
        avoided_kg=avoided,
        reasons=tuple(reasons),
    )


def activity_line(
    activity: Activity,
    days: Floats,
    book: FactorBook,
    wish: Wish,
    frame: Frame,
    measured: set[tuple[tuple[str, str] | None, str]],
) -> Line:
    """An imported amount, spread evenly over its days. days : (12,) of it in each month, as shares of its period."""
    reasons: list[Reason] = []
    use: FactorUse | None = None
    place = ("building", activity.building) if activity.building else ("site", activity.site) if activity.site else None
    amount = activity.amount * float(days.sum())
    months, emitted = np.zeros(MONTHS), None
    if (place, activity.carrier) in measured:
        told = f"{activity.carrier} of {place[1] if place else ''} is measured in {frame.year}"
        reasons.append(Reason("also measured", told, "each amount once: this one isn't counted"))
        amount, emitted = 0.0, 0.0
    elif activity.unit == "t":
        if activity.gas != wish.gas:
            reasons.append(Reason("unit", f"tonnes of {activity.gas}", f"tonnes of {wish.gas}"))
        else:
            months = activity.amount * 1000.0 * days
            emitted = float(months.sum())
    else:
        found = book.find(wish, activity.carrier, activity.unit, frame)
        if isinstance(found, Reason):
            reasons.append(found)
        elif found.basis is not None and activity.unit == "kWh" and activity.basis != found.basis:
            on = "an unknown" if activity.basis is None else f"the {activity.basis}"
            told = f"kWh on {on} heating value, the factor of {found.factor_set} on the {found.basis}"
            reasons.append(Reason("basis", told, "the same heating value for both"))
        else:
            use = found
            known = ~np.isnan(found.kg_per_unit)
            count = np.bincount(frame.month[known], minlength=MONTHS)
            sums = np.bincount(frame.month[known], weights=found.kg_per_unit[known], minlength=MONTHS)
            months = activity.amount * days * np.where(count > 0, sums / np.maximum(count, 1), 0.0)
            without = (count == 0) & (days > 0.0)
            if without.any():
                told = f"no factor for {int(without.sum())} months of {found.factor_set} in {frame.year}"
                reasons.append(Reason("factor hours", told, "one for every month of the amount"))
            emitted = float(months.sum()) if (days[~without] > 0.0).any() else None
    return Line(
        kind="activity", id=activity.id, name=activity.name, domain=activity.domain, moved_from=None, place=place,
        carrier=activity.carrier, sign=1, amount=amount, unit=activity.unit, asked_s=0.0, covered_s=0.0,
        with_factor_s=0.0, factor=use, months=months, emitted_kg=emitted, gap_amount=0.0, gap_kg=None, export_kwh=0.0,
        avoided_kg=None, reasons=tuple(reasons), source=activity.source,
    )  # fmt: skip


def of_domain(lines: Iterable[Line], domain: str) -> list[Line]:
    """The lines of one domain; what is moved into it counts, what is moved out is taken off."""
    found = []
    for line in lines:
        if line.kind != "moved":
            if line.domain == domain:
                found.append(line)
        elif line.domain == domain:
            found.append(_as(line, 1))
        elif line.moved_from == domain:
            found.append(_as(line, -1))
    return found


def _as(line: Line, sign: int) -> Line:
    """A move as a counted line of one side."""
    values = {name: getattr(line, name) for name in Line.__dataclass_fields__}
    values |= {
        "kind": "meter",
        "moved_from": None,
        "sign": sign,
        "amount": None if line.amount is None else line.amount * sign,
        "months": line.months * sign,
        "emitted_kg": None if line.emitted_kg is None else line.emitted_kg * sign,
        "gap_amount": line.gap_amount * sign,
        "gap_kg": None if line.gap_kg is None else line.gap_kg * sign,
    }
    return Line(**values)


def belongs(activity: Activity, part: Part) -> bool:
    if part.kind == "building":
        return activity.building == part.id
    return part.kind == "all" or activity.domain == part.id


def days_within(activity: Activity, frame: Frame) -> Floats:
    """(12,) the share of the activity's days that lies in each month of the year."""
    months = [date(frame.year, month + 1, 1) for month in range(MONTHS)] + [date(frame.year + 1, 1, 1)]
    whole = (activity.valid_to - activity.valid_from).days
    inside = [
        max((min(activity.valid_to, end) - max(activity.valid_from, start)).days, 0) for start, end in pairwise(months)
    ]
    return np.array(inside, dtype=np.float64) / whole


def _calorific(rows: Sequence[CalorificValue], basis: str, start_us: int, zone: ZoneInfo) -> float:
    """The value in force [kWh/m³]; before the first one, the first one."""
    mine = sorted((one for one in rows if one.basis == basis), key=lambda one: one.valid_from)
    in_force = [one for one in mine if _us(one.valid_from, zone) <= start_us]
    return (in_force[-1] if in_force else mine[0]).kwh_per_m3


def _us(day: date, zone: ZoneInfo) -> int:
    return to_us(datetime(day.year, day.month, day.day, tzinfo=zone))
