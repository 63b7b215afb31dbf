"""When to charge and to pump: the greenest hours of the forecast that the book keeps. For 'now or later' alone, never
for accounts."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
import orjson

from bypuls.analysis.climate.greenest import Run, best_run, best_steps, means_of_steps
from bypuls.api.periods import local_text
from bypuls.store.book import GridForecast
from bypuls.wire import from_us, to_us

QUARTER_US = 900_000_000
HOUR_US = 3_600_000_000
OLD_S = 24 * 3600.0
"""Age from which a forecast is called old [s]."""


@dataclass(frozen=True, slots=True)
class Window:
    """What is asked: so many hours within [start, end), in one stretch or in single hours."""

    start: datetime
    end: datetime
    hours: float
    contiguous: bool


def greenest_hours(
    forecast: GridForecast | None, area: str, window: Window, now: datetime, zone: ZoneInfo
) -> dict[str, Any]:
    """The greenest stretch or hours, with the forecast's source and age; null, with the reason, where unknown."""
    told: dict[str, Any] = {
        "area": area,
        "from": local_text(to_us(window.start), zone),
        "to": local_text(to_us(window.end), zone),
        "hours": window.hours,
        "contiguous": window.contiguous,
        "source": forecast.source if forecast else None,
        "fetched": from_us(forecast.fetched_us) if forecast else None,
        "age_s": (now - from_us(forecast.fetched_us)).total_seconds() if forecast else None,
        "old": (now - from_us(forecast.fetched_us)).total_seconds() > OLD_S if forecast else None,
        "known_until": None,
        "mean_g_per_kwh": None,
        "window_mean_g_per_kwh": None,
        "now_g_per_kwh": None,
        "runs": [],
        "reason": None,
        "forecast": {"t": [], "g_per_kwh": []},
    }
    if forecast is None:
        return told | {"reason": f"no forecast for {area}"}
    t_us, values, step_us = _read(forecast)
    if len(t_us):
        told["known_until"] = local_text(int(t_us[-1]) + step_us, zone)
    starts, quarters = means_of_steps(t_us, values, step_us=step_us, wide_us=max(QUARTER_US, step_us))
    wide_us = max(QUARTER_US, step_us)
    inside = (starts >= to_us(window.start)) & (starts + wide_us <= to_us(window.end))
    starts, quarters = starts[inside], quarters[inside]
    known = ~np.isnan(quarters)
    if not known.any():
        return told | {"reason": f"the forecast for {area} says nothing of this time"}
    runs = _runs(starts, quarters, wide_us, window)
    if not runs:
        return told | {"reason": f"the forecast for {area} knows less than {window.hours:g} hours of this time"}
    now_us = to_us(now) - to_us(now) % wide_us
    at_now = quarters[starts == now_us]
    return told | {
        "mean_g_per_kwh": float(np.mean([run.mean_g_per_kwh for run in runs])),
        "window_mean_g_per_kwh": float(quarters[known].mean()),
        "now_g_per_kwh": float(at_now[0]) if at_now.size and not np.isnan(at_now[0]) else None,
        "runs": [
            {
                "start": local_text(run.start_us, zone),
                "end": local_text(run.end_us, zone),
                "mean_g_per_kwh": run.mean_g_per_kwh,
            }
            for run in runs
        ],
        "forecast": {"t": [local_text(int(at), zone) for at in starts[known]], "g_per_kwh": quarters[known]},
    }


def _runs(starts: np.ndarray, values: np.ndarray, step_us: int, window: Window) -> list[Run]:
    if window.contiguous:
        run = best_run(starts, values, step_us=step_us, duration_us=round(window.hours * HOUR_US / step_us) * step_us)
        return [run] if run is not None else []
    hours, means = means_of_steps(starts, values, step_us=step_us, wide_us=HOUR_US)
    count = round(window.hours)
    found = best_steps(hours, means, step_us=HOUR_US, count=count)
    return found if len(found) == count else []


def _read(forecast: GridForecast) -> tuple[np.ndarray, np.ndarray, int]:
    """Steps [µs UTC], values [g/kWh] and the step."""
    body = orjson.loads(forecast.body)
    t_us = np.array(body["t_us"], dtype=np.int64)
    values = np.array([np.nan if one is None else one for one in body["g_per_kwh"]], dtype=np.float64)
    return t_us, values, int(body["step_us"])
