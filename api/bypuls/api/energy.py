"""Energy of buildings per medium: each kWh once, gaps apart, and the share that is measured."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from bypuls.api.directory import Directory
from bypuls.api.periods import Span, local_text
from bypuls.store.protocol import Store
from bypuls.store.registry import Sensor
from bypuls.wire import from_us, to_us

Floats = npt.NDArray[np.float64]

ENERGY_MEDIA = ("electricity", "heat", "gas")
_NAMES = (
    "import_wh_delta", "import_wh_covered_s", "import_wh_gap", "export_wh_delta", "volume_m3_delta",
    "volume_m3_covered_s",
)  # fmt: skip


def counted_meters(directory: Directory, meters: Iterable[Sensor]) -> list[tuple[Sensor, int]]:
    """The meters whose readings add up to the whole, with the sign of each: a meter behind another counted one is
    already in it and left out, unless it is to be subtracted."""
    listed = [meter for meter in meters if meter.kind == "meter" and meter.medium is not None]
    ids = {meter.id: meter.medium for meter in listed}
    found = []
    for meter in listed:
        behind = any(ids.get(parent.id) == meter.medium for parent in directory.ancestors(meter))
        if meter.sign < 0 or not behind:
            found.append((meter, meter.sign))
    return found


class MediumRows:
    """One medium's amounts per row of a span; NaN = unknown. `coverage` is the measured share, 0 … 1."""

    def __init__(self, rows: int) -> None:
        self.import_wh, self.gap_wh = np.full(rows, np.nan), np.full(rows, np.nan)
        self.export_wh, self.volume_m3 = np.full(rows, np.nan), np.full(rows, np.nan)
        self.covered_s, self.asked_s = np.zeros(rows), np.zeros(rows)

    def add(self, sums: dict[str, Floats], sign: int, asked_s: Floats, *, by_volume: bool) -> None:
        """Adds a meter that was there for `asked_s` of each row [s]."""
        self.asked_s += asked_s
        self.import_wh = _plus(self.import_wh, sign * sums["import_wh_delta"])
        self.gap_wh = _plus(self.gap_wh, sign * sums["import_wh_gap"])
        self.export_wh = _plus(self.export_wh, sign * sums["export_wh_delta"])
        self.volume_m3 = _plus(self.volume_m3, sign * sums["volume_m3_delta"])
        self.covered_s += np.nan_to_num(sums["volume_m3_covered_s" if by_volume else "import_wh_covered_s"])

    def coverage(self) -> Floats:
        """(rows,) measured share of the time in which the meters were there."""
        with np.errstate(divide="ignore", invalid="ignore"):
            return np.where(self.asked_s > 0.0, np.minimum(self.covered_s / self.asked_s, 1.0), 0.0)

    def coverage_of_all(self) -> float:
        """The same of all rows together."""
        asked_s = float(self.asked_s.sum())
        return min(float(self.covered_s.sum()) / asked_s, 1.0) if asked_s > 0.0 else 0.0


def _plus(total: Floats, more: Floats) -> Floats:
    return np.where(np.isnan(total), more, total + np.nan_to_num(more))


def medium_rows(store: Store, meters: Sequence[tuple[Sensor, int]], span: Span) -> dict[str, MediumRows]:
    """Each medium's rows, summed over its meters."""
    found: dict[str, MediumRows] = {}
    rows = len(span.length_s)
    for meter, sign in meters:
        medium = meter.medium or ""
        table = store.bins("meter", [meter.id], span.start_us, span.end_us, _NAMES, every_s=span.fold_s)
        row = span.rows_of(table.t_us)
        sums = {}
        for name in _NAMES:
            column = table.columns[name]
            known = ~np.isnan(column)
            total = np.bincount(row[known], column[known], minlength=rows)
            sums[name] = np.where(np.bincount(row[known], minlength=rows) > 0, total, np.nan)
        found.setdefault(medium, MediumRows(rows)).add(sums, sign, there_s(meter, span), by_volume=medium == "water")
    return {medium: found[medium] for medium in (*ENERGY_MEDIA, "water") if medium in found}


def there_s(meter: Sensor, span: Span) -> Floats:
    """(rows,) how long the meter was there in each row until now [s]: one that was swapped is two sensors, each for its
    time."""
    first = to_us(meter.valid_from) if meter.valid_from is not None else span.start_us
    last = min(
        to_us(meter.valid_to) if meter.valid_to is not None else span.end_us,
        span.known_us if span.known_us is not None else span.end_us,
    )
    length_us = np.minimum(span.edges_us[1:], last) - np.maximum(span.edges_us[:-1], first)
    found: Floats = np.maximum(length_us, 0) / 1e6
    return found


def building_energy(store: Store, directory: Directory, building: str, span: Span) -> dict[str, Any]:
    """A building's energy: per row and in total, per medium, with EUI where the heated area is known."""
    meters = counted_meters(directory, directory.sensors_of(kinds=("meter",), building=building))
    media = medium_rows(store, meters, span)
    columns: dict[str, Any] = {"t": span.starts()}
    for medium, rows in media.items():
        if medium == "water":
            columns["water_m3"] = rows.volume_m3
        else:
            columns[f"{medium}_kwh"] = rows.import_wh / 1000.0
            columns[f"{medium}_gap_kwh"] = rows.gap_wh / 1000.0
        columns[f"{medium}_coverage"] = rows.coverage()
    return {
        **totals(directory, building, span, media),
        "start": local_text(span.start_us, span.zone),
        "end": local_text(span.end_us, span.zone),
        "every": span.every,
        "tz": span.zone.key,
        "meters": [{"sensor": meter.id, "medium": meter.medium, "sign": sign} for meter, sign in meters],
        "columns": columns,
    }


def totals(directory: Directory, building: str, span: Span, media: dict[str, MediumRows]) -> dict[str, Any]:
    """What the rows add up to, and energy per heated m² of the day on which the span ends."""
    row = directory.buildings[building]
    found: dict[str, Any] = {}
    total = 0.0
    whole = True
    for medium, rows in media.items():
        kwh = known_sum(rows.import_wh / 1000.0) if medium != "water" else None
        found[medium] = {
            "kwh": kwh,
            "gap_kwh": known_sum(rows.gap_wh / 1000.0),
            "export_kwh": known_sum(rows.export_wh / 1000.0),
            "volume_m3": known_sum(rows.volume_m3),
            "coverage": rows.coverage_of_all(),
        }
        if medium != "water":
            total += kwh or 0.0
            whole = whole and kwh is not None
    day = from_us(span.end_us - 1).astimezone(span.zone).date()
    area_m2 = directory.heated_area_m2(building, day)
    energy = [found[medium] for medium in found if medium != "water"]
    complete = bool(energy) and whole
    return {
        "building": building,
        "name": row.name,
        "use": row.use,
        "media": found,
        "total_kwh": total if complete else None,
        "coverage": min(one["coverage"] for one in energy) if energy else None,
        "heated_area_m2": area_m2,
        "eui_kwh_m2": total / area_m2 if complete and area_m2 else None,
    }


def known_sum(column: Floats) -> float | None:
    """Σ of what is known; None where nothing is."""
    known = column[~np.isnan(column)]
    return float(known.sum()) if known.size else None
