"""What other platforms are told of a lamp agrees with its alarms: by night, by day, and when it falls silent."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

OFF = {"on": False, "power_w": 0.0, "level_pct": 0.0}


def alike(**said: Any) -> dict[str, dict[str, Any]]:
    """The same words of all four lamps that speak."""
    return {f"l-{n}": said for n in range(1, 5)}


def exported(street: Any, ask: Any) -> dict[str, tuple[str, str]]:
    """By lamp: power state and status."""
    told = ask(key=street.keys["export"]).get("/api/v1/exports/ngsi-ld?type=Streetlight")
    found = told.json()
    assert int(told.headers["Left-Out"]) == 6 - len(found)
    return {one["id"].rpartition(":")[2]: (one["powerState"], one["status"]) for one in found}


def test_what_is_only_suspected_is_left_out(street: Any, ask: Any) -> None:
    assert exported(street, ask) == {"l-1": ("low", "ok"), "l-4": ("low", "ok")}


def test_an_alarm_outlives_the_night(street: Any, ask: Any) -> None:
    street.rounds()
    # They say that they are on, and draw nothing.
    out = ("off", "defectiveLamp")
    assert exported(street, ask) == {"l-1": ("low", "ok"), "l-2": out, "l-3": out, "l-4": ("low", "ok")}
    street.now[0] = datetime(2026, 3, 31, 11, tzinfo=UTC)
    street.speak(**alike(**OFF))
    assert exported(street, ask) == {"l-1": ("off", "ok"), "l-2": out, "l-3": out, "l-4": ("off", "ok")}


def test_by_day_a_lamp_without_a_diagnosis_is_unknown(street: Any, ask: Any) -> None:
    street.now[0] = datetime(2026, 3, 31, 11, tzinfo=UTC)
    street.speak(**alike(**OFF, faults=None))
    assert exported(street, ask) == {}


def test_silence_is_never_ok(street: Any, ask: Any) -> None:
    street.rounds()
    street.now[0] += timedelta(days=1)
    assert exported(street, ask) == {}


def test_a_dead_feeder_says_nothing_of_its_lamps(street: Any, ask: Any) -> None:
    for _ in range(4):
        street.now[0] += timedelta(minutes=15)
        street.speak(**alike(power_w=0.0))
        street.context.store.write([street.load(0.0)])
        street.evaluator.round(everything=True)
    assert {one["kind"] for one in ask().told("/alarms")["items"]} >= {"feeder-out"}
    assert exported(street, ask) == {}
