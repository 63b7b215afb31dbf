"""Time to detect, time to repair and lit share of cases made by hand, and what counts as unknown."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from bypuls.api.models_lighting import SafetyModel
from bypuls.store.book import Alarm, AlarmBook
from bypuls.store.registry import Sensor
from bypuls.wire import to_us

DAY = datetime(2026, 3, 1, tzinfo=UTC)
MARCH = {"from": "2026-03-01", "to": "2026-03-31"}


def hours(h: float) -> int:
    return to_us(DAY + timedelta(hours=h))


def kept(street: Any, began_h: float, opened_h: float, closed_h: float | None, *, seen: bool = True,
         kind: str = "lamp-out", part_of: int | None = None, withdrawn: bool = False) -> int:  # fmt: skip
    """An alarm with times by hand [h after the first of March]."""
    closed_us = None if closed_h is None else hours(closed_h)
    with AlarmBook(street.context.registry).changing() as changes:
        id = changes.add(Alarm(
            0, kind, "lighting", "sensor", "l-1", "site", "lane", "pi", "rule", "minor", None,
            "open" if closed_us is None else "closed", since_us=closed_us or hours(opened_h), began_us=hours(began_h),
            opened_us=hours(opened_h), closed_us=closed_us, part_of=part_of, well_us=hours(-99.0) if seen else None,
        ))  # fmt: skip
        if closed_us is not None:
            action = "withdrawn" if withdrawn else "closed"
            changes.note(id, closed_us, action, "open", "closed", actor="evaluator")
    return id


def figures(ask: Any, **period: str) -> dict[str, Any]:
    told = ask().told("/lighting/figures", **(period or MARCH))
    SafetyModel.model_validate(told)
    found: dict[str, Any] = told
    return found


def test_known_cases(street: Any, ask: Any) -> None:
    # Detected after 1 … 11 h, repaired after twice as long.
    for n in range(1, 12):
        kept(street, 10.0 * n, 10.0 * n + n, 10.0 * n + 3.0 * n)
    told = figures(ask)
    period = {"start": "2026-03-01T00:00:00+01:00", "end": "2026-03-30T23:00:00+02:00"}
    whole = {"n": 11, "still_open": 0, "unknown": 0, "coverage": 1.0, **period}
    assert told["time_to_detect"] == {"median_h": 6.0, "p90_h": 10.0, **whole}
    assert told["time_to_repair"] == {"median_h": 12.0, "p90_h": 20.0, **whole}


def test_what_nobody_saw_begin_or_end_is_counted_as_unknown(street: Any, ask: Any) -> None:
    kept(street, 0.0, 171.0, 180.0, seen=False)
    kept(street, 100.0, 102.0, None)
    kept(street, 100.0, 104.0, 110.0, withdrawn=True)
    told = figures(ask)
    detect, repair = told["time_to_detect"], told["time_to_repair"]
    assert (detect["n"], detect["median_h"], detect["unknown"]) == (2, 3.0, 1)
    assert detect["coverage"] == pytest.approx(2 / 3)
    assert (repair["n"], repair["median_h"], repair["still_open"], repair["unknown"]) == (1, 9.0, 1, 1)
    assert repair["coverage"] == 0.5


def test_what_another_alarm_says_and_other_kinds_are_no_faults_of_their_own(street: Any, ask: Any) -> None:
    feeder = kept(street, 1.0, 2.0, 3.0, kind="feeder-out")
    kept(street, 1.0, 50.0, 99.0, part_of=feeder)
    kept(street, 1.0, 50.0, 99.0, kind="lamp-silent")
    told = figures(ask)
    assert (told["time_to_detect"]["n"], told["time_to_detect"]["median_h"]) == (1, 1.0)
    assert (told["time_to_repair"]["n"], told["time_to_repair"]["median_h"]) == (1, 1.0)


def test_a_case_belongs_where_it_opened_and_where_it_ended(street: Any, ask: Any) -> None:
    kept(street, 1.0, 2.0, 100.0)
    early = figures(ask, **{"from": "2026-03-01", "to": "2026-03-03"})
    assert (early["time_to_detect"]["n"], early["time_to_repair"]["n"]) == (1, 0)
    assert early["time_to_repair"]["still_open"] == 1
    late = figures(ask, **{"from": "2026-03-03", "to": "2026-03-10"})
    assert (late["time_to_detect"]["n"], late["time_to_repair"]["median_h"]) == (0, 98.0)


def test_nothing_known_is_unknown(ask: Any) -> None:
    told = figures(ask)
    for name in ("time_to_detect", "time_to_repair"):
        assert (told[name]["n"], told[name]["median_h"], told[name]["p90_h"], told[name]["coverage"]) == (
            0, None, None, None,
        )  # fmt: skip
    nights = figures(ask, **{"from": "2026-02-01", "to": "2026-02-08"})["lit"]
    assert (nights["lit_share"], nights["coverage"], nights["known_h"]) == (None, 0.0, 0.0)
    assert nights["night_h"] > 6 * 7 * 12.0


def test_the_lit_share_of_two_lamps_of_six(ask: Any) -> None:
    told = figures(ask, **{"from": "2026-03-28", "to": "2026-03-30"})["lit"]
    # Lamp 1 burnt, lamp 2 drew nothing, of four nothing is known; one of these has no sensor.
    assert (told["lamps"], told["lit_share"]) == (6, pytest.approx(0.5))
    assert told["coverage"] == pytest.approx(2 / 6)
    assert told["lit_h"] == pytest.approx(told["known_h"] / 2)
    assert told["start"] == "2026-03-28T00:00:00+01:00"


def test_a_fault_that_comes_while_it_is_watched_has_a_time_to_detect(street: Any, ask: Any) -> None:
    for _ in range(2):
        street.now[0] += timedelta(minutes=15)
        street.speak()
        street.evaluator.round(everything=True)
    for _ in range(4):
        street.now[0] += timedelta(minutes=15)
        street.speak(**{"l-1": {"power_w": 0.0}})
        street.evaluator.round(everything=True)
    told = ask().told("/lighting")["time_to_detect"]
    assert (told["n"], told["median_h"], told["unknown"]) == (1, 0.5, 2)
    seen = {
        one["subject"]: one["beginning_seen"] for one in ask().told("/alarms")["items"] if one["kind"] == "lamp-out"
    }
    assert seen == {"l-1": True, "l-2": False, "l-3": False}


def test_what_is_no_longer_watched_is_forgotten(street: Any) -> None:
    street.evaluator.round(everything=True)
    book = AlarmBook(street.context.registry)
    with book.changing() as changes:
        assert ("lamp-out", "l-1") in changes.wells()
        assert ("lamp-out", "l-2") not in changes.wells()
    with street.context.registry.session() as session:
        session.get(Sensor, "l-1").valid_to = street.now[0]
    street.now[0] += timedelta(minutes=5)
    street.evaluator.round(everything=True)
    with book.changing() as changes:
        assert ("lamp-out", "l-1") not in changes.wells()
