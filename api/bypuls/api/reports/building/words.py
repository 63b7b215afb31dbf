"""The buildings' texts, and how energy, money and reasons are told."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date

from babel.dates import format_date

from bypuls.api.buildings.reasons import N_, TEXTS, Reason
from bypuls.api.reports.layout import words
from bypuls.api.reports.layout.words import DASH, NBSP

MEDIA: Mapping[str, str] = {
    "electricity": N_("electricity"),
    "heat": N_("district heating"),
    "gas": N_("gas"),
    "water": N_("water"),
}
USES: Mapping[str, str] = {
    "housing": N_("housing"),
    "office": N_("office"),
    "culture": N_("culture"),
    "education": N_("education"),
    "hospital": N_("care"),
    "day-care": N_("day-care"),
    "sports": N_("sports"),
    "other": N_("other use"),
}
_TONNE_KG = 1000.0


class Words(words.Words):
    """Texts, numbers, dates, energy and money in Danish or English."""

    catalogue = ("bypuls.api.reports.building", "buildings")

    def medium(self, name: str, *, capital: bool = False) -> str:
        """A medium's name."""
        found = self(MEDIA.get(name, name))
        return found[:1].upper() + found[1:] if capital else found

    def use(self, name: str) -> str:
        """What a building is used for."""
        return self(USES.get(name, name))

    def amount(self, value: float | None, unit: str, digits: int = 0) -> str:
        """An amount with its unit: large energy in MWh."""
        if value is None:
            return DASH
        if unit == "kWh" and abs(value) >= 100_000.0:
            return f"{self.num(value / 1000.0, 1)}{NBSP}MWh"
        return f"{self.num(value, digits)}{NBSP}{'m³' if unit == 'm3' else unit}"

    def money(self, value: float | None) -> str:
        """Danish kroner."""
        return DASH if value is None else f"{self.num(value)}{NBSP}{self('DKK')}"

    def co2(self, kg: float | None) -> str:
        """CO₂ in tonnes from a tonne on."""
        if kg is None:
            return DASH
        if abs(kg) >= _TONNE_KG:
            return f"{self.num(kg / _TONNE_KG, 1)}{NBSP}t"
        return f"{self.num(kg)}{NBSP}kg"

    def power(self, value: float | None, unit: str) -> str:
        """A load: kW of energy, m³/h of water."""
        digits = 1 if value is not None and abs(value) >= 1.0 else 3 if unit == "m3" else 2
        return DASH if value is None else f"{self.num(value, digits)}{NBSP}{'m³/h' if unit == 'm3' else 'kW'}"

    def range(self, low: float, high: float) -> str:
        """An interval of shares, in per cent."""
        return f"{self.num(low * 100.0, 1, signed=True)} {self('to')} {self.num(high * 100.0, 1, signed=True)}{NBSP}%"

    def month(self, day: date) -> str:
        """A month with its year."""
        found = str(format_date(day, "MMMM y", locale=self.locale))
        return found[:1].upper() + found[1:] if self.lang == "en" else found

    def short_month(self, day: date) -> str:
        """A month's short name, for axes."""
        return str(format_date(day, "MMM", locale=self.locale)).rstrip(".")

    def reason(self, reason: Reason) -> str:
        """Why something is unknown, or what must be known beside it."""
        shown: dict[str, object] = {}
        for name, value in reason.values.items():
            if name == "medium":
                shown[name] = self.medium(str(value))
            elif isinstance(value, date):
                shown[name] = self.day(value)
            elif isinstance(value, int):
                # Years are no amounts: they have no thousands' separator.
                shown[name] = str(value) if name == "year" else self.num(value)
            elif isinstance(value, float):
                shown[name] = (
                    self.share(value, 0) if name.endswith("_share") else self.num(value, 0 if value >= 1 else 4)
                )
            else:
                shown[name] = value
        return self(TEXTS[reason.code], **shown) if shown else self(TEXTS[reason.code])


def sentence(text: str) -> str:
    """With a capital letter in front and a full stop behind."""
    shown = text[:1].upper() + text[1:]
    return shown if shown.endswith((".", "!", "?", ":")) else f"{shown}."


INSIDE_OTHERS = (N_("to"), N_("pp"), N_("DKK"))
"""Short texts that are used inside composed ones, where gettext's tools don't see them."""
