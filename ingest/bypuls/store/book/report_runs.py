"""What became of scheduled reports, so that none is sent twice and one that was missed is caught up."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from datetime import date

from sqlalchemy import Connection, select

from bypuls.store.book.tables import report_run


@dataclass(frozen=True, slots=True)
class ReportRun:
    """One schedule's report of the period that began on `first_day`.

    state : `waiting` (to be tried again from `next_us` on), `sending` (handed to the mail server, its answer not
        booked), `done`, `failed`.
    attempts : how often it was tried.  next_us, changed_us : [µs UTC].
    files : names below the folder of reports, a line each.  detail : what went wrong, or what else there is to say.
    """

    schedule: str
    first_day: date
    state: str
    attempts: int
    next_us: int
    changed_us: int
    files: str = ""
    detail: str = ""


def listed(connection: Connection, schedule: str | None) -> list[ReportRun]:
    """Runs of one schedule, or of all, newest period first."""
    query = select(report_run).order_by(report_run.c.first_day.desc(), report_run.c.schedule)
    if schedule is not None:
        query = query.where(report_run.c.schedule == schedule)
    return [ReportRun(**row) for row in connection.execute(query).mappings()]


def note(connection: Connection, run: ReportRun) -> None:
    """Writes the run, in place of what stood there."""
    mine = (report_run.c.schedule == run.schedule) & (report_run.c.first_day == run.first_day)
    values = asdict(run)
    if not connection.execute(report_run.update().where(mine).values(**values)).rowcount:
        connection.execute(report_run.insert().values(**values))
