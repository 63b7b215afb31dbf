"""The town's streets side by side: who drives too fast where, school ways first."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Literal

from bypuls.analysis.traffic.verdict import verdict
from bypuls.api.directory import Directory
from bypuls.api.periods import Span, local_text
from bypuls.api.reports.speed.figures import statistics
from bypuls.api.reports.speed.from_store import Survey, observations_of
from bypuls.api.reports.speed.local_days import LocalDays
from bypuls.api.reports.speed.model import Statistics
from bypuls.api.reports.speed.population import Population, population
from bypuls.api.reports.speed.public_view import public_tables
from bypuls.api.reports.speed.registered_place import settings_of
from bypuls.api.reports.speed.settings import Settings
from bypuls.api.traffic import METHOD, site_summary
from bypuls.api.vehicles import KINDS
from bypuls.store.protocol import Store

Order = Literal["v85_over_limit", "over_limit_n"]


def streets(
    store: Store, directory: Directory, survey: Survey, span: Span, *, order: Order, school_first: bool, public: bool
) -> list[dict[str, Any]]:
    """Every street with a sensor of traffic, the one to be looked at first first.

    survey, span : the same period.  order : what they are ranked by, falling.  school_first : school ways before all
    others.  public : from the tables of `public_view` alone."""
    found = []
    for site in directory.sites:
        if not directory.sensors_of(kinds=KINDS, site=site):
            continue
        figures = _public(store, directory, site, survey) if public else site_summary(store, directory, site, span)
        found.append(figures | _place(directory, site) | {"verdict": _verdict(figures)})
    found.sort(key=lambda one: _rank(one, order, school_first=school_first))
    return [one | {"rank": number} for number, one in enumerate(found, start=1)]


def _place(directory: Directory, site: str) -> dict[str, Any]:
    row = directory.sites[site]
    names = ("school_way", "road_class", "lat", "lon", "geometry")
    return {name: getattr(row, name) for name in names}


def _verdict(figures: Mapping[str, Any]) -> str | None:
    return verdict(figures["v85_kmh"], figures["limit_kmh"], figures["n"] or 0.0).level


def _rank(one: Mapping[str, Any], order: Order, *, school_first: bool) -> tuple[bool, bool, float, float, str]:
    """Unknown goes last; ties by the other figure, then by name."""
    first, second = one["v85_over_limit_kmh"], one["over_limit_n"]
    if order == "over_limit_n":
        first, second = second, first
    return (
        school_first and not one["school_way"], first is None, -(first or 0.0), -(second or 0.0), str(one["name"]),
    )  # fmt: skip


def _public(store: Store, directory: Directory, site: str, survey: Survey) -> dict[str, Any]:
    days = LocalDays(survey.zone.key, survey.start_us, survey.end_us - 1)
    tables = public_tables(observations_of(store, directory, site, survey), days)
    settings = settings_of(directory, site, survey)
    people = population(tables.speeds, settings, days)
    by = {name: _figures(people.of_direction(at), settings) for at, name in enumerate(people.directions)}
    return {
        "site": site,
        "name": directory.sites[site].name,
        "start": local_text(survey.start_us, survey.zone),
        "end": local_text(survey.end_us, survey.zone),
        "tz": survey.zone.key,
        "direction": None,
        "sensors": [sensor.id for sensor in directory.sensors_of(kinds=KINDS, site=site)],
        **_figures(people, settings),
        "by_direction": by,
        "methods": METHOD,
    }


def _figures(people: Population, settings: Settings) -> dict[str, Any]:
    of: Statistics = statistics(people, settings, None)
    limits = {limit.limit_kmh for limit in settings.limits}
    limit = int(of.limit_kmh) if of.limit_kmh is not None else None
    known: Sequence[str] = ("mean_kmh", "s_kmh", "v15_kmh", "v50_kmh", "v85_kmh", "v95_kmh", "max_kmh")
    over = None if limit is None or of.v85_kmh is None else of.v85_kmh - limit
    return {
        "n": float(of.n),
        "speed_n": float(of.n),
        **{name: getattr(of, name) for name in known},
        "limit_kmh": limit if len(limits) == 1 else None,
        "limits": [],
        "over_limit_n": None if of.over_limit is None else float(of.over_limit.n),
        "over_limit_share": None if of.over_limit is None else of.over_limit.share,
        "v85_over_limit_kmh": over,
        "coverage": None,
        "method": "classes of each day put together until each holds 5 vehicles",
    }
