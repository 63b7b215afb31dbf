"""Points that an InfluxDB refuses cost themselves alone, and few requests."""

from __future__ import annotations

import urllib.error
import urllib.request
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
import pytest

from bypuls.store.influx import InfluxSettings, InfluxStore
from bypuls.store.protocol import Bins, Misconfigured, Unavailable
from bypuls.wire import Lamp

CONFLICT = (
    'failure writing points to database: partial write: field type conflict: input field "power_w" on measurement '
    '"lamp" is type float, already exists as type string dropped={dropped}'
)


def raw(server: Any, bucket: str, line: str) -> None:
    """Writes a line as anybody with a token could."""
    request = urllib.request.Request(
        f"{server.url}/api/v2/write?bucket={bucket}&precision=us",
        data=line.encode(),
        headers={"Authorization": f"Token {server.token}"},
    )
    with urllib.request.urlopen(request, timeout=10) as answer:
        assert answer.status == 204


def test_a_body_too_large_is_halved(fake: Any, make: Any) -> None:
    store = make()
    fake.behave = lambda _path, lines: fake.answer(413) if len(lines) > 300 else None
    assert store.write(fake.lamps(1000)) == []
    assert fake.holds(fake.lamps(1000))
    fake.behave = lambda _path, lines: fake.answer(413) if any("power_w=2.0" in line for line in lines) else None
    assert [one.index for one in store.write(fake.lamps(5))] == [2]


@pytest.mark.parametrize("status", [400, 422])
@pytest.mark.parametrize("tells", [CONFLICT, "unable to parse a line"])
@pytest.mark.parametrize("keeps_the_rest", [True, False])
def test_one_bad_point_among_five_thousand_costs_itself_alone(
    fake: Any, make: Any, waiting: Any, status: int, tells: str, keeps_the_rest: bool
) -> None:
    store = make()
    fake.refusal, fake.tells, fake.keeps_the_rest = status, tells, keeps_the_rest
    fake.is_bad = lambda line: "power_w=3217.0 " in line
    rejected = store.write(fake.lamps(5000))
    assert [one.index for one in rejected] == [3217]
    assert tells.partition("{")[0] in rejected[0].reason
    assert fake.holds([one for i, one in enumerate(fake.lamps(5000)) if i != 3217])
    assert fake.count() <= 27
    assert waiting.waited_s == []


def test_a_conflict_of_a_rare_field_is_found_in_three_requests(fake: Any, make: Any) -> None:
    store = make()
    fake.tells, fake.keeps_the_rest = CONFLICT.replace("power_w", "temp_c"), False
    fake.is_bad = lambda line: "temp_c=" in line
    readings = fake.lamps(5000)
    readings[11] = Lamp(sensor="lamp-1", t=fake.t0 + timedelta(seconds=11), temp_c=1)
    readings[4711] = Lamp(sensor="lamp-1", t=fake.t0 + timedelta(seconds=4711), temp_c=1, power_w=1)
    assert [one.index for one in store.write(readings)] == [11, 4711]
    assert fake.holds([one for i, one in enumerate(readings) if i not in (11, 4711)])
    assert fake.count() == 3


def test_when_all_are_refused_one_request_says_so(fake: Any, make: Any) -> None:
    store = make()
    fake.tells = CONFLICT
    fake.is_bad = lambda _line: True
    assert [one.index for one in store.write(fake.lamps(5000))] == list(range(5000))
    assert fake.count() == 1


def test_a_server_that_fails_in_the_middle_of_a_search_is_unavailable(fake: Any, make: Any, waiting: Any) -> None:
    store = make()
    fake.tells = "unable to parse a line"
    fake.is_bad = lambda line: "power_w=99.0 " in line
    fake.behave = fake.in_turn(None, None, None, fake.answer(503))
    with pytest.raises(Unavailable):
        store.write(fake.lamps(200))
    waiting.pause(1.0)
    assert [one.index for one in store.write(fake.lamps(200))] == [99]
    assert fake.holds([one for i, one in enumerate(fake.lamps(200)) if i != 99])


def test_times_that_no_influxdb_holds_are_rejected_here(fake: Any, make: Any) -> None:
    readings = [Lamp(sensor="a", t=datetime(year, 1, 1, tzinfo=UTC), on=True) for year in (1, 1677, 1678, 2261, 2262)]
    assert [one.index for one in make().write(readings)] == [0, 1, 4]
    assert fake.holds(readings[2:4])


def test_bins_that_are_refused_are_no_silent_loss(fake: Any, make: Any) -> None:
    fake.tells = "conflict dropped={dropped}"
    fake.is_bad = lambda _line: True
    with pytest.raises(Misconfigured, match="1 bins of lamp-1 refused: conflict"):
        make().replace_bins(
            "lamp", "lamp-1", 0, 10**12, [Bins("lamp", "lamp-1", np.array([0]), {"n": np.array([1.0])})]
        )


def test_a_field_type_conflict_on_a_real_server_costs_one_of_five_thousand(fake: Any, influx_server: Any) -> None:
    store = InfluxStore(InfluxSettings(influx_server.url, influx_server.token, "", "conflict", "conflict_rollup"))
    store.setup()
    try:
        # Somebody wrote a text where we write numbers: `temp_c` everywhere, `power_w` in another week.
        for field, t in (("temp_c", fake.t0), ("power_w", fake.t0 + timedelta(days=70))):
            raw(influx_server, "conflict", f'lamp,sensor=foreign {field}="warm" {int(t.timestamp())}000000')
        readings = fake.lamps(5000)
        readings[4321] = Lamp(sensor="lamp-1", t=fake.t0 + timedelta(seconds=4321), temp_c=20, power_w=4321)
        rejected = store.write(readings)
        assert [one.index for one in rejected] == [4321]
        assert "field type conflict" in rejected[0].reason
        stored = store.readings("lamp", "lamp-1", 0, 2**60)
        assert stored == [*readings[:4321], *readings[4322:]]

        moved = [
            reading.replace_t(reading.t + timedelta(days=70)) if i == 77 else reading
            for i, reading in enumerate(fake.lamps(5000))
            if reading.t
        ]
        assert [one.index for one in store.write(moved)] == [77]
        assert store.readings("lamp", "lamp-1", 0, 2**60) == fake.lamps(5000)
    finally:
        store.close()
