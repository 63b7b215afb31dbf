"""The street section on a map, drawn from the registry alone: no tiles, so nobody's server is asked.

To the left the section with its sensors and the directions that they tell apart, other registered streets in grey; to
the right, where there are others, all of them, to find one's way. North is up."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import pairwise

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from bypuls.api.geometry import Point, lines_of, on_plane_km
from bypuls.api.reports.layout import svg
from bypuls.api.reports.speed.model import Sensor, SpeedReport
from bypuls.api.reports.speed.render.labels import heading
from bypuls.api.reports.speed.render.words import Words

LEAST_M = 160.0
"""So wide is the map at least, also of a street that is one point."""
SCALES_M = (10_000, 5_000, 2_000, 1_000, 500, 200, 100, 50, 20)
TOWARD, AWAY = "toward", "away"
ASPECT = 0.3
GAP = 0.02
DETAIL = 0.62
Line = list[Point]


@dataclass(frozen=True, slots=True)
class Window:
    """What a map shows [m]."""

    x: float
    y: float
    width: float
    height: float

    @classmethod
    def around(cls, points: Sequence[Point], ratio: float, margin: float) -> Window:
        """Around all points, of a shape width : height, with a margin as a share."""
        xs, ys = [p[0] for p in points], [p[1] for p in points]
        wide = max(max(xs) - min(xs), LEAST_M) * (1.0 + margin)
        tall = max(max(ys) - min(ys), LEAST_M / ratio) * (1.0 + margin)
        width = max(wide, tall * ratio)
        return cls((min(xs) + max(xs)) / 2.0, (min(ys) + max(ys)) / 2.0, width, width / ratio)


def has_map(report: SpeedReport) -> bool:
    """Whether the registry says where the street is."""
    return bool(lines_of(report.site.geometry, report.site.lat, report.site.lon))


def street_map(report: SpeedReport, words: Words, figure_of: Callable[[float], Figure], width: float) -> Figure:
    """The map. width : of the figure [pt].  Raises ValueError for a site without a place."""
    site = report.site
    own_deg = lines_of(site.geometry, site.lat, site.lon)
    if not own_deg:
        raise ValueError(f"site {site.id}: no geometry and no position; expected one of them for a map")
    origin = own_deg[0][0]
    own = [_metres(line, origin) for line in own_deg]
    others = [
        (one.name, [_metres(line, origin) for line in lines_of(one.geometry, None, None)]) for one in site.neighbours
    ]
    figure = figure_of(width * ASPECT)
    figure.set_layout_engine("none")
    height_in, width_in = figure.get_figheight(), figure.get_figwidth()
    share = DETAIL if others else 1.0
    axes = figure.add_axes((0.0, 0.0, share - (GAP / 2 if others else 0.0), 1.0))
    ratio = (share - (GAP / 2 if others else 0.0)) * width_in / height_in
    _detail(axes, report, words, origin, own, others, ratio)
    if others:
        town = figure.add_axes((share + GAP / 2, 0.0, 1.0 - share - GAP / 2, 1.0))
        _town(town, words, own, others, (1.0 - share - GAP / 2) * width_in / height_in)
    return figure


def _metres(line: Sequence[Point], origin: Point) -> Line:
    return [(x * 1000.0, y * 1000.0) for x, y in (on_plane_km(point, origin) for point in line)]


def _frame(axes: Axes, window: Window) -> None:
    axes.set_xlim(window.x - window.width / 2.0, window.x + window.width / 2.0)
    axes.set_ylim(window.y - window.height / 2.0, window.y + window.height / 2.0)
    axes.set_xticks([])
    axes.set_yticks([])
    axes.grid(visible=False)
    for spine in axes.spines.values():
        spine.set_visible(True)
        spine.set_color(svg.LINE)


def _draw(axes: Axes, lines: Sequence[Line], colour: str, linewidth: float) -> None:
    for line in lines:
        xs, ys = [p[0] for p in line], [p[1] for p in line]
        if len(line) == 1:
            axes.plot(xs, ys, "o", color=colour, markersize=linewidth * 1.3)
        else:
            axes.plot(xs, ys, color=colour, linewidth=linewidth, solid_capstyle="round", solid_joinstyle="round")


def _detail(
    axes: Axes, report: SpeedReport, words: Words, origin: Point, own: list[Line], others: list[tuple[str, list[Line]]],
    ratio: float,
) -> None:  # fmt: skip
    sensors = [
        (one, _metres([(one.lon, one.lat)], origin)[0])
        for one in report.sensors
        if one.lat is not None and one.lon is not None
    ]
    window = Window.around([p for line in own for p in line], ratio, 0.45)
    sensors = [(one, at) for one, at in sensors if _inside(window, at)]
    _frame(axes, window)
    for name, lines in others:
        _draw(axes, lines, svg.LINE, 4.0)
        seen = [p for line in lines for p in line if _inside(window, p)]
        if seen:
            axes.annotate(name, seen[len(seen) // 2], xytext=(4, 4), textcoords="offset points", color=svg.SOFT)
    _draw(axes, own, svg.BLUE, 5.0)
    told = [name for name in report.statistics.directions if name in (TOWARD, AWAY)]
    for sensor, at in sensors:
        _arrows(axes, words, window, own, sensor, at, told)
        told = []  # one sensor's arrows are enough
        axes.plot([at[0]], [at[1]], "o", color=svg.TRAFFIC, markersize=7.5, markeredgecolor=svg.PAPER, zorder=5)
        _name(axes, own, sensor, at, words("Sensor") if len(sensors) == 1 else sensor.id)
    _north(axes, words)
    _scale(axes, words, window)


def _inside(window: Window, at: Point) -> bool:
    return abs(at[0] - window.x) < window.width / 2.0 and abs(at[1] - window.y) < window.height / 2.0


def _along(own: Sequence[Line], at: Point) -> Point:
    """The street's direction where it passes a point, as a unit vector."""
    best, found = math.inf, (1.0, 0.0)
    for line in own:
        for (ax, ay), (bx, by) in pairwise(line):
            length = math.hypot(bx - ax, by - ay)
            if length == 0.0:
                continue
            ux, uy = (bx - ax) / length, (by - ay) / length
            along = min(max((at[0] - ax) * ux + (at[1] - ay) * uy, 0.0), length)
            off = math.hypot(ax + ux * along - at[0], ay + uy * along - at[1])
            if off < best:
                best, found = off, (ux, uy)
    return found


def _look(own: Sequence[Line], sensor: Sensor, at: Point) -> Point:
    """The street's direction as the sensor looks along it; as it was drawn, where that isn't known."""
    ux, uy = _along(own, at)
    if sensor.bearing_deg is None:
        return ux, uy
    east, north = math.sin(math.radians(sensor.bearing_deg)), math.cos(math.radians(sensor.bearing_deg))
    return (ux, uy) if ux * east + uy * north >= 0.0 else (-ux, -uy)


def _name(axes: Axes, own: Sequence[Line], sensor: Sensor, at: Point, name: str) -> None:
    """The sensor's name behind it, clear of the arrows and of the street."""
    ux, uy = _look(own, sensor, at)
    if abs(ux) >= abs(uy):
        above = ux * uy > 0.0
        axes.annotate(
            name, at, xytext=(-9 if ux > 0.0 else 9, 9 if above else -9), textcoords="offset points",
            color=svg.TRAFFIC, weight=700, zorder=6, ha="right" if ux > 0.0 else "left",
            va="bottom" if above else "top",
        )  # fmt: skip
    else:
        axes.annotate(
            name, at, xytext=(9, -9 if uy > 0.0 else 9), textcoords="offset points", color=svg.TRAFFIC, weight=700,
            zorder=6, va="center",
        )  # fmt: skip


def _arrows(
    axes: Axes, words: Words, window: Window, own: list[Line], sensor: Sensor, at: Point, told: Sequence[str]
) -> None:
    """An arrow for each direction, on the right-hand side of the street as one drives."""
    if sensor.bearing_deg is None or not told:
        return
    ux, uy = _look(own, sensor, at)
    # The arrows lie where the sensor looks.
    length, off = window.height * 0.2, window.height * 0.055
    for name in told:
        dx, dy = (-ux, -uy) if name == TOWARD else (ux, uy)
        middle = at[0] + ux * length * 1.35 + dy * off, at[1] + uy * length * 1.35 - dx * off
        start = middle[0] - dx * length / 2.0, middle[1] - dy * length / 2.0
        end = middle[0] + dx * length / 2.0, middle[1] + dy * length / 2.0
        axes.annotate(
            "", end, xytext=start, arrowprops={"arrowstyle": "-|>", "color": svg.INK, "linewidth": 1.4}, zorder=5
        )
        text_at = middle[0] + dy * off * 1.1, middle[1] - dx * off * 1.1
        right, above = dy, -dx
        axes.annotate(
            heading(name, words), text_at, color=svg.INK, zorder=6,
            ha="left" if right > 0.35 else "right" if right < -0.35 else "center",
            va="bottom" if above > 0.35 else "top" if above < -0.35 else "center",
        )  # fmt: skip


def _north(axes: Axes, words: Words) -> None:
    axes.annotate(
        words("N"), (0.965, 0.95), xytext=(0.965, 0.79), xycoords="axes fraction", textcoords="axes fraction",
        ha="center", va="top", color=svg.INK, weight=700,
        arrowprops={"arrowstyle": "-|>", "color": svg.INK, "linewidth": 1.2},
    )  # fmt: skip


def _scale(axes: Axes, words: Words, window: Window) -> None:
    """A bar of a round length, at the lower left."""
    metres = next((one for one in SCALES_M if one <= window.width / 3.5), SCALES_M[-1])
    share = metres / window.width
    left, low = 0.03, 0.06
    axes.plot(
        [left, left, left + share, left + share], [low + 0.03, low, low, low + 0.03], color=svg.INK, linewidth=1.2,
        transform=axes.transAxes,
    )  # fmt: skip
    label = f"{words.num(metres)} m" if metres < 1000 else f"{words.num(metres / 1000)} km"
    axes.annotate(label, (left + share, low), xycoords="axes fraction", xytext=(4, 0), textcoords="offset points",
                  ha="left", va="bottom", color=svg.INK)  # fmt: skip


def _town(axes: Axes, words: Words, own: list[Line], others: list[tuple[str, list[Line]]], ratio: float) -> None:
    points = [p for _, lines in others for line in lines for p in line] + [p for line in own for p in line]
    window = Window.around(points, ratio, 0.2)
    _frame(axes, window)
    for _, lines in others:
        _draw(axes, lines, svg.SOFT, 2.0)
    _draw(axes, own, svg.BLUE, 3.2)
    middle = own[0][len(own[0]) // 2]
    axes.plot(
        [middle[0]], [middle[1]], "o", color="none", markersize=17, markeredgecolor=svg.TRAFFIC, markeredgewidth=1.4
    )
    _scale(axes, words, window)
