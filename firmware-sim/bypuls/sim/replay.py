"""Replays a recording over MQTT as one device. Done twice with the same options, it is stored once.

Epoch and sequence numbers are functions of the files, the mapping and the options: what the platform has stored
already, it knows again.
"""

from __future__ import annotations

import hashlib
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from random import Random

from bypuls.sim.courier import Courier, Link
from bypuls.sim.flight import fits
from bypuls.sim.mqtt_link import Broker, MqttLink
from bypuls.sim.recordings import Recording
from bypuls.sim.spoil import Faults, spoil
from bypuls.wire import Reading, encode_reading, to_us
from bypuls.wire.fields import check_id

DEVICE = "replay"
_FLUSH_S = 1.0  # longest that a reading waits for its batch to fill when replayed at a pace [s]


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a replay is: readings sent, receipted (stored or refused) and in all, receipted per second."""

    sent: int
    receipted: int
    total: int
    rate: float


@dataclass(frozen=True, slots=True)
class ReplayReport:
    """What became of a replay. `refused` counts reasons; `rejected` counts rows of the files that gave no reading.

    seconds : from the first publish to the last receipt.  sent_again : batches whose receipt was overdue.
    """

    published: int
    stored: int
    refused: Mapping[str, int]
    rejected: int
    seconds: float
    sent_again: int
    epoch: str


@dataclass(frozen=True, slots=True)
class Options:
    """How a recording is replayed.

    speed : times real time; 0 = as fast as it is receipted.  shift : added to every time.
    sensor_prefix : put before every sensor's id.  repeat : so many copies side by side, from the second on as `id-2`, …
    Raises ValueError for a value that is out of range.
    """

    speed: float = 0.0
    shift: timedelta = field(default_factory=timedelta)
    sensor_prefix: str = ""
    repeat: int = 1
    faults: Faults = field(default_factory=Faults)

    def __post_init__(self) -> None:
        if not 0.0 <= self.speed < float("inf"):
            raise ValueError(f"speed: {self.speed!r} — expected 0 (as fast as possible) or times real time")
        if self.repeat < 1:
            raise ValueError(f"repeat: {self.repeat!r} — expected 1 or more")


def shift_to_now(recording: Recording, now: datetime) -> timedelta:
    """The whole days that bring the last reading as near before `now` as possible: the same all day long, and every
    reading keeps its time of day (UTC)."""
    last = max((reading.t for reading in recording.readings if reading.t is not None), default=now)
    return timedelta(days=(now - last) // timedelta(days=1))


def sensor_ids(recording: Recording, options: Options) -> dict[str, tuple[str, ...]]:
    """The ids under which each sensor of the recording is sent: what the registry must know. Raises BadField."""
    return {
        sensor: tuple(
            check_id("sensor", f"{options.sensor_prefix}{sensor}{'' if copy == 1 else f'-{copy}'}")
            for copy in range(1, options.repeat + 1)
        )
        for sensor in recording.sensors
    }


def epoch_of(recording: Recording, options: Options) -> str:
    """The epoch of this recording with these options. The pace is no part of it: it changes no reading."""
    told = (recording.digest, options.shift, options.sensor_prefix, options.repeat, options.faults)
    return f"replay-{hashlib.blake2b(repr(told).encode(), digest_size=12).hexdigest()}"


def replay(
    recording: Recording,
    *,
    broker: Broker | None = None,
    device: str = DEVICE,
    options: Options | None = None,
    progress: Callable[[Progress], None] | None = None,
    link: Link | None = None,
    patience_s: float = 120.0,
    clock: Callable[[], float] = time.monotonic,
    waiting: Callable[[str], None] | None = None,
) -> ReplayReport:
    """Publishes a recording as `device` and waits for every receipt.

    link : a connection of the caller's own, instead of one to `broker`.
    patience_s : how long there may be no receipt [s].  progress : called about once a second, and at the end.
    waiting : called with the reason when the broker can't be reached at once; once for each reason.
    Raises NoBroker, NoReceipts, BadField (an id that is none)."""
    chosen = options or Options()
    check_id("device", device)
    epoch = epoch_of(recording, chosen)
    if link is None:
        with MqttLink(broker or Broker(), device, epoch) as own:
            return replay(
                recording,
                device=device,
                options=chosen,
                progress=progress,
                link=own,
                patience_s=patience_s,
                clock=clock,
                waiting=waiting,
            )
    courier = Courier(link, device, epoch, patience_s=patience_s, clock=clock)
    run = _Run(recording, chosen, courier, progress, clock)
    return run.go(epoch, waiting)


class _Run:
    """One replay on its way."""

    def __init__(
        self,
        recording: Recording,
        options: Options,
        courier: Courier,
        progress: Callable[[Progress], None] | None,
        clock: Callable[[], float],
    ) -> None:
        self._rejected = len(recording.rejected)
        self._readings = spoil(recording.readings, options.faults)
        self._ids = sensor_ids(recording, options)
        self._options = options
        self._courier = courier
        self._progress = progress
        self._clock = clock
        self._resend = Random(f"{options.faults.seed} resent")
        self._total = len(self._readings) * options.repeat
        self._told_s = self._started_s = clock()

    def go(self, epoch: str, waiting: Callable[[str], None] | None) -> ReplayReport:
        why = self._courier.why
        while not self._courier.connected:
            self._courier.poll(0.5)
            if waiting is not None and not self._courier.connected and self._courier.why != why:
                why = self._courier.why
                waiting(why)
        self._started_s = self._told_s = self._clock()
        batch: list[bytes] = []
        size = 0
        for reading in self._paced(batch):
            for data in self._encoded(reading):
                if batch and not fits(len(batch) + 1, size + len(data)):
                    self._send(batch)
                if not batch:
                    size = 0
                batch.append(data)
                size += len(data)
        if batch:
            self._send(batch)
        while len(self._courier.flight):
            self._courier.poll(0.5)
            self._tell()
        self._tell(done=True)
        flight = self._courier.flight
        reasons = Counter(refusal.reason for refusal in flight.refused)
        seconds = self._clock() - self._started_s
        published = flight.next_seq - 1
        return ReplayReport(
            published, flight.stored, dict(reasons), self._rejected, seconds, self._courier.sent_again, epoch
        )

    def _paced(self, batch: list[bytes]) -> Iterator[Reading]:
        """The readings, each when it is due; sends what waits in `batch` before a longer pause."""
        shift, speed = self._options.shift, self._options.speed
        begin_us: int | None = None
        flushed_s = self._clock()
        for original in self._readings:
            reading = original
            if shift and original.t is not None:
                reading = original.replace_t(original.t + shift)
            if speed and original.t is not None:
                at_us = to_us(original.t)
                begin_us = at_us if begin_us is None else begin_us
                due_s = self._started_s + (at_us - begin_us) / 1e6 / speed
                while (wait_s := due_s - self._clock()) > 0.0:
                    if batch and (wait_s > _FLUSH_S or self._clock() - flushed_s > _FLUSH_S):
                        self._send(batch)
                        flushed_s = self._clock()
                    self._courier.poll(min(wait_s, _FLUSH_S))
                    self._tell()
            yield reading

    def _encoded(self, reading: Reading) -> Sequence[bytes]:
        """The reading as bytes under each of its ids: encoded once, the id exchanged."""
        data = encode_reading(reading)
        old = f'"sensor":"{reading.sensor}"'.encode()
        return [
            data if sensor == reading.sensor else data.replace(old, f'"sensor":"{sensor}"'.encode(), 1)
            for sensor in self._ids[reading.sensor]
        ]

    def _send(self, batch: list[bytes]) -> None:
        twice = self._options.faults.resent > 0.0 and self._resend.random() < self._options.faults.resent
        self._courier.send(list(batch), twice=twice)
        batch.clear()
        self._tell()

    def _tell(self, *, done: bool = False) -> None:
        now_s = self._clock()
        if self._progress is None or (now_s - self._told_s < 1.0 and not done):
            return
        self._told_s = now_s
        flight = self._courier.flight
        receipted = flight.stored + len(flight.refused)
        rate = receipted / max(now_s - self._started_s, 1e-9)
        self._progress(Progress(flight.next_seq - 1, receipted, self._total, rate))
