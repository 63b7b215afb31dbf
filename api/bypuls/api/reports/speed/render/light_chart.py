"""What the light changes of mean speed and V85, each level against the highest."""

from __future__ import annotations

from collections.abc import Callable

from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, MaxNLocator

from bypuls.api.reports.layout import svg
from bypuls.api.reports.speed.model import SpeedReport
from bypuls.api.reports.speed.render.words import Words

_APART = 0.18


def light_levels(report: SpeedReport, words: Words, figure_of: Callable[[float], Figure], size: float) -> Figure:
    """Changes with their 95 % intervals beside none at all, a line for each level."""
    effects = list(reversed(report.light.effects)) if report.light is not None else []
    figure = figure_of(size * (5.5 + 3.2 * len(effects)))
    axes = figure.subplots()
    axes.axvline(0.0, color=svg.INK, linewidth=1.2)
    for label, colour, shift, of in (
        (words("Mean"), svg.BLUE, _APART, [(e.mean_change_kmh, e.mean_low_kmh, e.mean_high_kmh) for e in effects]),
        ("V85", svg.TRAFFIC, -_APART, [(e.v85_change_kmh, e.v85_low_kmh, e.v85_high_kmh) for e in effects]),
    ):
        for at, (change, low, high) in enumerate(of):
            if change is None or low is None or high is None:
                continue
            axes.plot([low, high], [at + shift] * 2, color=colour, linewidth=2.2, solid_capstyle="butt")
            axes.plot([change], [at + shift], "o", color=colour, markersize=5.5, label=None if at else label)
    axes.legend(loc="lower left", bbox_to_anchor=(0, 0.99), ncols=2, borderaxespad=0, handlelength=1.0)
    names = [
        words("{level} % against {reference} %", level=words.num(e.level_pct), reference=words.num(e.reference_pct))
        for e in effects
    ]
    axes.set_yticks(range(len(effects)), names)
    axes.tick_params(axis="y", labelcolor=svg.INK)
    axes.grid(visible=False)
    axes.set_ylim(-0.6, len(effects) - 0.4)
    axes.margins(x=0.1)
    axes.xaxis.set_major_locator(MaxNLocator(nbins=8, steps=[1, 2, 5, 10]))
    axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: words.num(value, 1, signed=True)))
    axes.set_xlabel(words("Change of speed with its 95 % interval, km/h"))
    return figure
