"""Alarms of traffic: a radar that sees nobody, a street where people began to drive faster."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import numpy as np

from bypuls.api.alarms.finding import Asked, Cost, Finding
from bypuls.api.alarms.platform import after_us, silence
from bypuls.api.alarms.scene import Scene
from bypuls.api.periods import Span
from bypuls.api.surveys import midnight
from bypuls.api.traffic import site_summary
from bypuls.wire import to_us
from bypuls.wire.bins import QUARTER_US, TRAFFIC

_DAY_US = 86_400_000_000
_WEEKS = 4
_BAND_KMH = 1.0
_ALONE_US = _DAY_US
"""Without earlier weeks to compare with, so long a silence speaks for itself."""


def silent_radars(scene: Scene, asked: Asked) -> Iterator[Finding]:
    """Sensors of traffic without a word for so long that earlier weeks would have counted `expected_n` vehicles: an
    empty street at night is no fault."""
    for id, parameters in asked.items():
        sensor, spoke_us = scene.sensors[id], scene.spoke_us[id]
        found = silence(
            id, spoke_us, after_us(scene, sensor, parameters), scene.now_us, ("device-offline", sensor.device)
        )
        if found.seen != "present" or spoke_us is None:
            yield found
            continue
        expected, per_day = _expected(scene, id, spoke_us)
        facts = {**found.facts, "expected_n": None if expected is None else round(expected)}
        cost = Cost(vehicles_per_day=per_day, how="uncounted" if per_day is not None else None)
        enough = (
            scene.now_us - spoke_us > _ALONE_US if expected is None else expected >= (parameters["expected_n"] or 1.0)
        )
        if enough:
            yield replace(found, facts=facts, cost=cost)
        else:
            yield Finding(id, "holding")


def _expected(scene: Scene, sensor: str, spoke_us: int) -> tuple[float | None, float | None]:
    """Vehicles that the same hours of the four weeks before saw on average (a day's at most), and those of a day.
    None where no such week is known."""
    end_us = min(scene.now_us, spoke_us + _DAY_US) // QUARTER_US * QUARTER_US
    start_us = spoke_us // QUARTER_US * QUARTER_US
    seen, days = [], []
    for week in range(1, _WEEKS + 1):
        back_us = week * 7 * _DAY_US
        table = scene.store.bins(TRAFFIC, [sensor], start_us - back_us, start_us - back_us + _DAY_US, ["n"])
        known = ~np.isnan(table.columns["n"])
        if not known.any():
            continue
        days.append(float(table.columns["n"][known].sum()))
        same = known & (table.t_us < end_us - back_us)
        seen.append(float(table.columns["n"][same].sum()))
    if not seen:
        return None, None
    return sum(seen) / len(seen), sum(days) / len(days)


def risen_speeds(scene: Scene, asked: Asked) -> Iterator[Finding]:
    """Streets whose V85 of the last week lies above the verdict's threshold while that of the four weeks before did
    not. It ends when V85 is below again; a street that always was too fast is in the ranking."""
    today = midnight(scene.now.astimezone(scene.zone).date(), scene.zone)
    for site, parameters in asked.items():
        week = _figures(scene, site, today - timedelta(days=7), today)
        before = _figures(scene, site, today - timedelta(days=35), today - timedelta(days=7))
        least = parameters["least_n"] or 100.0
        limit = week["limit_kmh"]
        if week["v85_kmh"] is None or limit is None or (week["n"] or 0.0) < least:
            yield Finding(site, "unknown")
            continue
        threshold = limit * (1.0 + (parameters["over_pct"] or 0.0) / 100.0)
        newest = to_us(today)
        if week["v85_kmh"] <= threshold - _BAND_KMH:
            yield Finding(site, "absent", evidence_us=newest)
            continue
        risen = before["v85_kmh"] is not None and (before["n"] or 0.0) >= least and before["v85_kmh"] <= threshold
        if week["v85_kmh"] <= threshold or not risen:
            yield Finding(site, "holding", evidence_us=newest)
            continue
        facts = {
            "v85_kmh": round(week["v85_kmh"], 1), "threshold_kmh": round(threshold, 1),
            "before_kmh": round(before["v85_kmh"], 1), "n": round(week["n"]),
        }  # fmt: skip
        over = week["over_limit_n"]
        cost = Cost(vehicles_per_day=None if over is None else over / 7.0, how="over-limit")
        yield Finding(site, "present", to_us(today - timedelta(days=7)), newest, facts, cost)


def _figures(scene: Scene, site: str, start: datetime, end: datetime) -> dict[str, Any]:
    span = Span("15min", scene.zone, np.array([to_us(start), to_us(end)], dtype=np.int64))
    return site_summary(scene.store, scene.directory, site, span)
