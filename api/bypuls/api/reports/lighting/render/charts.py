"""The charts of a lighting report, drawn by matplotlib as vectors."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime

import numpy as np
from matplotlib.axes import Axes
from matplotlib.dates import AutoDateLocator, date2num, num2date
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, MaxNLocator

from bypuls.api.reports.layout import svg
from bypuls.api.reports.layout.fonts import FALLBACK, SANS
from bypuls.api.reports.lighting.model import LightingReport
from bypuls.api.reports.lighting.render.words import Words

WIDTH_PT, TYPE_PT = 482.0, 8.0
NAN = float("nan")


def draw(name: str, report: LightingReport, words: Words) -> str:
    """A chart as SVG. Raises KeyError for an unknown name."""
    made: Callable[[], Figure] = {
        "residual": lambda: _residual(report, words),
        "switching": lambda: _switching(report, words),
    }[name]
    return svg.svg_of(made, size=TYPE_PT, family=(SANS, FALLBACK))


def _axes(height_pt: float) -> tuple[Figure, Axes]:
    figure = Figure(figsize=(WIDTH_PT / 72.0, height_pt / 72.0), layout="constrained")
    return figure, figure.subplots()


def _evenings(report: LightingReport) -> list[float]:
    return [float(date2num(date.fromisoformat(one.night))) for one in report.nights]


def _numbers(axes: Axes, words: Words) -> None:
    axes.yaxis.set_major_locator(MaxNLocator(nbins=5, steps=[1, 2, 5, 10]))
    axes.yaxis.set_major_formatter(
        FuncFormatter(lambda value, _: words.num(value, 0 if abs(value) >= 5 or value == 0 else 1))
    )
    axes.margins(x=0.05)
    axes.xaxis.set_major_locator(AutoDateLocator(minticks=4, maxticks=9))
    axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: words.short_day(num2date(value).date())))


def _residual(report: LightingReport, words: Words) -> Figure:
    figure, axes = _axes(170.0)
    share = np.array([NAN if one.residual is None else one.residual * 100.0 for one in report.nights])
    axes.axhline(0.0, color=svg.SOFT, linewidth=0.8)
    last = datetime.fromisoformat(report.source.last)
    for one in report.events:
        if one.name == "lampFailure":
            end = datetime.fromisoformat(one.to) if one.to is not None else last
            begin = datetime.fromisoformat(one.from_)
            axes.axvspan(
                float(date2num(begin)) - 0.7, float(date2num(end)) - 0.7, color=svg.BAD, alpha=0.10, linewidth=0
            )
    axes.plot(_evenings(report), share, "o-", color=svg.BLUE, markersize=2.6, linewidth=0.8)
    low, high = float(np.nanmin(share, initial=0.0)), float(np.nanmax(share, initial=0.0))
    axes.set_ylim(min(-2.0, low * 1.2), max(2.0, high * 1.2))
    _numbers(axes, words)
    return figure


def _switching(report: LightingReport, words: Words) -> Figure:
    figure, axes = _axes(190.0)
    at = _evenings(report)
    axes.axhline(0.0, color=svg.SOFT, linewidth=0.8)
    for values, name, colour in (
        ([one.on_after_sunset_min for one in report.nights], words("on, after sunset"), svg.TRAFFIC),
        ([one.off_after_sunrise_min for one in report.nights], words("off, after sunrise"), svg.BLUE),
    ):
        shown = [NAN if value is None else value for value in values]
        axes.plot(at, shown, "o", color=colour, markersize=2.6, label=name)
    axes.margins(y=0.2)
    _numbers(axes, words)
    axes.legend(loc="lower left", bbox_to_anchor=(0, 0.99), ncols=2, borderaxespad=0, handlelength=1.2)
    return figure
