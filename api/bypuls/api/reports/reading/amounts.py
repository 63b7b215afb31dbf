"""Numbers as files write them: with point or comma, with thousands grouped, or not there at all."""

from __future__ import annotations

import re
from collections.abc import Sequence

import numpy as np

from bypuls.analysis.arrays import BoolArray, FloatArray
from bypuls.api.reports.reading.errors import FileProblem

ABSENT = frozenset({"", "nan", "null", "none", "na", "n/a", "#n/a", "-", "–", "--"})
"""What stands where a value is missing."""
_SPACES = re.compile(r"[\s\u00a0\u202f']")
_GROUPED = re.compile(r"[+-]?\d{1,3}([.,]\d{3})+")


def amounts_of(texts: Sequence[str], decimal: str | None, name: str) -> tuple[FloatArray, BoolArray]:
    """Each text as a number, NaN where it is absent or none; and which ones are none although something stands there.

    decimal : `.` or `,`; None = what the column itself decides.  name : of the file, for errors.  Raises FileProblem
    where the column contradicts itself."""
    try:
        plain = np.array(list(map(float, texts)))
    except ValueError:
        plain = None
    if plain is not None and decimal != ",":
        return np.where(np.isfinite(plain), plain, np.nan), np.isinf(plain)
    stripped = [_SPACES.sub("", text) for text in texts]
    sign = decimal or _decimal_sign(stripped, name)
    values, wrong = np.full(len(texts), np.nan), np.zeros(len(texts), dtype=np.bool_)
    for at, text in enumerate(stripped):
        if text.casefold() in ABSENT:
            continue
        found = _number(text, sign)
        wrong[at] = found is None
        values[at] = np.nan if found is None else found
    return values, wrong


def _decimal_sign(texts: Sequence[str], name: str) -> str:
    """What divides the decimals: the mark that stands where no thousands can be grouped."""
    seen: dict[str, str] = {}
    for text in texts:
        last = max(text.rfind("."), text.rfind(","))
        if last < 0:
            continue
        both = "." in text and "," in text
        if both or _GROUPED.fullmatch(text) is None:
            seen.setdefault(text[last], text)
    if len(seen) > 1:
        raise FileProblem(
            f"{name}: {seen['.']!r} and {seen[',']!r}; expected one decimal mark: say which: --decimal , or --decimal ."
        )
    if seen:
        return next(iter(seen))
    # All of them could be whole thousands: a point divides decimals where nothing speaks against it.
    return "," if any("," in text for text in texts) else "."


def _number(text: str, sign: str) -> float | None:
    whole, _, decimals = text.partition(sign)
    other = "," if sign == "." else "."
    if other in decimals or (other in whole and _GROUPED.fullmatch(whole) is None):
        return None
    try:
        found = float(f"{whole.replace(other, '')}.{decimals}" if decimals else whole.replace(other, "") or "x")
    except ValueError:
        return None
    return found if np.isfinite(found) else None
