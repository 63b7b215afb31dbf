"""The registers of Eastron's SDM energy meters, as data, and their decoding. Pure: register words in, a Meter out.

Every value is a 32-bit IEEE float in two input registers (function 4), high word first; energy is in kWh.
Source: Eastron, "SDM120/SDM220/SDM230/SDM630/SDM72 Modbus protocol" (input registers 30001…30343; the address on the
wire is the number − 30001).
"""

from __future__ import annotations

import math
import struct
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from types import MappingProxyType

from bypuls.edge.drivers.patience import BadFrame
from bypuls.wire import Meter

Words = Mapping[int, int]


@dataclass(frozen=True, slots=True)
class Register:
    """A value at `addresses` (one per phase) for the Meter's `field`, in the field's unit once times `scale`."""

    field: str
    addresses: tuple[int, ...]
    scale: int = 1


_SINGLE_PHASE = (
    Register("voltage_v", (0x0000,)),
    Register("current_a", (0x0006,)),
    Register("power_w", (0x000C,)),
    Register("power_factor", (0x001E,)),
    Register("import_wh", (0x0048,), 1000),
    Register("export_wh", (0x004A,), 1000),
)
_THREE_PHASE = (
    Register("voltage_v", (0x0000, 0x0002, 0x0004)),
    Register("current_a", (0x0006, 0x0008, 0x000A)),
    Register("power_w", (0x0034,)),
    Register("power_factor", (0x003E,)),
    Register("import_wh", (0x0048,), 1000),
    Register("export_wh", (0x004A,), 1000),
)

MODELS: Mapping[str, tuple[Register, ...]] = MappingProxyType(
    {
        "sdm120": _SINGLE_PHASE,
        "sdm220": _SINGLE_PHASE,
        "sdm230": _SINGLE_PHASE,
        "sdm630": _THREE_PHASE,
        # The SDM72D shows totals alone.
        "sdm72": (
            Register("power_w", (0x0034,)),
            Register("import_wh", (0x0048,), 1000),
            Register("export_wh", (0x004A,), 1000),
        ),
    }
)

# Serial number: a 32-bit whole number in two holding registers (464513 in Eastron's numbering). Older meters lack it.
SERIAL_ADDRESS = 0xFC00

_PHASES = ("voltage_v", "current_a")


def spans(registers: tuple[Register, ...]) -> list[tuple[int, int]]:
    """[(address, words)]: adjacent values read at once, and nothing between them, which a meter may refuse to tell."""
    found: list[tuple[int, int]] = []
    for address in sorted(address for register in registers for address in register.addresses):
        if found and sum(found[-1]) == address:
            found[-1] = (found[-1][0], found[-1][1] + 2)
        else:
            found.append((address, 2))
    return found


def decode_float(words: Words, address: int) -> Decimal:
    """The value at `address`, as the shortest decimal that is this float: what the meter's own display is nearest to.

    Raises BadFrame for what is no number.
    """
    try:
        raw = struct.pack(">HH", words[address], words[address + 1])
    except KeyError as error:
        raise BadFrame(f"register {address:#06x}: absent — expected two words") from error
    except struct.error as error:
        raise BadFrame(f"register {address:#06x}: {words[address]!r}, … — expected words within 0…65535") from error
    (value,) = struct.unpack(">f", raw)
    if not math.isfinite(value):
        raise BadFrame(f"register {address:#06x}: {value} — expected a number")
    for digits in range(6, 10):
        text = f"{value:.{digits}g}"
        if struct.pack(">f", float(text)) == raw:
            return Decimal(text)
    return Decimal(value)


def decode_meter(sensor: str, model: str, words: Words, *, serial: str | None = None) -> Meter:
    """The electricity meter of `sensor` from its register words by address. Raises BadFrame, BadField."""
    values: dict[str, float | tuple[float, ...]] = {}
    for register in MODELS[model]:
        numbers = tuple(float(decode_float(words, address) * register.scale) for address in register.addresses)
        values[register.field] = numbers if register.field in _PHASES else numbers[0]
    return Meter(sensor=sensor, medium="electricity", serial=serial, **values)  # type: ignore[arg-type]
