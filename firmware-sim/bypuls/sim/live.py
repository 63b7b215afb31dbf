"""The town alive: its sensors simulated at the wire, ready to be read by the edge, which knows nothing of the town.

For each Pi an `edge.toml` is written; whoever started this starts `python -m bypuls.edge run` on each. The lamps come
through their gateway, which is a device of its own and runs here. Contacts of cabinets stay out: a mocked pin lives in
the process that reads it.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType
from typing import Self

from bypuls.sim.draws import QUARTER_US
from bypuls.sim.gateway import LampGateway
from bypuls.sim.han_meter import HanMeter, HanValues
from bypuls.sim.mbus_meter import Identity, MBusMeter, MeterValues
from bypuls.sim.modbus_meters import ElectricityValues, ModbusMeters, SimulatedMeter
from bypuls.sim.mqtt_link import Broker
from bypuls.sim.onewire import OneWireSimulator
from bypuls.sim.places import RADAR_ANGLE_DEG
from bypuls.sim.present import Passing, Present
from bypuls.sim.radar import RadarSimulator, Site, Vehicle
from bypuls.sim.town import LAMP_GATEWAY, Sensor, Town
from bypuls.wire import to_us

_ROM = "28-00000b411e2d"
_SUPPLY_V = 230.0
_LATE_US = 2_000_000  # a vehicle that is announced later than this has passed unseen [µs]
_AT_HAN_PORTS = ("myretuen-electricity",)  # the grid company's own meter, in place of a submeter
_HAN_EVERY_S = 10.0
_MODBUS_ADDRESS = "127.0.0.1"
_MBUS_ADDRESS = 1

Option = str | int | float


@dataclass(frozen=True, slots=True)
class EdgeFile:
    """The configuration that was written for one Pi."""

    device: str
    path: Path


class LiveTown:
    """The simulators of a town, the lamp gateway, and one `edge.toml` for each Pi in `folder`.

    Known after `start`: `edge_files`. The files are written anew each time: ports and pseudo-terminals change. The
    outboxes beside them stay.
    """

    def __init__(
        self,
        town: Town,
        folder: Path,
        broker: Broker,
        *,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self.town = town
        self.folder = folder
        self.present = Present(town)
        self.edge_files: tuple[EdgeFile, ...] = ()
        self._broker = broker
        self._now = now
        self._stack = ExitStack()

    def start(self) -> Self:
        """Plugs everything in. Raises OSError where a port or pseudo-terminal can't be had."""
        self.present.warm(self._now())
        with ExitStack() as stack:
            wired = self._wire(stack)
            self.edge_files = tuple(
                self._write(device, {sensor: wired[sensor.id] for sensor in sensors})
                for device in self.town.devices
                if (sensors := [one for one in self.town.sensors.values() if one.device == device and one.id in wired])
            )
            gateway = LampGateway(self.town, self.present, now=self._now)
            thread = threading.Thread(target=gateway.run, args=(self._broker,), name="lamp-gateway", daemon=True)
            thread.start()
            stack.callback(thread.join)
            stack.callback(gateway.stop.set)
            self._stack = stack.pop_all()
        return self

    def stop(self) -> None:
        """Unplugs everything. May be called twice."""
        self._stack.close()

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def _wire(self, stack: ExitStack) -> dict[str, tuple[str, dict[str, Option]]]:
        """Starts a simulator for each sensor that an edge reads: sensor → (driver, its options)."""
        wired: dict[str, tuple[str, dict[str, Option]]] = {}
        electricity: list[Sensor] = []
        for sensor in self.town.sensors.values():
            if sensor.device == LAMP_GATEWAY or sensor.silent_from is not None:
                continue
            if sensor.kind == "passage":
                feed = StreetFeed(self.present, sensor.asset or "", self._now)
                radar = stack.enter_context(RadarSimulator(feed, site=Site(azimuth_deg=RADAR_ANGLE_DEG)))
                wired[sensor.id] = "ops243", {"port": radar.path, "azimuth_deg": RADAR_ANGLE_DEG}
            elif sensor.id in _AT_HAN_PORTS:
                meter = stack.enter_context(self._han(sensor))
                wired[sensor.id] = "han", {"port": meter.path}
            elif sensor.kind == "meter" and sensor.medium == "electricity":
                electricity.append(sensor)
            elif sensor.kind == "meter":
                converter = stack.enter_context(self._mbus(sensor))
                wired[sensor.id] = (
                    "mbus",
                    {
                        "port": converter.path,
                        "parity": "none",
                        "address": _MBUS_ADDRESS,
                        "interval_s": _interval(sensor),
                    },
                )
            elif sensor.kind == "weather":
                temps = {_ROM: lambda: self.present.weather(self._now()).temp_c}
                probe = stack.enter_context(OneWireSimulator(self.folder / "w1", temps, every_s=30.0))
                wired[sensor.id] = "onewire", {"base": str(probe.base), "rom": _ROM, "interval_s": _interval(sensor)}
        units = {unit: self._sdm(sensor) for unit, sensor in enumerate(electricity, 1)}
        line = stack.enter_context(ModbusMeters(units, host=_MODBUS_ADDRESS))
        for unit, sensor in enumerate(electricity, 1):
            wired[sensor.id] = (
                "sdm",
                {
                    "host": line.host,
                    "tcp_port": line.tcp_port,
                    "unit": unit,
                    "model": "sdm630",
                    "interval_s": _interval(sensor),
                },
            )
        return wired

    def _sdm(self, sensor: Sensor) -> SimulatedMeter:
        def values() -> ElectricityValues:
            now = self.present.meter(sensor.id, self._now())
            phase_a = abs(now.power_w) / 3.0 / _SUPPLY_V
            return ElectricityValues(
                voltage_v=(_SUPPLY_V,) * 3,
                current_a=(phase_a,) * 3,
                power_w=now.power_w,
                import_wh=now.import_wh or 0.0,
                export_wh=now.export_wh or 0.0,
            )

        return SimulatedMeter("sdm630", values, int(sensor.serial) if sensor.serial else None)

    def _han(self, sensor: Sensor) -> HanMeter:
        def values() -> HanValues:
            now = self.present.meter(sensor.id, self._now())
            return HanValues(
                power_w=max(0.0, now.power_w),
                export_power_w=max(0.0, -now.power_w),
                voltage_v=(_SUPPLY_V,) * 3,
                current_a=(abs(now.power_w) / 3.0 / _SUPPLY_V,) * 3,
                import_wh=now.import_wh or 0.0,
                export_wh=now.export_wh or 0.0,
            )

        return HanMeter(sensor.serial or sensor.id, values, every_s=_HAN_EVERY_S, now=self._now)

    def _mbus(self, sensor: Sensor) -> MBusMeter:
        def values() -> MeterValues:
            now = self.present.meter(sensor.id, self._now())
            if sensor.medium == "heat":
                return MeterValues(
                    import_wh=now.import_wh,
                    volume_m3=now.volume_m3,
                    flow_m3c=now.flow_m3c,
                    return_m3c=now.return_m3c,
                    power_w=now.power_w,
                    flow_temp_c=now.flow_temp_c,
                    return_temp_c=now.return_temp_c,
                )
            return MeterValues(import_wh=now.import_wh, volume_m3=now.volume_m3)

        medium = sensor.medium or "heat"
        return MBusMeter(_MBUS_ADDRESS, Identity(f"{int(sensor.serial or 0):08d}", medium=medium), values)

    def _write(self, device: str, wired: Mapping[Sensor, tuple[str, Mapping[str, Option]]]) -> EdgeFile:
        """The Pi's edge.toml, readable by its owner alone; its outbox lies beside it."""
        home = self.folder / device
        home.mkdir(parents=True, exist_ok=True)
        broker: dict[str, Option] = {"host": self._broker.host, "port": self._broker.port}
        tables = [
            f"device = {json.dumps(device)}",
            _table("broker", broker),
            _table("outbox", {"path": "outbox.db"}),
            # The machine that simulates has no say in whether its clock is synchronised; it is the town's clock.
            _table("clock", {"trust": "always"}),
        ]
        for sensor, (driver, options) in wired.items():
            tables.append(_table("[sensor]", {"id": sensor.id, "driver": driver}))
            tables.append(_table("sensor.options", options))
        path = home / "edge.toml"
        path.write_text("\n\n".join(tables) + "\n", "utf-8")
        return EdgeFile(device, path)


class StreetFeed:
    """Tells a radar which vehicles have come since it asked last; called many times a second."""

    def __init__(self, present: Present, street: str, now: Callable[[], datetime]) -> None:
        self._present = present
        self._street = street
        self._now = now
        self._seen_us = to_us(now())
        self._quarter = -1
        self._coming: list[Passing] = []

    def __call__(self) -> list[Vehicle]:
        now_us = to_us(self._now())
        arrived: list[Vehicle] = []
        quarter = self._seen_us // QUARTER_US
        while quarter <= now_us // QUARTER_US:
            if quarter != self._quarter:
                self._quarter = quarter
                self._coming = [one for one in self._present.passing(self._street, quarter) if one.t_us > self._seen_us]
            while self._coming and self._coming[0].t_us <= now_us:
                one = self._coming.pop(0)
                if one.t_us > now_us - _LATE_US:
                    arrived.append(Vehicle(one.speed_kmh, toward=one.direction == "toward"))
            quarter += 1
        self._seen_us = now_us
        return arrived


def _interval(sensor: Sensor) -> float:
    return sensor.interval_s or 60.0


def _table(name: str, values: Mapping[str, Option]) -> str:
    """A TOML table; JSON's texts and numbers are TOML's too."""
    return "\n".join(
        [f"[{name}]", *(f"{key} = {json.dumps(value, ensure_ascii=False)}" for key, value in values.items())]
    )
