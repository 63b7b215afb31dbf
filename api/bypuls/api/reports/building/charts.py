"""The charts of buildings, drawn by matplotlib as vectors, in one size for paper and one for screens."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.dates import date2num, num2date
from matplotlib.figure import Figure
from matplotlib.patches import PathPatch, Rectangle
from matplotlib.path import Path
from matplotlib.ticker import FixedLocator, FuncFormatter, MaxNLocator

from bypuls.api.buildings.cooling import Cooling
from bypuls.api.buildings.eui import months_of
from bypuls.api.buildings.figures import MediumFigures
from bypuls.api.buildings.signatures import SignatureFigures
from bypuls.api.buildings.source import Floats
from bypuls.api.reports.building.words import Words
from bypuls.api.reports.layout import svg
from bypuls.api.reports.layout.fonts import FALLBACK, SANS

Make = Callable[[MediumFigures, Words, "Size"], Figure]
DOTS_PER_INCH = 72.0
MOST_DAY_BARS = 62
_LEVELS = 10
_FAINTEST = 0.06
_WHOLE = 0.95


@dataclass(frozen=True, slots=True)
class Size:
    """width [pt], type [pt]."""

    width: float
    type: float
    family: tuple[str, ...]

    def figure(self, height: float) -> Figure:
        """An empty figure, height [pt]."""
        return Figure(figsize=(self.width / DOTS_PER_INCH, height / DOTS_PER_INCH), layout="constrained")

    def draw(self, made: Any) -> str:
        """The figure that `made` makes, as SVG."""
        return svg.svg_of(made, size=self.type, family=self.family)


PRINT = Size(482.0, 8.0, (SANS, FALLBACK))
SCREEN = Size(520.0, 10.0, (FALLBACK,))


def numbers(axes: Axes, words: Words, *, steps: int = 5, digits: int = 0) -> None:
    """The y axis in the language's numbers."""
    axes.yaxis.set_major_locator(MaxNLocator(nbins=steps, steps=[1, 2, 5, 10]))
    axes.yaxis.set_major_formatter(
        FuncFormatter(lambda value, _: words.num(value, 0 if value % 1 == 0 else digits or 1))
    )


def month_axis(axes: Axes, first: date, last: date, words: Words) -> None:
    """An x axis of days: months named in their middle, or days where there are few."""
    if (last - first).days <= MOST_DAY_BARS:
        days = [first + timedelta(days=n) for n in range(0, (last - first).days + 1, 7)]
        axes.xaxis.set_major_locator(FixedLocator([float(date2num(day)) for day in days]))
        axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: words.short_day(num2date(value).date())))
        return
    months = [month for month, end in months_of(first, last) if (end - month).days > 9]
    step = -(-len(months) // 13)
    axes.xaxis.set_major_locator(FixedLocator([float(date2num(month)) for month in months[::step]]))
    axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: words.short_month(num2date(value).date())))


def use(figures: MediumFigures, words: Words, size: Size) -> Figure:
    """Use by day, or by month where the period is long, beside the year before."""
    figure = size.figure(size.width * 0.29)
    axes = figure.subplots()
    first, last = figures.dates[0], figures.dates[-1]
    if len(figures.dates) <= MOST_DAY_BARS:
        at, width = [float(date2num(day)) for day in figures.dates], 0.82
        values, before, known = figures.use, figures.before, figures.coverage
        month_axis(axes, first, last, words)
    else:
        spans = months_of(first, last)
        rows = [slice((a - first).days, (b - first).days + 1) for a, b in spans]
        values = np.array([_known_sum(figures.use[row]) for row in rows])
        before = np.array([_whole_sum(figures.before[row]) for row in rows])
        known = np.array([float(figures.coverage[row].mean()) for row in rows])
        at, width = [float(n) for n in range(len(spans))], 0.72
        axes.set_xticks(at, [words.short_month(a) for a, _ in spans])
    whole = known >= _WHOLE
    axes.bar(at, np.where(whole, values, 0.0), width, color=svg.BLUE, linewidth=0, label=words("this period"))
    if (~whole & np.isfinite(values)).any():
        axes.bar(
            at, np.where(whole, 0.0, np.nan_to_num(values)), width, facecolor="none", edgecolor=svg.BLUE, hatch="////",
            linewidth=0.6, label=words("measured in part"),
        )  # fmt: skip
    if np.isfinite(before).any():
        axes.hlines(
            before, [x - width / 2 for x in at], [x + width / 2 for x in at], color=svg.INK, linewidth=1.3,
            label=words("year before"),
        )  # fmt: skip
    axes.set_ylabel("m³" if figures.unit == "m3" else "kWh")
    axes.margins(x=0.01)
    numbers(axes, words)
    _legend(axes)
    return figure


def _legend(axes: Axes) -> None:
    axes.legend(loc="lower left", bbox_to_anchor=(0, 1.0), ncols=3, borderaxespad=0, handlelength=1.2, handleheight=0.8)


def _known_sum(column: Floats) -> float:
    return float(np.nansum(column)) if np.isfinite(column).any() else float("nan")


def _whole_sum(column: Floats) -> float:
    return float(column.sum()) if np.isfinite(column).all() else float("nan")


def carpet(figures: MediumFigures, words: Words, size: Size) -> Figure:
    """Hour of the clock by day: the darker, the more power; hatched where nothing is known."""
    figure = size.figure(size.width * 0.36)
    axes = figure.subplots()
    made = figures.load.carpet
    power = made.power
    known = np.isfinite(power)
    low, high = (float(np.percentile(power[known], q)) for q in (1, 99)) if known.any() else (0.0, 1.0)
    low = min(low, 0.4 * high)
    step = (high - low) / _LEVELS or 1.0
    level = np.where(known, np.clip((power - low) / step, 0, _LEVELS - 1), -1).astype(np.int64)
    level = np.where(~known & (made.length_h <= 0.0), -2, level)
    start = float(date2num(made.days.first))
    for one in range(_LEVELS):
        _cells(axes, level == one, start, facecolor=svg.BLUE, alpha=_alpha(one), linewidth=0)
    if (level == -1).any():
        _cells(axes, level == -1, start, facecolor="none", edgecolor=svg.SOFT, hatch="////", linewidth=0, alpha=0.6)
    axes.set_xlim(start, start + made.days.count)
    axes.set_ylim(24, 0)
    axes.set_yticks(range(0, 25, 6), [f"{hour:02d}" for hour in range(0, 25, 6)])
    axes.set_ylabel(words("Hour"))
    axes.grid(visible=False)
    month_axis(axes, made.days.first, made.days.last, words)
    _scale(axes, words, low, high, figures.unit)
    return figure


def _alpha(level: int) -> float:
    return _FAINTEST + (1.0 - _FAINTEST) * level / (_LEVELS - 1)


def _cells(axes: Axes, wanted: np.ndarray[Any, np.dtype[np.bool_]], start: float, **style: Any) -> None:
    """All cells of one look as one path: hours that follow each other are one rectangle."""
    vertices: list[tuple[float, float]] = []
    days, hours = np.nonzero(np.diff(np.pad(wanted, ((0, 0), (1, 1))).astype(np.int8), axis=1))
    for day, begin, end in zip(days[::2].tolist(), hours[::2].tolist(), hours[1::2].tolist(), strict=True):
        x = start + day
        vertices += [(x, begin), (x + 1, begin), (x + 1, end), (x, end), (x, begin)]
    if vertices:
        codes = [Path.MOVETO, Path.LINETO, Path.LINETO, Path.LINETO, Path.CLOSEPOLY] * (len(vertices) // 5)
        # Not add_patch, which looks for the extent of every cell: a second a year, for limits that are set anyway.
        axes.add_artist(PathPatch(Path(vertices, codes), antialiased=False, **style))


def _scale(axes: Axes, words: Words, low: float, high: float, unit: str) -> None:
    width, gap = 0.022, 1.0 - _LEVELS * 0.022 - 0.12
    for one in range(_LEVELS):
        axes.add_patch(
            Rectangle(
                (gap + one * width, 1.03),
                width,
                0.05,
                transform=axes.transAxes,
                clip_on=False,
                facecolor=svg.BLUE,
                alpha=_alpha(one),
                linewidth=0,
            )
        )
    axes.text(
        gap - 0.01, 1.055, words.power(low, unit), transform=axes.transAxes, ha="right", va="center", color=svg.SOFT
    )
    axes.text(
        gap + _LEVELS * width + 0.01,
        1.055,
        words.power(high, unit),
        transform=axes.transAxes,
        va="center",
        color=svg.SOFT,
    )


def duration(figures: MediumFigures, words: Words, size: Size) -> Figure:
    """The load from its highest hour to its lowest."""
    figure = size.figure(size.width * 0.32)
    axes = figure.subplots()
    found = figures.load.duration
    if found is not None:
        # As many points as the eye can tell apart.
        keep = np.unique(np.linspace(0, found.power.size - 1, min(found.power.size, 400)).astype(np.int64))
        axes.fill_between(found.hours[keep], found.power[keep], color=svg.BLUE, alpha=0.18, linewidth=0)
        axes.plot(found.hours[keep], found.power[keep], color=svg.BLUE, linewidth=1.5)
        axes.set_xlim(0, float(found.hours[-1]))
    base = figures.load.night_base
    if base is not None:
        axes.axhline(base, color=svg.TRAFFIC, linewidth=1.1, linestyle=(0, (4, 3)))
        axes.annotate(
            f"{words('night')} {words.power(base, figures.unit)}", (1.0, base), xycoords=("axes fraction", "data"),
            xytext=(-2, 9), textcoords="offset points", ha="right", va="bottom", color=svg.TRAFFIC,
        )  # fmt: skip
    axes.set_ylim(0, None)
    axes.set_ylabel("m³/h" if figures.unit == "m3" else "kW")
    axes.set_xlabel(words("Hours of the period in which the load is at least so high"))
    axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: words.num(value)))
    numbers(axes, words)
    return figure


def signature(figures: SignatureFigures, words: Words, size: Size) -> Figure:
    """Days by outdoor temperature, and the model's line."""
    figure = size.figure(size.width * 0.42)
    axes = figure.subplots()
    for number, label, colour in (
        (0, words("working day"), svg.BLUE),
        (1, words("weekend, public holiday"), svg.TRAFFIC),
    ):
        mine = figures.day_type == number
        axes.plot(
            figures.mean_c[mine], figures.use[mine], "o", color=colour, markersize=2.6, alpha=0.5, markeredgewidth=0,
            label=label,
        )  # fmt: skip
    model = figures.model
    if model is not None:
        line = np.linspace(model.lowest_c, model.highest_c, 120)
        for part in model.parts:
            colour = {0: svg.BLUE, 1: svg.TRAFFIC}.get(part.day_type if part.day_type is not None else -1, svg.INK)
            axes.plot(line, part.model.predict(line), color=colour, linewidth=1.9)
    axes.set_ylim(0, None)
    axes.set_xlabel(words("Mean outdoor temperature of the day, °C"))
    axes.set_ylabel(words("kWh a day"))
    axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: words.num(value)))
    numbers(axes, words)
    _legend(axes)
    return figure


def cooling(found: Cooling, words: Words, size: Size) -> Figure:
    """The cooling of each month against what is asked for."""
    figure = size.figure(size.width * 0.3)
    axes = figure.subplots()
    at = list(range(len(found.months)))
    known = [float("nan") if month.cooling_k is None else month.cooling_k for month in found.months]
    poor = [value < found.required_k for value in known]
    axes.bar(at, np.nan_to_num(known), 0.72, color=[svg.TRAFFIC if bad else svg.BLUE for bad in poor], linewidth=0)
    label = words("asked for: {k} °C", k=words.num(found.required_k, 1))
    axes.axhline(found.required_k, color=svg.INK, linewidth=1.2, label=label)
    _legend(axes)
    axes.set_xticks(at, [words.short_month(month.first) for month in found.months])
    axes.set_ylim(0, max([*[value for value in known if value == value], found.required_k]) * 1.25)
    axes.set_ylabel(words("Cooling, °C"))
    numbers(axes, words)
    return figure


def ranking(names: Sequence[str], values: Sequence[float], words: Words, size: Size) -> Figure:
    """Bars one below the other."""
    figure = size.figure(18.0 * len(names) + 34.0)
    axes = figure.subplots()
    at = np.arange(len(names))
    axes.barh(at, values, 0.66, color=svg.BLUE, linewidth=0)
    for y, value in zip(at, values, strict=True):
        axes.annotate(
            words.num(value), (value, y), xytext=(3, 0), textcoords="offset points", va="center", color=svg.SOFT
        )
    axes.set_yticks(at, list(names))
    axes.invert_yaxis()
    axes.grid(visible=False)
    axes.set_xlabel("kWh/m²")
    axes.margins(x=0.08)
    axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: words.num(value)))
    return figure
