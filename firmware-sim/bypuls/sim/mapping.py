"""How the columns of a recording become readings: a TOML file, checked down to the last key.

    file = "(?P<building>b\\\\d+)_.*"           names for templates, taken from the file's name
    delimiter = ","                           of the CSV's cells; ";" in Danish ones
    decimal = "."                             or ",": then 1.234,5 is a number and 1.5 is none

    [time]
    column = "date"                           its text is local time of `zone`, in `format`
    format = "%Y-%m-%d %H:%M:%S %Z"           default "iso"; a last %Z is the zone's abbreviation (CET, CEST)
    zone = "Europe/Paris"                     default "UTC"
    interval_s = 3600                         what a row covers; needed for registers and traffic bins
    stamps = "start"                          or "end": the end of what the row covers

    [[reading]]                               one reading of a row; left out where the file lacks its columns
    kind = "meter"
    sensor = "{building}-electricity"         names from the file's name, or columns; {column:int} drops decimals
    constants = { medium = "electricity" }
    [reading.fields.temp_c]                   a quantity: column × factor + offset
    column = "air_temperature [degC]"
    [reading.registers.import_wh]             amounts of an interval become a cumulative register
    column = "equipment load [kWh]"
    factor = 1000
    zero_is_missing = true
    [reading.counts]                          a count without speeds; or with a histogram in percent of it
    column = "car"
    percent = "car_speed_hist_0to120plus"
    upper_edges_kmh = [5, 10]                 one class less than there are shares: the last is open

MappingError (ValueError)
└── BadKey   names file, table, key, value and what was expected
"""

from __future__ import annotations

import difflib
import re
import tomllib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from importlib.resources import files
from pathlib import Path
from typing import Any, Literal
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from bypuls.wire.kinds import KINDS


class MappingError(ValueError):
    """A mapping file that can't be used; for whoever wrote it."""


class BadKey(MappingError):
    """One key of a mapping file is wrong."""

    def __init__(self, where: str, name: str, value: object, expected: str) -> None:
        super().__init__(f"{where}: {name} = {value!r} — expected {expected}")


@dataclass(frozen=True, slots=True)
class TimeColumn:
    """Where the time stands and what it means. `interval_s` [s] is what a row covers; None = a moment."""

    column: str
    format: str = "iso"
    zone: ZoneInfo = field(default_factory=lambda: ZoneInfo("UTC"))
    interval_s: int | None = None
    stamps: Literal["start", "end"] = "start"


@dataclass(frozen=True, slots=True)
class Quantity:
    """column × factor + offset. Decimal, so that tenths of a kWh are whole Wh. An empty cell is unknown."""

    column: str
    factor: Decimal = Decimal(1)
    offset: Decimal = Decimal(0)
    zero_is_missing: bool = False


@dataclass(frozen=True, slots=True)
class Counts:
    """Vehicles of a row. `percent`: their speeds, as shares [%] of the classes up to each edge and beyond the last."""

    column: str
    percent: str | None = None
    upper_edges_kmh: tuple[float, ...] = ()


@dataclass(frozen=True, slots=True)
class ReadingRule:
    """One reading that a row gives."""

    kind: str
    sensor: str
    constants: Mapping[str, object] = field(default_factory=dict)
    fields: Mapping[str, Quantity] = field(default_factory=dict)
    registers: Mapping[str, Quantity] = field(default_factory=dict)
    counts: Counts | None = None

    @property
    def columns(self) -> set[str]:
        """The columns without which a file has no such readings."""
        found = {quantity.column for quantity in (*self.fields.values(), *self.registers.values())}
        if self.counts is not None:
            found |= {self.counts.column} | ({self.counts.percent} if self.counts.percent else set())
        return found


@dataclass(frozen=True, slots=True)
class ColumnMapping:
    """A whole mapping file. `digest_of` is its text: replay's sequence depends on it."""

    time: TimeColumn
    readings: tuple[ReadingRule, ...]
    file: re.Pattern[str] | None = None
    delimiter: str = ","
    text: str = ""
    decimal: Literal[".", ","] = "."


def shipped() -> dict[str, str]:
    """The mappings that come with bypuls: name → TOML text."""
    folder = files("bypuls.sim").joinpath("mappings")
    return {
        path.name.removesuffix(".toml"): path.read_text("utf-8")
        for path in folder.iterdir()
        if path.name.endswith(".toml")
    }


def load_mapping(name: str | Path) -> ColumnMapping:
    """The mapping of a TOML file, or a shipped one by its name. Raises MappingError, OSError."""
    own = shipped()
    if str(name) in own:
        return parse_mapping(own[str(name)], f"{name}.toml")
    path = Path(name)
    if not path.exists():
        raise MappingError(f"mapping: {str(name)!r} — expected a TOML file, or one of {', '.join(sorted(own))}")
    return parse_mapping(path.read_text("utf-8"), str(path))


def parse_mapping(text: str, source: str = "mapping") -> ColumnMapping:
    """The mapping of TOML text; `source` names it in errors. Raises MappingError."""
    try:
        top = _Table(tomllib.loads(text), source)
    except tomllib.TOMLDecodeError as error:
        raise MappingError(f"{source}: {error}") from error
    time = _time(_Table(top.take("time", dict, "a table"), f"{source}, [time]"))
    rules = top.take("reading", list, "one [[reading]] or more")
    pattern = top.take("file", str, "a regular expression", None)
    delimiter = top.take("delimiter", str, "one character", ",")
    if len(delimiter) != 1 or delimiter in '"\r\n':
        raise BadKey(source, "delimiter", delimiter, "one character, such as ;")
    decimal = top.take("decimal", str, ". or ,", ".")
    if decimal not in (".", ","):
        raise BadKey(source, "decimal", decimal, ". or ,")
    top.finish()
    try:
        compiled = re.compile(pattern) if pattern is not None else None
    except re.error as error:
        raise BadKey(source, "file", pattern, f"a regular expression ({error})") from error
    readings = tuple(_rule(_Table(rule, f"{source}, [[reading]] {i + 1}"), time) for i, rule in enumerate(rules))
    if not readings:
        raise BadKey(source, "reading", rules, "one [[reading]] or more")
    return ColumnMapping(time, readings, compiled, delimiter, text, decimal)


_REQUIRED: Any = object()


class _Table:
    """A TOML table from which every key must be taken, with its type."""

    def __init__(self, values: Any, where: str) -> None:
        if not isinstance(values, dict):
            raise MappingError(f"{where}: {values!r} — expected a table")
        self._values = dict(values)
        self._known: list[str] = []
        self.where = where

    def take(self, name: str, kind: type | tuple[type, ...], expected: str, default: Any = _REQUIRED) -> Any:
        self._known.append(name)
        if name not in self._values:
            if default is _REQUIRED:
                raise BadKey(self.where, name, None, expected)
            return default
        value = self._values.pop(name)
        if not isinstance(value, kind) or (isinstance(value, bool) and kind is not bool):
            raise BadKey(self.where, name, value, expected)
        return value

    def finish(self) -> None:
        for name, value in self._values.items():
            near = difflib.get_close_matches(name, self._known, n=1)
            raise BadKey(
                self.where,
                name,
                value,
                f"no such key; did you mean {near[0]}?" if near else f"only {', '.join(self._known)}",
            )

    def each(self, name: str, make: Callable[[_Table], Quantity]) -> dict[str, Quantity]:
        inner = _Table(self.take(name, dict, "a table of tables", {}), f"{self.where}.{name}")
        return {key: make(_Table(value, f"{inner.where}.{key}")) for key, value in inner._values.items()}


def _time(table: _Table) -> TimeColumn:
    name = table.take("zone", str, "a time zone like Europe/Copenhagen", "UTC")
    try:
        zone = ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError) as error:
        raise BadKey(table.where, "zone", name, "a time zone like Europe/Copenhagen") from error
    interval_s = table.take("interval_s", int, "whole seconds from 1 to 86400", None)
    if interval_s is not None and not 1 <= interval_s <= 86_400:
        raise BadKey(table.where, "interval_s", interval_s, "whole seconds from 1 to 86400")
    stamps = table.take("stamps", str, "start or end", "start")
    if stamps not in ("start", "end") or (stamps == "end" and interval_s is None):
        raise BadKey(table.where, "stamps", stamps, "start, or end with an interval_s")
    time = TimeColumn(
        table.take("column", str, "a column's name"),
        table.take("format", str, "iso or strptime's format", "iso"),
        zone,
        interval_s,
        stamps,
    )
    table.finish()
    return time


def _quantity(table: _Table) -> Quantity:
    quantity = Quantity(
        table.take("column", str, "a column's name"),
        Decimal(str(table.take("factor", (int, float), "a number", 1))),
        Decimal(str(table.take("offset", (int, float), "a number", 0))),
        table.take("zero_is_missing", bool, "true or false", False),
    )
    table.finish()
    return quantity


def _counts(table: _Table) -> Counts:
    edges = table.take("upper_edges_kmh", list, "rising numbers", [])
    percent = table.take("percent", str, "a column's name", None)
    if (percent is None) != (not edges):
        raise BadKey(table.where, "upper_edges_kmh", edges, "edges exactly where there is a percent column")
    counts = Counts(table.take("column", str, "a column's name"), percent, tuple(float(edge) for edge in edges))
    table.finish()
    return counts


def _rule(table: _Table, time: TimeColumn) -> ReadingRule:
    kind = table.take("kind", str, f"one of {', '.join(KINDS)}")
    if kind not in KINDS:
        raise BadKey(table.where, "kind", kind, f"one of {', '.join(KINDS)}")
    counts = table.take("counts", dict, "a table", None)
    rule = ReadingRule(
        kind,
        table.take("sensor", str, "an id with {columns} in it"),
        table.take("constants", dict, "a table", {}),
        table.each("fields", _quantity),
        table.each("registers", _quantity),
        None if counts is None else _counts(_Table(counts, f"{table.where}.counts")),
    )
    table.finish()
    specs = KINDS[kind].specs
    for name in (*rule.constants, *rule.fields, *rule.registers):
        if name not in specs:
            near = difflib.get_close_matches(name, specs, n=1)
            raise BadKey(table.where, name, "", f"a field of {kind}" + (f"; did you mean {near[0]}?" if near else ""))
    for name in rule.registers:
        if specs[name].role != "register":
            raise BadKey(table.where, f"registers.{name}", specs[name].role, "a register of the contract")
    if time.interval_s is None and (rule.registers or rule.counts):
        raise BadKey(table.where, "interval_s", None, "an interval_s in [time]: a row must say what it covers")
    if (rule.counts is not None) != (kind == "traffic_bin"):
        raise BadKey(table.where, "counts", counts, "counts exactly for traffic_bin")
    return rule
