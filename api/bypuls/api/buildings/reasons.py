"""Why a figure is unknown, or what must be known beside it: a code with its values, told in English here and translated
by the reports."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any

Value = str | float | int | date


def N_(message: str) -> str:  # noqa: N802 - the name by which gettext's tools find texts
    """Marks a text for translation."""
    return message


TEXTS: Mapping[str, str] = {
    "no-meter": N_("no meter of {medium} is registered"),
    "no-energy-meter": N_("no meter of energy is registered"),
    "nothing-measured": N_("nothing of {medium} was measured in the period"),
    "coverage": N_("only {known_share} of the period is measured; expected at least {least_share}"),
    "unit-jump": N_("{meter} counts {factor} times as much from {day} on: its unit seems to have changed"),
    "spikes": N_("{n} days of {meter} are far above all days around them and count as unknown"),
    "no-area": N_("no heated area is registered"),
    "not-twelve-months": N_("only twelve whole months can be corrected for the weather, not {days} days"),
    "no-weather": N_("no sensor of outdoor temperature is registered"),
    "weather-days": N_("the temperature of {known} of {days} days is known; expected all of them"),
    "no-normal-year": N_("no normal year is registered for the temperatures of {station}"),
    "not-comparable": N_("{detail}"),
    "no-heating": N_("no district heating or gas is measured"),
    "no-price": N_("no price of {medium} is registered for {day}"),
    "gap-spans-prices": N_("a gap up to {day} spans a change of price"),
    "no-volume": N_("the price of {medium} is per m³, and no volume was measured"),
    "no-target": N_("no climate target says which gas and method to count"),
    "no-factor": N_("{detail}"),
    "factor-hours": N_("{n} hours of {medium} in {year} have no emission factor"),
    "no-nights": N_("less than half of the last 14 nights is measured"),
    "no-last-year": N_("the same period of the year before is not measured"),
    "last-year-coverage": N_("only {known_share} of the same period of the year before is measured"),
    "too-few-days": N_("{known} days with use and temperature are known; expected enough for a model"),
    "baseline-length": N_("the year before begins {days} days back; expected 365 days"),
    "baseline-days": N_("{missing} of 365 days before lack use or temperature; expected at most {most}"),
    "baseline-coverage": N_("the days before are measured to {known_share}; expected at least {least_share}"),
    "reporting-length": N_("only {days} days since then; expected at least {least}"),
    "reporting-coverage": N_("{known} of {days} days are known; expected at least {least_share}"),
    "model": N_("no model fits the year before"),
    "scatter": N_("the use of the year before scatters too much: CV(RMSE) {cv_share}"),
    "autocorrelation": N_("days resemble their neighbours so much that they say too little"),
    "modelled-use": N_("the model of the year before expects no use"),
    "non-routine-event": N_("{what} ({first} – {last}) changed the use, by an unknown amount"),
    "own-generation": N_("own use of solar power is not metered, so the building's use is unknown"),
    "joint": N_("{others} lies in the same time: the saving is that of all together"),
    "until-next": N_("counted up to the next measure, {others}"),
    "zero-days": N_("{n} days have zeros of {medium} that stand for missing values: they count as unknown in models"),
    "resets": N_("{n} resets or refused values of {meter}: what was used across them is unknown"),
    "gaps": N_("gaps: {kwh} kWh are known in total only"),
    "swapped": N_("{meter} was swapped on {day}; both meters count, each for its time"),
    "silent": N_("{meter} is silent since {day}"),
    "never-heard": N_("nothing was ever heard of {meter}"),
    "no-flow": N_("no water flowed"),
    "no-heat-volume": N_("the meter tells no volume"),
    "no-solar-meter": N_("production is not metered, so own use is unknown"),
    "no-common-days": N_("no day on which all these meters are measured whole"),
    "children-exceed": N_("the submeters count {kwh} kWh more than the meter that they sit behind"),
    "alone": N_("no other building of this use can be compared"),
}


@dataclass(frozen=True, slots=True)
class Reason:
    """One reason. Values by what their names end in: `_share` per cent, `kwh`, a date; everything else as it is."""

    code: str
    values: Mapping[str, Value] = field(default_factory=dict)

    def __str__(self) -> str:
        shown = {
            name: f"{value:.0%}" if name.endswith("_share") and isinstance(value, float) else _plain(value)
            for name, value in self.values.items()
        }
        return TEXTS[self.code].format(**shown)

    def told(self) -> dict[str, Any]:
        """As answers tell it."""
        return {"code": self.code, "text": str(self)}


def _plain(value: Value) -> str:
    return f"{value:,.4g}" if isinstance(value, float) else str(value)
