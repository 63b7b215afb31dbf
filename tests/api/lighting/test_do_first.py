"""What to do first: weighed alike over all domains, unknown said as unknown, and nothing to do said as that."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import numpy as np
import pytest

from bypuls.api import ApiSettings
from bypuls.api.do_first import do_first
from bypuls.store.book import Alarm
from bypuls.wire import Lamp

LOCAL = {"address": "127.0.0.1", "host": "127.0.0.1:8000"}


def alarm(id: int, kind: str, severity: str, dkk: float | None = None, **more: Any) -> Alarm:
    row: dict[str, Any] = {
        "domain": "energy", "subject_kind": "sensor", "subject": f"s-{id}", "place_kind": None, "place": None,
        "device": None, "rule": kind, "owner": None, "state": "open", "since_us": id, "began_us": id, "opened_us": id,
        "cost": {} if dkk is None else {"dkk_per_day": dkk},
    }  # fmt: skip
    return Alarm(id=id, kind=kind, severity=severity, **(row | more))


def entry(alarm: int | None, *reasons: str, kind: str = "lamp-out", state: str = "open") -> dict[str, Any]:
    return {"alarm": alarm, "kind": kind, "severity": "minor", "state": state, "risk": len(reasons), "reasons": reasons}


def target(status: str, emitted: float | None = 110.0, allowed: float = 100.0) -> dict[str, Any]:
    trajectory = {"year": np.array([2025]), "tonnes": np.array([allowed])}
    return {
        "target": "town", "status": status, "status_year": 2025, "trajectory": trajectory,
        "accounts": [{"year": 2025, "emitted_t": emitted}],
    }  # fmt: skip


def kinds(*asked: Any) -> list[str]:
    return [one.kind for one in do_first(*asked)]


def test_severity_times_cost_over_all_domains() -> None:
    found = [
        alarm(1, "night-use", "minor", 40.0), alarm(2, "lamp-out", "major"), alarm(3, "poor-cooling", "minor", 256.0),
        alarm(4, "cloned-card", "critical"), alarm(5, "return-too-warm", "warning"),
    ]  # fmt: skip
    assert kinds(found, [], None) == ["cloned-card", "poor-cooling", "lamp-out", "night-use", "return-too-warm"]


def test_a_dark_school_way_goes_before_what_costs_more_money() -> None:
    found = [alarm(1, "water-never-zero", "major", 60.0), alarm(2, "lamp-out", "major", domain="lighting")]
    assert kinds(found, [entry(2, "traffic-road")], None) == ["water-never-zero", "lamp-out"]
    assert kinds(found, [entry(2, "school-way")], None) == ["lamp-out", "water-never-zero"]


def test_of_each_kind_the_most_urgent_with_the_number_of_the_others() -> None:
    found = [alarm(1, "lamp-out", "major"), alarm(2, "lamp-out", "critical"), alarm(3, "lamp-out", "major")]
    hidden = alarm(4, "meter-silent", "major", part_of=1)
    told = do_first([*found, hidden], [], None)
    assert [(one.alarm.id, one.more) for one in told if one.alarm] == [(2, 2)]


def test_a_citizen_s_report_counts_while_it_waits() -> None:
    waiting = [entry(None, "reported", "school-way", kind="citizen-report")]
    assert kinds([alarm(1, "night-use", "minor", 50.0)], waiting, None) == ["citizen-report", "night-use"]
    assert kinds([], [entry(None, "reported", kind="citizen-report", state="closed")], None) == []


@pytest.mark.parametrize(("status", "urgency"), [("off track", 1000), ("insufficient data", 1000), ("at risk", 100)])
def test_what_keeps_the_target_off_its_road(status: str, urgency: float) -> None:
    (found,) = do_first([], [], target(status))
    assert found.urgency == urgency
    assert found.cost is not None
    assert found.cost["kg_co2_per_day"] == pytest.approx(10_000.0 / 365.25)


def test_a_target_on_its_road_or_with_an_alarm_of_its_own_is_no_further_row() -> None:
    assert do_first([], [], target("on track", 90.0)) == []
    said = alarm(1, "off-track", "major", domain="climate", subject="town")
    assert kinds([said], [], target("off track")) == ["off-track"]
    (unknown,) = do_first([], [], target("insufficient data", None))
    assert unknown.cost == {"kg_co2_per_day": None}


@pytest.fixture
def told(street: Any, make_client: Any) -> Callable[[str], str]:
    """A page of the street at night."""
    settings = ApiSettings(rate_per_s=1e6, burst=1_000_000, open_on_loopback=True)
    context = street.context
    client = make_client(
        settings=settings, store=context.store, registry=context.registry, book=context.book, clock=context.clock,
        **LOCAL,
    )  # fmt: skip

    def text(path: str) -> str:
        answer = client.get(path)
        assert answer.status_code == 200, answer.text
        return str(answer.text)

    return text


def test_nobody_looks_so_it_is_unknown(told: Callable[[str], str]) -> None:
    english = told("/fragments/first?lang=en")
    assert "what is to be done first is unknown" in english
    assert "Nothing to do first" not in english
    assert "er ukendt" in told("/fragments/first?lang=da")


def test_the_dark_school_way_on_the_overview_with_why_and_where(told: Callable[[str], str], street: Any) -> None:
    street.rounds()
    english = told("/?lang=en")
    first = english.split('id="first"')[1].split('id="now"')[0]
    assert "Lamp out: L 3" in first
    assert "Dark stretch, school way, cycle path." in first
    assert "cost unknown" in first
    assert "1 more of the kind" in first
    assert "unknown, so" not in first
    assert "Nothing to do first" not in first
    assert "Mørk strækning, skolevej, cykelsti." in told("/fragments/first?lang=da")


def test_when_all_is_mended_there_is_nothing_to_do_first(told: Callable[[str], str], street: Any) -> None:
    for _ in range(4):
        street.now[0] += timedelta(minutes=15)
        street.speak(**{one: {"power_w": 20.0} for one in ("l-2", "l-3")})
        street.context.store.write([Lamp(sensor="l-5", t=street.now[0], on=True, level_pct=50.0, power_w=20.0)])
        street.evaluator.round(everything=True)
    english = told("/fragments/first?lang=en")
    assert "Nothing to do first." in english
    assert "No alarm is open." in english
    assert "<li" not in english
    street.now[0] += timedelta(minutes=30)
    danish = told("/fragments/first?lang=da")
    assert "hvad der skal gøres først, er ukendt" in danish, "the evaluator has gone"
    assert "Der er intet at gøre først" not in danish
