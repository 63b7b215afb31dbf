"""The town as one round sees it. Each part is read when it is first asked for, once."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from functools import cached_property
from zoneinfo import ZoneInfo

import numpy as np

from bypuls.api.directory import Directory
from bypuls.api.latest import Latest, latest_of, silent_after_s
from bypuls.store.book import AlarmBook, Book
from bypuls.store.protocol import Store
from bypuls.store.registry import Device, Sensor
from bypuls.wire import Health, TrafficBin, to_us
from bypuls.wire.bins import QUARTER_US, bin_kind

_DAY_US = 86_400_000_000
_BACK_DAYS = (2, 30, 400)
"""How far back bins are searched for the last word of a sensor without a reading; the nearest first."""
_AGAIN_US = 3_600_000_000


class Memory:
    """What is kept from round to round, for speed alone: a new process does without."""

    def __init__(self) -> None:
        self.last_bins: dict[str, tuple[int, int | None]] = {}
        """By sensor: when it was looked for [µs], and the end of its newest bin."""
        self.days: dict[str, object] = {}


class Scene:
    """One moment of the town."""

    def __init__(
        self, store: Store, directory: Directory, book: Book, alarms: AlarmBook, *, now: datetime, zone: ZoneInfo,
        memory: Memory,
    ) -> None:  # fmt: skip
        self.store, self.directory, self.book, self.alarms = store, directory, book, alarms
        self.now, self.zone, self.memory = now, zone, memory
        self.now_us = to_us(now)

    @cached_property
    def devices(self) -> dict[str, Device]:
        """Devices that aren't retired."""
        return {
            id: row for id, row in self.directory.devices.items() if row.retired_at is None or row.retired_at > self.now
        }

    @cached_property
    def sensors(self) -> dict[str, Sensor]:
        """Sensors that are there now: of devices that aren't retired, within their own time."""
        return {
            id: row
            for id, row in self.directory.sensors.items()
            if row.device in self.devices
            and (row.valid_from is None or row.valid_from <= self.now)
            and (row.valid_to is None or row.valid_to > self.now)
        }

    @cached_property
    def latest(self) -> dict[str, Latest]:
        """The newest reading of each sensor, and of each device's health."""
        probes = [self.health_sensor(device) for device in self.devices if device not in self.sensors]
        found = latest_of(self.store, [*self.sensors.values(), *probes], self.now)
        return {one.sensor.id: one for one in found}

    def health_sensor(self, device: str) -> Sensor:
        """The sensor of a device's health, registered or not."""
        return self.sensors.get(device) or Sensor(id=device, device=device, kind="health", name=device)

    def health(self, device: str) -> Health | None:
        """What a device said of itself, while it speaks of now."""
        reading = self.latest[device].current
        return reading if isinstance(reading, Health) else None

    @cached_property
    def spoke_us(self) -> Mapping[str, int | None]:
        """When each sensor (and each device, of its health) spoke last [µs]: the end of what its last word speaks of.
        Where raw readings are gone, the newest bin tells. None = never."""
        found: dict[str, int | None] = {}
        silent: list[Sensor] = []
        for one in self.latest.values():
            if one.reading is not None and one.reading.t is not None:
                period_s = one.reading.period_s if isinstance(one.reading, TrafficBin) else 0
                found[one.sensor.id] = to_us(one.reading.t) + period_s * 1_000_000
            else:
                silent.append(one.sensor)
        return found | self._by_bins(silent)

    def silent_after_us(self, sensor: Sensor) -> int:
        """After how long without a word a sensor counts as silent [µs]."""
        return int(silent_after_s(sensor) * 1e6)

    def _by_bins(self, sensors: Sequence[Sensor]) -> dict[str, int | None]:
        held = self.memory.last_bins
        asked = [one for one in sensors if one.id not in held or self.now_us - held[one.id][0] > _AGAIN_US]
        # What was found is looked for again an hour later; what wasn't, at once: the bins may just be on their way.
        asked += [one for one in sensors if one not in asked and held[one.id][1] is None]
        missing = {one.id: one for one in asked}
        newer_us = self.now_us
        for days in _BACK_DAYS:
            older_us = self.now_us - days * _DAY_US
            for kind in {bin_kind(one.kind) for one in missing.values()}:
                ids = [one.id for one in missing.values() if bin_kind(one.kind) == kind]
                for id, end_us in newest_bins(self.store, kind, ids, older_us, newer_us).items():
                    held[id] = (self.now_us, min(end_us, self.now_us))
                    del missing[id]
            newer_us = older_us
        for id in missing:
            held[id] = (self.now_us, None)
        return {one.id: held[one.id][1] for one in sensors}


def newest_bins(store: Store, kind: str, sensors: Iterable[str], start_us: int, end_us: int) -> dict[str, int]:
    """The end of each sensor's newest bin in the range [µs]; sensors without one are left out."""
    table = store.bins(kind, list(sensors), start_us // QUARTER_US * QUARTER_US, end_us, ["n"], every_s=900)
    spoken = np.nan_to_num(table.columns["n"]) > 0
    found: dict[str, int] = {}
    for id, t_us in zip(table.sensor[spoken].tolist(), table.t_us[spoken].tolist(), strict=True):
        found[str(id)] = max(found.get(str(id), 0), int(t_us) + QUARTER_US)
    return found
