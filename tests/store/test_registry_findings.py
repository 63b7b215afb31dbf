"""What `check` tells: each thing that is allowed but hardly meant, and nothing about a town in order."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime
from pathlib import Path

import pytest

from bypuls.store.registry import (
    Activity,
    Building,
    Cabinet,
    Calibration,
    Device,
    DimmingProfile,
    Factor,
    FactorChoice,
    HeatedArea,
    Intervention,
    Lamp,
    LampGroup,
    LampProfile,
    Measure,
    MeasureEffect,
    Price,
    Registry,
    ReportSchedule,
    ScopePart,
    Sensor,
    Site,
    SpeedLimit,
    Target,
    check,
    open_registry,
)

TODAY = date(2026, 6, 1)
PLACE = {"lat": 55.7, "lon": 12.4}
START = date(2020, 1, 1)
SERIES = "ours 1 heat 2-location CO2 200 % DK"


def in_order() -> list[object]:
    """A small town with nothing to find."""
    return [
        Site(id="street", name="Street"),
        SpeedLimit(site="street", valid_from=START, limit_kmh=50),
        Cabinet(id="box", name="Box", lamp_count=1),
        LampGroup(id="side-streets", name="Side streets", cabinet="box"),
        Lamp(id="lamp", name="Lamp", cabinet="box", watt=60, lamp_group="side-streets", **PLACE),
        DimmingProfile(lamp_group="side-streets", valid_from=START, schedule="22:00-06:00=50"),
        ReportSchedule(id="street-weekly", site="street", every="week"),
        Building(id="hall", name="Hall"),
        ReportSchedule(id="hall-monthly", building="hall", every="month"),
        HeatedArea(building="hall", valid_from=START, area_m2=1000),
        Device(id="pi", name="Device"),
        Sensor(id="radar", device="pi", kind="passage", name="Radar", site="street"),
        Calibration(sensor="radar", valid_from=START, angle_deg=20),
        Sensor(id="heat", device="pi", kind="meter", name="Heat", building="hall", medium="heat", interval_s=900),
        Price(medium="heat", valid_from=START, unit="dkk_per_kwh", value=0.7),
        Target(
            id="goal",
            name="Goal",
            kind="organisation",
            scope="own buildings",
            base_year=2015,
            base_tonnes=100,
            reduction=0.85,
            target_year=2030,
            gas="CO2",
            source="the account of 2015",
        ),
        ScopePart(target="goal", domain="buildings", carrier="heat", base_tonnes=100.4),
        Intervention(id="led", cabinet="box", kind="led", date=START),
        Measure(id="led", name="LED", kind="led", cabinet="box", start=START, intervention="led"),
        MeasureEffect(measure="led", carrier="electricity", kwh_per_year=500),
    ]


@pytest.fixture
def registry(tmp_path: Path, place_registry: Callable[[Path], Path]) -> Iterator[Registry]:
    with open_registry(place_registry(tmp_path), clock=lambda: datetime(2026, 6, 1, tzinfo=UTC)) as opened:
        with opened.session() as session:
            session.add_all(in_order())
        yield opened


def told(registry: Registry, *rows: object) -> list[str]:
    with registry.session() as session:
        session.add_all(rows)
    return [str(finding) for finding in check(registry, TODAY)]


def test_nothing_to_find(registry: Registry) -> None:
    assert check(registry) == []


def factor(start: int, end: int | None) -> Factor:
    return Factor(
        factor_set="ours",
        version="1",
        carrier="heat",
        scope="2-location",
        gas="CO2",
        method="200 %",
        area="DK",
        valid_from=datetime(start, 1, 1, tzinfo=UTC),
        valid_to=None if end is None else datetime(end, 1, 1, tzinfo=UTC),
        step="year",
        value=0.1,
        unit="kg/kWh",
        source="a test",
    )


def plan(purpose: str = "scenario") -> Factor:
    return Factor(
        factor_set="plans", version="1", carrier="gas", scope="1", gas="CO2", method="combustion", area="DK",
        valid_from=datetime(2020, 1, 1, tzinfo=UTC), step="year", value=0.2, unit="kg/kWh", basis="lower",
        purpose=purpose, source="a test",
    )  # fmt: skip


def fuel(carrier: str, unit: str) -> Activity:
    return Activity(
        id="fuel", name="Fuel", domain="fleet", carrier=carrier, valid_from=START, valid_to=TODAY, amount=1.0,
        unit=unit, source="a test",
    )  # fmt: skip


@pytest.mark.parametrize(
    ("rows", "finding"),
    [
        ([Device(id="mute", name="Mute")], "device mute: has no sensor"),
        (
            [FactorChoice(view="market", carrier="electricity", factor_set="nobody")],
            "factor_choice market electricity: names nobody, which has no factor of it",
        ),
        (
            [plan(), FactorChoice(view="location", carrier="gas", factor_set="plans")],
            "factor_choice location gas: names plans, made for scenarios, never for accounts",
        ),
        ([fuel(carrier="wood", unit="l")], "activity fuel: is of wood, of which there is no factor"),
        (
            [plan(purpose="accounts"), fuel(carrier="gas", unit="kWh")],
            "activity fuel: does not say on which heating value its kWh are counted",
        ),
        (
            [Sensor(id="m", device="pi", kind="meter", name="M", medium="heat", interval_s=60)],
            "sensor m: measures at no site, building, cabinet or lamp",
        ),
        (
            [Sensor(id="m", device="pi", kind="meter", name="M", interval_s=60, building="hall")],
            "sensor m: is a meter of no medium",
        ),
        (
            [Sensor(id="m", device="pi", kind="meter", name="M", medium="heat", building="hall")],
            "sensor m: has no interval, so its gaps can't be told",
        ),
        (
            [Sensor(id="pi", device="pi", kind="weather", name="M", interval_s=60)],
            "sensor pi: has the id of a device, whose health would be taken for its readings",
        ),
        (
            [
                Device(id="old", name="Old", retired_at=datetime(2026, 1, 1, tzinfo=UTC)),
                Sensor(id="m", device="old", kind="weather", name="M", interval_s=60),
            ],
            "sensor m: belongs to device old, which is retired",
        ),
        (
            [
                Sensor(
                    id="m",
                    device="pi",
                    kind="meter",
                    name="M",
                    medium="gas",
                    interval_s=9,
                    building="hall",
                    parent="heat",
                ),
                Price(medium="gas", valid_from=START, unit="dkk_per_m3", value=8),
            ],
            "sensor m: measures gas behind heat, which measures heat",
        ),
        (
            [Sensor(id="l", device="pi", kind="lamp", name="L", lamp="lamp", interval_s=9, parent="heat")],
            "sensor l: measures electricity behind heat, which measures heat",
        ),
        (
            [
                Sensor(
                    id=name,
                    device="pi",
                    kind="meter",
                    name="M",
                    medium="heat",
                    interval_s=9,
                    building="hall",
                    serial="7",
                )
                for name in ("m1", "m2")
            ],
            "sensor m2: has serial 7 at the same time as m1",
        ),
        (
            [Sensor(id="m", device="pi", kind="meter", name="M", medium="water", interval_s=9, building="hall")],
            "price water: is measured but has no price today",
        ),
        ([Sensor(id="r", device="pi", kind="passage", name="R", site="street")], "sensor r: has no calibration"),
        (
            [Calibration(sensor="radar", valid_from=date(2025, 1, 1), expires=TODAY, angle_deg=20)],
            "sensor radar: has a calibration that expired on 2026-06-01",
        ),
        (
            [
                Sensor(id="r", device="pi", kind="passage", name="R", building="hall"),
                Calibration(sensor="r", valid_from=START, angle_deg=20),
            ],
            "sensor r: counts traffic at a building, not at a site",
        ),
        ([Lamp(id="l", name="L", watt=60, **PLACE)], "lamp l: has no cabinet"),
        (
            [Lamp(id="l", name="L", cabinet="box", watt=60, **PLACE)],
            "cabinet box: should feed 1 lamps; 2 are registered",
        ),
        (
            [Cabinet(id="b", name="B"), Lamp(id="l", name="L", cabinet="b", **PLACE)],
            "lamp l: has no nominal power",
        ),
        (
            [Cabinet(id="b", name="B"), Lamp(id="l", name="L", cabinet="b", watt=60)],
            "lamp l: has no position; it is on no map and its nights are unknown",
        ),
        (
            [Cabinet(id="b", name="B"), Lamp(id="l", name="L", cabinet="b", watt=60, lighting_class="Z9", **PLACE)],
            "lamp l: lighting class Z9 is none of M1 to M6, C0 to C5 and P1 to P7; whether a plan keeps it is unknown",
        ),
        (
            [Cabinet(id="b", name="B"), *(Lamp(id=id, name="Same", cabinet="b", watt=60, **PLACE) for id in "lm")],
            "lamp m: is called Same as l is; a report by that name means both",
        ),
        (
            [
                Cabinet(id="b", name="B"),
                LampGroup(id="paths", name="Paths"),
                Lamp(id="l", name="L", cabinet="b", watt=60, lamp_group="paths", **PLACE),
            ],
            "lamp_group paths: has no dimming profile; its lamps are taken to burn at full level",
        ),
        ([LampGroup(id="paths", name="Paths")], "lamp_group paths: has no lamp"),
        (
            [
                Cabinet(id="b", name="B"),
                Lamp(id="l", name="L", cabinet="b", watt=60, lamp_group="side-streets", **PLACE),
            ],
            "lamp l: hangs on cabinet b, its group side-streets on box",
        ),
        (
            [
                LampProfile(lamp="lamp", valid_from=START, valid_to=TODAY, schedule="22:00-06:00=70"),
                LampProfile(lamp="lamp", valid_from=date(2026, 1, 1), schedule="22:00-06:00=100"),
            ],
            "lamp_profile lamp: from 2020-01-01 overlaps the one from 2026-01-01; the later one counts",
        ),
        (
            [Site(id="lane", name="Lane"), Sensor(id="count", device="pi", kind="traffic_bin", name="C", site="lane")],
            "site lane: has traffic measured but no speed limit today",
        ),
        ([Building(id="shed", name="Shed")], "building shed: has no heated area, so no kWh/m²"),
        (
            [
                Target(
                    id="t",
                    name="T",
                    kind="geography",
                    scope="all",
                    base_year=1990,
                    reduction=0.85,
                    target_year=2030,
                    gas="CO2e",
                )
            ],
            "target t: has no baseline tonnes, so no trajectory",
        ),
        (
            [
                Target(
                    id="t",
                    name="T",
                    kind="geography",
                    scope="all",
                    base_year=1990,
                    base_tonnes=5,
                    reduction=0.85,
                    target_year=2030,
                    gas="CO2e",
                )
            ],
            "target t: does not say where its baseline is from",
        ),
        (
            [ScopePart(target="goal", domain="fleet", carrier="diesel", base_tonnes=20)],
            "target goal: has a baseline of 100 t, and parts of 120.4 t",
        ),
        (
            [Measure(id="hope", name="Hope", kind="other", start=TODAY)],
            "measure hope: has no planned effect",
        ),
        (
            [
                Measure(id="late", name="Late", kind="led", cabinet="box", start=TODAY, intervention="led"),
                MeasureEffect(measure="late", carrier="electricity", kwh_per_year=1),
            ],
            "measure late: starts on 2026-06-01, its intervention led is of 2020-01-01",
        ),
        (
            [
                SpeedLimit(site="street", direction="away", valid_from=START, valid_to=date(2025, 1, 2), limit_kmh=40),
                SpeedLimit(site="street", direction="away", valid_from=date(2025, 1, 1), limit_kmh=30),
            ],
            "speed_limit street away: from 2020-01-01 overlaps the one from 2025-01-01; the later one counts",
        ),
        (
            [factor(2020, 2022), factor(2021, None)],
            f"factor {SERIES}: from 2020-01-01 overlaps the one from 2021-01-01; the later one counts",
        ),
        (
            [Site(id="path", name="Path"), ReportSchedule(id="weekly", site="path", every="week")],
            "report_schedule weekly: is of site path, where no traffic is measured",
        ),
        (
            [
                Building(id="shed", name="Shed"),
                HeatedArea(building="shed", valid_from=START, area_m2=10),
                ReportSchedule(id="monthly", building="shed", every="month"),
            ],
            "report_schedule monthly: is of building shed, which has no meter",
        ),
    ],
)
def test_one_thing_to_find(registry: Registry, rows: list[object], finding: str) -> None:
    assert told(registry, *rows) == [finding]


def test_a_target_that_says_nothing(registry: Registry) -> None:
    goal = Target(id="t", name="T", kind="geography", reduction=0.85, target_year=2030, gas="CO2")
    assert told(registry, goal) == [
        "target t: has no baseline year",
        "target t: has no baseline tonnes, so no trajectory",
        "target t: does not say what it covers",
    ]


def test_periods_that_follow_each_other_are_fine(registry: Registry) -> None:
    rows = [factor(2019, 2020), factor(2020, 2021), factor(2021, None)]
    limits = [
        SpeedLimit(site="street", direction="away", valid_from=START, limit_kmh=40),
        SpeedLimit(site="street", direction="away", valid_from=date(2025, 1, 1), limit_kmh=30),
    ]
    assert told(registry, *rows, *limits) == []
