"""The shapes of street lights, for OpenAPI. Null is unknown, never zero and never well."""

from __future__ import annotations

from datetime import date
from typing import Any

from pydantic import BaseModel, Field

_STATE = "ok, dimmed, off (not lit, as it should be), fault, or unknown (silent, or without a sensor)"


class LampStatesModel(BaseModel):
    """How many lamps are in each state."""

    fault: int = Field(examples=[2])
    unknown: int = Field(examples=[1])
    ok: int = Field(examples=[5])
    dimmed: int = Field(examples=[32])
    off: int = Field(examples=[0])


class InferredFaultModel(BaseModel):
    """A fault that is inferred and stands."""

    name: str = Field(description="event name of TALQ", examples=["lampFailure"])
    since: str
    lamps: int | None = Field(description="how many it is about; null: unknown", examples=[2])
    confidence: float | None = Field(description="probability that it is one; null: by rule", examples=[0.998])


class LearnedModel(BaseModel):
    """What a cabinet's meter was learned to draw. Null where it has no meter, or all its lamps tell for themselves."""

    until: str = Field(description="end of what is judged")
    power_w: float | None = Field(description="in the quarter of an hour before `until`", examples=[1498.0])
    expected_w: float | None = Field(description="in it, as learned; null in twilight and while it learns")
    learned: bool
    nights_n: int = Field(examples=[54])
    nights_needed: int = Field(description="until lamps that go out can be found", examples=[54])
    detectable_lamps: float | None = Field(description="least number of lamps whose failure can be found", examples=[1])
    inferred: list[InferredFaultModel]


class LampStateModel(BaseModel):
    """One lamp."""

    lamp: str = Field(examples=["lamp-1-04"])
    name: str = Field(examples=["Lamp 1.04, Ballerup Boulevard"])
    cabinet: str | None = Field(examples=["cabinet-1"])
    site: str | None = Field(examples=["ballerup-boulevard"])
    lat: float | None = Field(examples=[55.7289])
    lon: float | None = Field(examples=[12.365])
    watt: float | None = Field(description="nominal power at full level [W]", examples=[58.0])
    lamp_type: str | None
    lighting_class: str | None = Field(examples=["M4"])
    road_class: str | None
    school_way: bool | None
    cycle_path: bool | None
    installed: date | None
    sensor: str | None = Field(description="null: nobody measures this lamp alone")
    state: str = Field(description=_STATE, examples=["dimmed"])
    lit: bool | None
    since: str | None = Field(description="of a fault when it began, of an unknown lamp when it spoke last")
    power_w: float | None = Field(examples=[29.5])
    expected_w: float | None = Field(description="as learned, else by its nominal power and profile", examples=[29.0])
    inferred: list[InferredFaultModel] = Field(description="from what it draws")
    level_pct: float | None = Field(examples=[50.0])
    faults: list[str] = Field(description="event names of TALQ", examples=[["lampFailure"]])
    alarms: list[int] = Field(description="numbers of its alarms that aren't closed", examples=[[17]])


class CabinetStateModel(BaseModel):
    """One cabinet."""

    cabinet: str = Field(examples=["cabinet-1"])
    name: str
    site: str | None
    lat: float | None
    lon: float | None
    state: str = Field(description="ok (its lamps burn), off, fault or unknown", examples=["ok"])
    lamps: LampStatesModel
    lamps_registered: int | None = Field(description="how many the cabinet is said to feed", examples=[40])
    power_w: float | None = Field(description="of its meter now", examples=[312.0])
    power_at: str | None
    expected_w: float | None
    learned: LearnedModel | None
    door_open: bool | None
    contactor_on: bool | None
    faults: list[str]
    alarms: list[int]


class DarkStretchModel(BaseModel):
    """Neighbouring lamps of one street that are known to be out."""

    site: str
    name: str
    lamps: list[str]
    length_m: float = Field(description="from lit lamp to lit lamp", examples=[96.0])
    road_class: str | None
    school_way: bool
    cycle_path: bool
    line: list[list[float]] = Field(description="latitude and longitude of its lamps")


class OpenFaultsModel(BaseModel):
    """What is open, what it costs and darkens. Amounts add up what is known."""

    alarms: int = Field(examples=[3])
    acknowledged: int
    unknown: int = Field(description="of which nothing is heard any more: not repaired")
    lamps_out: int = Field(examples=[2])
    dark_lamp_hours_per_night: float | None = Field(examples=[31.0])
    wasted_kwh_per_day: float | None = Field(examples=[0.5])
    wasted_kg_co2_per_day: float | None
    wasted_dkk_per_day: float | None


class DelayModel(BaseModel):
    """How long it took, of a period. Cases that haven't ended, or whose beginning nobody saw, are in no average."""

    n: int = Field(description="cases whose beginning and end are known")
    median_h: float | None = Field(examples=[0.5])
    p90_h: float | None = Field(description="90 % took no longer")
    still_open: int = Field(description="not ended when the period did")
    unknown: int = Field(description="faults that began before they were watched; alarms that the registry ended")
    coverage: float | None = Field(description="n of n and unknown, 0 … 1", examples=[0.8])
    start: str
    end: str


class LitModel(BaseModel):
    """Lit share of the nights of a period, civil dusk to dawn. Dimmed is lit."""

    lamps: int
    lit_share: float | None = Field(description="lit_h of known_h", examples=[0.98])
    coverage: float | None = Field(description="known_h of night_h, 0 … 1", examples=[0.95])
    night_h: float = Field(description="lamp-hours of night, of every lamp that has a place")
    known_h: float = Field(description="lamp-hours of which something is known")
    lit_h: float
    start: str
    end: str


class SafetyModel(BaseModel):
    """How well the lights serve."""

    time_to_detect: DelayModel = Field(description="from a fault's beginning to its alarm; of alarms that opened")
    time_to_repair: DelayModel = Field(description="from the alarm to its end; of alarms that ended")
    lit: LitModel


class LightingModel(BaseModel):
    """The town's lights."""

    t: str
    night: bool | None = Field(description="civil dusk to dawn; null where lamps have no place, or differ")
    lamps: int = Field(examples=[40])
    states: LampStatesModel
    cabinets: int
    cabinets_with_faults: int
    newest: str | None = Field(description="when the last lamp spoke")
    power_w: float | None
    lamps_with_power: int
    open: OpenFaultsModel
    dark_stretches: list[DarkStretchModel]
    time_to_detect: DelayModel
    time_to_repair: DelayModel


class LightEnergyModel(BaseModel):
    """What a lamp, street or cabinet used."""

    id: str | None = Field(description="null: lamps without one", examples=["cabinet-1"])
    name: str | None
    lamps: int
    kwh: float | None = Field(examples=[118.4])
    gap_kwh: float | None = Field(description="used in gaps: known in total only, in no other figure")
    coverage: float | None = Field(description="measured share of the time, 0 … 1", examples=[0.99])
    kg_co2: float | None
    dkk: float | None
    burning_h: float | None = Field(description="lamp-hours of the registers of operating time")
    night_h: float = Field(description="lamp-hours from civil dusk to dawn")
    lit_share: float | None = Field(description="of the known lamp-hours of night", examples=[0.98])
    unknown_h: float = Field(description="lamp-hours of night of which nothing is known")


class LightEnergyPageModel(BaseModel):
    """Energy of a period; `totals` is of everything asked for, not of this page."""

    start: str
    end: str
    by: str
    factor: str | None
    kg_per_kwh: float | None = Field(description="mean of the known hours of the period's nights")
    dkk_per_kwh: float | None = Field(description="mean of the period's days")
    missing: list[str] = Field(description="what the registry lacks: price, factor")
    totals: LightEnergyModel
    total: int
    limit: int
    offset: int
    items: list[LightEnergyModel]


class StreetPerformanceModel(BaseModel):
    """D_P and D_E of a street section. What is unknown is null, and why stands beside it."""

    site: str = Field(examples=["maaloev-hovedgade"])
    name: str
    lamps: int
    lighting_classes: list[str] = Field(description="of its lamps", examples=[["M4"]])
    valid_from: str | None = Field(description="day of the registry's row that holds", examples=["2025-07-07"])
    area_m2: float | None = Field(description="lit area [m²]", examples=[240.0])
    illuminance_lx: float | None = Field(description="maintained average at full level [lx]", examples=[10.0])
    power_w: float | None = Field(description="installed, of all its lamps with their gear, at full level [W]")
    power_density_w_lxm2: float | None = Field(description="D_P [W/(lx·m²)]", examples=[0.025])
    power_density_why: list[str] = Field(
        description="why it is unknown: lamps (none stands there), watt (of one or more isn't known), area_m2, "
        "illuminance_lx (the registry's street_lighting lacks it)", examples=[[]],
    )  # fmt: skip
    kwh: float | None = Field(description="measured in the period by the lamps' own registers")
    coverage: float | None = Field(description="measured share of the time, 0 … 1", examples=[0.99])
    energy_density_wh_m2: float | None = Field(description="D_E [Wh/m²] of the period", examples=[57.5])
    energy_density_wh_m2_year: float | None = Field(description="the same scaled to a year, where that was asked")
    energy_density_why: list[str] = Field(
        description="why they are unknown: lamps, area_m2, area_changed (within the period), unmeasured (one or more "
        "lamps aren't), coverage (less than 95 % is measured), place (no sun to scale by)", examples=[["area_m2"]],
    )  # fmt: skip


class StreetPerformancePageModel(BaseModel):
    """Energy performance of a period. D_E is of the period: of a year where that is a year."""

    start: str
    end: str
    annualised: bool = Field(description="whether energy_density_wh_m2_year was asked for")
    total: int
    limit: int
    offset: int
    items: list[StreetPerformanceModel]


class WorkNoteModel(BaseModel):
    """A person's words on a fault."""

    t: str
    actor: str
    text: str = Field(examples=["Driver ordered."])


class WorkModel(BaseModel):
    """A fault that a crew should look at. It is taken on, and notes are added, at `/api/v1/alarms/{alarm}`."""

    alarm: int | None = Field(description="number of its alarm; null for a citizen's report alone", examples=[17])
    report: int | None = Field(description="number of a citizen's report; null for an alarm")
    kind: str = Field(examples=["lamp-out"])
    title: str
    text: str
    faults: list[str]
    state: str = Field(description="open, acknowledged or unknown (nothing is heard any more)", examples=["open"])
    severity: str
    acknowledged_by: str | None
    began: str
    since: str
    age_days: float = Field(examples=[3.5])
    risk: int = Field(description="sum of 8 dark-stretch, 4 school-way, 2 cycle-path, 1 traffic-road", examples=[12])
    reasons: list[str] = Field(examples=[["dark-stretch", "school-way"]])
    lamp: str | None
    lamps: list[str] = Field(description="every lamp that it darkens or is about")
    cabinet: str | None
    site: str | None
    name: str
    street: str | None
    lat: float | None
    lon: float | None
    geo: str | None = Field(description="a link for maps, RFC 5870", examples=["geo:55.728900,12.365000"])
    lamp_type: str | None
    watt: float | None
    wasted_kwh_per_day: float | None
    wasted_dkk_per_day: float | None
    notes: list[WorkNoteModel]


class NightsModel(BaseModel):
    """Nights by the quarter of an hour."""

    id: str
    tz: str = Field(examples=["Europe/Copenhagen"])
    nights: list[str] = Field(
        description="the days whose noon they begin with", examples=[["2026-11-22", "2026-11-23"]]
    )
    rows: int
    units: dict[str, str]
    columns: dict[str, list[Any]] = Field(description="t, power_w, expected_w; null = unknown")
