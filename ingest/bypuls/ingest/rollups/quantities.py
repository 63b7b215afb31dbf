"""Bins of everything but traffic, by the role of each field: gauges, registers, flags, events, texts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from bypuls.analysis.registers import quarter_energy
from bypuls.store.protocol import Bins, Column, Columns
from bypuls.store.registry import RegisterLimits
from bypuls.wire import KINDS
from bypuls.wire.bins import BIN_FIELDS, QUARTER_US

# How far a register may rise beyond the physical maximum where its step is not registered: a meter that counts whole
# kWh shows 1 kWh within a second.
DEFAULT_STEP_WH = 1000.0
DEFAULT_STEP_M3 = 1.0

# Amounts that a transformer's or a pulse meter's multiplier applies to; voltages and temperatures are as they are.
_MULTIPLIED = ("power_w", "flow_m3h", "current_a")


NO_LIMITS = RegisterLimits()


def registers_of(kind: str) -> tuple[str, ...]:
    """The cumulative registers among a kind's fields."""
    return tuple(name for name, spec in KINDS[kind].specs.items() if spec.role == "register")


def quantity_bins(
    kind: str,
    raw: Columns,
    start_us: int,
    end_us: int,
    *,
    sensor: str,
    asset: str,
    nominal_s: float,
    multiplier: float = 1.0,
    limits: RegisterLimits = NO_LIMITS,
    tags: Mapping[str, str] | None = None,
) -> list[Bins]:
    """Bins [start, end) of one sensor. `raw` reaches `CONTEXT_READINGS` of its registers beyond the window.

    Readings that tell different serial numbers come from different meters, whatever the registry says: no amount is
    taken between them.
    """
    meters = _meters(raw)
    t_us = np.arange(start_us, end_us, QUARTER_US, dtype=np.int64)
    inside = (raw.t_us >= start_us) & (raw.t_us < end_us)
    index = (raw.t_us[inside] - start_us) // QUARTER_US
    columns: dict[str, Column] = {"n": np.bincount(index, minlength=len(t_us)).astype(np.float64)}
    content = columns["n"] > 0
    for name, spec in KINDS[kind].specs.items():
        if name not in raw.values:
            continue
        values = raw.values[name]
        factor = multiplier if name in _MULTIPLIED else 1.0
        match spec.role:
            case "gauge" | "count":
                columns |= _gauge(name, index, values[inside] * factor, len(t_us))
            case "phases":
                columns |= _phases(name, index, values[inside], len(t_us), factor)
            case "flag":
                columns |= _flag(name, index, values[inside], len(t_us))
            case "register":
                known = ~np.isnan(values)
                if known.any():
                    found = _register(
                        name,
                        raw.t_us[known],
                        # A lamp's operating time is no amount that a transformer divides.
                        values[known] * (1.0 if spec.unit == "s" else multiplier),
                        start_us,
                        end_us,
                        nominal_s,
                        None if meters is None else meters[known],
                        _judged_by(spec.unit, limits, multiplier),
                    )
                    for part in ("covered_s", "gap_s", "resets"):
                        content |= found[f"{name}_{part}"] > 0
                    columns |= found
            case "events" | "ids":
                columns[name] = _union(index, values[inside], len(t_us))
            case "text":
                columns[name] = _last(index, values[inside], len(t_us))
            case _:
                pass  # keys are tags
    kept = {name: column[content] for name, column in columns.items() if _known(column[content])}
    if not content.any():
        return []
    assert set(kept) <= set(BIN_FIELDS[kind])
    return [Bins(kind, sensor, t_us[content], kept, tags or {}, asset=asset)]


def _known(column: Column) -> bool:
    return any(cell is not None for cell in column) if column.dtype == object else not bool(np.isnan(column).all())


def _gauge(name: str, index: npt.NDArray[np.int64], values: Column, bins: int) -> dict[str, Column]:
    known = ~np.isnan(values)
    at, cells = index[known], values[known]
    n = np.bincount(at, minlength=bins).astype(np.float64)
    low, high = np.full(bins, np.inf), np.full(bins, -np.inf)
    np.minimum.at(low, at, cells)
    np.maximum.at(high, at, cells)
    some = n > 0
    return {
        f"{name}_n": n,
        f"{name}_sum": np.where(some, np.bincount(at, weights=cells, minlength=bins), np.nan),
        f"{name}_min": np.where(some, low, np.nan),
        f"{name}_max": np.where(some, high, np.nan),
    }


def _phases(name: str, index: npt.NDArray[np.int64], values: Column, bins: int, factor: float) -> dict[str, Column]:
    pairs = [(at, value) for at, phases in zip(index.tolist(), values, strict=True) if phases for value in phases]
    flat = np.array([value for _, value in pairs], dtype=np.float64) * factor
    return _gauge(name, np.array([at for at, _ in pairs], dtype=np.int64), flat, bins)


def _flag(name: str, index: npt.NDArray[np.int64], values: Column, bins: int) -> dict[str, Column]:
    known = ~np.isnan(values)
    return {
        f"{name}_n": np.bincount(index[known], minlength=bins).astype(np.float64),
        f"{name}_true": np.bincount(index[known], weights=values[known], minlength=bins),
    }


@dataclass(frozen=True, slots=True)
class _Judge:
    """What `quarter_energy` judges a register by, multiplied like its values."""

    modulus: float | None = None
    max_rate_per_s: float | None = None
    resolution: float = 0.0


def _judged_by(unit: str, limits: RegisterLimits, multiplier: float) -> _Judge:
    """The limits that hold for a register in `unit`; E8, E9 and times of operation have none."""

    def times(value: float | None, factor: float) -> float | None:
        return None if value is None else value * factor

    match unit:
        case "Wh":
            return _Judge(
                times(limits.register_modulus_wh, multiplier),
                times(limits.max_power_w, 1 / 3600),
                (limits.register_step_wh or DEFAULT_STEP_WH) * multiplier,
            )
        case "m³":
            return _Judge(
                times(limits.register_modulus_m3, multiplier),
                times(limits.max_flow_m3h, 1 / 3600),
                DEFAULT_STEP_M3 * multiplier,
            )
        case _:
            return _Judge()


def _meters(raw: Columns) -> npt.NDArray[np.int64] | None:
    """A number for each serial number that readings tell, -1 where one tells none; None where nobody tells any."""
    told = raw.values.get("serial")
    if told is None:
        return None
    numbers: dict[str, int] = {}
    found = [-1 if not serial else numbers.setdefault(serial, len(numbers)) for serial in told]
    return np.array(found, dtype=np.int64) if len(numbers) > 1 else None


def _register(
    name: str,
    t_us: npt.NDArray[np.int64],
    values: Column,
    start_us: int,
    end_us: int,
    nominal_s: float,
    meters: npt.NDArray[np.int64] | None,
    judge: _Judge,
) -> dict[str, Column]:
    bins = quarter_energy(
        t_us,
        values,
        start_us=start_us,
        end_us=end_us,
        nominal_s=nominal_s,
        modulus=judge.modulus,
        max_rate_per_s=judge.max_rate_per_s,
        resolution=judge.resolution,
        meter=meters,
    )
    covered = bins.covered_s > 0
    gap = bins.gap_s > 0
    return {
        # 0 in 0 seconds is unknown, not zero.
        f"{name}_delta": np.where(covered, bins.delta, np.nan),
        f"{name}_covered_s": bins.covered_s,
        f"{name}_gap": np.where(gap, bins.gap_delta, np.nan),
        f"{name}_gap_s": bins.gap_s,
        f"{name}_resets": (bins.resets + bins.refused).astype(np.float64),
    }


def _union(index: npt.NDArray[np.int64], values: Column, bins: int) -> Column:
    """The different names of each bin; '' where none were reported, None where nobody reported."""
    sets: dict[int, set[str]] = {}
    for at, names in zip(index.tolist(), values, strict=True):
        if names is not None:
            sets.setdefault(at, set()).update(names)
    return _objects([",".join(sorted(sets[at])) if at in sets else None for at in range(bins)])


def _last(index: npt.NDArray[np.int64], values: Column, bins: int) -> Column:
    last = {at: value for at, value in zip(index.tolist(), values, strict=True) if value}
    return _objects([last.get(at) for at in range(bins)])


def _objects(cells: Sequence[str | None]) -> Column:
    return np.fromiter(cells, dtype=object, count=len(cells))
