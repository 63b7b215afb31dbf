"""Files of single vehicles or of binned counts as observations, with a count of what was dirty."""

from __future__ import annotations

import gc
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import numpy as np

from bypuls.api.reports.reading.errors import FileProblem
from bypuls.api.reports.speed.observations import Bins, Observations, Vehicles, joined
from bypuls.api.reports.speed.reading.binned import read_binned
from bypuls.api.reports.speed.reading.options import FileOptions
from bypuls.api.reports.speed.reading.singles import Collected, collected_vehicles, read_singles
from bypuls.api.reports.speed.reading.table import read_table
from bypuls.api.reports.speed.reading.tally import Tally


def read_files(paths: Sequence[Path], options: FileOptions) -> Observations:
    """One site's files together. Files of vehicles may stand beside binned ones.

    Raises FileProblem where nothing can be reported, MixedWidths where classes differ, OSError."""
    if not paths:
        raise FileProblem("files: none; expected at least one")
    tally, kept, bins = Tally(), Collected(), []
    resolution: list[float] = []
    with _no_cycles():
        for path in paths:
            table = read_table(path, options)
            tally.skipped_before_table += table.skipped
            prefix = f"{path.name}:" if len(paths) > 1 else ""
            if table.classes or "histogram" in table.columns:
                bins.append(read_binned(table, options, tally, prefix))
            else:
                read_singles(table, options, tally, kept, prefix)
    vehicles: Vehicles | None = None
    if kept.chunks:
        vehicles, step = collected_vehicles(kept)
        resolution.append(step)
    names = tuple(path.name for path in paths)
    bounds = (options.lowest_kmh, options.highest_kmh) if vehicles is not None else (None, None)
    quality = tally.quality(names, *bounds)
    if quality.lines == 0:
        raise FileProblem(f"{', '.join(names)}: no lines below the headings; expected vehicles or counts")
    if quality.used == 0:
        shown = ", ".join(f"{reason} {n}" for reason, n in quality.dropped.items() if n) or "no lines"
        raise FileProblem(
            f"{', '.join(names)}: none of {quality.lines} lines can be used ({shown}; for example line "
            f"{', '.join(next(iter(quality.examples.values()), ('–',)))}). "
            "Check --map, --unit, --date-format and the bounds"
        )
    whole: Bins | None = joined(bins) if bins else None
    if whole is not None and whole.t_us is not None:
        whole = _sorted(whole)
    return Observations(
        vehicles, whole, quality, resolution_kmh=resolution[0] if resolution and whole is None else None
    )


@contextmanager
def _no_cycles() -> Iterator[None]:
    """Rows of a table form no cycles, and looking for some among a million lists takes three quarters of the time."""
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()


def _sorted(bins: Bins) -> Bins:
    if bins.t_us is None:
        return bins
    order = np.argsort(bins.t_us, kind="stable")
    names = ("counts", "t_us", "period_s", "direction", "uptime_s", "sum_kmh", "sum_kmh2", "max_kmh", "vehicle_class")
    return replace(bins, **{name: values[order] for name in names if (values := getattr(bins, name)) is not None})
