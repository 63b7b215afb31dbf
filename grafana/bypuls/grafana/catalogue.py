"""Keeps the catalogues: texts out of the code into `locale/*.po`, and those compiled to the `.mo` files that are used.

`python -m bypuls.grafana.catalogue` after a text was changed; translate what is new in the .po file and run it again.
"""

from __future__ import annotations

import sys
from datetime import UTC, datetime
from pathlib import Path

from babel.messages.catalog import Catalog
from babel.messages.extract import extract_from_dir
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po, write_po

from bypuls.grafana.texts import DOMAIN, LANGUAGES, LOCALE, SOURCE_LANGUAGE

ROOM = Path(__file__).parent
_DATE = datetime(2026, 1, 1, tzinfo=UTC)


def extracted() -> Catalog:
    """Every text of the room's code."""
    template = Catalog(project="bypuls", charset="utf-8")
    for path, _line, message, comments, context in extract_from_dir(str(ROOM), method_map=[("**.py", "python")]):
        template.add(message, locations=[(path, 0)], auto_comments=comments, context=context)
    return template


def po_path(language: str) -> Path:
    """The file that translators edit."""
    return LOCALE / language / "LC_MESSAGES" / f"{DOMAIN}.po"


def read(language: str) -> Catalog:
    """The catalogue of a language; an empty one where there is none yet."""
    path = po_path(language)
    if not path.exists():
        return Catalog(locale=language)
    with path.open("rb") as file:
        return read_po(file, locale=language)


def update(language: str) -> list[str]:
    """Brings the language's files up to the code; gives the texts that still have no translation."""
    known = read(language)
    catalogue = Catalog(
        locale=language,
        project="bypuls",
        version="dashboards",
        header_comment="# Texts of the dashboards; see bypuls.grafana.catalogue.",
        copyright_holder="bypuls",
        msgid_bugs_address="-",
        last_translator="bypuls",
        language_team=language,
        # Fixed: a file changes when its texts do.
        creation_date=_DATE,
        revision_date=_DATE,
        fuzzy=False,
    )
    for message in extracted():
        if message.id:
            found = known.get(message.id, message.context)
            catalogue.add(message.id, found.string if found else "", context=message.context)
    path = po_path(language)
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("wb") as file:
        write_po(file, catalogue, width=120, no_location=True, sort_output=True)
    with path.with_suffix(".mo").open("wb") as file:
        write_mo(file, catalogue)
    return untranslated(catalogue)


def untranslated(catalogue: Catalog) -> list[str]:
    """The texts of a catalogue that have no translation."""
    return [str(message.id) for message in catalogue if message.id and not message.string]


def main() -> int:
    """Updates every language; 1 where translations are missing."""
    missing = {language: update(language) for language in LANGUAGES if language != SOURCE_LANGUAGE}
    for language, texts in missing.items():
        for text in texts:
            sys.stderr.write(f"{language}: no translation of {text!r}\n")
    return 1 if any(missing.values()) else 0


if __name__ == "__main__":
    sys.exit(main())
