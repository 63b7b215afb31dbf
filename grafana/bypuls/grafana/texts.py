"""The dashboards' languages: English is written in the code, others come from gettext catalogues in `locale/`."""

from __future__ import annotations

import gettext
from collections.abc import Callable
from pathlib import Path

LANGUAGES = ("da", "en")
SOURCE_LANGUAGE = "en"
DOMAIN = "grafana"
LOCALE = Path(__file__).with_name("locale")

Translate = Callable[[str], str]


def translator(language: str) -> Translate:
    """A function from the English text to that of `language`. Raises ValueError for a language there is none of."""
    if language not in LANGUAGES:
        raise ValueError(f"language: {language!r} — expected one of {', '.join(LANGUAGES)}")
    if language == SOURCE_LANGUAGE:
        return gettext.NullTranslations().gettext
    return gettext.translation(DOMAIN, LOCALE, languages=[language]).gettext
