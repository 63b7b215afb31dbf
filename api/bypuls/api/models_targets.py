"""The shapes of measures and scenarios, for OpenAPI."""

from __future__ import annotations

from datetime import date
from typing import Literal

from pydantic import BaseModel, Field

from bypuls.api.models_assessed import ReasonModel


class EffectModel(BaseModel):
    """What a measure is planned to save of one carrier; negative = it uses more of this one."""

    carrier: str = Field(examples=["heat"])
    kwh_per_year: float | None = Field(description="in a whole year", examples=[120000.0])
    t_per_year: float | None = Field(
        description="in a whole year: as registered, else kWh × the last account's factor; null = no factor"
    )
    t_in_target_year: float | None = Field(
        description="in the target's year; of kWh, with a factor that falls as the scenario's"
    )
    factor_kg_per_kwh: float | None = Field(description="null where the registry has tonnes", examples=[0.051])
    factor_year: int | None = Field(examples=[2025])


class MeasuredModel(BaseModel):
    """What was measured since; null with reasons where nothing can be stated. It is in the accounts already."""

    carrier: str = Field(examples=["heat"])
    jointly_with: list[str] = Field(description="measures on the same meter within a year: one figure for all")
    kwh: float | None = Field(description="saved so far; negative = more was used", examples=[81200.0])
    low_kwh: float | None = Field(description="interval")
    high_kwh: float | None
    share: float | None = Field(description="of what would have been used", examples=[0.27])
    share_low: float | None
    share_high: float | None
    significant: bool | None = Field(description="the interval leaves 0 out")
    kwh_per_year: float | None = Field(description="the share of the year's use before")
    kwh_per_year_low: float | None
    kwh_per_year_high: float | None
    days: int | None = Field(description="days that are known", examples=[312])
    outside_days: int | None = Field(description="of them, colder or warmer than any day of the year before")
    first_day: date | None
    last_day: date | None
    confidence: float | None = Field(description="of the interval; null where it is measured itself", examples=[0.9])
    method: str | None = Field(examples=["signature of the year before, IPMVP option C"])
    reasons: list[ReasonModel]


class MeasureModel(BaseModel):
    """A measure, planned or running."""

    id: str = Field(examples=["maaloev-skole-walls"])
    name: str
    kind: str = Field(examples=["renovation"])
    place_kind: Literal["building", "cabinet", "site"] | None = Field(description="null = the whole municipality")
    place: str | None
    place_name: str | None
    start: date = Field(description="the first day on which it works")
    state: Literal["planned", "running"]
    certainty: float | None = Field(description="of the planned effect, 0 to 1; null = nobody said", examples=[0.8])
    cost_dkk: float | None
    intervention: str | None
    source: str | None
    note: str | None
    effects: list[EffectModel]
    t_per_year: float | None = Field(description="planned, all carriers; null where one is unknown")
    t_in_target_year: float | None
    measured: list[MeasuredModel] = Field(description="empty while it is planned")


class GapModel(BaseModel):
    """From where the accounts lead to the target, in its year [t]."""

    year: int = Field(examples=[2030])
    basis: Literal["forecast", "last account"] | None = Field(description="what the gap starts from; null = unknown")
    basis_t: float | None
    target_t: float | None
    gap_t: float | None = Field(description="negative = below the target")
    planned: int = Field(description="measures that haven't started")
    planned_unknown: int = Field(description="of them, those whose tonnes are unknown")
    planned_t: float = Field(description="what they save in that year; running ones are in the accounts already")
    planned_weighed_t: float | None = Field(description="the same, each times its certainty; null where one has none")
    planned_cost_dkk: float | None
    left_t: float | None = Field(description="gap less planned")


class SavedModel(BaseModel):
    """What measured effects of one carrier come to."""

    carrier: str = Field(examples=["heat"])
    kwh_per_year: float
    kwh_per_year_low: float
    kwh_per_year_high: float
    t_per_year: float | None = Field(description="by the last account's factor; null = none")


class MeasuredTogetherModel(BaseModel):
    """All measured effects, those told jointly once. In the accounts already: never to be taken off them."""

    carriers: list[SavedModel]
    t_per_year: float | None
    factor_year: int = Field(examples=[2025])
    effects: int = Field(description="figures that went in")
    refused: int = Field(description="effects that can't be stated")


class MeasuresModel(BaseModel):
    """A target's measures and the gap that they are to close."""

    target: str = Field(examples=["town-2030"])
    gap: GapModel
    measured: MeasuredTogetherModel
    items: list[MeasureModel]


class RoadModel(BaseModel):
    """Year by year [t]; null = unknown."""

    year: list[int]
    trajectory_t: list[float | None] = Field(description="the target's straight line")
    constant_rate_t: list[float | None] = Field(description="the line that falls by the same share each year")
    emitted_t: list[float | None] = Field(description="accounts")
    completeness: list[float | None]
    scope_share: list[float | None]
    forecast_t: list[float | None] = Field(description="Theil–Sen through the complete years")
    forecast_low_t: list[float | None]
    forecast_high_t: list[float | None]
    saved_t: list[float] = Field(description="by the chosen measures")
    scenario_t: list[float | None] = Field(description="forecast less saved")


class ScenarioModel(BaseModel):
    """The road to a target with chosen measures."""

    target: str = Field(examples=["town-2030"])
    gas: str = Field(examples=["CO2"])
    measures: list[str] = Field(description="what is taken off the forecast", examples=[["bibliotek-heat-pump"]])
    unknown: list[str] = Field(description="of them, those whose tonnes are unknown: they take off nothing")
    factor_year: int = Field(description="whose account's factors turn kWh into tonnes", examples=[2025])
    factor_course: str | None = Field(
        description="the set of scenario factors whose course those follow; for scenarios alone",
        examples=["br18-tabel-8"],
    )
    gap_t: float | None = Field(description="scenario less target in the target's year; negative = reached")
    columns: RoadModel
