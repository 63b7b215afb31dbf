"""The book: what ingest writes between the store's write and the receipt, in one transaction."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

from sqlalchemy import Connection, select
from sqlalchemy.exc import DatabaseError, IntegrityError, OperationalError

from bypuls.store.book import dirty, ledger, letters, meter_years, report_runs, seals
from bypuls.store.book.dirty import Window
from bypuls.store.book.ledger import EpochLine, HourLine
from bypuls.store.book.letters import DeadLetter, Letter, Room
from bypuls.store.book.meter_years import GridForecast, MeterYear
from bypuls.store.book.report_runs import ReportRun
from bypuls.store.book.seals import Seal
from bypuls.store.book.tables import device_alarm
from bypuls.store.protocol import Misconfigured, Unavailable
from bypuls.store.registry import Registry


@dataclass(frozen=True, slots=True)
class Taken:
    """One batch that was taken over: its numbers first…last, and which of them were refused."""

    device: str
    epoch: str
    first: int
    last: int
    refused: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class Tally:
    """What a transaction came to."""

    stored: int
    duplicate: int
    refused: int
    new_letters: int
    alarms: tuple[str, ...]


class Book:
    """The ledger, dead letters and dirty windows of a registry's database; for several threads and processes."""

    def __init__(
        self, registry: Registry, *, most_letters: int = 1_000_000, most_letter_bytes: int = 4 * 1024**3
    ) -> None:
        self._registry = registry
        self._room = Room(most_letters, most_letter_bytes)

    def take(
        self, batches: Sequence[Taken], refused: Iterable[Letter], windows: Iterable[Window], now_us: int
    ) -> Tally:
        """Books what was stored and refused. Durable when it returns: only then may a receipt go out.

        Raises DeadLettersFull, Unavailable; then nothing is booked.
        """
        stored = duplicate = refusals = 0
        alarms: list[str] = []
        with self._writing() as connection:
            new_letters = letters.keep(connection, refused, now_us, self._room)
            dirty.mark(connection, windows)
            # In one order, whoever writes: two workers wait for each other, neither for what the other waits for.
            for batch in sorted(batches, key=lambda taken: (taken.device, taken.epoch)):
                seen_us = ledger.see_epoch(connection, batch.device, batch.epoch, now_us)
                fresh = ledger.add_range(connection, batch.device, batch.epoch, batch.first, batch.last)
                alarm = fresh and ledger.beside(connection, batch.device, batch.epoch, seen_us, fresh[-1][1])
                if alarm:
                    ledger.raise_alarm(connection, batch.device, "cloned-card", alarm, now_us)
                    alarms.append(f"{batch.device}: {alarm}")
                new = sum(b - a + 1 for a, b in fresh)
                bad = sum(1 for seq in batch.refused if any(a <= seq <= b for a, b in fresh))
                again = batch.last - batch.first + 1 - new
                ledger.count(
                    connection, batch.device, batch.epoch, now_us, stored=new - bad, duplicate=again, refused=bad
                )
                stored, duplicate, refusals = stored + new - bad, duplicate + again, refusals + bad
        return Tally(stored, duplicate, refusals, new_letters, tuple(alarms))

    def alarm(self, device: str, alarm: str, detail: str, now_us: int) -> None:
        """Notes something that the operator should know of a device."""
        with self._writing() as connection:
            ledger.raise_alarm(connection, device, alarm, detail, now_us)

    def alarms(self) -> list[dict[str, object]]:
        """Every device's alarms: device, alarm, first_us, last_us, count, detail."""
        with self._reading() as connection:
            rows = connection.execute(select(device_alarm).order_by(device_alarm.c.last_us.desc())).mappings()
            return [dict(row) for row in rows]

    def epochs(self, device: str | None = None) -> list[EpochLine]:
        """The ledger by epoch."""
        with self._reading() as connection:
            return ledger.epochs(connection, device)

    def hours(
        self, device: str | None = None, *, start_us: int | None = None, end_us: int | None = None
    ) -> list[HourLine]:
        """The ledger by hour."""
        with self._reading() as connection:
            return ledger.hour_lines(connection, device=device, epoch=None, start_us=start_us, end_us=end_us)

    def first_heard_by_device(self) -> dict[str, int]:
        """When the ledger first knew each device [µs UTC]."""
        with self._reading() as connection:
            return ledger.first_heard_by_device(connection)

    def missing_by_device(self) -> dict[str, int]:
        """How many numbers of each device never came, by now."""
        with self._reading() as connection:
            return ledger.missing_by_device(connection)

    def dead_letters(
        self,
        *,
        device: str | None = None,
        ids: Sequence[int] | None = None,
        readmitted: bool = False,
        newest: int = 100,
    ) -> list[DeadLetter]:
        """Dead letters, newest first; those readmitted only on request."""
        with self._reading() as connection:
            return letters.listed(connection, device=device, ids=ids, readmitted=readmitted, newest=newest)

    def waiting_letters(self) -> int:
        """How many dead letters wait to be looked at."""
        with self._reading() as connection:
            return letters.waiting(connection)

    def waiting_letters_by_device(self) -> dict[str, int]:
        """How many dead letters of each device wait; devices without one are left out."""
        with self._reading() as connection:
            return letters.waiting_by_device(connection)

    def waiting_reasons(self, device: str) -> list[tuple[str, int]]:
        """Why a device's dead letters wait, and how many for each reason, the commonest first."""
        with self._reading() as connection:
            return letters.waiting_reasons(connection, device)

    def readmit(self, ids: Sequence[int], windows: Iterable[Window], now_us: int) -> None:
        """Books dead letters as stored after all."""
        with self._writing() as connection:
            dirty.mark(connection, windows)
            letters.mark_readmitted(connection, ids, now_us)

    def delete_letters(self, ids: Sequence[int]) -> int:
        """Throws dead letters away for good; how many there were."""
        with self._writing() as connection:
            return letters.delete(connection, ids)

    def mark(self, windows: Iterable[Window]) -> None:
        """Marks windows as dirty: the rollups will recompute them."""
        with self._writing() as connection:
            dirty.mark(connection, windows)

    def dirty(self, most_marks: int = 2000) -> list[Window]:
        """Windows to roll up, the oldest marks' sensors first."""
        with self._reading() as connection:
            return dirty.marked(connection, most_marks)

    def clean(self, windows: Sequence[Window], *, reach_us: int = 0) -> None:
        """These were rolled up as they were read; bins up to `reach_us` around them may have changed."""
        with self._writing() as connection:
            dirty.clear(connection, windows)
            meter_years.note_changes(
                connection, [(w.kind, w.sensor, w.start_us - reach_us, w.end_us + reach_us) for w in windows]
            )

    def note_changes(self, changed: Iterable[tuple[str, str, int, int]]) -> None:
        """Whoever replaces bins past the rollups says so: (kind, sensor, start, end [µs UTC]); accounts add up anew."""
        with self._writing() as connection:
            meter_years.note_changes(connection, changed)

    def changes(self, start_us: int, end_us: int) -> dict[str, int]:
        """How often the bins of each meter within [start, end) changed; those that never did are left out."""
        with self._reading() as connection:
            return meter_years.changes(connection, start_us, end_us)

    def all_changes(self, start_us: int, end_us: int) -> int:
        """The same of all meters together: while it stays, so do accounts."""
        with self._reading() as connection:
            return meter_years.all_changes(connection, start_us, end_us)

    def meter_years(self, year: int, zone: str, factors: Sequence[str]) -> list[MeterYear]:
        """What meters' years came to, with these fingerprints of hourly factors ('' = energy alone)."""
        with self._reading() as connection:
            return meter_years.kept(connection, year, zone, factors)

    def keep_meter_years(self, years: Sequence[MeterYear]) -> None:
        """Keeps what meters' years came to."""
        with self._writing() as connection:
            meter_years.keep(connection, years)

    def grid_forecasts(self) -> list[GridForecast]:
        """The newest forecast of the grid's emission, by area."""
        with self._reading() as connection:
            return meter_years.forecasts(connection)

    def keep_grid_forecast(self, forecast: GridForecast) -> None:
        """Keeps a forecast in place of the area's older one."""
        with self._writing() as connection:
            meter_years.keep_forecast(connection, forecast)

    def dirty_marks(self) -> int:
        """How many marks wait to be rolled up."""
        with self._reading() as connection:
            return dirty.count(connection)

    def open_late(self, windows: Sequence[Window]) -> dict[str, Seal]:
        """Before late readings are written: marks their windows, and says which of their sensors are sealed.

        Raises Unavailable while raw readings of one of them are being deleted.
        """
        with self._writing() as connection:
            found = seals.of(connection, {window.sensor for window in windows})
            for one in found.values():
                if one.deleting:
                    raise Unavailable(f"{one.sensor}: old readings are being deleted just now", retry_after_s=1.0)
            dirty.mark(connection, windows)
            return found

    def taken_already(self, device: str, epoch: str, first: int, last: int) -> list[tuple[int, int]]:
        """The ranges of first…last that the ledger has."""
        with self._reading() as connection:
            return ledger.had(connection, device, epoch, first, last)

    def seals(self, sensors: Iterable[str]) -> dict[str, Seal]:
        """The seals of sensors that have one."""
        with self._reading() as connection:
            return seals.of(connection, set(sensors))

    def begin_deleting(self, kind: str, sensor: str, until_us: int) -> bool:
        """Seals a sensor up to `until_us` before its raw readings go; False while windows wait to be rolled up.

        From now on nothing is written there until `end_deleting`.
        """
        with self._writing() as connection:
            return seals.begin(connection, kind, sensor, until_us)

    def end_deleting(self, kind: str, sensor: str) -> None:
        """The raw readings are gone: what comes later for that time makes a further part."""
        with self._writing() as connection:
            seals.end(connection, kind, sensor)

    def take_lease(self, name: str, owner: str, now_us: int, seconds: float) -> bool:
        """Whether `owner` alone may do `name` for the next `seconds`."""
        with self._writing() as connection:
            return dirty.take_lease(connection, name, owner, now_us, now_us + int(seconds * 1e6))

    def release_lease(self, name: str, owner: str) -> None:
        """Lets the next one take the lease at once."""
        with self._writing() as connection:
            dirty.release_lease(connection, name, owner)

    def report_runs(self, schedule: str | None = None) -> list[ReportRun]:
        """What became of scheduled reports, newest period first."""
        with self._reading() as connection:
            return report_runs.listed(connection, schedule)

    def note_report_run(self, run: ReportRun) -> None:
        """Books what became of a scheduled report; durable when it returns."""
        with self._writing() as connection:
            report_runs.note(connection, run)

    @contextmanager
    def _writing(self) -> Iterator[Connection]:
        with as_store_errors(), self._registry.writing_engine.begin() as connection:
            yield connection

    @contextmanager
    def _reading(self) -> Iterator[Connection]:
        with as_store_errors(), self._registry.engine.connect() as connection:
            yield connection


@contextmanager
def as_store_errors() -> Iterator[None]:
    """The registry's database told like the store: down, locked, full or a worker that was faster passes, so the caller
    tries again (Unavailable); anything else needs the operator (Misconfigured)."""
    try:
        yield
    except (OperationalError, IntegrityError) as error:
        raise Unavailable(f"the registry's database: {error.orig}") from error
    except DatabaseError as error:
        raise Misconfigured(f"the registry's database: {error.orig}") from error
