"""Eastron SDM meters on a Modbus TCP server: several units behind one address, values from a callable.

Knows nothing of the driver: the registers are those of Eastron's Modbus protocol for the SDM family.
"""

from __future__ import annotations

import asyncio
import struct
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Literal, cast

from pymodbus.constants import ExcCodes
from pymodbus.framer import FramerType
from pymodbus.pdu import ModbusPDU
from pymodbus.server import ModbusTcpServer
from pymodbus.simulator import DataType, SimData, SimDevice

Model = Literal["sdm120", "sdm220", "sdm230", "sdm630", "sdm72"]
Fault = Literal["none", "silence", "refusal", "not a number"]

_INPUT, _HOLDING = 4, 3
_SERIAL_ADDRESS = 0xFC00
_NO_BITS = [SimData(0, values=False, datatype=DataType.BITS)]
_EVERYWHERE = [SimData(0, count=65_536, values=0, datatype=DataType.REGISTERS)]


@dataclass(frozen=True, slots=True)
class ElectricityValues:
    """What an electricity meter shows: per phase [V], [A]; in total [W], [-], registers [Wh]."""

    voltage_v: tuple[float, ...]
    current_a: tuple[float, ...]
    power_w: float
    import_wh: float
    export_wh: float = 0.0
    power_factor: float = 1.0


@dataclass(frozen=True, slots=True)
class SimulatedMeter:
    """One unit on the line: its model, where its values come from, and its serial number where it tells one."""

    model: Model
    values: Callable[[], ElectricityValues]
    serial: int | None = None


def registers_of(model: Model, values: ElectricityValues) -> dict[int, float]:
    """{address of the first word: value as the meter holds it}; energy in kWh."""
    energy = {0x0048: values.import_wh / 1000, 0x004A: values.export_wh / 1000}
    match model:
        case "sdm120" | "sdm220" | "sdm230":
            return {
                0x0000: values.voltage_v[0],
                0x0006: values.current_a[0],
                0x000C: values.power_w,
                0x001E: values.power_factor,
            } | energy
        case "sdm630":
            phases = dict(zip((0x0000, 0x0002, 0x0004), values.voltage_v, strict=True))
            phases |= zip((0x0006, 0x0008, 0x000A), values.current_a, strict=True)
            return phases | {0x0034: values.power_w, 0x003E: values.power_factor} | energy
        case "sdm72":
            return {0x0034: values.power_w} | energy


def words_of(value: float) -> tuple[int, int]:
    """A 32-bit float as two registers, high word first."""
    high, low = struct.unpack(">HH", struct.pack(">f", value))
    return high, low


def _nobody() -> SimDevice:
    """What stands for every unit that isn't on the line: the gateway answers that it got no response."""

    async def refuse(*_request: object) -> ExcCodes | None:
        return ExcCodes.GATEWAY_NO_RESPONSE

    return SimDevice(0, (_NO_BITS, _NO_BITS, _EVERYWHERE, _EVERYWHERE), action=refuse)


class ModbusMeters:
    """A Modbus server with `meters` by unit id, at `host` and `tcp_port` (0 = a free one, known after start).

    With `framing` "rtu" it is a serial line behind a transparent gateway.
    """

    def __init__(
        self,
        meters: Mapping[int, SimulatedMeter],
        *,
        host: str = "127.0.0.1",
        tcp_port: int = 0,
        framing: Literal["tcp", "rtu"] = "tcp",
    ) -> None:
        self.meters = dict(meters)
        self.host = host
        self.tcp_port = tcp_port
        self._framer = FramerType.SOCKET if framing == "tcp" else FramerType.RTU
        self.faults: dict[int, Fault] = {}
        self.polls = 0
        self._loop: asyncio.AbstractEventLoop | None = None
        self._server: ModbusTcpServer | None = None
        self._thread: threading.Thread | None = None
        self._up = threading.Event()
        self._failed: OSError | RuntimeError | None = None

    def start(self) -> ModbusMeters:
        """Listens. Raises OSError where the port is taken."""
        self._up.clear()
        self._thread = threading.Thread(target=asyncio.run, args=(self._serve(),), name="modbus-meters", daemon=True)
        self._thread.start()
        self._up.wait()
        if self._failed is not None:
            self._thread.join()
            raise OSError(f"no Modbus server at {self.host}:{self.tcp_port}: {self._failed}") from self._failed
        return self

    def stop(self) -> None:
        """Unplugs the line. May be called twice."""
        if self._loop is None or self._server is None or self._thread is None:
            return
        asyncio.run_coroutine_threadsafe(self._shutdown(self._server), self._loop).result(5)
        self._thread.join()
        self._loop = None

    def __enter__(self) -> ModbusMeters:
        return self.start()

    def __exit__(self, *_: object) -> None:
        self.stop()

    @staticmethod
    async def _shutdown(server: ModbusTcpServer) -> None:
        await server.shutdown()  # type: ignore[no-untyped-call]

    async def _serve(self) -> None:
        self._failed = None
        try:
            self._server = ModbusTcpServer(
                [_nobody(), *(self._device(unit, meter) for unit, meter in self.meters.items())],
                framer=self._framer,
                address=(self.host, self.tcp_port),
                trace_pdu=self._answering,
            )
            self._loop = asyncio.get_running_loop()
            await self._server.serve_forever(background=True)
            listening = cast(asyncio.Server, self._server.transport)
            self.tcp_port = listening.sockets[0].getsockname()[1]
        except (OSError, RuntimeError) as error:
            self._failed = error
            return
        finally:
            self._up.set()
        await self._server.serving
        # The connections end with the loop; one turn lets their transports see that they are closed.
        await asyncio.sleep(0)

    def _device(self, unit: int, meter: SimulatedMeter) -> SimDevice:
        async def fill(*request: object) -> ExcCodes | None:
            function, start, _address, _count, registers, _written = request
            return self._fill(unit, meter, cast(int, function), cast(int, start), cast(list[int], registers))

        addresses = sorted(registers_of(meter.model, ElectricityValues((0, 0, 0), (0, 0, 0), 0, 0)))
        inputs = [SimData(address, values=0.0, datatype=DataType.FLOAT32) for address in addresses]
        serial = [SimData(_SERIAL_ADDRESS, values=meter.serial or 0, datatype=DataType.UINT32)]
        return SimDevice(unit, (_NO_BITS, _NO_BITS, serial, inputs), action=fill)

    def _fill(
        self, unit: int, meter: SimulatedMeter, function: int, start: int, registers: list[int]
    ) -> ExcCodes | None:
        if self.faults.get(unit) == "refusal" or (function == _HOLDING and meter.serial is None):
            return ExcCodes.ILLEGAL_ADDRESS
        if function == _INPUT:
            self.polls += 1
            for address, value in registers_of(meter.model, meter.values()).items():
                shown = float("nan") if self.faults.get(unit) == "not a number" else value
                registers[address - start : address - start + 2] = words_of(shown)
        return None

    def _answering(self, sending: bool, pdu: ModbusPDU) -> ModbusPDU:
        """Lets an answer of a silent unit get lost: sent as from a unit that nobody asked."""
        if sending and self.faults.get(pdu.dev_id) == "silence":
            pdu.dev_id = 0
        return pdu
