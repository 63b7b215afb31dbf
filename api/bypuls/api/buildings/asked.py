"""The days that a request asks for."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

from bypuls.api.buildings.report import whole_year_before
from bypuls.api.buildings.source import DAY, Source
from bypuls.api.context import ApiContext
from bypuls.api.directory import Directory
from bypuls.api.periods import moment, zone_of
from bypuls.api.problems import Problem, bad_parameter

LONGEST_DAYS = 3 * 366
_MONTH = re.compile(r"\d{4}-(0[1-9]|1[0-2])")


def source_of(context: ApiContext, directory: Directory, tz: str | None = None) -> Source:
    """Where a request's figures come from. Raises Problem (422) for a zone that isn't one."""
    return Source(context.store, directory, context.clock(), zone_of(tz or context.settings.tz))


def days_asked(source: Source, start: str | None, to: str | None) -> tuple[date, date]:
    """First and last day of a request: whole local days that are over. Without both the last twelve whole months; with
    one alone a year from or up to it.  Raises Problem (422)."""
    yesterday = source.today - DAY
    end = None if to is None else _day("to", to, source.zone)
    first = None if start is None else _day("from", start, source.zone)
    if first is None and end is None:
        return whole_year_before(yesterday)
    last = yesterday if end is None else min(end - DAY, yesterday)
    if first is None:
        first = last - timedelta(days=364)
    if first > last:
        expected = f"a day after from, {first}" if first < source.today else "days that are over"
        bad_parameter("to" if first < source.today else "from", to if first < source.today else start, expected)
    if (last - first).days >= LONGEST_DAYS:
        raise Problem(
            422, "too-long", "The period is too long",
            faults=[("to", last.isoformat(), f"at most {LONGEST_DAYS} days after from")],
        )  # fmt: skip
    return first, last


def month_asked(source: Source, month: str | None) -> tuple[date, date]:
    """First and last day of a month that is over, the last one where none is named.  Raises Problem (422)."""
    newest = source.today.replace(day=1) - DAY
    if month is None:
        return newest.replace(day=1), newest
    expected = f"a month that is over, like {newest:%Y-%m}"
    if not _MONTH.fullmatch(month) or not 2000 <= int(month[:4]) < 2100:
        bad_parameter("month", month, expected)
    first = date(int(month[:4]), int(month[5:]), 1)
    if first > newest:
        bad_parameter("month", month, expected)
    return first, (first + timedelta(days=32)).replace(day=1) - DAY


def _day(name: str, text: str, zone: ZoneInfo) -> date:
    at = moment(name, text, zone).astimezone(zone)
    if at != datetime(at.year, at.month, at.day, tzinfo=zone) and at.astimezone(UTC) != at:
        bad_parameter(name, text, "a local day such as 2026-11-23")
    return at.date()
