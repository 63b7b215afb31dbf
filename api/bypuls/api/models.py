"""The shapes of answers, for OpenAPI. Answers are built as plain data; tests hold them against these."""

from __future__ import annotations

from typing import Any, Generic, Literal, TypeVar

from pydantic import BaseModel, Field

T = TypeVar("T")


class Page(BaseModel, Generic[T]):
    """A part of a list."""

    total: int = Field(description="how many there are", examples=[1])
    limit: int = Field(description="at most so many entries in this answer", examples=[100])
    offset: int = Field(description="so many were left out before", examples=[0])
    items: list[T]


class SiteModel(BaseModel):
    """A stretch of street where traffic or light is measured."""

    id: str = Field(examples=["maaloev-hovedgade"])
    name: str = Field(examples=["Måløv Hovedgade"])
    kind: str | None
    road_class: str | None = Field(examples=["distributor"])
    school_way: bool | None
    lanes: int | None
    lat: float | None = Field(description="[° north]", examples=[55.7478])
    lon: float | None = Field(description="[° east]", examples=[12.3196])
    limit_kmh: int | None = Field(description="the limit of today, where both directions share one", examples=[40])
    sensors: list[str]


class CabinetModel(BaseModel):
    """A lighting cabinet."""

    id: str = Field(examples=["cabinet-3"])
    name: str
    site: str | None
    lat: float | None
    lon: float | None
    lamp_count: int | None
    working_mode: str | None = Field(description="automatic, manual or semiautomatic")
    sensors: list[str]


class ProfileModel(BaseModel):
    """A dimming profile from a day on, until the next one or `valid_to`."""

    valid_from: str = Field(examples=["2021-10-01"])
    valid_to: str | None
    schedule: str = Field(description="local time and level in %; 100 % outside", examples=["22:00-06:00=50"])


class LampGroupModel(BaseModel):
    """Lamps that are dimmed alike."""

    id: str = Field(examples=["night-dimmed"])
    name: str
    cabinet: str | None = Field(description="where all of its lamps hang on one")
    site: str | None
    owner: str | None
    note: str | None
    lamps: int = Field(examples=[30])
    schedule: str | None = Field(description="of today; null: full level, or unknown", examples=["22:00-06:00=50"])
    profiles: list[ProfileModel]


class LampModel(BaseModel):
    """A street light."""

    id: str = Field(examples=["lamp-3-01"])
    name: str
    cabinet: str | None
    site: str | None
    lat: float | None
    lon: float | None
    watt: float | None = Field(description="nominal power at full level [W]", examples=[36.0])
    lamp_type: str | None = Field(examples=["LED"])
    pole_height_m: float | None
    lighting_class: str | None
    road_class: str | None
    school_way: bool | None
    cycle_path: bool | None
    lamp_group: str | None = Field(description="dims it where it has no profile of its own")
    schedule: str | None = Field(
        description="how it is dimmed today, by its own profile or its group's; null: full level, or unknown",
        examples=["22:00-06:00=50"],
    )
    installed: str | None = Field(description="the day", examples=["2025-07-07"])
    street: str | None = Field(description="the street's name", examples=["Måløv Hovedgade"])
    pole_type: str | None
    luminaires: int | None = Field(description="on this pole", examples=[1])
    flux_lm: float | None = Field(description="nominal luminous flux at full level [lm]")
    note: str | None
    sensors: list[str]


class BuildingModel(BaseModel):
    """A building whose energy is measured."""

    id: str = Field(examples=["raadhus"])
    name: str
    use: str = Field(examples=["office"])
    address: str | None
    lat: float | None
    lon: float | None
    built_year: int | None
    heated_area_m2: float | None = Field(description="of today", examples=[12400.0])
    sensors: list[str]


class SensorModel(BaseModel):
    """A source of readings."""

    id: str = Field(examples=["raadhus-electricity"])
    device: str = Field(examples=["pi-energy"])
    kind: str = Field(examples=["meter"])
    name: str
    asset_kind: str | None = Field(description="site, building, cabinet or lamp", examples=["building"])
    asset: str | None = Field(examples=["raadhus"])
    medium: str | None = Field(examples=["electricity"])
    interval_s: float | None = Field(description="nominal time between readings", examples=[60.0])
    parent: str | None = Field(description="the meter that this one sits behind")
    sign: int = Field(description="-1 where it is to be subtracted", examples=[1])
    multiplier: float = Field(description="what its readings are multiplied by", examples=[1.0])
    max_power_w: float | None = Field(description="a register that rises faster is not believed", examples=[69000.0])
    max_flow_m3h: float | None = Field(description="the same of volumes")
    register_modulus_wh: float | None = Field(
        description="where its energy registers begin again at 0, as it shows them"
    )
    register_modulus_m3: float | None = Field(description="the same of volumes")
    register_step_wh: float | None = Field(description="the step of its energy registers; unknown is taken as 1 kWh")
    serial: str | None
    valid_from: str | None
    valid_to: str | None


class AlarmModel(BaseModel):
    """Something that the operator should know of a device."""

    alarm: str
    detail: str
    first_t: str
    last_t: str
    count: int


class DeviceModel(BaseModel):
    """A computer at the edge and how it is."""

    id: str = Field(examples=["pi-energy"])
    name: str
    lat: float | None
    lon: float | None
    retired_at: str | None
    online: bool | None = Field(description="what its status message said; null where the platform doesn't know")
    state: Literal["current", "silent", "never"] = Field(
        description="whether its health reading speaks of now; of a device that tells none, its sensors' newest reading"
    )
    t: str | None = Field(description="of that reading; to the minute where it isn't one of health")
    age_s: float | None
    silent_after_s: float
    outbox_rows: int | None = Field(description="readings that wait for a receipt")
    outbox_oldest_s: float | None
    dropped: int | None = Field(description="readings refused because the outbox was full")
    clock_synced: bool | None
    cpu_temp_c: float | None
    disk_free_mb: float | None
    release: str | None = Field(description="release of the edge")
    failing: list[str] | None = Field(description="sensors that can't be read just now; null where nobody said")
    sensors: int
    alarms: list[AlarmModel]


class LatestModel(BaseModel):
    """The newest reading of a sensor."""

    sensor: str
    kind: str
    name: str
    asset_kind: str | None
    asset: str | None
    medium: str | None
    state: Literal["current", "silent", "never"]
    stale: bool = Field(description="older than silent_after_s, or never heard of")
    t: str | None
    age_s: float | None
    silent_after_s: float = Field(description="three intervals, else the kind's default")
    withheld: bool = Field(description="a single passage, which a key without the scope export isn't told")
    values: dict[str, Any] | None = Field(description="what holds now; null where the sensor is silent")
    last_values: dict[str, Any] | None = Field(description="what a silent sensor said last")


class SeriesModel(BaseModel):
    """Columns of equal length; `t` is where each row begins, in local time with its offset."""

    sensor: str = Field(examples=["raadhus-electricity"])
    kind: str = Field(examples=["meter"])
    medium: str | None
    every: str = Field(examples=["day"])
    tz: str = Field(examples=["Europe/Copenhagen"])
    start: str = Field(description="where the first row begins", examples=["2026-03-29T00:00:00+01:00"])
    end: str = Field(description="where the last row ends", examples=["2026-03-30T00:00:00+02:00"])
    rows: int = Field(examples=[1])
    units: dict[str, str] = Field(examples=[{"import_wh": "Wh", "coverage": "share"}])
    columns: dict[str, list[Any]] = Field(
        description="null = unknown",
        examples=[{"t": ["2026-03-29T00:00:00+01:00"], "import_wh": [41250.0], "coverage": [1.0]}],
    )


class HealthModel(BaseModel):
    """Whether the platform works."""

    status: Literal["ok", "degraded", "down"]
    version: str
    store: Literal["ok", "unavailable", "misconfigured"]
    broker: Literal["ok", "unavailable"] | None = Field(description="null where this process doesn't know")
    newest_reading_age_s: float | None = Field(description="age of the newest reading of any sensor")
    sensors: int | None
    sensors_silent: int | None
    dead_letters: int | None = Field(description="refused readings that wait to be looked at")
    dirty_marks: int | None = Field(description="windows that wait to be rolled up")


class VersionModel(BaseModel):
    """What this is."""

    name: str = Field(examples=["bypuls"])
    version: str = Field(examples=["0.1.0"])
    api: str = Field(examples=["v1"])


class TownSeriesModel(BaseModel):
    """The whole town by time."""

    tz: str = Field(examples=["Europe/Copenhagen"])
    every: str = Field(examples=["15min"])
    start: str
    end: str
    rows: int = Field(description="of a day's quarters 96; 92 or 100 when the clock changes", examples=[96])
    units: dict[str, str]
    columns: dict[str, list[Any]] = Field(description="t, vehicles_n, power_kw, power_coverage; null = unknown")
