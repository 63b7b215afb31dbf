"""What a meter's register said around the turns of a year: where an auditor begins."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from bypuls.api.accounts.frame import Frame
from bypuls.api.accounts.model import Line
from bypuls.api.directory import Directory
from bypuls.api.periods import local_text
from bypuls.store.protocol import Store
from bypuls.store.registry import Sensor


@dataclass(frozen=True, slots=True)
class RegisterReading:
    """A reading of a register. t_us [µs UTC], local time as text; value [Wh or m³, before the multiplier]."""

    t_us: int
    local: str
    value: float


@dataclass(frozen=True, slots=True)
class MeterRegisters:
    """start, end : the last reading before the year and the last within it, the first within it where there is none
    before; None where no raw reading is kept.  quantity : the register's field.  multiplier : of its differences."""

    serial: str | None
    quantity: str
    unit: str
    multiplier: float
    start: RegisterReading | None
    end: RegisterReading | None

    @property
    def difference_kwh(self) -> float | None:
        """End less start × multiplier [kWh]; None for volumes and where a reading isn't kept."""
        if self.start is None or self.end is None or self.unit != "Wh":
            return None
        return (self.end.value - self.start.value) * self.multiplier / 1000.0

    def to_json(self) -> dict[str, Any]:
        """As an object."""

        def told(one: RegisterReading | None) -> dict[str, Any] | None:
            return None if one is None else {"t": one.local, "value": one.value}

        return {
            "serial": self.serial,
            "quantity": self.quantity,
            "unit": self.unit,
            "multiplier": self.multiplier,
            "start": told(self.start),
            "end": told(self.end),
            "difference_kwh": self.difference_kwh,
        }


def registers_of(store: Store, directory: Directory, lines: Iterable[Line], frame: Frame) -> dict[str, MeterRegisters]:
    """The registers of the lines' meters, by id."""
    ids = dict.fromkeys(line.id for line in lines if line.kind != "activity")
    return {id: _of(store, directory.sensors[id], frame) for id in ids if id in directory.sensors}


def _of(store: Store, sensor: Sensor, frame: Frame) -> MeterRegisters:
    name = "energy_wh" if sensor.kind == "lamp" else "import_wh"
    start = _reading(store, sensor, name, frame.start_us + 1, frame, before=True)
    start = start or _reading(store, sensor, name, frame.start_us, frame, before=False)
    end = _reading(store, sensor, name, frame.end_us + 1, frame, before=True)
    if start is not None and start.t_us > frame.end_us:
        start = None
    if end is not None and end.t_us <= (start.t_us if start else frame.start_us):
        end = None
    return MeterRegisters(sensor.serial, name, "Wh", sensor.multiplier, start, end)


def _reading(
    store: Store, sensor: Sensor, name: str, t_us: int, frame: Frame, *, before: bool
) -> RegisterReading | None:
    at = store.neighbour(sensor.kind, sensor.id, t_us, before=before, having=(name,))
    if at is None:
        return None
    column = store.columns(sensor.kind, sensor.id, at, at + 1, [name]).values[name]
    return RegisterReading(at, local_text(at, frame.zone), float(column[0])) if len(column) else None
