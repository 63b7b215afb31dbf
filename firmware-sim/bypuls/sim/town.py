"""The simulated town as a whole: who owns which sensor. One seed and one first day → the same town to the byte.

Everything is a function of seed, entity and quarter, so that history, live sensors and a restart agree with each other.
The streets' and houses' names are those of a town like Ballerup; what they measure is invented.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Literal

from bypuls.sim import places
from bypuls.sim.buildings import Building, Energy, Medium
from bypuls.sim.draws import QUARTER_US
from bypuls.sim.fault_orders import FaultOrder, Orders
from bypuls.sim.lighting import Lighting
from bypuls.sim.streets import Street
from bypuls.sim.weather import Weather

DEFAULT_SEED = 2750  # Ballerup's postcode
LAMP_GATEWAY = "gw-lamps"
METER_INTERVAL_S = 60.0
SLOW_METER_INTERVAL_S = 300.0

SOLAR = "solar"
_MEDIA = {"electricity": "el", "heat": "varme", "gas": "gas", "water": "vand"}
_SERIALS = {"electricity": 21_000_501, "heat": 67_000_501, "gas": 33_000_501, "water": 48_000_501}

Kind = Literal["lamp", "passage", "meter", "weather", "health"]
AssetKind = Literal["site", "building", "cabinet", "lamp"]


@dataclass(frozen=True, slots=True)
class Device:
    """What speaks on the network: a Raspberry Pi, or the vendor's gateway of the lamps."""

    id: str
    name: str
    lat: float
    lon: float
    note: str


@dataclass(frozen=True, slots=True)
class Sensor:
    """One source of readings. `asset` is the site, building, cabinet or lamp that it measures; `part` the part of a
    building's electricity, or `SOLAR` for its roof. From `silent_from` on it says nothing more."""

    id: str
    device: str
    kind: Kind
    name: str
    asset_kind: AssetKind | None = None
    asset: str | None = None
    medium: Medium | None = None
    interval_s: float | None = None
    serial: str | None = None
    parent: str | None = None
    part: str | None = None
    silent_from: date | None = None

    @property
    def cabinet_meter(self) -> bool:
        """Whether it is the meter of a lighting cabinet."""
        return self.kind == "meter" and self.asset_kind == "cabinet"


def default_begins(now: datetime) -> date:
    """The first day of a town that is made at `now`: 1 January two years before. Two years back from any later
    moment of the year, the interventions lie half a year or more inside. Keep it beside the data: it is part of the
    town, like the seed."""
    return date(now.astimezone(UTC).year - 2, 1, 1)


class Town:
    """40 lamps in 4 cabinets, 6 radars on 6 streets, 12 buildings, a weather station, and the devices that own them.

    begins : its meters were set to their first values on this day (UTC); nothing is asked from before.
    orders : faults of its street lights beside those of its own. Raises ValueError for one at no place of the town.
    """

    def __init__(self, seed: int, begins: date, orders: tuple[FaultOrder, ...] = ()) -> None:
        self.seed = seed
        self.begins = begins
        self.first_quarter = int(datetime(begins.year, begins.month, begins.day, tzinfo=UTC).timestamp()) // 900
        self.streets: dict[str, Street] = {street.id: street for street in places.streets(begins)}
        self.cabinets = {cabinet.id: cabinet for cabinet in places.CABINETS}
        self.weather = Weather(seed)
        lamps = places.lamps(begins)
        self.energy = Energy(seed, places.buildings(begins), self.weather)
        self.devices: dict[str, Device] = {device.id: device for device in _devices()}
        feeds = {lamp.id: lamp.cabinet for lamp in lamps}
        self.lighting = Lighting(seed, lamps, places.day_burner(begins))
        self.sensors: dict[str, Sensor] = {sensor.id: sensor for sensor in self._sensors()}
        meters = [sensor.id for sensor in self.sensors.values() if sensor.kind == "meter"]
        self.orders = Orders(seed, orders, feeds, meters)
        if orders:
            self.lighting = Lighting(seed, lamps, places.day_burner(begins), self.orders)

    @property
    def buildings(self) -> dict[str, Building]:
        """The buildings by id."""
        return self.energy.buildings

    def quarter(self, t: datetime) -> int:
        """The quarter [since 1970] that holds `t`. Raises ValueError before the town's first day."""
        number = int(t.timestamp() * 1e6) // QUARTER_US
        if number < self.first_quarter:
            raise ValueError(f"t: {t.isoformat()} — expected {self.begins.isoformat()} or later, the town's first day")
        return number

    def _sensors(self) -> list[Sensor]:
        sensors: list[Sensor] = []
        for index, street in enumerate(self.streets.values()):
            device = "pi-streets-north" if index < 3 else "pi-streets-south"
            name = f"Radar, {street.name}"
            sensors.append(Sensor(f"radar-{street.id}", device, "passage", name, "site", street.id))
        for index, cabinet in enumerate(self.cabinets.values()):
            sensors.append(
                Sensor(
                    f"{cabinet.id}-meter", "pi-energy", "meter", f"Måler, {cabinet.name}", "cabinet", cabinet.id,
                    "electricity", METER_INTERVAL_S, str(20_400_101 + index),
                )
            )  # fmt: skip
        for lamp in self.lighting.lamps.values():
            sensors.append(
                Sensor(
                    lamp.id, LAMP_GATEWAY, "lamp", lamp.name, "lamp", lamp.id,
                    interval_s=METER_INTERVAL_S, parent=f"{lamp.cabinet}-meter",
                )
            )  # fmt: skip
        for index, building in enumerate(self.buildings.values()):
            for medium in building.media:
                name = f"{building.name}, {_MEDIA[medium]}"
                interval_s = METER_INTERVAL_S if medium == "electricity" else SLOW_METER_INTERVAL_S
                serial = str(_SERIALS[medium] + 117 * index)
                sensors.append(
                    Sensor(
                        f"{building.id}-{medium}", "pi-energy", "meter", name, "building", building.id,
                        medium, interval_s, serial,
                    )
                )  # fmt: skip
        # After all others, so that their serial numbers and units on the line stay as they were.
        for building in self.buildings.values():
            main = f"{building.id}-electricity"
            for part in building.submeters:
                sensors.append(
                    Sensor(
                        f"{building.id}-{part.id}", "pi-energy", "meter", f"{building.name}, {part.name}", "building",
                        building.id, "electricity", METER_INTERVAL_S, parent=main, part=part.id,
                    )
                )  # fmt: skip
            if building.solar_kwp:
                sensors.append(
                    Sensor(
                        f"{building.id}-solar", "pi-energy", "meter", f"{building.name}, solceller", "building",
                        building.id, "electricity", METER_INTERVAL_S, parent=main, part=SOLAR,
                    )
                )  # fmt: skip
        sensors.append(
            Sensor("weather-station", LAMP_GATEWAY, "weather", "Vejrstation", interval_s=SLOW_METER_INTERVAL_S)
        )
        sensors.append(
            Sensor("outdoor-raadhus", "pi-energy", "weather", "Udetemperatur, Rådhuset", "building", "raadhus",
                   interval_s=METER_INTERVAL_S)
        )  # fmt: skip
        sensors.append(
            Sensor("outdoor-sportshal", "pi-energy", "weather", "Udetemperatur, Idrætshallen", "building",
                   "sportshal", interval_s=METER_INTERVAL_S, silent_from=places.silence_day(self.begins))
        )  # fmt: skip
        for owner in self.devices.values():
            name = f"Tilstand, {owner.name}"
            sensors.append(Sensor(owner.id, owner.id, "health", name, interval_s=METER_INTERVAL_S))
        return sensors


def _devices() -> tuple[Device, ...]:
    return (
        Device("pi-streets-north", "Pi, veje i nord", 55.7489, 12.3305, "tre radarer på seriel port"),
        Device("pi-streets-south", "Pi, veje i syd", 55.7262, 12.3822, "tre radarer på seriel port"),
        Device("pi-energy", "Pi, målere", 55.7317, 12.3633, "målere på Modbus og M-Bus, udetemperatur på 1-wire"),
        Device(LAMP_GATEWAY, "Lampegateway", 55.7330, 12.3600, "taler for lamperne og vejrstationen"),
    )
