"""One cell of a CSV file to a value and back. An empty cell is unknown (None)."""

from __future__ import annotations

import math
import re
from datetime import UTC, date, datetime
from typing import Any

from sqlalchemy import Column

from bypuls.store.registry.validation import expected_of

_WHOLE = re.compile(r"[+-]?\d{1,18}", re.ASCII)
_DECIMAL = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d{1,3})?", re.ASCII)
_DAY = re.compile(r"\d{4}-\d\d-\d\d", re.ASCII)
_MOMENT = re.compile(r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d(:\d\d(\.\d{1,6})?)?(Z|[+-]\d\d:\d\d)", re.ASCII)
_YES = frozenset(("true", "yes", "1", "ja", "sand"))
_NO = frozenset(("false", "no", "0", "nej", "falsk"))
# A spreadsheet takes a cell that begins so for a formula; an apostrophe before it makes it text again.
_FORMULA = ("=", "+", "-", "@", "\t")


class BadCell(ValueError):
    """The cell can't be read as its column's type; the message is what was expected."""


def read_cell(text: str, column: Column[Any], *, decimal_comma: bool) -> object:
    """The value of a cell, of the column's type; not yet held against the column's rule. Raises BadCell.

    decimal_comma : numbers may be written `2,5` (files that separate by semicolon).
    """
    text = text.strip()
    if not text:
        return None
    kind = column.type.python_type
    if kind is str:
        return _without_apostrophe(text.replace("\r\n", "\n").replace("\r", "\n"))
    if kind is float:
        return _read_float(text, column, decimal_comma=decimal_comma)
    if kind is int:
        if _WHOLE.fullmatch(text) is None:
            raise BadCell(f"a whole number; {expected_of(column)}")
        return int(text)
    if kind is bool:
        return _read_bool(text)
    if kind is datetime:
        return _read_moment(text)
    return _read_day(text)


def write_cell(value: object, *, decimal_comma: bool = False) -> str:
    """The cell of a value: `read_cell` gives the same value again. Times are in UTC with `Z`."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, datetime):
        return f"{value.astimezone(UTC).replace(tzinfo=None).isoformat()}Z"
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, float):
        text = repr(int(value)) if value == int(value) and abs(value) < 1e15 else repr(value)
        return text.replace(".", ",") if decimal_comma else text
    text = str(value)
    return f"'{text}" if isinstance(value, str) and _needs_apostrophe(text) else text


def _needs_apostrophe(text: str) -> bool:
    return text.startswith(_FORMULA) or (text.startswith("'") and text[1:].startswith((*_FORMULA, "'")))


def _without_apostrophe(text: str) -> str:
    return text[1:] if text.startswith("'") and text[1:].startswith((*_FORMULA, "'")) else text


def _read_float(text: str, column: Column[Any], *, decimal_comma: bool) -> float:
    plain = text.replace(",", ".") if decimal_comma else text
    if _DECIMAL.fullmatch(plain) is None or not math.isfinite(float(plain)):
        comma = " or comma" if decimal_comma else ""
        raise BadCell(f"{expected_of(column)}, with a decimal point{comma} and nothing between thousands")
    return float(plain)


def _read_bool(text: str) -> bool:
    word = text.lower()
    if word in _YES:
        return True
    if word in _NO:
        return False
    raise BadCell("true or false (or yes, no, ja, nej, 1, 0)")


def _read_day(text: str) -> date:
    try:
        if _DAY.fullmatch(text):
            return date.fromisoformat(text)
    except ValueError:
        pass  # a day that does not exist is told like any other bad one
    raise BadCell("a day like 2026-11-23")


def _read_moment(text: str) -> datetime:
    try:
        if _DAY.fullmatch(text):
            return datetime.combine(date.fromisoformat(text), datetime.min.time(), UTC)
        if _MOMENT.fullmatch(text):
            return datetime.fromisoformat(text).astimezone(UTC)
    except (ValueError, OverflowError):
        pass  # told below like any other bad moment
    raise BadCell("a time with its zone like 2026-11-23T08:15:00Z, or a day (its first moment in UTC)")
