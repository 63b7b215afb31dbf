"""The evaluator: looks at every condition that a rule asks for, and keeps what comes of it.

Promise: a round is one transaction, so a process that is killed in it loses nothing and doubles nothing; the next round
looks again. Of several evaluators one works at a time, by a lease that the transaction itself checks.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from zoneinfo import ZoneInfo

import structlog

from bypuls.analysis.errors import AnalysisError
from bypuls.api.alarms.detectors import DETECTORS, Looking
from bypuls.api.alarms.finding import Finding, Key, Subject
from bypuls.api.alarms.keeping import Keeping
from bypuls.api.alarms.notices import Channels, announce_digests
from bypuls.api.alarms.rulebook import Applied, RuleBook
from bypuls.api.alarms.scene import Memory, Scene
from bypuls.api.directory import DirectorySource
from bypuls.api.lighting_watch.settings import WatchSettings
from bypuls.api.lighting_watch.watch import LightingWatch
from bypuls.store.book import AlarmBook, Book
from bypuls.store.protocol import Store, StoreError
from bypuls.store.registry import Registry
from bypuls.wire import to_us

log = structlog.get_logger("bypuls.alarms")

LEASE = "alarms"
LEASE_S = 300.0
_FIRST_AGAIN_S = 60.0


@dataclass(frozen=True, slots=True, kw_only=True)
class EvaluatorSettings:
    """owner : this process' name.  tz : zone of local days.  channels : where changes are told.  lighting : of the
    watch on street lights."""

    owner: str = f"alarms-{os.getpid()}"
    tz: str = "Europe/Copenhagen"
    channels: Channels = field(default_factory=Channels)
    lighting: WatchSettings = field(default_factory=WatchSettings)


@dataclass(frozen=True, slots=True)
class Round:
    """What a round came to. looked : conditions looked at.  changes : actions with how often.
    failed : kinds that couldn't be looked at, with the reason; their alarms stay as they are."""

    looked: int
    changes: Mapping[str, int]
    failed: Mapping[str, str]


@dataclass(slots=True)
class _Turn:
    """When a kind is looked at again [µs], and since when it is."""

    first_us: int
    next_us: int


class Evaluator:
    """Evaluates the registry's rules on the store."""

    def __init__(
        self, store: Store, registry: Registry, book: Book, settings: EvaluatorSettings, *,
        clock: Callable[[], datetime], detectors: Mapping[str, Looking] = DETECTORS,
    ) -> None:  # fmt: skip
        self._store, self._registry, self._book, self._settings = store, registry, book, settings
        self._clock, self._detectors = clock, detectors
        self._alarms = AlarmBook(registry)
        self._directory = DirectorySource(registry)
        self._zone = ZoneInfo(settings.tz)
        self._memory = Memory(LightingWatch(registry, self._zone, settings.lighting))
        self._turns: dict[str, _Turn] = {}
        self._rules: tuple[int, RuleBook] | None = None

    def round(self, *, everything: bool = False) -> Round | None:
        """One round; None where another process evaluates.

        everything : kinds whose turn hasn't come, too.  Raises StoreError where the registry can't be used."""
        if not self._alarms.take_lease(LEASE, self._settings.owner, to_us(self._clock()), LEASE_S):
            return None
        now = self._clock()
        scene = Scene(
            self._store, self._directory(), self._book, self._alarms, now=now, zone=self._zone, memory=self._memory
        )
        rules = self._rulebook(scene.directory.version)
        found: dict[str, dict[str, tuple[Finding, Subject, Applied]]] = {}
        failed: dict[str, str] = {}
        for kind, looking in self._detectors.items():
            turn = self._turns.setdefault(kind, _Turn(scene.now_us, scene.now_us))
            if not everything and scene.now_us < turn.next_us:
                continue
            try:
                found[kind] = _looked(scene, kind, looking, rules)
            except (StoreError, AnalysisError) as error:
                failed[kind] = f"{type(error).__name__}: {error}"
            except Exception as error:  # noqa: BLE001 - a fault in one kind's figures must not silence the others
                failed[kind] = f"{type(error).__name__}: {error}"
                log.error("a kind of alarm can't be looked at", kind=kind, error=repr(error))
            turn.next_us = scene.now_us + _pause_us(looking, scene.now_us - turn.first_us)
        with self._alarms.round(LEASE, self._settings.owner, to_us(self._clock())) as changes:
            kept = Keeping(changes, rules, scene, self._settings.channels).keep(found)
            announce_digests(
                changes, self._settings.channels, rules.owners.values(), scene.now_us, self._zone
            )  # fmt: skip
        return Round(sum(len(one) for one in found.values()), kept, failed)

    def rest(self) -> None:
        """Lets another process take over at once."""
        self._alarms.release_lease(LEASE, self._settings.owner)

    def _rulebook(self, version: int) -> RuleBook:
        if self._rules is None or self._rules[0] != version:
            self._rules = version, RuleBook.read(self._registry)
        return self._rules[1]


def _looked(scene: Scene, kind: str, looking: Looking, rules: RuleBook) -> dict[str, tuple[Finding, Subject, Applied]]:
    """Every subject of a kind that a rule asks for, with what was found."""
    asked: dict[str, tuple[Subject, Applied]] = {}
    for subject in looking.subjects(scene):
        applied = rules.of(kind, subject)
        if applied is not None:
            asked[subject.id] = subject, applied
    findings = looking.detector(scene, {id: applied.parameters for id, (_, applied) in asked.items()})
    return {one.subject: (one, *asked[one.subject]) for one in findings}


def _pause_us(looking: Looking, age_us: int) -> int:
    """What is looked at seldom is looked at more often after a start, when history may still be on its way."""
    pause_s = min(looking.every_s, max(_FIRST_AGAIN_S, age_us / 1e6)) if looking.every_s else 0.0
    return int(pause_s * 1e6)


__all__ = ["Evaluator", "EvaluatorSettings", "Key", "Round"]
