"""Two periods against each other: what changed, how surely, what is refused; and the report as JSON."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

import numpy as np
import pytest

from bypuls.api.reports.speed.build import build_report
from bypuls.api.reports.speed.compare import Pair
from bypuls.api.reports.speed.model import Limit, Quality, Site, SpeedReport
from bypuls.api.reports.speed.observations import Observations, Vehicles
from bypuls.api.reports.speed.settings import Settings
from bypuls.api.reports.speed.to_json import to_json

CPH = ZoneInfo("Europe/Copenhagen")
MONDAY = date(2026, 3, 2)
SETTINGS = Settings(Site("Hovedgade"), limits=(Limit("both", 50.0),))


def midnight_us(day: date) -> int:
    return round(datetime(day.year, day.month, day.day, tzinfo=CPH).timestamp()) * 1_000_000


def street(first: date, days: int, centre: float, seed: int, per_day: int = 400) -> Observations:
    """Vehicles over whole days; days differ a little."""
    rng = np.random.default_rng(seed)
    times, speeds = [], []
    for number in range(days):
        start = midnight_us(first + timedelta(days=number))
        times.append(start + np.sort(rng.integers(0, 86_400_000_000, per_day)))
        speeds.append(np.round(rng.normal(centre + rng.normal(0, 0.4), 7.0, per_day).clip(3, 140), 1))
    direction = rng.integers(0, 2, days * per_day)
    vehicles = Vehicles(np.concatenate(speeds), np.concatenate(times), direction, ("toward", "away"))
    return Observations(vehicles, None, Quality(days * per_day, days * per_day, {}), resolution_kmh=0.1)


def timeless(speeds: np.ndarray) -> Observations:
    return Observations(Vehicles(speeds), None, Quality(speeds.size, speeds.size, {}))


def compared(**changes: object) -> SpeedReport:
    given = {"first": street(MONDAY, 7, 50.0, 11), "second": street(date(2026, 4, 13), 7, 46.0, 12), "controls": ()}
    given.update(changes)
    return build_report(given["first"], SETTINGS, other=given["second"], controls=given["controls"])  # type: ignore[arg-type]


def test_comparison_without_controls_is_an_association() -> None:
    found = compared().comparison
    assert found is not None
    assert (found.refused, found.design, found.weekdays) == (False, "association", "weekday")
    mean = found.changes["mean_kmh"]
    assert mean.change == pytest.approx(
        (found.after.statistics.mean_kmh or 0) - (found.before.statistics.mean_kmh or 0)
    )
    assert mean.conclusion == "decrease"
    v85 = found.changes["v85_kmh"]
    assert (v85.before, v85.after) == (found.before.statistics.v85_kmh, found.after.statistics.v85_kmh)
    assert found.effects == {
        name: replace(change, method=found.effects[name].method) for name, change in found.changes.items()
    }
    assert {"regression_to_the_mean", "no_control_site"} <= set(found.warnings)
    assert [estimate.name for estimate in found.estimates] == ["injury_accidents", "fatal_accidents", "noise_lden"]
    injuries = found.estimates[0]
    assert mean.before is not None
    assert mean.after is not None
    assert injuries.value == pytest.approx((mean.after / mean.before) ** 1.2 - 1)
    assert found.independent is not None
    assert found.independent.label == "vehicles_taken_as_independent"


def test_the_earlier_period_is_before() -> None:
    turned = compared(first=street(date(2026, 4, 13), 7, 46.0, 12), second=street(MONDAY, 7, 50.0, 11)).comparison
    straight = compared().comparison
    assert turned is not None
    assert straight is not None
    assert turned.changes == straight.changes


def test_controls_take_off_what_changed_everywhere() -> None:
    control = Pair("Parkvej", street(MONDAY, 7, 50.0, 13), street(date(2026, 4, 13), 7, 46.0, 14))
    found = compared(controls=(control,)).comparison
    assert found is not None
    assert found.design == "difference_of_differences"
    effect, own, other = found.effects["mean_kmh"], found.changes["mean_kmh"], found.controls[0].changes["mean_kmh"]
    assert effect.change == pytest.approx((own.change or 0) - (other.change or 0))
    assert effect.se == pytest.approx(np.hypot(own.se or 0, other.se or 0))
    assert effect.conclusion == "no_clear_change"
    assert "no_control_site" not in found.warnings


@pytest.mark.parametrize(
    ("second", "reason"),
    [
        (lambda: street(date(2026, 4, 13), 2, 46.0, 15), "after_fewer_than_3_full_days"),
        (lambda: street(date(2026, 4, 13), 3, 46.0, 15, per_day=33), "after_fewer_than_100_vehicles"),
        (lambda: timeless(np.full(200, 45.0)), "after_no_times"),
        (lambda: street(date(2026, 4, 18), 2, 46.0, 15), "after_fewer_than_3_full_days"),
    ],
)
def test_comparisons_are_refused_with_a_reason(second: Callable[[], Observations], reason: str) -> None:
    found = compared(second=second()).comparison
    assert found is not None
    assert found.refused
    assert reason in found.reasons
    assert (found.changes, found.effects, found.estimates) == ({}, {}, ())


def test_cells_of_few_vehicles_are_shaded() -> None:
    found = compared(second=street(date(2026, 4, 13), 7, 46.0, 12, per_day=100)).comparison
    assert found is not None
    assert any(hour.shaded for hour in found.hours)
    assert all(hour.shaded == (min(hour.before_n or 0, hour.after_n or 0) < 50) for hour in found.hours)


def test_json_has_the_keys_that_are_promised() -> None:
    told = to_json(compared())
    one = told["statistics"]["all"]
    assert {"n", "mean_kmh", "v15_kmh", "v50_kmh", "v85_kmh", "v95_kmh", "v98_kmh", "max_kmh", "s_kmh", "pace", "bands",
            "over_limit", "mean_over_kmh", "verdict", "intervals", "methods"} <= one.keys()  # fmt: skip
    assert one["pace"].keys() == {"from_kmh", "to_kmh", "n", "share"}
    assert {"n", "share"} <= one["over_limit"].keys()
    assert 0.0 <= one["over_limit"]["share"] <= 1.0
    assert told["statistics"]["directions"].keys() == {"toward", "away"}
    assert {"lines", "used", "dropped"} <= told["quality"].keys()
    assert {"hours", "days", "comparison"} <= told.keys()
    assert told["days"][0]["date"] == "2026-03-02"
    assert told["period"]["start"] == "2026-03-02T00:00:00+01:00"


def test_json_refuses_what_is_not_a_number() -> None:
    report = compared()
    broken = replace(report, statistics=replace(report.statistics, all=replace(report.statistics.all, mean_kmh=np.nan)))
    with pytest.raises(ValueError, match="expected a finite one"):
        to_json(broken)
