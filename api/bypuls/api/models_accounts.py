"""The shapes of climate accounts, for OpenAPI."""

from __future__ import annotations

from datetime import datetime
from typing import Literal

from pydantic import BaseModel, Field

from bypuls.api.models_assessed import ReasonModel


class TotalModel(BaseModel):
    """What lines add up to, and what it is a total of."""

    emitted_t: float | None = Field(
        description="null where a line has no factor or nothing of a carrier was measured", examples=[812.4]
    )
    known_t: float | None = Field(description="of the lines that are known; null where none is", examples=[812.4])
    kwh: float
    lines: int
    unaccounted_lines: int = Field(description="lines without a factor")
    completeness: float | None = Field(description="measured share of the meters' time, 0 to 1", examples=[0.998])
    with_factor: float | None = Field(description="share of the meters' time with both, 0 to 1")
    avoided_t: float | None = Field(description="the grid's, for what was exported; in no total")


class RegisterReadingModel(BaseModel):
    """A reading of a register."""

    t: str
    value: float


class RegistersModel(BaseModel):
    """A meter's register around the turns of the year; null readings: none is kept."""

    serial: str | None
    quantity: str = Field(examples=["import_wh"])
    unit: str
    multiplier: float
    start: RegisterReadingModel | None
    end: RegisterReadingModel | None
    difference_kwh: float | None


class LineModel(BaseModel):
    """One meter's or one imported amount's year."""

    kind: Literal["meter", "activity", "moved"] = Field(description="moved: changes domains, never the total")
    id: str = Field(examples=["raadhus-electricity"])
    name: str
    domain: str = Field(examples=["buildings"])
    moved_from: str | None
    place_kind: str | None
    place: str | None
    carrier: str = Field(examples=["electricity"])
    sign: int
    amount: float | None = Field(description="in the line's unit; null = unknown", examples=[412_300.0])
    unit: str = Field(examples=["kWh"])
    coverage: float | None
    with_factor: float | None
    factor: str | None = Field(description="one of the account's factors")
    mean_kg_per_unit: float | None
    emitted_kg: float | None = Field(description="of what is known; null = unknown")
    gap_amount: float | None = Field(description="known in total only, across gaps; in no other figure")
    gap_kg: float | None = Field(description="the same × the year's mean factor; in no total")
    export_kwh: float | None
    avoided_kg: float | None
    source: str | None
    reasons: list[ReasonModel] = Field(description="why it is unknown, or not the whole")
    registers: RegistersModel | None = None


class FactorUseModel(BaseModel):
    """The factors of one carrier over the year."""

    factor_set: str = Field(examples=["energinet-hourly"])
    versions: list[str] = Field(examples=[["1"]])
    carrier: str
    scope: str
    gas: str
    method: str
    area: str
    per: str = Field(examples=["kWh"])
    basis: str | None = Field(description="lower or upper heating value, of fuels")
    loss_included: bool | None = Field(description="grid loss; null = not stated")
    steps: list[str]
    mean_kg_per_unit: float | None = Field(description="unweighted mean of the year's steps")
    known_share: float
    fingerprint: str = Field(description="the same for the same values")
    sources: list[str]


class NormalWeatherModel(BaseModel):
    """The same year at normal weather; targets are judged by the raw account alone."""

    known_t: float | None = Field(description="null where heating couldn't be corrected")
    normal_year: str | None
    normal_degree_days: float | None = Field(description="[K·d]")
    actual_degree_days: float | None = Field(description="[K·d]")
    corrected_lines: int
    left_out: list[str] = Field(description="heating that couldn't be corrected")
    reason: str | None = Field(description="why nothing could be corrected")


class ViewModel(BaseModel):
    """The year in one view."""

    total: TotalModel
    uncertainty_t: float | None = Field(description="of the known total, from the shares asked with; null without")
    at_normal_weather: NormalWeatherModel | None
    by_domain: dict[str, TotalModel]
    by_carrier: dict[str, TotalModel]
    by_place: dict[str, TotalModel]
    months_t: list[float] = Field(description="January to December, of what is known")
    lines: list[LineModel]


class PartModel(BaseModel):
    """What of the town is accounted."""

    kind: Literal["all", "building", "domain"]
    id: str | None


class PinModel(BaseModel):
    """A set of factors and the newest version of it that was used."""

    factor_set: str
    version: str


class YearAccountModel(BaseModel):
    """A finished calendar year: location-based and market-based side by side."""

    year: int = Field(examples=[2025])
    gas: str = Field(examples=["CO2"])
    method: str | None
    part: PartModel
    pinned: list[PinModel]
    reproduce: list[str] = Field(
        description="the parameters `factors` that give the same factors later", examples=[["energinet-hourly:1"]]
    )
    views: dict[str, ViewModel]
    factors: dict[str, FactorUseModel]
    fingerprint: str = Field(description="SHA-256 of all that is above")


class FactorModel(BaseModel):
    """A published emission factor; of an hourly set, the days that it has."""

    factor_set: str
    version: str
    carrier: str
    scope: str
    gas: str
    method: str
    area: str
    valid_from: datetime
    valid_to: datetime | None
    step: str
    value: float | None = Field(description="null where the hours have values of their own")
    unit: str
    loss_included: bool | None
    basis: str | None
    purpose: str = Field(description="scenario: never for accounts")
    source: str


class PinnedTotalModel(BaseModel):
    """An account's total with the versions that it was asked with."""

    factors: list[str]
    total: TotalModel


class CauseModel(BaseModel):
    """Factors that changed."""

    factor_set: str
    carrier: str
    before_versions: list[str]
    after_versions: list[str]
    before_mean_kg_per_unit: float | None
    after_mean_kg_per_unit: float | None
    sources: list[str]
    steps: int
    steps_changed: int | None
    steps_new: int | None


class RestatedLineModel(BaseModel):
    """A line that the restatement changed."""

    id: str
    name: str
    domain: str
    carrier: str
    before_kg: float | None
    after_kg: float | None
    change_kg: float | None
    before_factor: str | None
    after_factor: str | None
    reasons: list[ReasonModel]


class RestatementModel(BaseModel):
    """A year's account before and after factors were restated."""

    year: int
    view: str
    gas: str
    before: PinnedTotalModel
    after: PinnedTotalModel
    change_t: float | None
    causes: list[CauseModel]
    lines: list[RestatedLineModel]


class PartsModel(BaseModel):
    """change = activity + factor + timing; activity = weather + rest."""

    change_kg: float | None
    activity_kg: float | None
    weather_kg: float | None = Field(description="null where the activity at normal weather isn't known")
    rest_kg: float | None
    factor_kg: float | None
    timing_kg: float | None = Field(description="when within the year it was used: the exact residual")


class DecomposedLineModel(PartsModel):
    """One meter's change."""

    id: str
    name: str
    domain: str
    carrier: str
    before_kg: float | None
    after_kg: float | None


class LeftOutModel(BaseModel):
    """A line that can't be compared, and why."""

    id: str
    name: str
    domain: str
    carrier: str
    before_kg: float | None
    after_kg: float | None
    reason: ReasonModel | None


class DecompositionModel(BaseModel):
    """Why the emission changed between two years, per meter and added up."""

    before_year: int
    after_year: int
    view: str
    gas: str
    before: TotalModel
    after: TotalModel
    total: PartsModel
    lines: list[DecomposedLineModel]
    left_out: list[LeftOutModel]


class RunModel(BaseModel):
    """A stretch of time."""

    start: str
    end: str
    mean_g_per_kwh: float


class ForecastColumnsModel(BaseModel):
    """The forecast in quarters of an hour."""

    t: list[str]
    g_per_kwh: list[float]


class GreenestModel(BaseModel):
    """When the grid emits least; for 'now or later', never for accounts."""

    area: str = Field(examples=["DK2"])
    start: str = Field(alias="from")
    to: str
    hours: float
    contiguous: bool
    source: str | None
    fetched: datetime | None
    age_s: float | None = Field(description="age of the forecast")
    old: bool | None = Field(description="older than a day")
    known_until: str | None
    mean_g_per_kwh: float | None
    window_mean_g_per_kwh: float | None
    now_g_per_kwh: float | None
    runs: list[RunModel]
    reason: str | None = Field(description="why there is no answer", examples=["no forecast for DK2"])
    forecast: ForecastColumnsModel
