"""The forms of a report. JSON and CSV are at home here; others are modules of `render`, each with
`render(report, lang) -> bytes`."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from importlib import import_module
from importlib.util import find_spec
from types import MappingProxyType

from bypuls.api.reports.speed.model import SpeedReport
from bypuls.api.reports.speed.to_csv import to_csv
from bypuls.api.reports.speed.to_json import to_json

Render = Callable[[SpeedReport, str], bytes]
LANGUAGES = ("da", "en")
MEDIA_TYPES: Mapping[str, str] = MappingProxyType(
    {
        "json": "application/json",
        "csv": "text/csv; charset=utf-8",
        "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
        "pdf": "application/pdf",
        "html": "text/html; charset=utf-8",
    }
)
_RENDERED = ("xlsx", "pdf", "html")
_PACKAGE = "bypuls.api.reports.speed.render"


def formats() -> tuple[str, ...]:
    """The forms that this installation can write."""
    return ("json", "csv", *(name for name in _RENDERED if find_spec(f"{_PACKAGE}.{name}") is not None))


def rendered(report: SpeedReport, form: str, lang: str) -> bytes:
    """The report in one form.

    form : one of `formats()`.  lang : `da` or `en`; numbers and texts follow it, JSON doesn't.  Raises ValueError."""
    if lang not in LANGUAGES:
        raise ValueError(f"lang: {lang!r}; expected {' or '.join(LANGUAGES)}")
    if form not in formats():
        raise ValueError(f"format: {form!r}; expected one of {', '.join(formats())}")
    if form == "json":
        return json.dumps(to_json(report), ensure_ascii=False, indent=1).encode() + b"\n"
    if form == "csv":
        return to_csv(report, lang)
    render: Render = import_module(f"{_PACKAGE}.{form}").render
    return render(report, lang)
