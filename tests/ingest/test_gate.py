"""Admission: every reason for which a reading is refused, and none for which it isn't."""

from __future__ import annotations

import dataclasses
from datetime import UTC, datetime, timedelta
from types import MappingProxyType

import pytest

from bypuls.ingest.gate import Gate
from bypuls.store.registry import Admission, SensorEntry
from bypuls.wire import BadField, Batch, Health, Lamp, Meter, Reading, RefusedReading

NOW = datetime(2026, 11, 23, 8, 15, tzinfo=UTC)
SECOND = timedelta(seconds=1)
US = timedelta(microseconds=1)
FROM, TO = NOW - timedelta(days=10), NOW - timedelta(days=5)

ADMISSION = Admission(
    7,
    frozenset({"pi-1", "pi-2"}),
    MappingProxyType(
        {
            "pi-1": SensorEntry("pi-1", "health"),
            "lamp-1": SensorEntry("pi-1", "lamp"),
            "heat-1": SensorEntry("pi-1", "meter", medium="heat"),
            "any-1": SensorEntry("pi-1", "meter"),
            "lamp-2": SensorEntry("pi-2", "lamp"),
            "swapped": SensorEntry("pi-1", "lamp", valid_from=FROM, valid_to=TO),
        }
    ),
)


def lamp(sensor: str = "lamp-1", t: datetime | None = NOW) -> Lamp:
    return Lamp(sensor=sensor, t=t, on=True)


def heat(sensor: str, medium: str) -> Meter:
    return Meter(sensor=sensor, t=NOW, medium=medium, import_wh=1.0)


WELCOME: list[Reading] = [
    lamp(),
    Health(sensor="pi-1", t=NOW, uptime_s=1.0),
    heat("heat-1", "heat"),
    heat("any-1", "gas"),
    lamp(t=datetime(2010, 1, 1, tzinfo=UTC)),
    lamp(t=NOW + timedelta(minutes=5)),
    lamp("swapped", FROM),
    lamp("swapped", TO - US),
]

REFUSED: list[tuple[str, Reading, str]] = [
    ("pi-9", lamp(), "device: 'pi-9' — expected a registered device that is not retired"),
    ("pi-9", lamp("nobody"), "device: 'pi-9' — expected a registered device that is not retired"),
    ("pi-1", lamp("nobody"), "sensor: 'nobody' — expected a sensor that is registered"),
    ("pi-1", lamp("lamp-2"), "sensor: 'lamp-2' — expected a sensor of pi-1; it belongs to pi-2"),
    ("pi-2", Health(sensor="pi-1", t=NOW, uptime_s=1.0), "sensor: 'pi-1' — expected a sensor of pi-2; it belongs to"),
    ("pi-1", lamp("heat-1"), "kind: 'lamp' — expected meter, as heat-1 is registered"),
    ("pi-1", heat("heat-1", "gas"), "medium: 'gas' — expected heat, as heat-1 is registered"),
    ("pi-1", lamp(t=None), "t: none — expected a time; the device's clock was never synchronised"),
    ("pi-1", lamp(t=datetime(2010, 1, 1, tzinfo=UTC) - US), "t: 2009-12-31T23:59:59.999999Z — expected 2010-01-01T"),
    ("pi-1", lamp(t=datetime(1970, 1, 1, tzinfo=UTC)), "t: 1970-01-01T00:00:00Z — expected 2010-01-01T00:00:00Z"),
    ("pi-1", lamp(t=NOW + timedelta(minutes=5) + US), "t: 2026-11-23T08:20:00.000001Z — expected a time that is not"),
    ("pi-1", lamp("swapped", FROM - US), "expected a time while swapped is registered as in service"),
    ("pi-1", lamp("swapped", TO), "expected a time while swapped is registered as in service"),
]


@pytest.mark.parametrize("reading", WELCOME, ids=lambda r: f"{r.sensor}-{r.t}")
def test_welcome(reading: Reading) -> None:
    assert Gate(ADMISSION).refusal("pi-1", reading, NOW) is None


@pytest.mark.parametrize(("device", "reading", "reason"), REFUSED)
def test_refused(device: str, reading: Reading, reason: str) -> None:
    said = Gate(ADMISSION).refusal(device, reading, NOW)
    assert said is not None
    assert reason in said


def test_the_limits_of_time_are_settings() -> None:
    gate = Gate(ADMISSION, earliest=NOW - SECOND, ahead=SECOND)
    times = [-1.0, 0.0, 1.0]
    assert [gate.refusal("pi-1", lamp(t=NOW + timedelta(seconds=s)), NOW) for s in times] == [None] * 3
    for seconds in (-1.000001, 1.000001):
        assert gate.refusal("pi-1", lamp(t=NOW + timedelta(seconds=seconds)), NOW) is not None


def test_a_reading_that_the_codec_refused_keeps_its_reason() -> None:
    bad = RefusedReading(b"{}", BadField("kind", None, "a kind"))
    assert Gate(ADMISSION).refusal("pi-1", bad, NOW) == "kind: None — expected a kind"


def test_a_batch_is_judged_number_by_number() -> None:
    bad = RefusedReading(b"{}", BadField("kind", None, "a kind"))
    batch = Batch("pi-1", "e", 41, NOW, (lamp(), bad, lamp("nobody"), lamp(t=NOW - SECOND)))
    judged = Gate(ADMISSION).judge(batch, NOW)
    assert [seq for seq, _ in judged.admitted] == [41, 44]
    assert [seq for seq, _ in judged.refused] == [42, 43]
    assert judged.strangers


def test_strangers_are_those_that_a_look_at_the_registry_may_make_known() -> None:
    gate = Gate(ADMISSION)
    for readings in ((lamp(),), (lamp(t=None),), (RefusedReading(b"{}", BadField("kind", None, "a kind")),)):
        assert not gate.judge(Batch("pi-1", "e", 1, NOW, readings), NOW).strangers


def test_a_sensor_that_moved_to_another_device_belongs_to_that_one() -> None:
    sensors = dict(ADMISSION.sensors) | {"lamp-1": dataclasses.replace(ADMISSION.sensors["lamp-1"], device="pi-2")}
    gate = Gate(dataclasses.replace(ADMISSION, sensors=sensors))
    assert gate.refusal("pi-2", lamp(), NOW) is None
    assert gate.refusal("pi-1", lamp(), NOW) is not None
