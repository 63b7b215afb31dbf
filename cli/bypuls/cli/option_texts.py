"""Texts of options that several reports take."""

from __future__ import annotations

from datetime import date


def parse_pairs(name: str, texts: list[str]) -> dict[str, str]:
    """KEY=VALUE options.  Raises ValueError."""
    found = {}
    for text in texts:
        key, mark, value = text.partition("=")
        if not mark or not key.strip() or not value.strip():
            raise ValueError(f"{name} {text!r}: expected KEY=VALUE")
        found[key.strip()] = value.strip()
    return found


def parse_day(name: str, text: str) -> date:
    """A date like 2026-03-01.  Raises ValueError."""
    try:
        return date.fromisoformat(text)
    except ValueError as error:
        raise ValueError(f"{name} {text!r}: expected a day like 2026-03-01") from error
