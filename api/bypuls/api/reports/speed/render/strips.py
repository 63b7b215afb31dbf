"""Two small charts: V85 on the scale of the limit's thresholds, and the week hour by hour."""

from __future__ import annotations

from collections.abc import Callable

from matplotlib.figure import Figure
from matplotlib.patches import Rectangle
from matplotlib.ticker import FuncFormatter, MaxNLocator

from bypuls.api.reports.layout import svg
from bypuls.api.reports.speed.model import SpeedReport, Statistics
from bypuls.api.reports.speed.render.labels import heading
from bypuls.api.reports.speed.render.words import Words

MARKS = {"ok": svg.GOOD, "assess": svg.WARN, "measures": svg.BAD, "uncertain": svg.WARN}


def strip(report: SpeedReport, words: Words, figure_of: Callable[[float], Figure], size: float) -> Figure:
    """V85 with its interval beside the limit and the thresholds of the verdict, in total and per direction."""
    samples: list[tuple[str, Statistics]] = [(words("All"), report.statistics.all)]
    if len(report.statistics.directions) > 1:
        samples += [(heading(name, words), found) for name, found in report.statistics.directions.items()]
    samples = [(name, found) for name, found in samples if found.v85_kmh is not None]
    figure = figure_of(size * (5.2 + 1.75 * len(samples)))
    axes = figure.subplots()
    whole = report.statistics.all
    ends = [value for _, found in samples for value in _ends(found)]
    known = [value for value in (whole.limit_kmh, whole.verdict_detail.measures_kmh) if value is not None]
    low, high = min(ends + known) - 4.0, max(ends + known) + 4.0
    detail = whole.verdict_detail
    if detail.assess_kmh is not None and detail.measures_kmh is not None:
        for start, end, colour in (
            (low, detail.assess_kmh, svg.GOOD),
            (detail.assess_kmh, detail.measures_kmh, svg.WARN),
            (detail.measures_kmh, high, svg.BAD),
        ):
            axes.axvspan(start, end, color=colour, alpha=0.13, linewidth=0)
    for at, (_, found) in enumerate(reversed(samples)):
        left, middle, right = _ends(found)
        colour = MARKS.get(found.verdict or "", svg.INK)
        axes.plot([left, right], [at, at], color=colour, linewidth=2.2, solid_capstyle="butt")
        axes.plot([middle], [at], "o", color=colour, markersize=6.5 if at == len(samples) - 1 else 4.5)
    if whole.limit_kmh is not None:
        axes.axvline(whole.limit_kmh, color=svg.INK, linewidth=1.6)
    top = [
        (whole.limit_kmh, words("limit {kmh}", kmh=words.num(whole.limit_kmh)), svg.INK, "right"),
        (detail.assess_kmh, words("assess"), svg.WARN, "left"),
        (detail.measures_kmh, words("measures"), svg.BAD, "left"),
    ]
    for value, label, colour, side in top:
        if value is not None:
            axes.annotate(
                label, (value, 1.0), xycoords=("data", "axes fraction"), textcoords="offset points",
                xytext=(-2 if side == "right" else 2, 2), ha=side, va="bottom", color=colour, weight=700,
            )  # fmt: skip
    axes.set_yticks(range(len(samples)), [name for name, _ in reversed(samples)])
    axes.tick_params(axis="y", labelcolor=svg.INK)
    axes.grid(visible=False)
    axes.set_xlim(low, high)
    axes.set_ylim(-0.6, len(samples) - 0.4)
    axes.xaxis.set_major_locator(MaxNLocator(nbins=10, steps=[1, 2, 5, 10], integer=True))
    axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: words.num(value)))
    axes.set_xlabel(words("V85 with its 95 % interval, km/h"))
    return figure


def _ends(found: Statistics) -> tuple[float, float, float]:
    middle = found.v85_kmh or 0.0
    interval = found.intervals.get("v85_kmh")
    if interval is None or interval.low is None or interval.high is None:
        return middle, middle, middle
    return interval.low, middle, interval.high


def week(report: SpeedReport, words: Words, figure: Figure, size: float, *, figures: bool) -> Figure:
    """Average vehicles per hour for each weekday and hour of the day."""
    axes = figure.subplots()
    averaged = any(cell.n_per_day is not None for cell in report.week)
    most = max(((cell.n_per_day if averaged else cell.n) or 0.0 for cell in report.week), default=0.0) or 1.0
    for cell in report.week:
        value = cell.n_per_day if averaged else cell.n
        row = 7 - cell.weekday
        if value is None:
            axes.add_patch(
                Rectangle(
                    (cell.hour, row), 1, 1, facecolor="none", edgecolor=svg.SOFT, hatch="////", linewidth=0, alpha=0.5
                )
            )
            continue
        depth = value / most
        axes.add_patch(
            Rectangle(
                (cell.hour + 0.02, row + 0.02), 0.96, 0.96, facecolor=svg.BLUE, alpha=0.06 + 0.84 * depth, linewidth=0
            )
        )
        if figures:
            label = axes.text(cell.hour + 0.5, row + 0.47, words.num(value), ha="center", va="center",
                              fontsize=size * 0.75, color=svg.PAPER if depth > 0.62 else svg.INK)  # fmt: skip
            label.set_in_layout(False)  # inside the axes anyway: 168 of them take the layout half a second
    axes.set_xlim(0, 24)
    axes.set_ylim(0, 7)
    axes.grid(visible=False)
    axes.set_yticks([6.5 - at for at in range(7)], [words.weekday(at + 1, short=True) for at in range(7)])
    axes.set_xticks(range(0, 25, 2 if figures else 3))
    axes.spines["bottom"].set_visible(False)
    title = words("Hour of the day")
    if not averaged:
        title += words("; sum of all days")
    elif not figures:
        title += words("; darkest: {n} vehicles/h", n=words.num(most))
    axes.set_xlabel(title)
    return figure
