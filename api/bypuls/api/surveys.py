"""The period that a report is asked for."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

from bypuls.api.context import ApiContext
from bypuls.api.periods import interval, moment, zone_of
from bypuls.api.problems import Problem, bad_parameter
from bypuls.api.reports.speed.from_store import Survey
from bypuls.wire import to_us

QUARTER_US = 900_000_000
DEFAULT_DAYS = 28
LONGEST = timedelta(days=2 * 366)
LONGEST_OF_PASSAGES = timedelta(days=31)


def survey_of(
    context: ApiContext,
    start: str | None,
    to: str | None,
    tz: str | None,
    *,
    public: bool = False,
    longest: timedelta = LONGEST,
    names: tuple[str, str] = ("from", "to"),
    default_days: int = DEFAULT_DAYS,
) -> Survey:
    """The period of a request, widened to whole quarters and ended by now; the last four weeks by default.

    public : whole local days of the platform's zone that are over, nothing else (see `public_view`).
    Raises Problem (422)."""
    zone = zone_of(tz or context.settings.tz)
    if public and zone.key != context.settings.tz:
        bad_parameter("tz", tz, f"{context.settings.tz}: the public view has one zone")
    now = context.clock()
    today = now.astimezone(zone).date()
    end = moment(names[1], to, zone) if to is not None else midnight(today, zone)
    default = (midnight(end.astimezone(zone).date() - timedelta(days=default_days), zone), end)
    first, last = (
        interval(start, to, zone, default=default) if names == ("from", "to") else _other(start, to, zone, names)
    )
    if last - first > longest:
        raise Problem(
            422, "too-long", "The period is too long",
            faults=[(names[1], last.isoformat(), f"at most {longest.days} days after {names[0]}")],
        )  # fmt: skip
    if public:
        _whole_days(first, last, today, zone, names)
    begin = to_us(first) // QUARTER_US * QUARTER_US
    # What lies ahead can't have been watched: a month that runs is reported up to now.
    ended = min(last, max(now, first + timedelta(minutes=15)))
    return Survey(zone, begin, -(-to_us(ended) // QUARTER_US) * QUARTER_US)


def days_survey(context: ApiContext, first: date, end: date, tz: str | None) -> Survey:
    """Whole local days first … end − 1, ended by now."""
    return survey_of(context, first.isoformat(), end.isoformat(), tz)


def midnight(day: date, zone: ZoneInfo) -> datetime:
    """The local day's first moment, in UTC."""
    return datetime(day.year, day.month, day.day, tzinfo=zone).astimezone(UTC)


def _other(start: str | None, to: str | None, zone: ZoneInfo, names: tuple[str, str]) -> tuple[datetime, datetime]:
    if start is None or to is None:
        bad_parameter(names[0] if start is None else names[1], None, "both ends of the earlier period")
    first, last = moment(names[0], start, zone), moment(names[1], to, zone)
    if last <= first:
        bad_parameter(names[1], to, f"later than {names[0]}, {first.isoformat()}")
    return first, last


def _whole_days(first: datetime, last: datetime, today: date, zone: ZoneInfo, names: tuple[str, str]) -> None:
    for name, at in zip(names, (first, last), strict=True):
        local = at.astimezone(zone)
        if at != midnight(local.date(), zone):
            bad_parameter(name, local.isoformat(), "a local day: the public view has whole days only")
        if name == names[1] and local.date() > today:
            bad_parameter(name, local.date(), f"{today} at the latest: the public view has days that are over")
