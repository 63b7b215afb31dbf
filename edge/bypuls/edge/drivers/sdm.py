"""Eastron SDM energy meters over Modbus TCP, RTU on RS-485, or RTU through a gateway: buildings and lamp cabinets."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Literal, Protocol, cast

from pymodbus.client import ModbusSerialClient, ModbusTcpClient
from pymodbus.exceptions import ConnectionException, ModbusException, ModbusIOException
from pymodbus.framer import FramerType
from pymodbus.pdu import ModbusPDU

from bypuls.edge.driver import Driver, Unplugged
from bypuls.edge.drivers.bus import Bus, bus_at
from bypuls.edge.drivers.options import Options
from bypuls.edge.drivers.patience import BadFrame, Monotonic, Patience, Schedule
from bypuls.edge.drivers.polling import polled
from bypuls.edge.drivers.sdm_registers import MODELS, SERIAL_ADDRESS, decode_meter, spans
from bypuls.wire import Meter, Reading

logger = logging.getLogger(__name__)

Transport = Literal["tcp", "rtu", "rtu-over-tcp"]

_OPTIONS = (
    "transport",
    "host",
    "tcp_port",
    "port",
    "baud",
    "parity",
    "unit",
    "model",
    "interval_s",
    "answer_s",
    "timeout_s",
)


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


class Sdm:
    """One SDM meter, `unit` on its line. The line is opened for each poll, so that meters can share it."""

    def __init__(
        self,
        sensor: str,
        *,
        address: str,
        connect: Callable[[], ModbusClient],
        model: str,
        unit: int = 1,
        interval_s: float = 10.0,
        timeout_s: float = 60.0,
        bus: Bus | None = None,
        monotonic: Monotonic = time.monotonic,
    ) -> None:
        self.sensor = sensor
        self.patience = Patience(sensor, timeout_s=timeout_s, monotonic=monotonic)
        self._address = address
        self._connect = connect
        self._model = model
        self._unit = unit
        self._interval_s = interval_s
        self._bus = bus or bus_at(address)
        self._monotonic = monotonic
        self._stop = threading.Event()
        self._serial: str | None = None
        self._serial_asked = False

    def describe(self) -> str:
        """Model, line, unit, and the serial number once it is known."""
        serial = f", serial {self._serial}" if self._serial else ""
        return f"{self._model.upper()} at {self._address}, unit {self._unit}, every {self._interval_s:g} s{serial}"

    def close(self) -> None:
        """Ends the iteration; between polls nothing is open."""
        self._stop.set()

    def readings(self) -> Iterator[Reading | None]:
        """A Meter every `interval_s`. Raises Unplugged, Garbage, Silent."""
        self._stop.clear()
        self._serial_asked = False  # the meter may have been exchanged meanwhile
        return polled(
            self._ask,
            schedule=Schedule(self._interval_s, self._stop, self._monotonic),
            patience=self.patience,
            stop=self._stop,
            bus=self._bus,
            what="answer of the meter",
        )

    def _ask(self) -> Meter:
        client = self._connect()
        try:
            if not client.connect():
                raise Unplugged(f"sensor {self.sensor}: nothing to connect to at {self._address}")
            if not self._serial_asked:
                self._serial = self._ask_serial(client)
                self._serial_asked = True
            words: dict[int, int] = {}
            for address, count in spans(MODELS[self._model]):
                answer = client.read_input_registers(address, count=count, device_id=self._unit)
                words.update(enumerate(self._registers(answer, address, count), start=address))
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
        return decode_meter(self.sensor, self._model, words, serial=self._serial)

    def _ask_serial(self, client: ModbusClient) -> str | None:
        answer = client.read_holding_registers(SERIAL_ADDRESS, count=2, device_id=self._unit)
        if answer.isError():
            logger.info("sensor %s: the meter doesn't tell its serial number", self.sensor)
            return None
        high, low = self._registers(answer, SERIAL_ADDRESS, 2)
        return str(high << 16 | low) if high or low else None

    def _registers(self, answer: ModbusPDU, address: int, count: int) -> Sequence[int]:
        if answer.isError():
            raise BadFrame(f"register {address:#06x}: the meter refuses with exception {answer.exception_code}")
        if len(answer.registers) != count:
            raise BadFrame(f"register {address:#06x}: {len(answer.registers)} words — expected {count}")
        return answer.registers


def configure(sensor: str, options: Mapping[str, object]) -> Driver:
    """The meter of `sensor`. Raises BadOption."""
    given = Options(sensor, options, _OPTIONS)
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
    return Sdm(
        sensor,
        address=address,
        connect=connect,
        model=given.choice("model", tuple(MODELS)),
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
