"""The watch on street lights: every cabinet's meter and every lamp, from quarter to quarter.

Promise: a restart changes nothing, nor does the order in which readings arrive. What was learned and what stands is
kept, once it is older than the bound of lateness, in the registry's database; the quarters since then are judged again
from the store, with the same result. At the first start the nights before are gone through. Not a promise for readings
that come later than that bound: what they tell stays unknown.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator, Sequence
from datetime import timedelta
from itertools import groupby
from zoneinfo import ZoneInfo

import numpy as np
import structlog

from bypuls.analysis.arrays import IntArray
from bypuls.api.directory import Directory
from bypuls.api.lighting.night import Profiles, nights
from bypuls.api.lighting_watch.feed import Grid
from bypuls.api.lighting_watch.keeping import Arrays, unpacked
from bypuls.api.lighting_watch.lamps_unit import LampsUnit
from bypuls.api.lighting_watch.meter_unit import MeterUnit
from bypuls.api.lighting_watch.settings import WatchSettings
from bypuls.api.lighting_watch.track import AnyUnit, State, Track
from bypuls.api.lighting_watch.units import Levels, Unit, units_of
from bypuls.api.lighting_watch.view import Watching
from bypuls.store.book import LightingWatchBook, Watched
from bypuls.store.protocol import Store
from bypuls.store.registry import Registry
from bypuls.wire import from_us
from bypuls.wire.bins import QUARTER_US

log = structlog.get_logger("bypuls.lights")

_DAY_US = 86_400_000_000
_CHUNK_US = 7 * _DAY_US
_JUDGED_US = 3 * _DAY_US  # of what lies before the first start, so much of lamps is judged, the rest learned from
_TOGETHER = 50
_HELD_US = 2 * _DAY_US  # where no night closes, a state is held all the same
_AGAIN_US = (60_000_000, 6 * 3_600_000_000)  # first and longest pause until history is looked for again


class LightingWatch:
    """For one process: the one that evaluates alarms."""

    def __init__(
        self, registry: Registry, zone: ZoneInfo, settings: WatchSettings, tick: Callable[[], float] = time.monotonic
    ) -> None:
        self._book, self._zone, self._settings, self._tick = LightingWatchBook(registry), zone, settings, tick
        self._tracks: dict[str, Track] = {}
        self._told: dict[str, str] = {}
        self._version: int | None = None
        self._levels: Levels | None = None
        self._tried: dict[str, tuple[int, int]] = {}
        self._unsaved: set[str] = set()
        self._view: Watching | None = None

    def advance(self, store: Store, directory: Directory, now_us: int) -> Watching:
        """Goes on to what has arrived, and says what is known.  Raises StoreError."""
        end_us = (now_us - int(self._settings.lag_s * 1e6)) // QUARTER_US * QUARTER_US
        bound_us = (end_us - int(self._settings.late_h * 3.6e9)) // QUARTER_US * QUARTER_US
        if self._version != directory.version or self._levels is None:
            self._register(directory, end_us)
        assert self._levels is not None
        self._begin_anew(store, end_us)
        began, changed, whole = self._tick(), list[str](), list[str]()
        for tracks in self._behind(store, end_us):
            start_us = tracks[0].unit.next_us
            until_us = min(end_us, start_us + _CHUNK_US)
            if start_us < bound_us < until_us:
                until_us = bound_us
            for track, closed in self._advanced(store, tracks, start_us, until_us):
                name = track.unit.unit.name
                changed.append(name)
                if closed or until_us == bound_us or until_us - track.states[-1].next_us >= _HELD_US:
                    track.hold()
                if track.settle(bound_us):
                    whole.append(name)
            if self._tick() - began > self._settings.catch_up_s:
                break
        if changed:
            self._keep(changed, whole)
        if self._view is None:
            self._view = Watching.of(self._told)
        return self._view

    def _register(self, directory: Directory, end_us: int) -> None:
        """What the registry asks for: what is new begins, or goes on from what is kept; what is gone is forgotten."""
        kept = self._book.kept()
        found: dict[str, Track] = {}
        self._unsaved = set()
        for name, unit in units_of(directory, from_us(end_us)).items():
            held, row = self._tracks.get(name), kept.get(name)
            if row is None or tuple(json.loads(row.basis)) != unit.basis:
                self._unsaved.add(name)
            if held is not None and held.unit.unit.basis == unit.basis:
                held.unit.unit = unit
                found[name] = held
                continue
            if held is not None:
                state, before = held.states[-1], held.unit.unit.basis
                found[name] = self._restored(unit, state, before, end_us)
            elif row is not None:
                state, before = State(row.next_us, row.state), tuple(json.loads(row.basis))
                found[name] = self._restored(unit, state, before, end_us)
            else:
                found[name] = Track.begun(self._begun(unit, end_us))
        gone = kept.keys() - found.keys()
        if gone:
            self._book.keep((), (), gone)
        self._tracks, self._version, self._view = found, directory.version, None
        # What was told of something else isn't told of what is learned anew.
        self._told = {name: row.told for name, row in kept.items() if name in found.keys() - self._unsaved}
        self._levels = Levels(Profiles(directory, self._zone))

    def _begun(self, unit: Unit, end_us: int, changed_us: int = 0) -> AnyUnit:
        settings = self._settings
        if unit.kind == "meter":
            return MeterUnit(unit, max(changed_us, end_us - settings.meter_nights * _DAY_US), changed_us)
        return LampsUnit(unit, end_us - settings.lamp_nights * _DAY_US, end_us - _JUDGED_US)

    def _restored(self, unit: Unit, state: State, before: tuple[str, ...], end_us: int) -> Track:
        """From what is kept of something that rested on `before`."""
        try:
            kept = unpacked(state.data)
            if before == unit.basis:
                return Track(_again(unit, kept), [state])
            if unit.kind == "lamps":
                return Track.begun(LampsUnit(unit, end_us).carried(kept, before))
            # What hangs there now was registered by now: learning begins here, not with what hung there before.
            return Track.begun(self._begun(unit, end_us, end_us))
        except (ValueError, KeyError) as error:
            log.warning("what was learned is of another release: it is learned anew", unit=unit.name, why=str(error))
            return Track.begun(self._begun(unit, end_us))

    def _begin_anew(self, store: Store, end_us: int) -> None:
        """History may come later than the watch does (an import, a town that is filled): what hasn't learned yet
        begins anew where the store knows more than it was begun with."""
        for name, track in self._tracks.items():
            one = track.unit
            if one.learned or one.next_us < end_us - _DAY_US:
                continue
            first_us, again_us = self._tried.get(name, (end_us, end_us))
            if end_us < again_us:
                continue
            pause_us = min(max(end_us - first_us, _AGAIN_US[0]), _AGAIN_US[1])
            self._tried[name] = (first_us, end_us + pause_us)
            fresh = self._begun(one.unit, end_us, one.changed_us)
            known_us = one.first_us or end_us
            ids = [sensor.id for sensor in one.unit.sensors[:1]]
            kind = one.unit.sensors[0].kind
            if fresh.begun_us < known_us and len(store.bins(kind, ids, fresh.begun_us, known_us, ["n"])):
                self._tracks[name] = Track.begun(fresh)
                self._unsaved.add(name)

    def _behind(self, store: Store, end_us: int) -> Iterator[Sequence[Track]]:
        """Those with something to judge: together where they are at the same quarter of the last day, the rest one by
        one, week by week; then those of which something came late."""

        def at(one: Track) -> tuple[int, str]:
            return (one.unit.next_us, one.unit.unit.kind)

        near = [one for one in self._tracks.values() if end_us - _DAY_US <= one.unit.next_us < end_us]
        for _, together in groupby(sorted(near, key=at), at):
            tracks = list(together)
            for first in range(0, len(tracks), _TOGETHER):
                yield tracks[first : first + _TOGETHER]
        for name in list(self._tracks):
            while (one := self._tracks[name]).unit.next_us < end_us:
                yield [one]
        for one in list(self._tracks.values()):
            if one.go_back(store, end_us, _again):
                log.info("readings came late: judged again", unit=one.unit.unit.name)
                while one.unit.next_us < end_us:
                    yield [one]

    def _advanced(
        self, store: Store, tracks: Sequence[Track], start_us: int, end_us: int
    ) -> Iterator[tuple[Track, bool]]:
        """The units after [start, end), each with whether a night was closed."""
        assert self._levels is not None
        meters = tracks[0].unit.unit.kind == "meter"
        sensors = [sensor.id for one in tracks for sensor in one.unit.unit.sensors]
        # A night is judged from all that is there of it, and an hour's difference begins an hour before.
        read_us = start_us - _DAY_US - QUARTER_US if meters else start_us
        grid = Grid.read(store, "meter" if meters else "lamp", sensors, read_us, end_us)
        for track in tracks:
            one = track.unit
            mine = grid.of([sensor.id for sensor in one.unit.sensors])
            track.note(mine, start_us)
            dusk_us, dawn_us = _nights(one.unit.place, read_us, end_us)
            if not dusk_us.size:  # the light of a northern summer's night: nothing should burn, nothing is judged
                one.next_us = end_us
                yield track, False
                continue
            yield track, one.advance(mine, dusk_us, dawn_us, self._levels)

    def _keep(self, changed: Sequence[str], whole: Sequence[str]) -> None:
        """Written whole where the state to go on from is another one; else what is told alone."""
        for name in changed:
            self._told[name] = json.dumps(self._tracks[name].unit.told(), separators=(",", ":"))
        saved = set(whole) | self._unsaved & set(changed)
        rows = [
            Watched(name, json.dumps(one.unit.unit.basis), one.settled.next_us, one.settled.data, self._told[name])
            for name, one in self._tracks.items() if name in saved
        ]  # fmt: skip
        self._book.keep(rows, [(name, self._told[name]) for name in set(changed) - saved])
        self._unsaved -= saved
        self._view = None


def _again(unit: Unit, kept: Arrays) -> AnyUnit:
    """As it was kept.  Raises ValueError, KeyError."""
    return MeterUnit(unit, 0, kept=kept) if unit.kind == "meter" else LampsUnit(unit, 0, kept=kept)


def _nights(place: tuple[float, float], start_us: int, end_us: int) -> tuple[IntArray, IntArray]:
    """Civil dusks and dawns around a time [µs UTC]; places within 5 km share their sun."""
    first, last = from_us(start_us).date() - timedelta(days=2), from_us(end_us).date() + timedelta(days=3)
    found = nights(round(place[0], 1), round(place[1], 1), first, last)
    table = np.array(found, dtype=np.int64).reshape(-1, 2)
    return table[:, 0], table[:, 1]
