"""What an import understood of a register, in plain lines, before anything is written."""

from __future__ import annotations

from collections import Counter
from datetime import date
from pathlib import Path

from rich.console import Console

from bypuls.cli.import_reading import say
from bypuls.cli.register_maps import ColumnMap, RegisterMap
from bypuls.cli.register_reading import MappedRegister, read_register

_MOST_WORDS = 12


def mapped(
    console: Console, entity: str, file: Path, mapping: RegisterMap, latest: date | None = None
) -> MappedRegister:
    """Reads a register and tells what it understood. latest : as of `read_register`.

    Raises ValueError for a mapping of another table, FileProblem."""
    if mapping.entity != entity:
        raise ValueError(f"--map: a mapping of {mapping.entity}; expected one of {entity}")
    found = read_register(file, mapping, latest)
    if mapping.source is not None:
        say(console, "source", mapping.source)
    aside = f", {found.elsewhere:,} left aside by `where`" if found.elsewhere else ""
    say(console, "lines", f"{found.lines:,}{aside}; {len(found.rows):,} rows of {entity}")
    for name, column in mapping.columns.items():
        say(console, name, f"{_from(column)}: {_filled(found, name)}")
        for (theirs, ours), count in found.words.get(name, Counter()).most_common(_MOST_WORDS):
            say(console, "", f"{theirs} = {ours}: {count:,}")
    for name, dirt in found.dirt.items():
        say(console, "left unknown", f"{name}: {dirt.count:,}, such as {_quoted(dirt.texts)}; expected {dirt.expected}")
    for dirt in found.left_out.values():
        say(console, "left out", f"{dirt.count:,} lines, such as {_quoted(dirt.texts)}; expected {dirt.expected}")
    if found.unused:
        say(console, "not taken", ", ".join(found.unused))
    return found


def _from(column: ColumnMap) -> str:
    told = repr(column.value) if column.value is not None else " or ".join(column.headings)
    return told + (f" × {column.times}" if column.times else "") + (f" [{column.unit}]" if column.unit else "")


def _filled(found: MappedRegister, name: str) -> str:
    values = [row[name] for row in found.rows if row[name] is not None]
    unknown = len(found.rows) - len(values)
    told = f"{len(values):,} known" + (f", {unknown:,} unknown" if unknown else "")
    numbers = [value for value in values if isinstance(value, int | float) and not isinstance(value, bool)]
    if numbers:
        return f"{told}, {min(numbers):g} … {max(numbers):g}"
    days = [str(value) for value in values]
    if name in ("installed", "date"):
        return f"{told}, {min(days)} … {max(days)}" if days else told
    return f"{told}, such as {days[0]}" if days else told


def _quoted(texts: list[str]) -> str:
    return ", ".join(repr(text) for text in texts)
