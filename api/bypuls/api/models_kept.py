"""The shapes of ledger, dead letters and single readings, for OpenAPI."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel, Field


class EpochModel(BaseModel):
    """What became of one epoch's sequence numbers."""

    device: str = Field(examples=["pi-energy"])
    epoch: str
    first: int
    last: int
    received: int
    stored: int
    duplicate: int
    refused: int
    missing: int = Field(description="numbers between first and last that never came")
    first_seen_t: str
    last_seen_t: str


class HourModel(BaseModel):
    """What was taken over within an hour (UTC)."""

    device: str
    epoch: str
    hour: str = Field(examples=["2026-11-23T14:00:00Z"])
    received: int
    stored: int
    duplicate: int
    refused: int


class LedgerModel(BaseModel):
    """The ledger."""

    epochs: list[EpochModel]
    hours_total: int
    hours: list[HourModel]


class LetterModel(BaseModel):
    """Something that was refused."""

    id: int
    t: str
    device: str
    epoch: str | None
    seq: int | None
    reason: str = Field(examples=["speed_kmh: 903.0 — expected 0 … 400"])
    text: str | None = Field(description="its bytes as text; null where they are none")
    base64: str = Field(description="its bytes")
    times: int = Field(description="how often it came")
    readmitted_t: str | None


class ReadingsModel(BaseModel):
    """Single readings."""

    sensor: str
    kind: str
    items: list[dict[str, Any]]
    next: str | None = Field(description="`from` of the following readings; null at the end")
