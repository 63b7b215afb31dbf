"""The energy reports' texts, and how amounts are told."""

from __future__ import annotations

import re
from datetime import date, datetime

from babel.dates import format_date

from bypuls.api.reports.layout import words
from bypuls.api.reports.layout.words import DASH, NBSP

_ISO = re.compile(r"\d{4}-\d{2}-\d{2}T\d{2}:\d{2}(?:[+-]\d{2}:\d{2}|Z)?")


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

    def moments(self, text: str) -> str:
        """A text whose times in ISO 8601 are told as people write them: 28. okt. 2018 02.00."""
        return _ISO.sub(self._moment, text)

    def _moment(self, found: re.Match[str]) -> str:
        moment = datetime.fromisoformat(found[0])
        clock = f"{moment:%H.%M}" if self.lang == "da" else f"{moment:%H:%M}"
        return f"{self.day(moment.date())}{NBSP}{clock}"

    def month(self, value: date) -> str:
        """A month: jan. 2026, Jan 2026."""
        return str(format_date(value, "MMM yyyy", locale=self.locale))
