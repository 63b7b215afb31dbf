"""What an energy report needs to know beside the files."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Literal, TypeAlias

from bypuls.analysis.degree_days import BASE_C
from bypuls.analysis.energy.daily import Medium
from bypuls.analysis.energy.events import NonRoutineEvent
from bypuls.analysis.energy.normal_year import NormalYear, Rule


@dataclass(frozen=True, slots=True)
class Days:
    """first … last, both included."""

    first: date
    last: date

    def __str__(self) -> str:
        return f"{self.first} … {self.last}"


ModelName: TypeAlias = Literal["daily", "opendsm-hourly"]
MODELS: tuple[ModelName, ...] = ("daily", "opendsm-hourly")


@dataclass(frozen=True, slots=True)
class Settings:
    """Everything that decides the figures.

    medium : None = what file names and headings say, else heat.
    baseline, reporting : None = no saving is asked for; of reporting without a baseline the 365 days before it.
    area_m2 : heated [m²].
    normal : None, a normal year, or "own": the mean of the weather file's whole years, at least 10.
    station : of the weather, None = the file's name.  rule : of degree days, None = that of the normal year, else all
        year.  base_c [°C].
    building_use : for the share that the weather doesn't move, where summer doesn't measure it.
    holidays : country whose public holidays count as free days, None = weekends alone.  day_types : whether working
        and free days may have models of their own.
    own_generation : a solar plant behind the meter, so that an import of 0 is real.
    model : of the saving: the signature of days, or OpenDSM's model of hours, which needs its extra.
    """

    title: str
    medium: Medium | None = None
    baseline: Days | None = None
    reporting: Days | None = None
    area_m2: float | None = None
    normal: NormalYear | Literal["own"] | None = None
    station: str | None = None
    rule: Rule | None = None
    base_c: float = BASE_C
    building_use: str | None = None
    holidays: str | None = None
    day_types: bool = True
    own_generation: bool = False
    events: tuple[NonRoutineEvent, ...] = ()
    confidence: float = 0.90
    model: ModelName = "daily"
