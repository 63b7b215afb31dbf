"""Simulated GPIO and 1-wire, and the drivers that know nothing of them."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bypuls.edge.driver import BadOption, Driver, DriverError, Garbage, Silent, Timed, Unplugged, configure
from bypuls.edge.drivers.contact import Contact
from bypuls.edge.drivers.onewire import decode_w1_slave
from bypuls.edge.drivers.pulse_state import PulseState
from bypuls.edge.drivers.pulses import Pulses
from bypuls.sim.gpio import SOCKET_VARIABLE, GpioBoard
from bypuls.sim.onewire import OneWireSimulator, crc8, w1_slave_text
from bypuls.wire import Cabinet, Meter, Weather


def said(driver: Driver) -> Iterator[object]:
    """The driver's readings without the signs of life between."""
    return (item for item in driver.readings() if item is not None)


@pytest.fixture
def board() -> Iterator[GpioBoard]:
    with GpioBoard() as board:
        yield board


class TestContact:
    def contact(self, board: GpioBoard, interval_s: float = 60.0) -> Contact:
        return Contact(
            "door-1", pin=22, field="door_open", closed_means=False, interval_s=interval_s, pin_factory=board.factory
        )

    def test_a_door_that_opens_and_closes(self, board: GpioBoard) -> None:
        board.contact(22, True)
        readings = said(self.contact(board))
        assert next(readings) == Cabinet(sensor="door-1", door_open=False)
        for closed in (False, True):
            began = time.monotonic()
            board.contact(22, closed)
            change = next(readings)
            assert isinstance(change, Timed)
            assert change.reading == Cabinet(sensor="door-1", door_open=not closed)
            # The age reaches back to the moment of the change, before the contact had settled.
            assert 0.05 <= change.age_s <= time.monotonic() - began

    def test_a_bounce_is_no_change(self, board: GpioBoard) -> None:
        board.contact(22, True)
        readings = said(self.contact(board, interval_s=0.5))
        next(readings)
        board.contact(22, False)
        board.contact(22, True)
        assert next(readings) == Cabinet(sensor="door-1", door_open=False)

    def test_the_state_is_said_from_time_to_time(self, board: GpioBoard) -> None:
        readings = said(self.contact(board, interval_s=0.1))
        assert [next(readings) for _ in range(3)] == [Cabinet(sensor="door-1", door_open=True)] * 3

    def test_a_pin_in_use_is_told(self, board: GpioBoard) -> None:
        readings = said(self.contact(board))
        next(readings)
        with pytest.raises(Unplugged, match="GPIO 22"):
            next(said(self.contact(board)))

    def test_closed_it_releases_the_pin(self, board: GpioBoard) -> None:
        driver = self.contact(board)
        readings = driver.readings()
        next(readings)
        driver.close()
        assert list(readings) == []
        assert next(said(self.contact(board))) == Cabinet(sensor="door-1", door_open=True)


class TestPulses:
    def meter(
        self,
        board: GpioBoard,
        file: Path,
        *,
        interval_s: float = 0.1,
        timeout_s: float | None = None,
        start: float = 100.0,
    ) -> Pulses:
        return Pulses(
            "water-1",
            pin=17,
            per="m3",
            medium="water",
            state_file=file,
            wanted=PulseState("water-1", start, 100.0),
            interval_s=interval_s,
            timeout_s=timeout_s,
            pin_factory=board.factory,
        )

    def until(self, readings: Iterator[object], volume_m3: float) -> None:
        """Reads on until the register is there; registers never go back."""
        last = 0.0
        while last < volume_m3:
            reading = next(readings)
            assert isinstance(reading, Meter)
            assert reading.volume_m3 is not None
            assert last <= reading.volume_m3 <= volume_m3
            last = reading.volume_m3

    def test_the_register_counts_on_over_restarts(self, board: GpioBoard, tmp_path: Path) -> None:
        file = tmp_path / "count.json"
        for run in range(3):
            driver = self.meter(board, file)
            readings = said(driver)
            self.until(readings, 100 + run * 0.05)
            for _ in range(5):
                board.pulse(17, width_s=0.012)
            driver.close()
            assert list(readings) == []
        assert json.loads(file.read_text())["pulses"] == 15

    def test_what_is_reported_is_on_the_disk(self, board: GpioBoard, tmp_path: Path) -> None:
        file = tmp_path / "count.json"
        readings = said(self.meter(board, file))
        self.until(readings, 100.0)
        for number in range(1, 4):
            board.pulse(17, width_s=0.012)
            self.until(readings, round(100 + number / 100, 2))
            assert json.loads(file.read_text())["pulses"] == number

    def test_a_damaged_count_is_not_taken_for_zero(self, board: GpioBoard, tmp_path: Path) -> None:
        file = tmp_path / "count.json"
        file.write_text("{")
        with pytest.raises(BadOption, match="state_file"):
            next(said(self.meter(board, file)))
        assert file.read_text() == "{"

    def test_a_folder_that_is_not_there_is_told_at_once(self, board: GpioBoard, tmp_path: Path) -> None:
        with pytest.raises(DriverError, match="can't be kept"):
            next(said(self.meter(board, tmp_path / "none" / "count.json")))

    def test_a_meter_that_stands_still_too_long_is_silent_where_that_is_asked_for(
        self, board: GpioBoard, tmp_path: Path
    ) -> None:
        with pytest.raises(Silent, match="water-1"):
            for _ in said(self.meter(board, tmp_path / "count.json", timeout_s=0.3)):
                pass


def test_an_edge_in_another_process_sees_the_board(tmp_path: Path) -> None:
    """By gpiozero's own entry point, so that the edge is the unmodified one."""
    program = (
        "from bypuls.edge.driver import configure\n"
        "driver = configure('door-1', 'contact', {'pin': 22, 'field': 'door_open'})\n"
        "for item in driver.readings():\n"
        "    if item is not None:\n"
        "        print(getattr(item, 'reading', item).door_open, flush=True)\n"
        "        if hasattr(item, 'reading'):\n"
        "            break\n"
    )
    with GpioBoard(tmp_path / "gpio.sock") as board:
        board.contact(22, True)  # what was so before the edge began is seen, too
        env = os.environ | {"GPIOZERO_PIN_FACTORY": "bypuls-sim", SOCKET_VARIABLE: str(tmp_path / "gpio.sock")}
        with subprocess.Popen([sys.executable, "-c", program], env=env, stdout=subprocess.PIPE, text=True) as edge:
            assert edge.stdout is not None
            assert edge.stdout.readline() == "True\n"
            board.contact(22, False)
            assert edge.stdout.readline() == "False\n"
        assert edge.returncode == 0


class TestOneWire:
    ROM = "28-00000a1b2c3d"

    def thermometer(self, base: Path, **options: object) -> Driver:
        return configure("outdoor", "onewire", {"base": str(base), "interval_s": 0.1} | options)

    @pytest.mark.parametrize("file", ["w1_slave", "temperature"])
    def test_the_temperature_simulated_is_the_one_read(self, tmp_path: Path, file: str) -> None:
        now = [21.5]
        with OneWireSimulator(tmp_path, {self.ROM: lambda: now[0]}) as bus:
            readings = said(self.thermometer(tmp_path, file=file))
            for temp_c in (21.5, -10.125, 0.0):
                now[0] = temp_c
                bus.update()
                assert next(readings) == Weather(sensor="outdoor", temp_c=temp_c)

    def test_several_thermometers_need_the_rom(self, tmp_path: Path) -> None:
        roms = {f"28-00000000000{n}": lambda n=n: float(n) for n in (1, 2)}
        with OneWireSimulator(tmp_path, roms):
            with pytest.raises(Unplugged, match="2 thermometers"):
                next(said(self.thermometer(tmp_path)))
            assert next(said(self.thermometer(tmp_path, rom="28-000000000002"))) == Weather(
                sensor="outdoor", temp_c=2.0
            )

    @pytest.mark.parametrize(
        ("fault", "error"),
        [("bad checksum", Garbage), ("power-on", Garbage), ("short circuit", Garbage), ("silence", Silent)],
    )
    def test_faults(self, tmp_path: Path, fault: str, error: type[Exception]) -> None:
        with OneWireSimulator(tmp_path, {self.ROM: lambda: 20.0}) as bus:
            bus.faults[self.ROM] = fault  # type: ignore[assignment]
            bus.update()
            with pytest.raises(error, match="outdoor"):
                list(self.thermometer(tmp_path, timeout_s=0.3).readings())

    def test_unplugged(self, tmp_path: Path) -> None:
        with OneWireSimulator(tmp_path, {self.ROM: lambda: 20.0}):
            readings = said(self.thermometer(tmp_path))
            assert next(readings) == Weather(sensor="outdoor", temp_c=20.0)
        with pytest.raises(Unplugged, match="outdoor"):
            list(readings)

    def test_a_reader_never_sees_half_a_file(self, tmp_path: Path) -> None:
        with OneWireSimulator(tmp_path, {self.ROM: lambda: 20.0}, every_s=0.0005):
            driver = self.thermometer(tmp_path)
            threading.Timer(0.5, driver.close).start()
            readings = list(said(driver))
        assert len(readings) >= 4
        assert driver.patience.bad_frames == 0  # type: ignore[attr-defined]

    @given(st.integers(-880, 2000).filter(lambda n: n != 1360))
    def test_every_step_of_the_sensor(self, sixteenths: int) -> None:
        text = w1_slave_text(sixteenths / 16)
        assert abs(decode_w1_slave(text) - sixteenths / 16) < 0.001
        scratchpad = bytes.fromhex(text[:26])
        assert crc8(scratchpad) == 0
