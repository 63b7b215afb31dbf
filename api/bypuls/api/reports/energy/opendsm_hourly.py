"""OpenDSM's model of hours, for `--model opendsm-hourly`. The only module that knows OpenDSM and pandas, and it imports
them when they are asked for: they belong to the extra `opendsm`.

Source: OpenDSM 1.2.7, HourlyModel; ASHRAE Guideline 14-2014 (interval), as OpenDSM computes it."""

from __future__ import annotations

import logging
import platform
import warnings
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from importlib.metadata import version
from importlib.util import find_spec
from math import isfinite
from typing import Any

import numpy as np
from pydantic import ValidationError

from bypuls.analysis.arrays import BoolArray, FloatArray
from bypuls.analysis.energy.signature import FitQuality
from bypuls.api.reports.energy.hours import HourlyFit, HourlySaving, Hours
from bypuls.api.reports.energy.model import HourlyModel, Reason, Software

KIND = "opendsm-hourly"
MACHINE = "x86_64"
"""Of fdasrsf, which OpenDSM brings, there are no wheels for other processors."""
SEED = 1
"""Of the clustering: the same files give the same report."""

_NO_DATA = "eemeter.sufficiency_criteria.no_data"
REMARKS = {
    _NO_DATA: ("no hour with use and temperature", "hours with both"),
    "eemeter.sufficiency_criteria.incorrect_number_of_total_days": ("{n_days_total} days", "329 … 366"),
    "eemeter.sufficiency_criteria.negative_observed_values": ("{n_negative_observed_values} hours below 0", "none"),
    "eemeter.sufficiency_criteria.too_many_days_with_missing_temperature_data": (
        "{n_valid_temperature_data_days} of {n_days_total:.0f} days with temperatures",
        "at least 90 %",
    ),
    "eemeter.sufficiency_criteria.too_many_days_with_missing_observed_data": (
        "{n_valid_observed_data_days} of {n_days_total:.0f} days measured",
        "at least 90 %",
    ),
    "eemeter.sufficiency_criteria.too_many_days_with_missing_joint_data": (
        "{n_valid_joint_data_days} of {n_days_total:.0f} days with use and temperature",
        "at least 90 %",
    ),
    "eemeter.sufficiency_criteria.missing_monthly_temperature_data": (
        "{lowest_monthly_coverage:.1%} of a month's temperatures",
        "at least 90 %",
    ),
    "eemeter.sufficiency_criteria.missing_monthly_observed_data": (
        "{lowest_monthly_coverage:.1%} of a month's hours measured",
        "at least 90 %",
    ),
    "eemeter.model_fit_metrics": (
        "CV(RMSE) {cvrmse_adj:.2f}, PNRMSE {pnrmse_adj:.2f}",
        "CV(RMSE) ≤ {cvrmse_threshold} or PNRMSE ≤ {pnrmse_threshold}",
    ),
    "eemeter.sufficiency_criteria.extreme_values_detected": (
        "{n_extreme_values} hours beyond three interquartile ranges",
        "a look at them",
    ),
    "eemeter.data_quality.utc_index": ("hours of UTC", "hours of the building's own clock: --tz"),
}
"""OpenDSM's remarks by its own names: what was found, with the remark's own data, and what it asks for."""


class OpendsmMissing(ImportError):
    """OpenDSM isn't installed, or can't be imported; the message says what installs it."""


def require_opendsm(find: Callable[[str], object | None] = find_spec, machine: str = platform.machine()) -> None:
    """Raises OpendsmMissing unless OpenDSM is installed.

    find : tells whether a module is there.  machine : this processor, as `uname -m` names it."""
    if find("opendsm") is not None and find("pandas") is not None:
        return
    if machine != MACHINE:
        raise OpendsmMissing(
            f"--model {KIND} needs OpenDSM, which can be installed on {MACHINE} alone (a library that it needs has no "
            f"wheels for {machine}); expected --model daily here"
        )
    raise OpendsmMissing(
        f"--model {KIND} needs OpenDSM, which is not installed: make opendsm, or without a checkout "
        "pip install 'bypuls[server,opendsm]'"
    )


def fit_hours(
    baseline: Hours, reporting: Hours | None, *, zone: str, electricity: bool, confidence: float
) -> HourlyFit:
    """OpenDSM's HourlyModel of the baseline, and the saving with OpenDSM's own interval; or OpenDSM's own reasons.

    What OpenDSM fills in (hours without a value or temperature) serves the model alone: the saving is of measured
    hours.
    Raises OpendsmMissing."""
    require_opendsm()
    with _quiet():
        try:
            import pandas as pd
            from opendsm import eemeter
            from opendsm.common.metrics import ReportingMetrics
            from opendsm.eemeter.models.hourly.settings import BaseHourlySettings
        except (ImportError, TypeError) as error:  # multimethod 2 fails as a TypeError
            raise OpendsmMissing(
                f"--model {KIND}: OpenDSM can't be imported ({error}); expected the versions that make opendsm installs"
            ) from error

        def framed(hours: Hours) -> Any:
            index = pd.to_datetime(hours.start_us, unit="us", utc=True).tz_convert(zone)
            return pd.DataFrame({"observed": hours.kwh, "temperature": hours.temp_c * 1.8 + 32.0}, index=index)

        before = eemeter.HourlyBaselineData(framed(baseline), is_electricity_data=electricity)
        after = None
        if reporting is not None:
            after = eemeter.HourlyReportingData(framed(reporting), is_electricity_data=electricity)
        refused = _reasons(before.disqualification) + _reasons(after.disqualification if after is not None else [])
        if before.disqualification:
            return HourlyFit(None, tuple(dict.fromkeys(refused)))
        try:
            model = eemeter.HourlyModel(BaseHourlySettings(seed=SEED)).fit(before)
        except ValidationError:  # OpenDSM refuses its own model where it has no coefficient
            return HourlyFit(None, (*refused, Reason("hours alike", "no coefficient", "a use that follows anything")))
        refused += [one for one in _reasons(model.disqualification) if one not in refused]
        found = _model(model, baseline)
        in_baseline = _predicted(model.predict(before, ignore_disqualification=True))
        if after is None or after.disqualification:
            return HourlyFit(found, tuple(refused), in_baseline)
        told = model.predict(after, ignore_disqualification=True)
        counted = _counted(told)
        metrics = ReportingMetrics(
            baseline_metrics=model.baseline_metrics,
            reporting_df=told[counted],
            data_frequency="hourly",
            # Asked for here: what OpenDSM's `predicted_unc` holds is its significance (10 %) taken as the confidence.
            confidence_level=confidence,
            t_tail=2,
        )
        saving = HourlySaving(
            kwh=float(metrics.savings),
            half_width=_finite(metrics.total_savings_uncertainty),
            modelled=float(metrics.predicted_sum),
            actual=float(metrics.observed_sum),
            effective_n=float(model.baseline_metrics.n_prime),
            counted=counted,
        )
        return HourlyFit(found, tuple(refused), in_baseline, _predicted(told), saving)


@contextmanager
def _quiet() -> Iterator[None]:
    """Neither what libraries warn of nor what OpenDSM logs reaches the terminal: its remarks stand in the report."""
    log = logging.getLogger("eemeter")
    was = log.disabled
    log.disabled = True
    try:
        with warnings.catch_warnings(), np.errstate(all="ignore"):
            warnings.simplefilter("ignore")
            yield
    finally:
        log.disabled = was


def _reasons(remarks: Sequence[Any]) -> list[Reason]:
    """OpenDSM's remarks with their own names. Without any data the others follow from that one."""
    names = [str(remark.qualified_name) for remark in remarks]
    if _NO_DATA in names:
        remarks = [remarks[names.index(_NO_DATA)]]
    reasons = []
    for remark in remarks:
        code = str(remark.qualified_name)
        if code in REMARKS:
            # What OpenDSM can't compute is nan.
            found, expected = (text.format(**remark.data).replace("nan", "unknown") for text in REMARKS[code])
        else:
            found, expected = str(remark.description), "what OpenDSM asks of its data"
        reasons.append(Reason(code, found, expected))
    return reasons


def _model(model: Any, baseline: Hours) -> HourlyModel:
    metrics = model.baseline_metrics
    n, n_eff = int(metrics.n), float(metrics.n_prime)
    quality = FitQuality(
        n=n,
        p=int(metrics.num_model_params),
        mean=float(metrics.observed.mean),
        rmse=float(metrics.rmse_adj),
        cv_rmse=_finite(metrics.cvrmse_adj),
        nmbe=_finite(metrics.nmbe),
        r2=_finite(metrics.r_squared),
        adjusted_r2=_finite(metrics.r_squared_adj),
        pnrmse=_finite(metrics.pnrmse_adj),
        autocorrelation=(n - n_eff) / (n + n_eff),  # OpenDSM tells n' = n·(1 − ρ)/(1 + ρ)
        bic=None,
    )
    known = baseline.temp_c[np.isfinite(baseline.temp_c) & np.isfinite(baseline.kwh)]
    return HourlyModel(
        KIND, Software("OpenDSM", version("opendsm")), quality, float(known.min()), float(known.max()),
        tuple(_reasons(model.warnings)),
    )  # fmt: skip


def _counted(told: Any) -> BoolArray:
    """Hours that were measured, and whose temperature was."""
    filled = told["interpolated_observed"].to_numpy(dtype=bool) | told["interpolated_temperature"].to_numpy(dtype=bool)
    counted: BoolArray = ~filled & np.isfinite(told["observed"].to_numpy()) & np.isfinite(told["predicted"].to_numpy())
    return counted


def _predicted(told: Any) -> FloatArray:
    column: FloatArray = told["predicted"].to_numpy(dtype=np.float64)
    return column


def _finite(value: Any) -> float | None:
    return float(value) if value is not None and isfinite(value) else None
