"""The energy reports' texts, and how amounts are told."""

from __future__ import annotations

from datetime import date

from babel.dates import format_date

from bypuls.api.reports.layout import words
from bypuls.api.reports.layout.words import DASH, NBSP


class Words(words.Words):
    """Texts, numbers, dates and amounts of energy in Danish or English."""

    catalogue = ("bypuls.api.reports.energy.render", "energy")

    def kwh(self, value: float | None, *, signed: bool = False) -> str:
        """Energy: kWh without decimals, from 100,000 kWh on in MWh."""
        if value is None:
            return DASH
        if abs(value) >= 100_000.0:
            return f"{self.num(value / 1000.0, 1, signed=signed)}{NBSP}MWh"
        return f"{self.num(value, 0 if abs(value) >= 100.0 else 1, signed=signed)}{NBSP}kWh"

    def celsius(self, value: float | None) -> str:
        """A temperature with its unit."""
        return DASH if value is None else f"{self.num(value, 1)}{NBSP}°C"

    def month(self, value: date) -> str:
        """A month: jan. 2026, Jan 2026."""
        return str(format_date(value, "MMM yyyy", locale=self.locale))
