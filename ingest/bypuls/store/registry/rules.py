"""What a column may hold, said once: the session, the CSV's errors and the database's CHECKs all read it here."""

from __future__ import annotations

import math
import re
import unicodedata
from collections.abc import Callable
from dataclasses import dataclass
from datetime import time

_ID = re.compile(r"[a-z0-9][a-z0-9-]{0,62}", re.ASCII)
_DIGEST = re.compile(r"[0-9a-f]{64}", re.ASCII)
_HOUR = re.compile(r"-|-?\d{1,4}(\.\d{1,17})?(e-\d{1,3})?", re.ASCII)
_SPAN = re.compile(r"([01]\d|2[0-3]):([0-5]\d)-([01]\d|2[0-3]):([0-5]\d)=(\d{1,3}(?:\.\d{1,3})?)", re.ASCII)
_CLOCK = re.compile(r"([01]?\d|2[0-3]):(00|15|30|45)|24:00", re.ASCII)
_QUIET = re.compile(r"([01]\d|2[0-3]):([0-5]\d)-([01]\d|2[0-3]):([0-5]\d)", re.ASCII)
_WKT = re.compile(r"(MULTI)?(POINT|LINESTRING|POLYGON) ?\([-+0-9.eE ,()]+\)", re.ASCII)
# No comments, quotes or folding: what an address can't hold, no header can be broken with.
_ADDRESS = re.compile(r"[A-Za-z0-9._%+'-]{1,64}@[A-Za-z0-9-]{1,63}(\.[A-Za-z0-9-]{1,63})+", re.ASCII)
# Marks that reorder what is shown, and the byte order mark: a name must look like what it is.
_DECEPTIVE = frozenset("\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069\ufeff")


@dataclass(frozen=True, slots=True)
class Rule:
    """`holds` for a value of the column's own type; `expected` in words; `sql`, where it can, with `{}` as column."""

    expected: str
    holds: Callable[[object], bool]
    sql: str | None = None
    words: tuple[str, ...] = ()
    """The words that hold, where only these do."""
    low: float = -math.inf
    high: float = math.inf
    """The bounds of a number."""


def _plain(text: str, *, lines: bool) -> bool:
    allowed = "\n\t" if lines else ""
    return not any((unicodedata.category(c) in ("Cc", "Cs") and c not in allowed) or c in _DECEPTIVE for c in text)


def plain_text(longest: int, *, lines: bool = False) -> Rule:
    """Text of 1 to `longest` characters without surrounding blanks, control or direction marks.

    Empty text is refused: in a CSV file it could not be told from unknown.
    """

    def holds(value: object) -> bool:
        if not isinstance(value, str) or not 0 < len(value) <= longest or value != value.strip():
            return False
        return _plain(value, lines=lines)

    return Rule(f"plain text of 1 to {longest} characters, no control characters, no surrounding blanks", holds)


def one_of(*words: str) -> Rule:
    """One of a few words."""
    listed = ", ".join(f"'{word}'" for word in words)
    return Rule(f"one of {', '.join(words)}", lambda value: value in words, f"{{}} IN ({listed})", words)


def named(*words: str) -> Rule:
    """One of words whose list grows with releases: the database has no CHECK of them."""
    return Rule(f"one of {', '.join(words)}", lambda value: value in words, None, words)


def words_of(*words: str) -> Rule:
    """One or more of a few words, each once, with one blank between."""

    def holds(value: object) -> bool:
        if not isinstance(value, str):
            return False
        found = value.split(" ")
        return set(found) <= set(words) and len(set(found)) == len(found)

    return Rule(f"one or more of {', '.join(words)}, with a blank between", holds)


def within(low: float, high: float, unit: str = "", *, open_low: bool = False) -> Rule:
    """A finite number from `low` (itself excluded where `open_low`) to `high`, both in `unit`."""
    above = ">" if open_low else ">="
    words = f"more than {low:g} and at most {high:g}" if open_low else f"{low:g} to {high:g}"

    def holds(value: object) -> bool:
        if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
            return False
        return (value > low if open_low else value >= low) and value <= high

    sql = f"{{}} {above} {_number(low)} AND {{}} <= {_number(high)}"
    return Rule(f"a number, {words} {unit}".strip(), holds, sql, low=low, high=high)


def _number(value: float) -> str:
    return str(int(value)) if value == int(value) else repr(value)


IDENTIFIER = Rule(
    "an id: a–z, 0–9 and -, at most 63 characters, starting with a letter or digit",
    lambda value: isinstance(value, str) and _ID.fullmatch(value) is not None,
)
DIGEST = Rule(
    "a SHA-256 digest in 64 small hexadecimal digits",
    lambda value: isinstance(value, str) and _DIGEST.fullmatch(value) is not None,
)
WELL_KNOWN_TEXT = Rule(
    "a geometry in well-known text, longitude first, like LINESTRING (12.36 55.73, 12.37 55.74)",
    lambda value: (
        isinstance(value, str)
        and len(value) <= 100_000
        and _WKT.fullmatch(value) is not None
        and value.count("(") == value.count(")")
    ),
)
ADDRESSES = Rule(
    "e-mail addresses like traffic@town.example, with a blank between",
    lambda value: (
        isinstance(value, str)
        and 0 < len(value) <= 4000
        and all(_ADDRESS.fullmatch(one) is not None for one in value.split(" "))
    ),
)
HOURS_OF_DAY = Rule(
    "24 numbers, one for each hour of the UTC day, with a blank between; - where one is unknown",
    lambda value: (
        isinstance(value, str)
        and len(value) <= 1000
        and len(value.split(" ")) == 24
        and all(_HOUR.fullmatch(word) is not None for word in value.split(" "))
    ),
)
SIGN = Rule("1 (adds) or -1 (subtracts)", lambda value: value in (1, -1), "{} IN (1, -1)")

QUARTER_CLOCK = Rule(
    "a local time on a whole quarter like 07:15, at most 24:00",
    lambda value: isinstance(value, str) and _CLOCK.fullmatch(value) is not None,
)


def clock_minutes(clock: str) -> int:
    """Minutes since midnight of a time that keeps `QUARTER_CLOCK`."""
    hours, minutes = clock.split(":")
    return int(hours) * 60 + int(minutes)


@dataclass(frozen=True, slots=True)
class DimmingSpan:
    """From `start` to `end` (local clock time, may pass midnight) the lamps burn at `level_pct` [%]."""

    start: time
    end: time
    level_pct: float


def parse_schedule(text: str) -> tuple[DimmingSpan, ...]:
    """The spans of a dimming schedule like `22:00-01:30=50 01:30-04:45=10`; outside of them the level is 100 %.

    Raises ValueError with the span that is wrong. Spans that overlap are refused.
    """
    spans = []
    taken: set[int] = set()
    for word in text.split(" "):
        found = _SPAN.fullmatch(word)
        if found is None or float(found[5]) > 100:
            raise ValueError(f"{word!r} — expected a span like 22:00-06:00=50 (level 0 to 100 %)")
        start, end = int(found[1]) * 60 + int(found[2]), int(found[3]) * 60 + int(found[4])
        if start == end:
            raise ValueError(f"{word!r} — expected a span that ends at another time than it starts")
        minutes = {minute % 1440 for minute in range(start, end if end > start else end + 1440)}
        if minutes & taken:
            raise ValueError(f"{word!r} — expected spans that do not overlap")
        taken |= minutes
        spans.append(DimmingSpan(time(start // 60, start % 60), time(end // 60, end % 60), float(found[5])))
    return tuple(spans)


def _is_schedule(value: object) -> bool:
    if not isinstance(value, str) or len(value) > 1000:
        return False
    try:
        parse_schedule(value)
    except ValueError:
        return False
    return True


SCHEDULE = Rule("spans like 22:00-06:00=50 (local time, level in %), one blank between, not overlapping", _is_schedule)


@dataclass(frozen=True, slots=True)
class QuietHours:
    """From `start` to `end`, local clock time; may pass midnight."""

    start: time
    end: time

    def hold(self, at: time) -> bool:
        """Whether `at` lies within them."""
        if self.start < self.end:
            return self.start <= at < self.end
        return at >= self.start or at < self.end


def parse_quiet_hours(text: str) -> QuietHours:
    """Hours like `22:00-06:00`.  Raises ValueError with what was expected."""
    found = _QUIET.fullmatch(text)
    if found is None or found.group(1, 2) == found.group(3, 4):
        raise ValueError(f"{text!r} — expected hours like 22:00-06:00, the end another time than the start")
    return QuietHours(time(int(found[1]), int(found[2])), time(int(found[3]), int(found[4])))


def _is_quiet_hours(value: object) -> bool:
    if not isinstance(value, str):
        return False
    try:
        parse_quiet_hours(value)
    except ValueError:
        return False
    return True


QUIET_HOURS = Rule("hours of local time like 22:00-06:00", _is_quiet_hours)
