"""A report's dataclasses as values of JSON: dates as ISO 8601, what is unknown as null."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from datetime import date
from typing import Any

DECIMALS = 6


def plain(value: object) -> Any:
    """`value` as JSON holds it, every field under its own name, numbers rounded to 6 decimals.

    Raises ValueError for a number that isn't finite: what is unknown is None."""
    if value is None or isinstance(value, str | bool | int):
        return value
    if isinstance(value, float):
        if not math.isfinite(value):
            raise ValueError(f"number: {value}; expected a finite one, or None where it is unknown")
        return round(float(value), DECIMALS) + 0.0  # no −0
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, Mapping):
        return {str(key): plain(part) for key, part in value.items()}
    if isinstance(value, tuple | list):
        return [plain(part) for part in value]
    if is_dataclass(value):
        return {part.name: plain(getattr(value, part.name)) for part in fields(value)}
    raise TypeError(f"{type(value).__name__}: expected what a report holds")
