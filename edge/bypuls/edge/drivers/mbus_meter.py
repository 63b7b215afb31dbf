"""From an M-Bus telegram to a Meter: which record is which field. Pure.

Taken are instantaneous values of storage 0, subunit 0 and one tariff (0 = the total). What a telegram says twice with
different numbers is ambiguous and stays unknown, but for voltages and currents, of which one or three are the phases.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable

from bypuls.edge.drivers.mbus_telegram import Record, Telegram
from bypuls.edge.drivers.patience import BadFrame
from bypuls.wire import Meter

# EN 13757-3, medium of the header. Cooling has no place in the contract: such a meter needs the option `medium`.
MEDIA = {
    0x02: "electricity",
    0x03: "gas",
    0x04: "heat",
    0x06: "water",
    0x07: "water",
    0x0C: "heat",
    0x0D: "heat",
    0x15: "water",
    0x16: "water",
}

_ENERGY = ("ENERGY_WH", "ENERGY_J", "Energy")
_J_PER_WH = 3600.0
_NEGATIVE, _POSITIVE = 0x3C, 0x3B  # VIFE: accumulation of negative, of positive contributions only

# Kamstrup's registers of volume × temperature [m³·°C]: VIF FF 07 and FF 08 in newer MULTICALs (as wmbusmeters reads
# them); bytes 4…7 and 8…11 of the manufacturer's block in the MULTICAL 601 (version 8).
_E8, _E9 = b"\xff\x07", b"\xff\x08"
_MULTICAL_601 = ("KAM", 8)


def meter_of(sensor: str, telegram: Telegram, *, medium: str | None = None, tariff: int = 0) -> Meter:
    """The Meter that `telegram` describes; `medium` overrides the header's. Raises BadFrame, BadField.

    tariff : whose energy register counts; all other values are those of tariff 0.
    """
    chosen = medium or MEDIA.get(telegram.medium)
    if chosen is None:
        raise BadFrame(f"medium {telegram.medium:#04x} — expected one with a place here, or the option medium")
    now = [
        record
        for record in telegram.records
        if record.function == "INSTANTANEOUS_VALUE"
        and (record.storage, record.device) == (0, 0)
        and record.tariff == (tariff if record.quantity in _ENERGY else 0)
        and isinstance(record.value, float | int)
    ]
    plain = [record for record in now if not record.extended]
    flow_m3c, return_m3c = _volume_temperature(telegram, now)
    imported = _one(plain, _energy_wh)
    return Meter(
        sensor=sensor,
        medium=chosen,
        import_wh=imported if imported is not None else _one(_with_vife(now, _POSITIVE), _energy_wh),
        export_wh=_one(_with_vife(now, _NEGATIVE), _energy_wh),
        power_w=_one(plain, _power_w),
        voltage_v=_phases(plain, "VOLTS"),
        current_a=_phases(plain, "AMPERE"),
        volume_m3=_one(plain, _volume_m3),
        flow_m3c=flow_m3c,
        return_m3c=return_m3c,
        flow_temp_c=_one(plain, _named("FLOW_TEMPERATURE", "C")),
        return_temp_c=_one(plain, _named("RETURN_TEMPERATURE", "C")),
        flow_m3h=_one(plain, _flow_m3h),
        serial=telegram.serial,
    )


def _number(record: Record) -> float:
    assert isinstance(record.value, float | int)
    return float(record.value)


def _one(records: Iterable[Record], read: Callable[[Record], float | None]) -> float | None:
    """The one value of `records` that `read` knows. The same amount in two units (kWh and GJ) is one: the first."""
    found = [value for record in records if (value := read(record)) is not None]
    if not found or not all(math.isclose(found[0], other, rel_tol=0.01) for other in found):
        return None
    return found[0]


def _phases(records: Iterable[Record], quantity: str) -> tuple[float, ...] | None:
    found = tuple(_number(record) for record in records if record.quantity == quantity)
    return found if len(found) in (1, 3) else None


def _with_vife(records: Iterable[Record], code: int) -> list[Record]:
    return [record for record in records if len(record.vib) == 2 and record.extended and record.vib[1] == code]


def _energy_wh(record: Record) -> float | None:
    match record.quantity, record.unit:
        case "ENERGY_WH" | "Energy", "Wh":
            return _number(record)
        case "ENERGY_J", "J":
            return _number(record) / _J_PER_WH
    return None


def _power_w(record: Record) -> float | None:
    match record.quantity, record.unit:
        case "POWER_W" | "Power", "W":
            return _number(record)
        case "POWER_J_H", "J/h":
            return _number(record) / _J_PER_WH
    return None


def _volume_m3(record: Record) -> float | None:
    return _number(record) if record.quantity in ("VOLUME", "Volume") and record.unit == "m^3" else None


def _flow_m3h(record: Record) -> float | None:
    per_hour = {"m^3/h": 1, "m^3/min": 60, "m^3/s": 3600}.get(record.unit)
    return _number(record) * per_hour if per_hour and record.quantity.startswith("VOLUME_FLOW") else None


def _named(quantity: str, unit: str) -> Callable[[Record], float | None]:
    def read(record: Record) -> float | None:
        return _number(record) if (record.quantity, record.unit) == (quantity, unit) else None

    return read


def _volume_temperature(telegram: Telegram, now: list[Record]) -> tuple[float | None, float | None]:
    """E8 and E9 [m³·°C], where the telegram has them."""
    if telegram.manufacturer != "KAM":
        return None, None
    if (telegram.manufacturer, telegram.version) == _MULTICAL_601:
        for record in telegram.records:
            if record.function == "SPECIAL_FUNCTION" and isinstance(record.value, str):
                block = bytes.fromhex(record.value)
                if len(block) >= 12:
                    return float(int.from_bytes(block[4:8], "little")), float(int.from_bytes(block[8:12], "little"))
    by_vif = {record.vib: _number(record) for record in now}
    return by_vif.get(_E8), by_vif.get(_E9)
