"""How far a meter can be relied on: how much was measured, and what speaks against its figures as they are."""

from __future__ import annotations

from datetime import timedelta
from typing import Any, Literal

import numpy as np
import numpy.typing as npt
from fastapi import APIRouter, Request
from pydantic import BaseModel, Field
from starlette.responses import Response

from bypuls.analysis.energy.meter_watch import MeterStatement, meter_statements
from bypuls.api.access import Reader
from bypuls.api.answers import answer
from bypuls.api.context import Context, Registered
from bypuls.api.energy import there_s
from bypuls.api.parameters import From, Id, To, Tz
from bypuls.api.periods import Span, local_text, span_of, zone_of
from bypuls.api.problems import not_found
from bypuls.api.routes.registered import known
from bypuls.store.protocol import Store
from bypuls.store.registry import Sensor
from bypuls.wire import KINDS
from bypuls.wire.bins import BIN_TAGS

router = APIRouter(prefix="/api/v1/meters", tags=["readings"])

_MOST_EVENTS = 60  # days whose serial numbers are looked up: a register that is refused daily needs no more
_PARTS = ("delta", "covered_s", "gap", "gap_s", "resets")


class StatementModel(BaseModel):
    """Something that happened to a meter; its amounts are told as measured, never mended."""

    kind: Literal["meter_swapped", "unit_jump", "register_reset", "not_believed"] = Field(
        description="another serial number; use a thousand times more or less from a reset on; a register that fell or "
        "jumped; one that rises faster than it can, again and again"
    )
    day: str = Field(description="the local day on which it happened, or began", examples=["2026-03-29"])
    before: str | float | None = Field(description="serial number, or usual use per day in the register's unit")
    after: str | float | None = Field(description="the same from then on")
    factor: float | None = Field(description="of unit_jump: after through before", examples=[0.001])
    count: int | None = Field(description="resets and refused values")


class QualityModel(BaseModel):
    """How far a meter's register can be relied on."""

    sensor: str = Field(examples=["raadhus-electricity"])
    medium: str | None = Field(examples=["electricity"])
    register_: str = Field(alias="register", description="the field that is spoken of", examples=["import_wh"])
    start: str = Field(examples=["2026-01-01T00:00:00+01:00"])
    end: str = Field(examples=["2026-04-01T00:00:00+02:00"])
    coverage: float = Field(description="measured share of the time that it was there, until now", examples=[0.998])
    gap_s: float = Field(description="time without readings, whose amount is known in total only", examples=[7200.0])
    gap_amount: float | None = Field(description="what the register gained in it")
    resets: int = Field(description="resets, swaps and refused values", examples=[0])
    statements: list[StatementModel]


@router.get("/{meter}/quality", response_model=QualityModel, dependencies=[Reader])
def meter_quality(
    request: Request,
    context: Context,
    directory: Registered,
    meter: Id,
    start: From = None,
    to: To = None,
    tz: Tz = None,
) -> Response:
    """How much of the time a meter (or a lamp's register) was measured, and what happened to it: exchanged, unit
    changed, reset, not believed. The last year where no period is named."""
    row: Sensor = known("meter", meter, directory.sensors)
    register = _register_of(row)
    if register is None:
        not_found("meter", meter, {s.id: s for s in directory.sensors.values() if _register_of(s) is not None})
    zone = zone_of(tz or context.settings.tz)
    if start is None and to is None:
        start = (context.clock().astimezone(zone).date() - timedelta(days=365)).isoformat()
    span = span_of("day", start, to, zone, now=context.clock(), most_rows=context.settings.most_rows)
    return answer(request, quality_of(context.store, row, register, span))


def _register_of(sensor: Sensor) -> str | None:
    """The register that a sensor's quality is told by: energy, or volume where it counts water."""
    if sensor.kind == "lamp":
        return "energy_wh"
    if sensor.kind != "meter":
        return None
    return "volume_m3" if sensor.medium == "water" else "import_wh"


def quality_of(store: Store, sensor: Sensor, register: str, span: Span) -> dict[str, Any]:
    """A register's quality over days of local time."""
    sums = store.sums(sensor.kind, [sensor.id], span.edges_us, [f"{register}_{part}" for part in _PARTS])
    amount, covered_s, gap, gap_s, resets = (np.nan_to_num(sums[f"{register}_{part}"][0]) for part in _PARTS)
    asked_s = there_s(sensor, span)
    with np.errstate(divide="ignore", invalid="ignore"):
        share = np.where(asked_s > 0.0, np.minimum(covered_s / asked_s, 1.0), 0.0)
    use = np.where(covered_s > 0.0, amount, np.nan)
    statements = meter_statements(use, share, resets, _serials(store, sensor, span, np.flatnonzero(resets > 0.0)))
    starts = span.starts()
    return {
        "sensor": sensor.id,
        "medium": sensor.medium,
        "register": register,
        "start": starts[0],
        "end": local_text(span.end_us, span.zone),
        "coverage": min(float(covered_s.sum() / asked_s.sum()), 1.0) if asked_s.any() else 0.0,
        "gap_s": float(gap_s.sum()),
        "gap_amount": float(gap.sum()) if gap_s.any() else None,
        "resets": int(resets.sum()),
        "statements": [_told(one, starts) for one in statements],
    }


def _serials(store: Store, sensor: Sensor, span: Span, rows: npt.NDArray[np.intp]) -> list[str | None]:
    """The last serial number of each day, asked for about the days with events alone: a swap is one."""
    found: list[str | None] = [None] * len(span.length_s)
    if "serial" not in KINDS[sensor.kind].specs:
        return found
    for at in rows[:_MOST_EVENTS].tolist():
        first, last = int(span.edges_us[max(0, at - 1)]), int(span.edges_us[at + 1])
        table = store.bins(sensor.kind, [sensor.id], first, last, ["serial"], by=BIN_TAGS[sensor.kind])
        order = np.argsort(table.t_us, kind="stable")
        days = span.rows_of(table.t_us)
        for n in order.tolist():
            found[days[n]] = table.columns["serial"][n] or found[days[n]]
    return found


def _told(one: MeterStatement, starts: list[str]) -> dict[str, Any]:
    return {
        "kind": one.kind,
        "day": starts[one.row][:10],
        "before": one.before,
        "after": one.after,
        "factor": one.factor,
        "count": one.count,
    }
