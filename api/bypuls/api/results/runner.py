"""Works out what is due and lays it down. One process at a time, by a lease in the book.

Promise: what stands on the board is what the platform's own pages and reports said when the job ran; a job that fails
leaves what was there, and says so on the board. Nothing is lost with the board: it is filled again.
"""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from types import MappingProxyType
from zoneinfo import ZoneInfo

import structlog

from bypuls.api.accounts.account import Accounts
from bypuls.api.directory import DirectorySource
from bypuls.api.results.buildings import buildings, energy, savings
from bypuls.api.results.climate import climate
from bypuls.api.results.happenings import happenings
from bypuls.api.results.platform import platform
from bypuls.api.results.scene import Scene
from bypuls.api.results.traffic import averages, sites, sites_now
from bypuls.store.book import AlarmBook, Book
from bypuls.store.protocol import Store, StoreError
from bypuls.store.registry import Registry
from bypuls.store.results import NOW_US, Result, ResultBoard
from bypuls.wire import to_us

log = structlog.get_logger("bypuls.results")

LEASE, LEASE_S = "results", 900.0
_FIRST_AGAIN_S = 60.0


@dataclass(frozen=True, slots=True)
class Job:
    """What a job works out, at most every so often [s]. slow : it may read years: done beside the others."""

    work: Callable[[Scene], int]
    every_s: float
    slow: bool = False


JOBS: Mapping[str, Job] = MappingProxyType(
    {
        "platform": Job(platform, 300.0),
        "happenings": Job(happenings, 300.0),
        "climate": Job(climate, 900.0, slow=True),
        "streets": Job(sites_now, 1800.0, slow=True),
        "buildings": Job(buildings, 3600.0, slow=True),
        "energy": Job(energy, 900.0, slow=True),
        "sites": Job(sites, 1800.0, slow=True),
        "averages": Job(averages, 86_400.0, slow=True),
        "savings": Job(savings, 6 * 3600.0, slow=True),
    }
)


@dataclass(frozen=True, slots=True)
class Ran:
    """What became of a job. reason : why it failed; None where it didn't."""

    job: str
    results: int
    seconds: float
    reason: str | None


class ResultsRunner:
    """Runs the jobs. halted : whether to give up soon."""

    def __init__(
        self, store: Store, board: ResultBoard, registry: Registry, book: Book, *, clock: Callable[[], datetime],
        tz: str = "Europe/Copenhagen", owner: str = f"results-{os.getpid()}", jobs: Mapping[str, Job] = JOBS,
        halted: Callable[[], bool] = lambda: False,
    ) -> None:  # fmt: skip
        self._store, self._board, self._book, self._clock = store, board, book, clock
        self._alarms, self._directory = AlarmBook(registry), DirectorySource(registry)
        self._zone, self._owner, self._jobs, self._halted = ZoneInfo(tz), owner, jobs, halted
        self._accounts = Accounts(store, book, self._zone)
        self._next: dict[str, float] = {}
        self._began: datetime | None = None

    def run(self, names: Sequence[str] | None = None) -> list[Ran] | None:
        """The named jobs, those that are due without; None where another process is at it.

        Raises StoreError where the registry's database can't be used."""
        found: list[Ran] = []
        for name, job in self._jobs.items():
            if self._halted() or not (name in names if names is not None else self._due(name)):
                continue
            # Each takes its time: the lease is renewed, and given up where it was lost.
            if not self._book.take_lease(LEASE, self._owner, to_us(self._clock()), LEASE_S):
                return found or None
            found.append(self._ran(name, job))
        return found

    def rest(self) -> None:
        """Lets another process take over at once."""
        self._book.release_lease(LEASE, self._owner)

    def serve(self, stop: threading.Event, *, every_s: float = 15.0) -> None:
        """Looks for what is due again and again, until `stop`. Slow jobs have a thread of their own: the platform's
        word on itself mustn't wait for years of history."""

        def look(names: Sequence[str]) -> None:
            while not stop.is_set():
                try:
                    self.run([name for name in names if self._due(name)])
                except StoreError as error:
                    log.warning("results can't be worked out just now", error=str(error))
                stop.wait(every_s)

        slow = threading.Thread(target=look, args=([n for n, job in self._jobs.items() if job.slow],), name="slow-jobs")
        slow.start()
        look([name for name, job in self._jobs.items() if not job.slow])
        slow.join()
        try:
            self.rest()
        except StoreError as error:
            log.warning("the lease runs out by itself", error=str(error))

    def _due(self, name: str) -> bool:
        return self._clock().timestamp() >= self._next.get(name, 0.0)

    def _ran(self, name: str, job: Job) -> Ran:
        now, began = self._clock(), time.monotonic()
        if self._began is None:
            self._began = now
        scene = Scene(
            self._store, self._board, self._directory(), self._book, self._alarms, self._accounts, now, self._zone,
            self._halted,
        )  # fmt: skip
        results, reason = 0, None
        try:
            results = job.work(scene)
        except Exception as error:  # noqa: BLE001 - a fault in one job's figures must not silence the others
            reason = f"{type(error).__name__}: {error}"
            log.warning("results can't be worked out", job=name, reason=reason)
        ran = Ran(name, results, time.monotonic() - began, reason)
        # After a start history may still be on its way: what is seldom worked out is so more often then.
        age_s = (now - self._began).total_seconds()
        self._next[name] = now.timestamp() + min(job.every_s, max(_FIRST_AGAIN_S, age_s, ran.seconds * 2.0))
        self._note(ran, now)
        return ran

    def _note(self, ran: Ran, now: datetime) -> None:
        made = Result.of(
            "run", {"job": ran.job}, NOW_US, ended_s=now.timestamp(), seconds=ran.seconds, results=ran.results,
            ok=float(ran.reason is None), state="done" if ran.reason is None else "failed",
            reason_en=_printable(ran.reason),
        )  # fmt: skip
        try:
            if made is not None:
                self._board.replace_results("run", [made], having={"job": ran.job})
        except StoreError as error:
            log.warning("results wait for the store", job=ran.job, error=str(error))


def _printable(text: str | None) -> str | None:
    return None if text is None else "".join(letter if letter.isprintable() else " " for letter in text)[:500]
