"""Results of climate: targets with their roads, accounts by domain, what moved and why, measures."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

from bypuls.api.accounts.account import Question
from bypuls.api.accounts.changes import decomposition
from bypuls.api.accounts.factors import VIEWS
from bypuls.api.accounts.normal_weather import normal_weather
from bypuls.api.climate import question_of, target_view
from bypuls.api.results.scene import Scene
from bypuls.api.results.words import both
from bypuls.api.targets.measured import is_running, measured_effects
from bypuls.api.targets.measures import Rates, gap_of, measure_view, measured_together, measures_of, rates_of
from bypuls.api.targets.scenario import road
from bypuls.api.targets.standing import ranked_targets
from bypuls.store.registry import Target
from bypuls.store.results import NOW_US, Result, known_results

WHOLE = "all"
_MOST_LINES = 200
_PARTS = ("change", "activity", "weather", "rest", "factor", "timing")


@dataclass(frozen=True, slots=True)
class _Held:
    """A target with all that is told of it."""

    target: Target
    rank: int
    view: dict[str, Any]
    rates: Rates
    items: list[dict[str, Any]]


def climate(scene: Scene) -> int:
    """All topics of climate; how many results."""
    effects = measured_effects(scene.store, scene.directory, scene.now, scene.zone)
    held = [_held(scene, rank, target, effects) for rank, target in enumerate(ranked_targets(scene.directory))]
    written = scene.replace("target", known_results(_target(one) for one in held))
    written += scene.replace("target_year", [year for one in held for year in _years(scene, one)])
    written += scene.replace("account", [found for one in held for found in _accounts(scene, one)])
    written += scene.replace("change", [found for one in held for found in _changes(scene, one)])
    return written + scene.replace("measure", [found for one in held for found in _measures(scene, one)])


def _held(scene: Scene, rank: int, target: Target, effects: Mapping[str, list[dict[str, Any]]]) -> _Held:
    view = target_view(scene.directory, scene.accounts, target, scene.now, scene.zone)
    last = view["accounts"][-1] if view["accounts"] else None
    rates = rates_of(last, scene.accounts.factors(scene.directory).factors, scene.today.year, scene.zone)
    items = [
        measure_view(scene.directory, target, one, rates, effects, scene.today)
        for one in measures_of(scene.directory, target)
    ]
    return _Held(target, rank, view, rates, items)


def _target(held: _Held) -> Result | None:
    view, year = held.view, held.view["status_year"]
    gap = gap_of(view, held.items)
    known = view["status"] != "insufficient data"
    emitted = next((one["emitted_t"] for one in view["accounts"] if one["year"] == year), None)
    allowed = _at(view["trajectory"], year, "tonnes")
    reached = view["reached_reduction"]
    return Result.of(
        "target",
        {"target": held.target.id},
        NOW_US,
        rank=held.rank, status_year=year, base_year=view["base_year"], base_t=view["base_tonnes"],
        reduction=view["reduction"], target_year=view["target_year"], target_t=view["target_t"], emitted_t=emitted,
        allowed_t=allowed,
        above_t=emitted - allowed if known and emitted is not None and allowed is not None else None,
        reached_share=reached, missing_share=None if reached is None else max(view["reduction"] - reached, 0.0),
        completeness=view["completeness"], scope_share=view["scope_share"], full_budget_t=view["full_budget_t"],
        remaining_budget_t=view["remaining_budget_t"], required_share_per_year=view["required_share_per_year"],
        required_t_per_year=view["required_t_per_year"], projected_year=view["projected_year"],
        forecast_t=_at(view["forecast"], view["target_year"], "tonnes"),
        forecast_low_t=_at(view["forecast"], view["target_year"], "low_t"),
        forecast_high_t=_at(view["forecast"], view["target_year"], "high_t"),
        gap_t=gap["gap_t"], planned_t=gap["planned_t"] if gap["planned"] else None, left_t=gap["left_t"],
        saved_t_per_year=measured_together(held.items, held.rates)["t_per_year"],
        off_track=float(view["status"] == "off track") if known else None,
        name=view["name"], kind=view["kind"], scope=view["scope"], gas=view["gas"].replace("2", "₂"),
        status=view["status"], source=view["source"], **both(lambda words: words.status_reasons(view)),
    )  # fmt: skip


def _at(columns: Mapping[str, Any] | None, year: int | None, name: str) -> float | None:
    """A column's value of a year; None where there is none."""
    if columns is None or year is None:
        return None
    found = dict(zip([int(one) for one in columns["year"]], columns[name], strict=True)).get(year)
    return None if found is None else float(found)


def _years(scene: Scene, held: _Held) -> list[Result]:
    planned = [one for one in measures_of(scene.directory, held.target) if not is_running(one, scene.today)]
    columns = dict(road(held.view, scene.directory, planned, held.rates)["columns"])
    del columns["saved_t"]
    years = columns.pop("year").tolist()
    return known_results(
        Result.of(
            "target_year", {"target": held.target.id}, scene.year_us(year),
            **{name: column[at] for name, column in columns.items()},
        )
        for at, year in enumerate(years)
    )  # fmt: skip


def _accounts(scene: Scene, held: _Held) -> Iterator[Result]:
    for one in held.view["accounts"]:
        question = question_of(held.target, one["year"])
        for view in VIEWS:
            account = scene.accounts.year(scene.directory, replace(question, view=view))
            weather = normal_weather(scene.source, account).emitted_t(account) if view == "location" else None
            totals = {**account.by_domain, WHOLE: account.total}
            yield from known_results(
                Result.of(
                    "account", {"target": held.target.id, "view": view, "domain": domain}, scene.year_us(one["year"]),
                    emitted_t=total.emitted_t, known_t=total.known_t, completeness=total.completeness, kwh=total.kwh,
                    normal_weather_t=weather if domain == WHOLE else None,
                )
                for domain, total in totals.items()
            )  # fmt: skip


def _changes(scene: Scene, held: _Held) -> Iterator[Result]:
    """From each year to the next one; of the newest also each line."""
    years = [one["year"] for one in held.view["accounts"]]
    for year in years:
        if year - 1 not in years:
            continue
        question = question_of(held.target, year)
        found = decomposition(
            scene.accounts, scene.directory, question, before_year=year - 1, normal=_normal(scene, question, year)
        )
        rows = [{"id": WHOLE, "name": held.view["name"], "domain": "", "carrier": ""} | _whole(found, year)]
        if year == years[-1]:
            by_size = sorted(found["lines"], key=lambda line: -abs(line["change_kg"] or 0.0))
            rows += [line | {"id": f"{line['id']}.{line['carrier']}"} for line in by_size[:_MOST_LINES]]
            rows += [_left_out(line) for line in found["left_out"][:_MOST_LINES]]
        yield from known_results(_change(scene, held, row, year) for row in rows)


def _normal(scene: Scene, question: Question, year: int) -> dict[tuple[int, str], float]:
    """Activity at normal weather of a year and the one before."""
    found: dict[tuple[int, str], float] = {}
    for one in (year - 1, year):
        account = scene.accounts.year(scene.directory, replace(question, year=one))
        found |= normal_weather(scene.source, account).amounts(account)
    return found


def _whole(found: Mapping[str, Any], year: int) -> dict[str, Any]:
    """What all comparable lines came to; before and after are theirs, so that the parts add up."""
    total = dict(found["total"])
    lines = found["lines"]
    total |= {name: sum(line[name] for line in lines) if lines else None for name in ("before_kg", "after_kg")}
    words = both(lambda said: [] if lines else [said.no_baseline_year(year)])
    ends = [found[name]["emitted_t"] for name in ("after", "before")]
    whole = None if None in ends else (ends[0] - ends[1]) * 1000.0
    return total | words | {"whole_kg": whole}


def _left_out(line: Mapping[str, Any]) -> dict[str, Any]:
    """A line that can't be compared, with the reason; what it emitted is known of its own year alone."""
    code = str(line["reason"]["code"])
    return {
        **line, "id": f"{line['id']}.{line['carrier']}.left-out", **both(lambda words: [words.not_comparable(code)])
    }  # fmt: skip


def _change(scene: Scene, held: _Held, row: Mapping[str, Any], year: int) -> Result | None:
    def tonnes(name: str) -> float | None:
        value = row.get(f"{name}_kg")
        return None if value is None else float(value) / 1000.0

    return Result.of(
        "change", {"target": held.target.id, "line": row["id"]}, scene.year_us(year), before_year=year - 1,
        **{f"{name}_t": tonnes(name) for name in ("whole", "before", "after", *_PARTS)},
        name=row["name"], domain=row["domain"], carrier=row["carrier"], reason_en=row.get("reason_en"),
        reason_da=row.get("reason_da"),
    )  # fmt: skip


def _measures(scene: Scene, held: _Held) -> list[Result]:
    return known_results(_measure(scene, held, one) for one in held.items)


def _measure(scene: Scene, held: _Held, one: Mapping[str, Any]) -> Result | None:
    measured: list[Mapping[str, Any]] = one["measured"]
    known = [found for found in measured if found["kwh_per_year"] is not None]
    # Of several carriers each is its own figure; here stands the one of which most is known.
    best = max(known, key=lambda found: found["days"] or 0, default=None)
    codes = [reason["code"] for found in measured for reason in found["reasons"]] if best is None else []
    figures = {
        f"saved_{name}kwh_per_year": None if best is None else best[f"kwh_per_year{suffix}"]
        for name, suffix in (("", ""), ("low_", "_low"), ("high_", "_high"))
    }
    return Result.of(
        "measure", {"target": held.target.id, "measure": one["id"]}, NOW_US,
        start_s=scene.day_us(one["start"]) / 1e6, certainty=one["certainty"], cost_dkk=one["cost_dkk"],
        t_per_year=one["t_per_year"], t_in_target_year=one["t_in_target_year"], **figures, name=one["name"],
        kind=one["kind"], state=one["state"], place=one["place_name"] or one["place"],
        **both(lambda words: [words.unmeasured(code) for code in codes]),
    )  # fmt: skip
