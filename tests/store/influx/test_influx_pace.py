"""How often a failing server is asked."""

from __future__ import annotations

from bypuls.store.influx.pace import LONGEST_S, Pace


class Clock:
    """A clock that stands until it is moved."""

    def __init__(self) -> None:
        self.now_s = 100.0

    def __call__(self) -> float:
        return self.now_s


def test_all_go_while_all_goes_well() -> None:
    pace = Pace(Clock(), lambda: 0.0)
    assert [pace.admit() for _ in range(1000)] == [0.0] * 1000


def test_after_a_failure_one_goes_after_the_pause_and_the_rest_wait() -> None:
    clock = Clock()
    pace = Pace(clock, lambda: 0.0)
    assert pace.failed() == 1.0
    assert pace.admit() == 1.0
    clock.now_s += 1.0
    assert pace.admit() == 0.0
    assert pace.admit() > 0.0
    pace.succeeded()
    assert pace.admit() == pace.admit() == 0.0


def test_pauses_double_to_half_a_minute_and_start_anew() -> None:
    clock = Clock()
    pace = Pace(clock, lambda: 1.0)
    pauses = []
    for _ in range(8):
        pauses.append(pace.failed())
        clock.now_s += pauses[-1]
    assert pauses == [2, 4, 8, 16, 30, 30, 30, 30]
    pace.succeeded()
    assert pace.failed() == 2


def test_half_of_a_pause_is_chance() -> None:
    assert Pace(Clock(), lambda: 0.0).failed() == 1.0
    assert Pace(Clock(), lambda: 0.25).failed() == 1.25


def test_the_servers_own_wish_is_the_least() -> None:
    clock = Clock()
    pace = Pace(clock, lambda: 0.0)
    assert pace.failed(retry_after_s=120.0) == 120.0
    clock.now_s += 119.0
    assert pace.admit() == 1.0
    assert pace.failed(retry_after_s=0.0) <= LONGEST_S
