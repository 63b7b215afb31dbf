"""A plan as the page's address asks for it: texts of a form, each checked, and the same question to the API."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, TypeVar, get_args
from urllib.parse import urlencode

from bypuls.api.directory import Directory
from bypuls.api.lighting_plan.plan import By
from bypuls.api.lighting_plan.scenario import Burning, Scenario, UnknownType, parse_gear, parse_watts, profile_of
from bypuls.store.registry import Lamp

_T = TypeVar("_T")
DEFAULTS: Mapping[str, str] = {
    "power_pct": "50", "watts": "", "types": "", "replace": "true", "schedule": "22:00-06:00=50",
    "efficacy_lm_w": "140",
    "useful_pct": "70", "gear": "", "cost_dkk": "4000", "burning": "civil", "by": "street", "cabinet": "", "site": "",
    "group": "",
}  # fmt: skip
"""What a first look shows, to be replaced by one's own: LED of half the old power as the register has it, 140 lm/W,
directed so that 70 % of the old lamp's light is enough, half the light from 22 to 6, 4,000 kr each, mounted."""


class BadAnswer(ValueError):
    """A field of the form that can't be used."""

    def __init__(self, field: str, value: str, expected: str) -> None:
        super().__init__(f"{field}: {value!r}; expected {expected}")
        self.field, self.value, self.expected = field, value, expected


@dataclass(frozen=True, slots=True)
class Asked:
    """A plan to be made. values : the form's texts, every field."""

    scenario: Scenario
    by: By
    cabinet: str | None
    site: str | None
    group: str | None
    values: Mapping[str, str]

    def lamps(self, directory: Directory) -> list[Lamp]:
        """Those that it is about."""
        return [
            one for one in directory.lamps.values()
            if self.cabinet in (None, one.cabinet) and self.site in (None, one.site)
            and self.group in (None, one.lamp_group)
        ]  # fmt: skip

    def address(self) -> str:
        """The page's own query, for links that show the same again."""
        return urlencode(list(self.values.items()))

    def api(self) -> str:
        """The same question to `/api/v1/lighting/what-if`, without form and language."""
        values = {name: text for name, text in self.values.items() if text and name not in ("power_pct", "useful_pct")}
        share = self.scenario.watt_share
        values |= {} if share is None else {"watt_share": f"{share:g}"}
        return urlencode(values | {"useful_share": f"{self.scenario.useful_share:g}"})


def asked_of(query: Mapping[str, str], directory: Directory) -> Asked:
    """The form's answer; the defaults where nothing at all was asked.  Raises BadAnswer."""
    told = {name: query[name].strip() for name in DEFAULTS if name in query}
    values = {name: told.get(name, "") for name in DEFAULTS} if told else dict(DEFAULTS)
    for name in ("replace", "burning", "by", "useful_pct"):
        values[name] = values[name] or DEFAULTS[name]
    by = _word("by", values["by"], get_args(By))
    schedule = values["schedule"] or None
    _checked("schedule", values["schedule"], lambda _: profile_of(schedule))
    power, useful = _number(values, "power_pct", 1.0, 100.0), _number(values, "useful_pct", 1.0, 100.0)
    scenario = Scenario(
        watts=_checked("watts", values["watts"], parse_watts) if values["watts"] else {},
        watt_share=None if power is None else power / 100.0,
        types=tuple(one.strip() for one in values["types"].split(",") if one.strip()),
        replace=_word("replace", values["replace"], ("true", "false")) == "true",
        schedule=schedule,
        efficacy_lm_w=_number(values, "efficacy_lm_w", 1.0, 300.0),
        useful_share=1.0 if useful is None else useful / 100.0,
        gear=_checked("gear", values["gear"], parse_gear) if values["gear"] else {},
        cost_dkk=_number(values, "cost_dkk", 0.0, 1e6),
        burning=_word("burning", values["burning"], get_args(Burning)),
    )
    try:
        scenario = scenario.for_types_of(directory.lamps.values())
    except UnknownType as error:
        raise BadAnswer(error.field, error.value, error.expected) from error
    places = (("cabinet", directory.cabinets), ("site", directory.sites), ("group", directory.lamp_groups))
    for name, rows in places:
        if values[name] and values[name] not in rows:
            raise BadAnswer(name, values[name], f"the id of a {name} in the registry")
    return Asked(scenario, by, values["cabinet"] or None, values["site"] or None, values["group"] or None, values)


def _number(values: Mapping[str, str], name: str, low: float, high: float) -> float | None:
    text = values[name]
    if not text:
        return None
    try:
        value = float(text.replace(",", "."))
    except ValueError:
        value = float("nan")
    if not low <= value <= high:
        raise BadAnswer(name, text, f"a number from {low:g} to {high:g}")
    return value


def _word(name: str, text: str, words: tuple[str, ...]) -> Any:
    if text not in words:
        raise BadAnswer(name, text, f"one of {', '.join(words)}")
    return text


def _checked(name: str, text: str, parse: Callable[[str], _T]) -> _T:
    try:
        return parse(text)
    except ValueError as error:
        raise BadAnswer(name, text, str(error).partition("expected ")[2] or str(error)) from error
