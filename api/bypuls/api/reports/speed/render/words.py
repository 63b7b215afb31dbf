"""The speed reports' texts, and how speeds are told."""

from __future__ import annotations

from bypuls.api.reports.layout import words
from bypuls.api.reports.layout.words import DASH, LANGUAGES, MINUS, NBSP, NO_DATA, Language

__all__ = ["DASH", "LANGUAGES", "MINUS", "NBSP", "NO_DATA", "Language", "Words"]


class Words(words.Words):
    """Texts, numbers, dates and speeds in Danish or English."""

    catalogue = ("bypuls.api.reports.speed.render", "reports")

    def speed(self, value: float | None, digits: int = 1) -> str:
        """A speed with its unit."""
        return DASH if value is None else f"{self.num(value, digits)}{NBSP}{self('km/h')}"

    def limit(self, value: float | None) -> str:
        """A posted limit or another round speed with its unit: decimals only where there are any."""
        return DASH if value is None else self.speed(value, 0 if round(value, 6).is_integer() else 1)
