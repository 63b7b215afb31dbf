"""The count of a pulse meter, kept over restarts and power cuts in a small file.

Promise: a count once reported never goes back, because it is on the disk before it is reported. Not a promise that no
pulse is lost: those that come while the device is off are gone, and after a power cut those since the last report.
"""

from __future__ import annotations

import json
import os
from dataclasses import asdict, dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class PulseState:
    """`pulses` counted since the meter showed `start` [kWh or m³], at `pulses_per_unit`."""

    sensor: str
    start: float
    pulses_per_unit: float
    pulses: int = 0

    @property
    def register(self) -> float:
        """What the meter shows now [kWh or m³]."""
        return self.start + self.pulses / self.pulses_per_unit


def load(path: Path, wanted: PulseState) -> PulseState:
    """The state to go on from. Another `start` or `pulses_per_unit` was configured: the meter was read, count anew.

    Raises OSError where the file can't be read, ValueError where it is no state of this sensor.
    """
    try:
        text = path.read_text("utf-8")
    except FileNotFoundError:
        return wanted
    try:
        kept = PulseState(**json.loads(text))
        kept.register  # noqa: B018  (raises where a value is no number)
    except (TypeError, ValueError, ZeroDivisionError) as error:
        raise ValueError(f"{path} holds no pulse count: {error}") from error
    if type(kept.pulses) is not int or kept.pulses < 0:
        raise ValueError(f"{path}: pulses: {kept.pulses!r} — expected a whole number from 0")
    if kept.sensor != wanted.sensor:
        raise ValueError(f"{path} is the count of sensor {kept.sensor}")
    if (kept.start, kept.pulses_per_unit) != (wanted.start, wanted.pulses_per_unit):
        return wanted
    return kept


def save(path: Path, state: PulseState) -> None:
    """Replaces the file in one step, synced: either the old count or the new one is there after a power cut."""
    fresh = path.with_name(f".{path.name}.new")
    with fresh.open("w", encoding="utf-8") as file:
        json.dump(asdict(state), file)
        file.flush()
        os.fsync(file.fileno())
    fresh.replace(path)
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)
