"""The reports' language: texts by gettext, numbers and dates by Babel."""

from __future__ import annotations

from datetime import date
from functools import cache
from gettext import GNUTranslations, NullTranslations
from importlib.resources import files
from typing import ClassVar, Literal

from babel import Locale
from babel.dates import format_date, get_day_names
from babel.numbers import NumberPattern, parse_pattern

from bypuls.api.reports.layout.cells import Cell, clean

Language = Literal["da", "en"]
LANGUAGES: tuple[Language, ...] = ("da", "en")
DASH = "–"
NO_DATA = "N/A"
NBSP = "\N{NO-BREAK SPACE}"
MINUS = "\N{MINUS SIGN}"


class Words:
    """Texts, numbers and dates in Danish or English. Each kind of report has its own catalogue.

    Raises ValueError for another language."""

    catalogue: ClassVar[tuple[str, str]]
    """(package, domain) of the texts: locale/<lang>/LC_MESSAGES/<domain>.mo inside the package."""

    def __init__(self, lang: str) -> None:
        if lang not in LANGUAGES:
            raise ValueError(f"lang: {lang!r}; expected {' or '.join(LANGUAGES)}")
        self.lang = lang
        self.locale = Locale.parse("en_GB" if lang == "en" else lang)
        self._catalogue = _catalogue(*self.catalogue, lang)

    def __call__(self, message: str, **values: object) -> str:
        """The text in this language, with its values filled in."""
        found = self._catalogue.gettext(message)
        return clean(found.format(**values)) if values else found

    def plural(self, one: str, many: str, n: float, **values: object) -> str:
        """The text for `n` things; `{n}` stands for the number."""
        whole = 1 if n == 1 else max(2, int(n))
        return self._catalogue.ngettext(one, many, whole).format(n=self.num(n), **values)

    def num(self, value: float | None, digits: int = 0, *, signed: bool = False) -> str:
        """A number with `digits` decimals; unknown is a dash."""
        if value is None:
            return DASH
        rounded = round(value, digits) + 0.0  # no −0
        shown = _decimal(digits).apply(rounded, self.locale).replace("-", MINUS)
        return f"+{shown}" if signed and rounded > 0.0 else shown

    def share(self, value: float | None, digits: int = 1, *, signed: bool = False) -> str:
        """A share 0 … 1 as per cent; unknown is a dash."""
        return DASH if value is None else f"{self.num(value * 100.0, digits, signed=signed)}{NBSP}%"

    def points(self, value: float | None) -> str:
        """A change of a share as percentage points."""
        return DASH if value is None else f"{self.num(value * 100.0, 1, signed=True)}{NBSP}{self('pp')}"

    def span(self, low: float, high: float, digits: int = 1) -> str:
        """From … to."""
        return f"{self.num(low, digits)}{DASH}{self.num(high, digits)}"

    def day(self, value: date | None) -> str:
        """A date: 23. nov. 2026, 23 Nov 2026."""
        return DASH if value is None else str(format_date(value, "medium", locale=self.locale)).replace(" ", NBSP)

    def short_day(self, value: date) -> str:
        """A date without its year, for axes."""
        return str(format_date(value, "d. MMM" if self.lang == "da" else "d MMM", locale=self.locale))

    def days(self, first: date | None, last: date | None) -> str:
        """A period of days, both of them within it."""
        if first is None or last is None:
            return DASH
        return self.day(first) if first == last else f"{self.day(first)} {DASH} {self.day(last)}"

    def weekday(self, iso: int, *, short: bool = False) -> str:
        """Name of an ISO weekday, 1 = Monday."""
        names = get_day_names("abbreviated" if short else "wide", locale=self.locale)
        return str(names[iso - 1]).rstrip(".") if short else str(names[iso - 1])

    def hour(self, hour: int) -> str:
        """An hour of the day: 07–08."""
        return f"{hour:02d}{DASH}{hour + 1:02d}"

    def cell(self, cell: Cell) -> str:
        """A cell as text."""
        value = cell.value
        if cell.kind == "missing":
            return NO_DATA
        if isinstance(value, str):
            return value
        if isinstance(value, date):
            return self.day(value)
        if cell.kind == "share":
            return self.share(value, cell.digits, signed=cell.signed)
        if cell.kind == "points":
            return self.points(value)
        return self.num(value, cell.digits, signed=cell.signed)


@cache
def _decimal(digits: int) -> NumberPattern:
    return parse_pattern("#,##0" + ("." + "0" * digits if digits else ""))


@cache
def _catalogue(package: str, domain: str, lang: str) -> NullTranslations:
    """The texts in the sources are English."""
    if lang == "en":
        return NullTranslations()
    where = files(package).joinpath("locale", lang, "LC_MESSAGES", f"{domain}.mo")
    with where.open("rb") as file:
        return GNUTranslations(file)
