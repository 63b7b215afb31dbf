"""Makes what is due: files first, then the mail. One process at a time, by a lease in the book.

Promise: a scheduled report is made once. One that was missed is caught up, the newest alone. A mail whose delivery
isn't known (the process ended while it was handed over) is not sent again: it is told as `failed`, its files are there.
"""

from __future__ import annotations

import os
import smtplib
import threading
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import structlog

from bypuls.analysis.errors import AnalysisError
from bypuls.api.directory import DirectorySource
from bypuls.api.reports.schedule.due import Due, latest_due
from bypuls.api.reports.schedule.mail import Mailer, MailRefused
from bypuls.api.reports.schedule.making import Sources, made
from bypuls.store.book import Book, ReportRun
from bypuls.store.protocol import Store, StoreError
from bypuls.store.registry import Registry, ReportSchedule
from bypuls.wire import to_us

log = structlog.get_logger("bypuls.reports")

LEASE = "reports"
LEASE_S = 600.0
FIRST_PAUSE_S, LONGEST_PAUSE_S = 60.0, 3600.0
MOST_ATTEMPTS = 24
WAITING, SENDING, DONE, FAILED = "waiting", "sending", "done", "failed"


@dataclass(frozen=True, slots=True, kw_only=True)
class RunnerSettings:
    """folder : where files go, a folder for each schedule.  tz : zone of local days.  owner : this process' name.
    surveyor : who answers for speed reports."""

    folder: Path
    tz: str = "Europe/Copenhagen"
    owner: str = f"reports-{os.getpid()}"
    surveyor: str | None = None


class Runner:
    """Runs the registry's schedules. mailer None = files alone; schedules with recipients then wait for one."""

    def __init__(
        self,
        store: Store,
        registry: Registry,
        book: Book,
        settings: RunnerSettings,
        *,
        clock: Callable[[], datetime],
        mailer: Mailer | None = None,
    ) -> None:
        self._store, self._registry, self._book, self._settings = store, registry, book, settings
        self._clock, self._mailer = clock, mailer
        self._directory = DirectorySource(registry)
        self._zone = ZoneInfo(settings.tz)

    def run_due(self, *, at_once: bool = False) -> list[ReportRun]:
        """Makes every report that is due; what became of them. Nothing where another process is at it.

        at_once : what failed a moment ago is tried again without a pause.

        Raises StoreError where the registry's database can't be used."""
        if not self._book.take_lease(LEASE, self._settings.owner, to_us(self._clock()), LEASE_S):
            return []
        try:
            found = []
            for schedule in self._registry.report_schedules():
                # Each takes its time: the lease is renewed, and given up where it was lost.
                if not self._book.take_lease(LEASE, self._settings.owner, to_us(self._clock()), LEASE_S):
                    break
                run = self._run_if_due(schedule, at_once=at_once) if schedule.enabled else None
                if run is not None:
                    found.append(run)
            return found
        finally:
            self._book.release_lease(LEASE, self._settings.owner)

    def serve(self, stop: threading.Event, *, every_s: float = 60.0) -> None:
        """Looks for what is due again and again, until `stop`."""
        while not stop.is_set():
            try:
                self.run_due()
            except StoreError as error:
                log.warning("schedules can't be read just now", error=str(error))
            stop.wait(every_s)

    def _run_if_due(self, schedule: ReportSchedule, *, at_once: bool) -> ReportRun | None:
        due = latest_due(schedule, self._clock(), self._zone)
        now_us = to_us(self._clock())
        runs = {run.first_day: run for run in self._book.report_runs(schedule.id)}
        run = runs.get(due.first, ReportRun(schedule.id, due.first, WAITING, 0, 0, now_us))
        if run.state == SENDING:
            return self._note(
                run, FAILED, "the process ended while the mail was handed over: whether it left is unknown"
            )
        if run.state in (DONE, FAILED) or (run.next_us > now_us and not at_once):
            return None
        return self.make(schedule, due, run)

    def make(self, schedule: ReportSchedule, due: Due, run: ReportRun) -> ReportRun:
        """Files, then the mail; what became of it, booked."""
        run = replace(run, attempts=run.attempts + 1)
        try:
            found = made(schedule, due, self._sources())
            written = self._write(schedule, found.files)
        except (OSError, AnalysisError, ValueError) as error:
            return self._later(run, f"{type(error).__name__}: {error}")
        run = replace(run, files="\n".join(written))
        recipients = schedule.recipients.split(" ") if schedule.recipients else []
        if not recipients:
            return self._note(run, DONE)
        if self._mailer is None:
            return self._later(run, "no mail server is set up")
        message = self._mailer.message(
            to=recipients, subject=found.subject, text=found.text, files=found.files, at=self._clock(),
            id=f"{schedule.id}.{due.first}",
        )  # fmt: skip
        run = self._note(run, SENDING)
        try:
            refused = self._mailer.send(message)
        except MailRefused as error:
            return self._note(run, FAILED, str(error))
        except (OSError, smtplib.SMTPException) as error:
            return self._later(run, f"{type(error).__name__}: {error}")
        return self._note(run, DONE, f"refused: {', '.join(refused)}" if refused else "")

    def _sources(self) -> Sources:
        return Sources(
            self._store, self._directory(), self._book, self._zone, self._clock(), surveyor=self._settings.surveyor
        )

    def _write(self, schedule: ReportSchedule, files: Mapping[str, tuple[str, bytes]]) -> list[str]:
        """Each file whole or not at all. Ids and names hold nothing that leads out of the folder."""
        folder = self._settings.folder / (schedule.folder or schedule.id)
        folder.mkdir(parents=True, exist_ok=True)
        for name, (_, body) in files.items():
            partial = folder / f".{name}.part"
            try:
                with partial.open("wb") as file:
                    file.write(body)
                    file.flush()
                    os.fsync(file.fileno())
                partial.replace(folder / name)
            finally:
                with suppress(FileNotFoundError):  # it bears its name by now
                    partial.unlink()
        return [f"{folder.name}/{name}" for name in files]

    def _later(self, run: ReportRun, detail: str) -> ReportRun:
        """To be tried again, ever later; given up after a day or so."""
        if run.attempts >= MOST_ATTEMPTS:
            return self._note(run, FAILED, detail)
        pause_s = min(FIRST_PAUSE_S * 2 ** (run.attempts - 1), LONGEST_PAUSE_S)
        return self._note(replace(run, next_us=to_us(self._clock()) + int(pause_s * 1e6)), WAITING, detail)

    def _note(self, run: ReportRun, state: str, detail: str = "") -> ReportRun:
        told = replace(run, state=state, detail=detail, changed_us=to_us(self._clock()))
        self._book.note_report_run(told)
        if state in (WAITING, FAILED):
            log.warning(
                "report not made", schedule=run.schedule, first_day=str(run.first_day), state=state, detail=detail
            )
        elif state == DONE:
            log.info("report made", schedule=run.schedule, first_day=str(run.first_day), files=told.files.split("\n"))
        return told
