"""A map of the town at night without tiles: streets, and lamps where they stand, north up, so that no stranger's server
is asked."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from bypuls.api.geometry import DEGREE_KM, Point, lines_of
from bypuls.api.lighting.lamps_now import STATES
from bypuls.api.lighting.town import Town, along, cabinet_entry, stretches
from bypuls.api.web.lights_list import WORTH_A_LOOK
from bypuls.api.web.map_names import Name, names_of
from bypuls.store.registry import Lamp

MARGIN = 40.0
LEAST_KM = 0.15
_LEAST_APART = 9.0
_MOST_JOINED = 400
"""Lamps of one cabinet that are joined to it: more are a blot."""


@dataclass(frozen=True, slots=True)
class Spot:
    """A lamp or cabinet on the map."""

    id: str
    name: str
    state: str
    x: float
    y: float


@dataclass(frozen=True, slots=True)
class LightsMap:
    """roads, guessed, dark : points of polylines; guessed ones go through a street's lamps, where the registry lacks
    its line.  feeds : a path for each cabinet, to the lamps that it feeds; not where the cables lie.  names : of
    streets.  lamps : those that are well first, so that faults lie on top.  radius : of a lamp.
    coarse : neighbouring lamps lie upon each other.  bar : length of the scale's bar, which is bar_km long.
    unplaced : lamps without a place.  middle : (latitude, longitude) [°] of its middle.  km : length of a kilometre."""

    width: float
    height: float
    roads: tuple[str, ...]
    guessed: tuple[str, ...]
    feeds: tuple[str, ...]
    names: tuple[Name, ...]
    dark: tuple[str, ...]
    lamps: tuple[Spot, ...]
    cabinets: tuple[Spot, ...]
    radius: float
    coarse: bool
    bar: float
    bar_km: float
    unplaced: int
    middle: tuple[float, float]
    km: float

    def place(self, x: float, y: float) -> tuple[float, float]:
        """Latitude and longitude of a point of the drawing."""
        lat, lon = self.middle
        across = math.cos(math.radians(lat)) * DEGREE_KM * self.km
        return lat - (y - self.height / 2.0) / (DEGREE_KM * self.km), lon + (x - self.width / 2.0) / across

    def point(self, lat: float, lon: float) -> tuple[float, float]:
        """The point of a place."""
        middle, centre = self.middle
        across = math.cos(math.radians(middle)) * DEGREE_KM * self.km
        return self.width / 2.0 + (lon - centre) * across, self.height / 2.0 - (lat - middle) * DEGREE_KM * self.km


def lights_map(
    town: Town, lamps: Sequence[str], *, cabinets: Sequence[str] = (), width: float = 640.0, most_height: float = 400.0
) -> LightsMap | None:
    """These lamps and cabinets; None where no lamp has a place."""
    directory = town.directory
    placed = [row for id in lamps if (row := directory.lamps[id]).lat is not None and row.lon is not None]
    if not placed:
        return None
    boxes = [cabinet_entry(town, id) for id in cabinets]
    boxes = [one for one in boxes if one["lat"] is not None and one["lon"] is not None]
    points: list[Point] = [(float(row.lon or 0.0), float(row.lat or 0.0)) for row in placed]
    points += [(one["lon"], one["lat"]) for one in boxes]
    west, east = min(p[0] for p in points), max(p[0] for p in points)
    south, north = min(p[1] for p in points), max(p[1] for p in points)
    middle, centre = (south + north) / 2.0, (west + east) / 2.0
    across = math.cos(math.radians(middle))
    wide_km = max((east - west) * across * DEGREE_KM, LEAST_KM)
    tall_km = max((north - south) * DEGREE_KM, LEAST_KM / 3.0)
    scale = min((width - 2 * MARGIN) / wide_km, (most_height - 2 * MARGIN) / tall_km)
    height = round(max(tall_km * scale + 2 * MARGIN, 150.0), 1)

    def at(point: Point) -> tuple[float, float]:
        x = width / 2.0 + (point[0] - centre) * across * DEGREE_KM * scale
        return round(x, 1), round(height / 2.0 - (point[1] - middle) * DEGREE_KM * scale, 1)

    def line(shape: Sequence[Point]) -> str:
        return " ".join(f"{x:g},{y:g}" for x, y in map(at, shape))

    known, guessed = _streets(town, placed)
    lamps_of = Counter(row.site for row in placed)
    named = [
        (directory.sites[id].name, [[at(point) for point in one] for one in lines])
        for id, lines in sorted((known | guessed).items(), key=lambda one: -lamps_of[one[0]])
    ]

    order = {state: rank for rank, state in enumerate(reversed(STATES))}
    spots = [Spot(row.id, row.name, town.state(row.id), *at((row.lon or 0.0, row.lat or 0.0))) for row in placed]
    drawn = tuple(Spot(one["cabinet"], one["name"], one["state"], *at((one["lon"], one["lat"]))) for one in boxes)
    marks = [(one.x, one.y) for one in (*drawn, *(spot for spot in spots if spot.state in WORTH_A_LOOK))]
    mine = set(lamps)
    coarse = _coarse(spots)
    bars = (20.0, 10.0, 5.0, 2.0, 1.0, 0.5, 0.2, 0.1, 0.05)
    bar_km = next((km for km in bars if km * scale <= width / 4.0), 0.05)
    return LightsMap(
        width=width,
        height=height,
        roads=tuple(line(one) for lines in known.values() for one in lines),
        guessed=tuple(line(one) for lines in guessed.values() for one in lines),
        feeds=tuple(filter(None, (_feed(box, placed, at) for box in boxes))),
        names=names_of(named, [(one.x, one.y) for one in spots], width, height, marks=marks),
        dark=tuple(
            line([(lon, lat) for lat, lon in one["line"]]) for one in stretches(town) if mine & set(one["lamps"])
        ),
        lamps=tuple(sorted(spots, key=lambda one: order[one.state])),  # type: ignore[index]
        cabinets=drawn,
        radius=2.5 if coarse else 5.0,
        coarse=coarse,
        bar=round(bar_km * scale, 1),
        bar_km=bar_km,
        unplaced=len(lamps) - len(placed),
        middle=(middle, centre),
        km=scale,
    )


def _streets(town: Town, placed: Sequence[Lamp]) -> tuple[dict[str, list[list[Point]]], dict[str, list[list[Point]]]]:
    """By site: lines that the registry holds, and lines through the lamps of the other streets."""
    known = {
        id: lines for id, row in town.directory.sites.items()
        if (lines := [line for line in lines_of(row.geometry, None, None) if len(line) > 1])
    }  # fmt: skip
    others: dict[str, list[Lamp]] = {}
    for row in placed:
        if row.site in town.directory.sites and row.site not in known:
            others.setdefault(str(row.site), []).append(row)
    guessed = {
        id: [[(float(row.lon or 0.0), float(row.lat or 0.0)) for row in along(lamps)[0]]]
        for id, lamps in others.items() if len(lamps) > 1
    }  # fmt: skip
    return known, guessed


def _coarse(spots: Sequence[Spot]) -> bool:
    if len(spots) < 2:
        return False
    points = np.array([(one.x, one.y) for one in spots])
    from scipy.spatial import cKDTree  # slow to load, and only a map needs it

    nearest, _ = cKDTree(points).query(points, k=2)
    return bool(np.median(nearest[:, 1]) < _LEAST_APART)


def _feed(box: Mapping[str, Any], placed: Sequence[Lamp], at: Callable[[Point], Point]) -> str | None:
    """The shortest lines that join a cabinet to its lamps."""
    lamps = [row for row in placed if row.cabinet == box["cabinet"]]
    if not lamps or len(lamps) > _MOST_JOINED:
        return None
    points = [at((box["lon"], box["lat"])), *(at((row.lon or 0.0, row.lat or 0.0)) for row in lamps)]
    where = np.array(points)
    # A distance of zero would be no edge at all.
    apart = np.linalg.norm(where[:, None] - where[None], axis=2) + 1e-6
    from scipy.sparse.csgraph import minimum_spanning_tree

    tree = minimum_spanning_tree(apart).tocoo()
    ends = zip(tree.row.tolist(), tree.col.tolist(), strict=True)
    return " ".join(f"M{points[a][0]:g} {points[a][1]:g}L{points[b][0]:g} {points[b][1]:g}" for a, b in ends)


def for_tiles(town: Town) -> dict[str, Any]:
    """The same for a map with tiles."""
    lamps = [
        [row.id, row.name, town.state(row.id), row.lat, row.lon] for row in town.directory.lamps.values()
        if row.lat is not None and row.lon is not None and row.id in town.lamps
    ]  # fmt: skip
    boxes = [
        [row.id, row.name, cabinet_entry(town, row.id)["state"], row.lat, row.lon]
        for row in town.directory.cabinets.values() if row.lat is not None and row.lon is not None
    ]  # fmt: skip
    return {"lamps": lamps, "cabinets": boxes, "dark": [one["line"] for one in stretches(town)]}
