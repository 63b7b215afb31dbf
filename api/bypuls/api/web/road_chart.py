"""The road to a target as a drawing: baseline, accounts, trend with its band, target line, and planned measures as
steps down from the trend. Geometry alone; the template draws it."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

import numpy as np

Point = tuple[float, float]

_COLOURS = 6  # of steps; a seventh measure has the first one's again, and its number


@dataclass(frozen=True, slots=True)
class Size:
    """Of a drawing, in its own units: one for wide screens, one for phones."""

    width: float
    height: float
    left: float
    labels: int  # of years, at most


WIDE, NARROW = Size(960.0, 400.0, 62.0, 13), Size(400.0, 330.0, 46.0, 5)
_TOP, _RIGHT, _BOTTOM = 20.0, 18.0, 30.0


@dataclass(frozen=True, slots=True)
class Mark:
    """One year's account. whole : it can be held against the target."""

    x: float
    y: float
    year: int
    tonnes: float
    whole: bool


@dataclass(frozen=True, slots=True)
class Step:
    """What one measure takes off the trend in one year."""

    x: float
    y: float
    height: float
    number: int
    colour: int
    name: str


@dataclass(frozen=True, slots=True)
class Flag:
    """When a running measure began."""

    x: float
    y: float
    number: int
    name: str


@dataclass(frozen=True, slots=True)
class RoadChart:
    """Points of the SVG. Lines are `points` of a polyline, empty where there is nothing to draw.

    tonnes : lines across, with their label.  digits : decimals of these labels.
    """

    size: Size
    years: tuple[tuple[float, int], ...]
    tonnes: tuple[tuple[float, float], ...]
    digits: int
    base_y: float
    target_line: str
    constant_line: str
    actual_line: str
    marks: tuple[Mark, ...]
    band: str
    trend_line: str
    scenario_line: str
    steps: tuple[Step, ...]
    step_width: float
    flags: tuple[Flag, ...]
    baseline: Point | None
    target: Point | None


def road_chart(
    road: Mapping[str, Any], view: Mapping[str, Any], measures: Sequence[Mapping[str, Any]], size: Size
) -> RoadChart | None:
    """The drawing of `road` (a scenario's answer with its steps) for a target's `view`; None where there is nothing.

    measures : the target's, in the order of their numbers, 1 first.
    """
    columns = road["columns"]
    year = columns["year"]
    tops = [columns[name] for name in ("trajectory_t", "emitted_t", "forecast_high_t")]
    seen = np.concatenate([column[~np.isnan(column)] for column in tops])
    if not seen.size or len(year) < 2:
        return None
    ceiling, step = _ceiling(float(seen.max()))
    scale_x = (size.width - size.left - _RIGHT) / float(year[-1] - year[0])
    scale_y = (size.height - _TOP - _BOTTOM) / ceiling

    def x_of(at: float) -> float:
        return round(size.left + (at - float(year[0])) * scale_x, 1)

    def y_of(tonnes: float) -> float:
        return round(size.height - _BOTTOM - min(max(tonnes, 0.0), ceiling) * scale_y, 1)

    def line(column: Any) -> str:
        known = [(at, value) for at, value in zip(year.tolist(), column.tolist(), strict=True) if not math.isnan(value)]
        return " ".join(f"{x_of(at):g},{y_of(value):g}" for at, value in known)

    emitted = columns["emitted_t"]
    whole = set(view["whole_years"])
    marks = tuple(
        Mark(x_of(at), y_of(value), at, value, at in whole)
        for at, value in zip(year.tolist(), emitted.tolist(), strict=True)
        if not math.isnan(value)
    )
    start = _trend_start(view, whole, emitted, year)
    low, high, trend = (columns[name] for name in ("forecast_low_t", "forecast_high_t", "forecast_t"))
    lower, upper = line(low), line(high)
    band = ""
    if upper:
        corner = f"{x_of(start[0]):g},{y_of(start[1]):g} " if start else ""
        band = corner + upper + " " + " ".join(reversed(lower.split(" ")))
    first = f"{x_of(start[0]):g},{y_of(start[1]):g} " if start and upper else ""
    numbers = {one["id"]: number for number, one in enumerate(measures, 1)}
    steps = _steps(road, numbers, {one["id"]: one["name"] for one in measures}, x_of, y_of)
    stepped = bool(steps)
    every = max(1, math.ceil(len(year) / size.labels))
    span = int(year[-1])
    target_year = int(view["target_year"])
    goal = (target_year, view["target_t"]) if view["target_t"] is not None else None
    base = (view["base_year"], view["base_tonnes"])
    return RoadChart(
        size=size,
        years=tuple((x_of(at), at) for at in range(span, int(year[0]) - 1, -every))[::-1],
        tonnes=tuple((y_of(at), at) for at in np.arange(0.0, ceiling + step / 2, step).tolist()),
        digits=max(0, math.ceil(-math.log10(step) - 1e-9)) if step < 1.0 else int(step % 1.0 > 0.0),
        base_y=size.height - _BOTTOM,
        target_line=line(columns["trajectory_t"]),
        constant_line=line(columns["constant_rate_t"]),
        actual_line=" ".join(f"{mark.x:g},{mark.y:g}" for mark in marks if mark.whole),
        marks=marks,
        band=band,
        trend_line=first + line(trend) if upper else "",
        scenario_line=line(_leaving(columns)) if stepped and upper else "",
        steps=steps,
        step_width=round(min(scale_x * 0.42, 26.0), 1),
        flags=_flags(measures, columns, x_of, y_of),
        baseline=(x_of(base[0]), y_of(base[1])) if base[0] is not None and base[1] is not None else None,
        target=(x_of(goal[0]), y_of(goal[1])) if goal else None,
    )


def _steps(
    road: Mapping[str, Any], numbers: Mapping[str, int], names: Mapping[str, str], x_of: Any, y_of: Any
) -> tuple[Step, ...]:
    """Each year's measures, hanging from the trend one below the other."""
    columns = road["columns"]
    found = []
    for index, (at, trend) in enumerate(zip(columns["year"].tolist(), columns["forecast_t"].tolist(), strict=True)):
        if math.isnan(trend):
            continue
        below = trend
        for name in road["measures"]:
            saved = float(road["steps"][name][index])
            if math.isnan(saved) or saved <= 0.0:
                continue
            top, bottom = y_of(below), y_of(below - saved)
            below -= saved
            number = numbers[name]
            found.append(
                Step(x_of(at), top, round(max(bottom - top, 0.0), 1), number, (number - 1) % _COLOURS + 1, names[name])
            )
    return tuple(found)


def _leaving(columns: Mapping[str, Any]) -> Any:
    """The scenario from the year before it leaves the trend."""
    leaves = np.flatnonzero((columns["saved_t"] != 0.0) & ~np.isnan(columns["forecast_t"]))
    begins = max(int(leaves[0]) - 1, 0) if leaves.size else len(columns["year"])
    return np.where(np.arange(len(columns["year"])) >= begins, columns["scenario_t"], np.nan)


def _flags(measures: Sequence[Mapping[str, Any]], columns: Mapping[str, Any], x_of: Any, y_of: Any) -> tuple[Flag, ...]:
    year, emitted = columns["year"], columns["emitted_t"]
    known = ~np.isnan(emitted)
    if not known.any():
        return ()
    found = []
    for number, one in enumerate(measures, 1):
        start: date = one["start"]
        at = start.year + (start.timetuple().tm_yday - 1) / 365.25
        if one["state"] == "running" and year[0] <= at <= year[-1]:
            # A year's account stands at the year; what began within it lies between two of them.
            tonnes = float(np.interp(at, year[known], emitted[known]))
            found.append(Flag(x_of(at), y_of(tonnes), number, one["name"]))
    return tuple(found)


def _trend_start(view: Mapping[str, Any], whole: set[int], emitted: Any, year: Any) -> tuple[int, float] | None:
    """Where the trend leaves the accounts."""
    if view["forecast"] is None or not whole:
        return None
    last = max(whole)
    at = int(last - year[0])
    return (last, float(emitted[at])) if 0 <= at < len(emitted) and not math.isnan(emitted[at]) else None


def _ceiling(highest: float) -> tuple[float, float]:
    """A round number at or above `highest`, and the distance of the lines below it."""
    if highest <= 0.0:
        return 1.0, 0.5
    raw = highest / 4.0
    size = 10.0 ** math.floor(math.log10(raw))
    step = next(size * one for one in (1.0, 2.0, 2.5, 5.0, 10.0) if size * one >= raw)
    return math.ceil(highest / step - 1e-9) * step, step
