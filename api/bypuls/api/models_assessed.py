"""The shapes of what readings come to, for OpenAPI."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import BaseModel, Field

from bypuls.api.models import Page


class LimitModel(BaseModel):
    """A stretch of time with one limit."""

    start: str
    end: str
    limit_kmh: int | None = Field(description="null where none is known, or the directions' differ", examples=[40])


class SpeedsModel(BaseModel):
    """Speeds of one sample [km/h]."""

    n: float | None = Field(description="vehicles; decimals where the sensor extrapolates", examples=[18342.0])
    speed_n: float | None = Field(description="those of them whose speed is known")
    mean_kmh: float | None = Field(examples=[43.1])
    s_kmh: float | None = Field(description="standard deviation")
    v15_kmh: float | None
    v50_kmh: float | None = Field(examples=[43.0])
    v85_kmh: float | None = Field(description="not exceeded by 85 %", examples=[49.2])
    v95_kmh: float | None
    max_kmh: float | None
    limit_kmh: int | None = Field(description="null where it changes within the period; see limits", examples=[40])
    limits: list[LimitModel]
    over_limit_n: float | None = Field(description="vehicles strictly over the limit of their day")
    over_limit_share: float | None = Field(description="0 to 1", examples=[0.62])
    v85_over_limit_kmh: float | None
    coverage: float | None = Field(description="share of the period that was watched; null where nothing tells")
    method: str | None = Field(examples=["classes of 1 km/h, interpolated"])


class TrafficModel(SpeedsModel):
    """A street's speeds over a period."""

    site: str = Field(examples=["maaloev-hovedgade"])
    name: str
    start: str
    end: str
    tz: str
    direction: str | None
    sensors: list[str]
    by_direction: dict[str, SpeedsModel]
    methods: dict[str, str]


class MediumModel(BaseModel):
    """One medium's amounts."""

    kwh: float | None = Field(description="measured within the period; null = unknown", examples=[1820.5])
    gap_kwh: float | None = Field(description="known in total only, over gaps that end in the period; not in kwh")
    export_kwh: float | None = Field(description="delivered to the grid; never netted")
    volume_m3: float | None
    coverage: float = Field(description="measured share of the meters' time, 0 to 1", examples=[1.0])


class BuildingTotalModel(BaseModel):
    """A building's energy over a period."""

    building: str = Field(examples=["raadhus"])
    name: str
    use: str
    media: dict[str, MediumModel]
    total_kwh: float | None = Field(description="electricity, heat and gas; null where one of them is unknown")
    coverage: float | None = Field(description="of the least covered medium")
    heated_area_m2: float | None
    eui_kwh_m2: float | None = Field(description="energy of the period per heated area, not corrected for weather")


class MeterModel(BaseModel):
    """A meter that counts, and its sign."""

    sensor: str
    medium: str | None
    sign: int


class BuildingEnergyModel(BuildingTotalModel):
    """A building's energy in rows of local time."""

    start: str
    end: str
    every: str
    tz: str
    meters: list[MeterModel] = Field(description="meters behind another counted one are already in it")
    columns: dict[str, list[Any]] = Field(
        examples=[{"t": ["2026-11-23T00:00:00+01:00"], "electricity_kwh": [612.4], "electricity_coverage": [1.0]}]
    )


class EnergyModel(Page[BuildingTotalModel]):
    """All buildings over one period."""

    start: str
    end: str


class MediumAccountModel(BaseModel):
    """One medium's year: kWh × factor."""

    kwh: float | None
    coverage: float | None
    factor_kg_per_kwh: float | None
    factor_set: str | None
    factor_version: str | None
    factor_method: str | None
    factor_source: str | None
    emitted_t: float | None
    reason: str | None = Field(description="why the tonnes are unknown")
    reason_code: str | None = Field(description="the same as a code", examples=["no factor"])


class AccountModel(BaseModel):
    """One finished calendar year."""

    year: int = Field(examples=[2025])
    emitted_t: float | None = Field(description="null where a medium's kWh or factor is unknown")
    emitted_known_t: float | None = Field(description="of the media that are known")
    kwh: float
    kwh_with_factor_share: float | None
    completeness: float | None = Field(description="measured share of the registered meters' time")
    scope_share: float | None = Field(description="accounted share of the target's scope; null = unknown")
    methods: list[str]
    media: dict[str, MediumAccountModel]


class TrajectoryModel(BaseModel):
    """The straight line to the target, and the one that falls by the same share each year."""

    year: list[int]
    tonnes: list[float]
    constant_rate_t: list[float]


class ForecastModel(BaseModel):
    """Theil–Sen through the complete years [t]; low_t … high_t is the interval of a single year's account."""

    years_used: int = Field(examples=[7])
    t_per_year: float = Field(description="change a year", examples=[-42.5])
    t_per_year_low: float
    t_per_year_high: float
    falling: bool = Field(description="the change's whole interval lies below 0")
    confidence: float = Field(examples=[0.9])
    year: list[int]
    tonnes: list[float]
    low_t: list[float]
    high_t: list[float]


class ReasonModel(BaseModel):
    """Why there is no status."""

    code: str
    found: str
    expected: str


class ClimateModel(BaseModel):
    """A target and where it stands."""

    target: str = Field(examples=["town-2030"])
    name: str
    kind: str
    scope: str | None
    gas: str = Field(examples=["CO2"])
    method: str | None
    base_year: int | None
    base_tonnes: float | None = Field(description="[t a year]")
    reduction: float = Field(description="share, 0 to 1", examples=[0.85])
    target_year: int
    source: str | None
    note: str | None
    meters: int
    accounts: list[AccountModel]
    status: Literal["on track", "at risk", "off track", "insufficient data"]
    status_year: int | None
    completeness: float | None = Field(description="of the last finished year")
    scope_share: float | None = Field(
        description="share of the target's scope that is measured or imported in the last finished year; null = unknown"
    )
    reached_reduction: float | None = Field(description="of the last known year against the baseline, 0 to 1")
    trajectory: TrajectoryModel | None
    constant_rate_share_per_year: float | None = Field(examples=[0.1188])
    target_t: float | None = Field(description="what may be emitted in the target year")
    full_budget_t: float | None
    remaining_budget_t: float | None
    required_share_per_year: float | None
    required_t_per_year: float | None
    projected_year: int | None = Field(description="null below 5 complete years, or where the trend isn't falling")
    whole_years: list[int] = Field(
        description="finished years that can be held against the target: known, complete, of its scope, on its basis"
    )
    forecast: ForecastModel | None = Field(description="null below 5 complete years")
    reasons: list[ReasonModel]
