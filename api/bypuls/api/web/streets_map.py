"""A map of the streets without tiles: lines where they lie, north up, so that no stranger's server is asked."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from bypuls.api.geometry import DEGREE_KM, lines_of

WIDTH = 420.0
MARGIN = 28.0
MOST_HEIGHT, LEAST_HEIGHT = 380.0, 150.0


@dataclass(frozen=True, slots=True)
class Drawn:
    """One street: `lines` as SVG points, its middle, and what it is."""

    site: str
    name: str
    rank: int
    verdict: str | None
    lines: tuple[str, ...]
    x: float
    y: float


@dataclass(frozen=True, slots=True)
class StreetsMap:
    """The map. bar : length of the scale's bar on the map, which is bar_km long."""

    width: float
    height: float
    streets: tuple[Drawn, ...]
    bar: float
    bar_km: float


def streets_map(streets: Sequence[Mapping[str, Any]]) -> StreetsMap | None:
    """The streets whose place is known; None without one. Lengths are true at the map's middle latitude."""
    placed = [(one, lines_of(one["geometry"], one["lat"], one["lon"])) for one in streets]
    placed = [(one, lines) for one, lines in placed if lines]
    if not placed:
        return None
    points = [point for _, lines in placed for line in lines for point in line]
    longitudes, latitudes = [p[0] for p in points], [p[1] for p in points]
    middle = (min(latitudes) + max(latitudes)) / 2.0
    across = math.cos(math.radians(middle))
    wide = max((max(longitudes) - min(longitudes)) * across * DEGREE_KM, 0.4)
    tall = max((max(latitudes) - min(latitudes)) * DEGREE_KM, 0.2)
    scale = min((WIDTH - 2 * MARGIN) / wide, (MOST_HEIGHT - 2 * MARGIN) / tall)
    height = max(tall * scale + 2 * MARGIN, LEAST_HEIGHT)
    centre = (min(longitudes) + max(longitudes)) / 2.0

    def at(point: tuple[float, float]) -> tuple[float, float]:
        x = WIDTH / 2.0 + (point[0] - centre) * across * DEGREE_KM * scale
        return round(x, 1), round(height / 2.0 - (point[1] - middle) * DEGREE_KM * scale, 1)

    drawn = []
    for one, lines in placed:
        moved = [[at(point) for point in line] for line in lines]
        longest = max(moved, key=len)
        x, y = longest[len(longest) // 2]
        texts = tuple(" ".join(f"{x:g},{y:g}" for x, y in line) for line in moved)
        drawn.append(Drawn(one["site"], one["name"], one["rank"], one["verdict"], texts, x, y))
    # The first of the ranking is drawn last: on top.
    bar_km = next(km for km in (10.0, 5.0, 2.0, 1.0, 0.5, 0.2, 0.1) if km * scale <= WIDTH / 4.0 or km == 0.1)
    return StreetsMap(WIDTH, round(height, 1), tuple(reversed(drawn)), round(bar_km * scale, 1), bar_km)


def lines_for_tiles(streets: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """The same streets for a map with tiles: lines of (latitude, longitude), the first of the ranking last, on top."""
    found = []
    for one in reversed(streets):
        lines = [[(lat, lon) for lon, lat in line] for line in lines_of(one["geometry"], one["lat"], one["lon"])]
        if lines:
            found.append({name: one[name] for name in ("site", "name", "rank", "verdict")} | {"lines": lines})
    return found
