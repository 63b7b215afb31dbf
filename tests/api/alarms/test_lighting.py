"""Alarms of street lights: what a lamp says, what its power tells, what a cabinet has in common. Silence ends none."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any

import pytest

from bypuls.store.book import AlarmFilter
from bypuls.store.registry import Cabinet, DimmingProfile, Lamp, LampGroup, Sensor
from bypuls.wire import Cabinet as CabinetReading
from bypuls.wire import Lamp as LampReading
from bypuls.wire import Meter as MeterReading

NIGHT = datetime(2026, 3, 30, 21, tzinfo=UTC)
NOON = datetime(2026, 3, 30, 10, tzinfo=UTC)
LAMPS = [f"lamp-{n}" for n in range(4)]


class Lit:
    """Four lamps of 40 W on one cabinet, and what each says in a round."""

    def __init__(self, works: Any) -> None:
        self.works = works
        with works.registry.session() as session:
            session.add(Cabinet(id="cab", name="Cab", site="lane", lat=55.73, lon=12.36))
            session.add(LampGroup(id="all", name="All"))
            session.add(DimmingProfile(lamp_group="all", valid_from=date(2020, 1, 1), schedule="22:00-06:00=50"))
            for id in LAMPS:
                session.add(Lamp(id=id, name=id, cabinet="cab", site="lane", watt=40.0, lamp_group="all"))
                session.add(Sensor(id=id, device="pi-a", kind="lamp", name=id, lamp=id, interval_s=60))
            session.add(Sensor(id="cab-door", device="pi-a", kind="cabinet", name="Door", cabinet="cab"))
        self.says: dict[str, dict[str, Any]] = {
            id: {"on": True, "level_pct": 50.0, "power_w": 20.0, "faults": ()} for id in LAMPS
        }

    def rounds(self, times: int = 4, minutes: float = 15.0) -> dict[str, str]:
        """So many rounds; the states of the lamps' alarms."""
        for _ in range(times):
            self.works.clock.forward(minutes=minutes)
            self.works.speak()
            now = self.works.clock()
            self.works.store.write([LampReading(sensor=id, t=now, **said) for id, said in self.says.items()])
            found = self.works.evaluator.round(everything=True)
            assert found is not None
            assert found.failed == {}
        return {name: state for name, state in self.works.states().items() if name.split()[0] not in
                ("sensor-silent", "device-offline")}  # fmt: skip


@pytest.fixture
def lit(works: Any) -> Lit:
    works.clock.now = NIGHT
    return Lit(works)


def test_a_street_that_burns_alarms_nobody(lit: Lit) -> None:
    assert lit.rounds() == {}


def test_a_lamp_that_draws_nothing_is_out_after_half_an_hour(lit: Lit) -> None:
    lit.says["lamp-1"]["power_w"] = 0.0
    assert lit.rounds(2) == {}
    assert lit.rounds(2) == {"lamp-out lamp-1": "open"}
    lit.says["lamp-1"]["power_w"] = 19.0
    assert lit.rounds(3) == {}


def test_silence_and_daylight_end_nothing(lit: Lit) -> None:
    lit.says["lamp-1"]["power_w"] = 0.0
    lit.rounds()
    lit.says["lamp-1"] |= {"on": False, "power_w": 0.0}
    lit.works.clock.now = datetime(2026, 3, 31, 10, tzinfo=UTC)
    for said in lit.says.values():
        said |= {"on": False, "power_w": 0.0, "level_pct": 0.0}
    assert lit.rounds() == {"lamp-out lamp-1": "open"}
    del lit.says["lamp-1"]
    assert lit.rounds(6) == {"lamp-out lamp-1": "unknown"}


def test_forty_dark_lamps_are_one_alarm(lit: Lit) -> None:
    for said in lit.says.values():
        said["power_w"] = 0.0
    assert lit.rounds(6) == {"feeder-out cab": "open"}
    del lit.says["lamp-0"]
    assert lit.rounds(6) == {"feeder-out cab": "open"}
    lit.says.clear()
    assert lit.rounds(6) == {"feeder-out cab": "unknown"}


def test_a_day_burner_costs_its_hours_of_light(lit: Lit) -> None:
    lit.works.clock.now = NOON
    for said in lit.says.values():
        said |= {"on": False, "power_w": 0.0, "level_pct": 0.0}
    lit.says["lamp-2"] |= {"on": True, "power_w": 40.0, "level_pct": 100.0}
    assert lit.rounds() == {"lamp-day-burner lamp-2": "open"}
    alarm = lit.works.living()["lamp-day-burner", "lamp-2"]
    # Civil dusk about 20:20, dawn about 06:07 local time: 9.8 h of night.
    assert alarm.cost["kwh_per_day"] == pytest.approx(40.0 * 14.2 / 1000.0, rel=0.02)
    assert alarm.cost["basis"]["missing"] == ["price", "factor"]


def test_what_the_lamp_says_has_its_own_beginning(lit: Lit) -> None:
    lit.says["lamp-3"] |= {"faults": ("lampPowerTooLow",), "power_w": 11.0}
    assert lit.rounds() == {"lamp-fault lamp-3": "open"}
    lit.says["lamp-3"]["faults"] = ()
    assert lit.rounds() == {}


def test_a_voltage_too_low_across_a_cabinet_is_one_alarm(lit: Lit) -> None:
    for said in lit.says.values():
        said["faults"] = ("lampVoltageTooLow",)
    assert lit.rounds(6) == {"cabinet-voltage cab": "open"}
    alarm = lit.works.living()["cabinet-voltage", "cab"]
    assert alarm.facts == {"names": ["lampVoltageTooLow"], "lamps_wrong": 4, "lamps_n": 4, "members": LAMPS,
                           "members_n": 4}  # fmt: skip
    # What else a lamp says is its own alarm.
    lit.says["lamp-0"]["faults"] = ("lampVoltageTooLow", "powerFactorTooLow")
    assert lit.rounds() == {"cabinet-voltage cab": "open", "lamp-fault lamp-0": "open"}
    said = dict(lit.says)
    lit.says.clear()
    assert lit.rounds(6) == {"cabinet-voltage cab": "unknown", "lamp-fault lamp-0": "unknown"}
    lit.says = said
    # One lamp alone is no matter of the cabinet.
    for id in LAMPS[:3]:
        lit.says[id]["faults"] = ()
    assert lit.rounds(6) == {"lamp-fault lamp-3": "open"}


def test_an_open_door(lit: Lit) -> None:
    for door, states in ((True, {"cabinet-fault cab-door": "open"}), (False, {})):
        for _ in range(3):
            lit.works.clock.forward(minutes=5)
            lit.works.store.write([CabinetReading(sensor="cab-door", t=lit.works.clock(), door_open=door)])
            found = lit.rounds(1, minutes=0.1)
        assert found == states


def _with_meter(lit: Lit) -> None:
    with lit.works.registry.session() as session:
        session.add(Sensor(
            id="cab-meter", device="pi-a", kind="meter", name="Meter", cabinet="cab", medium="electricity",
            interval_s=60,
        ))  # fmt: skip


def _rounds_of_meter(lit: Lit, power_w: float, times: int = 4) -> dict[str, str]:
    """Rounds in which no lamp speaks, but the cabinet's meter does."""
    lit.says = {}
    for _ in range(times):
        lit.works.clock.forward(minutes=14.0)
        at = lit.works.clock()
        lit.works.store.write([MeterReading(sensor="cab-meter", t=at, medium="electricity", power_w=power_w)])
        found = lit.rounds(1, minutes=1.0)
    return found


def test_lamps_that_fall_silent_with_their_feeder_are_told_by_the_meter(lit: Lit) -> None:
    _with_meter(lit)
    lit.rounds()
    assert _rounds_of_meter(lit, 3.0)["feeder-out cab"] == "open"
    told = lit.works.alarms.listed(AlarmFilter(kind="feeder-out"))[1][0]
    assert (told.facts["power_w"], told.facts["expected_w"]) == (3.0, 80.0)
    assert _rounds_of_meter(lit, 82.0).get("feeder-out cab") is None


def test_a_meter_tells_of_a_feeder_whose_lamps_have_no_sensors(lit: Lit) -> None:
    _with_meter(lit)
    with lit.works.registry.session() as session:
        for id in LAMPS:
            session.delete(session.get(Sensor, id))
    assert _rounds_of_meter(lit, 3.0) == {"feeder-out cab": "open"}


def test_silent_lamps_of_a_burning_cabinet_are_no_dead_feeder(lit: Lit) -> None:
    _with_meter(lit)
    lit.rounds()
    assert "feeder-out cab" not in _rounds_of_meter(lit, 78.0)
