"""Time on the wire: UTC with `Z` and at most 6 decimals; inside, aware datetimes or whole microseconds since 1970."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta

from bypuls.wire.errors import BadField

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
# Hours, minutes and seconds are bounded here: later Pythons read 24:00 as the next day's midnight.
UTC_PATTERN = r"[0-9]{4}-[0-9]{2}-[0-9]{2}T([01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9](\.[0-9]{1,6})?Z"
_UTC_TEXT = re.compile(UTC_PATTERN)
_MICROSECOND = timedelta(microseconds=1)
EXPECTED = "UTC like 2026-11-23T08:15:01.412903Z, at most 6 decimals"


def parse_time(field: str, text: object) -> datetime:
    """The aware datetime of `text`. Raises BadField naming `field`."""
    if isinstance(text, str) and _UTC_TEXT.fullmatch(text):
        try:
            return datetime.fromisoformat(text)
        except ValueError:
            pass  # a day that does not exist: told below like any other bad time
    raise BadField(field, text, EXPECTED)


def in_utc(field: str, t: object) -> datetime:
    """`t` in UTC. Raises BadField for what is no datetime, has no zone, or lies outside the years 1…9999 in UTC."""
    if isinstance(t, datetime) and t.utcoffset() is not None:
        try:
            return t.astimezone(UTC)
        except OverflowError:
            pass  # the first or last hours of the calendar in another zone: told below
    raise BadField(field, t, "a time with its zone")


def format_time(t: datetime) -> str:
    """`t` in UTC with `Z`; decimals only where there are any. Raises BadField for a time without its zone."""
    return f"{(t if t.tzinfo is UTC else in_utc('t', t)).isoformat()[:-6]}Z"


def to_us(t: datetime) -> int:
    """Whole microseconds since 1970 [µs]; exact, unlike `timestamp()`."""
    since = t - EPOCH
    return (since.days * 86_400 + since.seconds) * 1_000_000 + since.microseconds


def from_us(us: int) -> datetime:
    """The aware UTC datetime of `us` [µs since 1970]."""
    return EPOCH + us * _MICROSECOND
