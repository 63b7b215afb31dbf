"""The charts of an energy report, drawn by matplotlib as vectors for paper."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from matplotlib.axes import Axes
from matplotlib.dates import AutoDateLocator, date2num, num2date
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, MaxNLocator

from bypuls.analysis.energy.signature import Signature
from bypuls.api.reports.energy.model import EnergyReport
from bypuls.api.reports.energy.render.labels import DAY_TYPES, expected_by
from bypuls.api.reports.energy.render.words import Words
from bypuls.api.reports.layout import svg
from bypuls.api.reports.layout.fonts import FALLBACK, SANS

WIDTH_PT, TYPE_PT = 482.0, 8.0
DOTS_PER_INCH = 72.0
NAN = float("nan")


def draw(name: str, report: EnergyReport, words: Words) -> str:
    """A chart as SVG. Raises KeyError for an unknown name."""
    made: Callable[[], Figure] = {
        "scatter": lambda: _scatter(report, words),
        "series": lambda: _series(report, words),
    }[name]
    return svg.svg_of(made, size=TYPE_PT, family=(SANS, FALLBACK))


def _figure(height_pt: float) -> Figure:
    return Figure(figsize=(WIDTH_PT / DOTS_PER_INCH, height_pt / DOTS_PER_INCH), layout="constrained")


def _numbers(axes: Axes, words: Words) -> None:
    axes.yaxis.set_major_locator(MaxNLocator(nbins=5, steps=[1, 2, 5, 10]))
    axes.yaxis.set_major_formatter(
        FuncFormatter(lambda value, _: words.num(value, 0 if abs(value) >= 10 or value == 0 else 1))
    )


def _scatter(report: EnergyReport, words: Words) -> Figure:
    figure = _figure(250.0)
    axes = figure.subplots()
    daily = report.daily
    temps = np.array([NAN if value is None else value for value in daily.mean_c])
    # What the model saw: days with holes scaled up.
    use = np.array(
        [
            NAN if kwh is None or share < 0.5 else kwh / share
            for kwh, share in zip(daily.kwh, daily.coverage, strict=True)
        ]
    )
    period, free = np.array(daily.period, dtype=object), np.array(daily.free)
    groups = [("baseline", words("baseline"), svg.BLUE), ("reporting", words("reporting period"), svg.TRAFFIC)]
    named = [group for group in groups if (period == group[0]).any()] or [("", words("day"), svg.BLUE)]
    for key, name, colour in named:
        for off, mark in ((False, "o"), (True, "D")):
            chosen = (period == key) & (free == off)
            if not isinstance(report.model, Signature) or not report.model.split:
                chosen = (period == key) & (off is False)
            if chosen.any():
                shown = name if not off else f"{name}, {words('free days')}"
                axes.plot(
                    temps[chosen], use[chosen], mark, color=colour, markersize=2.4 if not off else 2.2, alpha=0.45,
                    markeredgewidth=0, label=shown, rasterized=False,
                )  # fmt: skip
    model = report.model
    if isinstance(model, Signature):
        line = np.linspace(model.lowest_c, model.highest_c, 200)
        for number, part in enumerate(model.parts):
            axes.plot(
                line, part.model.predict(line), color=svg.INK, linewidth=1.6,
                linestyle="-" if number == 0 else (0, (4, 2)),
                label=f"{words('signature')} ({part.model.kind}, {words(DAY_TYPES[part.day_type])})",
            )  # fmt: skip
    elif model is not None:
        expected = [NAN if value is None else value for value in daily.model_kwh]
        axes.plot(temps, expected, ".", color=svg.INK, markersize=2.0, label=expected_by(report, words))
    axes.set_xlabel(words("Mean outdoor temperature of the day, °C"))
    axes.set_ylabel(words("Use, kWh per day"))
    axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: words.num(value)))
    axes.set_ylim(bottom=0)
    _numbers(axes, words)
    axes.legend(loc="lower left", bbox_to_anchor=(0, 0.99), ncols=2, borderaxespad=0, handlelength=1.6, markerscale=1.6)
    return figure


def _series(report: EnergyReport, words: Words) -> Figure:
    figure = _figure(240.0)
    axes = figure.subplots()
    daily = report.daily
    at = np.array([float(date2num(day)) for day in daily.days])
    use = [NAN if value is None else value for value in daily.kwh]
    axes.plot(at, use, color=svg.BLUE, linewidth=0.8, label=words("measured"))
    if report.model is not None:
        expected = [NAN if value is None else value for value in daily.model_kwh]
        axes.plot(at, expected, color=svg.TRAFFIC, linewidth=0.8, label=expected_by(report, words))
    for name, period, colour in (
        (words("baseline"), report.savings.baseline, svg.SOFT),
        (words("reporting period"), report.savings.reporting, svg.GOOD),
    ):
        if period is not None:
            first, last = float(date2num(period.first_day)), float(date2num(period.last_day)) + 1.0
            axes.axvspan(first, last, color=colour, alpha=0.10, linewidth=0)
            axes.annotate(
                name, ((first + last) / 2, 1.0), xycoords=("data", "axes fraction"), xytext=(0, -3),
                textcoords="offset points", ha="center", va="top", color=colour, weight=700,
            )  # fmt: skip
    locator = AutoDateLocator(minticks=4, maxticks=9)
    axes.xaxis.set_major_locator(locator)
    axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: words.month(num2date(value).date())))
    axes.set_ylabel(words("Use, kWh per day"))
    axes.set_ylim(bottom=0)
    axes.margins(y=0.12)
    _numbers(axes, words)
    axes.legend(loc="lower left", bbox_to_anchor=(0, 0.99), ncols=2, borderaxespad=0, handlelength=1.6)
    return figure
