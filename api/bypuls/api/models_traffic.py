"""The shapes of a street's tables and of the town's streets side by side, for OpenAPI."""

from __future__ import annotations

from pydantic import BaseModel, Field

from bypuls.api.models_assessed import TrafficModel


class SiteSeriesModel(BaseModel):
    """A street's figures in rows of local time: parallel columns, null = unknown."""

    site: str
    tz: str
    every: str
    start: str
    end: str
    direction: str | None
    public: bool = Field(description="whether this is what strangers may see")
    rows: int
    units: dict[str, str]
    columns: dict[str, list[str] | list[float | None]] = Field(description="t: where each row begins; the rest by name")


class SiteHistogramModel(BaseModel):
    """Vehicles by class of speed: lower < v ≤ upper."""

    site: str
    tz: str
    start: str
    end: str
    direction: str | None
    public: bool = Field(description="whether this is what strangers may see")
    n: float = Field(description="vehicles whose speed is known")
    limit_kmh: float | None = Field(description="null where none is known, or it changes within the period")
    width_kmh: float = Field(description="0 where classes differ in width")
    lower_kmh: list[float]
    upper_kmh: list[float | None] = Field(description="null: the class is open")
    counts: dict[str, list[float]] = Field(description="`all`, and each direction")


class StreetModel(TrafficModel):
    """A street among all others."""

    rank: int = Field(description="1 = looked at first", examples=[1])
    verdict: str | None = Field(description="ok, assess, measures; null under 100 vehicles or without a limit")
    school_way: bool | None
    road_class: str | None
    lat: float | None
    lon: float | None
    geometry: str | None = Field(description="well-known text, longitude first")
