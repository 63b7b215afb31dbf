"""The charts of a speed report, drawn by matplotlib as vectors, in one size for paper and one for screens."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date

from matplotlib.axes import Axes
from matplotlib.dates import AutoDateLocator, date2num, num2date
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, MaxNLocator

from bypuls.api.reports.layout import svg
from bypuls.api.reports.layout.fonts import FALLBACK, SANS
from bypuls.api.reports.speed.model import Histogram, SpeedReport
from bypuls.api.reports.speed.render.light_chart import light_levels
from bypuls.api.reports.speed.render.street_map import street_map
from bypuls.api.reports.speed.render.strips import strip, week
from bypuls.api.reports.speed.render.words import Words

DOTS_PER_INCH = 72.0
WEEKEND = 6
NAN = float("nan")


@dataclass(frozen=True, slots=True)
class Size:
    """width [pt], type [pt]; dense charts carry figures where these can be read."""

    width: float
    type: float
    figures: bool
    family: tuple[str, ...]

    def figure(self, height: float) -> Figure:
        """An empty figure, height [pt]."""
        return Figure(figsize=(self.width / DOTS_PER_INCH, height / DOTS_PER_INCH), layout="constrained")


PRINT = Size(482.0, 8.0, figures=True, family=(SANS, FALLBACK))
SCREEN = Size(420.0, 10.5, figures=False, family=(FALLBACK,))


def draw(name: str, report: SpeedReport, words: Words, size: Size) -> str:
    """A chart as SVG. Raises KeyError for an unknown name."""
    made: Callable[[], Figure] = {
        "histogram": lambda: _histogram(report, words, size),
        "hours": lambda: _hours(report, words, size),
        "days": lambda: _days(report, words, size),
        "comparison": lambda: _comparison(report, words, size),
        "week": lambda: week(report, words, size.figure(150.0), size.type, figures=size.figures),
        "light": lambda: light_levels(report, words, size.figure, size.type),
        "map": lambda: street_map(report, words, size.figure, size.width),
        "strip": lambda: strip(report, words, size.figure, size.type),
    }[name]
    return svg.svg_of(made, size=size.type, family=size.family)


def _numbers(axes: Axes, words: Words, *, steps: int = 5, share: bool = False) -> None:
    axes.yaxis.set_major_locator(MaxNLocator(nbins=steps, steps=[1, 2, 5, 10], integer=not share))
    axes.yaxis.set_major_formatter(
        FuncFormatter(lambda value, _: words.share(value, 0) if share else words.num(value, 0))
    )


def _line(
    axes: Axes, at: float, label: str, colour: str, *, top: float = 1.0, dashed: bool = False, left: bool = False
) -> None:
    axes.axvline(at, color=colour, linewidth=1.4, linestyle=(0, (4, 3)) if dashed else "-")
    axes.annotate(
        label, (at, top), xycoords=("data", "axes fraction"), xytext=(-4 if left else 4, -1),
        textcoords="offset points", ha="right" if left else "left", va="top", color=colour, weight=700,
    )  # fmt: skip


def _histogram(report: SpeedReport, words: Words, size: Size) -> Figure:
    figure = size.figure(size.width * 0.42)
    axes = figure.subplots()
    found = report.statistics.all
    lower, width, shares = _classes(report.histogram, report.histogram.all)
    limit = found.limit_kmh
    colours = [svg.TRAFFIC if limit is not None and low >= limit - 1e-9 else svg.BLUE for low in lower]
    axes.bar(lower, shares, width=width, align="edge", color=colours, alpha=0.85, linewidth=0)
    _bounds(axes, lower, width, shares)
    axes.set_ylim(0, max(shares, default=1.0) * 1.22)
    _numbers(axes, words, share=True)
    axes.set_xlabel(words("Speed, km/h"))
    axes.set_ylabel(words("Vehicles per class of {width} km/h", width=words.num(report.histogram.width_kmh)))
    below = limit is not None and found.v85_kmh is not None and found.v85_kmh < limit
    if limit is not None:
        _line(axes, limit, words("limit {kmh}", kmh=words.num(limit)), svg.INK, left=not below)
    if found.v85_kmh is not None:
        _line(axes, found.v85_kmh, f"V85 {words.num(found.v85_kmh, 1)}", svg.TRAFFIC, dashed=True, left=below)
    return figure


def _classes(histogram: Histogram, counts: Sequence[float]) -> tuple[list[float], list[float], list[float]]:
    """Lower edges, widths, shares; an open top class is drawn as wide as the others."""
    n = sum(counts) or 1
    lower = [float(low) for low in histogram.lower_kmh]
    width = [
        (histogram.width_kmh if upper is None else upper - low)
        for low, upper in zip(lower, histogram.upper_kmh, strict=True)
    ]
    return lower, width, [count / n for count in counts]


def _bounds(axes: Axes, lower: Sequence[float], width: Sequence[float], *shares: Sequence[float]) -> None:
    """Shows the classes that matter: from the first to the last with at least one vehicle in 2,000."""
    seen = [at for at in range(len(lower)) if any(part[at] > 0.0005 for part in shares)]
    if seen:
        axes.set_xlim(max(0.0, lower[seen[0]] - 2.0), lower[seen[-1]] + width[seen[-1]] + 4.0)


def _hours(report: SpeedReport, words: Words, size: Size) -> Figure:
    figure = size.figure(size.width * 0.5)
    speeds, volumes = figure.subplots(2, 1, sharex=True, height_ratios=(3, 2))
    rows = report.hours
    at = [row.hour + 0.5 for row in rows]
    for label, colour, values in (
        ("V85", svg.TRAFFIC, [row.v85_kmh for row in rows]),
        ("V50", svg.BLUE, [row.v50_kmh for row in rows]),
    ):
        known = [NAN if value is None else value for value in values]
        speeds.plot(at, known, color=colour, linewidth=1.6)
        firm = [value if not row.shaded else NAN for value, row in zip(known, rows, strict=True)]
        speeds.plot(at, known, "o", color=colour, markersize=3.6, markerfacecolor=svg.PAPER, markeredgewidth=0.9)
        speeds.plot(at, firm, "o", color=colour, markersize=3.6, label=label)
    averaged = any(row.n_per_day is not None for row in rows)
    limit = report.statistics.all.limit_kmh
    if limit is not None:
        speeds.axhline(limit, color=svg.INK, linewidth=1.2, label=words("limit {kmh}", kmh=words.num(limit)))
    speeds.legend(loc="lower left", bbox_to_anchor=(0, 0.99), ncols=3, borderaxespad=0, handlelength=1.4)
    speeds.set_ylabel("km/h" if words.lang == "en" else "km/t")
    speeds.margins(y=0.12)
    _numbers(speeds, words)
    volumes.bar(
        at,
        [NAN if value is None else value for value in (row.n_per_day if averaged else row.n for row in rows)],
        width=0.82,
        color=svg.BLUE,
        alpha=0.85,
        linewidth=0,
    )
    for row in rows:
        if row.n is None:
            volumes.axvspan(
                row.hour, row.hour + 1, facecolor="none", edgecolor=svg.SOFT, hatch="////", linewidth=0, alpha=0.5
            )
    volumes.set_ylabel(words("Vehicles/h") if averaged else words("Vehicles"))
    volumes.set_xlim(0, 24)
    volumes.set_xticks(range(0, 25, 2 if size.figures else 3))
    title = words("Hour of the day, average of all days") if averaged else words("Hour of the day, sum of all days")
    if any(row.n is None for row in rows):
        title += words("; hatched: nobody watched")
    volumes.set_xlabel(title)
    _numbers(volumes, words, steps=3)
    return figure


def _days(report: SpeedReport, words: Words, size: Size) -> Figure:
    figure = size.figure(size.width * 0.46)
    speeds, volumes = figure.subplots(2, 1, sharex=True, height_ratios=(3, 2))
    rows = report.days
    at = [float(date2num(row.date)) for row in rows]
    v85 = [NAN if row.v85_kmh is None else row.v85_kmh for row in rows]
    few = len(rows) <= 62
    speeds.plot(at, v85, color=svg.TRAFFIC, linewidth=1.2 if few else 0.9, label="V85")
    if few:
        full = [value if row.full else NAN for value, row in zip(v85, rows, strict=True)]
        speeds.plot(at, v85, "o", color=svg.TRAFFIC, markersize=4, markerfacecolor=svg.PAPER, markeredgewidth=1)
        speeds.plot(at, full, "o", color=svg.TRAFFIC, markersize=4)
    limit = report.statistics.all.limit_kmh
    if limit is not None:
        speeds.axhline(limit, color=svg.INK, linewidth=1.2, label=words("limit {kmh}", kmh=words.num(limit)))
    for done in report.site.interventions:
        if rows[0].date <= done.date <= rows[-1].date:
            speeds.axvline(
                float(date2num(done.date)) - 0.5,
                color=svg.GOOD,
                linewidth=1.2,
                linestyle=(0, (2, 2)),
                label=words("intervention"),
            )
    speeds.legend(loc="lower left", bbox_to_anchor=(0, 0.99), ncols=3, borderaxespad=0, handlelength=1.4)
    speeds.set_ylabel("km/h" if words.lang == "en" else "km/t")
    speeds.margins(y=0.15)
    _numbers(speeds, words)
    free = [row.weekday >= WEEKEND or row.holiday is not None for row in rows]
    for part, colour, label in (
        (False, svg.BLUE, words("working day")),
        (True, svg.SOFT, words("weekend, public holiday")),
    ):
        heights = [
            float(row.n) if row.n is not None and off is part else 0.0 for row, off in zip(rows, free, strict=True)
        ]
        volumes.bar(at, heights, width=0.85 if few else 1.0, color=colour, alpha=0.85, linewidth=0, label=label)
    volumes.legend(
        loc="lower left", bbox_to_anchor=(0, 0.99), ncols=2, borderaxespad=0, handlelength=0.9, handleheight=0.8
    )
    volumes.set_ylabel(words("Vehicles/day"))
    _numbers(volumes, words, steps=3)
    _date_axis(volumes, at, words, size)
    return figure


def _date_axis(axes: Axes, at: Sequence[float], words: Words, size: Size) -> None:
    most = 9 if size.figures else 6
    if len(at) <= most + 3:
        axes.set_xticks(at)
    elif len(at) <= 120:
        axes.set_xticks(at[:: -(-len(at) // most)])
    else:
        axes.xaxis.set_major_locator(AutoDateLocator(minticks=3, maxticks=most))

    def label(value: float, _: object) -> str:
        found: date = num2date(value).date()
        name = words.short_day(found)
        return f"{words.weekday(found.isoweekday(), short=True)}\n{name}" if len(at) <= most + 3 else name

    axes.xaxis.set_major_formatter(FuncFormatter(label))
    axes.set_xlim(min(at) - 0.6, max(at) + 0.6)


def _comparison(report: SpeedReport, words: Words, size: Size) -> Figure:
    figure = size.figure(size.width * 0.42)
    axes = figure.subplots()
    compared = report.comparison
    drawn = []
    if compared is not None:
        parts = (
            ("before", words("before"), svg.SOFT, compared.before.statistics.v85_kmh),
            ("after", words("after"), svg.TRAFFIC, compared.after.statistics.v85_kmh),
        )
        for name, label, colour, v85 in parts:
            histogram = compared.histograms.get(name)
            if histogram is None:
                continue
            lower, width, shares = _classes(histogram, histogram.all)
            edges = [*lower, lower[-1] + width[-1]]
            axes.stairs(shares, edges, color=colour, linewidth=1.5, fill=False, label=label)
            axes.stairs(shares, edges, color=colour, alpha=0.16, fill=True)
            if v85 is not None:
                axes.axvline(
                    v85, color=colour, linewidth=1.3, linestyle=(0, (4, 3)), label=f"V85 {label} {words.num(v85, 1)}"
                )
            drawn.append((lower, width, shares))
        limit = compared.after.statistics.limit_kmh
        if limit is not None:
            axes.axvline(limit, color=svg.INK, linewidth=1.2, label=words("limit {kmh}", kmh=words.num(limit)))
    if drawn:
        _bounds(
            axes, drawn[0][0], drawn[0][1], *(shares for lower, _, shares in drawn if len(lower) == len(drawn[0][0]))
        )
    axes.legend(
        loc="lower left", bbox_to_anchor=(0, 1.0), ncols=5 if size.figures else 2, borderaxespad=0, handlelength=1.4
    )
    axes.set_ylim(0, None)
    _numbers(axes, words, share=True)
    axes.set_xlabel(words("Speed, km/h"))
    axes.set_ylabel(words("Share of vehicles"))
    return figure
