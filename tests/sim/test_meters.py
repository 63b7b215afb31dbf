"""Simulated meters and the drivers that know nothing of them: what was simulated is what is read."""

from __future__ import annotations

import itertools
import socket
import struct
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from bypuls.edge import drivers
from bypuls.edge.driver import Driver, Garbage, Silent, Unplugged, configure
from bypuls.edge.drivers.modbus_profile import load_shipped, shipped
from bypuls.sim.mbus_meter import Fault as MBusFault
from bypuls.sim.mbus_meter import Identity, MBusMeter, MeterValues
from bypuls.sim.modbus_layout import Layout, layout
from bypuls.sim.modbus_meters import ElectricityValues, ModbusMeters, SimulatedMeter
from bypuls.sim.pty_port import PtyPort
from bypuls.wire import Lamp, Meter

SHOWN = ElectricityValues(
    (230.1, 229.8, 231.5), (1.5, 2.25, 0.7), power_w=1033.4, import_wh=37_351_120, export_wh=12, power_factor=0.97
)


def told(driver: Driver) -> Iterator[Any]:
    """The driver's readings without the signs of life between."""
    return (item for item in driver.readings() if item is not None)


def first(driver: Driver) -> Any:
    reading = next(told(driver))
    driver.close()
    return reading


def sdm(line: ModbusMeters, unit: int, model: str, **options: object) -> Driver:
    given = {"host": line.host, "tcp_port": line.tcp_port, "unit": unit, "model": model, "answer_s": 0.5}
    return configure(f"meter-{unit}", "sdm", given | {"interval_s": 0.05} | options)


class TestModbus:
    def test_a_three_phase_meter(self) -> None:
        with ModbusMeters({1: SimulatedMeter("sdm630", lambda: SHOWN, serial=12345678)}) as line:
            driver = sdm(line, 1, "sdm630")
            meter = first(driver)
        assert meter == Meter(
            sensor="meter-1",
            medium="electricity",
            import_wh=37_351_120,
            export_wh=12,
            power_w=1033.4,
            voltage_v=(230.1, 229.8, 231.5),
            current_a=(1.5, 2.25, 0.7),
            power_factor=0.97,
            serial="12345678",
        )
        assert "12345678" in driver.describe()

    def test_several_meters_behind_one_address_are_read_side_by_side(self) -> None:
        meters = {
            unit: SimulatedMeter(
                "sdm120", lambda unit=unit: ElectricityValues((230.0,), (1.0,), unit * 10.0, unit * 1e6)
            )
            for unit in range(1, 6)
        }
        found: dict[int, list[Meter]] = {unit: [] for unit in meters}

        def read(unit: int, driver: Driver) -> None:
            for item in driver.readings():
                if item is not None:
                    found[unit].append(item)
                if len(found[unit]) == 3:
                    driver.close()

        with ModbusMeters(meters) as line:
            threads = [threading.Thread(target=read, args=(unit, sdm(line, unit, "sdm120"))) for unit in meters]
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join(10)
        for unit, readings in found.items():
            assert [reading.import_wh for reading in readings] == [unit * 1e6] * 3

    def test_values_are_those_of_the_moment(self) -> None:
        counter = itertools.count(1)
        values = lambda: ElectricityValues((230.0,), (1.0,), 100.0, next(counter) * 1000.0)  # noqa: E731
        with ModbusMeters({1: SimulatedMeter("sdm230", values)}) as line:
            driver = sdm(line, 1, "sdm230")
            registers = [item.import_wh for item in itertools.islice(told(driver), 3)]
        assert registers == sorted(set(registers))
        assert len(registers) == 3

    def test_a_meter_of_totals_alone(self) -> None:
        with ModbusMeters({3: SimulatedMeter("sdm72", lambda: SHOWN)}) as line:
            assert set(first(sdm(line, 3, "sdm72")).values()) == {"medium", "power_w", "import_wh", "export_wh"}

    def test_silence_of_one_meter_leaves_the_other_alone(self) -> None:
        meters = {unit: SimulatedMeter("sdm120", lambda: SHOWN) for unit in (1, 2)}
        with ModbusMeters(meters) as line:
            line.faults[1] = "silence"
            with pytest.raises(Silent, match="meter-1"):
                list(sdm(line, 1, "sdm120", answer_s=0.05, timeout_s=0.3).readings())
            assert first(sdm(line, 2, "sdm120")).power_w == 1033.4

    @pytest.mark.parametrize("fault", ["refusal", "not a number"])
    def test_what_is_no_answer_is_garbage_when_it_persists(self, fault: Any) -> None:
        with ModbusMeters({1: SimulatedMeter("sdm120", lambda: SHOWN)}) as line:
            line.faults[1] = fault
            with pytest.raises(Garbage, match="0x0000"):
                list(sdm(line, 1, "sdm120").readings())

    def test_a_unit_that_is_not_there_is_refused_by_the_gateway(self) -> None:
        with (
            ModbusMeters({1: SimulatedMeter("sdm120", lambda: SHOWN)}) as line,
            pytest.raises(Garbage, match="exception 11"),
        ):
            list(sdm(line, 9, "sdm120").readings())

    def test_no_server_is_unplugged(self) -> None:
        with ModbusMeters({1: SimulatedMeter("sdm120", lambda: SHOWN)}) as line:
            readings = told(sdm(line, 1, "sdm120"))
            next(readings)
        with pytest.raises(Unplugged, match="meter-1"):
            list(readings)

    def test_a_taken_port_is_told(self) -> None:
        with (
            ModbusMeters({1: SimulatedMeter("sdm120", lambda: SHOWN)}) as line,
            pytest.raises(OSError, match=str(line.tcp_port)),
        ):
            ModbusMeters({}, tcp_port=line.tcp_port).start()

    def test_rtu_through_a_gateway(self) -> None:
        with ModbusMeters({1: SimulatedMeter("sdm630", lambda: SHOWN)}, framing="rtu") as line:
            assert first(sdm(line, 1, "sdm630", transport="rtu-over-tcp")).power_w == 1033.4

    def test_rtu_on_a_serial_port(self) -> None:
        with (
            ModbusMeters({1: SimulatedMeter("sdm630", lambda: SHOWN)}, framing="rtu") as line,
            socket.create_connection((line.host, line.tcp_port)) as bus,
        ):
            port = PtyPort("rs-485")
            port.start(bus.sendall)
            answers = threading.Thread(target=lambda: [port.write(data) for data in _received(bus)])
            answers.start()
            driver = configure(
                "meter-1", "sdm", {"transport": "rtu", "port": port.path, "model": "sdm630", "answer_s": 0.5}
            )
            meter = first(driver)
            bus.shutdown(socket.SHUT_RDWR)
            answers.join(5)
            port.stop()
        assert meter.voltage_v == (230.1, 229.8, 231.5)

    def test_float_registers_hold_what_a_meter_holds(self) -> None:
        """A float of 32 bits has seven digits: a big register is coarse on the wire, not in the driver."""
        coarse = struct.unpack(">f", struct.pack(">f", 123_456.789))[0]
        values = ElectricityValues((230.0,), (1.0,), 1.0, 123_456_789.0)
        with ModbusMeters({1: SimulatedMeter("sdm120", lambda: values)}) as line:
            assert first(sdm(line, 1, "sdm120")).import_wh == pytest.approx(coarse * 1000, abs=1)


class TestProfiles:
    """The simulator reads a profile by its own code, and serves it; the driver reads what is served by its own."""

    lamps = (
        {"on": True, "level_pct": 50.0, "power_w": 61.25, "energy_wh": 1_234_567.0, "voltage_v": 229.8, "temp_c": -12.0,
         "power_factor": 0.93, "operating_s": 14_542_016.0, "faults": ()},
        {"on": False, "level_pct": 0.0, "faults": ("lampFailure", "communicationFailure")},
    )  # fmt: skip

    @pytest.mark.parametrize("name", [name for name in shipped() if name not in ("lamp-gateway", "multical")])
    def test_what_is_served_is_read(self, name: str) -> None:
        profile = load_shipped(name)
        layout = layout_of(name)
        shown = ElectricityValues((230.1, 229.8, 231.5), (1.5, 2.25, 0.7), -1033.4, 37_351_100, 1_200, 0.97)
        serial = "12345678" if layout.serial else None
        with ModbusMeters({7: SimulatedMeter(layout, lambda: shown, serial)}) as line:
            given = {"host": line.host, "tcp_port": line.tcp_port, "unit": 7, "profile": name, "answer_s": 0.5}
            driver = configure("meter-7", "modbus", given)
            meter = first(driver)
        told = {"power_w": -1033.4, "import_wh": 37_351_100, "export_wh": 1_200, "power_factor": 0.97}
        phases = {"voltage_v": shown.voltage_v, "current_a": shown.current_a}
        for register in profile.registers:
            wanted = told.get(register.field) or phases[register.field][: len(register.addresses)]
            assert getattr(meter, register.field) == pytest.approx(wanted), register.field
        assert set(meter.values()) == {r.field for r in profile.registers} | {"medium"} | (
            {"serial"} if serial else set()
        )
        assert meter.serial == serial
        assert f"(profile {name})" in driver.describe()

    @pytest.mark.parametrize("unit", ["kWh", "MWh", "GJ"])
    def test_a_heat_meter_in_the_unit_it_was_ordered_with(self, unit: str) -> None:
        shown = {"flow_m3h": 1.203, "power_w": 43_300.0, "flow_temp_c": 71.69, "return_temp_c": 40.25,
                 "import_wh": 1_986_123_000.0, "volume_m3": 48_213.05}  # fmt: skip
        with ModbusMeters({8: SimulatedMeter(layout_of("multical", unit), lambda: shown)}) as line:
            given = {"host": line.host, "tcp_port": line.tcp_port, "unit": 8, "profile": "multical", "answer_s": 0.5}
            meter = first(configure("heat-8", "modbus", given | {"energy_unit": unit}))
        assert meter.medium == "heat"
        for name, value in shown.items():
            assert getattr(meter, name) == pytest.approx(value, rel=1e-6), name

    def test_lamps_behind_a_gateway(self) -> None:
        with ModbusMeters({1: SimulatedMeter(layout_of("lamp-gateway"), lambda: self.lamps)}) as line:
            given = {"host": line.host, "tcp_port": line.tcp_port, "profile": "lamp-gateway", "answer_s": 0.5}
            lit, out = (first(configure("lamp-1", "modbus", given | {"index": index})) for index in (0, 1))
            with pytest.raises(Garbage, match="0x0040"):
                list(configure("lamp-1", "modbus", given | {"index": 2, "interval_s": 0.05}).readings())
        assert lit == Lamp(sensor="lamp-1", **self.lamps[0])
        assert out == Lamp(sensor="lamp-1", **self.lamps[1])


def layout_of(name: str, energy_unit: str = "MWh") -> Layout:
    return layout((Path(drivers.__path__[0]) / "profiles" / f"{name}.toml").read_text("utf-8"), energy_unit)


def _received(connection: socket.socket) -> Iterator[bytes]:
    while data := connection.recv(4096):
        yield data


def mbus(meter: MBusMeter, **options: object) -> Driver:
    given = {"port": meter.path, "parity": "none", "address": meter.address, "interval_s": 0.05, "answer_s": 0.5}
    return configure("heat-1", "mbus", given | options)


class TestMBus:
    def test_a_heat_meter(self) -> None:
        shown = MeterValues(
            import_wh=37_351_123,
            volume_m3=561.084,
            flow_m3c=58_599,
            return_m3c=26_211,
            power_w=34_700,
            flow_temp_c=71.69,
            return_temp_c=36.16,
            flow_m3h=0.543,
        )
        with MBusMeter(17, Identity("06855817"), lambda: shown) as simulated:
            driver = mbus(simulated)
            meter = first(driver)
        assert meter == Meter(
            sensor="heat-1",
            medium="heat",
            import_wh=37_351_123,
            volume_m3=561.084,
            flow_m3c=58_599,
            return_m3c=26_211,
            power_w=34_700,
            flow_temp_c=71.69,
            return_temp_c=36.16,
            flow_m3h=0.543,
            serial="06855817",
        )
        assert "KAM 06855817" in driver.describe()

    @pytest.mark.parametrize("medium", ["water", "gas", "electricity"])
    def test_other_media(self, medium: Any) -> None:
        with MBusMeter(1, Identity("00000815", "ABB", 2, medium), lambda: MeterValues(volume_m3=7.25)) as simulated:
            assert first(mbus(simulated)).values() == {"medium": medium, "volume_m3": 7.25, "serial": "00000815"}

    def test_values_are_those_of_the_moment(self) -> None:
        counter = itertools.count(1)
        with MBusMeter(1, Identity("00000815"), lambda: MeterValues(import_wh=next(counter))) as simulated:
            registers = [item.import_wh for item in itertools.islice(told(mbus(simulated)), 3)]
        assert registers == sorted(set(registers))
        assert len(registers) == 3

    @pytest.mark.parametrize(("fault", "error"), [("garbage", Garbage), ("bad checksum", Garbage), ("silence", Silent)])
    def test_faults(self, fault: MBusFault, error: type[Exception]) -> None:
        with MBusMeter(1, Identity("00000815"), lambda: MeterValues(import_wh=1)) as simulated:
            simulated.fault = fault
            with pytest.raises(error, match="heat-1"):
                list(mbus(simulated, answer_s=0.1, timeout_s=0.5).readings())

    def test_a_meter_at_another_address_is_silent(self) -> None:
        with MBusMeter(1, Identity("00000815"), lambda: MeterValues(import_wh=1)) as simulated:
            with pytest.raises(Silent):
                list(mbus(simulated, address=2, answer_s=0.1, timeout_s=0.3).readings())
            assert simulated.readouts == 0

    def test_unplugged(self) -> None:
        simulated = MBusMeter(1, Identity("00000815"), lambda: MeterValues(import_wh=1)).start()
        readings = told(mbus(simulated))
        next(readings)
        simulated.stop()
        with pytest.raises(Unplugged):
            list(readings)
