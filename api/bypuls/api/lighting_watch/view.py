"""What the watch on street lights knows, as pages and alarms read it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field

LATE_US = 2 * 3_600_000_000
"""What was judged longer ago isn't judged now: the watch is still catching up."""


@dataclass(frozen=True, slots=True)
class Step:
    """Lamps of a cabinet that went out together. from_us : dusk of the first night that shows it.  lamps : None =
    unknown.  confidence : that it is one, 0 … 1."""

    from_us: int
    lamps: int | None
    confidence: float


@dataclass(frozen=True, slots=True)
class WatchedCabinet:
    """A cabinet by its meter; None is unknown. Times [µs UTC].

    until_us : end of what is judged.  begun_us : since when it is learned of.  judged_us : dawn of the last night with
    a verdict.  power_w, expected_w : in the last quarter.  nights_n, nights_needed : while `learned` is false.
    detectable_lamps : least number of lamps whose failure can be found.  steps : lamps that are out."""

    until_us: int
    begun_us: int
    spoke_us: int | None
    power_w: float | None
    expected_w: float | None
    lamps_n: int
    lamp_w: float | None
    nights_n: int
    nights_needed: int
    learned: bool
    detectable_lamps: float | None
    judged_us: int | None
    steps: tuple[Step, ...]
    day_burning_us: int | None
    day_lamps: float | None
    supply_lost_us: int | None


@dataclass(frozen=True, slots=True)
class WatchedLamp:
    """A lamp by itself. levels_w : what it should draw at levels [%] of 5, as learned.  faults : names and since when
    [µs UTC].  until_us, begun_us, nights_n : as of `WatchedCabinet`."""

    until_us: int
    begun_us: int
    nights_n: int
    levels_w: Mapping[int, float]
    faults: tuple[tuple[str, int], ...]

    def expected_w(self, level_pct: float) -> float | None:
        """At a level [%]; None where it isn't learned."""
        return self.levels_w.get(5 * round(level_pct / 5.0))


@dataclass(frozen=True, slots=True)
class Watching:
    """All of it, by cabinet and by lamp; what isn't there isn't watched, or nothing is known yet."""

    cabinets: Mapping[str, WatchedCabinet] = field(default_factory=dict)
    lamps: Mapping[str, WatchedLamp] = field(default_factory=dict)

    @classmethod
    def of(cls, told: Mapping[str, str]) -> Watching:
        """As it is kept, by unit."""
        cabinets: dict[str, WatchedCabinet] = {}
        lamps: dict[str, WatchedLamp] = {}
        for unit, text in told.items():
            kind, _, id = unit.partition(" ")
            found = json.loads(text)
            if kind == "meter":
                cabinets[id] = WatchedCabinet(**found | {"steps": tuple(Step(**one) for one in found["steps"])})
                continue
            for lamp, one in found["lamps"].items():
                levels = {int(level): watt for level, watt in one["levels_w"].items()}
                faults = tuple((name, since) for name, since in one["faults"])
                lamps[lamp] = WatchedLamp(found["until_us"], one["begun_us"], one["nights_n"], levels, faults)
        return cls(cabinets, lamps)


NOTHING = Watching()
