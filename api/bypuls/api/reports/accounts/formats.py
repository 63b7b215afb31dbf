"""The forms of the yearly account."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from importlib import import_module
from types import MappingProxyType
from typing import Any

from bypuls.api.reports.accounts.content import Document, document
from bypuls.api.reports.accounts.words import Words

MEDIA_TYPES: Mapping[str, str] = MappingProxyType(
    {
        "csv": "text/csv; charset=utf-8",
        "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
        "pdf": "application/pdf",
    }
)
Render = Callable[[Document, Words], bytes]


def rendered(told: Mapping[str, Any], title: str | None, form: str, lang: str) -> bytes:
    """An account, as `told_account` tells it with registers, in one form: csv, xlsx or pdf; the same account gives the
    same bytes.  title : whose account; None = of the whole town.  Raises ValueError for another language or form."""
    if form not in MEDIA_TYPES:
        raise ValueError(f"format: {form!r}; expected one of {', '.join(MEDIA_TYPES)}")
    words = Words(lang)
    render: Render = import_module(f"{__package__}.{form}").render
    return render(document(told, title, words), words)
