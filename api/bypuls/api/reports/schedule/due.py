"""Which period a scheduled report is of, and from when on it is made."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from bypuls.store.registry import ReportSchedule

FROM_HOUR = time(5)
"""Local time of the day from which on a report is made: what was late in the night is in by then."""
_DAY = timedelta(days=1)
_WEEK = timedelta(days=7)


@dataclass(frozen=True, slots=True)
class Due:
    """A report that is to be there: local days first … end − 1, made from the local moment `since` on."""

    first: date
    end: date
    since: datetime

    @property
    def last(self) -> date:
        """The last day."""
        return self.end - _DAY


def latest_due(schedule: ReportSchedule, now: datetime, zone: ZoneInfo) -> Due:
    """The newest report that is due by `now`. Earlier ones that were missed aren't made any more."""
    today = now.astimezone(zone)
    if schedule.every == "week":
        weekday = schedule.weekday or 1
        back = (today.isoweekday() - weekday) % 7
        day = today.date() - timedelta(days=back)
        if today < _since(day, zone):
            day -= _WEEK
        return _of_week(day, zone)
    day = today.date().replace(day=schedule.day or 1)
    if today < _since(day, zone):
        day = (day.replace(day=1) - _DAY).replace(day=schedule.day or 1)
    return _of_month(day, zone)


def due_after(schedule: ReportSchedule, due: Due, zone: ZoneInfo) -> Due:
    """The report that comes after `due`."""
    day = due.since.date()
    if schedule.every == "week":
        return _of_week(day + _WEEK, zone)
    return _of_month((day.replace(day=1) + timedelta(days=32)).replace(day=day.day), zone)


def _of_week(day: date, zone: ZoneInfo) -> Due:
    """Of the whole week before `day`, made on it."""
    monday = day - timedelta(days=day.weekday())
    return Due(monday - _WEEK, monday, _since(day, zone))


def _of_month(day: date, zone: ZoneInfo) -> Due:
    """Of the month before `day`, made on it."""
    end = day.replace(day=1)
    return Due((end - _DAY).replace(day=1), end, _since(day, zone))


def _since(day: date, zone: ZoneInfo) -> datetime:
    return datetime.combine(day, FROM_HOUR, zone)
