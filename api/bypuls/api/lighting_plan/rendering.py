"""The forms of a plan that are files."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import cast

from bypuls.api.directory import Directory
from bypuls.api.lighting_plan import xlsx
from bypuls.api.lighting_plan.document import document
from bypuls.api.lighting_plan.forms import as_csv
from bypuls.api.lighting_plan.plan import By, Plan
from bypuls.api.lighting_plan.words import PlanWords
from bypuls.api.reports.accounts import pdf
from bypuls.api.reports.accounts.words import Words

MEDIA_TYPES: Mapping[str, str] = {
    "csv": "text/csv; charset=utf-8",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    "pdf": "application/pdf",
}


def rendered(plan: Plan, directory: Directory, by: By, form: str, lang: str, day: date) -> bytes:
    """The plan as csv, xlsx or pdf; the same plan of the same day gives the same bytes.  Raises ValueError."""
    if form not in MEDIA_TYPES:
        raise ValueError(f"format: {form!r}; expected one of {', '.join(MEDIA_TYPES)}")
    if form == "csv":
        return as_csv(plan, directory, by, danish=lang == "da")
    words = PlanWords(lang)
    made = document(plan, directory, by, words, day)
    # The renderer asks of words no more than every kind of report has.
    return xlsx.render(made, words) if form == "xlsx" else pdf.render(made, cast(Words, words))
