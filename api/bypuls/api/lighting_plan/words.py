"""The plan's texts in the reader's language."""

from __future__ import annotations

from collections.abc import Mapping

from bypuls.api.reports.layout import words


def N(text: str) -> str:  # noqa: N802 - the usual name of a mark for texts
    """Marks a text that is translated later."""
    return text


BY: Mapping[str, str] = {
    "street": N("Street"), "cabinet": N("Cabinet"), "group": N("Group"), "type": N("Lamp type")
}  # fmt: skip


class PlanWords(words.Words):
    """Texts and numbers of plans in Danish or English."""

    catalogue = ("bypuls.api.lighting_plan", "lighting_plan")

    def gas(self, name: str) -> str:
        """The gas with its small figure."""
        return name.replace("2", "₂")

    def burning(self, name: str) -> str:
        """When lamps burn."""
        return self("civil dusk to dawn") if name == "civil" else self("sunset to sunrise")

    def kwh(self, value: float | None) -> str:
        """Energy a year: MWh from ten on."""
        if value is None:
            return words.DASH
        if abs(value) >= 10_000.0:
            return f"{self.num(value / 1000.0)}{words.NBSP}MWh"
        return f"{self.num(value)}{words.NBSP}kWh"

    def kg(self, value: float | None) -> str:
        """A mass: tonnes from ten on."""
        if value is None:
            return words.DASH
        if abs(value) >= 10_000.0:
            return f"{self.num(value / 1000.0)}{words.NBSP}t"
        return f"{self.num(value)}{words.NBSP}kg"

    def money(self, value: float | None) -> str:
        """Danish kroner: millions from one on."""
        if value is None:
            return words.DASH
        if abs(value) >= 1e6:
            return self("{n} million kr", n=self.num(value / 1e6, 1)).replace(" ", words.NBSP)
        return self("{n} kr", n=self.num(value)).replace(" ", words.NBSP)

    def years(self, value: float | None) -> str:
        """A length of time in years."""
        return self("{n} years", n=self.num(value, 1)).replace(" ", words.NBSP)
