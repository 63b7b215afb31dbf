"""What is asked: which lamps get LED, of what power, dimmed how, at what cost; each assumption named."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Literal, TypeAlias

import numpy as np

from bypuls.analysis.arrays import FloatArray, IntArray
from bypuls.analysis.lighting.what_if import DAY_MINUTES
from bypuls.store.registry import Lamp, parse_schedule

Burning: TypeAlias = Literal["civil", "sunset"]
LED = "LED"
LED_BASE_SHARE, OTHER_BASE_SHARE = 0.06, 0.30
"""Power at level 0 over that at full level: an LED driver's own use; discharge lamps on stepped gear save less power
than light. Assumptions, told in every answer."""
NOMINAL_LM: Mapping[tuple[str, float], float] = {
    ("HPS", 70.0): 6000.0,
    ("HPS", 100.0): 9600.0,
    ("HPS", 150.0): 15_300.0,
    ("HPS", 250.0): 28_500.0,
    ("HPS", 400.0): 48_000.0,
}
"""Nominal flux of a sodium lamp by its rated power [lm], where the register knows none. Source: GE Lucalox Standard,
tubular clear, data sheet."""


class UnknownType(ValueError):
    """A lamp type that no lamp has. field : types or gear.  expected : which there are."""

    def __init__(self, field: str, value: str, present: list[str]) -> None:
        self.field, self.value = field, value
        told = ", ".join(present) if present else "none: the registry knows no lamp's type"
        self.expected = f"a lamp type of the registry ({told})"
        super().__init__(f"{field}: {value!r}; expected {self.expected}")


@dataclass(frozen=True, slots=True)
class Scenario:
    """One plan.

    watts : new power of a luminaire with its gear by that of the old one, as the register has it [W].
    watt_share : for those that `watts` doesn't name; None = unknown.
    types : which lamp types get LED; empty = all that are known not to be.  replace : False = only dimming.
    schedule : dimming of what is LED afterwards; None = each group's own as now.
    efficacy_lm_w : of the new luminaires; None = their light is unknown.
    useful_share : share of an old lamp's flux that new luminaires must give to light the street alike, 0 … 1.
    gear : share of power that the register leaves out, by lamp type (a ballast's 0.1 where it tells the bare lamp's).
    cost_dkk : of one new luminaire, mounted; None = unknown.
    burning : from civil dusk to dawn, or from sunset to sunrise.
    """

    watts: Mapping[float, float] = field(default_factory=dict)
    watt_share: float | None = None
    types: tuple[str, ...] = ()
    replace: bool = True
    schedule: str | None = None
    efficacy_lm_w: float | None = None
    useful_share: float = 1.0
    gear: Mapping[str, float] = field(default_factory=dict)
    cost_dkk: float | None = None
    burning: Burning = "civil"

    def replaces(self, lamp_type: str | None) -> bool | None:
        """Whether lamps of this type get LED; None where the type isn't known."""
        if not self.replace:
            return False
        if lamp_type is None:
            return None
        return lamp_type in self.types if self.types else lamp_type != LED

    def for_types_of(self, lamps: Iterable[Lamp]) -> Scenario:
        """The same with its lamp types as these lamps spell them; capitals don't matter.  Raises UnknownType."""
        spelt: dict[str, list[str]] = {}
        for word in sorted({one.lamp_type for one in lamps if one.lamp_type is not None}):
            spelt.setdefault(word.casefold(), []).append(word)

        def known(field: str, asked: str) -> list[str]:
            found = spelt.get(asked.strip().casefold())
            if found is None:
                raise UnknownType(field, asked, [word for words in spelt.values() for word in words])
            return found

        return replace(
            self, types=tuple(dict.fromkeys(word for one in self.types for word in known("types", one))),
            gear={word: share for one, share in self.gear.items() for word in known("gear", one)},
        )  # fmt: skip

    def new_watt(self, old_watt: float) -> float | None:
        """The power of what replaces a luminaire of `old_watt` [W]; None = unknown."""
        known = self.watts.get(old_watt)
        if known is not None or self.watt_share is None:
            return known
        return old_watt * self.watt_share


def parse_watts(text: str) -> dict[float, float]:
    """Pairs like `70=28,100=40` [W] → [W].  Raises ValueError."""
    found: dict[float, float] = {}
    for part in text.split(","):
        old, mark, new = part.partition("=")
        try:
            pair = float(old), float(new)
        except ValueError as error:
            raise ValueError(f"{part!r}: expected old=new in W, such as 70=28,100=40") from error
        if not mark or not 0.0 < pair[0] <= 5000.0 or not 0.0 < pair[1] <= 5000.0 or pair[0] in found:
            raise ValueError(f"{part!r}: expected each old power once, both above 0 and at most 5000 W")
        found[pair[0]] = pair[1]
    return found


def parse_gear(text: str) -> dict[str, float]:
    """Pairs like `HPS=0.1,MH=0.1`.  Raises ValueError."""
    found: dict[str, float] = {}
    for part in text.split(","):
        name, _, value = part.partition("=")
        try:
            share = float(value)
        except ValueError as error:
            raise ValueError(f"{part!r}: expected type=share, such as HPS=0.1") from error
        if not name or not 0.0 <= share <= 1.0 or name in found:
            raise ValueError(f"{part!r}: expected each lamp type once, with a share from 0 to 1")
        found[name] = share
    return found


def profile_of(schedule: str | None) -> tuple[IntArray, FloatArray]:
    """Starts [minutes of the day] and levels [%] of a schedule; None = always full.  Raises ValueError."""
    level = np.full(DAY_MINUTES, 100.0)
    for span in parse_schedule(schedule) if schedule is not None else ():
        start, end = (one.hour * 60 + one.minute for one in (span.start, span.end))
        at = np.arange(start, end if end > start else end + DAY_MINUTES) % DAY_MINUTES
        level[at] = span.level_pct
    starts = np.flatnonzero(level != np.roll(level, 1)).astype(np.int64)
    return (starts, level[starts]) if starts.size else (np.zeros(1, np.int64), level[:1])
