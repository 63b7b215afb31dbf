"""Meters and lamp gateways on a Modbus TCP server: several units behind one address, values from a callable.

Knows nothing of the driver: what lies where says a layout (bypuls.sim.modbus_layout), an SDM meter's or any profile's.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, fields
from typing import Literal, cast

from pymodbus.constants import ExcCodes
from pymodbus.framer import FramerType
from pymodbus.pdu import ModbusPDU
from pymodbus.server import ModbusTcpServer
from pymodbus.simulator import DataType, SimData, SimDevice

from bypuls.sim.modbus_layout import LAYOUTS, Layout, Place, Value

Fault = Literal["none", "silence", "refusal", "not a number"]

_HOLDING = 3
_NO_BITS = [SimData(0, values=False, datatype=DataType.BITS)]
_NOTHING = [SimData(0, values=0, datatype=DataType.REGISTERS)]
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


Values = ElectricityValues | Mapping[str, Value]


@dataclass(frozen=True, slots=True)
class SimulatedMeter:
    """One unit on the line: its layout, or the name of an SDM model, where its values come from, and its serial number
    where it tells one. Behind a gateway of lamps `values` gives one lamp after the other."""

    model: str | Layout
    values: Callable[[], Values | Sequence[Values]]
    serial: int | str | None = None

    @property
    def layout(self) -> Layout:
        """What lies where."""
        return LAYOUTS[self.model] if isinstance(self.model, str) else self.model

    def units(self) -> list[Mapping[str, Value]]:
        """What each unit shows now, by field of the contract."""
        shown = self.values()
        many = [shown] if isinstance(shown, ElectricityValues | Mapping) else list(shown)
        return [
            one if isinstance(one, Mapping) else {f.name: getattr(one, f.name) for f in fields(one)} for one in many
        ]


def _blocks(held: set[int]) -> list[SimData]:
    """Adjacent registers as one block each; what lies between them the device refuses to tell."""
    starts = sorted(address for address in held if address - 1 not in held)
    ends = sorted(address + 1 for address in held if address + 1 not in held)
    return [
        SimData(start, count=end - start, values=0, datatype=DataType.REGISTERS)
        for start, end in zip(starts, ends, strict=True)
    ]


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
            function, start, address, _count, registers, _written = cast(
                tuple[int, int, int, int, list[int], object], request
            )
            return self._fill(unit, meter, function, start, address, registers)

        held: dict[int, set[int]] = {3: set(), 4: set()}
        for unit_at in range(len(meter.units())):
            for place in meter.layout.places:
                for address in place.addresses:
                    start = address + unit_at * meter.layout.stride
                    held[place.function].update(range(start, start + place.size))
        serial = meter.layout.serial
        if serial is not None:
            held[serial.function].update(range(serial.addresses[0], serial.addresses[0] + serial.size))
        blocks = [_blocks(held[function]) or _NOTHING for function in (3, 4)]
        return SimDevice(unit, (_NO_BITS, _NO_BITS, blocks[0], blocks[1]), action=fill)

    def _fill(
        self, unit: int, meter: SimulatedMeter, function: int, start: int, asked: int, registers: list[int]
    ) -> ExcCodes | None:
        """Writes what the device shows now into `registers`, which begin at `start`; `asked` is what was asked for."""
        serial = meter.layout.serial
        asks_serial = serial is not None and function == serial.function and asked == serial.addresses[0]
        if self.faults.get(unit) == "refusal" or (asks_serial and meter.serial is None):
            return ExcCodes.ILLEGAL_ADDRESS
        if serial is not None and asks_serial:
            at = asked - start
            registers[at : at + serial.size] = serial.words(str(meter.serial))[0]
            return None
        if function == _HOLDING and not any(place.function == _HOLDING for place in meter.layout.places):
            return ExcCodes.ILLEGAL_ADDRESS
        self.polls += 1
        for unit_at, values in enumerate(meter.units()):
            for place in meter.layout.places:
                if place.function == function:
                    self._show(unit, place, values, unit_at * meter.layout.stride - start, registers)
        return None

    def _show(self, unit: int, place: Place, values: Mapping[str, Value], offset: int, registers: list[int]) -> None:
        value = values.get(place.field)
        if isinstance(value, tuple) and not place.events:
            value = cast(tuple[float, ...], value[: len(place.addresses)])
        if self.faults.get(unit) == "not a number" and place.type == "float32":
            value = float("nan")
        for address, words in zip(place.addresses, place.words(value), strict=True):
            at = address + offset
            if at >= 0 and at + place.size <= len(registers):
                registers[at : at + place.size] = words

    def _answering(self, sending: bool, pdu: ModbusPDU) -> ModbusPDU:
        """Lets an answer of a silent unit get lost: sent as from a unit that nobody asked."""
        if sending and self.faults.get(pdu.dev_id) == "silence":
            pdu.dev_id = 0
        return pdu
