"""The shapes of what buildings' figures look like, for OpenAPI."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel, Field


class WhyModel(BaseModel):
    """Why a figure is unknown, or what must be known beside it."""

    code: str = Field(examples=["coverage"])
    text: str = Field(examples=["only 51% of the period is measured; expected at least 95%"])


class AmountModel(BaseModel):
    """What a period comes to."""

    total: float | None = Field(description="measured, and over gaps that lie in the period whole", examples=[775742.6])
    measured: float | None = Field(description="without gaps")
    gaps: float = Field(description="known in total only, over gaps")
    coverage: float = Field(description="share of the time that the total rests on, 0 to 1", examples=[1.0])
    measured_coverage: float = Field(description="share of the time that is measured, 0 to 1")


class CostModel(BaseModel):
    """Money or CO₂."""

    value: float | None = Field(description="[DKK] or [kg]; null = unknown, for the reason", examples=[554804.0])
    reason: WhyModel | None
    per_unit: float | None = Field(description="mean price or factor", examples=[0.715])
    label: str | None = Field(description="of CO₂: gas and method", examples=["CO2, 125 %"])


class MediumFiguresModel(BaseModel):
    """One medium of a building over a period."""

    medium: str = Field(examples=["heat"])
    unit: str = Field(examples=["kWh"])
    meters: list[str] = Field(examples=[["raadhus-heat"]])
    amount: AmountModel
    reason: WhyModel | None = Field(description="why the amount must not stand for the whole period")
    last_year: float | None = Field(description="the same days of the year before")
    last_year_reason: WhyModel | None
    change: float | None = Field(description="against the year before, as a share", examples=[-0.041])
    cost: CostModel
    co2: CostModel
    deviation: dict[str, Any] | None = Field(
        description="against what the signature of the year before expects in this weather, with its 90 % interval",
        examples=[{"share": -0.0076, "low": -0.0272, "high": 0.012, "expected": 49064.3, "reasons": []}],
    )
    weekend: dict[str, Any] | None = Field(examples=[{"share": 0.18, "expected": 0.31, "ratio": 0.5}])
    same_weekday: dict[str, Any] | None = Field(
        examples=[{"day": "2026-10-31", "use": 956.6, "mean": 953.4, "n": 4, "change": 0.0033}]
    )
    peak: dict[str, Any] | None = Field(examples=[{"power": 182.8, "start": "2025-12-03T12:00:00+01:00"}])
    night_base: float | None = Field(description="5th percentile of 00–04 over 14 days [kW, m³/h]", examples=[38.1])
    night_reason: WhyModel | None
    dates: list[str]
    use: list[float | None]
    coverage: list[float]
    notes: list[WhyModel] = Field(description="what was found to be wrong with the data")


class EuiModel(BaseModel):
    """Energy per heated area [kWh/m²]."""

    area_m2: float | None = Field(examples=[12400.0])
    raw: float | None = Field(examples=[109.95])
    heat: float | None
    electricity: float | None
    corrected: float | None = Field(description="heat at normal weather; twelve whole months only", examples=[110.96])
    heat_corrected: float | None
    reason: WhyModel | None
    corrected_reason: WhyModel | None
    correction: dict[str, Any] | None = Field(description="normal year, degree days, station, rule, independent share")


class BuildingFiguresModel(BaseModel):
    """Everything that is told of a building over a period; `load` has a route of its own."""

    building: dict[str, Any] = Field(examples=[{"id": "raadhus", "name": "Town hall", "use": "office"}])
    first: str = Field(examples=["2025-11-01"])
    last: str = Field(description="the last day, which belongs to it", examples=["2026-10-31"])
    zone: str = Field(examples=["Europe/Copenhagen"])
    made_at: str
    cost_dkk: float | None = Field(description="of all media; null where one is unknown")
    co2_kg: float | None
    media: list[MediumFiguresModel]
    eui: EuiModel
    year: list[str] = Field(description="first and last day of the twelve whole months of year_eui")
    year_eui: EuiModel
    solar: dict[str, Any] | None = Field(
        examples=[{"exported_kwh": 15869.0, "made_kwh": 76028.3, "own_use_kwh": 60159.3, "self_sufficiency": 0.25}]
    )
    cooling: dict[str, Any] | None = Field(
        examples=[
            {"basis": "registers", "cooling_k": 26.87, "required_k": 30.0, "excess_m3": 162.6, "cost_dkk": 1098.9}
        ]
    )
    signatures: list[dict[str, Any]]
    savings: list[dict[str, Any]]
    balances: list[dict[str, Any]]
    silent: list[WhyModel]


class CarpetModel(BaseModel):
    """Hours of the clock by days."""

    building: str
    medium: str = Field(examples=["electricity"])
    unit: str = Field(examples=["kWh"])
    days: list[str]
    use: list[list[float | None]] = Field(description="24 of each day; null = unknown, or an hour that wasn't")
    length_h: list[list[float]] = Field(description="0 in spring's missing hour, 2 in autumn's doubled one")
    coverage: float
    total: float | None = Field(description="sum of the known cells")


class DurationModel(BaseModel):
    """Loads from the highest to the lowest."""

    building: str
    medium: str
    unit: str = Field(examples=["kW"])
    first: str
    last: str
    power: list[float] = Field(description="exceeded or reached for so many hours")
    hours: list[float]
    known_share: float | None = Field(description="of the hours; null where none is known")
    peak: dict[str, Any] | None
    night_base: float | None
    night_reason: WhyModel | None


class ListedModel(BaseModel):
    """A building's entries of one kind."""

    building: str
    items: list[dict[str, Any]]


class PortfolioRowModel(BaseModel):
    """One building among the others."""

    rank: int
    building: str = Field(examples=["skovlunde-skole"])
    name: str
    use: str = Field(examples=["education"])
    area_m2: float | None
    eui: EuiModel
    kwh: dict[str, float | None]
    coverage: float | None = Field(description="of the least covered medium")
    cost_dkk: float | None = Field(description="of the twelve months")
    typical: float | None = Field(description="median of the corrected EUI of the same use [kWh/m²]")
    ratio: float | None = Field(description="own corrected EUI over the median", examples=[1.18])
    excess_kwh: float | None = Field(description="a year's energy above the median; below 0 = less")
    excess_dkk: float | None = Field(description="the same at today's prices")
    night_w_m2: float | None = Field(description="base load of the last 14 nights of `days`", examples=[3.1])
    deviation: dict[str, Any] | None = Field(description="heat of the `recent` days against the signature")
    used_kwh: float | None = Field(description="all energy of `days`")
    used_coverage: float | None = Field(description="of `days`, of the least covered medium")
    reasons: dict[str, WhyModel] = Field(description="why a figure is unknown, by figure")


class PortfolioModel(BaseModel):
    """All buildings side by side."""

    total: int
    limit: int
    offset: int
    days: list[str] = Field(description="first and last day of what was asked for")
    year: list[str] = Field(
        description="first and last day of the twelve months", examples=[["2025-11-01", "2026-10-31"]]
    )
    recent: list[str] = Field(description="first and last day of the deviation")
    order: str
    items: list[PortfolioRowModel]
