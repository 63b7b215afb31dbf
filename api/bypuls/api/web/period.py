"""The period that a page's address asks for, on every page alike: `from` and `to`, its first and its last local day, or
`span`, a period with a name; and how links carry it from page to page."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any, Literal, NoReturn, get_args
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

from fastapi import Request
from starlette.datastructures import QueryParams

from bypuls.api.buildings.report import whole_year_before
from bypuls.api.buildings.source import DAY, year_before
from bypuls.api.context import the_context
from bypuls.api.periods import day_in
from bypuls.api.problems import Problem
from bypuls.api.surveys import midnight

Name = Literal["7d", "28d", "90d", "month", "12m", "year"]
NAMES: tuple[Name, ...] = get_args(Name)
FIELDS = ("from", "to", "span")
OLD_NAMES: Mapping[str, str] = {"last": "to"}
"""What links of earlier releases say, and what it is called now."""
LONGEST_DAYS = 2 * 366
Word = Literal["day", "order", "ahead", "long", "span", "alone", "gone"]
_DAYS: Mapping[Name, int] = {"7d": 7, "28d": 28, "90d": 90}
_QUARTERS_DAYS, _HOURS_DAYS = 2, 14


class BadPeriod(Problem):
    """An address whose period can't be shown. word : which of its rules it breaks, for the page's own language;
    expected : what would have been right, as far as it isn't said by the word."""

    def __init__(self, field: str, value: object, word: Word, expected: object, english: str) -> None:
        super().__init__(422, "bad-parameter", "A parameter is wrong", faults=[(field, value, english)])
        self.field, self.value, self.word, self.expected = field, self.faults[0][1], word, expected


@dataclass(frozen=True, slots=True)
class Shows:
    """What a page can show. usual : its period where the address names none; None = one of the page's own, which isn't
    one of days.  longest : at most so many days.  over : only days that are over.  keeps : the parameters beside the
    period that another period leaves as they are."""

    usual: Name | None
    longest: int = LONGEST_DAYS
    over: bool = True
    keeps: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Period:
    """The local days `first` … `last`, both of them in it. cut : the address asked for later days, too, which a page
    can't show yet."""

    first: date
    last: date
    name: Name | None = None
    cut: bool = False

    @property
    def days(self) -> int:
        """How many."""
        return (self.last - self.first).days + 1

    def address(self) -> str:
        """The same days in a page's query."""
        return urlencode({"from": self.first, "to": self.last})

    def api(self) -> str:
        """The same days in the API's query, where `to` is the first day that no longer belongs to it."""
        return urlencode({"from": self.first, "to": self.api_end})

    @property
    def api_end(self) -> date:
        """The first day that no longer belongs to it."""
        return self.last + DAY

    def moments(self, zone: ZoneInfo) -> tuple[datetime, datetime]:
        """Its first moment and the first one after it [UTC]: days of 23, 24 and 25 hours."""
        return midnight(self.first, zone), midnight(self.last + DAY, zone)

    @property
    def every(self) -> Literal["15min", "hour", "day"]:
        """The rows that a chart of it can hold."""
        return "15min" if self.days <= _QUARTERS_DAYS else "hour" if self.days <= _HOURS_DAYS else "day"


def named(name: Name, today: date) -> Period:
    """The period of that name, all of its days over: the last days, the last calendar month or year, the last twelve
    calendar months."""
    yesterday = today - DAY
    if name in _DAYS:
        return Period(yesterday - timedelta(days=_DAYS[name] - 1), yesterday, name)
    if name == "12m":
        return Period(*whole_year_before(yesterday), name)
    if name == "month":
        end = today.replace(day=1) - DAY
        return Period(end.replace(day=1), end, name)
    return Period(date(today.year - 1, 1, 1), date(today.year - 1, 12, 31), name)


def period_of(query: Mapping[str, str], today: date, shows: Shows) -> Period | None:
    """The period of a query, the page's usual one where it names none.  Raises BadPeriod (422)."""
    asked = {name: query[name] for name in (*FIELDS, *OLD_NAMES) if query.get(name)}
    if query.get("days"):
        _refuse("days", query["days"], "gone", ", ".join(NAMES), f"nothing: it is span now, one of {', '.join(NAMES)}")
    if "span" in asked:
        return _fitting(_named(asked, today), "span", asked["span"], shows)
    last_name = next((name for name in ("to", *OLD_NAMES) if name in asked), "to")
    first, last = _day(asked, "from"), _day(asked, last_name)
    if first is None and last is None:
        return None if shows.usual is None else named(shows.usual, today)
    newest = today - DAY if shows.over else today
    if first is not None and last is not None and first > last:
        _refuse(last_name, last, "order", first, f"{first} or later: from comes first")
    if first is not None and first > newest:
        _refuse("from", first, "ahead", newest, f"{newest} or earlier")
    cut = last is not None and last > newest
    last = newest if last is None or cut else last
    first = first or _back(last, shows.usual)
    return _fitting(Period(first, last, cut=cut), "from", str(first), shows)


def days_of(query: Mapping[str, str], today: date, shows: Shows) -> Period:
    """`period_of` a page whose usual period is one of days.  Raises BadPeriod (422)."""
    period = period_of(query, today, shows)
    assert period is not None, "the page's usual period has a name"
    return period


def _named(asked: Mapping[str, str], today: date) -> Period:
    span = next((name for name in NAMES if name == asked["span"]), None)
    if span is None:
        _refuse("span", asked["span"], "span", ", ".join(NAMES), f"one of {', '.join(NAMES)}")
    if len(asked) > 1:
        _refuse("span", span, "alone", "", "nothing beside from and to")
    return named(span, today)


def _day(asked: Mapping[str, str], name: str) -> date | None:
    try:
        return day_in(asked, name)
    except Problem as problem:
        field, value, english = problem.faults[0]
        raise BadPeriod(field, value, "day", "", english) from None


def _back(last: date, usual: Name | None) -> date:
    """Where a period begins whose end alone is named: as long as the usual one, else that one day."""
    if usual is None:
        return last
    return last - timedelta(days=_DAYS[usual] - 1) if usual in _DAYS else year_before(last) + DAY


def _fitting(period: Period, field: str, value: str, shows: Shows) -> Period:
    if period.days > shows.longest:
        english = f"at most {shows.longest} days up to {period.last}, not {period.days}"
        _refuse(field, value, "long", shows.longest, english)
    return period


def _refuse(field: str, value: object, word: Word, expected: object, english: str) -> NoReturn:
    raise BadPeriod(field, value, word, expected, english)


@dataclass(frozen=True, slots=True)
class Picked:
    """What a page's address picks. period : None = the page's own.  error : why it can't be shown; then `period` is the
    usual one.  newest : the last day that can be picked.  kept : the parameters that another period leaves."""

    shows: Shows
    period: Period | None
    error: BadPeriod | None
    today: date
    asked: bool
    kept: tuple[tuple[str, str], ...]

    @property
    def status(self) -> int:
        """Of the page's answer."""
        return 200 if self.error is None else self.error.status

    @property
    def newest(self) -> date:
        """The last day that can be picked."""
        return self.today - DAY if self.shows.over else self.today

    @property
    def days(self) -> Period:
        """The period of a page whose usual one is one of days."""
        assert self.period is not None, "the page's usual period has a name"
        return self.period

    @property
    def names(self) -> list[Name]:
        """The names that the page can show."""
        return [name for name in NAMES if named(name, self.today).days <= self.shows.longest]

    def link(self, name: Name | None = None) -> str:
        """The page's query with that period instead; without one with none: the page's own."""
        return "?" + urlencode([*self.kept, *([] if name is None else [("span", name)])])

    @property
    def query(self) -> str:
        """What the page's fragments are asked for."""
        return "" if self.period is None else self.period.address()


def picked_of(request: Request, shows: Shows) -> Picked:
    """The period that a page's address picks, or what is wrong with it."""
    query, today = request.query_params, today_of(request)
    kept = tuple((name, value) for name, value in query.multi_items() if name in shows.keeps)
    try:
        period, error = period_of(query, today, shows), None
    except BadPeriod as problem:
        period, error = (None if shows.usual is None else named(shows.usual, today)), problem
    return Picked(shows, period, error, today, any(query.get(name) for name in FIELDS), kept)


def today_of(request: Request) -> date:
    """The local day that isn't over."""
    context = the_context(request)
    return context.clock().astimezone(context.settings.zone).date()


def carried(query: QueryParams, today: date) -> dict[str, str]:
    """What links to other pages carry of a query: its period as it was asked for, where it is one; a page that can't
    show all of it says so itself."""
    asked = {name: query[name] for name in (*FIELDS, *OLD_NAMES) if query.get(name)}
    try:
        period_of(query, today, Shows(None, longest=date.max.toordinal(), over=False))
    except BadPeriod:
        return {}
    return {OLD_NAMES.get(name, name): value for name, value in asked.items()}


def with_query(path: str, more: Mapping[str, Any]) -> str:
    """An address with more in its query."""
    if not more:
        return path
    address, hash_, part = path.partition("#")
    return f"{address}{'&' if '?' in address else '?'}{urlencode(more)}{hash_}{part}"
