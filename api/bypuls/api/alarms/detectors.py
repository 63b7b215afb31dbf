"""Each kind's way of being found: how it looks, at what, and how often. A further kind is a line here, a line in the
registry's `ALARM_KINDS`, and a sentence in `words`."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from types import MappingProxyType

from bypuls.api.alarms import cabinet_voltage, climate, energy, lighting, platform, traffic, water
from bypuls.api.alarms.finding import Detector, Subject
from bypuls.api.alarms.scene import Scene
from bypuls.api.lighting_watch.units import units_of
from bypuls.api.vehicles import KINDS
from bypuls.store.registry import Sensor


@dataclass(frozen=True, slots=True)
class Looking:
    """How a kind is looked for. every_s : at most so often [s]; 0 = every round."""

    subjects: Callable[[Scene], Iterable[Subject]]
    detector: Detector
    every_s: float = 0.0


def of_sensor(scene: Scene, sensor: Sensor) -> Subject:
    """A sensor with the places that it stands at: a lamp's cabinet and street, too."""
    places = {"device": sensor.device}
    cabinet, site = sensor.cabinet, sensor.site
    lamp = scene.directory.lamps.get(sensor.lamp or "")
    if lamp is not None:
        cabinet, site = lamp.cabinet, lamp.site
    row = scene.directory.cabinets.get(cabinet or "")
    found = {"building": sensor.building, "cabinet": cabinet, "site": site or (row.site if row else None)}
    return Subject("sensor", sensor.id, places | {kind: place for kind, place in found.items() if place is not None})


def _sensors(*kinds: str) -> Callable[[Scene], Iterable[Subject]]:
    return lambda scene: (of_sensor(scene, one) for one in scene.sensors.values() if one.kind in kinds)


def _devices(scene: Scene) -> Iterable[Subject]:
    return (Subject("device", device, {"device": device}) for device in scene.devices)


def _meters(*media: str) -> Callable[[Scene], Iterable[Subject]]:
    return lambda scene: (of_sensor(scene, one) for one in scene.meters(*media))


def _streets(scene: Scene) -> Iterable[Subject]:
    counted = {one.site for one in scene.sensors.values() if one.kind in KINDS and one.site is not None}
    return (Subject("site", site, {"site": site}) for site in sorted(counted))


def _cabinets(scene: Scene) -> Iterable[Subject]:
    for id, row in scene.directory.cabinets.items():
        yield Subject("cabinet", id, {"cabinet": id} | ({"site": row.site} if row.site is not None else {}))


def _metered_cabinets(scene: Scene) -> Iterable[Subject]:
    units = units_of(scene.directory, scene.now).values()
    watched = {one.id for one in units if one.kind == "meter"}
    return (subject for subject in _cabinets(scene) if subject.id in watched)


def _targets(scene: Scene) -> Iterable[Subject]:
    return (Subject("target", id, {}) for id in scene.directory.targets)


_OFTEN_S, _SELDOM_S = 900.0, 3600.0


def _platform(_scene: Scene) -> Iterable[Subject]:
    return (Subject("platform", platform.PLATFORM, {}),)


DETECTORS: Mapping[str, Looking] = MappingProxyType(
    {
        "nothing-arrives": Looking(_platform, platform.nothing_arrives),
        "device-offline": Looking(_devices, platform.offline_devices),
        "sensor-silent": Looking(_sensors("lamp", "cabinet", "weather"), platform.silent_sensors),
        "meter-silent": Looking(_sensors("meter"), platform.silent_sensors),
        "radar-silent": Looking(_sensors("passage", "traffic_bin"), traffic.silent_radars),
        "outbox-growing": Looking(_devices, platform.growing_outboxes),
        "dead-letters-growing": Looking(_platform, platform.growing_dead_letters),
        "cloned-card": Looking(_devices, platform.cloned_cards),
        "clock-unsynchronised": Looking(_devices, platform.unsynchronised_clocks),
        "water-never-zero": Looking(_meters("water"), water.never_zero, _OFTEN_S),
        "night-use": Looking(_meters("electricity"), energy.night_use, _OFTEN_S),
        "summer-heating": Looking(_meters("heat", "gas"), energy.summer_heating, _OFTEN_S),
        "poor-cooling": Looking(_meters("heat"), water.poor_cooling, _OFTEN_S),
        "return-too-warm": Looking(_meters("heat"), water.warm_returns, _OFTEN_S),
        "signature-deviation": Looking(_meters("electricity", "heat", "gas"), energy.deviations, _OFTEN_S),
        "meter-reset": Looking(_meters("electricity", "heat", "gas", "water"), energy.meter_resets, _OFTEN_S),
        "unit-jump": Looking(_meters("electricity", "heat", "gas", "water"), energy.unit_jumps, _OFTEN_S),
        "v85-risen": Looking(_streets, traffic.risen_speeds, _SELDOM_S),
        "feeder-out": Looking(_cabinets, lighting.dead_feeders),
        "lamp-out": Looking(_sensors("lamp"), lighting.dark_lamps),
        "lamp-day-burner": Looking(_sensors("lamp"), lighting.day_burners),
        "lamps-out": Looking(_metered_cabinets, lighting.lamps_out),
        "lamps-day-burning": Looking(_metered_cabinets, lighting.lamps_burning_by_day),
        "cabinet-voltage": Looking(_cabinets, cabinet_voltage.wrong_voltages),
        "lamp-fault": Looking(_sensors("lamp"), lighting.other_faults),
        "cabinet-fault": Looking(_sensors("cabinet"), lighting.cabinet_faults),
        "off-track": Looking(_targets, climate.off_track, _SELDOM_S),
    }
)
