"""The registry's tables as CSV files."""

from __future__ import annotations

import csv
from pathlib import Path
from typing import TextIO

from sqlalchemy import inspect, select

from bypuls.store.registry.cells import write_cell
from bypuls.store.registry.errors import UnknownEntity, nearest
from bypuls.store.registry.registry import Registry
from bypuls.store.registry.tables import ENTITIES, Base
from bypuls.store.registry.validation import columns

_BYTE_ORDER_MARK = "\ufeff"


def entity_named(name: str) -> type[Base]:
    """The table `name`. Raises UnknownEntity, with the nearest one; keys and the audit never leave by file."""
    found = ENTITIES.get(name)
    if found is None:
        why = " (keys and the audit are not kept in files)" if name in ("api_key", "audit") else nearest(name, ENTITIES)
        raise UnknownEntity(f"entity: {name!r} — expected one of {', '.join(ENTITIES)}{why}")
    return found


def export_csv(registry: Registry, entity: str, file: Path | TextIO, *, danish: bool = False) -> int:
    """Write every row of `entity`, by its key, and return how many there were. Importing the file changes nothing.

    danish : for a Danish Excel: separated by semicolons, with decimal commas and a byte order mark.
    file : a path (written as UTF-8), or text opened with `newline=""`. Raises UnknownEntity, OSError.
    """
    table = entity_named(entity)
    if isinstance(file, Path):
        with file.open("w", encoding="utf-8", newline="") as opened:
            return export_csv(registry, entity, opened, danish=danish)
    if danish:
        file.write(_BYTE_ORDER_MARK)
    names = list(columns(table))
    writer = csv.writer(file, delimiter=";" if danish else ",", lineterminator="\n")
    writer.writerow(names)
    count = 0
    with registry.reading() as session:
        for row in session.scalars(select(table).order_by(*inspect(table).primary_key)):
            writer.writerow([write_cell(getattr(row, name), decimal_comma=danish) for name in names])
            count += 1
    return count
