"""From lamps' bins to alarms of what is inferred: power, dimming, cycling. Silence ends none, nor does a restart."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC, date, datetime

import numpy as np
import pytest

from bypuls.api.lighting_watch.keeping import packed, unpacked
from bypuls.sim.noisy_lamps import LampDay, NoisyLamps, SeededFault
from bypuls.store.registry import Cabinet, Device, DimmingProfile, Lamp, LampGroup, Sensor
from bypuls.wire import Lamp as LampReading
from tests.api.lighting_watch.conftest import QUARTER_US, Platform

FIRST_DAY, NIGHTS = 20_000, 40
START = 34 * 96 + 8
FAULTS = (
    SeededFault("power-low", 1, START, START + 3 * 96),
    SeededFault("cycling", 2, START, START + 3 * 96),
    SeededFault("dim-failure", 7, START, START + 3 * 96),
)
WRONG = {"l-1": ["lampPowerTooLow"], "l-2": ["cyclingFailure"], "l-7": ["dimmingFailure"]}


@dataclass
class Measured:
    """Two cabinets of six lamps, the second with LED that dim, and their bins."""

    platform: Platform
    town: NoisyLamps
    days: list[LampDay]

    def register(self) -> None:
        with self.platform.registry.session() as session:
            session.add_all(
                [
                    Device(id="pi", name="Pi"),
                    LampGroup(id="dim", name="Dimmed"),
                    DimmingProfile(lamp_group="dim", valid_from=date(2020, 1, 1), schedule="22:00-06:00=50"),
                ]
            )
            session.add_all([Cabinet(id=f"c-{n}", name=f"C {n}", lat=55.73, lon=12.36) for n in range(2)])
            for n in range(self.town.lamps):
                self.hang(session, n)
                session.add(Sensor(id=f"s-{n}", device="pi", kind="lamp", name=f"S {n}", lamp=f"l-{n}",
                                   interval_s=900))  # fmt: skip

    def hang(self, session: object, n: int, watt: float | None = None) -> None:
        led = bool(self.town.led[n])
        session.merge(Lamp(  # type: ignore[attr-defined]
            id=f"l-{n}", name=f"L {n}", cabinet=f"c-{self.town.cabinet[n]}", lamp_type="LED" if led else "HPS",
            watt=watt or float(self.town.nominal_w[n]), lamp_group="dim" if led else None,
        ))  # fmt: skip

    def tell(
        self, first: int, end: int, silent: frozenset[int] = frozenset(), low: frozenset[int] = frozenset()
    ) -> None:
        """The nights first … end − 1 arrive, but of lamps that are silent; of those that are low with 200 V from the
        faults' beginning on."""
        days = self.days[first:end]
        t_us = int(self.town.clock.t_us[0]) + QUARTER_US * np.arange(first * 96, end * 96)
        for n in set(range(self.town.lamps)) - silent:
            columns = {"n": np.concatenate([day.reported[:, n] for day in days]).astype(float)}
            for name, sensor in (("power_w", "power_w"), ("voltage_v", "voltage_v"), ("temp_c", "temp_c"),
                                 ("power_factor", "power_factor")):  # fmt: skip
                columns[f"{name}_sum"] = np.concatenate([getattr(day, sensor)[:, n] for day in days])
                columns[f"{name}_n"] = np.isfinite(columns[f"{name}_sum"]).astype(float)
            if n in low:
                sagging = (t_us - int(self.town.clock.t_us[0])) // QUARTER_US >= START
                columns["voltage_v_sum"] = np.where(sagging, 200.0, columns["voltage_v_sum"])
            lit = np.concatenate([day.lit_share[:, n] for day in days])
            columns |= {"operating_s_delta": 900.0 * lit, "operating_s_covered_s": 900.0 * np.isfinite(lit)}
            heard = columns["n"] > 0.0
            self.platform.fill("lamp", f"s-{n}", t_us[heard], {k: v[heard] for k, v in columns.items()})

    def look(self, quarter: int, silent: frozenset[int] = frozenset()) -> None:
        """The evaluator looks at a quarter; lamps that aren't silent have said something a moment ago."""
        now_us = int(self.town.clock.t_us[0]) + quarter * QUARTER_US
        t = datetime.fromtimestamp(now_us / 1e6 - 60.0, UTC)
        said = [
            LampReading(sensor=f"s-{n}", t=t, on=True, voltage_v=230.0) for n in set(range(self.town.lamps)) - silent
        ]
        assert self.platform.store.write(said) == []
        self.platform.look(now_us)

    def found(self) -> dict[str, list[str]]:
        """Names of the faults whose alarms are open, by lamp."""
        return {one.subject.replace("s", "l"): one.facts["names"] for one in self.platform.alarms("lamp-fault")
                if one.state == "open"}  # fmt: skip


def simulated() -> tuple[NoisyLamps, list[LampDay]]:
    """The town and its days."""
    made = NoisyLamps(205, FIRST_DAY, NIGHTS, lamps=12, per_cabinet=6, faults=0)
    made.faults = FAULTS
    return made, list(made.days())


@pytest.fixture(scope="module")
def town() -> tuple[NoisyLamps, list[LampDay]]:
    return simulated()


@pytest.fixture
def measured(platform: Platform, town: tuple[NoisyLamps, list[LampDay]]) -> Measured:
    made = Measured(platform, *town)
    made.register()
    return made


def test_what_lamps_draw_tells_of_faults(measured: Measured) -> None:
    measured.tell(0, NIGHTS)
    measured.look(START)
    assert measured.found() == {}
    lamp = measured.platform.watching().lamps["l-7"]
    nominal = float(measured.town.nominal_w[7])
    # An LED that is dimmed to 50 % draws 6 % + 94 % · 0.5 of its power; lamps differ by 1.5 %.
    assert lamp.expected_w(100.0) == pytest.approx(nominal, rel=0.03)
    assert lamp.expected_w(50.0) == pytest.approx(0.53 * nominal, rel=0.03)
    midnight = 35 * 96 - 48
    measured.look(midnight)
    assert measured.found() == WRONG
    before = measured.platform.alarms("lamp-fault")
    # By day nothing is learnt of them, and a restart changes nothing.
    measured.platform.restart()
    measured.look(35 * 96 + 4)
    assert measured.platform.alarms("lamp-fault") == before
    for quarter in (38 * 96 - 40, 38 * 96 - 36):
        measured.look(quarter)
    assert measured.found() == {}


def test_silence_ends_no_fault(measured: Measured) -> None:
    silent = frozenset({1})
    measured.tell(0, 35)
    measured.look(35 * 96 - 8)
    assert measured.found() == WRONG
    measured.tell(35, NIGHTS, silent)
    for quarter in (39 * 96 - 40, 39 * 96 - 36):
        measured.look(quarter, silent)
    (alarm,) = measured.platform.alarms("lamp-fault")
    assert (alarm.subject, alarm.state) == ("s-1", "unknown")


def test_a_low_voltage_across_a_cabinet_is_one_alarm(measured: Measured) -> None:
    measured.tell(0, 35, low=frozenset(range(6, 12)))
    measured.look(START)
    measured.look(35 * 96 - 48)
    (alarm,) = measured.platform.alarms("cabinet-voltage")
    assert (alarm.subject, alarm.state) == ("c-1", "open")
    assert (alarm.facts["names"], alarm.facts["lamps_wrong"]) == (["lampVoltageTooLow"], 6)
    assert alarm.began_us == int(measured.town.clock.t_us[0]) + START * QUARTER_US
    # Of its lamps only the one with another fault has an alarm of its own.
    assert measured.found() == WRONG | {"l-7": ["dimmingFailure", "lampVoltageTooLow"]}


def test_another_lamp_is_learned_anew_and_its_neighbours_are_not(measured: Measured) -> None:
    measured.tell(0, NIGHTS)
    measured.look(35 * 96 - 40)
    assert measured.found() == WRONG
    known = dict(measured.platform.watching().lamps)
    with measured.platform.registry.session() as session:
        measured.hang(session, 8, watt=11.0)
    measured.look(35 * 96 - 38)
    assert measured.found() == WRONG
    after = measured.platform.watching().lamps
    assert after["l-8"].levels_w == {}
    assert after["l-8"].begun_us > known["l-8"].begun_us
    for id in ("l-7", "l-9"):
        assert replace(after[id], until_us=0) == replace(known[id], until_us=0)


def test_what_is_kept_of_another_release_is_refused() -> None:
    kept = {"times": np.arange(5), "past_night_w": np.ones((2, 2))}
    assert {name: one.tolist() for name, one in unpacked(packed(kept)).items()} == {
        name: one.tolist() for name, one in kept.items()
    }
    with pytest.raises(ValueError, match="expected what was packed"):
        unpacked(b"nothing of the kind")
