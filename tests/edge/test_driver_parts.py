"""What drivers are made of: options, schedule, patience, debounce, the pulse count's file, the meters' registers."""

from __future__ import annotations

import importlib
import json
import socket
import struct
import threading
import tomllib
from pathlib import Path

import pytest
import serial
from hypothesis import given
from hypothesis import strategies as st

from bypuls.edge import drivers
from bypuls.edge.driver import DRIVERS, BadOption, Garbage, Silent, Unplugged, configure
from bypuls.edge.drivers.bus import bus_at
from bypuls.edge.drivers.debounce import Debounce
from bypuls.edge.drivers.modbus_profile import load_shipped
from bypuls.edge.drivers.modbus_words import decode_float, spans
from bypuls.edge.drivers.onewire import decode_temperature, decode_w1_slave
from bypuls.edge.drivers.patience import BadFrame, Patience, Schedule
from bypuls.edge.drivers.pulse_state import PulseState, load, save
from bypuls.sim.pty_port import PtyPort

SAMPLES = sorted(Path(drivers.__path__[0]).glob("*.toml"))


class TestOptions:
    @pytest.mark.parametrize("sample", SAMPLES, ids=lambda path: path.stem)
    def test_the_sample_configuration_is_taken(self, sample: Path) -> None:
        sensors = tomllib.loads(sample.read_text("utf-8"))["sensor"]
        assert sensors
        for sensor in sensors:
            assert set(sensor) == {"id", "driver", "options"}
            assert sensor["driver"] == sample.stem
            assert configure(sensor["id"], sensor["driver"], sensor["options"]).describe()

    @pytest.mark.parametrize("driver", DRIVERS)
    def test_the_guide_names_every_option(self, driver: str) -> None:
        guide = (Path(__file__).parents[2] / "docs" / "guides" / "drivers.md").read_text("utf-8")
        chapter = next(part for part in guide.split("\n## ") if part.split("\n")[0].endswith(f"`{driver}`"))
        module = importlib.import_module(DRIVERS[driver].partition(":")[0])
        assert [name for name in module._OPTIONS if f"`{name}`" not in chapter] == []

    def test_every_driver_has_a_sample(self) -> None:
        assert {sample.stem for sample in SAMPLES} == set(DRIVERS)

    @pytest.mark.parametrize(
        ("driver", "options", "named"),
        [
            ("ops243", {"azimuth_deg": 20}, "port"),
            ("ops243", {"port": "/dev/ttyACM0"}, "azimuth_deg"),
            ("ops243", {"port": "/dev/ttyACM0", "azimuth_deg": 89}, "azimuth_deg"),
            ("ops243", {"port": "/dev/ttyACM0", "azimut_deg": 20}, "azimuth_deg"),
            ("ops243", {"port": "/dev/ttyACM0", "azimuth_deg": 20, "inbound_sign": 0}, "inbound_sign"),
            ("ops243", {"port": "/dev/ttyACM0", "azimuth_deg": True}, "azimuth_deg"),
            ("sdm", {"host": "h", "model": "sdm1"}, "model"),
            ("sdm", {"model": "sdm120"}, "host"),
            ("sdm", {"model": "sdm120", "transport": "rtu"}, "port"),
            ("sdm", {"model": "sdm120", "transport": "rtu", "port": "p", "host": "h"}, "host"),
            ("sdm", {"model": "sdm120", "host": "h", "baud": 9600}, "baud"),
            ("sdm", {"model": "sdm120", "host": "h", "unit": 0}, "unit"),
            ("sdm", {"host": "h", "model": "sdm120", "profile": "sdm120"}, "profile"),
            ("modbus", {"host": "h"}, "profile"),
            ("modbus", {"host": "h", "profile": "sdm631"}, "did you mean sdm630"),
            ("modbus", {"host": "h", "profile": "sdm630", "profile_file": "f"}, "profile"),
            ("modbus", {"host": "h", "profile_file": "/nowhere/meter.toml"}, "profile_file"),
            ("modbus", {"host": "h", "profile": "sdm630", "index": 1}, "index"),
            ("modbus", {"host": "h", "profile": "lamp-gateway", "index": 2048}, "index"),
            ("modbus", {"host": "h", "profile": "sdm630", "unit": 300}, "unit"),
            ("mbus", {"port": "p"}, "address"),
            ("mbus", {"port": "p", "address": 1, "medium": "cooling"}, "medium"),
            ("mbus", {"port": "p", "address": 1, "parity": "mark"}, "parity"),
            ("pulses", {"pin": 4, "per": "m3", "pulses_per_unit": 1, "state_file": "f"}, "medium"),
            ("pulses", {"pin": 4, "per": "kwh", "pulses_per_unit": 0, "state_file": "f"}, "pulses_per_unit"),
            ("pulses", {"pin": 4, "per": "kwh", "pulses_per_unit": 1}, "state_file"),
            (
                "pulses",
                {"pin": 4, "per": "m3", "medium": "electricity", "pulses_per_unit": 1, "state_file": "f"},
                "medium",
            ),
            ("contact", {"pin": 40, "field": "door_open"}, "pin"),
            ("contact", {"pin": 4, "field": "window_open"}, "field"),
            ("han", {}, "port"),
            ("han", {"port": "p", "parity": "mark"}, "parity"),
            ("bh1750", {"address": 0x24}, "address"),
            ("bh1750", {"window": 0}, "window"),
            ("onewire", {"rom": "10-000"}, "rom"),
            ("onewire", {"interval_s": "often"}, "interval_s"),
        ],
    )
    def test_a_wrong_option_is_named(self, driver: str, options: dict[str, object], named: str) -> None:
        with pytest.raises(BadOption, match=named) as caught:
            configure("sensor-9", driver, options)
        assert "sensor-9" in str(caught.value)


class Clock:
    """A monotonic clock and the event that a schedule waits with: waiting moves the clock."""

    def __init__(self) -> None:
        self.now = 100.0
        self.stopped = False

    def __call__(self) -> float:
        return self.now

    def is_set(self) -> bool:
        return self.stopped

    def wait(self, timeout: float | None = None) -> bool:
        self.now += timeout or 0
        return self.stopped

    def event(self) -> threading.Event:
        return self  # type: ignore[return-value]


class TestSchedule:
    def test_polls_do_not_drift_and_a_heartbeat_comes_between(self) -> None:
        clock = Clock()
        polls, beats = [], 0
        for due in Schedule(10.0, clock.event(), clock).ticks():
            if due:
                polls.append(clock.now)
                clock.now += 0.7  # the poll itself takes time
            else:
                beats += 1
            if len(polls) == 5:
                break
        assert polls == pytest.approx([100, 110, 120, 130, 140])
        assert beats >= 4 * 9

    def test_polls_that_were_missed_are_left_out(self) -> None:
        clock = Clock()
        polls = []
        for due in Schedule(10.0, clock.event(), clock).ticks():
            if due:
                polls.append(clock.now)
                clock.now += 25 if len(polls) == 1 else 0
            if len(polls) == 3:
                break
        assert polls == pytest.approx([100, 130, 140])

    def test_it_ends_when_stopped(self) -> None:
        clock = Clock()
        ticks = Schedule(10.0, clock.event(), clock).ticks()
        assert next(ticks)
        clock.stopped = True
        assert list(ticks) == []


class TestPatience:
    def test_bad_frames_are_borne_until_they_persist(self) -> None:
        patience = Patience("s", timeout_s=None, bad_in_a_row=3)
        for _ in range(5):
            patience.bad(BadFrame("a"))
            patience.bad(BadFrame("b"))
            patience.good()
        patience.bad(BadFrame("a"))
        patience.bad(BadFrame("b"))
        with pytest.raises(Garbage, match="3 bad frames in a row, the last: c"):
            patience.bad(BadFrame("c"))
        assert (patience.bad_frames, patience.good_frames) == (13, 5)

    def test_silence_is_counted_from_the_last_good_frame(self) -> None:
        clock = Clock()
        patience = Patience("s", timeout_s=5, monotonic=clock)
        clock.now += 4
        patience.good()
        clock.now += 5
        patience.quiet("answer")
        clock.now += 0.1
        with pytest.raises(Silent, match=r"no answer for 5\.1 s"):
            patience.quiet("answer")

    def test_sensors_at_one_address_share_the_line(self) -> None:
        bus = bus_at("/dev/ttyUSB0")
        assert bus is bus_at("/dev/ttyUSB0")
        assert bus is not bus_at("/dev/ttyUSB1")
        assert bus.take(0)
        assert not bus_at("/dev/ttyUSB0").take(0)
        bus.release()
        assert bus.take(0)
        bus.release()


class TestDebounce:
    def test_a_level_counts_when_it_has_lasted(self) -> None:
        contact = Debounce(0.05, 0.0, False)
        assert contact.edge(1.0, True) is None
        assert contact.settle(1.049) is None
        assert contact.settle(1.051) == (1.0, True)
        assert contact.settle(2.0) is None

    @given(st.lists(st.floats(0.001, 0.049), max_size=50))
    def test_what_only_bounces_never_was(self, widths: list[float]) -> None:
        contact, t, level = Debounce(0.05, 0.0, False), 1.0, False
        for width in widths:
            level = not level
            assert contact.edge(t, level) is None
            t += width
        contact.edge(t, False)
        assert contact.settle(t + 9) is None


class TestPulseState:
    wanted = PulseState("water-1", 12.5, 100.0)

    def test_round_trip(self, tmp_path: Path) -> None:
        file = tmp_path / "count.json"
        assert load(file, self.wanted) == self.wanted
        save(file, PulseState("water-1", 12.5, 100.0, 250))
        assert load(file, self.wanted).register == 15.0
        assert [path.name for path in tmp_path.iterdir()] == ["count.json"]

    def test_a_new_meter_reading_begins_anew(self, tmp_path: Path) -> None:
        save(tmp_path / "f", PulseState("water-1", 12.5, 100.0, 250))
        assert load(tmp_path / "f", PulseState("water-1", 20.0, 100.0)).register == 20.0
        assert load(tmp_path / "f", PulseState("water-1", 12.5, 10.0)).pulses == 0

    @pytest.mark.parametrize(
        "text",
        [
            "",
            "{}",
            "[]",
            "null",
            '{"sensor":"water-1","start":12.5,"pulses_per_unit":100,"pulses":-1}',
            '{"sensor":"water-1","start":12.5,"pulses_per_unit":100,"pulses":1.5}',
            '{"sensor":"water-1","start":12.5,"pulses_per_unit":0,"pulses":1}',
            '{"sensor":"water-1","start":"12","pulses_per_unit":100,"pulses":1}',
            '{"sensor":"water-2","start":12.5,"pulses_per_unit":100,"pulses":1}',
            '{"sensor":"water-1","start":12.5,"pulses_per_unit":100,"pulses":1,"more":2}',
        ],
    )
    def test_a_file_that_is_no_count_is_never_taken_for_zero(self, tmp_path: Path, text: str) -> None:
        (tmp_path / "f").write_text(text)
        with pytest.raises(ValueError, match=r"f[ :]"):
            load(tmp_path / "f", self.wanted)

    def test_a_save_that_fails_leaves_the_old_count(self, tmp_path: Path) -> None:
        save(tmp_path / "f", PulseState("water-1", 12.5, 100.0, 250))
        (tmp_path / ".f.new").mkdir()
        with pytest.raises(OSError, match="directory"):
            save(tmp_path / "f", PulseState("water-1", 12.5, 100.0, 251))
        assert json.loads((tmp_path / "f").read_text())["pulses"] == 250


class TestRegisters:
    @given(st.floats(width=32, allow_nan=False, allow_infinity=False))
    def test_a_float_is_the_shortest_decimal_that_is_it(self, value: float) -> None:
        decimal = decode_float(struct.pack(">f", value))
        assert struct.pack(">f", float(decimal)) == struct.pack(">f", value)
        assert len(decimal.as_tuple().digits) <= 9

    def test_nothing_is_asked_for_that_a_meter_does_not_have(self) -> None:
        assert spans(load_shipped("sdm120").registers) == [(4, 0, 2), (4, 6, 2), (4, 12, 2), (4, 30, 2), (4, 72, 4)]
        assert spans(load_shipped("sdm630").registers) == [(4, 0, 12), (4, 52, 2), (4, 62, 2), (4, 72, 4)]


class TestSerialPort:
    def test_a_setting_that_the_port_lacks_is_the_operators_to_mend(self) -> None:
        """A pseudo-terminal has no parity, and says so where that is all that would change: at the second poll."""
        port = PtyPort("no parity")
        port.start(lambda _: None)
        try:
            with pytest.raises(BadOption, match="parity even"):
                list(configure("heat-1", "mbus", {"port": port.path, "address": 1, "interval_s": 0.05}).readings())
        finally:
            port.stop()

    def test_a_port_that_another_program_reads_is_called_taken(self) -> None:
        """`check` beside the running edge meets this: a serial port has one reader."""
        port = PtyPort("taken")
        port.start(lambda _: None)
        try:
            with serial.serial_for_url(port.path, exclusive=True):
                radar = configure("radar-1", "ops243", {"port": port.path, "azimuth_deg": 0})
                with pytest.raises(Unplugged, match="another program reads it"):
                    next(iter(radar.readings()))
        finally:
            port.stop()

    def test_a_path_that_is_no_port_is_unplugged(self, tmp_path: Path) -> None:
        for driver, options in (
            ("ops243", {"azimuth_deg": 0}),
            ("mbus", {"address": 1}),
            ("sdm", {"transport": "rtu", "model": "sdm120"}),
        ):
            with pytest.raises(Unplugged, match="sensor-1"):
                next(iter(configure("sensor-1", driver, options | {"port": str(tmp_path / "none")}).readings()))

    def test_a_gateway_that_is_not_there_is_unplugged(self) -> None:
        with socket.socket() as taken:  # bound and not listening: nobody else gets the port, and nobody answers at it
            taken.bind(("127.0.0.1", 0))
            url = f"socket://127.0.0.1:{taken.getsockname()[1]}"
            with pytest.raises(Unplugged, match="sensor-1"):
                next(iter(configure("sensor-1", "mbus", {"port": url, "address": 1}).readings()))


class TestThermometer:
    def test_published_example(self) -> None:
        text = "72 01 4b 46 7f ff 0e 10 57 : crc=57 YES\n72 01 4b 46 7f ff 0e 10 57 t=23125\n"
        assert decode_w1_slave(text) == 23.125

    @pytest.mark.parametrize("text", ["", "85000", "125001", "-55001", "warm", "１２", "1\n2\n"])
    def test_refused(self, text: str) -> None:
        with pytest.raises(BadFrame):
            decode_temperature(text)

    @given(st.text(max_size=120))
    def test_any_text_is_a_temperature_or_a_bad_frame(self, text: str) -> None:
        try:
            assert -55 <= decode_w1_slave(text) <= 125
        except BadFrame as error:
            assert str(error)  # noqa: PT017
