"""Alarms of climate: a target that isn't kept."""

from __future__ import annotations

from collections.abc import Iterator

from bypuls.api.alarms.finding import Asked, Cost, Finding
from bypuls.api.alarms.scene import Scene
from bypuls.api.climate import against_road, target_view
from bypuls.wire import to_us

_DAYS_A_YEAR = 365.25


def off_track(scene: Scene, asked: Asked) -> Iterator[Finding]:
    """Targets whose last finished year lies above the trajectory. 'At risk' ends nothing; too few data say nothing."""
    for id in asked:
        target = scene.directory.targets[id]
        view = target_view(scene.directory, scene.accounts, target, scene.now, scene.zone)
        year = view["status_year"]
        if view["status"] == "insufficient data" or year is None:
            yield Finding(id, "unknown")
            continue
        newest = to_us(scene.now.astimezone(scene.zone).replace(
            year=year + 1, month=1, day=1, hour=0, minute=0, second=0, microsecond=0, fold=0
        ))  # fmt: skip
        if view["status"] != "off track":
            yield Finding(id, "absent" if view["status"] == "on track" else "holding", evidence_us=newest)
            continue
        emitted, allowed = against_road(view)
        facts = {
            "year": year,
            "emitted_t": None if emitted is None else round(emitted, 1),
            "allowed_t": None if allowed is None else round(allowed, 1),
        }
        cost = Cost()
        if emitted is not None and allowed is not None:
            cost = Cost(kg_co2_per_day=(emitted - allowed) * 1000.0 / _DAYS_A_YEAR, how="above-trajectory")
        yield Finding(id, "present", newest, newest, facts, cost)
