"""The ingest service: one thread takes messages over, one rolls up, both supervised; MQTT has its own."""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import structlog
from prometheus_client import CollectorRegistry

from bypuls.ingest.gate import Gate
from bypuls.ingest.intake import Intake, Moment, Outcome, no_moment
from bypuls.ingest.messages import Message
from bypuls.ingest.metrics import Metrics
from bypuls.ingest.plants import hasty_answers
from bypuls.ingest.retention import KEEP_REPORTS, Retention
from bypuls.ingest.rollups import RollupWorker
from bypuls.ingest.subscriber import BrokerSettings, Subscriber
from bypuls.store.book import Book, CitizenReports, DeadLettersFull, as_store_errors
from bypuls.store.protocol import Store, StoreError, Unavailable
from bypuls.store.registry import Admission, Registry

log = structlog.get_logger("bypuls.ingest")

# What is taken over at once: enough to spread one durable write over many readings, little enough to answer soon.
_MOST_MESSAGES = 32
_FIRST_WAIT_S = 0.5
# A disk that has room again: readings go on within 5 s. A remote store is spared by its own pace.
_LONGEST_WAIT_S = 3.0
# A wrong token or a missing bucket: the operator must act first.
_MISCONFIGURED_WAIT_S = 30.0
# A device that retires on a day set beforehand changes nothing in the registry when the day comes.
_REGISTRY_AT_LEAST_EVERY_S = 300.0


@dataclass(frozen=True, slots=True)
class IngestSettings:
    """How this worker runs."""

    broker: BrokerSettings
    worker: str
    share: str | None = None
    registry_every_s: float = 1.0
    rollup_every_s: float = 5.0
    rollups: bool = True
    keep_passages: timedelta | None = timedelta(days=30)
    """How long single passages are kept; None = for ever. Their bins stay anyway."""
    keep_reports: timedelta = KEEP_REPORTS
    """How long a citizen's report is kept, seen to or not."""


class AdmissionCache:
    """The registry's snapshot, read again within `every_s` [s] of any change by any process."""

    def __init__(self, registry: Registry, *, clock: Callable[[], datetime], every_s: float) -> None:
        self._registry = registry
        self._clock = clock
        self._every_s = every_s
        self._lock = threading.Lock()
        self._looked = self._read = float("-inf")
        self._admission: Admission | None = None
        self._gate: Gate | None = None

    def admission(self) -> Admission:
        """Who may send, as the registry said at most `every_s` ago. Raises Unavailable, Misconfigured."""
        with self._lock:
            at = time.monotonic()
            if self._admission is None or at - self._looked >= self._every_s:
                with as_store_errors():
                    old = at - self._read >= _REGISTRY_AT_LEAST_EVERY_S
                    if self._admission is None or old or self._registry.version() != self._admission.version:
                        self._admission = self._registry.admission(self._clock())
                        self._gate, self._read = None, at
                self._looked = at
            return self._admission

    def look_again(self) -> Gate:
        """The gate as the registry is now, whenever it was looked at before."""
        with self._lock:
            self._looked = float("-inf")
        return self.gate()

    def gate(self) -> Gate:
        """The gate for that admission."""
        admission = self.admission()
        with self._lock:
            if self._gate is None:
                self._gate = Gate(admission)
            return self._gate


class Ingest:
    """One ingest worker. `run` returns once `stop` is set and everything is at rest."""

    def __init__(
        self,
        settings: IngestSettings,
        store: Store,
        registry: Registry,
        book: Book,
        *,
        clock: Callable[[], datetime],
        collectors: CollectorRegistry,
        moment: Moment = no_moment,
        hasty: bool = False,
        jitter: random.Random | None = None,
    ) -> None:
        self.metrics = Metrics(collectors)
        self.subscriber = Subscriber(
            settings.broker, client_id=f"bypuls-ingest-{settings.worker}", share=settings.share
        )
        self._settings = settings
        self._book = book
        self._moment = moment
        self._hasty = hasty
        self._jitter = jitter or random.Random()
        cache = AdmissionCache(registry, clock=clock, every_s=settings.registry_every_s)
        self._intake = Intake(store, book, gate=cache.gate, look_again=cache.look_again, clock=clock, moment=moment)
        self._rollups = RollupWorker(
            store,
            book,
            admission=cache.admission,
            clock=clock,
            owner=f"ingest-{settings.worker}",
            every_s=settings.rollup_every_s,
            rolled=self.metrics.bins.inc,
            failed=self.metrics.failures.inc,
            retention=Retention(
                store,
                book,
                keep={"passage": settings.keep_passages} if settings.keep_passages is not None else {},
                clock=clock,
                reports=CitizenReports(registry),
                keep_reports=settings.keep_reports,
            ),
        )
        self.metrics.connected.set_function(lambda: self.subscriber.subscribed)
        self.metrics.waiting.set_function(lambda: len(self.subscriber.messages))
        self.metrics.waiting_bytes.set_function(lambda: self.subscriber.messages.size)

    def run(self, stop: threading.Event) -> None:
        """Takes over and rolls up until `stop`. Raises what a thread died of: a supervisor starts the service anew."""
        died: list[BaseException] = []

        def supervised(work: Callable[[threading.Event], None]) -> None:
            try:
                work(stop)
            except BaseException as error:  # noqa: BLE001 - raised again in run
                died.append(error)
                stop.set()

        jobs = [self._take_over, self._watch]
        if self._settings.rollups:
            jobs.append(self._rollups.run)
        threads = [threading.Thread(target=supervised, args=(job,), name=job.__qualname__) for job in jobs]
        self.subscriber.start()
        for thread in threads:
            thread.start()
        stop.wait()
        self.subscriber.messages.close()  # the network thread may be waiting for room
        for thread in threads:
            thread.join()
        self.subscriber.stop()
        if died:
            raise died[0]

    def _take_over(self, stop: threading.Event) -> None:
        while not stop.is_set():
            messages = self.subscriber.messages.take(_MOST_MESSAGES, timeout_s=0.2)
            if messages:
                started = time.monotonic()
                self._take(messages, stop)
                self.metrics.seconds.observe(time.monotonic() - started)

    def _take(self, messages: Sequence[Message], stop: threading.Event) -> None:
        """Takes messages over, waiting out outages; nothing is answered before it is booked."""
        wait_s = _FIRST_WAIT_S
        if self._hasty:  # planted by a test, see plants.py
            for answer in hasty_answers(messages):
                self.subscriber.answer(answer)
        while not stop.is_set():
            try:
                outcome = self._intake.take(messages)
            except DeadLettersFull as error:
                self.metrics.waits.inc()
                if len(messages) > 1:  # good batches go on; the bad ones stay with their devices
                    for message in messages:
                        self._take([message], stop)
                    return
                log.error("no receipt: the dead letters are full", reason=str(error))
                self.subscriber.acknowledge(messages[0])
                return
            except StoreError as error:
                self.metrics.waits.inc()
                asked = error.retry_after_s if isinstance(error, Unavailable) else _MISCONFIGURED_WAIT_S
                pause = asked if asked is not None else wait_s * self._jitter.uniform(0.5, 1.5)
                log.warning("ingest waits", reason=str(error), seconds=round(pause, 1))
                stop.wait(pause)
                wait_s = min(wait_s * 2, _LONGEST_WAIT_S)
                continue
            except Exception:  # a fault of ours: it may hold up the message that trips it, never the others
                if len(messages) > 1:
                    for message in messages:
                        self._take([message], stop)
                    return
                self.metrics.failures.inc()
                log.exception("no receipt: this release can't take a message over", topic=messages[0].topic)
                self.subscriber.acknowledge(messages[0])
                return
            self._answer(messages, outcome)
            return

    def _answer(self, messages: Sequence[Message], outcome: Outcome) -> None:
        for answer in outcome.answers:
            if not self.subscriber.answer(answer):
                self.metrics.unsent.inc()
        self._moment("ingest.after_receipt")
        for message in messages:
            self.subscriber.acknowledge(message)
        for alarm in outcome.tally.alarms:
            log.error("alarm", alarm=alarm)
        metrics, tally = self.metrics, outcome.tally
        metrics.messages.inc(len(messages))
        metrics.stored.inc(tally.stored)
        metrics.duplicates.inc(tally.duplicate)
        metrics.refused.inc(tally.refused)
        metrics.undecodable.inc(outcome.undecodable)
        metrics.retained.inc(outcome.retained)
        metrics.alarms.inc(len(tally.alarms))

    def _watch(self, stop: threading.Event) -> None:
        """Measures what is asked of the book, and sees to it that the network thread lives."""
        while not stop.wait(1.0):
            self.subscriber.check()
            try:
                self.metrics.letters.set(self._book.waiting_letters())
                self.metrics.dirty.set(self._book.dirty_marks())
            except StoreError as error:
                log.warning("the book can't be read", reason=str(error))
