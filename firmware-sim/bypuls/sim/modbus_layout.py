"""Where a simulated Modbus device holds what: read from a register map in TOML, the form that the edge's profiles have.

Knows nothing of the driver: the same file is read here to encode and there to decode, by different code.
"""

from __future__ import annotations

import struct
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

Function = Literal[3, 4]
Value = float | bool | str | tuple[float, ...] | tuple[str, ...] | None

_INTEGERS = {
    "uint16": ">H", "int16": ">h", "bits": ">H", "uint32": ">I", "int32": ">i", "uint64": ">Q", "int64": ">q",
}  # fmt: skip
_FLOATS = {"float32": ">f", "float64": ">d"}
_D4I = {"d4i-power": (6, 4), "d4i-energy": (8, 6)}  # bytes of the registers, bytes of the value
_TO_CONTRACT = {
    "kWh": 1e3, "MWh": 1e6, "MJ": 1e6 / 3600, "GJ": 1e9 / 3600, "kW": 1e3, "mA": 1e-3, "l": 1e-3, "l/h": 1e-3,
    "min": 60.0, "h": 3600.0,
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Place:
    """One value: field of the contract, addresses (one per phase), type, and how much one step of it is."""

    field: str
    addresses: tuple[int, ...]
    type: str
    size: int
    function: int
    low_first: bool
    step: float
    none: int | None = None
    events: tuple[str, ...] = ()

    def words(self, value: Value) -> list[list[int]]:
        """The registers of each address; what the device doesn't know is its 'no value', or zeros where it has none."""
        parts = value if isinstance(value, tuple) and not self.events else (value,) * len(self.addresses)
        encoded = [self._encode(part) for part in parts]
        return [list(reversed(words)) if self.low_first else words for words in encoded]

    def _encode(self, value: object) -> list[int]:
        if self.type == "text":
            raw = str(value or "").encode("ascii").ljust(2 * self.size, b"\0")[: 2 * self.size]
        elif self.type in _FLOATS:
            raw = struct.pack(_FLOATS[self.type], _number(value) / self.step)
        elif self.type in _D4I:
            raw = self._d4i(value)
        elif value is None and self.none is not None:
            raw = (self.none % (1 << 16 * self.size)).to_bytes(2 * self.size, "big")
        elif self.type == "bits":
            names = value if isinstance(value, tuple) else ()
            raw = struct.pack(">H", sum(1 << bit for bit, name in enumerate(self.events) if name and name in names))
        elif isinstance(value, str):
            raw = struct.pack(_INTEGERS[self.type], int(value))
        else:
            raw = struct.pack(_INTEGERS[self.type], round(_number(value) / self.step))
        return list(struct.unpack(f">{len(raw) // 2}H", raw))

    def _d4i(self, value: object) -> bytes:
        whole, size = _D4I[self.type]
        if value is None:
            return bytes(whole - size) + b"\xff" * size
        number = round(_number(value) / self.step * 100)
        return (b"\xfe" + number.to_bytes(size, "big")).rjust(whole, b"\0")


def _number(value: object) -> float:
    return float(value) if isinstance(value, bool | int | float) else 0.0


@dataclass(frozen=True, slots=True)
class Layout:
    """All that a device holds. `stride` lies between like units behind one address (lamps of a gateway)."""

    name: str
    places: tuple[Place, ...]
    serial: Place | None = None
    stride: int = 0


def layout(text: str, energy_unit: str = "MWh") -> Layout:
    """The layout from a register map in TOML, of a meter that was ordered with `energy_unit` where the map leaves that
    open. Raises tomllib.TOMLDecodeError, KeyError for what is missing."""
    table = {"energy_unit": energy_unit} | tomllib.loads(text)
    serial = table.get("serial")
    return Layout(
        name=table["name"],
        places=tuple(_place(row, table) for row in table["field"]),
        serial=_place({"field": "serial", **serial}, table) if serial else None,
        stride=table.get("stride", 0),
    )


def _place(row: Mapping[str, Any], table: Mapping[str, Any]) -> Place:
    of_type = row["type"]
    if of_type in _D4I:
        size = _D4I[of_type][0] // 2
    elif of_type == "text":
        size = row["words"]
    else:
        size = struct.calcsize(_INTEGERS.get(of_type) or _FLOATS[of_type]) // 2
    none = row.get("none", [])
    unit = row.get("unit", "")
    step = row.get("scale", 1) * _TO_CONTRACT.get(table["energy_unit"] if unit == "energy_unit" else unit, 1.0)
    if row["field"] == "leakage_ma":  # the contract's own unit is the milliampere here
        step *= 1000.0
    return Place(
        field=row["field"],
        addresses=tuple(row.get("addresses", [row.get("address")])),
        type=of_type,
        size=size,
        function=row.get("function", table.get("function")),
        low_first=row.get("word_order", table.get("word_order")) == "low-first",
        step=step,
        none=none[0] if none else None,
        events=tuple(row.get("events", ())),
    )


def _sdm(name: str, phases: int, power: int, power_factor: int | None) -> Layout:
    """An Eastron meter of the SDM family; `phases` 0 = it shows totals alone. Source: Eastron's Modbus protocols."""

    def place(field: str, *addresses: int, step: float = 1.0) -> Place:
        return Place(field, addresses, "float32", 2, 4, False, step)

    places = [place("power_w", power), place("import_wh", 0x48, step=1e3), place("export_wh", 0x4A, step=1e3)]
    if phases:
        places.append(place("voltage_v", *(2 * n for n in range(phases))))
        places.append(place("current_a", *(6 + 2 * n for n in range(phases))))
    if power_factor is not None:
        places.append(place("power_factor", power_factor))
    return Layout(name, tuple(places), Place("serial", (0xFC00,), "uint32", 2, 3, False, 1.0))


_SINGLE = {name: _sdm(name, 1, 0x0C, 0x1E) for name in ("sdm120", "sdm220", "sdm230")}
LAYOUTS: Mapping[str, Layout] = {
    **_SINGLE,
    "sdm630": _sdm("sdm630", 3, 0x34, 0x3E),
    "sdm72": _sdm("sdm72", 0, 0x34, None),
}
