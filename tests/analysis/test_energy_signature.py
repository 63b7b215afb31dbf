"""Signatures: the right kind by BIC, day types, and quality figures by their definitions."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pytest
from scipy import stats

from bypuls.analysis.energy.change_point import ChangePointModel, Kind
from bypuls.analysis.energy.signature import fit_quality, signature, within_ashrae_14
from bypuls.analysis.errors import BadInput, NotEnoughDays

Array = npt.NDArray[np.float64]
DAYS = np.arange("2023-01-01", "2024-01-01", dtype="datetime64[D]")
TYPES = (DAYS.astype(np.int64) + 3) % 7 >= 5


def weather(seed: int = 1) -> Array:
    rng = np.random.default_rng(seed)
    temps: Array = 11.0 - 9.0 * np.cos(2 * np.pi * np.arange(365) / 365.25) + rng.normal(0.0, 3.0, 365)
    return temps


HEATED = ChangePointModel("3PH", 50.0, 8.0, None, 14.0, None, 365, 0.0)
KINDS: dict[Kind, ChangePointModel] = {
    "1P": ChangePointModel("1P", 50.0, None, None, None, None, 365, 0.0),
    "2P": ChangePointModel("2P", 200.0, 4.0, None, None, None, 365, 0.0),
    "3PH": HEATED,
    "3PC": ChangePointModel("3PC", 50.0, None, 6.0, None, 12.0, 365, 0.0),
    "4P": ChangePointModel("4P", 120.0, 9.0, -3.0, 10.0, 10.0, 365, 0.0),
    "5P": ChangePointModel("5P", 50.0, 8.0, 6.0, 8.0, 17.0, 365, 0.0),
}


@pytest.mark.parametrize("kind", list(KINDS))
def test_bic_finds_the_kind_that_made_the_data(kind: Kind) -> None:
    right = 0
    for seed in range(20):
        temps = weather(seed)
        use = KINDS[kind].predict(temps) + np.random.default_rng(100 + seed).normal(0.0, 5.0, 365)
        right += signature(DAYS, temps, use).parts[0].model.kind == kind
    assert right >= 18


def test_exact_data_take_the_fewest_parameters() -> None:
    temps = weather()
    assert signature(DAYS, temps, np.full(365, 7.0)).parts[0].model.kind == "1P"
    found = signature(DAYS, temps, np.full(365, 7.0)).quality
    assert (found.r2, found.adjusted_r2, found.pnrmse, found.rmse) == (None, None, None, 0.0)


def test_day_types_are_split_where_it_is_worth_it() -> None:
    temps = weather()
    noise = np.random.default_rng(3).normal(0.0, 5.0, 365)
    alike = signature(DAYS, temps, HEATED.predict(temps) + noise, day_type=TYPES)
    assert not alike.split
    use = np.where(TYPES, 0.6, 1.0) * HEATED.predict(temps) + noise
    apart = signature(DAYS, temps, use, day_type=TYPES)
    assert apart.split
    assert [part.day_type for part in apart.parts] == [0, 1]
    assert [part.model.heating_slope for part in apart.parts] == pytest.approx([8.0, 4.8], abs=0.4)
    assert apart.quality.p == 6
    assert apart.quality.rmse == pytest.approx(5.0, abs=0.5)
    assert signature(DAYS, temps, use).quality.rmse > 10.0
    with pytest.raises(BadInput, match="day_type"):
        apart.predict(temps)
    assert np.isnan(apart.predict([5.0], [2])).all()  # a day type that was never seen is unknown


def test_quality_figures_by_definition() -> None:
    temps = weather()
    use = HEATED.predict(temps) + np.random.default_rng(4).normal(0.0, 5.0, 365)
    found = signature(DAYS, temps, use)
    quality, model = found.quality, found.predict(temps)
    residual = use - model
    assert (quality.n, quality.p) == (365, 3)
    assert quality.rmse == pytest.approx(np.sqrt((residual**2).sum() / 362))
    assert quality.cv_rmse == pytest.approx(quality.rmse / use.mean())
    assert quality.nmbe == pytest.approx(residual.sum() / (362 * use.mean()), abs=1e-12)
    assert quality.r2 == pytest.approx(stats.pearsonr(use, model).statistic ** 2)
    assert quality.adjusted_r2 == pytest.approx(1 - (1 - (quality.r2 or 0)) * 364 / 362)
    assert quality.pnrmse == pytest.approx(quality.rmse / stats.iqr(use))
    assert (found.lowest_c, found.highest_c) == (temps.min(), temps.max())
    assert found.outside([temps.min() - 0.1, 10.0, np.nan]).tolist() == [True, False, False]


def test_autocorrelation_counts_days_that_follow_each_other() -> None:
    rng = np.random.default_rng(5)
    residual = np.zeros(365)
    for day in range(1, 365):
        residual[day] = 0.7 * residual[day - 1] + rng.normal()
    whole = fit_quality(DAYS, 50.0 + residual, np.full(365, 50.0), p=1).autocorrelation
    assert whole == pytest.approx(np.corrcoef(residual[1:], residual[:-1])[0, 1], abs=0.02)
    every_other = fit_quality(DAYS[::2], 50.0 + residual[::2], np.full(183, 50.0), p=1)
    assert every_other.autocorrelation is None


def test_limits_of_ashrae_14() -> None:
    quality = fit_quality(DAYS[:5], [8.0, 12.0, 10.0, 10.0, 10.0], [10.0] * 5, p=1)
    assert quality.cv_rmse == pytest.approx(np.sqrt(2) / 10)
    assert (within_ashrae_14(quality, "hour"), within_ashrae_14(quality, "month")) == (True, True)
    biased = fit_quality(DAYS[:5], [9.0] * 5, [10.0] * 5, p=1)
    assert biased.nmbe == pytest.approx(-5 / (4 * 9))
    assert within_ashrae_14(biased, "month") is False
    assert within_ashrae_14(fit_quality(DAYS[:5], [0.0] * 5, [0.0] * 5, p=1), "month") is None


def test_unknown_days_are_left_out_and_too_few_refused() -> None:
    temps = weather()
    use = HEATED.predict(temps) + np.random.default_rng(6).normal(0.0, 5.0, 365)
    use[:100], temps[150:160] = np.nan, np.nan
    found = signature(DAYS, temps, use)
    assert found.quality.n == 255
    with pytest.raises(NotEnoughDays, match="9"):
        signature(DAYS[:9], np.full(9, 5.0), np.full(9, 5.0))
    with pytest.raises(NotEnoughDays, match="more than"):
        fit_quality(DAYS[:3], [1.0, 2.0, 3.0], [1.0, 2.0, 3.0], p=3)
