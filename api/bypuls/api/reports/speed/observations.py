"""What a report is built from: single vehicles, or counts in speed classes, or both."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date

import numpy as np
import numpy.typing as npt

from bypuls.analysis.errors import MixedWidths
from bypuls.api.reports.speed.model import Quality

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]

NO_DIRECTION = ""
NOT_MOTOR = frozenset({"bicycle", "bike", "pedestrian"})


@dataclass(frozen=True, slots=True, eq=False)
class Vehicles:
    """Single vehicles, by time where they have one.

    speed_kmh : (n,) [km/h], finite, > 0, corrected for the mounting's angle.
    t_us : (n,) [µs UTC], rising; None = without times.
    direction : (n,) index into `directions`; −1 = unknown.
    length_m : (n,) [m], NaN = unknown.  vehicle_class : (n,) names, "" = unknown. None = never measured.
    """

    speed_kmh: Floats
    t_us: Ints | None = None
    direction: Ints | None = None
    directions: tuple[str, ...] = ()
    length_m: Floats | None = None
    vehicle_class: npt.NDArray[np.str_] | None = None


@dataclass(frozen=True, slots=True, eq=False)
class Bins:
    """Counts in speed classes, a row per time, direction and vehicle class; all rows share their classes.

    lower_kmh, upper_kmh : (k,) a class holds lower < v ≤ upper [km/h]; the last upper may be inf.
    counts : (r, k) [vehicles].
    t_us : (r,) [µs UTC] starts; None = without times.  period_s : (r,) [s].
    uptime_s : (r,) [s] watched; NaN = unknown.
    sum_kmh, sum_kmh2, max_kmh : (r,) Σv, Σv² and the highest of the row, NaN = not kept.
    shift_kmh : 0.5 where speeds were rounded to whole km/h before they were classed: more than 60 begins at 60.5.
    """

    lower_kmh: Floats
    upper_kmh: Floats
    counts: Floats
    t_us: Ints | None = None
    period_s: Floats | None = None
    direction: Ints | None = None
    directions: tuple[str, ...] = ()
    uptime_s: Floats | None = None
    sum_kmh: Floats | None = None
    sum_kmh2: Floats | None = None
    max_kmh: Floats | None = None
    vehicle_class: npt.NDArray[np.str_] | None = None
    shift_kmh: float = 0.0


@dataclass(frozen=True, slots=True, eq=False)
class Observations:
    """One site's observations of one period.

    free_flow : the part of `bins` that drove freely, where the sensor's single passages were there to tell.
    resolution_kmh : smallest step of the speeds; None = unknown.
    coverage : share of each local day that was watched, where that is known from elsewhere.
    """

    vehicles: Vehicles | None
    bins: Bins | None
    quality: Quality
    free_flow: Bins | None = None
    resolution_kmh: float | None = None
    coverage: Mapping[date, float] = field(default_factory=dict)


def joined(parts: Sequence[Bins]) -> Bins:
    """Rows of several sensors or files with equal classes together.  Raises MixedWidths."""
    first = parts[0]
    names = tuple(dict.fromkeys(name for part in parts for name in part.directions))
    for part in parts:
        same = np.array_equal(part.lower_kmh, first.lower_kmh) and np.array_equal(part.upper_kmh, first.upper_kmh)
        if not same or part.shift_kmh != first.shift_kmh or (part.t_us is None) is not (first.t_us is None):
            raise MixedWidths(
                f"classes up to {first.upper_kmh.tolist()} and up to {part.upper_kmh.tolist()}; "
                "expected equal classes, with times in all or in none: report them one by one"
            )

    def column(name: str, missing: float = np.nan) -> Floats | None:
        columns = [getattr(part, name) for part in parts]
        if all(values is None for values in columns):
            return None
        return np.concatenate(
            [
                np.full(len(part.counts), missing) if values is None else values
                for part, values in zip(parts, columns, strict=True)
            ]
        )

    direction = np.concatenate([_recoded(part.direction, part.directions, names, len(part.counts)) for part in parts])
    classes = [np.full(len(part.counts), "") if part.vehicle_class is None else part.vehicle_class for part in parts]
    t_us = None if first.t_us is None else np.concatenate([part.t_us for part in parts if part.t_us is not None])
    return Bins(
        first.lower_kmh, first.upper_kmh, np.vstack([part.counts for part in parts]), t_us, column("period_s"),
        direction, names, column("uptime_s"), column("sum_kmh"), column("sum_kmh2"), column("max_kmh"),
        None if all(part.vehicle_class is None for part in parts) else np.concatenate(classes),
        first.shift_kmh,
    )  # fmt: skip


def _recoded(codes: Ints | None, old: tuple[str, ...], new: tuple[str, ...], n: int) -> Ints:
    if codes is None:
        return np.full(n, -1, dtype=np.int64)
    table = np.array([*(new.index(name) for name in old), -1], dtype=np.int64)
    return table[codes]
