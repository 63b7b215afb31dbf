"""The crew's list as a document, for paper and for spreadsheets."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from datetime import date, datetime
from importlib.metadata import version
from typing import Any, cast

from bypuls.api.alarms.words import AlarmWords, N
from bypuls.api.reports.accounts import csv, pdf
from bypuls.api.reports.accounts.content import Document
from bypuls.api.reports.accounts.words import Words
from bypuls.api.reports.layout.cells import Cell, Column, Paragraphs, Section, Table, label, number, text

REASONS: Mapping[str, str] = {
    "dark-stretch": N("dark stretch"), "school-way": N("school way"), "cycle-path": N("cycle path"),
    "traffic-road": N("traffic road"), "reported": N("reported by a citizen"),
}  # fmt: skip
MEDIA_TYPES: Mapping[str, str] = {"csv": "text/csv; charset=utf-8", "pdf": "application/pdf"}


def rendered(entries: Sequence[Mapping[str, Any]], at: datetime, form: str, words: AlarmWords) -> bytes:
    """The list as csv or pdf. at : local time of the list."""
    made = document(entries, at, words)
    # The two renderers ask of words no more than every kind of report has.
    told = cast(Words, words)
    return pdf.render(made, told) if form == "pdf" else csv.render(made, told)


def document(entries: Sequence[Mapping[str, Any]], at: datetime, words: AlarmWords) -> Document:
    """The list as a table."""
    day: date = at.date()
    table = Table(
        "work",
        words("What to look at, the riskiest first"),
        (
            Column(words("No."), width=6),
            Column(words("Lamp or cabinet"), "start", width=34),
            Column(words("What"), "start", wide=True, width=30),
            Column(words("Why it matters"), "start", width=26),
            Column(words("Days"), width=6),
            Column(words("State"), "start", width=14),
            Column(words("Place"), "start", width=26),
        ),
        tuple(_row(number_, one, words) for number_, one in enumerate(entries, 1)),
    )
    notes = [
        f"{at_}. {one['name']}: {note['text']}" for at_, one in enumerate(entries, 1) for note in one.get("notes", ())
    ]
    nothing = words("Nothing is open.")
    blocks = (table,) if entries else (Paragraphs((nothing,)),)
    sections = [Section("work", words("Work list"), blocks)]
    if notes:
        sections.append(Section("notes", words("Notes"), (Paragraphs(tuple(notes)),)))
    out = sum(one["kind"] == "lamp-out" for one in entries)
    oldest = max((one["age_days"] for one in entries), default=None)
    return Document(
        lang=words.lang,
        kicker=words("Street lights"),
        title=words("Work list"),
        subtitle=f"{words.day(day)} {at:%H:%M}" if words.lang == "en" else f"{words.day(day)} kl. {at:%H.%M}",
        headline=(
            (words("Open"), words.num(len(entries)), ""),
            (words("Lamps out"), words.num(out), ""),
            (words("Oldest"), words.num(oldest), words("days")),
        ),
        warnings=(),
        sections=tuple(sections),
        foot=f"bypuls {version('bypuls')}",
        fingerprint=hashlib.blake2b(repr(list(entries)).encode(), digest_size=8).hexdigest(),
        day=day,
        words={"page": words("Page {page} of {pages}", page="{page}", pages="{pages}"),
               "fingerprint": words("Fingerprint")},
    )  # fmt: skip


def _row(number_: int, one: Mapping[str, Any], words: AlarmWords) -> tuple[Cell, ...]:
    street = f", {one['street']}" if one["street"] and one["street"] not in one["name"] else ""
    return (
        number(number_),
        label(f"{one['name']}{street}"),
        text(f"{one['title']}: {one['text']}" if one["kind"] == "citizen-report" and one["text"] else one["title"]),
        text(", ".join(words(REASONS[name]) for name in one["reasons"]) or None),
        number(one["age_days"]),
        text(words.word(one["state"])),
        text(one["geo"]),
    )
