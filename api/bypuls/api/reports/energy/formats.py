"""The forms of an energy report. JSON is at home here; others are modules of `render`, each with
`render(report, lang) -> bytes`."""

from __future__ import annotations

import json
from collections.abc import Callable
from importlib import import_module
from importlib.util import find_spec

from bypuls.api.reports.energy.model import EnergyReport
from bypuls.api.reports.energy.to_json import to_json

Render = Callable[[EnergyReport, str], bytes]
LANGUAGES = ("da", "en")
_RENDERED = ("pdf", "xlsx")
_PACKAGE = "bypuls.api.reports.energy.render"


def formats() -> tuple[str, ...]:
    """The forms that this installation can write."""
    return ("json", *_RENDERED) if find_spec(_PACKAGE) is not None else ("json",)


def rendered(report: EnergyReport, form: str, lang: str) -> bytes:
    """The report in one form.

    form : one of `formats()`.  lang : `da` or `en`; numbers and texts follow it, JSON doesn't.  Raises ValueError."""
    if lang not in LANGUAGES:
        raise ValueError(f"lang: {lang!r}; expected {' or '.join(LANGUAGES)}")
    if form not in formats():
        raise ValueError(f"format: {form!r}; expected one of {', '.join(formats())}")
    if form == "json":
        return json.dumps(to_json(report), ensure_ascii=False, indent=1).encode() + b"\n"
    render: Render = import_module(f"{_PACKAGE}.{form}").render
    return render(report, lang)
