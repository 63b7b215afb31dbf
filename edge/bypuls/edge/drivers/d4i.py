"""Values of DALI-2/D4i memory banks 202, 205 and 206: energy, power and diagnosis as the lamp's own driver keeps them.

Source: DiiA, DALI Part 252 (energy reporting, bank 202) and Part 253 (diagnostics, banks 205 and 206): the most
significant byte first; before an energy or a power stands a scale byte, the power of ten as a signed whole number. All
ones (MASK) = not implemented; all ones − 1 (TMASK) = not known just now. Both are no value.
"""

from __future__ import annotations

from decimal import Decimal

from bypuls.edge.drivers.patience import BadFrame


def decode_value(raw: bytes) -> int | None:
    """An unsigned value of 1…6 bytes, or None where it says that it has none. Raises BadFrame."""
    if not 1 <= len(raw) <= 6:
        raise BadFrame(f"{raw.hex(' ')} — expected 1 to 6 bytes of a memory bank's value")
    value = int.from_bytes(raw, "big")
    return None if value >= (1 << 8 * len(raw)) - 2 else value


def decode_scaled(raw: bytes) -> Decimal | None:
    """A scale byte and the value after it, in Wh or W: `FE 00 00 30 39` → 123.45. None = no value. Raises BadFrame."""
    if len(raw) < 2:
        raise BadFrame(f"{raw.hex(' ')} — expected a scale byte and a value")
    exponent = int.from_bytes(raw[:1], "big", signed=True)
    value = decode_value(raw[1:])
    if value is None:
        return None
    # The standard's own range; a byte beyond it is not a scale (0x7F: not implemented).
    if not -6 <= exponent <= 6:
        raise BadFrame(f"{raw.hex(' ')} — expected a scale byte within −6…6")
    return Decimal(value).scaleb(exponent)
