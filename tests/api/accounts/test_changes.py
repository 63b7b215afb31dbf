"""Restated factors, changes between years, uncertainty: what changed and why, and the old account again."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest

from bypuls.api.accounts.account import Accounts, Question
from bypuls.api.accounts.changes import decomposition, previous_pins, restatement, uncertainty_t
from bypuls.api.accounts.to_json import pins_of, told_account
from bypuls.store.protocol import Bins
from tests.api.accounts.conftest import CPH, FRAME, G_PER_KWH, Place, frame_of, wh

BEFORE = frame_of(2024, CPH)


def test_a_restated_factor_is_told_and_the_old_account_comes_again(place: Place, again: Callable[[], Accounts]) -> None:
    place.meter("hall-el", wh(100.0))
    place.meter("hall-heat", wh(500.0), medium="heat")
    place.factor("heat", 0.1)
    place.hourly()
    old = place.account()
    kept = told_account(Question(2025), [old])
    assert kept["reproduce"] == ["grid:1", "test:1"]
    restated = G_PER_KWH.copy()
    restated[1000:1500] += 10.0
    place.hourly(restated, restate=True)

    new = place.account()
    change_kg = 500 * 0.4 * 10.0 / 1000.0
    assert (new.total.emitted_t or 0) - (old.total.emitted_t or 0) == pytest.approx(change_kg / 1000.0)
    pins = previous_pins(place.accounts, place.directory)
    assert pins == (("grid", "1"),)
    told = restatement(place.accounts, place.directory, Question(2025, pins=pins), Question(2025))
    assert told["change_t"] == pytest.approx(change_kg / 1000.0)
    (line,) = told["lines"]
    assert (line["id"], line["change_kg"]) == ("hall-el", pytest.approx(change_kg))
    (cause,) = told["causes"]
    assert (cause["before_versions"], cause["after_versions"]) == (["1"], ["2"])
    assert (cause["steps_changed"], cause["steps_new"], cause["steps"]) == (500, 0, 8760)

    again()
    reproduced = place.account(pins=pins_of(kept["reproduce"]))
    assert reproduced.total == old.total
    same = told_account(Question(2025), [reproduced])
    assert {k: v for k, v in same.items() if k in ("views", "factors")} == {
        k: v for k, v in kept.items() if k in ("views", "factors")
    }


def test_a_yearly_factor_is_restated_as_well(place: Place) -> None:
    place.meter("hall-heat", wh(500.0), medium="heat")
    place.factor("heat", 0.1)
    place.factor("heat", 0.08, version="2")
    assert place.line("hall-heat").emitted_kg == pytest.approx(wh(500.0).sum() / 1000.0 * 0.08)
    assert place.line("hall-heat", pins=(("test", "1"),)).emitted_kg == pytest.approx(wh(500.0).sum() / 1000.0 * 0.1)


def test_pins_are_sets_and_versions() -> None:
    assert pins_of(["grid:1", "a:2:b"]) == (("a", "2:b"), ("grid", "1"))
    for wrong in ("grid", ":1", "grid:"):
        with pytest.raises(ValueError, match="expected a set and its version"):
            pins_of([wrong])


def two_years(place: Place, mwh: tuple[float, float], factors: tuple[float, float]) -> None:
    quarters = {frame.year: (frame.end_us - frame.start_us) // 900_000_000 for frame in (BEFORE, FRAME)}
    place.meter("hall-heat", np.full(quarters[2025], mwh[1] * 1e6 / quarters[2025]), medium="heat")
    t_us = np.arange(BEFORE.start_us, BEFORE.end_us, 900_000_000, dtype=np.int64)
    columns = {"import_wh_delta": np.full(len(t_us), mwh[0] * 1e6 / len(t_us)),
               "import_wh_covered_s": np.full(len(t_us), 900.0)}  # fmt: skip
    block = Bins("meter", "hall-heat", t_us, columns, {"medium": "heat"})
    place.store.replace_bins("meter", "hall-heat", BEFORE.start_us, BEFORE.end_us, [block])
    place.factor("heat", factors[1])
    place.factor("heat", factors[0], valid_from="2023-12-31T23:00:00Z", valid_to="2024-12-31T23:00:00Z")


def test_the_published_decomposition(place: Place) -> None:
    two_years(place, (100.0, 80.0), (0.2, 0.1))
    told = decomposition(place.accounts, place.directory, Question(2025), before_year=2024)
    (line,) = told["lines"]
    assert line["activity_kg"] == pytest.approx(-3000.0)
    assert line["factor_kg"] == pytest.approx(-9000.0)
    assert line["timing_kg"] == pytest.approx(0.0, abs=1e-6)
    assert told["total"]["change_kg"] == pytest.approx(-12_000.0)
    assert (told["total"]["weather_kg"], line["weather_kg"], told["left_out"]) == (None, None, [])
    normal = {(2024, "hall-heat"): 95_000.0, (2025, "hall-heat"): 90_000.0}
    told = decomposition(place.accounts, place.directory, Question(2025), before_year=2024, normal=normal)
    assert told["total"]["rest_kg"] == pytest.approx(-5000.0 * 0.15)
    assert told["total"]["weather_kg"] == pytest.approx(-15_000.0 * 0.15)


def test_meters_that_cant_be_compared_are_told(place: Place) -> None:
    two_years(place, (100.0, 80.0), (0.2, 0.1))
    place.meter("new", wh(10.0), medium="heat", valid_from="2024-12-31T23:00:00Z")
    half = wh(10.0)
    half[: len(half) // 2] = np.nan
    place.meter("half", half, medium="heat", valid_from="2023-12-31T23:00:00Z")
    t_us = np.arange(BEFORE.end_us - 30 * 86_400_000_000, BEFORE.end_us, 900_000_000, dtype=np.int64)
    place.meter("late", wh(10.0), medium="heat", valid_from="2024-12-01T23:00:00Z")
    columns = {"import_wh_delta": np.full(len(t_us), 10.0), "import_wh_covered_s": np.full(len(t_us), 900.0)}
    block = Bins("meter", "late", t_us, columns, {"medium": "heat"})
    place.store.replace_bins("meter", "late", BEFORE.start_us, BEFORE.end_us, [block])
    told = decomposition(place.accounts, place.directory, Question(2025), before_year=2024)
    assert [line["id"] for line in told["lines"]] == ["hall-heat"]
    reasons = {line["id"]: line["reason"]["code"] for line in told["left_out"]}
    assert reasons == {"new": "not there", "half": "unknown", "late": "gaps"}


def test_shared_factors_dont_cancel(place: Place) -> None:
    for name in ("a", "b", "c", "d"):
        place.meter(name, wh(100.0))
    place.factor("electricity", 0.2)
    account = place.account()
    total = account.total.known_t or 0.0
    assert uncertainty_t(account, None, None) is None
    assert uncertainty_t(account, 0.02, None) == pytest.approx(total * 0.02 / 2.0), "independent: √4 = 2"
    assert uncertainty_t(account, None, 0.05) == pytest.approx(total * 0.05)
    assert uncertainty_t(account, 0.02, 0.05) == pytest.approx(total * np.hypot(0.01, 0.05))
    assert uncertainty_t(replace(account, lines=()), 0.02, 0.05) is None
