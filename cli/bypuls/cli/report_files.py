"""What a report from files takes from the registry's kinds of files: expansion factors and counts by hand."""

from __future__ import annotations

from pathlib import Path
from typing import TypeVar

from bypuls.analysis.traffic.volumes import STEP_TO_YEAR
from bypuls.api.reports.speed.registered_place import factor_of, factors_of
from bypuls.api.reports.speed.settings import Expansion
from bypuls.store.registry import ExpansionFactor, ManualCount, open_registry, read_csv

_Row = TypeVar("_Row", ExpansionFactor, ManualCount)


def expansion_of(traffic_type: str | None, file: Path | None, factor: float | None, source: str) -> Expansion | None:
    """The factors that the options name; None without any.  Raises ValueError, OSError.

    file : a CSV file, or a data folder with a registry.  factor : in its place, from the week to the year."""
    if traffic_type is None and file is None and factor is None:
        return None
    if file is not None and factor is not None:
        raise ValueError("--factors and --expansion-factor: expected one of them")
    if traffic_type is None or (file is None and factor is None):
        raise ValueError("--traffic-type with --factors or --expansion-factor: expected both or none")
    if traffic_type not in STEP_TO_YEAR:
        raise ValueError(f"--traffic-type {traffic_type!r}: expected one of {', '.join(STEP_TO_YEAR)}")
    if file is None:
        return Expansion(traffic_type, (factor_of(source, factor or 0.0),))
    rows = _registered(file) if file.is_dir() else _rows(file, ExpansionFactor)
    found = factors_of(rows, traffic_type)
    if not found:
        raise ValueError(f"--factors {file}: none for {traffic_type}; expected at least one of this traffic type")
    return Expansion(traffic_type, found)


def manual_counts_of(file: Path) -> list[ManualCount]:
    """Counts by hand out of a CSV file; the column `sensor` need not be there.  Raises ValueError, OSError."""
    return _rows(file, ManualCount, sensor="sensor")


def _registered(folder: Path) -> list[ExpansionFactor]:
    database = folder / "registry.db"
    if not database.exists():
        raise ValueError(f"--factors {folder}: no registry.db in it; expected a data folder or a CSV file")
    with open_registry(database) as registry:
        return registry.expansion_factors()


def _rows(file: Path, table: type[_Row], **given: object) -> list[_Row]:
    rows, errors = read_csv(table, file, given)
    if errors:
        more = f" (and {len(errors) - 1} more)" if len(errors) > 1 else ""
        raise ValueError(f"{file}: {errors[0]}{more}")
    if not rows:
        raise ValueError(f"{file}: no rows; expected at least one line below the headings")
    return rows
