"""How files of meters and of weather are to be read."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal, TypeAlias, get_args

Values: TypeAlias = Literal["interval", "register"]
Stamp: TypeAlias = Literal["start", "end"]
TemperatureUnit: TypeAlias = Literal["C", "F"]
VALUES: tuple[Values, ...] = get_args(Values)
STAMPS: tuple[Stamp, ...] = get_args(Stamp)

THERM_KWH = 29.3001
"""US therm, 105.4804 MJ. Source: NIST SP 811, appendix B.8."""
KWH_PER: Mapping[str, float] = {
    "Wh": 0.001,
    "kWh": 1.0,
    "MWh": 1000.0,
    "MJ": 1.0 / 3.6,
    "GJ": 1000.0 / 3.6,
    "therm": THERM_KWH,
}
KW_PER: Mapping[str, float] = {"W": 0.001, "kW": 1.0, "MW": 1000.0}
"""Mean power of an interval."""
VOLUME = "m3"
UNITS: tuple[str, ...] = (*KWH_PER, VOLUME, *KW_PER)
ZONE = "Europe/Copenhagen"
"""Of times that name none."""


@dataclass(frozen=True, slots=True)
class MeterOptions:
    """columns : by key (`columns.METER_KEYS`) the heading, or the number (1 = first) of the column; `value` may be
        several with + between them: their sum.
    delimiter, encoding, decimal : None = found out.
    timezone : of times without one, and of the local days; None = what the times themselves name, else Copenhagen.
    date_format : of `strptime`, or `epoch`, `epoch_ms`; None = ISO 8601, or what the dates themselves decide.
    unit : one of `UNITS`; None = what headings or the file say, else kWh.
    calorific_kwh_m3 : of gas in m³ [kWh/m³].
    values : amounts of intervals, or a cumulative register; None = a register where the values never fall.
    stamp : whether a time is the start or the end of its interval.
    where : only lines with these values, by heading or number of the column.
    """

    columns: Mapping[str, str] = field(default_factory=dict)
    delimiter: str | None = None
    encoding: str | None = None
    decimal: str | None = None
    timezone: str | None = None
    date_format: str | None = None
    unit: str | None = None
    calorific_kwh_m3: float | None = None
    values: Values | None = None
    stamp: Stamp = "start"
    where: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class WeatherOptions:
    """As `MeterOptions`. unit : of the temperatures; None = what the heading says, else °C."""

    columns: Mapping[str, str] = field(default_factory=dict)
    delimiter: str | None = None
    encoding: str | None = None
    decimal: str | None = None
    timezone: str = ZONE
    date_format: str | None = None
    unit: TemperatureUnit | None = None
    stamp: Stamp = "start"
    where: Mapping[str, str] = field(default_factory=dict)
