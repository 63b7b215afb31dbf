"""How registers of Modbus devices hold numbers, and in which units; the contract has one unit for each quantity."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from types import MappingProxyType

# Words of each type; "text" says how many itself. "d4i" is a memory bank's value (bypuls.edge.drivers.d4i).
WORDS: Mapping[str, int] = MappingProxyType(
    {
        "uint16": 1,
        "int16": 1,
        "uint32": 2,
        "int32": 2,
        "float32": 2,
        "uint64": 4,
        "int64": 4,
        "float64": 4,
        "bits": 1,
        "d4i-power": 3,
        "d4i-energy": 4,
        "text": 0,
    }
)
FLOATS = ("float32", "float64")

# {unit of the contract: {unit of a device: how much of the former it is}}. 1 GJ = 10⁹/3600 Wh.
UNITS: Mapping[str, Mapping[str, Decimal]] = MappingProxyType(
    {
        "Wh": {
            "Wh": Decimal(1),
            "kWh": Decimal(1000),
            "MWh": Decimal(1_000_000),
            "MJ": Decimal(10**6) / 3600,
            "GJ": Decimal(10**9) / 3600,
        },
        "W": {"W": Decimal(1), "kW": Decimal(1000)},
        "V": {"V": Decimal(1)},
        "A": {"A": Decimal(1), "mA": Decimal("0.001")},
        "mA": {"mA": Decimal(1), "A": Decimal(1000)},
        "m³": {"m³": Decimal(1), "l": Decimal("0.001")},
        "m³/h": {"m³/h": Decimal(1), "l/h": Decimal("0.001")},
        "m³·°C": {"m³·°C": Decimal(1)},
        "°C": {"°C": Decimal(1)},
        "%": {"%": Decimal(1)},
        "s": {"s": Decimal(1), "min": Decimal(60), "h": Decimal(3600)},
        "lx": {"lx": Decimal(1)},
        "W/m²": {"W/m²": Decimal(1)},
        "": {"": Decimal(1)},
    }
)
