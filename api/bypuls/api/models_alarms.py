"""The shapes of alarms, for OpenAPI."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel, ConfigDict, Field


class AlarmCostModel(BaseModel):
    """What an alarm costs a day; null = unknown, never zero."""

    kwh_per_day: float | None = Field(examples=[84.0])
    kg_co2_per_day: float | None = Field(examples=[7.4])
    dkk_per_day: float | None = Field(examples=[176.4])
    vehicles_per_day: float | None
    how: str | None = Field(description="how it was computed, or what is missing, in words")
    basis: dict[str, Any] = Field(description="price and factor used, and the codes of what is missing")


class AlarmModel(BaseModel):
    """An alarm."""

    id: int = Field(examples=[17])
    kind: str = Field(examples=["night-use"])
    domain: str = Field(description="platform, energy, traffic, lighting or climate", examples=["energy"])
    severity: str = Field(description="critical, major, minor or warning", examples=["major"])
    state: str = Field(description="open, acknowledged, unknown or closed", examples=["open"])
    subject_kind: str = Field(description="sensor, device, site, cabinet, target or platform", examples=["sensor"])
    subject: str = Field(examples=["raadhus-electricity"])
    place_kind: str | None = Field(examples=["building"])
    place: str | None = Field(examples=["raadhus"])
    device: str | None = Field(examples=["pi-energy"])
    rule: str = Field(examples=["all-night-use"])
    owner: str | None = Field(description="who looks after it: an id of the registry's alarm owners")
    acknowledged_by: str | None
    reopened: int = Field(description="how often it came back soon after it had closed")
    part_of: int | None = Field(description="the alarm that says it already, such as that of its device")
    title: str = Field(examples=["Use at night"])
    subject_name: str = Field(examples=["Town hall, electricity"])
    place_name: str | None = Field(examples=["Town hall"])
    text: str = Field(description="what was seen, with its figures")
    since: str = Field(description="when it came into its state", examples=["2026-11-23T05:00:00Z"])
    began: str = Field(description="since when the condition holds, as far as is known")
    beginning_seen: bool = Field(description="false: it was there already when it was first watched")
    opened: str
    closed: str | None
    closable: bool = Field(description="whether a person may close it now")
    urgency: float = Field(description="severity × cost, for sorting")
    facts: dict[str, Any] = Field(description="the figures of `text`")
    cost: AlarmCostModel


class AlarmEventModel(BaseModel):
    """A step of an alarm's history. It begins in the state in which the step before it ended."""

    t: str
    action: str = Field(
        description="opened, reopened, fell-silent, heard-again, acknowledged, noted, closed or withdrawn",
        examples=["acknowledged"],
    )
    title: str
    before: str | None = Field(description="null where the alarm began with this step")
    after: str = Field(examples=["acknowledged"])
    actor: str = Field(description="evaluator, registry, or a key's id", examples=["key-1a2b3c4d5e6f"])
    note: str | None
    facts: dict[str, Any]


class AlarmNoticeModel(BaseModel):
    """Something that was or is to be told of an alarm."""

    key: str = Field(description="the id by which receivers drop repeats")
    channel: str = Field(description="mail or webhook")
    target: str = Field(description="an alarm owner, or the name of a webhook")
    state: str = Field(description="waiting, sent, failed or dropped")
    attempts: int
    next: str = Field(description="not before: quiet hours and pauses after failures")
    detail: str


class AlarmDetailModel(AlarmModel):
    """An alarm with its history."""

    events: list[AlarmEventModel]
    notices: list[AlarmNoticeModel]
    members: list[int] = Field(description="alarms that are shown under this one")


class NoteModel(BaseModel):
    """A person's words."""

    model_config = ConfigDict(extra="forbid")

    note: str = Field(min_length=1, max_length=2000, examples=["The caretaker has been called."])


class OptionalNoteModel(BaseModel):
    """A person's words, if there are any."""

    model_config = ConfigDict(extra="forbid")

    note: str | None = Field(default=None, min_length=1, max_length=2000, examples=["I look at it tomorrow."])
