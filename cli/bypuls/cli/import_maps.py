"""Saved mappings of a source's files: TOML in the data folder, checked down to the last key.

columns = { time = "Fra_dato", value = "Mængde" }    headings, or numbers of columns
where = { "Type" = "Tidsserie" }                       only these lines
unit = "kWh"
medium = "electricity"
tz = "Europe/Copenhagen"
date_format = "%d-%m-%Y %H:%M:%S"
decimal = ","
delimiter = ";"
encoding = "latin-1"
values = "interval"                                    or "register"
stamp = "start"                                        or "end"
field = "import"                                       or "export"
zero_is_missing = false
sensors = { "571313100000000001" = "town-hall-el" }    meter of the file = sensor of the registry
"""

from __future__ import annotations

import difflib
import json
import re
import tomllib
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields
from pathlib import Path
from typing import Any

FOLDER = "import-maps"
NAME = re.compile(r"[a-z0-9][a-z0-9-]{0,62}", re.ASCII)
_BARE = re.compile(r"[A-Za-z0-9_-]+", re.ASCII)
_CHOICES: Mapping[str, tuple[str, ...]] = {
    "values": ("interval", "register"),
    "stamp": ("start", "end"),
    "register": ("import", "export"),
    "medium": ("electricity", "heat", "gas", "water"),
    "decimal": (".", ","),
}


@dataclass(frozen=True, slots=True)
class ImportMap:
    """How files of one source are read and whose values they are. None = found out."""

    columns: Mapping[str, str] = field(default_factory=dict)
    where: Mapping[str, str] = field(default_factory=dict)
    unit: str | None = None
    medium: str | None = None
    tz: str | None = None
    date_format: str | None = None
    decimal: str | None = None
    delimiter: str | None = None
    encoding: str | None = None
    values: str | None = None
    stamp: str | None = None
    register: str | None = None
    zero_is_missing: bool = False
    sensors: Mapping[str, str] = field(default_factory=dict)


def map_path(data_dir: Path, name: str) -> Path:
    """Where a mapping of this name lies. Raises ValueError for what is no name."""
    if NAME.fullmatch(name) is None:
        raise ValueError(f"--save-map {name!r}: expected a name of a–z, 0–9 and -, such as eloverblik")
    return data_dir / FOLDER / f"{name}.toml"


def saved_maps(data_dir: Path) -> list[str]:
    """The names of the saved mappings."""
    return sorted(path.stem for path in (data_dir / FOLDER).glob("*.toml"))


def load_map(data_dir: Path, name: str) -> ImportMap:
    """A saved mapping by its name, or a TOML file. Raises ValueError, OSError."""
    path = data_dir / FOLDER / f"{name}.toml" if NAME.fullmatch(name) else Path(name)
    if not path.is_file():
        path = Path(name)
    if not path.is_file():
        known = ", ".join(saved_maps(data_dir)) or "none yet: --save-map NAME makes one"
        raise ValueError(f"--map {name!r}: expected COLUMN=HEADING, a TOML file, or a saved mapping ({known})")
    try:
        return parse_map(tomllib.loads(path.read_text(encoding="utf-8")), str(path))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ValueError(f"{path}: {error}") from error


def parse_map(found: Mapping[str, Any], source: str) -> ImportMap:
    """A mapping from TOML's values. Raises ValueError naming the key."""
    known = {one.name: one for one in fields(ImportMap)}
    for name, value in found.items():
        if name not in known:
            near = difflib.get_close_matches(name, known, n=1)
            hint = f"did you mean {near[0]}?" if near else f"expected one of {', '.join(known)}"
            raise ValueError(f"{source}: {name} = {value!r} — no such key; {hint}")
        if name in ("columns", "where", "sensors"):
            if not isinstance(value, dict) or not all(isinstance(text, str) for text in value.values()):
                raise ValueError(f"{source}: {name} = {value!r} — expected a table of texts")
        elif name == "zero_is_missing":
            if not isinstance(value, bool):
                raise ValueError(f"{source}: {name} = {value!r} — expected true or false")
        elif not isinstance(value, str) or value not in _CHOICES.get(name, (value,)):
            expected = " or ".join(_CHOICES[name]) if name in _CHOICES else "a text"
            raise ValueError(f"{source}: {name} = {value!r} — expected {expected}")
    return ImportMap(**found)


def save_map(path: Path, mapping: ImportMap) -> None:
    """Writes a mapping as TOML. Raises OSError."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(as_toml(mapping), encoding="utf-8")


def as_toml(mapping: ImportMap) -> str:
    """The mapping as TOML; what is None or empty is left out."""
    lines = []
    for name, value in asdict(mapping).items():
        if isinstance(value, dict):
            if value:
                inner = ", ".join(
                    f"{_key(key)} = {json.dumps(text, ensure_ascii=False)}" for key, text in value.items()
                )
                lines.append(f"{name} = {{ {inner} }}")
        elif isinstance(value, bool):
            if value:
                lines.append(f"{name} = true")
        elif value is not None:
            lines.append(f"{name} = {json.dumps(value, ensure_ascii=False)}")
    return "\n".join(lines) + "\n"


def _key(text: str) -> str:
    return text if _BARE.fullmatch(text) else json.dumps(text, ensure_ascii=False)
