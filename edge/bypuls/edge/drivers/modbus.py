"""Meters and lamps that speak Modbus: TCP, RTU on RS-485, or RTU through a gateway. A profile says what lies where."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Literal, Protocol, cast

from pymodbus.client import ModbusSerialClient, ModbusTcpClient
from pymodbus.exceptions import ConnectionException, ModbusException, ModbusIOException
from pymodbus.framer import FramerType
from pymodbus.pdu import ModbusPDU

from bypuls.edge.driver import Driver, Unplugged
from bypuls.edge.drivers.bus import Bus, bus_at
from bypuls.edge.drivers.modbus_profile import BadProfile, Profile, load_shipped, parse, shipped
from bypuls.edge.drivers.modbus_words import decode_reading, decode_register, spans
from bypuls.edge.drivers.options import Options
from bypuls.edge.drivers.patience import BadFrame, Monotonic, Patience, Schedule
from bypuls.edge.drivers.polling import polled
from bypuls.wire import Reading

logger = logging.getLogger(__name__)

Transport = Literal["tcp", "rtu", "rtu-over-tcp"]

LINE_OPTIONS = (
    "transport",
    "host",
    "tcp_port",
    "port",
    "baud",
    "parity",
    "unit",
    "interval_s",
    "answer_s",
    "timeout_s",
)
_OPTIONS = ("profile", "profile_file", "energy_unit", "index", *LINE_OPTIONS)


class ModbusClient(Protocol):
    """What is used of pymodbus' synchronous clients; a test hands in its own."""

    def connect(self) -> bool:
        """Whether the line is open."""
        ...

    def close(self) -> None:
        """Releases the line."""
        ...

    def read_input_registers(self, address: int, *, count: int, device_id: int) -> ModbusPDU:
        """Function 4."""
        ...

    def read_holding_registers(self, address: int, *, count: int, device_id: int) -> ModbusPDU:
        """Function 3."""
        ...


class ModbusDevice:
    """One device, `unit` on its line, read as `profile` says from `offset` on. The line is opened for each poll, so
    that devices can share it."""

    def __init__(
        self,
        sensor: str,
        *,
        address: str,
        connect: Callable[[], ModbusClient],
        profile: Profile,
        offset: int = 0,
        unit: int = 1,
        interval_s: float = 10.0,
        timeout_s: float = 60.0,
        bus: Bus | None = None,
        monotonic: Monotonic = time.monotonic,
    ) -> None:
        if profile.energy_units:
            raise ValueError(f"profile {profile.id}: the meter's energy unit isn't chosen")
        self.sensor = sensor
        self.patience = Patience(sensor, timeout_s=timeout_s, monotonic=monotonic)
        self._address = address
        self._connect = connect
        self._profile = profile
        self._offset = offset
        self._spans = spans(profile.registers, offset)
        self._unit = unit
        self._interval_s = interval_s
        self._bus = bus or bus_at(address)
        self._monotonic = monotonic
        self._stop = threading.Event()
        self._serial: str | None = None
        self._serial_asked = False

    def describe(self) -> str:
        """Model and profile, line, unit, and the serial number once it is known."""
        what = f"{self._profile.name} (profile {self._profile.id})"
        place = f", from register {self._offset:#06x}" if self._offset else ""
        serial = f", serial {self._serial}" if self._serial else ""
        return f"{what} at {self._address}, unit {self._unit}{place}, every {self._interval_s:g} s{serial}"

    def close(self) -> None:
        """Ends the iteration; between polls nothing is open."""
        self._stop.set()

    def readings(self) -> Iterator[Reading | None]:
        """A reading every `interval_s`. Raises Unplugged, Garbage, Silent."""
        self._stop.clear()
        self._serial_asked = False  # the device may have been exchanged meanwhile
        return polled(
            self._ask,
            schedule=Schedule(self._interval_s, self._stop, self._monotonic),
            patience=self.patience,
            stop=self._stop,
            bus=self._bus,
            what=f"answer of the {self._profile.kind}",
        )

    def _ask(self) -> Reading:
        client = self._connect()
        try:
            if not client.connect():
                raise Unplugged(f"sensor {self.sensor}: nothing to connect to at {self._address}")
            if not self._serial_asked:
                self._serial = self._ask_serial(client)
                self._serial_asked = True
            words: dict[tuple[int, int], int] = {}
            for function, address, count in self._spans:
                answer = self._read(client, function, address, count)
                for place, word in enumerate(self._registers(answer, address, count), start=address):
                    words[function, place] = word
        except ConnectionException as error:
            raise Unplugged(f"sensor {self.sensor}: {self._address}: {error}") from error
        except ModbusIOException as error:
            raise TimeoutError(f"unit {self._unit} at {self._address}: {error}") from error
        except ModbusException as error:
            raise BadFrame(str(error)) from error
        except OSError as error:
            if isinstance(error, Unplugged):
                raise
            raise Unplugged(f"sensor {self.sensor}: {self._address}: {error}") from error
        finally:
            client.close()
        return decode_reading(self.sensor, self._profile, words, serial=self._serial, offset=self._offset)

    def _read(self, client: ModbusClient, function: int, address: int, count: int) -> ModbusPDU:
        ask = client.read_holding_registers if function == 3 else client.read_input_registers
        return ask(address, count=count, device_id=self._unit)

    def _ask_serial(self, client: ModbusClient) -> str | None:
        register = self._profile.serial
        if register is None:
            return None
        (address,) = register.addresses
        answer = self._read(client, register.function, address, register.words)
        if answer.isError():
            logger.info("sensor %s: the meter doesn't tell its serial number", self.sensor)
            return None
        told = self._registers(answer, address, register.words)
        serial = decode_register({(register.function, address + n): word for n, word in enumerate(told)}, register)
        return serial if isinstance(serial, str) else None

    def _registers(self, answer: ModbusPDU, address: int, count: int) -> Sequence[int]:
        if answer.isError():
            who = self._profile.kind
            raise BadFrame(f"register {address:#06x}: the {who} refuses with exception {answer.exception_code}")
        if len(answer.registers) != count:
            raise BadFrame(f"register {address:#06x}: {len(answer.registers)} words — expected {count}")
        return answer.registers


def configure(sensor: str, options: Mapping[str, object]) -> Driver:
    """The device of `sensor`, read by the profile that is named, or by the operator's own. Raises BadOption."""
    given = Options(sensor, options, _OPTIONS)
    profile = _profile(given)
    if profile.energy_units:
        profile = profile.in_energy_unit(given.choice("energy_unit", profile.energy_units))
    elif "energy_unit" in given:
        raise given.refuse("energy_unit", f"none: profile {profile.id} says the unit itself")
    offset = 0
    if profile.stride is not None:
        offset = profile.stride * given.whole("index", 0, low=0, high=65_535 // profile.stride)
        if max(a + r.words for r in profile.registers for a in r.addresses) + offset > 65_536:
            raise given.refuse("index", f"one whose registers lie below 65536; they are {profile.stride} apart")
    elif "index" in given:
        raise given.refuse("index", f"none: profile {profile.id} has one {profile.kind} per unit")
    return device(given, profile, offset)


def _profile(given: Options) -> Profile:
    if ("profile" in given) == ("profile_file" in given):
        raise given.refuse("profile", f"one of {', '.join(shipped())}, or a profile_file of your own in its place")
    try:
        if "profile" in given:
            return load_shipped(given.text("profile", example="sdm630"))
        path = Path(given.text("profile_file", example="/etc/bypuls/meter.toml"))
        return parse(path.stem, path.read_text("utf-8"))
    except BadProfile as error:
        if "profile" in given:
            raise given.refuse("profile", error.expected) from error
        raise given.refuse("profile_file", f"a profile; in it {error}") from error
    except (OSError, UnicodeDecodeError) as error:
        raise given.refuse("profile_file", f"a file that can be read: {error}") from error


def device(given: Options, profile: Profile, offset: int = 0) -> ModbusDevice:
    """The device on the line that the options describe. Raises BadOption."""
    transport: Transport = given.choice("transport", ("tcp", "rtu", "rtu-over-tcp"), "tcp")
    answer_s = given.number("answer_s", 1.0, low=0.05, high=10)
    interval_s = given.number("interval_s", 10.0, low=0.05, high=86_400)
    if transport == "rtu":
        if "host" in given:
            raise given.refuse("host", 'none with transport "rtu": the line is `port`')
        address = given.text("port", example="/dev/ttyUSB0")
        connect = _serial(
            address,
            baud=given.whole("baud", 9_600, low=1_200, high=115_200),
            parity={"none": "N", "even": "E", "odd": "O"}[given.choice("parity", ("none", "even", "odd"), "none")],
            answer_s=answer_s,
        )
    else:
        for name in ("port", "baud", "parity"):
            if name in given:
                raise given.refuse(name, f'none with transport "{transport}": the line is `host` and `tcp_port`')
        host = given.text("host", example="192.168.1.20")
        tcp_port = given.whole("tcp_port", 502, low=1, high=65_535)
        address = f"{host}:{tcp_port}"
        connect = _tcp(host, tcp_port, FramerType.SOCKET if transport == "tcp" else FramerType.RTU, answer_s)
    return ModbusDevice(
        given.sensor,
        address=address,
        connect=connect,
        profile=profile,
        offset=offset,
        unit=given.whole("unit", 1, low=1, high=247),
        interval_s=interval_s,
        timeout_s=given.number("timeout_s", max(60.0, 3 * interval_s), low=0.1, high=604_800),
    )


def _tcp(host: str, port: int, framer: FramerType, answer_s: float) -> Callable[[], ModbusClient]:
    def connect() -> ModbusClient:
        return cast(ModbusClient, ModbusTcpClient(host, port=port, framer=framer, timeout=answer_s, retries=1))

    return connect


def _serial(port: str, *, baud: int, parity: str, answer_s: float) -> Callable[[], ModbusClient]:
    def connect() -> ModbusClient:
        return cast(ModbusClient, ModbusSerialClient(port, baudrate=baud, parity=parity, timeout=answer_s, retries=1))

    return connect
