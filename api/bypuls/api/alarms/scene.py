"""The town as one round sees it. Each part is read when it is first asked for, once."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from datetime import date, datetime
from functools import cached_property
from typing import Any, TypeVar
from zoneinfo import ZoneInfo

import numpy as np

from bypuls.api.accounts.account import Accounts
from bypuls.api.alarms.meter_history import MeterHistory, Nights, history_of, nights_of
from bypuls.api.buildings.source import Source
from bypuls.api.directory import Directory, there
from bypuls.api.energy import counted_meters
from bypuls.api.latest import Latest, latest_of, silent_after_s
from bypuls.api.lighting.lamps_now import Judging, LampNow, lamps_now
from bypuls.api.lighting.night import Profiles
from bypuls.api.lighting_watch.view import NOTHING, Watching
from bypuls.api.lighting_watch.watch import LightingWatch
from bypuls.store.book import AlarmBook, Book
from bypuls.store.protocol import Store
from bypuls.store.registry import Device, Lamp, Sensor
from bypuls.wire import Health, TrafficBin, to_us
from bypuls.wire.bins import QUARTER_US, bin_kind

T = TypeVar("T")

_DAY_US = 86_400_000_000
_BACK_DAYS = (2, 30, 400)
"""How far back bins are searched for the last word of a sensor without a reading; the nearest first."""
_AGAIN_US = 3_600_000_000


class Memory:
    """What is kept from round to round, for speed alone: a new process does without. lighting : the watch on street
    lights, which keeps what it must not forget by itself; None = nothing is inferred."""

    def __init__(self, lighting: LightingWatch | None = None) -> None:
        self.lighting = lighting
        self.last_bins: dict[str, tuple[int, int | None]] = {}
        """By sensor: when it was looked for [µs], and the end of its newest bin."""
        self.figures: dict[Hashable, tuple[Hashable, Any]] = {}
        """Costly figures with what they rest on."""
        self.accounts: Accounts | None = None
        self.profiles: tuple[int, Profiles] | None = None
        self.lamp_faults: dict[tuple[str, str], tuple[int | None, int]] = {}
        """By sensor and name: since when a lamp names a fault, and when it was seen last [µs]."""
        self.wells: set[tuple[str, str]] = set()
        """Conditions that were ever seen absent, as far as was read."""


class Scene:
    """One moment of the town."""

    def __init__(
        self, store: Store, directory: Directory, book: Book, alarms: AlarmBook, *, now: datetime, zone: ZoneInfo,
        memory: Memory,
    ) -> None:  # fmt: skip
        self.store, self.directory, self.book, self.alarms = store, directory, book, alarms
        self.now, self.zone, self.memory = now, zone, memory
        self.now_us = to_us(now)

    @property
    def source(self) -> Source:
        """What the figures of buildings are made from."""
        return Source(self.store, self.directory, self.now, self.zone)

    @property
    def accounts(self) -> Accounts:
        """The accounts, which go on from round to round."""
        if self.memory.accounts is None:
            self.memory.accounts = Accounts(self.store, self.book, self.zone)
        return self.memory.accounts

    def meters(self, *media: str) -> list[Sensor]:
        """The buildings' meters of these media that add up to the whole: each use alarms once."""
        found: list[Sensor] = []
        for building in self.directory.buildings:
            mine = [one for one in self.sensors.values() if one.kind == "meter" and one.building == building]
            found += [one for one, sign in counted_meters(self.directory, mine) if sign > 0 and one.medium in media]
        return found

    @cached_property
    def meter_history(self) -> MeterHistory:
        """Two years of days of every building's meters."""
        return history_of(self, self.meters("electricity", "heat", "gas", "water"))

    def nights(self, meters: Sequence[Sensor]) -> dict[str, Nights]:
        """Two years of nights of these meters."""
        return nights_of(self, meters)

    def changed(self, building: str | None) -> date | None:
        """The last day on which a building's use changed for a registered reason; None where there is none."""
        days = [
            day
            for one in self.directory.events.get(building or "", ())
            for day in (one.valid_from, one.valid_to)
            if day is not None and day <= self.now.astimezone(self.zone).date()
        ]
        return max(days) if days else None

    def remembered(self, name: Hashable, day: date, rests_on: Any, make: Callable[[], T]) -> T:
        """What `make` says, made anew for another day and where what it rests on has changed."""
        stamp = (day, self.directory.version, hash(rests_on.tobytes()))
        held = self.memory.figures.get(name)
        if held is None or held[0] != stamp:
            held = self.memory.figures[name] = (stamp, make())
        found: T = held[1]
        return found

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
            id: row for id, row in self.directory.sensors.items() if row.device in self.devices and there(row, self.now)
        }

    @cached_property
    def latest(self) -> dict[str, Latest]:
        """The newest reading of each sensor, and of each device's health."""
        probes = [self.health_sensor(device) for device in self.devices if device not in self.sensors]
        found = latest_of(self.store, [*self.sensors.values(), *probes], self.now)
        return {one.sensor.id: one for one in found}

    @cached_property
    def lamps(self) -> dict[str, LampNow]:
        """What each lamp that has a sensor is doing, by sensor."""
        lamps = [self.directory.lamps[one.lamp] for one in self.sensors.values() if one.lamp in self.directory.lamps]
        return {one.sensor.id: one for one in self._judged(lamps) if one.sensor is not None}

    @cached_property
    def fed(self) -> dict[str, list[LampNow]]:
        """What each lamp that a cabinet feeds is doing, with a sensor or without, by cabinet."""
        told = {one.lamp.id: one for one in self.lamps.values()}
        rest = [one for one in self.directory.lamps.values() if one.cabinet is not None and one.id not in told]
        found: dict[str, list[LampNow]] = {}
        for one in (*told.values(), *self._judged(rest)):
            found.setdefault(one.lamp.cabinet or "", []).append(one)
        return found

    def _judged(self, lamps: Iterable[Lamp]) -> Iterable[LampNow]:
        held = self.memory.profiles
        if held is None or held[0] != self.directory.version:
            held = self.memory.profiles = self.directory.version, Profiles(self.directory, self.zone)
        return lamps_now(Judging(self.directory, held[1], self.now, self.watching), lamps, self.latest).values()

    @cached_property
    def watching(self) -> Watching:
        """What is inferred of lamps and cabinets, up to the newest quarter that is in.  Raises StoreError."""
        watch = self.memory.lighting
        return NOTHING if watch is None else watch.advance(self.store, self.directory, self.now_us)

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
