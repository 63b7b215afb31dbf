"""One sensor's quantities per row of a span, straight from columns: an amount measured, an amount known in total only,
and the share of the row that is known. Where nothing is known there is NaN, never 0."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import numpy.typing as npt

from bypuls.api.directory import Directory
from bypuls.api.periods import Span
from bypuls.api.problems import bad_parameter
from bypuls.api.vehicles import vehicle_rows
from bypuls.store.protocol import Store
from bypuls.store.registry import Sensor
from bypuls.wire import KINDS
from bypuls.wire.bins import TRAFFIC, bin_kind

Floats = npt.NDArray[np.float64]
Columns = dict[str, Floats]

TRAFFIC_FIELDS = (
    "n", "speed_n", "mean_kmh", "v50_kmh", "v85_kmh", "max_kmh", "over_limit_n", "over_limit_share", "coverage",
)  # fmt: skip
_NEEDS_HISTOGRAMS = ("speed_n", "v50_kmh", "v85_kmh", "over_limit_n", "over_limit_share")
_DECIMALS = 6  # of means: below what any sensor here resolves
_ROLES = ("register", "gauge", "count", "phases", "flag")

# What is told where nobody asks for fields. The first register is the one that `coverage` speaks of.
_DEFAULT: Mapping[str, tuple[str, ...]] = {
    "lamp": ("energy_wh", "power_w", "level_pct", "on"),
    "meter": ("import_wh", "export_wh", "volume_m3", "power_w"),
    "meter electricity": ("import_wh", "export_wh", "power_w"),
    "meter heat": ("import_wh", "volume_m3", "power_w"),
    "meter gas": ("import_wh", "volume_m3"),
    "meter water": ("volume_m3",),
    "cabinet": ("contactor_on", "door_open", "leakage_ma"),
    "weather": ("temp_c", "ambient_lux", "irradiance_wm2"),
    "health": ("outbox_rows", "clock_synced", "cpu_temp_c"),
}
_UNITS = {"n": "vehicles", "speed_n": "vehicles", "over_limit_n": "vehicles", "over_limit_share": "share"}


def fields_of(kind: str) -> tuple[str, ...]:
    """What may be asked of a sensor of `kind`."""
    if bin_kind(kind) == TRAFFIC:
        return TRAFFIC_FIELDS
    return tuple(name for name, spec in KINDS[kind].specs.items() if spec.role in _ROLES)


def chosen_fields(sensor: Sensor, asked: Sequence[str] | None) -> tuple[str, ...]:
    """The fields of a request: those asked for, all with `all`, the usual ones of kind and medium where none are named.
    Raises Problem (422)."""
    kind = sensor.kind
    known = fields_of(kind)
    if asked is None:
        return known if bin_kind(kind) == TRAFFIC else _DEFAULT.get(f"{kind} {sensor.medium}") or _DEFAULT[kind]
    if list(asked) == ["all"]:
        return known
    for name in asked:
        if name not in known:
            bad_parameter("fields", name, f"all, or some of {', '.join(known)}, with commas between")
    return tuple(dict.fromkeys(asked))


def quantity_columns(store: Store, sensor: Sensor, span: Span, fields: Sequence[str], *, all_columns: bool) -> Columns:
    """The columns of a sensor that isn't of traffic. Without `all_columns` those of which nothing at all is known are
    left out, but for the first register's."""
    kind, specs = sensor.kind, KINDS[sensor.kind].specs
    names: list[str] = []
    for field in fields:
        names += [f"{field}_{part}" for part in _PARTS[specs[field].role]]
    table = store.bins(kind, [sensor.id], span.start_us, span.end_us, names, every_s=span.fold_s)
    row, rows = span.rows_of(table.t_us), len(span.length_s)

    def total(name: str) -> Floats:
        column = table.columns[name]
        known = ~np.isnan(column)
        if known.all() and len(row) == rows:
            # The bins are the rows: nothing to add up.
            return np.asarray(column, dtype=np.float64)
        found = np.bincount(row[known], column[known], minlength=rows)
        return np.where(np.bincount(row[known], minlength=rows) > 0, found, np.nan)

    columns: Columns = {}
    resets = np.full(rows, np.nan)
    coverage: Floats | None = None
    for field in fields:
        match specs[field].role:
            case "register":
                covered_s = np.nan_to_num(total(f"{field}_covered_s"))
                share = np.minimum(covered_s / span.length_s, 1.0)
                columns[field] = np.where(covered_s > 0.0, total(f"{field}_delta"), np.nan)
                columns[f"{field}_gap"] = total(f"{field}_gap")
                resets = np.where(np.isnan(resets), total(f"{field}_resets"), resets)
                if coverage is None:
                    coverage = share
                else:
                    columns[f"{field}_coverage"] = share
            case "flag":
                with np.errstate(divide="ignore", invalid="ignore"):
                    columns[f"{field}_share"] = total(f"{field}_true") / total(f"{field}_n")
            case _:
                n = total(f"{field}_n")
                with np.errstate(divide="ignore", invalid="ignore"):
                    mean: Floats = np.where(n > 0.0, total(f"{field}_sum") / n, np.nan)
                columns[f"{field}_mean"] = mean.round(_DECIMALS)
                columns[f"{field}_min"] = _extreme(np.minimum, row, table.columns[f"{field}_min"], rows)
                columns[f"{field}_max"] = _extreme(np.maximum, row, table.columns[f"{field}_max"], rows)
    if not all_columns:
        columns = _worth_telling(columns, fields)
    if coverage is not None:
        columns["coverage"] = coverage
        columns["resets"] = resets
    return columns


_PARTS: Mapping[str, tuple[str, ...]] = {
    "register": ("delta", "covered_s", "gap", "resets"),
    "flag": ("n", "true"),
    "gauge": ("n", "sum", "min", "max"),
    "count": ("n", "sum", "min", "max"),
    "phases": ("n", "sum", "min", "max"),
}


def _worth_telling(columns: Columns, fields: Sequence[str]) -> Columns:
    first = fields[0]
    unknown = [field for field in fields if field != first and not _known(columns, field)]
    return {
        name: column
        for name, column in columns.items()
        if not any(name == field or name.startswith(f"{field}_") for field in unknown)
    }


def _known(columns: Columns, field: str) -> bool:
    mine = [name for name in columns if name == field or name.startswith(f"{field}_")]
    return any(not np.isnan(columns[name]).all() for name in mine if not name.endswith("_coverage"))


def _extreme(fold: np.ufunc, row: npt.NDArray[np.int64], column: Floats, rows: int) -> Floats:
    known = ~np.isnan(column)
    if known.all() and len(row) == rows:
        return column
    worst = np.inf if fold is np.minimum else -np.inf
    found = np.full(rows, worst)
    fold.at(found, row[known], column[known])
    return np.where(np.isinf(found), np.nan, found)


def traffic_columns(
    store: Store,
    directory: Directory,
    sensor: Sensor,
    span: Span,
    fields: Sequence[str],
    *,
    by_direction: bool = False,
    vehicle_class: str | None = None,
) -> Columns:
    """The columns of a sensor of traffic; by direction each name begins with `toward_` or `away_`."""
    speeds = any(field in _NEEDS_HISTOGRAMS for field in fields)
    columns: Columns = {}
    for direction in ("toward", "away") if by_direction else (None,):
        rows = vehicle_rows(
            store, directory, [sensor], span, direction=direction, vehicle_class=vehicle_class, speeds=speeds
        )
        with np.errstate(divide="ignore", invalid="ignore"):
            share = np.where(rows.n > 0.0, rows.over_n / rows.n, np.nan)
        found = {
            "n": rows.n,
            "speed_n": rows.speed_n,
            "mean_kmh": rows.mean_kmh,
            "v50_kmh": rows.v50_kmh,
            "v85_kmh": rows.v85_kmh,
            "max_kmh": rows.max_kmh,
            "over_limit_n": rows.over_n,
            "over_limit_share": share,
            "coverage": rows.observed_s / span.length_s,
        }
        prefix = f"{direction}_" if direction else ""
        columns |= {f"{prefix}{name}": found[name] for name in fields}
    return columns


def unit_of(kind: str, column: str) -> str:
    """The unit of a column; empty for shares and counts without one."""
    name = column.removeprefix("toward_").removeprefix("away_")
    if bin_kind(kind) == TRAFFIC:
        return _UNITS.get(name, "km/h" if name.endswith("_kmh") else "share")
    if name == "coverage" or name.endswith(("_coverage", "_share")):
        return "share"
    if name == "resets":
        return "resets"
    specs = KINDS[kind].specs
    base = name if name in specs else name.rsplit("_", 1)[0]
    return specs[base].unit if base in specs else ""
