"""M-Bus telegrams to records. Pure: a frame's bytes in, a Telegram out. pyMeterBus does the splitting.

Source: EN 13757-2 (frames), EN 13757-3 (records); the M-Bus documentation, chapters 5, 6 and 8.

Where pyMeterBus 0.8.5 needs help, all of it is here:
- its `load` takes a telegram of 0x44 bytes for a wireless one, by that length: the wired parser is called by name;
- it looks at neither the second length byte, the second start byte nor the stop byte: `check_frame` does;
- it takes a telegram that ends in the middle of a record, leaving that record without a value: refused here;
- it lets IndexError, KeyError, TypeError and others out for telegrams that make no sense: each is a BadFrame here;
- it multiplies by a binary 0.01 (26 × 0.01 = 0.26000000000000001): scaled here by an exact division;
- it makes numbers of BCD digits A…F and of the integer that EN 13757-3 reserves for 'invalid': None here;
- it has no unit for energy in GJ (VIF FB 08, FB 09).
"""

from __future__ import annotations

import math
import struct
from dataclasses import dataclass

import meterbus

from bypuls.edge.drivers.patience import BadFrame

ACKNOWLEDGE = 0xE5
_SHORT, _LONG, _STOP = 0x10, 0x68, 0x16
_VARIABLE = (0x72, 0x76)

# EN 13757-3, application errors (CI 70): the meter's own words for what it can't do.
_APPLICATION_ERRORS = {
    0: "unspecified error",
    1: "the request's CI field is not implemented",
    2: "buffer too long, truncated",
    3: "too many records",
    4: "premature end of record",
    5: "more than 10 DIFEs",
    6: "more than 10 VIFEs",
    8: "application too busy",
    9: "too many readouts",
}


@dataclass(frozen=True, slots=True)
class Record:
    """One data record. `value` in `unit`, or None where the meter marks it invalid or sends none.

    `extended`: a further VIFE changes the meaning (per phase, negative, the manufacturer's own); `vib` has its code.
    """

    value: float | str | None
    unit: str
    quantity: str
    function: str
    storage: int
    tariff: int
    device: int
    vib: bytes
    extended: bool


@dataclass(frozen=True, slots=True)
class Telegram:
    """A meter's answer: who it is, and its records. `serial` is the 8-digit identification number."""

    serial: str
    manufacturer: str
    version: int
    medium: int
    access: int
    status: int
    records: tuple[Record, ...]
    more_follow: bool


def frame_length(start: bytes) -> int | None:
    """How many bytes the frame has that begins with `start`; None until enough of it is there. Raises BadFrame."""
    if not start:
        return None
    match start[0]:
        case 0xE5:
            return 1
        case 0x10:
            return 5
        case 0x68:
            if len(start) < 4:
                return None
            if start[1] != start[2] or start[3] != _LONG or start[1] < 3:
                raise BadFrame(f"{start[:4].hex(' ')} — expected 68 L L 68 with L from 3")
            return start[1] + 6
    raise BadFrame(f"{start[:4].hex(' ')} — expected a frame that starts with E5, 10 or 68")


def check_frame(frame: bytes) -> None:
    """Raises BadFrame where length, start, checksum or stop byte of a short or long frame are wrong."""
    length = frame_length(frame)
    if length is None or len(frame) != length:
        raise BadFrame(f"{len(frame)} bytes — expected a frame of {'at least 4' if length is None else length}")
    if length == 1:
        return
    body = frame[1:-2] if frame[0] == _SHORT else frame[4:-2]
    if sum(body) % 256 != frame[-2]:
        raise BadFrame(f"checksum {frame[-2]:02x} — expected {sum(body) % 256:02x}")
    if frame[-1] != _STOP:
        raise BadFrame(f"stop byte {frame[-1]:02x} — expected 16")


def decode_telegram(frame: bytes) -> Telegram:
    """The telegram of one long frame (RSP_UD). Raises BadFrame, with the meter's own reason where it sends one."""
    check_frame(frame)
    if frame[0] != _LONG:
        raise BadFrame(f"{frame.hex(' ')} — expected a long frame with data")
    control = frame[6]
    if control == 0x70:
        code = frame[7] if frame[1] > 3 else 0
        raise BadFrame(f"the meter reports an application error: {_APPLICATION_ERRORS.get(code, f'code {code}')}")
    if control not in _VARIABLE:
        raise BadFrame(f"CI field {control:02x} — expected 72 or 76, variable data")
    if frame[1] < 15:
        raise BadFrame(f"{frame[1]} bytes of data — expected a header of 12 after the CI field")
    try:
        loaded = meterbus.TelegramLong.parse(list(frame))
        header = loaded.body.bodyHeader
        identification = bytes(header.id_nr)
        if any(digit > 9 for byte in identification for digit in (byte >> 4, byte & 15)):
            raise BadFrame(f"identification {identification.hex()} — expected decimal digits")
        return Telegram(
            serial=identification.hex(),
            manufacturer=header.manufacturer_field.decodeManufacturer,
            version=header.version_field.parts[0],
            medium=header.measure_medium_field.parts[0],
            access=header.acc_nr_field.parts[0],
            status=header.status_field.parts[0],
            records=tuple(_record(record) for record in loaded.records),
            more_follow=loaded.more_records_follow,
        )
    except (
        meterbus.MBusFrameDecodeError,
        meterbus.FrameMismatch,
        meterbus.exceptions.MBusError,
        ArithmeticError,
        AttributeError,
        LookupError,
        NameError,
        TypeError,
        struct.error,
    ) as error:
        raise BadFrame(f"records that can't be told apart: {error!r}") from error


def _record(record: meterbus.TelegramVariableDataRecord) -> Record:
    """One record of pyMeterBus. Raises BadFrame where the telegram ends within it."""
    storage, tariff, device = record.dib.parse_dife()
    vib = bytes(record.vib.parts)
    data = bytes(record.dataField.parts)
    length, encoding = record.dib.length_encoding
    if (
        encoding is not meterbus.DataEncoding.ENCODING_VARIABLE_LENGTH
        and not record.dib.is_eoud
        and len(data) != length
    ):
        raise BadFrame(f"{len(data)} bytes in the record {bytes(record.dib.parts).hex()} — expected {length}")
    factor, unit, quantity = _meaning(record)
    return Record(
        value=_value(record, data, factor),
        unit=unit,
        quantity=quantity,
        function=record.dib.function_type.name,
        storage=storage,
        tariff=tariff or 0,
        device=device or 0,
        vib=vib,
        extended=len(vib) > (2 if vib[:1] in (b"\xfb", b"\xfd") else 1),
    )


def _meaning(record: meterbus.TelegramVariableDataRecord) -> tuple[float, str, str]:
    """(factor, unit, quantity) of a record's VIF; empty texts where it has none."""
    vib = bytes(record.vib.parts)
    if not vib:
        return 1.0, "", ""
    if vib[0] == 0xFB and vib[1] & 0x7F in (0x08, 0x09):
        return 10.0 ** (8 + (vib[1] & 1)), "J", "ENERGY_J"
    factor, unit, quantity, _ = record._parse_vifx()  # the only way to its factor without its rounding
    return (
        1.0 if factor is None else float(factor),
        unit.value if isinstance(unit, meterbus.MeasureUnit) else str(unit or ""),
        quantity if isinstance(quantity, str) else getattr(quantity, "name", ""),
    )


def _value(record: meterbus.TelegramVariableDataRecord, data: bytes, factor: float) -> float | str | None:
    encoding = meterbus.DataEncoding
    _, kind = record.dib.length_encoding
    unit = record.unit if record.vib.parts else None
    if record.dib.is_eoud:
        return data.hex(" ").upper() or None
    if unit in ("date", "time", "date time", "date time to second"):
        return str(record.parsed_value)
    match kind:
        case encoding.ENCODING_INTEGER:
            number = int.from_bytes(data, "little", signed=True)
            return None if number == -(1 << (8 * len(data) - 1)) else _scaled(number, factor)
        case encoding.ENCODING_BCD:
            digits = _bcd(data)
            return None if digits is None else _scaled(digits, factor)
        case encoding.ENCODING_REAL:
            (real,) = struct.unpack("<f", data)
            return _scaled(real, factor) if math.isfinite(real) else None
        case encoding.ENCODING_VARIABLE_LENGTH:
            return str(record.parsed_value)
    return None


def _scaled(number: float, factor: float) -> float:
    """number · factor, where a factor such as 0.01 is the division by 100 that was meant."""
    divisor = round(1 / factor) if 0 < factor < 1 else 0
    if divisor and math.isclose(divisor * factor, 1.0, rel_tol=1e-9):
        return number / divisor
    return number * factor


def _bcd(data: bytes) -> int | None:
    """Digits, low byte first; F in front is a minus sign, any other A…F means that the meter has no value."""
    text = data[::-1].hex()
    sign = 1
    if text.startswith("f"):
        sign, text = -1, text[1:]
    return sign * int(text) if text.isdecimal() else None
