"""Text in CSV that no spreadsheet takes for a formula."""

from __future__ import annotations

_FORMULA = ("=", "+", "-", "@", "\t", "\r")


def inert(text: str) -> str:
    """The text, behind an apostrophe where its first sign would make a formula of it."""
    return f"'{text}" if text.startswith(_FORMULA) else text
