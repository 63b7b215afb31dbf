"""Climate: how far from the target, on which road, by what. All figures are results of the platform."""

from __future__ import annotations

from bypuls.grafana.builders import Column, Json, chart, stat, suffixed, table, thresholds
from bypuls.grafana.flux import AS_SERIES, Buckets, labelled, program, results_ever, results_now, rows_of
from bypuls.grafana.texts import Translate

OF_TARGET = 'r.target == "${target}"'
Words = dict[str, tuple[str, str]]


def statuses(_: Translate) -> Words:
    """A target's status: what is shown, and its colour."""
    return {
        "on track": (_("on track"), "green"),
        "at risk": (_("at risk"), "orange"),
        "off track": (_("off track"), "red"),
        "insufficient data": (_("insufficient data"), "purple"),
    }


def domains(_: Translate) -> dict[str, str]:
    """What emissions are accounted under."""
    return {
        "buildings": _("Buildings"),
        "lighting": _("Street lights"),
        "charging": _("Charging"),
        "fleet": _("Vehicles and machines"),
        "other": _("Other"),
        "all": _("Altogether"),
    }


def _shown(names: dict[str, str]) -> Words:
    return {name: (shown, "text") for name, shown in names.items()}


def targets_by_rank(buckets: Buckets) -> str:
    """A variable's query: the targets as `name|id`, first the one that a visitor means."""
    return f"""ranks = {results_now(buckets, "target", ["rank"])}
  |> group()
  |> keep(columns: ["target", "_value"])
  |> rename(columns: {{_value: "rank"}})
names = {results_now(buckets, "target", ["name"])}
  |> group()
  |> keep(columns: ["target", "_value"])
join(tables: {{ranks: ranks, names: names}}, on: ["target"])
  |> sort(columns: ["rank"])
  |> map(fn: (r) => ({{_value: r._value + "|" + r.target}}))"""


def _one(
    _: Translate,
    buckets: Buckets,
    field: str,
    title: str,
    description: str,
    unit: str,
    *,
    decimals: int = 1,
    colors: Json | None = None,
) -> Json:
    body = f"""
{results_now(buckets, "target", [field], where=OF_TARGET)}
  |> keep(columns: ["_value"])
"""
    return stat(
        title, description, program(body), unit=unit, decimals=decimals, no_value=_("insufficient data"),
        colors=colors, size=(4, 4),
    )  # fmt: skip


def status(_: Translate, buckets: Buckets) -> Json:
    """The target's status of its last finished year."""
    body = f"""
{results_now(buckets, "target", ["status"], where=OF_TARGET)}
  |> keep(columns: ["_value"])
"""
    return stat(
        _("Status"),
        _(
            "On track is at most what the road allows, at risk up to 5 % above it. Without enough data there is no "
            "status: the table below says why."
        ),
        program(body),
        unit="none",
        no_value=_("insufficient data"),
        words=statuses(_),
        size=(4, 4),
    )


def figures(_: Translate, buckets: Buckets) -> list[Json]:
    """The target in numbers, the answer first."""
    tonnes, share = suffixed(_("t CO₂")), "percentunit"
    complete = thresholds((None, "red"), (0.9, "green"))
    scope = thresholds((None, "red"), (0.95, "green"))
    return [
        _one(_, buckets, "missing_share", _("Missing to the target"), _(
            "How many percentage points of the baseline are missing to the target, by the last finished year."), share),
        _one(_, buckets, "reached_share", _("Reached"), _(
            "How much less than in the base year the last finished year emitted."), share),
        _one(_, buckets, "above_t", _("Above the road"), _(
            "What the last finished year emitted above what the road to the target allowed then; below 0 is less."),
            tonnes, colors=thresholds((None, "green"), (0.001, "red"))),
        _one(_, buckets, "remaining_budget_t", _("Remaining budget"), _(
            "What may still be emitted up to the target year on the road: the road's sum less what was emitted. "
            "Below 0 is overdrawn; unknown where a year is missing."), tonnes,
            colors=thresholds((None, "red"), (0.0, "green"))),
        _one(_, buckets, "required_share_per_year", _("Required a year"), _(
            "By how much emissions must fall each year from now on, to be at the target in its year."), share),
        _one(_, buckets, "emitted_t", _("Last finished year"), _(
            "What the last finished year emitted, location-based, as accounted: raw, not at normal weather."), tonnes),
        _one(_, buckets, "forecast_t", _("Forecast for the target year"), _(
            "Where the trend of the complete years leads (Theil–Sen); its interval is in the chart."), tonnes),
        _one(_, buckets, "gap_t", _("Forecast above the target"), _(
            "The forecast less the target, in the target year."), tonnes,
            colors=thresholds((None, "green"), (0.001, "red"))),
        _one(_, buckets, "left_t", _("Left after planned measures"), _(
            "What remains of the gap when measures that are planned, and haven't begun, do what was planned."), tonnes,
            colors=thresholds((None, "green"), (0.001, "red"))),
        _one(_, buckets, "completeness", _("Measured"), _(
            "How much of the meters' time of the last finished year was measured; a status needs 90 %."), share,
            colors=complete),
        _one(_, buckets, "scope_share", _("Of the scope"), _(
            "How much of the target's scope the accounts cover; a status needs 95 %. Never mixed with how much of the "
            "time was measured."), share, colors=scope),
    ]  # fmt: skip


def road(_: Translate, buckets: Buckets) -> Json:
    """Year by year: the road, what was emitted, the forecast with its interval, the scenario."""
    names = {
        "emitted_t": _("Emitted"),
        "trajectory_t": _("Road to the target"),
        "forecast_t": _("Forecast"),
        "forecast_low_t": _("Forecast, low"),
        "forecast_high_t": _("Forecast, high"),
        "scenario_t": _("With planned measures"),
    }
    body = f"""
{results_ever(buckets, "target_year", list(names), where=OF_TARGET)}
  {labelled("_field", names)}
  {AS_SERIES}
"""
    return chart(
        _("The road to the target"),
        _(
            "What each finished year emitted, beside the straight road from the baseline to the target, the trend of "
            "the complete years with its interval, and that trend less planned measures. A year stands at its start."
        ),
        program(body),
        unit=suffixed(_("t CO₂")),
        decimals=1,
        minimum=0,
        calcs=("lastNotNull",),
        dashed=[name for field, name in names.items() if field != "emitted_t"],
        spanned=True,
        size=(24, 11),
    )


def all_targets(_: Translate, buckets: Buckets, language: str) -> Json:
    """Every target with its status and the reason."""
    numbers = ("status_year", "emitted_t", "allowed_t", "target_t", "reached_share", "completeness", "scope_share")
    texts = ("name", "status", f"reason_{language}")
    return table(
        _("All targets"),
        _(
            "Several targets stand side by side. Where data don't suffice for a status, the reason stands beside it: "
            "nothing is guessed."
        ),
        program(rows_of(["target"], numbers, results_now(buckets, "target", numbers))),
        program(rows_of(["target"], texts, results_now(buckets, "target", texts), texts=True)),
        columns=(
            Column("name", _("Target")),
            Column("status", _("Status"), words=statuses(_)),
            Column(f"reason_{language}", _("Why there is no status")),
            Column("status_year", _("Year"), "none", 0),
            Column("emitted_t", _("Emitted"), suffixed(_("t CO₂")), 1),
            Column("allowed_t", _("The road allows"), suffixed(_("t CO₂")), 1),
            Column("target_t", _("Target"), suffixed(_("t CO₂")), 1),
            Column("reached_share", _("Reached"), "percentunit", 1),
            Column("completeness", _("Measured"), "percentunit", 1),
            Column("scope_share", _("Of the scope"), "percentunit", 1),
            Column("target", _("Id"), hidden=True),
        ),
        no_value="–",
        size=(24, 7),
    )


def by_domain(_: Translate, buckets: Buckets) -> Json:
    """Tonnes of each year by domain."""
    where = f'{OF_TARGET} and r.view == "location" and r.domain != "all"'
    body = f"""
{results_ever(buckets, "account", ["known_t"], where=where)}
  {labelled("domain", domains(_))}
  {AS_SERIES}
"""
    return chart(
        _("Emissions by domain"),
        _(
            "What is known of each finished year by domain, location-based. Submeters and charging points behind a "
            "counted meter are moved between domains, never added."
        ),
        program(body),
        unit=suffixed(_("t CO₂")),
        bars=True,
        stacked=True,
        decimals=1,
        minimum=0,
        calcs=("lastNotNull",),
    )


def both_views(_: Translate, buckets: Buckets) -> Json:
    """The last account by domain, location-based and market-based side by side."""

    def of(view: str) -> str:
        return f"""{results_ever(buckets, "account", ["emitted_t"], where=f'{OF_TARGET} and r.view == "{view}"')}
  |> last()
  |> set(key: "_field", value: "{view}")"""

    measured = f"""{results_ever(buckets, "account", ["completeness"], where=f'{OF_TARGET} and r.view == "location"')}
  |> last()"""
    names = ("location", "market", "completeness")
    body = f"""
location = {of("location")}
market = {of("market")}
measured = {measured}
{rows_of(["domain"], names, "union(tables: [location, market, measured])")}
"""
    return table(
        _("Both views of electricity"),
        _(
            "The last finished year by domain: by the grid's emission (location-based), and by what was bought "
            "(market-based), side by side. Empty is unknown: a factor or a reading is missing."
        ),
        program(body),
        columns=(
            Column("domain", _("Domain"), words=_shown(domains(_))),
            Column("location", _("Location-based"), suffixed(_("t CO₂")), 1),
            Column("market", _("Market-based"), suffixed(_("t CO₂")), 1),
            Column("completeness", _("Measured"), "percentunit", 1),
        ),
        no_value=_("unknown"),
        sort_by="location",
    )


_PARTS = ("before_t", "after_t", "change_t", "weather_t", "rest_t", "activity_t", "factor_t", "timing_t")


def parts(_: Translate) -> dict[str, str]:
    """What a change is made of."""
    return {
        "weather_t": _("Weather"),
        "rest_t": _("Use, weather apart"),
        "factor_t": _("Greener or dirtier energy"),
        "timing_t": _("When it was used"),
    }


def change_by_year(_: Translate, buckets: Buckets) -> Json:
    """What moved each year against the year before, by its parts."""
    names = {"whole_t": _("All accounts"), "change_t": _("What can be compared"), **parts(_)}
    body = f"""
{results_ever(buckets, "change", list(names), where=f'{OF_TARGET} and r.line == "all"')}
  {labelled("_field", names)}
  {AS_SERIES}
"""
    return chart(
        _("Change from the year before"),
        _(
            "The change of all accounts, and what of it can be compared meter by meter: split into what was used "
            "(weather apart), the factor and when it was used, so that a greener grid isn't claimed as local work. "
            "Years without such parts can't be compared so; the table says why."
        ),
        program(body),
        unit=suffixed(_("t CO₂")),
        bars=True,
        decimals=1,
        calcs=("lastNotNull",),
    )


def change_lines(_: Translate, buckets: Buckets, language: str) -> Json:
    """The newest change, line by line, with what couldn't be compared."""
    numbers, texts = _PARTS, ("name", "domain", "carrier", f"reason_{language}")

    def of(fields: tuple[str, ...]) -> str:
        # Of the newest year alone: a line that is no longer there has no last value then.
        return f"""{results_ever(buckets, "change", fields, where=OF_TARGET)}
  |> last()"""

    carriers = {
        "electricity": _("Electricity"),
        "heat": _("District heating"),
        "gas": _("Gas"),
        "diesel": _("Diesel"),
        "petrol": _("Petrol"),
        "heating-oil": _("Heating oil"),
    }
    return table(
        _("What moved since the year before, and why"),
        _(
            "The last finished year against the one before: the whole of what can be compared, then each meter and "
            "carrier. Lines without a change couldn't be compared, for the reason beside them."
        ),
        program(rows_of(["line"], numbers, of(numbers))),
        program(rows_of(["line"], texts, of(texts), texts=True)),
        columns=(
            Column("name", _("What")),
            Column("domain", _("Domain"), words=_shown(domains(_))),
            Column("carrier", _("Carrier"), words=_shown(carriers)),
            Column("before_t", _("Year before"), suffixed(_("t CO₂")), 2),
            Column("after_t", _("Last year"), suffixed(_("t CO₂")), 2),
            Column("change_t", _("Change"), suffixed(_("t CO₂")), 2),
            Column("activity_t", _("By use"), suffixed(_("t CO₂")), 2),
            Column("weather_t", _("of it weather"), suffixed(_("t CO₂")), 2),
            Column("rest_t", _("of it the rest"), suffixed(_("t CO₂")), 2),
            Column("factor_t", _("By the factor"), suffixed(_("t CO₂")), 2),
            Column("timing_t", _("By timing"), suffixed(_("t CO₂")), 2),
            Column(f"reason_{language}", _("Why it isn't compared")),
            Column("line", _("Id"), hidden=True),
        ),
        no_value="–",
        size=(24, 9),
        sort_by="after_t",
    )


def measures(_: Translate, buckets: Buckets, language: str) -> Json:
    """The target's measures: planned effects, and what was measured of those that run."""
    numbers = (
        "start_s", "certainty", "cost_dkk", "t_per_year", "t_in_target_year", "saved_kwh_per_year",
        "saved_low_kwh_per_year", "saved_high_kwh_per_year",
    )  # fmt: skip
    texts = ("name", "place", "state", f"reason_{language}")
    states = {"running": (_("running"), "green"), "planned": (_("planned"), "blue")}
    rows = rows_of(["measure"], numbers, results_now(buckets, "measure", numbers, where=OF_TARGET))
    begun = rows + "\n  |> map(fn: (r) => ({r with begins: time(v: int(v: r.start_s) * 1000000000)}))"
    return table(
        _("Measures"),
        _(
            "What each measure is planned to save, and what was measured of those that run, with its interval. A "
            "measured saving is in the accounts already: it explains them and is never taken off again."
        ),
        program(begun),
        program(
            rows_of(["measure"], texts, results_now(buckets, "measure", texts, where=OF_TARGET), texts=True),
        ),
        columns=(
            Column("name", _("Measure")),
            Column("place", _("Place")),
            Column("state", _("State"), words=states),
            Column("begins", _("Begins"), "dateTimeAsLocal"),
            Column("t_per_year", _("Planned"), suffixed(_("t CO₂/year")), 1),
            Column("t_in_target_year", _("Planned, target year"), suffixed(_("t CO₂")), 1),
            Column("certainty", _("Certainty"), "percentunit", 0),
            Column("cost_dkk", _("Cost"), suffixed(_("kr")), 0),
            Column("saved_kwh_per_year", _("Measured a year"), "kwatth", 0),
            Column("saved_low_kwh_per_year", _("at least"), "kwatth", 0),
            Column("saved_high_kwh_per_year", _("at most"), "kwatth", 0),
            Column(f"reason_{language}", _("Why nothing is stated")),
            Column("measure", _("Id"), hidden=True),
            Column("start_s", _("Begins [s]"), hidden=True),
        ),
        no_value="–",
        size=(24, 9),
        sort_by="t_in_target_year",
    )
