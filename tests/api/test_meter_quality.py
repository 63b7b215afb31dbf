"""How far a meter can be relied on: planted faults are told by kind and day."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
import pytest

from bypuls.api.periods import span_of
from bypuls.api.routes.meters import quality_of
from bypuls.store.protocol import Bins
from bypuls.store.registry import Sensor
from bypuls.store.sqlite import SqliteStore
from bypuls.wire import to_us

CPH = ZoneInfo("Europe/Copenhagen")
QUARTER_US = 900_000_000
FIRST, LAST, EVENT = date(2026, 3, 1), date(2026, 4, 20), datetime(2026, 3, 29, 9, tzinfo=UTC)
NOW = datetime(2026, 5, 1, tzinfo=UTC)
METER = Sensor(id="m-1", device="pi-1", kind="meter", name="M", medium="electricity")


@pytest.fixture
def store(tmp_path: Path) -> Iterator[SqliteStore]:
    found = SqliteStore(tmp_path)
    yield found
    found.close()


def told(store: SqliteStore, change: Callable[[dict[str, Any], int], None], meter: Sensor = METER) -> dict[str, Any]:
    """The quality of a meter of 100 Wh in each quarter, with what `change` makes of its columns from EVENT on."""
    start, end = (datetime(day.year, day.month, day.day, tzinfo=CPH) for day in (FIRST, LAST))
    t_us = np.arange(to_us(start.astimezone(UTC)), to_us(end.astimezone(UTC)), QUARTER_US)
    columns: dict[str, Any] = {
        "n": np.full(t_us.size, 15.0),
        "import_wh_delta": np.full(t_us.size, 100.0),
        "import_wh_covered_s": np.full(t_us.size, 900.0),
        "import_wh_resets": np.zeros(t_us.size),
        "import_wh_gap": np.full(t_us.size, np.nan),
        "import_wh_gap_s": np.zeros(t_us.size),
        "serial": np.array(["A"] * t_us.size, dtype=object),
    }
    change(columns, int(np.searchsorted(t_us, to_us(EVENT))))
    store.replace_bins(
        "meter",
        "m-1",
        int(t_us[0]),
        int(t_us[-1]) + 1,
        [Bins("meter", "m-1", t_us, columns, {"medium": "electricity"})],
    )
    span = span_of("day", FIRST.isoformat(), LAST.isoformat(), CPH, now=NOW, most_rows=1000)
    return quality_of(store, meter, "import_wh", span)


def event(columns: dict[str, Any], at: int, count: int = 1) -> None:
    columns["import_wh_resets"][at] = count
    columns["import_wh_delta"][at] = np.nan
    columns["import_wh_covered_s"][at] = 0.0


def test_a_meter_that_is_well(store: SqliteStore) -> None:
    found = told(store, lambda _columns, _at: None)
    assert (found["coverage"], found["resets"], found["gap_amount"], found["statements"]) == (1.0, 0, None, [])


def test_a_swap_names_both_meters_and_the_local_day(store: SqliteStore) -> None:
    def swap(columns: dict[str, Any], at: int) -> None:
        event(columns, at)
        columns["serial"][at:] = "B"

    (statement,) = told(store, swap)["statements"]
    assert statement == {
        "kind": "meter_swapped", "day": "2026-03-29", "before": "A", "after": "B", "factor": None, "count": None
    }  # fmt: skip


@pytest.mark.parametrize("factor", [1000.0, 0.001])
def test_a_unit_jump_is_told_and_its_amounts_are_left_alone(store: SqliteStore, factor: float) -> None:
    def jump(columns: dict[str, Any], at: int) -> None:
        event(columns, at)
        columns["import_wh_delta"][at + 1 :] *= factor

    (statement,) = told(store, jump)["statements"]
    assert (statement["kind"], statement["day"]) == ("unit_jump", "2026-03-29")
    assert statement["factor"] == pytest.approx(factor)


def test_half_a_months_gap_is_in_the_figures(store: SqliteStore) -> None:
    def gap(columns: dict[str, Any], at: int) -> None:
        quarters = 15 * 96
        for name in ("import_wh_delta", "import_wh_covered_s"):
            columns[name][at : at + quarters] = np.nan if name.endswith("delta") else 0.0
        columns["import_wh_gap"][at + quarters] = 144_000.0
        columns["import_wh_gap_s"][at + quarters] = quarters * 900.0

    found = told(store, gap)
    assert found["coverage"] == pytest.approx(1 - 15 / 50, abs=1e-3)
    assert (found["gap_amount"], found["gap_s"]) == (144_000.0, 15 * 86_400.0)


def test_a_meter_is_asked_for_the_time_that_it_was_there(store: SqliteStore) -> None:
    later = datetime(2026, 3, 31, 22, tzinfo=UTC)

    def begins(columns: dict[str, Any], _at: int) -> None:
        columns["import_wh_covered_s"][: 31 * 96 - 4] = 0.0  # March has 31 days, one of them of 23 hours

    new = Sensor(
        id="m-1", device="pi-1", kind="meter", name="M", medium="electricity", multiplier=1.0, valid_from=later
    )
    assert told(store, begins)["coverage"] == pytest.approx(19 / 50, abs=0.01)
    assert told(store, begins, new)["coverage"] == 1.0


def test_through_the_api(client: Any) -> None:
    found = client.told("/meters/hall-el/quality", **{"from": "2025-05-01", "to": "2025-05-02"})
    assert (found["register"], found["gap_amount"], found["gap_s"]) == ("import_wh", 512.0, 1800.0)
    assert found["coverage"] == pytest.approx(94 / 96)
    assert client.told("/meters/hall-heat/quality")["statements"] == []
    assert client.told("/meters/lamp-1/quality")["register"] == "energy_wh"


@pytest.mark.parametrize("sensor", ["radar", "nobody"])
def test_what_has_no_register_is_not_found(client: Any, sensor: str) -> None:
    assert client.get(f"/meters/{sensor}/quality").status_code == 404
