"""A report as a document of headings, tables and charts, free of any file format: each renderer writes the same one."""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass
from datetime import date
from typing import Literal

UNFIT = ("Cc", "Cs", "Co", "Cn")
JOINERS = "\u200c\u200d\xad"
Kind = Literal["text", "number", "share", "points", "date", "missing", "unknown"]
Mark = Literal["good", "warn", "bad", "soft", "shaded"]
Align = Literal["start", "end"]


@dataclass(frozen=True, slots=True)
class Cell:
    """One value of a table.

    kind : `missing` = nobody watched (N/A), `unknown` = no figure.  value : str, number, share 0 … 1, change of a
        share (points), or date.
    digits : decimals shown.  signed : a change, shown with its sign.  mark : how it is set off.
    level : 1 = belongs to the row above it, indented.
    """

    kind: Kind
    value: str | float | date | None = None
    digits: int = 0
    signed: bool = False
    mark: Mark | None = None
    level: int = 0


@dataclass(frozen=True, slots=True)
class Column:
    """A column. wide : takes the room that is left, and wraps.  width : for spreadsheets [characters]."""

    title: str
    align: Align = "end"
    wide: bool = False
    width: int = 11


@dataclass(frozen=True, slots=True)
class Table:
    """A table with its name. A table without column titles is a list of facts: name, value.

    strong : rows set off from the body, shown at its end (totals).  dense : many columns, smaller type.
    """

    id: str
    title: str
    columns: tuple[Column, ...]
    rows: tuple[tuple[Cell, ...], ...]
    strong: tuple[tuple[Cell, ...], ...] = ()
    notes: tuple[str, ...] = ()
    dense: bool = False

    @property
    def facts(self) -> bool:
        """A list of names and values, without a head."""
        return not any(column.title for column in self.columns)


@dataclass(frozen=True, slots=True)
class Chart:
    """A drawing by its id (see `charts`), with a title and what it says in words, for those who can't see it."""

    id: str
    title: str
    alt: str


@dataclass(frozen=True, slots=True)
class Paragraphs:
    """Text. mark : how it is set off."""

    texts: tuple[str, ...]
    mark: Mark | None = None


Block = Table | Chart | Paragraphs


@dataclass(frozen=True, slots=True)
class Section:
    """A part of the report under its heading.

    fresh : on a new page on paper.
    """

    id: str
    title: str
    blocks: tuple[Block, ...]
    fresh: bool = False


UNKNOWN = Cell("unknown")
MISSING = Cell("missing", mark="soft")


def text(value: str | None, mark: Mark | None = None) -> Cell:
    """Words; None is unknown."""
    return UNKNOWN if value is None else Cell("text", clean(value), mark=mark)


def label(value: str) -> Cell:
    """The name of a row; two spaces in front indent it below the one above."""
    return Cell("text", clean(value).strip(), level=1 if value.startswith("  ") else 0)


def clean(value: str) -> str:
    """Text that every format can hold: line breaks and tabs become spaces; other control characters, surrogates and
    unassigned ones become the replacement character; those that turn the direction of writing are left out."""
    return "".join(
        " " if sign in "\t\n\r" else "\N{REPLACEMENT CHARACTER}" if unicodedata.category(sign) in UNFIT else sign
        for sign in value
        if unicodedata.category(sign) != "Cf" or sign in JOINERS
    )


def number(value: float | None, digits: int = 0, *, signed: bool = False, mark: Mark | None = None) -> Cell:
    """A number; None is unknown."""
    return UNKNOWN if value is None else Cell("number", float(value), digits, signed, mark)


def count(value: float | None, mark: Mark | None = None) -> Cell:
    """Vehicles, shown whole."""
    return number(value, 0, mark=mark)


def share(value: float | None, digits: int = 1, *, signed: bool = False, mark: Mark | None = None) -> Cell:
    """A share 0 … 1, shown as per cent; None is unknown."""
    return UNKNOWN if value is None else Cell("share", float(value), digits, signed, mark)


def points(value: float | None) -> Cell:
    """A change of a share, −1 … 1, shown as percentage points; None is unknown."""
    return UNKNOWN if value is None else Cell("points", float(value), 1, signed=True)


def day(value: date | None) -> Cell:
    """A date; None is unknown."""
    return UNKNOWN if value is None else Cell("date", value)
