"""Which registers are asked for, and how a profile makes a reading of their words: {(function, address): word} in.

Pure: no line is opened here.
"""

from __future__ import annotations

import math
import struct
from collections.abc import Mapping, Sequence
from decimal import Decimal

from bypuls.edge.drivers.d4i import decode_scaled
from bypuls.edge.drivers.modbus_profile import Profile, Register
from bypuls.edge.drivers.patience import BadFrame
from bypuls.wire import KINDS, Reading

Words = Mapping[tuple[int, int], int]

_D4I_BYTES = {"d4i-power": 5, "d4i-energy": 7}
_FLOAT_DIGITS = {"float32": (">f", 6, 10), "float64": (">d", 15, 18)}


def spans(registers: Sequence[Register], offset: int = 0) -> list[tuple[int, int, int]]:
    """[(function, address, words)]: adjacent registers read at once, 125 at most; nothing between them, which a device
    may refuse to tell."""
    found: list[tuple[int, int, int]] = []
    parts = {(r.function, address + offset, r.words) for r in registers for address in r.addresses}
    for function, address, words in sorted(parts):
        if (
            found
            and found[-1][0] == function
            and found[-1][1] + found[-1][2] == address
            and found[-1][2] + words <= 125
        ):
            found[-1] = (function, found[-1][1], found[-1][2] + words)
        else:
            found.append((function, address, words))
    return found


def raw_bytes(words: Words, register: Register, address: int) -> bytes:
    """The register's bytes at `address`, most significant first. Raises BadFrame for words that are absent or none."""
    try:
        found = [words[register.function, place] for place in range(address, address + register.words)]
    except KeyError as error:
        raise BadFrame(f"register {address:#06x}: absent — expected {register.words} words") from error
    if not all(0 <= word <= 0xFFFF for word in found):
        raise BadFrame(f"register {address:#06x}: {found!r} — expected words within 0…65535")
    if not register.high_first:
        found.reverse()
    return struct.pack(f">{len(found)}H", *found)


def decode_float(raw: bytes, of_type: str = "float32") -> Decimal:
    """An IEEE float as the shortest decimal that is this float: what the meter's own display is nearest to.

    Raises BadFrame for what is no number.
    """
    code, fewest, most = _FLOAT_DIGITS[of_type]
    (value,) = struct.unpack(code, raw)
    if not math.isfinite(value):
        raise BadFrame(f"{value} — expected a number")
    for digits in range(fewest, most):
        text = f"{value:.{digits}g}"
        if struct.pack(code, float(text)) == raw:
            return Decimal(text)
    return Decimal(value)


def _quantity(raw: bytes, register: Register) -> Decimal | None:
    """The number in the contract's unit; None = the device says that it has none. Raises BadFrame."""
    if register.type in _FLOAT_DIGITS:
        return decode_float(raw, register.type) * register.factor
    if register.type in _D4I_BYTES:
        size = _D4I_BYTES[register.type]
        if any(raw[:-size]):
            raise BadFrame(f"{raw.hex(' ')} — expected {size} bytes of a memory bank, the first word's high byte 0")
        scaled = decode_scaled(raw[-size:])
        return None if scaled is None else scaled * register.factor
    value = int.from_bytes(raw, "big", signed=register.type.startswith("int"))
    return None if value in register.none else value * register.factor


def decode_register(words: Words, register: Register, offset: int = 0) -> object:
    """The register's value as the contract has it; None = no value. Raises BadFrame with the address."""
    spec_values: list[float] = []
    for place in register.addresses:
        address = place + offset
        raw = raw_bytes(words, register, address)
        try:
            if register.field == "serial":
                return _serial(raw, register)
            if register.type == "bits":
                bits = int.from_bytes(raw, "big")
                return None if bits in register.none else tuple(n for bit, n in register.events if bits >> bit & 1)
            number = _quantity(raw, register)
        except BadFrame as error:
            raise BadFrame(f"register {address:#06x}: {error}") from error
        if number is None:
            # A phase that is unknown makes the list unknown: its places are the phases.
            return None
        spec_values.append(float(number))
    return tuple(spec_values)


def _serial(raw: bytes, register: Register) -> str | None:
    if register.type != "text":
        number = int.from_bytes(raw, "big")
        return str(number) if number and number not in register.none else None
    # Some meters hold one character in a word, some two: the zeros are no part of the number.
    text = raw.replace(b"\0", b"").strip()
    if not all(0x20 <= byte < 0x7F for byte in text):
        raise BadFrame(f"{raw.hex(' ')} — expected a text")
    return text.decode("ascii") or None


def decode_reading(
    sensor: str, profile: Profile, words: Words, *, serial: str | None = None, offset: int = 0
) -> Reading:
    """The reading of `sensor` from its register words. Raises BadFrame, BadField."""
    kind = KINDS[profile.kind]
    values: dict[str, object] = {}
    for register in profile.registers:
        value = decode_register(words, register, offset)
        if value is None:
            continue
        match kind.specs[register.field].role:
            case "phases" | "events":
                values[register.field] = value
            case "flag":
                values[register.field] = bool(value[0])  # type: ignore[index]
            case _:
                values[register.field] = value[0]  # type: ignore[index]
    if profile.medium is not None:
        values["medium"] = profile.medium
    if serial is not None:
        values["serial"] = serial
    if set(values) <= {"medium", "serial"}:
        raise BadFrame("no register has a value — expected at least one")
    return kind(sensor=sensor, **values)  # type: ignore[arg-type]
