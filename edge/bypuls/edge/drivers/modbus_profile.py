"""Register maps of Modbus devices as data: a profile is a TOML file, shipped in profiles/ or the operator's own.

    name = "Eastron SDM630"
    kind = "meter"                # of the contract: meter, lamp, cabinet, weather
    medium = "electricity"        # of meters
    source = "document, its version and date"
    checked = 2026-11-26          # when the addresses were compared with that source
    function = 4                  # 3 = holding registers, 4 = input registers
    word_order = "high-first"     # of what is longer than a word

    [[field]]
    field = "import_wh"           # of the contract
    address = 0x0048              # as on the wire, from 0; phases: addresses = [0, 2, 4]
    type = "float32"
    scale = 1                     # the number in the register × scale is in `unit`
    unit = "kWh"                  # turned into the contract's unit

Some meters tell energy in the unit that they were ordered with. Then `energy_units = ["kWh", "MWh", "GJ"]` lists what
it can be, such a field has `unit = "energy_unit"`, and who installs the meter says which (`in_energy_unit`).

Reading it is pure: text in, a Profile out. What is wrong raises BadProfile with the place, the value and what was
expected.
"""

from __future__ import annotations

import difflib
import tomllib
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal
from importlib.resources import files
from typing import Any

from bypuls.edge.drivers.modbus_types import FLOATS, UNITS, WORDS
from bypuls.wire import KINDS
from bypuls.wire.fields import TALQ_EVENTS, Spec
from bypuls.wire.kinds import MEDIA

_TOP = (
    "name", "kind", "medium", "source", "checked", "note", "function", "word_order", "stride", "energy_units", "serial",
    "field",
)  # fmt: skip
_FIELD = ("field", "address", "addresses", "type", "words", "scale", "unit", "function", "word_order", "none", "events")
AS_ORDERED = "energy_unit"
_FIELD_EXPECTED = "one register's table"


class BadProfile(ValueError):
    """A profile is wrong: says where, what stands there, and what was expected."""

    def __init__(self, place: str, value: object, expected: str) -> None:
        super().__init__(f"{place} = {value!r} — expected {expected}")
        self.expected = expected


@dataclass(frozen=True, slots=True)
class Register:
    """A value of the device: `addresses` (one per phase), how it is held, and what it is in the contract."""

    field: str
    addresses: tuple[int, ...]
    type: str
    words: int
    function: int
    high_first: bool
    factor: Decimal = Decimal(1)
    none: tuple[int, ...] = ()
    events: tuple[tuple[int, str], ...] = ()
    as_ordered: bool = False
    """In the unit that the meter was ordered with: `factor` is the scale alone."""


@dataclass(frozen=True, slots=True)
class Profile:
    """One model's register map. `serial` is asked for once and may be refused; `stride` lies between like units.

    energy_units : what the meter's unit can be, where it isn't always the same; until one is chosen nothing is read.
    """

    id: str
    name: str
    kind: str
    source: str
    checked: date
    registers: tuple[Register, ...]
    medium: str | None = None
    serial: Register | None = None
    stride: int | None = None
    energy_units: tuple[str, ...] = ()

    def in_energy_unit(self, unit: str) -> Profile:
        """The profile of a meter that was ordered with `unit`, one of `energy_units`."""
        if unit not in self.energy_units:
            raise ValueError(f"energy unit {unit!r} — expected one of {', '.join(self.energy_units)}")
        size = UNITS["Wh"][unit]
        registers = tuple(
            replace(row, factor=row.factor * size, as_ordered=False) if row.as_ordered else row
            for row in self.registers
        )
        return replace(self, registers=registers, energy_units=())


def shipped() -> tuple[str, ...]:
    """The ids of the profiles that come with the edge."""
    folder = files("bypuls.edge.drivers") / "profiles"
    return tuple(sorted(file.name.removesuffix(".toml") for file in folder.iterdir() if file.name.endswith(".toml")))


def load_shipped(profile: str) -> Profile:
    """The profile `profile` that comes with the edge. Raises BadProfile, with the nearest one that is there."""
    known = shipped()
    if profile not in known:
        near = difflib.get_close_matches(profile, known, n=1)
        hint = f"one of {', '.join(known)}" + (f"; did you mean {near[0]}?" if near else "")
        raise BadProfile("profile", profile, hint)
    return parse(profile, (files("bypuls.edge.drivers") / "profiles" / f"{profile}.toml").read_text("utf-8"))


def parse(profile: str, text: str) -> Profile:
    """The profile `profile` from its TOML text. Raises BadProfile."""
    try:
        # Decimal, so that a scale of 0.1 is a tenth.
        table = tomllib.loads(text, parse_float=Decimal)
    except tomllib.TOMLDecodeError as error:
        raise BadProfile(profile, "…", f"TOML: {error}") from error
    _refuse_unknown(profile, table, _TOP)
    kind = _choice(
        profile, table, "kind", tuple(name for name in KINDS if name in ("meter", "lamp", "cabinet", "weather"))
    )
    medium = _choice(profile, table, "medium", MEDIA) if kind == "meter" else None
    if kind != "meter" and "medium" in table:
        raise BadProfile(f"{profile}: medium", table["medium"], f"none: a {kind} has no medium")
    checked = table.get("checked")
    if not isinstance(checked, date):
        raise BadProfile(f"{profile}: checked", checked, "the day on which it was compared with the source: 2026-11-26")
    rows = table.get("field")
    if not isinstance(rows, list) or not rows:
        raise BadProfile(f"{profile}: field", rows, "at least one [[field]] table")
    energy_units = _energy_units(profile, table)
    registers = tuple(
        _register(f"{profile}: field {n}", row, table, KINDS[kind].specs) for n, row in enumerate(rows, 1)
    )
    if bool(energy_units) != any(register.as_ordered for register in registers):
        raise BadProfile(
            f"{profile}: energy_units",
            table.get("energy_units"),
            f'a list where a field has unit = "{AS_ORDERED}", and only there',
        )
    names = [register.field for register in registers]
    for name in names:
        if names.count(name) > 1:
            raise BadProfile(f"{profile}: field", name, "each field once")
    serial = None
    if "serial" in table:
        if kind != "meter":
            raise BadProfile(f"{profile}: serial", table["serial"], f"none: a {kind} has no serial number")
        place = f"{profile}: serial"
        row = table["serial"]
        if not isinstance(row, dict) or "field" in row:
            raise BadProfile(place, row, "a table without `field`")
        serial = _register(place, {"field": "serial", **row}, table, {"serial": KINDS[kind].specs["serial"]})
    return Profile(
        id=profile,
        name=_text(profile, table, "name"),
        kind=kind,
        source=_text(profile, table, "source"),
        checked=checked,
        registers=registers,
        medium=medium,
        serial=serial,
        stride=_whole(profile, table, "stride", 1, 65_535) if "stride" in table else None,
        energy_units=energy_units,
    )


def _energy_units(profile: str, table: Mapping[str, Any]) -> tuple[str, ...]:
    found = table.get("energy_units", [])
    if not isinstance(found, list) or not all(isinstance(unit, str) and unit in UNITS["Wh"] for unit in found):
        raise BadProfile(f"{profile}: energy_units", found, f"a list of {', '.join(UNITS['Wh'])}")
    return tuple(found)


def _register(place: str, row: object, top: Mapping[str, Any], specs: Mapping[str, Spec]) -> Register:
    if not isinstance(row, dict):
        raise BadProfile(place, row, _FIELD_EXPECTED)
    _refuse_unknown(place, row, _FIELD)
    field = _choice(place, row, "field", tuple(name for name in specs if name != "medium"))
    spec = specs[field]
    of_type = _choice(place, row, "type", tuple(WORDS))
    _suits(place, field, spec, of_type)
    words = _whole(place, row, "words", 1, 32) if of_type == "text" else WORDS[of_type]
    if of_type != "text" and "words" in row:
        raise BadProfile(f"{place}: words", row["words"], f"none: {of_type} has {words}")
    scale = row.get("scale", 1)
    if isinstance(scale, bool) or not isinstance(scale, int | Decimal) or not Decimal(scale).is_finite() or scale <= 0:
        raise BadProfile(f"{place}: scale", scale, "a number above 0")
    factor = Decimal(scale)
    if spec.role in ("gauge", "register", "phases"):
        units = dict(UNITS[spec.unit])
        if spec.unit == "Wh":
            units[AS_ORDERED] = Decimal(1)
        unit = row.get("unit", "" if spec.unit == "" else None)
        if not isinstance(unit, str) or unit not in units:
            raise BadProfile(f"{place}: unit", unit, f"one of {', '.join(units)}")
        factor *= units[unit]
    elif "unit" in row or "scale" in row:
        raise BadProfile(f"{place}: unit", row.get("unit", scale), f"none: {field} is no quantity")
    inherited = {name: row.get(name, top.get(name)) for name in ("function", "word_order")}
    return Register(
        field=field,
        addresses=_addresses(place, row, spec, words),
        type=of_type,
        words=words,
        function=_whole(place, inherited, "function", 3, 4),
        high_first=_choice(place, {"word_order": "high-first"} | {k: v for k, v in inherited.items() if v is not None},
                           "word_order", ("high-first", "low-first")) == "high-first",
        factor=factor,
        none=_no_values(place, row, of_type),
        events=_events(place, row, of_type),
        as_ordered=row.get("unit") == AS_ORDERED,
    )  # fmt: skip


def _suits(place: str, field: str, spec: Spec, of_type: str) -> None:
    """Whether a register of this type can be that field."""
    match spec.role:
        case "events":
            right = of_type == "bits"
        case "text":
            right = of_type in ("text", "uint32", "uint64", "uint16")
        case "flag":
            right = of_type not in ("text", "d4i-power", "d4i-energy", *FLOATS)
        case _:
            right = of_type not in ("text", "bits")
    if not right:
        raise BadProfile(f"{place}: type", of_type, f"a type that {field} can have ({spec.role})")


def _addresses(place: str, row: Mapping[str, Any], spec: Spec, words: int) -> tuple[int, ...]:
    if "addresses" in row:
        found = row["addresses"]
        if spec.role != "phases" or "address" in row:
            raise BadProfile(f"{place}: addresses", found, "`address`; several are for voltages and currents per phase")
        if not isinstance(found, list) or not found:
            raise BadProfile(f"{place}: addresses", found, "a list of addresses, one per phase")
    else:
        found = [row.get("address")]
    for address in found:
        if type(address) is not int or not 0 <= address <= 65_536 - words:
            raise BadProfile(f"{place}: address", address, "a whole number within 0…65535, as on the wire")
    return tuple(found)


def _no_values(place: str, row: Mapping[str, Any], of_type: str) -> tuple[int, ...]:
    found = row.get("none", [])
    if not isinstance(found, list) or not all(type(value) is int for value in found):
        raise BadProfile(f"{place}: none", found, "a list of whole numbers that stand for 'no value'")
    if found and of_type in (*FLOATS, "text"):
        raise BadProfile(f"{place}: none", found, f"none: a {of_type} says it itself (not a number, empty)")
    return tuple(found)


def _events(place: str, row: Mapping[str, Any], of_type: str) -> tuple[tuple[int, str], ...]:
    found = row.get("events", [])
    if (of_type == "bits") != ("events" in row):
        raise BadProfile(f"{place}: events", found, 'names of faults by bit, of type "bits": ["lampFailure", "", …]')
    if not isinstance(found, list) or len(found) > 16:
        raise BadProfile(f"{place}: events", found, "a list of at most 16 names, bit 0 first")
    for name in found:
        if name != "" and name not in TALQ_EVENTS:
            raise BadProfile(f"{place}: events", name, f"one of {', '.join(TALQ_EVENTS)}, or an empty text")
    return tuple((bit, name) for bit, name in enumerate(found) if name)


def _refuse_unknown(place: str, table: Mapping[str, Any], known: Collection[str]) -> None:
    for key, value in table.items():
        if key not in known:
            near = difflib.get_close_matches(key, known, n=1)
            hint = f"no such key; did you mean {near[0]}?" if near else f"only {', '.join(known)}"
            raise BadProfile(f"{place}: {key}", value, hint)


def _text(place: str, table: Mapping[str, Any], key: str) -> str:
    value = table.get(key)
    if isinstance(value, str) and value:
        return value
    raise BadProfile(f"{place}: {key}", value, "a text")


def _whole(place: str, table: Mapping[str, Any], key: str, low: int, high: int) -> int:
    value = table.get(key)
    if type(value) is int and low <= value <= high:
        return value
    raise BadProfile(f"{place}: {key}", value, f"a whole number within {low}…{high}")


def _choice(place: str, table: Mapping[str, Any], key: str, choices: Sequence[str]) -> str:
    value = table.get(key)
    if isinstance(value, str) and value in choices:
        return value
    raise BadProfile(f"{place}: {key}", value, f"one of {', '.join(choices)}")
