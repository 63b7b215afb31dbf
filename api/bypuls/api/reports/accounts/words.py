"""The account's texts: carriers, domains and reasons in the reader's language."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from bypuls.api.reports.layout import words
from bypuls.api.reports.layout.words import DASH


class Words(words.Words):
    """Texts, numbers and dates of accounts in Danish or English."""

    catalogue = ("bypuls.api.reports.accounts", "accounts")

    def carrier(self, name: str) -> str:
        """What was used."""
        known = {
            "electricity": self("Electricity"),
            "heat": self("District heating"),
            "gas": self("Gas"),
            "diesel": self("Diesel"),
            "petrol": self("Petrol"),
            "heating-oil": self("Heating oil"),
        }
        return known.get(name, name)

    def domain(self, name: str) -> str:
        """What for."""
        known = {
            "buildings": self("Buildings"),
            "lighting": self("Street lights"),
            "charging": self("Charging"),
            "fleet": self("Vehicles"),
            "other": self("Other"),
        }
        return known.get(name, name)

    def view(self, name: str) -> str:
        """How electricity is accounted."""
        return self("Location-based") if name == "location" else self("Market-based")

    def gas(self, name: str) -> str:
        """The gas with its small figure."""
        return name.replace("2", "₂")

    def unit(self, name: str) -> str:
        """A unit as people write it."""
        return {"m3": "m³", "kg/m3": "kg/m³"}.get(name, name)

    def reason(self, code: str, line: Mapping[str, Any], year: int) -> str:
        """Why a line is unknown or not the whole."""
        carrier = self.carrier(line["carrier"]).lower()
        texts = {
            "no factor": self("No emission factor for {carrier} in {year}.", carrier=carrier, year=year),
            "no contract": self("No market-based factor for {carrier}: nobody says what was bought.", carrier=carrier),
            "several factors": self(
                "Several factors for {carrier} would fit; the registry doesn't say which.", carrier=carrier
            ),
            "scenario": self(
                "For {carrier} there are only factors of scenarios, which accounts never use.", carrier=carrier
            ),
            "factor hours": self(
                "Some hours have no factor: {share} of the meter's time has both.",
                share=self.share(line["with_factor"]),
            ),
            "no reading": self("Nothing was measured."),
            "gaps": self("Measured for {share} of its time.", share=self.share(line["coverage"])),
            "basis": self("The heating value of the energy isn't that of the factor; the two are never mixed."),
            "unit": self("Amount and factor have different units."),
            "also measured": self("Not counted: a meter measures the same."),
        }
        return texts.get(code, code)

    def moment(self, text: str | None) -> str:
        """Local time to the minute."""
        return DASH if text is None else f"{text[:10]} {text[11:16]}"
