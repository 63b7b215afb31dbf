"""A map of the town at night without tiles: lamps where they stand, north up, so that no stranger's server is asked."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from bypuls.api.geometry import DEGREE_KM, Point, lines_of
from bypuls.api.lighting.lamps_now import STATES
from bypuls.api.lighting.town import Town, cabinet_entry, stretches

MARGIN = 26.0
LEAST_KM = 0.15


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
    """roads, dark : points of polylines.  lamps : those that are well first, so that faults lie on top.
    radius : of a lamp.  bar : length of the scale's bar, which is bar_km long.  unplaced : lamps without a place.
    middle : (latitude, longitude) [°] of its middle.  km : length of a kilometre."""

    width: float
    height: float
    roads: tuple[str, ...]
    dark: tuple[str, ...]
    lamps: tuple[Spot, ...]
    cabinets: tuple[Spot, ...]
    radius: float
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
    sites = {row.site for row in placed if row.site in directory.sites}
    roads = [
        line for id in sorted(filter(None, sites)) for line in lines_of(directory.sites[id].geometry, None, None)
        if len(line) > 1
    ]  # fmt: skip
    points: list[Point] = [(float(row.lon or 0.0), float(row.lat or 0.0)) for row in placed]
    points += [(one["lon"], one["lat"]) for one in boxes]
    west, east = min(p[0] for p in points), max(p[0] for p in points)
    south, north = min(p[1] for p in points), max(p[1] for p in points)
    middle, centre = (south + north) / 2.0, (west + east) / 2.0
    across = math.cos(math.radians(middle))
    wide_km = max((east - west) * across * DEGREE_KM, LEAST_KM)
    tall_km = max((north - south) * DEGREE_KM, LEAST_KM / 3.0)
    scale = min((width - 2 * MARGIN) / wide_km, (most_height - 2 * MARGIN) / tall_km)
    height = round(max(tall_km * scale + 2 * MARGIN, 130.0), 1)

    def at(point: Point) -> tuple[float, float]:
        x = width / 2.0 + (point[0] - centre) * across * DEGREE_KM * scale
        return round(x, 1), round(height / 2.0 - (point[1] - middle) * DEGREE_KM * scale, 1)

    def line(shape: Sequence[Point]) -> str:
        return " ".join(f"{x:g},{y:g}" for x, y in map(at, shape))

    order = {state: rank for rank, state in enumerate(reversed(STATES))}
    spots = [Spot(row.id, row.name, town.state(row.id), *at((row.lon or 0.0, row.lat or 0.0))) for row in placed]
    mine = set(lamps)
    bars = (20.0, 10.0, 5.0, 2.0, 1.0, 0.5, 0.2, 0.1, 0.05)
    bar_km = next((km for km in bars if km * scale <= width / 4.0), 0.05)
    return LightsMap(
        width=width,
        height=height,
        roads=tuple(line(one) for one in roads),
        dark=tuple(
            line([(lon, lat) for lat, lon in one["line"]]) for one in stretches(town) if mine & set(one["lamps"])
        ),
        lamps=tuple(sorted(spots, key=lambda one: order[one.state])),  # type: ignore[index]
        cabinets=tuple(Spot(one["cabinet"], one["name"], one["state"], *at((one["lon"], one["lat"]))) for one in boxes),
        radius=4.0 if len(spots) < 500 else 2.5,
        bar=round(bar_km * scale, 1),
        bar_km=bar_km,
        unplaced=len(lamps) - len(placed),
        middle=(middle, centre),
        km=scale,
    )


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
