"""The evaluator: rounds that are kept whole, silence and its groups, rules by place, several evaluators."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterable
from dataclasses import replace
from datetime import timedelta
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import event

from bypuls.api.alarms import Evaluator, EvaluatorSettings
from bypuls.api.alarms.detectors import DETECTORS, Looking
from bypuls.api.alarms.finding import Asked, Finding, Subject
from bypuls.api.alarms.scene import Scene
from bypuls.store.book import AlarmFilter, Book, LeaseLost, Letter, Taken
from bypuls.store.protocol import Unavailable
from bypuls.store.registry import ALARM_KINDS, AlarmOwner, AlarmRule, BadValue, open_registry
from bypuls.store.sqlite import SqliteStore
from bypuls.wire import to_us


def test_all_is_well(works: Any) -> None:
    works.round(minutes=2, times=15)
    assert works.states() == {}


def test_one_meter_falls_silent_and_speaks_again(works: Any) -> None:
    works.round()
    spoke_us = to_us(works.clock())
    works.speaking.discard("hall-heat")
    works.round(minutes=8, times=4)
    assert works.states() == {}
    works.round()
    assert works.states() == {"meter-silent hall-heat": "open"}
    alarm = works.living()["meter-silent", "hall-heat"]
    # Since when it is: three intervals after its last word.
    assert (alarm.began_us, alarm.facts) == (spoke_us + 180_000_000, {"spoke_us": spoke_us})
    assert (alarm.place_kind, alarm.place, alarm.device, alarm.domain) == ("building", "hall", "pi-a", "energy")
    assert alarm.cost["dkk_per_day"] is None
    works.round(minutes=600, times=3)
    assert works.states() == {"meter-silent hall-heat": "open"}
    works.speaking.add("hall-heat")
    works.round()
    assert works.states() == {}
    assert works.history("meter-silent", "hall-heat") == ["opened", "closed"]


def test_a_silent_device_is_one_alarm(works: Any) -> None:
    works.round()
    works.speaking -= {"pi-a", "hall-el", "hall-heat"}
    works.round(minutes=4, times=15)
    assert works.states() == {"device-offline pi-a": "open"}
    assert works.living()["device-offline", "pi-a"].facts["members"] == ["hall-el", "hall-heat"]
    # The device is back, one of its meters isn't.
    works.speaking |= {"pi-a", "hall-el"}
    works.round(minutes=8, times=5)
    assert works.states() == {"meter-silent hall-heat": "open"}
    # What is open when its device falls silent is shown under the device, and stays.
    works.speaking -= {"pi-a", "hall-el"}
    works.round(minutes=5, times=5)
    living = works.living()
    assert living["meter-silent", "hall-heat"].part_of == living["device-offline", "pi-a"].id
    works.speaking |= {"pi-a", "hall-el"}
    works.round()
    assert works.living()["meter-silent", "hall-heat"].part_of is None


def test_nobody_speaks_is_one_alarm(works: Any) -> None:
    works.round()
    works.speaking.clear()
    works.round(times=10)
    works.round(minutes=60, times=3)
    assert works.states() == {"nothing-arrives platform": "open"}
    assert works.living()["nothing-arrives", "platform"].facts["members_n"] == 4
    works.speaking |= {"pi-a", "pi-b", "hall-el", "hall-heat", "radar"}
    works.round()
    assert works.states() == {}


def test_without_the_devices_rule_its_sensors_speak_for_themselves(works: Any) -> None:
    works.rule(id="all-device-offline", kind="device-offline", enabled=False)
    works.round()
    works.speaking -= {"pi-a", "hall-el", "hall-heat"}
    works.round(minutes=10, times=6)
    assert works.states() == {"meter-silent hall-el": "open", "meter-silent hall-heat": "open"}


def test_what_hangs_on_a_silent_device_is_unknown(works: Any) -> None:
    works.health["pi-b"] = {"clock_synced": False, "outbox_rows": 9000, "outbox_oldest_s": 1200.0}
    works.round(minutes=4, times=6)
    assert works.states() == {"clock-unsynchronised pi-b": "open", "outbox-growing pi-b": "open"}
    works.speaking -= {"pi-b", "radar"}
    works.round(minutes=10, times=4)
    assert works.states() == {
        "clock-unsynchronised pi-b": "unknown", "device-offline pi-b": "open", "outbox-growing pi-b": "unknown",
    }  # fmt: skip
    # Days later nothing has ended by itself.
    works.round(minutes=1440, times=2)
    assert works.states()["clock-unsynchronised pi-b"] == "unknown"
    works.health["pi-b"] = {}
    works.speaking |= {"pi-b", "radar"}
    works.round(minutes=5, times=4)
    assert works.states() == {}
    assert works.history("clock-unsynchronised", "pi-b") == ["opened", "fell-silent", "heard-again", "closed"]


def test_an_outbox_between_its_thresholds_changes_nothing(works: Any) -> None:
    waiting = {"outbox-growing pi-a": "open"}
    for oldest_s, state in ((500.0, {}), (950.0, waiting), (500.0, waiting), (100.0, {})):
        works.health["pi-a"] = {"outbox_oldest_s": oldest_s}
        works.round(minutes=6, times=3)
        assert works.states() == state


def test_a_copied_card_is_acknowledged_and_ended_by_a_person(works: Any) -> None:
    works.round()
    works.book.alarm("pi-a", "cloned-card", "epochs a and b grow at once", to_us(works.clock()))
    works.round(minutes=2)
    alarm = works.living()["cloned-card", "pi-a"]
    assert (alarm.severity, alarm.facts["detail"]) == ("critical", "epochs a and b grow at once")
    works.round(minutes=600, times=3)
    assert "cloned-card pi-a" in works.states()


def test_refused_readings(works: Any) -> None:
    def take(n: int, bad: int) -> None:
        first = to_us(works.clock())
        letters = [Letter("pi-a", "speed_kmh: 903.0", b"x", "e", first + i) for i in range(bad)]
        works.book.take([Taken("pi-a", "e", first, first + n - 1)], letters, [], to_us(works.clock()))

    take(20, 12)
    works.round(minutes=2)
    assert works.living()["dead-letters-growing", "platform"].facts == {
        "letters": 12, "devices": ["pi-a"], "within_min": 60,
    }  # fmt: skip
    # An hour without a reading says nothing; one with readings and without a refused one does.
    works.round(minutes=130)
    assert works.states()["dead-letters-growing platform"] == "unknown"
    take(5, 0)
    works.round()
    assert "dead-letters-growing platform" not in works.states()


def test_a_radar_on_a_quiet_street_is_not_silent(works: Any) -> None:
    from .conftest import quarters  # type: ignore[import-not-found]

    now = works.clock()
    at = quarters(now - timedelta(days=40), now)
    hours = at // 3_600_000_000 % 24
    works.fill("radar", "traffic", at, {"n": [10.0 if 5 <= hour < 22 else 0.0 for hour in hours]}, direction="toward")
    works.round()
    # The last vehicle comes at ten in the evening: the night is quiet.
    works.clock.now = now.replace(hour=21, minute=45)
    works.round()
    works.speaking.discard("radar")
    works.round(minutes=30, times=14)
    assert works.states() == {}
    works.round(minutes=30, times=3)
    alarm = works.living()["radar-silent", "radar"]
    assert alarm.facts["expected_n"] >= 20
    assert alarm.cost["vehicles_per_day"] == pytest.approx(680.0)


def test_the_narrowest_rule_counts(works: Any) -> None:
    works.rule(id="hall-quiet", kind="meter-silent", building="hall", enabled=False)
    works.rule(id="pi-b-slow", kind="device-offline", device="pi-b", parameters="after_min=120", severity="warning")
    works.round()
    works.speaking -= {"hall-heat", "pi-b", "radar"}
    works.round(minutes=15, times=6)
    assert works.states() == {}
    works.round(minutes=15, times=3)
    assert works.states() == {"device-offline pi-b": "open"}
    assert works.living()["device-offline", "pi-b"].severity == "warning"


def test_a_rule_that_is_switched_off_withdraws_its_alarms(works: Any) -> None:
    works.round()
    works.speaking.discard("hall-heat")
    works.round(minutes=10, times=4)
    works.rule(id="all-meter-silent", kind="meter-silent", enabled=False)
    works.round()
    assert works.states() == {}
    assert works.history("meter-silent", "hall-heat") == ["opened", "withdrawn"]
    works.rule(id="all-meter-silent", kind="meter-silent", enabled=True)
    works.round(minutes=16, times=2)
    assert works.states() == {"meter-silent hall-heat": "open"}


@pytest.mark.parametrize(
    ("row", "words"),
    [
        ({"kind": "meter-silence"}, "kind: 'meter-silence' — expected one of nothing-arrives"),
        (
            {"kind": "meter-silent", "parameters": "after=3"},
            r"'after' — expected one of after_min \(near",
        ),
        ({"kind": "meter-silent", "parameters": "after_min=x"}, "after_min: 'x' — expected a number from 1 to 525600"),
        ({"kind": "meter-silent", "parameters": "after_min=1 after_min=2"}, "expected each parameter once"),
        ({"kind": "cloned-card", "parameters": "a=1"}, "none: cloned-card has no parameters"),
        ({"kind": "meter-silent", "quiet_hours": "22-06"}, "quiet_hours: '22-06' — expected hours of local time like"),
        ({"kind": "meter-silent", "severity": "bad"}, "expected one of critical, major, minor, warning"),
        ({"kind": "meter-silent", "building": "hall", "site": "lane"}, "expected at most one of site, building"),
        ({"kind": "meter-silent", "confirm_min": -1.0}, "0 to 525600 minutes"),
    ],
)
def test_a_bad_rule_is_refused_with_what_was_expected(works: Any, row: dict[str, Any], words: str) -> None:
    with pytest.raises(BadValue, match=words), works.registry.session() as session:
        session.add(AlarmRule(id="r", **row))


def test_every_kind_ships_with_a_rule_and_a_detector(works: Any) -> None:
    assert {rule.kind for rule in works.registry.alarm_rules()} == set(ALARM_KINDS) == set(DETECTORS)


def test_owners_by_rule_place_and_domain(works: Any) -> None:
    with works.registry.session() as session:
        session.add_all(
            [
                AlarmOwner(id="anyone", name="Anyone"),
                AlarmOwner(id="energy", name="Energy", domain="energy"),
                AlarmOwner(id="hall", name="The hall's caretaker", building="hall"),
                AlarmOwner(id="hall-energy", name="The hall's energy", building="hall", domain="energy"),
            ]
        )
    works.round()
    works.speaking -= {"hall-heat", "pi-b", "radar"}
    works.round(minutes=10, times=5)
    owners = {key[0]: one.owner for key, one in works.living().items()}
    assert owners == {"meter-silent": "hall-energy", "device-offline": "anyone"}
    works.rule(id="all-meter-silent", kind="meter-silent", owner="energy")
    works.round()
    assert works.living()["meter-silent", "hall-heat"].owner == "energy"


def test_one_evaluator_at_a_time(works: Any) -> None:
    works.round()
    other = works.another()
    assert other.round() is None
    works.evaluator.rest()
    works.speaking.discard("hall-heat")
    for _ in range(10):
        works.clock.forward(minutes=4)
        works.speak()
        assert other.round() is not None
    # The first one is asked again while the other has the lease, and after it has run out.
    assert works.evaluator.round() is None
    works.clock.forward(minutes=6)
    works.speak()
    assert works.evaluator.round() is not None
    assert works.history("meter-silent", "hall-heat") == ["opened"]


def test_a_lease_lost_within_the_round_keeps_nothing(works: Any) -> None:
    """A round that took longer than its lease meets another evaluator at its end."""
    works.round()
    works.speaking.discard("hall-heat")
    works.round(minutes=10, times=2)

    def slow(scene: Scene, asked: Asked) -> Iterable[Finding]:
        works.clock.forward(minutes=20)
        works.speak()
        assert works.another("fast").round() is not None
        return DETECTORS["meter-silent"].detector(scene, asked)

    slowly = {**DETECTORS, "meter-silent": replace(DETECTORS["meter-silent"], detector=slow)}
    one = Evaluator(
        works.store, works.registry, works.book, EvaluatorSettings(owner="one"), clock=works.clock, detectors=slowly
    )
    with pytest.raises(LeaseLost):
        one.round()
    assert works.history("meter-silent", "hall-heat") == ["opened"]


def test_a_kind_that_fails_leaves_its_alarms_and_the_others(works: Any) -> None:
    works.round()
    works.speaking -= {"hall-heat", "pi-b", "radar"}
    works.round(minutes=10, times=5)

    def down(_scene: Scene, _asked: Asked) -> Iterable[Finding]:
        raise Unavailable("the store is down")

    def broken(_scene: Scene, _asked: Asked) -> Iterable[Finding]:
        raise ZeroDivisionError("of this release")

    works.evaluator.rest()
    partly = {
        **DETECTORS,
        "meter-silent": replace(DETECTORS["meter-silent"], detector=down),
        "cloned-card": replace(DETECTORS["cloned-card"], detector=broken),
    }
    one = Evaluator(works.store, works.registry, works.book, EvaluatorSettings(), clock=works.clock, detectors=partly)
    works.speaking |= {"pi-b", "radar"}
    works.speak()
    found = one.round()
    assert found is not None
    assert found.failed == {
        "meter-silent": "Unavailable: the store is down", "cloned-card": "ZeroDivisionError: of this release",
    }  # fmt: skip
    assert works.states() == {"meter-silent hall-heat": "open"}


def killed_round(folder: Path, works: Any, statement: int) -> int:
    """A round in a process of its own, killed at the n-th statement that it writes; how the process ended."""
    child = os.fork()
    if child:
        return os.waitpid(child, 0)[1]
    seen = 0

    def count(_connection: Any, _cursor: Any, text: str, *_more: Any) -> None:
        nonlocal seen
        seen += text.startswith(("INSERT", "UPDATE", "DELETE"))
        if seen == statement:
            os.kill(os.getpid(), signal.SIGKILL)

    registry = open_registry(folder / "registry.db", clock=works.clock)
    event.listen(registry.engine, "before_cursor_execute", count)
    store = SqliteStore(folder / "store")
    settings = EvaluatorSettings(owner=f"killed-{statement}")
    done = Evaluator(store, registry, Book(registry), settings, clock=works.clock).round()
    os._exit(0 if done is not None else 1)


@pytest.mark.filterwarnings("ignore:.*multi-threaded.*:DeprecationWarning")
def test_killed_in_the_middle_of_a_round(works: Any, tmp_path: Path) -> None:
    works.round()
    works.speaking -= {"hall-heat", "pi-b", "radar"}
    works.round(times=3)
    works.clock.forward(minutes=40)
    works.speak()
    works.evaluator.rest()
    killed = 0
    for statement in range(1, 50):
        status = killed_round(tmp_path, works, statement)
        if status == 0:
            break
        assert os.WTERMSIG(status) == signal.SIGKILL
        killed += 1
        # Nothing of the round is there, and the lease of the dead runs out.
        assert works.states() == {}
        works.clock.forward(minutes=6)
        works.speak()
    assert killed > 6
    assert works.states() == {"device-offline pi-b": "open", "meter-silent hall-heat": "open"}
    assert works.history("meter-silent", "hall-heat") == ["opened"]


def test_histories_have_no_gaps(works: Any) -> None:
    works.round()
    for number in range(16):
        works.speaking ^= {["hall-heat", "hall-el", "radar", "pi-b", "pi-a"][number * 7 % 5]}
        works.health["pi-a"] = {"clock_synced": number % 4 < 2, "outbox_oldest_s": 400.0 * (number % 5)}
        works.round(minutes=[3, 11, 47, 200][number % 4], times=2)
    _, every = works.alarms.listed(AlarmFilter())
    assert len(every) > 5
    for alarm in every:
        events = works.alarms.events(alarm.id)
        assert events[0].before is None
        assert all(later.before == earlier.after for earlier, later in pairwise(events))
        assert all(later.t_us >= earlier.t_us for earlier, later in pairwise(events))
        assert events[-1].after == alarm.state
        assert all("evidence_us" in one.facts for one in events if one.after == "closed")


def test_a_further_kind_is_a_line(works: Any) -> None:
    """What lamps will need: faults by their TALQ names, under one alarm of their feeder."""

    def feeder(_scene: Scene, asked: Asked) -> Iterable[Finding]:
        return [Finding(id, "present") for id in asked]

    def lamps(_scene: Scene, asked: Asked) -> Iterable[Finding]:
        return [Finding(id, "present", within=("device-offline", "pi-a")) for id in asked]

    looking = {
        "device-offline": Looking(lambda _: [Subject("device", "pi-a", {"device": "pi-a"})], feeder),
        "sensor-silent": Looking(
            lambda _: [Subject("lamp", f"lamp-{n}", {"device": "pi-a", "site": "lane"}) for n in range(40)], lamps
        ),
    }
    works.evaluator = Evaluator(
        works.store, works.registry, works.book, EvaluatorSettings(owner="one"), clock=works.clock, detectors=looking
    )
    works.round(minutes=3, times=4)
    assert works.states() == {"device-offline pi-a": "open"}
    assert works.living()["device-offline", "pi-a"].facts["members_n"] == 40
