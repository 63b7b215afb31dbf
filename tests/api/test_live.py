"""The stream of changes: the first word at once, then what concerns the listener; silence and a lost store are told."""

import asyncio
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from bypuls.api.latest import Latest
from bypuls.api.live import ALL, LIGHTS, LiveFeed, place
from bypuls.store.protocol import Unavailable
from bypuls.store.registry import Sensor
from bypuls.wire import Lamp, Meter, Passage, Reading

T = datetime(2026, 3, 30, 10, tzinfo=UTC)
METER = Sensor(id="m", device="pi", kind="meter", name="M", building="hall", medium="electricity")
RADAR = Sensor(id="r", device="pi", kind="passage", name="R", site="road")
LAMP = Sensor(id="l", device="pi", kind="lamp", name="L", lamp="lamp")


def said(sensor: Sensor, minute: int, age_s: float = 0.0) -> Latest:
    at = T + timedelta(minutes=minute)
    readings: dict[str, Reading] = {
        "m": Meter(sensor="m", t=at, medium="electricity", power_w=5.0), "r": Passage(sensor="r", t=at, speed_kmh=40.0),
        "l": Lamp(sensor="l", t=at, power_w=5.0),
    }  # fmt: skip
    return Latest(sensor, readings[sensor.id], age_s, 900.0)


class Town:
    """What is seen look by look; None = the store is down. The last one lasts."""

    def __init__(self, *looks: Sequence[Latest] | None) -> None:
        self.looks, self.seen = list(looks), 0

    def __call__(self) -> Sequence[Latest]:
        found = self.looks[min(self.seen, len(self.looks) - 1)]
        self.seen += 1
        if found is None:
            raise Unavailable("down")
        return found


def heard(town: Town, scope: str) -> list[str]:
    """The events that a listener of `scope` has heard when the town's looks are over."""

    async def listen() -> list[str]:
        feed = LiveFeed(town, every_s=0.01, most=1)
        feed.admit()
        events: list[str] = []
        stream = feed.changes(scope)

        async def collect() -> None:
            async for event in stream:
                events.append(event.decode())

        task = asyncio.create_task(collect())
        while town.seen < len(town.looks) + 2:
            await asyncio.sleep(0.005)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        assert feed.listeners == 0, "who goes leaves room for another"
        return events

    found = asyncio.run(listen())
    assert found[0].startswith("retry: ")
    return [line.removeprefix("event: ") for one in found for line in one.splitlines() if line.startswith("event")]


BEFORE = [said(METER, 0), said(RADAR, 0), said(LAMP, 0)]


@pytest.mark.parametrize(
    ("scope", "events"),
    [
        (ALL, ["changed"] * 4), (place("building", "hall"), ["changed"] * 2), (place("site", "road"), ["changed"] * 2),
        (LIGHTS, ["changed"] * 2), (place("lamp", "lamp"), ["changed"] * 2), (place("site", "lane"), ["changed"]),
    ],
)  # fmt: skip
def test_each_hears_what_concerns_it(scope: str, events: list[str]) -> None:
    meter = [said(METER, 1), *BEFORE[1:]]
    radar = [meter[0], said(RADAR, 2), meter[2]]
    lamp = [*radar[:2], said(LAMP, 3)]
    assert heard(Town(BEFORE, meter, meter, radar, lamp), scope) == events


def test_falling_silent_is_a_change() -> None:
    silent = [said(METER, 0, age_s=901.0), *BEFORE[1:]]
    assert heard(Town(BEFORE, BEFORE, silent), place("building", "hall")) == ["changed", "changed"]
    assert heard(Town(BEFORE, BEFORE, silent), LIGHTS) == ["changed"]


def test_a_lost_store_is_told_and_so_is_its_return() -> None:
    assert heard(Town(BEFORE, None, BEFORE), LIGHTS) == ["changed", "unavailable", "changed"]


@pytest.mark.parametrize(
    ("query", "status"),
    [
        ("site=high-street&building=hall", 422), ("lights=true&site=high-street", 422), ("site=nope", 404),
        ("building=nope", 404), ("cabinet=nope", 404), ("lamp=nope", 404), ("lights=perhaps", 422),
        ("cabinet=nope&lights=true", 422), ("lamp=nope&site=high-street", 422),
    ],
)  # fmt: skip
def test_what_cannot_be_watched_is_refused(client: Any, query: str, status: int) -> None:
    answer = client.get(f"/api/v1/live/changes?{query}")
    assert answer.status_code == status
    assert answer.headers["content-type"] == "application/problem+json"
