"""Danish and English: texts by gettext, numbers and times by Babel."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, timedelta, tzinfo
from functools import cache
from gettext import GNUTranslations
from importlib.resources import files
from typing import Any

from babel import Locale, negotiate_locale
from babel.dates import format_date, format_interval, format_time, format_timedelta
from babel.numbers import format_decimal, format_percent
from jinja2 import Environment, PackageLoader, StrictUndefined, select_autoescape
from starlette.requests import Request

from bypuls.api.web.assets import static

LANGUAGES = ("da", "en")
DEFAULT = "da"
COOKIE = "byp_lang"
UNKNOWN = "–"
_PACKAGE = "bypuls.api.web"


_TEXT = re.compile(r"<(textarea|code)\b.*?</\1>|>[^<]+", re.DOTALL)
_BEFORE_UNIT = re.compile(
    r"(?<=[\d–]) (?=(?:[%‰]|°C|[kMG]?Wh|[kM]?W|kg|g|t|km/h|km|m[²³]?|mm|kr|DKK|lx|V|A|min|s|h)(?:/\w+[²³]?)?(?!\w))"
)


def units_kept(page: str) -> str:
    """A page of HTML in which no line breaks between a number and its unit, whoever wrote them. What was typed, or is
    to be typed, stays as it is."""
    return _TEXT.sub(lambda text: text[0] if text[1] else _BEFORE_UNIT.sub("\u00a0", text[0]), page)


def language_of(request: Request) -> str:
    """The language of a request: asked for by `?lang=`, then its cookie, then what the browser prefers, then Danish."""
    for wish in (request.query_params.get("lang"), request.cookies.get(COOKIE)):
        if wish in LANGUAGES:
            return wish
    wishes = [part.split(";")[0].strip() for part in request.headers.get("accept-language", "").split(",")]
    try:
        return negotiate_locale([wish for wish in wishes if wish], LANGUAGES, sep="-") or DEFAULT
    except ValueError:
        return DEFAULT


@cache
def translations(language: str) -> GNUTranslations:
    """The catalogue of a language."""
    with files(_PACKAGE).joinpath("locale", language, "LC_MESSAGES", "messages.mo").open("rb") as file:
        return GNUTranslations(file)


@cache
def environment(language: str, zone: tzinfo) -> Environment:
    """Templates in a language, with its numbers and with times of `zone`."""
    made = Environment(
        loader=PackageLoader(_PACKAGE, "templates"),
        extensions=["jinja2.ext.i18n"],
        autoescape=select_autoescape(default=True),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    made.install_gettext_translations(translations(language), newstyle=True)  # type: ignore[attr-defined]
    locale = Locale.parse("en_GB" if language == "en" else language)
    made.globals |= {"lang": language, "languages": LANGUAGES, "static": static}
    made.filters |= _filters(locale, zone)
    return made


def _filters(locale: Locale, zone: tzinfo) -> dict[str, Any]:
    def num(value: float | None, digits: int = 0) -> str:
        """A number; unknown is a dash."""
        if value is None or value != value:
            return UNKNOWN
        rounded = round(value, digits) + 0.0  # no −0
        pattern = "#,##0" + ("." + "0" * digits if digits else "")
        return format_decimal(rounded, pattern, locale=locale).replace("-", "−")

    def pct(share: float | None, digits: int = 0) -> str:
        """A share as per cent. Below 100 % it never rounds to 100, above 0 never to 0."""
        if share is None or share != share:
            return UNKNOWN
        step = 10.0 ** -(digits + 2)
        shown = round(share / step) * step
        if shown >= 1.0 > share:
            shown = 1.0 - step
        pattern = "#,##0" + ("." + "0" * digits if digits else "") + " %"
        return format_percent(shown, pattern, locale=locale).replace("-", "−")

    def signed(share: float | None, digits: int = 0) -> str:
        """A change as per cent, with its sign."""
        text = pct(share, digits)
        return f"+{text}" if share is not None and share > 0 else text

    def clock(moment: datetime | None) -> str:
        """Local time of day."""
        return UNKNOWN if moment is None else format_time(moment.astimezone(zone), "HH:mm", locale=locale)

    def day(moment: datetime | None) -> str:
        """Local day."""
        return UNKNOWN if moment is None else format_date(moment.astimezone(zone).date(), "long", locale=locale)

    def shortday(value: date) -> str:
        """A day: 23. nov. 2026, 23 Nov 2026."""
        return str(format_date(value, "medium", locale=locale))

    def period(first: date, last: date) -> str:
        """Days: October 2026 for a whole calendar month, else 16–22 Nov 2026."""
        after = last + timedelta(days=1)
        if first.day == after.day == 1 and (last.year, last.month) == (first.year, first.month):
            name = str(format_date(first, "MMMM y", locale=locale))
            return name[:1].upper() + name[1:]
        return str(format_interval(first, last, "yMMMd", locale=locale))

    def moment_text(value: datetime | str | None) -> str:
        """Local day and time."""
        if value is None:
            return UNKNOWN
        at = datetime.fromisoformat(value) if isinstance(value, str) else value
        local = at.astimezone(zone)
        return f"{shortday(local.date())} {format_time(local, 'HH:mm', locale=locale)}"

    def span_text(seconds: float | None) -> str:
        """A length of time in its largest unit."""
        return (
            UNKNOWN
            if seconds is None
            else format_timedelta(timedelta(seconds=max(seconds, 0.0)), threshold=1.5, locale=locale)
        )

    def us_clock(at_us: int | None) -> str:
        """Local time of day of a moment [µs UTC]."""
        return UNKNOWN if at_us is None else clock(datetime.fromtimestamp(at_us // 1_000_000, UTC))

    def iso(moment: datetime) -> str:
        """For machines."""
        return moment.astimezone(UTC).isoformat(timespec="seconds")

    return {
        "num": num, "pct": pct, "signed": signed, "clock": clock, "day": day, "shortday": shortday, "period": period,
        "moment": moment_text, "span": span_text, "iso": iso, "us_clock": us_clock,
    }  # fmt: skip
