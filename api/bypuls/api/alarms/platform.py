"""What the platform itself suffers from: silence, backlogs, refused readings, clocks, copied cards."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from bypuls.api.alarms.finding import Asked, Finding, Key, Parameters
from bypuls.api.alarms.scene import Scene
from bypuls.store.registry import Sensor
from bypuls.wire import to_us

PLATFORM = "platform"
_MIN_US = 60_000_000
_HOUR_US = 60 * _MIN_US
_LEAST_US = 5 * _MIN_US
"""A whole town isn't called silent sooner."""


def after_us(scene: Scene, sensor: Sensor, parameters: Parameters) -> int:
    """After how long a sensor counts as silent [µs]: the rule's word, else its intervals'."""
    after_min = parameters["after_min"]
    return scene.silent_after_us(sensor) if after_min is None else int(after_min * _MIN_US)


def silence(subject: str, spoke_us: int | None, silent_us: int, now_us: int, within: Key | None = None) -> Finding:
    """The finding of something that spoke last at `spoke_us` and counts as silent `silent_us` later."""
    if spoke_us is None:
        return Finding(subject, "present", facts={"spoke_us": None}, within=within)
    if now_us - spoke_us <= silent_us:
        return Finding(subject, "absent", evidence_us=spoke_us)
    since_us = spoke_us + silent_us
    return Finding(subject, "present", since_us, spoke_us, {"spoke_us": spoke_us}, within=within)


def silent_sensors(scene: Scene, asked: Asked) -> Iterator[Finding]:
    """Sensors and meters without a word. Their device's silence says it for all of them."""
    for id, parameters in asked.items():
        sensor = scene.sensors[id]
        found = silence(
            id, scene.spoke_us[id], after_us(scene, sensor, parameters), scene.now_us, ("device-offline", sensor.device)
        )
        health = scene.health(sensor.device)
        if found.seen == "present" and health is not None and id in (health.failing or ()):
            found = Finding(
                id, "present", found.since_us, found.evidence_us, {**found.facts, "failing": True}, within=found.within
            )
        yield found


def offline_devices(scene: Scene, asked: Asked) -> Iterator[Finding]:
    """Devices of which neither health nor any sensor is heard."""
    spoken: dict[str, int] = {}
    shortest: dict[str, int] = {}
    for sensor in scene.sensors.values():
        at_us = scene.spoke_us[sensor.id]
        if at_us is not None:
            spoken[sensor.device] = max(spoken.get(sensor.device, 0), at_us)
        if sensor.kind != "health":
            silent_us = scene.silent_after_us(sensor)
            shortest[sensor.device] = min(shortest.get(sensor.device, silent_us), silent_us)
    for device, parameters in asked.items():
        health = scene.health_sensor(device)
        own_us = scene.spoke_us[device]
        # A device that never tells of itself is judged by the sensor that speaks most often.
        limit_us = after_us(scene, health, parameters)
        if own_us is None and parameters["after_min"] is None:
            limit_us = max(limit_us, shortest.get(device, 0))
        heard = [at_us for at_us in (own_us, spoken.get(device)) if at_us is not None]
        yield silence(
            device, max(heard) if heard else None, limit_us, scene.now_us, ("nothing-arrives", PLATFORM)
        )  # fmt: skip


def nothing_arrives(scene: Scene, asked: Asked) -> Iterator[Finding]:
    """Nobody is heard at all."""
    heard = [at_us for at_us in scene.spoke_us.values() if at_us is not None]
    for subject, parameters in asked.items():
        if not scene.devices:
            yield Finding(subject, "unknown")
            continue
        after_min = parameters["after_min"]
        shortest_us = min((scene.silent_after_us(one) for one in scene.sensors.values()), default=0)
        limit_us = max(shortest_us, _LEAST_US) if after_min is None else int(after_min * _MIN_US)
        yield silence(subject, max(heard) if heard else None, limit_us, scene.now_us)


def growing_outboxes(scene: Scene, asked: Asked) -> Iterator[Finding]:
    """Readings that wait at their device, by age or number; below half of both the alarm may go."""
    for device, parameters in asked.items():
        health = scene.health(device)
        if health is None or health.t is None or (health.outbox_rows is None and health.outbox_oldest_s is None):
            yield Finding(device, "unknown")
            continue
        oldest_s, rows = health.outbox_oldest_s or 0.0, health.outbox_rows or 0
        share = max(
            oldest_s / ((parameters["oldest_min"] or 1.0) * 60.0), rows / (parameters["rows"] or 1.0)
        )  # fmt: skip
        facts = {"rows": rows, "oldest_min": round(oldest_s / 60.0)}
        seen = "present" if share >= 1.0 else "holding" if share >= 0.5 else "absent"
        yield Finding(device, seen, None, to_us(health.t), facts)  # type: ignore[arg-type]


def unsynchronised_clocks(scene: Scene, asked: Asked) -> Iterable[Finding]:
    """Devices that say that they don't know the time."""
    for device in asked:
        health = scene.health(device)
        if health is None or health.t is None or health.clock_synced is None:
            yield Finding(device, "unknown")
        else:
            yield Finding(device, "absent" if health.clock_synced else "present", None, to_us(health.t))


def cloned_cards(scene: Scene, asked: Asked) -> Iterator[Finding]:
    """Devices of which ingest saw two outboxes grow at once. Only a person can tell that one of them is gone: ingest
    sees no more than that it hasn't happened again."""
    noted = {str(row["device"]): row for row in scene.book.alarms() if row["alarm"] == "cloned-card"}
    for device in asked:
        row = noted.get(device)
        if row is None:
            yield Finding(device, "absent", evidence_us=scene.now_us)
            continue
        first_us, last_us = int(str(row["first_us"])), int(str(row["last_us"]))
        yield Finding(device, "present", first_us, last_us, {"last_us": last_us, "detail": str(row["detail"])})


def growing_dead_letters(scene: Scene, asked: Asked) -> Iterator[Finding]:
    """Readings that were refused lately. That there are none tells something only where readings came in."""
    for subject, parameters in asked.items():
        within_min = parameters["within_min"] or 60.0
        since_us = scene.now_us - int(within_min * _MIN_US)
        count, devices = scene.alarms.letters_since(since_us)
        facts = {"letters": count, "devices": list(devices[:5]), "within_min": round(within_min)}
        if count >= (parameters["letters"] or 1.0):
            yield Finding(subject, "present", None, scene.now_us, facts)
        elif count:
            yield Finding(subject, "holding", facts=facts)
        elif scene.alarms.taken_since(since_us // _HOUR_US * _HOUR_US):
            yield Finding(subject, "absent", evidence_us=scene.now_us)
        else:
            yield Finding(subject, "unknown")
