"""Days of meters, and of a building's medium: what was measured, what is known over gaps in total only, how much of
each day is known. Two meters of which one was swapped for the other are two sensors, each for its time."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from bypuls.analysis.energy.jumps import UnitJump, implausible_days
from bypuls.api.buildings.reasons import Reason
from bypuls.api.buildings.source import Bools, Days, Floats, Source
from bypuls.api.energy import ENERGY_MEDIA, counted_meters
from bypuls.store.registry import Sensor
from bypuls.wire import to_us

MEDIA = (*ENERGY_MEDIA, "water")
_NAMES = (
    "import_wh_delta", "import_wh_covered_s", "import_wh_gap", "import_wh_gap_s", "import_wh_resets",
    "export_wh_delta", "export_wh_gap", "volume_m3_delta", "volume_m3_covered_s", "volume_m3_gap", "volume_m3_gap_s",
    "volume_m3_resets", "flow_m3c_delta", "flow_m3c_covered_s", "return_m3c_delta", "return_m3c_covered_s",
)  # fmt: skip
LEAST_NAMES = (
    "import_wh_delta", "import_wh_covered_s", "import_wh_gap", "import_wh_gap_s", "volume_m3_delta",
    "volume_m3_covered_s",
)  # fmt: skip
_WHOLE = 0.999


@dataclass(frozen=True, slots=True)
class MeterDays:
    """One meter's days. use : [kWh], of water [m³]; NaN = unknown, as in all columns.  gap : known in total, over
    gap_s [s], in gaps that end in the day.  asked_s : how long the meter was there.  e8, e9 [m³·°C].  jumps :
    changes of unit.  spikes : (days,) that can't be use; they count as unknown."""

    sensor: Sensor
    sign: int
    days: Days
    use: Floats
    covered_s: Floats
    gap: Floats
    gap_s: Floats
    export_kwh: Floats
    volume_m3: Floats
    volume_covered_s: Floats
    e8: Floats
    e9: Floats
    registers_covered_s: Floats
    resets: Floats
    asked_s: Floats
    by_volume: bool
    jumps: tuple[UnitJump, ...]
    spikes: Bools

    @property
    def coverage(self) -> Floats:
        """(days,) measured share 0 … 1 of the time in which the meter was there; 1 where it wasn't."""
        with np.errstate(divide="ignore", invalid="ignore"):
            return np.where(self.asked_s > 0.0, np.minimum(self.covered_s / self.asked_s, 1.0), 1.0)


@dataclass(frozen=True, slots=True)
class MediumDays:
    """A building's days of one medium: the sum of its counted meters with their signs. Units as in MeterDays.

    coverage : (days,) measured share of all meters' time.  least_coverage : that of the meter that is known least."""

    medium: str
    meters: tuple[MeterDays, ...]
    days: Days
    use: Floats
    gap: Floats
    gap_s: Floats
    export_kwh: Floats
    volume_m3: Floats
    covered_s: Floats
    asked_s: Floats
    least_coverage: Floats

    @property
    def unit(self) -> str:
        """Of `use`."""
        return "m3" if self.medium == "water" else "kWh"

    @property
    def coverage(self) -> Floats:
        """(days,) measured share 0 … 1."""
        with np.errstate(divide="ignore", invalid="ignore"):
            return np.where(self.asked_s > 0.0, np.minimum(self.covered_s / self.asked_s, 1.0), 0.0)


@dataclass(frozen=True, slots=True)
class Amount:
    """What a period comes to. total : measured, and over gaps that lie in it whole; None where nothing is known.
    coverage : share of the time that the total rests on, gaps of known total included.  measured : without gaps, with
    measured_coverage."""

    total: float | None
    measured: float | None
    gaps: float
    coverage: float
    measured_coverage: float


def behind(source: Source, building: str, counted: Sequence[Sensor]) -> dict[str, list[Sensor]]:
    """The meters directly behind each counted one of its medium, by its id."""
    ids = {meter.id: meter for meter in counted}
    found: dict[str, list[Sensor]] = {}
    for meter in source.directory.sensors_of(kinds=("meter",), building=building):
        if meter.parent in ids and ids[meter.parent].medium == meter.medium:
            found.setdefault(meter.parent, []).append(meter)
    return found


def counted_of(source: Source, building: str) -> list[tuple[Sensor, int]]:
    """The building's meters that add up to the whole, with their signs."""
    return counted_meters(source.directory, source.directory.sensors_of(kinds=("meter",), building=building))


def meter_days(
    source: Source, meters: Sequence[tuple[Sensor, int]], days: Days, names: Sequence[str] = _NAMES
) -> dict[str, MeterDays]:
    """Each meter's days, by its id: read at once. names : `LEAST_NAMES` where use alone is wanted."""
    ids = [meter.id for meter, _ in meters]
    if not ids:
        return {}
    sums = source.store.sums("meter", ids, days.edges_us, names, keep_before_us=source.settled_us)
    sums |= {name: np.full((len(ids), days.count), np.nan) for name in _NAMES if name not in sums}
    calorific = _calorific(source, days)
    return {
        meter.id: _of(meter, sign, days, {name: sums[name][at] for name in _NAMES}, source, calorific)
        for at, (meter, sign) in enumerate(meters)
    }


def _of(
    meter: Sensor, sign: int, days: Days, sums: Mapping[str, Floats], source: Source, calorific: Floats
) -> MeterDays:
    water = meter.medium == "water"
    use, covered = sums["import_wh_delta"] / 1000.0, np.nan_to_num(sums["import_wh_covered_s"])
    gap, gap_s, resets = sums["import_wh_gap"] / 1000.0, sums["import_wh_gap_s"], sums["import_wh_resets"]
    by_volume = water or (meter.medium == "gas" and not np.isfinite(use).any() and not np.isfinite(gap).any())
    if by_volume:
        per_m3: Floats = np.ones(days.count) if water else calorific
        use, covered = sums["volume_m3_delta"] * per_m3, np.nan_to_num(sums["volume_m3_covered_s"])
        gap, gap_s, resets = sums["volume_m3_gap"] * per_m3, sums["volume_m3_gap_s"], sums["volume_m3_resets"]
        covered = np.where(np.isnan(use), 0.0, covered)
    edges = days.edges_us
    first = to_us(meter.valid_from) if meter.valid_from is not None else int(edges[0])
    last = min(to_us(meter.valid_to) if meter.valid_to is not None else int(edges[-1]), to_us(source.now))
    asked = np.maximum(np.minimum(edges[1:], last) - np.maximum(edges[:-1], first), 0) / 1e6
    use = np.where(covered > 0.0, use, np.nan)
    odd = implausible_days(days.dates, use)
    if odd.spikes.any():
        use, covered = np.where(odd.spikes, np.nan, use), np.where(odd.spikes, 0.0, covered)
    return MeterDays(
        meter, sign, days, use, covered, gap, np.nan_to_num(gap_s),
        sums["export_wh_delta"] / 1000.0, sums["volume_m3_delta"], np.nan_to_num(sums["volume_m3_covered_s"]),
        sums["flow_m3c_delta"], sums["return_m3c_delta"],
        np.minimum(np.nan_to_num(sums["flow_m3c_covered_s"]), np.nan_to_num(sums["return_m3c_covered_s"])),
        np.nan_to_num(resets), asked, by_volume, odd.jumps, odd.spikes,
    )  # fmt: skip


def _calorific(source: Source, days: Days) -> Floats:
    """(days,) kWh per m³ of gas on the lower heating value, on which factors rest; NaN before the first is known."""
    found = np.full(days.count, np.nan)
    for row in source.directory.calorific_values:
        if row.basis == "lower":
            found[days.dates >= np.datetime64(row.valid_from, "D")] = row.kwh_per_m3
    return found


def medium_days(medium: str, meters: Sequence[MeterDays], days: Days) -> MediumDays:
    """The sum of `meters`, which count; at least one."""
    nothing = np.full(days.count, np.nan)
    use, gap, export, volume = nothing, nothing, nothing, nothing
    covered, asked, gap_s = np.zeros(days.count), np.zeros(days.count), np.zeros(days.count)
    least = np.ones(days.count)
    for one in meters:
        use, gap = _plus(use, one.sign * one.use), _plus(gap, one.sign * one.gap)
        export, volume = _plus(export, one.sign * one.export_kwh), _plus(volume, one.sign * one.volume_m3)
        covered, asked, gap_s = covered + one.covered_s, asked + one.asked_s, gap_s + one.gap_s
        least = np.minimum(least, one.coverage)
    return MediumDays(medium, tuple(meters), days, use, gap, gap_s, export, volume, covered, asked, least)


def _plus(total: Floats, more: Floats) -> Floats:
    return np.where(np.isnan(total), more, total + np.nan_to_num(more))


def media_of(
    counted: Sequence[tuple[Sensor, int]], by_id: Mapping[str, MeterDays], days: Days
) -> dict[str, MediumDays]:
    """A building's media, in the usual order."""
    found = {}
    for medium in MEDIA:
        mine = [by_id[meter.id] for meter, _ in counted if meter.medium == medium]
        if mine:
            found[medium] = medium_days(medium, mine, days)
    return found


def amount(found: MediumDays, rows: slice) -> Amount:
    """What the days of `rows` come to. A gap counts where it lies within them whole."""
    asked = float(found.asked_s[rows].sum())
    covered = float(found.covered_s[rows].sum())
    use = found.use[rows]
    known = use[np.isfinite(use)]
    gaps, gap_s = 0.0, 0.0
    for meter in found.meters:
        whole, seconds = gaps_within(meter, rows)
        gaps += meter.sign * whole
        gap_s += seconds
    something = known.size > 0 or gap_s > 0.0
    measured = float(known.sum()) if known.size else None
    share, whole_share = (min(s / asked, 1.0) if asked > 0.0 else 0.0 for s in (covered, covered + gap_s))
    # Sums of seconds: what is known to a thousandth is known.
    whole_share = 1.0 if whole_share > _WHOLE else whole_share
    return Amount((measured or 0.0) + gaps if something else None, measured, gaps, whole_share, share)


def gaps_within(meter: MeterDays, rows: slice) -> tuple[float, float]:
    """(amount, seconds) of the gaps that end in the days of `rows` and begin after their start."""
    gap, gap_s = meter.gap[rows], meter.gap_s[rows]
    if not np.isfinite(gap).any():
        return 0.0, 0.0
    elapsed = np.concatenate(([0.0], np.cumsum(meter.days.length_s[rows])))
    # What is measured of the day comes after the gap; so the gap began no earlier than this before the day's end.
    whole = np.isfinite(gap) & (gap_s > 0.0) & (gap_s + meter.covered_s[rows] <= elapsed[1:] + 1.0)
    return float(gap[whole].sum()), float(gap_s[whole].sum())


def jump_in(found: MediumDays, rows: slice) -> Reason | None:
    """A change of unit within the days of `rows`: no figure may go across it."""
    dates = found.days.dates[rows]
    for meter in found.meters:
        for jump in meter.jumps:
            if dates.size and dates[0] < jump.day <= dates[-1]:
                factor = jump.factor if jump.factor >= 1.0 else round(jump.factor, 6)
                values = {"meter": meter.sensor.id, "factor": float(factor), "day": jump.day.astype(object)}
                return Reason("unit-jump", values)
    return None
