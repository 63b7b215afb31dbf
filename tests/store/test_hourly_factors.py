"""Hourly factors: kept whole, added to, restated as a new version, never overwritten."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime
from pathlib import Path

import numpy as np
import pytest

from bypuls.store.registry import (
    BadValue,
    Factor,
    HourlyLabel,
    Registry,
    Restated,
    hourly_factors,
    journal,
    keep_hourly_factors,
    open_registry,
    version_order,
)
from bypuls.store.registry.hourly_factors import following, parse_hours, write_hours

HOUR_US = 3_600_000_000
START_US = round(datetime(2021, 12, 31, 23, tzinfo=UTC).timestamp()) * 1_000_000
LABEL = HourlyLabel("grid", "DK2", "125 %", "made for the test", loss_included=False)
T_US = START_US + np.arange(8760, dtype=np.int64) * HOUR_US
VALUES = 40.0 + np.random.default_rng(1).random(8760) * 100.0


@pytest.fixture
def registry(tmp_path: Path, place_registry: Callable[[Path], Path]) -> Iterator[Registry]:
    with open_registry(place_registry(tmp_path), clock=lambda: datetime(2026, 1, 1, tzinfo=UTC)) as opened:
        yield opened


def factor(registry: Registry, version: str) -> Factor:
    (found,) = registry.factors("grid", version)
    return found


def test_a_year_goes_in_and_comes_out_to_the_bit(registry: Registry) -> None:
    kept = keep_hourly_factors(registry, LABEL, T_US[::-1], VALUES[::-1])
    assert (kept.version, kept.new, kept.same, kept.changed) == ("1", 8760, 0, 0)
    header = factor(registry, "1")
    assert (header.step, header.value, header.loss_included) == ("hour", None, False)
    assert (header.valid_from.date(), header.valid_to) == (date(2021, 12, 31), datetime(2023, 1, 1, tzinfo=UTC))
    t_us, values = hourly_factors(registry, header, START_US, START_US + 8760 * HOUR_US)
    assert (t_us == T_US).all()
    assert (values == VALUES).all()
    again = keep_hourly_factors(registry, LABEL, T_US, VALUES)
    assert (again.new, again.same) == (0, 8760)
    assert len(journal(registry)) == 1, "what changed nothing isn't in the audit"


def test_what_wasnt_known_is_added_to_the_version(registry: Registry) -> None:
    keep_hourly_factors(registry, LABEL, T_US[:30], VALUES[:30])
    kept = keep_hourly_factors(registry, LABEL, T_US[20:60], VALUES[20:60])
    assert (kept.version, kept.new, kept.same) == ("1", 30, 10)
    assert len(hourly_factors(registry, factor(registry, "1"), START_US, START_US + 100 * HOUR_US)[0]) == 60


def test_other_figures_need_a_version_of_their_own(registry: Registry) -> None:
    keep_hourly_factors(registry, LABEL, T_US[:48], VALUES[:48])
    restated = VALUES[10:30].copy()
    restated[5:8] += 1.0
    with pytest.raises(Restated, match=r"3 hours differ from version 1, the first at 2022-01-01 14:00Z: .*such as 2"):
        keep_hourly_factors(registry, LABEL, T_US[10:30], restated)
    with pytest.raises(Restated):
        keep_hourly_factors(registry, LABEL, T_US[10:30], restated, version="1")
    kept = keep_hourly_factors(registry, LABEL, T_US[10:30], restated, restate=True)
    assert (kept.version, kept.changed, kept.same) == ("2", 3, 17)
    _, old = hourly_factors(registry, factor(registry, "1"), START_US, START_US + 48 * HOUR_US)
    assert (old == VALUES[:48]).all(), "an older account can be reproduced"
    t_us, new = hourly_factors(registry, factor(registry, "2"), START_US, START_US + 48 * HOUR_US)
    at = (t_us - START_US) // HOUR_US
    expected = VALUES[:48].copy()
    expected[15:18] += 1.0
    assert (new == expected[at]).all()
    assert {1, 24} <= set(at.tolist()), "the new version's days are whole"
    assert keep_hourly_factors(registry, LABEL, T_US[10:30], restated).same == 20


def test_half_hours_doubled_and_infinite_ones_are_refused(registry: Registry) -> None:
    for t_us in (T_US[:2] + 1, T_US[[0, 0]], T_US[:0]):
        with pytest.raises(BadValue, match="whole UTC hours, each once"):
            keep_hourly_factors(registry, LABEL, t_us, VALUES[: len(t_us)])
    with pytest.raises(BadValue, match="24 numbers"):
        keep_hourly_factors(registry, LABEL, T_US[:1], np.array([np.inf]))


def test_versions_are_ordered_as_people_number_them() -> None:
    assert sorted(["10", "9", "2023-2", "2023", "final"], key=version_order) == ["final", "9", "10", "2023", "2023-2"]
    assert [following(one) for one in ("1", "9", "2010-2015", "v2b", "final")] == [
        "2",
        "10",
        "2010-2016",
        "v3b",
        "final-2",
    ]


def test_texts_of_a_day() -> None:
    hours = np.array([np.nan, 0.0, -1.5, 53.82, 1e-7, *[169.145866] * 19])
    assert write_hours(hours).startswith("- 0 -1.5 53.82 1e-07 169.145866")
    np.testing.assert_array_equal(parse_hours(write_hours(hours)), hours)
