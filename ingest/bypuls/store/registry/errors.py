"""What can go wrong with the registry, split by who must act.

RegistryError (Exception)
├── BadValue (ValueError)       the sender of a value: names entity, key, field, value and what was expected
├── UnknownEntity (LookupError) the sender: a table or a row that isn't there
└── BadDatabase (ValueError)    the operator: a database URL that can't serve as a registry
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable

_SHOWN = 80


def shown(value: object) -> str:
    """`value` as it may stand in an error: its repr, cut to 80 characters."""
    text = repr(value)
    return text if len(text) <= _SHOWN else f"{text[: _SHOWN - 1]}…"


def nearest(word: str, known: Iterable[str]) -> str:
    """ " (nearest: 'x')" with the known word that looks most like `word`, or nothing where none does."""
    close = difflib.get_close_matches(word, sorted(known), n=1)
    return f" (nearest: {close[0]!r})" if close else ""


class RegistryError(Exception):
    """The root of the registry's own errors."""


class BadValue(RegistryError, ValueError):
    """One field of one row is wrong; nothing of its transaction is stored."""

    def __init__(self, entity: str, key: tuple[object, ...], field: str, value: object, expected: str) -> None:
        row = ", ".join(str(part) for part in key)
        super().__init__(f"{entity} {row}: {field}: {shown(value)} — expected {expected}")
        self.entity = entity
        self.key = key
        self.field = field
        self.value = value
        self.expected = expected


class UnknownEntity(RegistryError, LookupError):
    """The registry has no such table or row."""


class BadDatabase(RegistryError, ValueError):
    """The database that was named can't serve as a registry."""
