"""Every folder of cases/ is one sensor's bytes and what its driver must make of them; one test runs them all."""

from __future__ import annotations

import itertools
import json
import struct
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
from pymodbus.pdu import ExceptionResponse, ModbusPDU
from pymodbus.pdu.register_message import ReadInputRegistersResponse

from bypuls.edge.driver import DRIVERS, DriverError, Timed, configure
from bypuls.edge.drivers.bh1750 import Bh1750
from bypuls.edge.drivers.bus import Bus
from bypuls.edge.drivers.contact import Contact
from bypuls.edge.drivers.debounce import Debounce
from bypuls.edge.drivers.han import Han
from bypuls.edge.drivers.mbus import MBus
from bypuls.edge.drivers.modbus import ModbusDevice
from bypuls.edge.drivers.modbus_profile import Profile, shipped
from bypuls.edge.drivers.onewire import OneWire
from bypuls.edge.drivers.ops243 import Ops243
from bypuls.edge.drivers.pulse_state import PulseState
from bypuls.edge.drivers.pulses import Pulses
from bypuls.wire import Reading

CASES = sorted(Path(__file__).with_name("cases").iterdir())
SENSOR = "sensor-1"
# Of one kind only, so that a case says which sensor it is about.
LIMIT = 50


class ScriptedPort:
    """A port on which bytes arrive at given times of a clock that only it moves."""

    def __init__(self, script: list[tuple[float, bytes]], answer: Callable[[bytes], bytes] | None = None) -> None:
        self.now = 0.0
        self.written = b""
        self.closed = False
        self._script = script
        self._answer = answer
        self._arrived = b""

    @property
    def over(self) -> bool:
        return not self._script and not self._arrived

    @property
    def in_waiting(self) -> int:
        return len(self._arrived)

    def read(self, size: int = 1) -> bytes:
        if not self._arrived:
            if not self._script or self._script[0][0] > self.now + 0.1:
                self.now += 0.1
                return b""
            t, self._arrived = self._script.pop(0)
            self.now = max(self.now, t)
        data, self._arrived = self._arrived[:size], self._arrived[size:]
        return data

    def write(self, data: bytes) -> int:
        self.written += data
        if self._answer is not None:
            self._arrived += self._answer(data)
        return len(data)

    def reset_input_buffer(self) -> None:
        self._arrived = b""

    def close(self) -> None:
        self.closed = True

    def open(self, _port: str, **_settings: object) -> ScriptedPort:
        return self

    def monotonic(self) -> float:
        return self.now


def taken(readings: Iterator[Reading | Timed | None], most: int) -> list[Reading | Timed]:
    """The first readings, `most` at most, out of what the driver yields in at most LIMIT steps."""
    found = [item for item in itertools.islice(readings, LIMIT) if item is not None]
    return found[:most]


def radar(text: str, options: Mapping[str, Any]) -> tuple[Any, Iterator[Any]]:
    script = []
    for line in text.splitlines():
        t, _, said = line.partition("\t")
        script.append((float(t), said.encode().decode("unicode_escape").encode("latin-1") + b"\r\n"))
    port = ScriptedPort(script)
    template = configure(SENSOR, "ops243", options)
    assert isinstance(template, Ops243)
    driver = Ops243(
        SENSOR,
        port="case",
        mode=template._mode,
        inbound_sign=template._inbound_sign,
        mounting=template._mounting,
        rule=template.grouper.rule,
        timeout_s=template.patience.timeout_s or 0,
        opener=port.open,
        monotonic=port.monotonic,
    )
    silent = not script

    def readings() -> Iterator[Any]:
        for item in driver.readings():
            yield item
            if port.over and not silent and item is None and not driver.grouper.waiting:
                driver.close()

    return driver, readings()


def meter_on_mbus(text: str, options: Mapping[str, Any]) -> tuple[Any, Iterator[Any]]:
    frame = bytes.fromhex(text)

    def answer(question: bytes) -> bytes:
        assert question[0] == 0x10
        assert question[2] == options["address"]
        return b"\xe5" if question[1] == 0x40 else frame

    port = ScriptedPort([], answer)
    driver = MBus(
        SENSOR,
        port="case",
        address=options["address"],
        medium=options.get("medium"),
        tariff=options.get("tariff", 0),
        interval_s=0.001,
        opener=port.open,
    )
    return driver, driver.readings()


class RegisterMap:
    """A Modbus client whose device holds the registers of a case; what it doesn't hold it refuses."""

    def __init__(self, words: dict[int, int], unit: int) -> None:
        self.words, self.unit = words, unit

    def connect(self) -> bool:
        return True

    def close(self) -> None:
        return

    def read_input_registers(self, address: int, *, count: int, device_id: int) -> ModbusPDU:
        assert device_id == self.unit
        if all(place in self.words for place in range(address, address + count)):
            return ReadInputRegistersResponse(
                registers=[self.words[place] for place in range(address, address + count)]
            )
        return ExceptionResponse(4, 2)

    read_holding_registers = read_input_registers


def on_modbus(driver_name: str, text: str, options: Mapping[str, Any]) -> tuple[Any, Iterator[Any]]:
    """A line of a case: the address of the first word, then words, all hexadecimal."""
    words: dict[int, int] = {}
    for line in text.splitlines():
        first, *held = (int(part, 16) for part in line.partition("#")[0].split())
        words |= enumerate(held, start=first)
    template = configure(SENSOR, driver_name, options)
    assert isinstance(template, ModbusDevice)
    profile: Profile = template._profile
    client = RegisterMap(words, options.get("unit", 1))
    driver = ModbusDevice(
        SENSOR,
        address="case",
        connect=lambda: client,
        profile=profile,
        offset=template._offset,
        unit=client.unit,
        interval_s=0.001,
    )
    return driver, driver.readings()


def han_port(text: str) -> tuple[Any, Iterator[Any]]:
    """A line of a case: when the bytes have come [s], and the bytes, hexadecimal."""
    script = [(float(t), bytes.fromhex(said)) for t, _, said in (line.partition("\t") for line in text.splitlines())]
    port = ScriptedPort(script)
    silent = not script
    driver = Han(SENSOR, port="case", opener=port.open, monotonic=port.monotonic)

    def readings() -> Iterator[Any]:
        for item in driver.readings():
            yield item
            if port.over and not silent and item is None:
                driver.close()

    return driver, readings()


class HeldLight:
    """An I²C bus whose light sensor holds the counts of a case, one for each measurement; the last one for ever."""

    def __init__(self, counts: list[bytes]) -> None:
        self.counts = counts

    def open(self, _bus: int) -> HeldLight:
        return self

    def write_byte(self, i2c_addr: int, value: int) -> None:
        assert value in (0x01, 0x20)
        assert i2c_addr in (0x23, 0x5C)

    def read_two_bytes(self, i2c_addr: int) -> bytes:
        assert i2c_addr in (0x23, 0x5C)
        return self.counts.pop(0) if len(self.counts) > 1 else self.counts[0]

    def close(self) -> None:
        return


def light_sensor(text: str, options: Mapping[str, Any]) -> tuple[Any, Iterator[Any]]:
    held = HeldLight([bytes.fromhex(line) for line in text.splitlines()])
    driver = Bh1750(SENSOR, **options, interval_s=0.001, opener=held.open, turn=Bus(), sleep=lambda _s: None)
    return driver, driver.readings()


def settled(text: str, settle_s: float) -> tuple[bool, list[tuple[float, bool]]]:
    """(level at first, changes) of a contact; the last line says only how long it was watched."""
    edges = [(float(t), level == "closed") for t, level in (line.split() for line in text.splitlines())]
    debounce = Debounce(settle_s, *edges[0])
    changes = [debounce.edge(*edge) for edge in edges[1:]]
    return edges[0][1], [change for change in changes if change is not None]


def pulse_meter(text: str, options: Mapping[str, Any]) -> tuple[Any, Iterator[Any]]:
    driver = configure(SENSOR, "pulses", options)
    assert isinstance(driver, Pulses)
    _, changes = settled(text, 0.01)
    state = PulseState(SENSOR, options["start"], options["pulses_per_unit"], sum(closed for _, closed in changes))
    return driver, iter([driver.meter(state)])


def switch(text: str, options: Mapping[str, Any]) -> tuple[Any, Iterator[Any]]:
    driver = configure(SENSOR, "contact", options)
    assert isinstance(driver, Contact)
    first, changes = settled(text, 0.05)
    return driver, iter([driver._reading(first), *(driver._reading(closed) for _, closed in changes)])


def thermometer(text: str, options: Mapping[str, Any], folder: Path) -> tuple[Any, Iterator[Any]]:
    file = options.get("file", "w1_slave")
    path = folder / options["rom"] / file
    path.parent.mkdir()
    path.write_text(text)
    driver = OneWire(SENSOR, base=folder, rom=options["rom"], file=file, interval_s=0.001)
    return driver, driver.readings()


@pytest.mark.parametrize("folder", CASES, ids=lambda folder: folder.name)
def test_what_a_driver_makes_of_its_sensor(folder: Path, tmp_path: Path) -> None:
    text = (folder / "input").read_text("utf-8")
    expected = json.loads((folder / "expected.json").read_text("utf-8"))
    options = expected["options"]
    configure(SENSOR, expected["driver"], options)  # the options are such as edge.toml may hold
    match expected["driver"]:
        case "ops243":
            driver, readings = radar(text, options)
        case "mbus":
            driver, readings = meter_on_mbus(text, options)
        case "sdm" | "modbus" as name:
            driver, readings = on_modbus(name, text, options)
        case "han":
            driver, readings = han_port(text)
        case "bh1750":
            driver, readings = light_sensor(text, options)
        case "pulses":
            driver, readings = pulse_meter(text, options)
        case "contact":
            driver, readings = switch(text, options)
        case _:
            driver, readings = thermometer(text, options, tmp_path)
    if "error" in expected:
        with pytest.raises(DriverError) as caught:
            list(itertools.islice(readings, 1_000))
        assert type(caught.value).__name__ == expected["error"]
        assert SENSOR in str(caught.value)
        return
    found = taken(readings, len(expected["readings"]) + (expected["driver"] == "ops243"))
    plain = [item.reading if isinstance(item, Timed) else item for item in found]
    assert [item.kind for item in plain] == [wanted["kind"] for wanted in expected["readings"]]
    for reading, wanted in zip(plain, expected["readings"], strict=True):
        assert reading.sensor == SENSOR
        assert reading.t is None
        assert set(reading.values()) == set(wanted) - {"kind"}
        for name, value in reading.values().items():
            assert value == pytest.approx(wanted[name], rel=1e-6) if name == "speed_kmh" else same(value, wanted[name])
    if "bad_frames" in expected:
        assert driver.patience.bad_frames == expected["bad_frames"]


def same(value: object, wanted: object) -> bool:
    """Equal to the bit: what the meter says is handed on as it is."""
    return value == (tuple(wanted) if isinstance(wanted, list) else wanted)


def test_every_driver_has_cases_good_and_bad() -> None:
    told = {folder.name: json.loads((folder / "expected.json").read_text("utf-8")) for folder in CASES}
    assert {case["driver"] for case in told.values()} == set(DRIVERS)
    for driver in ("ops243", "mbus", "han", "modbus", "sdm", "bh1750", "onewire"):
        assert {"error" in case for case in told.values() if case["driver"] == driver} == {True, False}


def test_every_shipped_profile_has_a_case() -> None:
    told = [json.loads((folder / "expected.json").read_text("utf-8")) for folder in CASES]
    named = {case["options"].get("profile", case["options"].get("model")) for case in told if "error" not in case}
    assert set(shipped()) - named == set()


def test_a_radar_is_set_up_before_it_is_read() -> None:
    port = ScriptedPort([(0.1, b"30\n")])
    template = configure(SENSOR, "ops243", {"port": "x", "azimuth_deg": 0, "least_kmh": 7})
    assert isinstance(template, Ops243)
    driver = Ops243(
        SENSOR,
        port="x",
        mounting=template._mounting,
        rule=template.grouper.rule,
        opener=port.open,
        monotonic=port.monotonic,
    )
    assert next(driver.readings()) is None
    assert port.written == b"OJUKOMR|R>7\nOSOc"


def test_a_quiet_street_is_not_silence_while_the_radar_answers() -> None:
    port = ScriptedPort([], lambda said: b'{"Version":"1.4.6"}\r\n' if b"?V" in said else b"")
    template = configure(SENSOR, "ops243", {"port": "x", "azimuth_deg": 0})
    assert isinstance(template, Ops243)
    driver = Ops243(
        SENSOR,
        port="x",
        mounting=template._mounting,
        rule=template.grouper.rule,
        timeout_s=20,
        opener=port.open,
        monotonic=port.monotonic,
    )
    for _ in itertools.islice(driver.readings(), 100):
        pass
    assert port.now > 90
    assert "1.4.6" in driver.describe()
    assert port.written.count(b"?V") < 15


def test_words_of_the_cases_are_floats_high_word_first() -> None:
    """The cases' registers by hand: 230.1 is 43 66 19 9a in IEEE 754."""
    first = (Path(__file__).with_name("cases") / "sdm-630" / "input").read_text().splitlines()[0]
    assert first == "0000 4366 199a"
    assert struct.unpack(">f", bytes.fromhex("4366199a"))[0] == pytest.approx(230.1)
