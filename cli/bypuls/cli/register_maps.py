"""Saved mappings of asset registers: TOML that says which column of a file is which of the registry, checked down to
the last key. Own ones lie in the data folder; those of public registers come with bypuls.

entity = "lamp"
source = "DC GIS"                       told in the preview
delimiter = ";"                         otherwise found out; so are encoding and decimal
unknown = ["N/A"]                       what stands where a value is missing, beside nothing
where = { "STATUS" = "Active" }         only these lines
[columns.pole_height_m]
from = "POLEHEIGHT"                     a heading, or several: the first that is known
unit = "ft"                             ft, in, cm, m, kW, W: into the registry's unit
times = "NUMBERLIGHTS"                  multiplied by another column
date_format = "%d-%m-%Y"                strptime
make = "id"                             an id made of the text
prefix = "dc-"
names = { "HPS" = "HPS" }               the file's words = the registry's; others are counted and left unknown
value = "LED"                           in place of `from`: the same on every line
"""

from __future__ import annotations

import difflib
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from importlib.resources import files
from pathlib import Path
from typing import Any

from bypuls.cli.import_maps import FOLDER, NAME

UNITS: Mapping[str, float] = {"m": 1.0, "cm": 0.01, "ft": 0.3048, "in": 0.0254, "W": 1.0, "kW": 1000.0}
"""To the registry's unit; the foot and the inch as agreed in 1959."""


@dataclass(frozen=True, slots=True)
class ColumnMap:
    """Where a column's values come from."""

    headings: tuple[str, ...] = ()
    value: str | None = None
    unit: str | None = None
    times: str | None = None
    date_format: str | None = None
    make: str | None = None
    prefix: str = ""
    names: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class RegisterMap:
    """How a register's file is read."""

    entity: str
    columns: Mapping[str, ColumnMap]
    source: str | None = None
    delimiter: str | None = None
    decimal: str | None = None
    encoding: str | None = None
    unknown: tuple[str, ...] = ()
    where: Mapping[str, str] = field(default_factory=dict)


def load_register_map(data_dir: Path, name: str) -> RegisterMap:
    """A mapping of the data folder by its name, else one that comes with bypuls, else a TOML file; `_` in a name is as
    good as `-`. Raises ValueError, OSError."""
    plain = name.replace("_", "-")
    shipped = files("bypuls.cli") / "known_registers"
    known = sorted(
        {path.stem for path in (data_dir / FOLDER).glob("*.toml")} | {Path(one.name).stem for one in shipped.iterdir()}
    )
    if NAME.fullmatch(plain):
        own = data_dir / FOLDER / f"{plain}.toml"
        if own.is_file():
            return _parsed(own.read_bytes(), str(own))
        if (shipped / f"{plain}.toml").is_file():
            return _parsed((shipped / f"{plain}.toml").read_bytes(), f"{plain}.toml")
    if not Path(name).is_file():
        raise ValueError(f"--map {name!r}: expected a TOML file, or one of the saved mappings {', '.join(known)}")
    return _parsed(Path(name).read_bytes(), name)


def _parsed(raw: bytes, source: str) -> RegisterMap:
    try:
        return parse_register_map(tomllib.loads(raw.decode()), source)
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ValueError(f"{source}: {error}") from error


def parse_register_map(found: Mapping[str, Any], source: str) -> RegisterMap:
    """A mapping from TOML's values. Raises ValueError naming the key."""
    _known(found, [one.name for one in fields(RegisterMap)], source)
    for name in ("entity", "source", "delimiter", "decimal", "encoding"):
        if name in found:
            _text(found[name], f"{source}: {name}")
    if "entity" not in found:
        raise ValueError(f"{source}: entity — expected the table that the file fills, such as lamp")
    columns = found.get("columns")
    if not isinstance(columns, dict) or not columns:
        raise ValueError(f"{source}: columns — expected a table for each column of the registry")
    rest = {name: value for name, value in found.items() if name not in ("columns", "unknown", "where")}
    return RegisterMap(
        **rest,
        columns={name: _column(value, f"{source}: columns.{name}") for name, value in columns.items()},
        unknown=_texts(found.get("unknown", []), f"{source}: unknown"),
        where=_table(found.get("where", {}), f"{source}: where"),
    )


def _column(found: object, place: str) -> ColumnMap:
    if not isinstance(found, dict):
        raise ValueError(f"{place} = {found!r} — expected a table with `from` or `value`")
    _known(found, ["from", *(one.name for one in fields(ColumnMap) if one.name != "headings")], place)
    if ("from" in found) == ("value" in found):
        raise ValueError(f"{place} — expected either `from`, a heading of the file, or `value`")
    headings = found.get("from", [])
    texts = {name: _text(found[name], f"{place}.{name}") for name in _TEXTS if name in found}
    if texts.get("unit", "m") not in UNITS:
        raise ValueError(f"{place}.unit = {texts['unit']!r} — expected one of {', '.join(UNITS)}")
    if texts.get("make", "id") != "id":
        raise ValueError(f"{place}.make = {texts['make']!r} — expected id")
    return ColumnMap(
        headings=_texts([headings] if isinstance(headings, str) else headings, f"{place}.from"),
        names=_table(found.get("names", {}), f"{place}.names"),
        **texts,
    )


_TEXTS = ("value", "unit", "times", "date_format", "make", "prefix")


def _known(found: Mapping[str, Any], names: list[str], place: str) -> None:
    for name in found:
        if name not in names:
            near = difflib.get_close_matches(name, names, n=1)
            hint = f"did you mean {near[0]}?" if near else f"expected one of {', '.join(names)}"
            raise ValueError(f"{place}: {name} — no such key; {hint}")


def _text(value: object, place: str) -> str:
    if not isinstance(value, str):
        raise ValueError(f"{place} = {value!r} — expected a text")
    return value


def _texts(value: object, place: str) -> tuple[str, ...]:
    if not isinstance(value, list) or not all(isinstance(one, str) for one in value):
        raise ValueError(f"{place} = {value!r} — expected a list of texts")
    return tuple(value)


def _table(value: object, place: str) -> dict[str, str]:
    if not isinstance(value, dict) or not all(isinstance(one, str) for one in value.values()):
        raise ValueError(f"{place} = {value!r} — expected a table of texts")
    return value
