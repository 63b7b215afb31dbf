"""Admission: is this a known device's known sensor, at a sane time? What isn't is refused with the reason."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from bypuls.store.registry import Admission, SensorEntry
from bypuls.wire import Batch, Reading, RefusedReading, format_time

EARLIEST = datetime(2010, 1, 1, tzinfo=UTC)
AHEAD = timedelta(minutes=5)


@dataclass(frozen=True, slots=True)
class Judged:
    """A batch after admission: (sequence number, reading) and (sequence number, reason)."""

    admitted: list[tuple[int, Reading]]
    refused: list[tuple[int, str]]
    strangers: bool = False
    """Some are refused because the registry, as this gate knows it, doesn't know their device or sensor."""


class Gate:
    """Judges readings against one snapshot of the registry."""

    def __init__(self, admission: Admission, *, earliest: datetime = EARLIEST, ahead: timedelta = AHEAD) -> None:
        self._sensors = admission.sensors
        self._devices = admission.devices
        self._earliest = earliest
        self._ahead = ahead

    def sensor(self, sensor: str) -> SensorEntry | None:
        """What the registry knows of a sensor."""
        return self._sensors.get(sensor)

    def judge(self, batch: Batch, now: datetime) -> Judged:
        """Every reading of the batch, admitted or refused."""
        admitted: list[tuple[int, Reading]] = []
        refused: list[tuple[int, str]] = []
        strangers = False
        latest = now + self._ahead
        for seq, reading in enumerate(batch.readings, batch.first):
            reason = self._reason(batch.device, reading, latest)
            if reason is None:
                admitted.append((seq, reading))  # type: ignore[arg-type]
            else:
                refused.append((seq, reason))
                strangers |= isinstance(reading, Reading) and reading.sensor not in self._sensors
        return Judged(admitted, refused, strangers)

    def refusal(self, device: str, reading: Reading | RefusedReading, now: datetime) -> str | None:
        """Why a reading of `device` is refused; None where it is welcome."""
        return self._reason(device, reading, now + self._ahead)

    def _reason(self, device: str, reading: Reading | RefusedReading, latest: datetime) -> str | None:
        if isinstance(reading, RefusedReading):
            return str(reading.error)
        entry = self._sensors.get(reading.sensor)
        if entry is None or entry.device != device:
            return self._stranger(device, reading, entry)
        if entry.kind != reading.kind:
            return f"kind: {reading.kind!r} — expected {entry.kind}, as {reading.sensor} is registered"
        medium = getattr(reading, "medium", None)
        if entry.medium is not None and medium is not None and medium != entry.medium:
            return f"medium: {medium!r} — expected {entry.medium}, as {reading.sensor} is registered"
        t = reading.t
        if t is None:
            return "t: none — expected a time; the device's clock was never synchronised before it restarted"
        if t < self._earliest:
            return f"t: {format_time(t)} — expected {format_time(self._earliest)} or later"
        if t > latest:
            return f"t: {format_time(t)} — expected a time that is not ahead of the platform's clock"
        if (entry.valid_from is not None and t < entry.valid_from) or (
            entry.valid_to is not None and t >= entry.valid_to
        ):
            return f"t: {format_time(t)} — expected a time while {reading.sensor} is registered as in service"
        return None

    def _stranger(self, device: str, reading: Reading, entry: SensorEntry | None) -> str:
        if device not in self._devices:
            return f"device: {device!r} — expected a registered device that is not retired"
        if entry is None:
            return f"sensor: {reading.sensor!r} — expected a sensor that is registered"
        return f"sensor: {reading.sensor!r} — expected a sensor of {device}; it belongs to {entry.device}"
