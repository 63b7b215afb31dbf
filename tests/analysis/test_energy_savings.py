"""Measured savings: a known one is found, intervals hold what they promise, and what the data can't carry is refused
with its reason."""

from __future__ import annotations

import csv
import gzip
import os
from dataclasses import replace
from datetime import date
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest
from scipy import stats

from bypuls.analysis.energy import savings as sv
from bypuls.analysis.energy.change_point import ChangePointModel
from bypuls.analysis.energy.events import NonRoutineEvent
from bypuls.analysis.energy.periods import Period
from bypuls.analysis.errors import BadInput

_BESIDE = Path(__file__).resolve().parents[2].parent / "shared" / "data"
DATA = Path(os.environ.get("BYPULS_REAL_DATA") or _BESIDE)
Array = npt.NDArray[np.float64]
DAYS = np.arange("2022-01-01", "2024-01-01", dtype="datetime64[D]")
TYPES = ((DAYS.astype(np.int64) + 3) % 7 >= 5).astype(np.int64)
HEATED = ChangePointModel("3PH", 50.0, 8.0, None, 14.0, None, 365, 0.0)


def red_noise(rng: np.random.Generator, n: int, rho: float) -> Array:
    """AR(1) of variance 1."""
    steps = rng.normal(0.0, 1.0, n)
    noise = np.empty(n)
    noise[0] = steps[0]
    for day in range(1, n):
        noise[day] = rho * noise[day - 1] + np.sqrt(1.0 - rho**2) * steps[day]
    return noise


def weather(rng: np.random.Generator, n: int = 730) -> Array:
    years = rng.normal(0.0, 0.7, n // 365 + 1).repeat(365)[:n]
    season = 9.0 - 9.0 * np.cos(2 * np.pi * (np.arange(n) - 20) / 365.25)
    return np.asarray(season + 3.0 * red_noise(rng, n, 0.75) + years)


def building(seed: int = 1, *, share: float = 0.1, scatter: float = 20.0) -> tuple[Period, Period]:
    """Two years that use `share` less in the second."""
    rng = np.random.default_rng(seed)
    temps = weather(rng)
    use = HEATED.predict(temps) + rng.normal(0.0, scatter, 730)
    use[365:] *= 1.0 - share
    return Period(DAYS[:365], use[:365], temps[:365]), Period(DAYS[365:], use[365:], temps[365:])


def codes(found: sv.MeasuredSaving) -> list[str]:
    assert found.saving is None
    return [refusal.code for refusal in found.refused]


def test_a_saving_of_ten_percent_is_found_in_the_illinois_gas_sample() -> None:
    """365 days on each side of the blackout; load synthetic on real weather, its true saving 10 %."""
    columns = []
    for name in ("il-gas-hdd-only-daily", "il-tempF"):
        path = DATA / f"energy/opendsm/{name}.csv.gz"
        if not path.is_file():
            pytest.skip(f"no {path.name}: set BYPULS_REAL_DATA to the folder with the real data")
        with gzip.open(path, "rt", encoding="utf-8") as lines:
            columns.append(list(csv.reader(lines))[1:])
    days = np.array([row[0][:10] for row in columns[0]], dtype="datetime64[D]")
    therm = np.array([float(row[1]) for row in columns[0]])
    of_hour = np.array([row[0][:10] for row in columns[1]], dtype="datetime64[D]")
    temp_c = (np.array([float(row[1]) for row in columns[1]]) - 32.0) / 1.8
    number = (of_hour - days[0]).astype(np.int64)
    mean_c = np.bincount(number, temp_c) / np.bincount(number)
    start, end = np.datetime64("2016-12-26"), np.datetime64("2017-01-04")
    before, after = (days < start) & (days >= start - 365), (days > end) & (days <= end + 365)
    found = sv.measured_saving(*(Period(days[which], therm[which], mean_c[which]) for which in (before, after)))
    assert found.saving is not None
    assert found.model is not None
    assert found.model.parts[0].model.kind == "3PH"
    assert found.model.parts[0].model.heating_balance_c == pytest.approx((60 - 32) / 1.8, abs=1.0)
    assert found.saving.share_low < 0.10 < found.saving.share_high
    assert (found.saving.share_high - found.saving.share_low) / 2 <= 0.05
    assert found.saving.significant
    assert (found.baseline_known, found.reporting_known, found.saving.days) == (365, 365, 365)


def test_intervals_of_500_buildings_hold_what_they_promise() -> None:
    """Savings 0 … 20 %, residuals with autocorrelation 0.2 … 0.7, three shapes, half of them with working days."""
    rng = np.random.default_rng(20)
    hits = 0
    for _ in range(500):
        temps = weather(rng)
        base, slope, balance = rng.uniform(20, 100), rng.uniform(3, 12), rng.uniform(12, 17)
        shape = (
            ChangePointModel("2P", base + 25 * slope, slope, None, None, None, 1, 0.0),
            ChangePointModel("3PH", base, slope, None, balance, None, 1, 0.0),
            ChangePointModel("5P", base, slope, slope / 2, balance, balance + 4, 1, 0.0),
        )[rng.integers(3)]
        use = shape.predict(temps)
        if rng.random() < 0.5:
            use = use * np.where(TYPES == 1, rng.uniform(0.5, 0.9), 1.0)
        use = np.maximum(0.01, use + rng.uniform(0.05, 0.25) * use.mean() * red_noise(rng, 730, rng.uniform(0.2, 0.7)))
        share = rng.uniform(0.0, 0.2)
        truth = share * use[365:].sum()
        use[365:] *= 1.0 - share
        found = sv.measured_saving(
            Period(DAYS[:365], use[:365], temps[:365], TYPES[:365]),
            Period(DAYS[365:], use[365:], temps[365:], TYPES[365:]),
        ).saving
        assert found is not None
        hits += found.low <= truth <= found.high
    assert 0.85 <= hits / 500 <= 0.95


def test_the_interval_by_its_formula() -> None:
    before, after = building()
    found = sv.measured_saving(before, after)
    assert found.model is not None
    assert found.saving is not None
    quality = found.model.quality
    rho = max(0.0, quality.autocorrelation or 0.0)
    n_eff = 365 * (1 - rho) / (1 + rho)
    factor = -0.00024 * 11.9918**2 + 0.03535 * 11.9918 + 1.00286
    fraction = factor * stats.t.ppf(0.95, n_eff - quality.p) * (quality.cv_rmse or 0)
    fraction *= np.sqrt(365 / n_eff * (1 + 2 / n_eff) / 365)
    saving = found.saving
    assert saving.effective_n == pytest.approx(n_eff)
    assert (saving.high - saving.low) / 2 == pytest.approx(fraction * saving.modelled, rel=1e-5)
    assert saving.saved == pytest.approx(saving.modelled - saving.actual)
    assert saving.share == pytest.approx(saving.saved / saving.modelled)
    assert sv.effective_days(100, 0.5) == pytest.approx(100 / 3)
    assert sv.effective_days(100, -0.5) == sv.effective_days(100, None) == 100


def test_no_saving_is_not_significant() -> None:
    found = sv.measured_saving(*building(share=0.0)).saving
    assert found is not None
    assert not found.significant
    more = sv.measured_saving(*building(share=-0.2)).saving
    assert more is not None
    assert more.high < 0.0
    assert more.significant


def test_the_baseline_is_the_last_year_before() -> None:
    before, after = building()
    days = np.arange("2020-01-01", "2022-01-01", dtype="datetime64[D]")
    foreign = np.full(days.size, 9999.0)
    longer = Period(
        np.concatenate((days, np.asarray(before.days))),
        np.concatenate((foreign, np.asarray(before.use))),
        np.concatenate((np.zeros(days.size), np.asarray(before.mean_c))),
    )
    assert sv.measured_saving(longer, after) == sv.measured_saving(before, after)
    with pytest.raises(BadInput, match="2022-12-31"):
        sv.measured_saving(before, before)


def test_too_little_data_are_refused_with_the_reason() -> None:
    before, after = building()
    use = np.array(before.use)

    def gaps(count: int) -> Period:
        return replace(before, use=np.where(np.arange(365) < count, np.nan, use))

    assert sv.measured_saving(gaps(37), after).saving is not None
    assert codes(sv.measured_saving(gaps(38), after)) == ["baseline days"]
    short = Period(DAYS[1:365], use[1:], np.asarray(before.mean_c)[1:])
    found = sv.measured_saving(short, after)
    assert codes(found) == ["baseline length"]
    assert str(found.refused[0]) == "baseline length: 364 days; expected at least 365"
    assert codes(sv.measured_saving(replace(before, coverage=np.full(365, 0.8)), after)) == ["baseline coverage"]
    assert codes(sv.measured_saving(gaps(360), after)) == ["baseline days", "model"]

    late = np.array(after.use)
    few = Period(DAYS[365:394], late[:29], np.asarray(after.mean_c)[:29])
    assert codes(sv.measured_saving(before, few)) == ["reporting length"]
    late[:40] = np.nan
    assert codes(sv.measured_saving(before, replace(after, use=late))) == ["reporting coverage"]
    nothing = Period(DAYS[:0], [], [])
    assert codes(sv.measured_saving(nothing, nothing))[:3] == ["baseline length", "baseline days", "reporting length"]


def test_reporting_longer_than_the_formula_reaches_is_refused() -> None:
    before, _ = building()
    days = np.arange("2023-01-01", "2028-01-02", dtype="datetime64[D]")
    temps = weather(np.random.default_rng(5), days.size)
    five_years = Period(days[:-1], HEATED.predict(temps)[:-1], temps[:-1])
    assert sv.measured_saving(before, five_years).saving is not None
    assert codes(sv.measured_saving(before, Period(days, HEATED.predict(temps), temps))) == ["reporting length"]


def test_day_types_that_the_baseline_never_saw_are_not_summed_up_in_silence() -> None:
    before, after = building(scatter=5.0)
    types = TYPES[:365]
    use = np.asarray(before.use) * np.where(types, 0.6, 1.0)
    foreign = np.where(np.arange(365) < 60, 7, TYPES[365:])
    found = sv.measured_saving(replace(before, use=use, day_type=types), replace(after, day_type=foreign))
    assert codes(found) == ["reporting coverage"]
    assert "305 of 365 days are of a day type" in str(found.refused[0])


@pytest.mark.parametrize("changes", [{"coverage": np.full(365, np.nan)}, {"coverage": np.full(365, 1.5)}])
def test_coverage_that_is_none(changes: dict[str, Array]) -> None:
    before, after = building()
    with pytest.raises(BadInput, match=r"coverage of baseline\[0\]"):
        sv.measured_saving(replace(before, **changes), after)
    with pytest.raises(BadInput, match=r"use of reporting\[3\]: inf"):
        sv.measured_saving(before, replace(after, use=np.where(np.arange(365) == 3, np.inf, after.use)))


def test_absent_days_are_unknown_days() -> None:
    before, after = building()
    keep = np.arange(365) % 5 != 1
    assert codes(sv.measured_saving(_some(before, keep), after)) == ["baseline days"]
    assert codes(sv.measured_saving(before, _some(after, keep))) == ["reporting coverage"]


def _some(period: Period, keep: npt.NDArray[np.bool_]) -> Period:
    return Period(*(np.asarray(column)[keep] for column in (period.days, period.use, period.mean_c)))


def test_useless_models_are_refused() -> None:
    rng = np.random.default_rng(3)
    before, after = building()
    # Rare bursts: the middle half of the days lies close together, the scatter is far beyond it.
    bursts = 1.0 + rng.normal(0.0, 0.1, 365) + 100.0 * (rng.random(365) < 0.05)
    assert codes(sv.measured_saving(replace(before, use=bursts), after)) == ["scatter"]
    drift = np.repeat([10.0, 200.0], [180, 185]) + rng.normal(0.0, 0.1, 365)
    assert "autocorrelation" in codes(sv.measured_saving(replace(before, use=drift), after))
    assert "modelled use" in codes(sv.measured_saving(replace(before, use=np.zeros(365)), after))


def test_events_are_adjusted_left_out_or_a_reason_to_refuse() -> None:
    before, after = building(share=0.1, scatter=5.0)
    plain = sv.measured_saving(before, after).saving
    assert plain is not None
    extended = replace(after, use=np.asarray(after.use) + np.where(np.arange(365) >= 100, 30.0, 0.0))
    opened = date(2023, 4, 11)
    unknown = NonRoutineEvent("extension", opened)
    assert codes(sv.measured_saving(before, extended, events=[unknown])) == ["non-routine event"]
    assert sv.measured_saving(before, after, events=[replace(unknown, first_day=date(2024, 1, 1))]).saving == plain

    adjusted = NonRoutineEvent("extension", opened, treatment="adjusted", use_per_day=30.0)
    found = sv.measured_saving(before, extended, events=[adjusted]).saving
    assert found is not None
    assert found.saved == pytest.approx(plain.saved)
    assert found.adjustment == pytest.approx(30.0 * 265)
    vague = sv.measured_saving(before, extended, events=[replace(adjusted, half_width_per_day=3.0)]).saving
    assert vague is not None
    assert vague.high - vague.saved == pytest.approx(np.hypot(plain.high - plain.saved, 3.0 * 265))

    closed = NonRoutineEvent("closure", date(2023, 7, 1), date(2023, 7, 21), "left out")
    found = sv.measured_saving(before, after, events=[closed]).saving
    assert found is not None
    assert found.days == 365 - 21
    long = replace(closed, last_day=date(2023, 9, 30))
    assert codes(sv.measured_saving(before, after, events=[long])) == ["reporting coverage"]


@pytest.mark.parametrize(
    "changes",
    [
        {"last_day": date(2023, 1, 1)},
        {"treatment": "adjusted"},
        {"use_per_day": 3.0},
        {"treatment": "adjusted", "use_per_day": np.inf},
        {"half_width_per_day": -1.0},
    ],
)
def test_events_that_contradict_themselves(changes: dict[str, object]) -> None:
    with pytest.raises(BadInput, match="of extension"):
        NonRoutineEvent("extension", date(2023, 4, 11), **changes)  # type: ignore[arg-type]


def test_days_beyond_the_baselines_temperatures_are_counted() -> None:
    before, after = building()
    cold = np.array(after.mean_c)
    cold[:7] = np.asarray(before.mean_c).min() - 1.0
    found = sv.measured_saving(before, replace(after, mean_c=cold)).saving
    assert found is not None
    ends = np.asarray(before.mean_c)
    rest = np.asarray(after.mean_c)[7:]
    assert found.outside_days == 7 + ((rest < ends.min()) | (rest > ends.max())).sum()


@pytest.mark.parametrize("confidence", [0.0, 1.0, np.nan])
def test_confidence_is_a_share(confidence: float) -> None:
    with pytest.raises(BadInput, match="confidence"):
        sv.measured_saving(*building(), confidence=confidence)
