"""Which meters an account is made of: each kilowatt-hour once, in one domain.

Meters form a tree. The outermost ones of a medium are counted; what is behind them is already in them. A meter behind a
counted one that belongs to another domain (a charging point in a building) moves its kilowatt-hours there: it is added
to its own domain and taken from the other, and changes no total.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal, TypeAlias

from bypuls.api.directory import Directory
from bypuls.api.energy import counted_meters
from bypuls.store.registry import Sensor

CARRIERS = ("electricity", "heat", "gas")
DOMAINS = ("buildings", "lighting", "charging", "fleet", "other")
PartKind: TypeAlias = Literal["all", "building", "domain"]
_DOMAIN_OF_PLACE = {"building": "buildings", "cabinet": "lighting", "lamp": "lighting"}


@dataclass(frozen=True, slots=True)
class Part:
    """What of the town is accounted: everything, one building, or one domain."""

    kind: PartKind = "all"
    id: str | None = None


WHOLE = Part()


@dataclass(frozen=True, slots=True)
class Source:
    """A meter (or an unmetered lamp) of an account. sign : −1 where it is taken off (a tenant).
    moved_from : the domain that its kilowatt-hours are taken from; None = it is counted itself."""

    sensor: Sensor
    carrier: str
    sign: int
    domain: str
    place: tuple[str, str] | None
    moved_from: str | None = None


def sources_of(directory: Directory, part: Part) -> list[Source]:
    """The meters of a part, counted ones and those that only move, by id."""
    tree = _Tree(directory)
    found = []
    for sensor in sorted(directory.sensors.values(), key=lambda one: one.id):
        carrier = _carrier(sensor)
        if carrier is None or (sensor.asset is None and sensor.domain is None):
            continue
        if part.kind == "building" and sensor.building != part.id:
            continue
        inside = part.id if part.kind == "building" else None
        parent = tree.parent(sensor, carrier, building=inside)
        domain = tree.domain(sensor)
        if parent is None or sensor.sign < 0:
            # A lamp behind no meter of its own: its own register is all there is.
            found.append(Source(sensor, carrier, sensor.sign, domain, sensor.asset))
        elif tree.domain(parent) != domain:
            found.append(Source(sensor, carrier, 1, domain, sensor.asset, moved_from=tree.domain(parent)))
    if part.kind == "domain":
        found = [one for one in found if part.id in (one.domain, one.moved_from)]
    return found


class _Tree:
    def __init__(self, directory: Directory) -> None:
        self._directory = directory
        self._cabinet_meters = {
            cabinet: main[0] for cabinet, meters in directory.cabinet_meters.items()
            if (main := [meter for meter, sign in counted_meters(directory, meters) if sign > 0])
        }  # fmt: skip

    def parent(self, sensor: Sensor, carrier: str, *, building: str | None) -> Sensor | None:
        """The nearest meter of the same medium that the sensor sits behind; within the building where one is given."""
        for above in self._above(sensor):
            if above.kind == "meter" and above.medium == carrier and (building is None or above.building == building):
                return above
        return None

    def _above(self, sensor: Sensor) -> Iterable[Sensor]:
        yield from self._directory.ancestors(sensor)
        # A lamp of which nobody said so is behind its cabinet's meter all the same.
        lamp = self._directory.lamps.get(sensor.lamp or "")
        if sensor.kind == "lamp" and sensor.parent is None and lamp is not None and lamp.cabinet is not None:
            meter = self._cabinet_meters.get(lamp.cabinet)
            if meter is not None:
                yield meter
                yield from self._directory.ancestors(meter)

    def domain(self, sensor: Sensor) -> str:
        if sensor.domain is not None:
            return sensor.domain
        return _DOMAIN_OF_PLACE.get(sensor.asset[0], "other") if sensor.asset is not None else "other"


def _carrier(sensor: Sensor) -> str | None:
    if sensor.kind == "lamp":
        return "electricity"
    return sensor.medium if sensor.kind == "meter" and sensor.medium in CARRIERS else None
