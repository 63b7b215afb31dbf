"""A scenario: the accounts' trend less what those measures would save that are asked for and haven't started yet."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

import numpy as np

from bypuls.analysis.climate.measures import scenario
from bypuls.api.directory import Directory
from bypuls.api.problems import bad_parameter, not_found
from bypuls.api.targets.measured import is_running
from bypuls.api.targets.measures import Rates, measures_of, plan_of
from bypuls.store.registry import Measure, Target

_UNKNOWN = float("nan")


def chosen_of(directory: Directory, target: Target, text: str | None, today: date) -> list[Measure]:
    """The planned measures that `text` names with commas between; all of them without, none where it is empty.

    Raises Problem (404 for one that isn't there, 422 for one that runs: the trend has it).
    """
    mine = {one.id: one for one in measures_of(directory, target)}
    planned = {name: one for name, one in mine.items() if not is_running(one, today)}
    if text is None:
        return list(planned.values())
    names = [name.strip() for name in text.split(",") if name.strip()]
    for name in names:
        if name not in mine:
            not_found("measures", name, planned)
        if name not in planned:
            bad_parameter(
                "measures", name, f"one that hasn't started; it runs since {mine[name].start}: the trend has it"
            )
    return [planned[name] for name in dict.fromkeys(names)]


def road(view: Mapping[str, Any], directory: Directory, chosen: Sequence[Measure], rates: Rates) -> dict[str, Any]:
    """Year by year from the baseline on: the target's line, the accounts, the trend with its interval, and the trend
    less the chosen measures [t]. NaN = unknown. `view` is the target's."""
    accounts = {one["year"]: one for one in view["accounts"]}
    line, forecast = view["trajectory"], view["forecast"]
    listed = [*accounts, *(line["year"] if line else ()), *(forecast["year"] if forecast else ()), view["target_year"]]
    first, last = int(min(listed)), int(max(listed))
    years = np.arange(first, last + 1)
    columns: dict[str, Any] = {
        "trajectory_t": _at(years, line["year"], line["tonnes"]) if line else _none(years),
        "constant_rate_t": _at(years, line["year"], line["constant_rate_t"]) if line else _none(years),
    }
    for name in ("emitted_t", "completeness", "scope_share"):
        known = [(year, one[name]) for year, one in accounts.items() if one[name] is not None]
        columns[name] = _at(years, [year for year, _ in known], [value for _, value in known])
    for name, column in (("forecast_t", "tonnes"), ("forecast_low_t", "low_t"), ("forecast_high_t", "high_t")):
        columns[name] = _at(years, forecast["year"], forecast[column]) if forecast else _none(years)
    saved = [_saved(directory, one, years, rates) for one in chosen]
    unknown = [one.id for one, column in zip(chosen, saved, strict=True) if np.isnan(column).any()]
    known_columns = [column for column in saved if not np.isnan(column).any()]
    columns["saved_t"] = np.sum(known_columns, axis=0) if known_columns else np.zeros(len(years))
    columns["scenario_t"] = scenario(columns["forecast_t"], [columns["saved_t"]])
    return {
        "measures": [one.id for one in chosen],
        "unknown": unknown,
        "steps": {one.id: column for one, column in zip(chosen, saved, strict=True)},
        "factor_year": rates.year,
        "factor_course": rates.course_source,
        "columns": {"year": years, **columns},
    }


def _saved(directory: Directory, measure: Measure, years: Any, rates: Rates) -> Any:
    column = np.zeros(len(years))
    for effect in directory.effects.get(measure.id, ()):
        plan = plan_of(measure, effect)
        each = [plan.tonnes(year, rates.kg_per_kwh(effect.carrier, year)) for year in years.tolist()]
        column = column + np.array([_UNKNOWN if one is None else one for one in each], dtype=np.float64)
    return column if directory.effects.get(measure.id) else np.full(len(years), _UNKNOWN)


def _at(years: Any, known: Sequence[int], values: Sequence[float]) -> Any:
    column = _none(years)
    if len(known):
        column[np.asarray(known) - years[0]] = values
    return column


def _none(years: Any) -> Any:
    return np.full(len(years), _UNKNOWN)
