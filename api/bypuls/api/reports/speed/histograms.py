"""The histogram of a report."""

from __future__ import annotations

import numpy as np

from bypuls.api.reports.speed.day_sums import sums_by
from bypuls.api.reports.speed.figures import count
from bypuls.api.reports.speed.model import Histogram
from bypuls.api.reports.speed.population import Population


def histogram_of_people(people: Population) -> Histogram:
    """All vehicles in the classes of the bins, in 1 km/h where there are none."""
    size = len(people.directions)
    at = [
        None if part is None else np.where(part.direction < 0, size, part.direction)
        for part in (people.singles, people.classed)
    ]
    sums = sums_by(people, at[0], at[1], size + 1)
    held = np.flatnonzero(sums.counts.sum(axis=0) > 0.0)
    first, end = (int(held[0]), int(held[-1]) + 1) if held.size else (0, 0)
    counts = sums.counts[:, first:end]
    widths = (sums.upper - sums.lower)[first:end]
    closed = widths[np.isfinite(widths)]
    return Histogram(
        width_kmh=float(closed[0]) if closed.size and np.allclose(closed, closed[0]) else 0.0,
        lower_kmh=tuple(float(v) for v in sums.lower[first:end]),
        upper_kmh=tuple(None if np.isinf(v) else float(v) for v in sums.upper[first:end]),
        all=tuple(count(float(v)) for v in counts.sum(axis=0)),
        directions={name: tuple(count(float(v)) for v in counts[at]) for at, name in enumerate(people.directions)},
    )
