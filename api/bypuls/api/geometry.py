"""Places of the registry as lines on the ground."""

from __future__ import annotations

import math
import re

DEGREE_KM = 111.32
"""Of latitude, and of longitude at the equator."""

Point = tuple[float, float]
_PART = re.compile(r"\(([^()]+)\)")


def lines_of(geometry: str | None, lat: float | None, lon: float | None) -> list[list[Point]]:
    """(longitude, latitude) [°] of each line of a geometry in WKT; without one the point alone, or nothing."""
    if geometry:
        found = [
            [(float(pair[0]), float(pair[1])) for pair in (text.split() for text in part.split(",")) if len(pair) >= 2]
            for part in _PART.findall(geometry)
        ]
        return [line for line in found if line]
    return [] if lat is None or lon is None else [[(lon, lat)]]


def on_plane_km(point: Point, origin: Point) -> Point:
    """East and north of `origin` [km], true near its latitude: good for a town."""
    across = math.cos(math.radians(origin[1]))
    return (point[0] - origin[0]) * across * DEGREE_KM, (point[1] - origin[1]) * DEGREE_KM


def apart_km(one: Point, other: Point) -> float:
    """The distance of two points of a town [km]."""
    return math.hypot(*on_plane_km(other, one))
