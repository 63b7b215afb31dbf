"""Faults to order: what each does to lamps, cabinets and meters, the same again from the same seed."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from bypuls.analysis.registers import quarter_energy
from bypuls.cli.town import ordered
from bypuls.edge import drivers
from bypuls.edge.driver import configure
from bypuls.sim.fault_orders import KINDS, OF_LAMPS, FaultOrder, draw_orders, parse_order
from bypuls.sim.gateway import LampGateway
from bypuls.sim.history import sensor_history
from bypuls.sim.modbus_layout import layout
from bypuls.sim.modbus_meters import ModbusMeters, SimulatedMeter
from bypuls.sim.present import Present
from bypuls.sim.town import Town
from bypuls.wire import Lamp, to_us

BEGINS = date(2026, 11, 18)
NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)
EVENING = datetime(2026, 11, 20, 19, tzinfo=UTC)  # 20:00 local: lit at full level
NIGHT = datetime(2026, 11, 21, 1, tzinfo=UTC)  # 02:00 local: dimmed
START = to_us(datetime(2026, 11, 20, 10, tzinfo=UTC))
PROFILE = Path(drivers.__path__[0]) / "profiles" / "lamp-gateway.toml"
LAMP, HPS = "lamp-1-03", "lamp-2-09"


def town(*orders: FaultOrder, seed: int = 7) -> Town:
    return Town(seed, BEGINS, orders)


def power_w(one: Town, cabinet: str, t: datetime) -> float:
    return Present(one).meter(f"{cabinet}-meter", t).power_w


class TestText:
    def test_an_order_from_its_text(self) -> None:
        told = parse_order("lamps-out:cabinet-2;k=4;from=2026-11-20T17:00+01:00;to=2026-11-21T07:00Z", NOON)
        start, end = datetime(2026, 11, 20, 16, tzinfo=UTC), datetime(2026, 11, 21, 7, tzinfo=UTC)
        assert told == FaultOrder("lamps-out", "cabinet-2", to_us(start), to_us(end), 4)
        assert parse_order("cycling:lamp-1-03", NOON).start_us == to_us(NOON)

    @pytest.mark.parametrize(
        ("text", "expected"),
        [
            ("", "one of lamp-out"),
            ("lamp-of:lamp-1-03", "one of lamp-out"),
            ("lamp-out", "lamp-out:ID"),
            ("lamp-out:lamp-1-03;k=2", "lamps-out alone"),
            ("lamps-out:cabinet-1", "number of lamps"),
            ("lamps-out:cabinet-1;k=0", "number of lamps"),
            ("lamp-out:lamp-1-03;form=2026-11-20T17:00Z", "from=…"),
            ("lamp-out:lamp-1-03;from=2026-11-20T17:00", "with its offset"),
            ("lamp-out:lamp-1-03;from=soon", "with its offset"),
            ("lamp-out:lamp-1-03;to=2026-11-01T00:00Z", "later than from"),
        ],
    )
    def test_what_is_no_order_is_told(self, text: str, expected: str) -> None:
        with pytest.raises(ValueError, match=expected):
            parse_order(text, NOON)

    @pytest.mark.parametrize("text", ["lamp-out:lamp-9-99", "feeder-off:lamp-1-03", "meter-reset:cabinet-1"])
    def test_a_place_that_is_not_there_is_told(self, text: str) -> None:
        with pytest.raises(ValueError, match=text):
            ordered(town(), [text], 0, NOON)

    def test_no_more_lamps_than_the_cabinet_feeds(self) -> None:
        with pytest.raises(ValueError, match="k=99 — expected at most its 10 lamps"):
            ordered(town(), ["lamps-out:cabinet-3;k=99"], 0, NOON)

    def test_the_command_orders(self) -> None:
        spoilt = ordered(town(), ["lamp-out:lamp-1-03"], 5, NOON)
        assert len(spoilt.orders.all) == 6
        assert ordered(town(), [], 0, NOON).orders.all == ()


class TestLamps:
    def look(self, kind: Any, t: datetime, lamp: str = LAMP) -> Any:
        return Present(town(FaultOrder(kind, lamp, START))).lamp(lamp, t)

    def test_a_lamp_that_is_out_draws_nothing_and_says_so(self) -> None:
        out, well = self.look("lamp-out", EVENING), Present(town()).lamp(LAMP, EVENING)
        assert (out.on, out.power_w, out.fault) == (True, 0.0, "lampFailure")
        assert well.power_w > 50
        assert out.energy_wh < well.energy_wh

    def test_a_day_burner_burns_at_noon_and_says_nothing(self) -> None:
        burns = self.look("day-burner", NOON)
        assert (burns.on, burns.level_pct, burns.fault) == (True, 100.0, None)
        assert burns.power_w > 50
        assert Present(town()).lamp(LAMP, NOON).power_w == 0

    def test_a_lamp_that_cycles_switches_at_least_four_times_an_hour(self) -> None:
        present = Present(town(FaultOrder("cycling", LAMP, START)))
        lit = [present.lamp(LAMP, EVENING + timedelta(minutes=n)).power_w > 0 for n in range(60)]
        assert np.count_nonzero(np.diff(lit)) >= 8

    def test_a_lamp_that_is_not_dimmed_says_the_level_and_burns_at_full(self) -> None:
        well, fails = Present(town()).lamp(LAMP, NIGHT), self.look("dim-failure", NIGHT)
        assert (well.level_pct, fails.level_pct) == (50.0, 50.0)
        assert fails.power_w == pytest.approx(well.power_w / 0.53, rel=0.01)
        assert self.look("dim-failure", NOON).power_w == 0

    def test_an_ageing_lamp_loses_a_tenth_in_25_days_and_no_more_than_a_fifth(self) -> None:
        for days, share in ((25, 0.9), (80, 0.8)):
            t = EVENING + timedelta(days=days)
            ratio = self.look("ageing", t).power_w / Present(town()).lamp(LAMP, t).power_w
            assert ratio == pytest.approx(share, abs=0.02)

    def test_orders_end(self) -> None:
        ends = town(FaultOrder("lamp-out", LAMP, START, to_us(EVENING)))
        assert Present(ends).lamp(LAMP, EVENING) != Present(town(FaultOrder("lamp-out", LAMP, START))).lamp(
            LAMP, EVENING
        )
        assert Present(ends).lamp(LAMP, EVENING).fault is None


class TestCabinets:
    def test_k_of_n_lamps_are_a_step_of_k_lamps_power(self) -> None:
        order = FaultOrder("lamps-out", "cabinet-1", START, k=4)
        spoilt = town(order)
        hit = spoilt.orders.lamps_hit(order)
        assert len(hit) == 4
        present = Present(town())
        step = sum(present.lamp(lamp, EVENING).power_w for lamp in hit)
        assert power_w(town(), "cabinet-1", EVENING) - power_w(spoilt, "cabinet-1", EVENING) == pytest.approx(
            1.02 * step, abs=2
        )
        assert all(Present(spoilt).lamp(lamp, EVENING).fault is None for lamp in hit)
        assert town(order).orders.lamps_hit(order) == hit
        assert town(order, seed=8).orders.lamps_hit(order) != hit

    def test_without_a_feeder_lamps_do_not_answer_and_the_meter_counts(self) -> None:
        spoilt = town(FaultOrder("feeder-off", "cabinet-1", START))
        gateway = LampGateway(spoilt, Present(spoilt), now=lambda: EVENING)
        answers = {lamp: gateway.read(spoilt.sensors[lamp]) for lamp in (LAMP, "lamp-2-01")}
        assert answers[LAMP] is None
        assert isinstance(answers["lamp-2-01"], Lamp)
        assert power_w(spoilt, "cabinet-1", EVENING) == pytest.approx(15, abs=1)
        gateway.collect()

    def test_a_clock_that_was_not_changed_switches_an_hour_late(self) -> None:
        spoilt, well = town(FaultOrder("clock-change", "cabinet-1", START)), town()
        day = range(24 * 12)
        lit = [
            [power_w(one, "cabinet-1", EVENING + timedelta(minutes=5 * n)) > 60 for n in day] for one in (well, spoilt)
        ]
        assert np.flatnonzero(np.diff(lit[1])).tolist() == [n + 12 for n in np.flatnonzero(np.diff(lit[0]))]

    def test_a_meter_that_is_reset_begins_at_0_and_the_platform_counts_a_reset(self) -> None:
        spoilt, well = town(FaultOrder("meter-reset", "cabinet-1-meter", to_us(EVENING))), town()
        times = [EVENING + timedelta(minutes=n) for n in range(-60, 61, 5)]
        shown, whole = ([Present(one).meter("cabinet-1-meter", t).import_wh for t in times] for one in (spoilt, well))
        assert shown[12] == 0
        assert shown[:12] == whole[:12]
        assert shown[-1] == pytest.approx((whole[-1] or 0) - (whole[12] or 0))
        start = to_us(times[0])
        bins = quarter_energy(
            [to_us(t) for t in times], shown, start_us=start, end_us=start + 8 * 900_000_000, nominal_s=300
        )
        assert bins.resets.tolist() == [0, 0, 0, 1, 0, 0, 0, 0]
        assert (bins.covered_s.sum(), bins.delta.min() > 80) == (7_200 - 300, True)


class TestHistory:
    """What is written of the past agrees with what the sensors said then."""

    def columns(self, sensor: str, *orders: FaultOrder) -> tuple[Any, Any]:
        one = town(*orders)
        first = one.quarter(datetime(2026, 11, 20, 18, tzinfo=UTC))
        (block,) = sensor_history(one, one.sensors[sensor], first, first + 12)
        return block.t_us // 900_000_000 - first, block.columns

    def test_a_lamp_without_supply_says_nothing(self) -> None:
        off = FaultOrder("feeder-off", "cabinet-1", to_us(EVENING) + 300_000_000, to_us(EVENING) + 3_600_000_000)
        quarters, columns = self.columns(LAMP, off)
        assert quarters.tolist() == [0, 1, 2, 3, 4, 8, 9, 10, 11]
        assert columns["n"].tolist() == [15, 15, 15, 15, 5, 15, 15, 15, 15]
        assert columns["energy_wh_covered_s"][4] == 300
        assert columns["power_w_min"].min() > 50

    def test_a_reset_loses_the_interval_between_two_readings(self) -> None:
        _, well = self.columns("cabinet-1-meter")
        _, columns = self.columns("cabinet-1-meter", FaultOrder("meter-reset", "cabinet-1-meter", to_us(EVENING)))
        assert columns["import_wh_resets"].tolist() == [0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0]
        assert columns["import_wh_covered_s"][4] == 840
        assert columns["import_wh_delta"][4] == pytest.approx(well["import_wh_delta"][4] * 14 / 15)
        assert "import_wh_resets" not in well


class TestSchedules:
    lamps = {lamp.id: lamp.cabinet for lamp in town().lighting.lamps.values()}  # noqa: RUF012

    def test_the_same_seed_draws_the_same(self) -> None:
        end = START + 90 * 86_400_000_000
        drawn = draw_orders(7, self.lamps, START, end, 40)
        assert drawn == draw_orders(7, self.lamps, START, end, 40)
        assert drawn != draw_orders(8, self.lamps, START, end, 40)
        assert len(drawn) == 40
        assert {order.kind for order in drawn} == set(KINDS) - {"meter-reset"}
        assert all(START <= order.start_us < order.end_us <= end for order in drawn)
        Town(7, BEGINS, drawn)

    def test_one_lamp_has_one_fault_at_a_time(self) -> None:
        drawn = draw_orders(7, self.lamps, START, START + 30 * 86_400_000_000, 40)
        for n, one in enumerate(drawn):
            for other in drawn[n + 1 :]:
                if one.kind in OF_LAMPS and other.target in (one.target, self.lamps[one.target]):
                    assert one.end_us <= other.start_us or other.end_us <= one.start_us


def test_a_town_without_orders_is_the_town_it_was() -> None:
    first = town().quarter(EVENING) - 96
    for lamp in (LAMP, HPS):
        well, aside = (
            one.lighting.minutes(lamp, first, first + 200)
            for one in (town(), town(FaultOrder("lamp-out", "lamp-4-01", START)))
        )
        for name in ("on", "level_pct", "power_w"):
            np.testing.assert_array_equal(getattr(well, name), getattr(aside, name))


def test_ordered_lamps_behind_a_modbus_gateway_are_read_by_the_driver() -> None:
    spoilt = town(FaultOrder("lamp-out", LAMP, START))
    present = Present(spoilt)

    def shown() -> list[dict[str, Any]]:
        lamps = (present.lamp(f"lamp-1-{n:02d}", EVENING) for n in range(1, 11))
        names = ("on", "level_pct", "power_w", "energy_wh", "operating_s")
        return [
            {name: getattr(lamp, name) for name in names} | {"faults": (lamp.fault,) if lamp.fault else ()}
            for lamp in lamps
        ]

    with ModbusMeters({1: SimulatedMeter(layout(PROFILE.read_text("utf-8")), shown)}) as line:
        given = {"host": line.host, "tcp_port": line.tcp_port, "profile": "lamp-gateway", "answer_s": 1.0}
        read = []
        for index in (1, 2):
            driver = configure(f"lamp-{index}", "modbus", given | {"index": index})
            read.append(next(item for item in driver.readings() if item is not None))
            driver.close()
    well, out = read
    assert isinstance(well, Lamp)
    assert isinstance(out, Lamp)
    assert (well.faults, out.faults, out.power_w) == ((), ("lampFailure",), 0.0)
    assert well.power_w == pytest.approx(present.lamp("lamp-1-02", EVENING).power_w, abs=0.01)
