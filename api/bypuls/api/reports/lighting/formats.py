"""The forms of a lighting report. JSON is at home here; others are modules of `render`."""

from __future__ import annotations

import json
from importlib import import_module
from typing import Any

from bypuls.api.reports.lighting.model import LightingReport
from bypuls.api.reports.plain_values import plain

LANGUAGES = ("da", "en")
FORMATS = ("json", "pdf")
_PACKAGE = "bypuls.api.reports.lighting.render"


def to_json(report: LightingReport) -> dict[str, Any]:
    """The report as values of JSON, numbers rounded to 6 decimals; what is unknown is null."""
    found: dict[str, Any] = plain(report)
    for event in found["events"]:
        event["from"] = event.pop("from_")
    found["events"] = [
        {key: event[key] for key in ("name", "from", "to", "lamps", "confidence")} for event in found["events"]
    ]
    return found


def rendered(report: LightingReport, form: str, lang: str) -> bytes:
    """The report in one form. Raises ValueError."""
    if lang not in LANGUAGES:
        raise ValueError(f"lang: {lang!r}; expected {' or '.join(LANGUAGES)}")
    if form not in FORMATS:
        raise ValueError(f"format: {form!r}; expected one of {', '.join(FORMATS)}")
    if form != "json":
        made: bytes = import_module(f"{_PACKAGE}.{form}").render(report, lang)
        return made
    return json.dumps(to_json(report), ensure_ascii=False, indent=1).encode() + b"\n"
