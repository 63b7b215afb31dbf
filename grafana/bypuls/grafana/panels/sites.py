"""Traffic in detail: streets side by side, directions, classes, and one site with its limit. V85 is a result of the
platform, never computed here."""

from __future__ import annotations

from bypuls.grafana.boards.frame import Ways
from bypuls.grafana.builders import Column, Json, chart, stat, suffixed, table
from bypuls.grafana.flux import (
    AS_SERIES,
    NAMED_IMPORTS,
    SPEEDS_FUNCTION,
    Buckets,
    among,
    asset_numbers,
    each,
    labelled,
    largest,
    named_function,
    program,
    results_now,
    select,
    wide,
    with_tag,
)
from bypuls.grafana.flux import text as quoted
from bypuls.grafana.panels.traffic import AT_SITE
from bypuls.grafana.texts import Translate


def _traffic(buckets: Buckets, *fields: str) -> str:
    return select(buckets.rollup, "traffic", fields, where=AT_SITE)


def directions(_: Translate) -> dict[str, str]:
    """Directions as the sensor sees them."""
    return {"toward": _("Towards the sensor"), "away": _("Away from the sensor"), "": _("Direction unknown")}


def heard_now(_: Translate, buckets: Buckets) -> Json:
    """Sensors of traffic that have data in the last full hour."""
    body = f"""
{_traffic(buckets, "n")}
  |> group()
  |> unique(column: "sensor")
  |> count()
"""
    return stat(
        _("Sensors heard"),
        _("Traffic sensors at the chosen sites that have data in the last full hour."),
        program(body, last_hour=True),
        unit="none",
        decimals=0,
        no_value=_("none"),
    )


def highest(_: Translate, buckets: Buckets) -> Json:
    """The highest speed of the time range."""
    body = f'{_traffic(buckets, "max_kmh")}\n  |> group()\n  |> max()\n  |> keep(columns: ["_value"])'
    return stat(
        _("Highest speed"),
        _("The highest speed of one vehicle in the time range at the chosen sites."),
        program(body),
        unit="velocitykmh",
        decimals=0,
        no_value=_("unknown"),
    )


def vehicles(_: Translate, buckets: Buckets) -> Json:
    """Vehicles of the time range."""
    body = f'{_traffic(buckets, "n")}\n  |> group()\n  |> sum()\n  |> keep(columns: ["_value"])'
    return stat(
        _("Vehicles in the time range"),
        _("Vehicles counted in the time range at the chosen sites, both directions. Hours without data add nothing."),
        program(body),
        unit="short",
        decimals=1,
        no_value=_("unknown"),
    )


def streets(_: Translate, buckets: Buckets, ways: Ways) -> Json:
    """Each site with its limit, volume, speeds, difference to the limit and newest data; cells lead to the site."""
    figures = ("limit_kmh", "vehicles", "mean_kmh", "max_kmh", "newest_s", "v85_kmh", "over_limit_share", "average_n")
    body = f"""
{named_function(buckets)}
{SPEEDS_FUNCTION}
as_column = (tables=<-, name) => tables
  |> group()
  |> keep(columns: ["asset", "_value"])
  |> set(key: "figure", value: name)
vehicles = {_traffic(buckets, "n")}
  |> group(columns: ["asset"])
  |> sum()
  |> as_column(name: "vehicles")
speed = {_traffic(buckets, "n", "sum_kmh")}
  |> sum()
  |> duplicate(column: "_stop", as: "_time")
  |> speeds(by: ["asset"])
  |> as_column(name: "mean_kmh")
highest = {_traffic(buckets, "max_kmh")}
  |> group(columns: ["asset"])
  |> max()
  |> as_column(name: "max_kmh")
newest = {_traffic(buckets, "n")}
  |> last()
  |> group(columns: ["asset"])
  |> max(column: "_time")
  |> map(fn: (r) => ({{r with _value: float(v: int(v: r._time)) / 1000000000.0}}))
  |> as_column(name: "newest_s")
limits = {asset_numbers(buckets, "limit_kmh")}
  |> as_column(name: "limit_kmh")
official = {results_now(buckets, "site_now", ["v85_kmh", "over_limit_share"])}
  |> rename(columns: {{site: "asset", _field: "figure"}})
  |> keep(columns: ["asset", "figure", "_value"])
average = {results_now(buckets, "site_average", ["n"])}
  |> rename(columns: {{site: "asset"}})
  |> as_column(name: "average_n")
{wide("asset", "figure", figures, ["vehicles", "speed", "highest", "newest", "limits", "official", "average"])}
  |> filter(fn: (r) => exists r.vehicles)
  |> map(fn: (r) => ({{r with
    over_kmh: r.mean_kmh - r.limit_kmh,
    heard: time(v: int(v: r.newest_s) * 1000000000),
  }}))
  |> named()
  |> keep(columns: ["asset", "name", "limit_kmh", "vehicles", "mean_kmh", "over_kmh", "max_kmh", "heard", "v85_kmh",
    "over_limit_share", "average_n"])
"""
    leads = (
        (_("Dashboard of the site"), ways.board("site", "site")),
        (_("Web page of the site"), ways.page_of("/sites")),
    )
    return table(
        _("Streets"),
        _(
            "The chosen sites over the time range, beside the limit that the registry holds now. V85 and the share "
            "above the limit are the platform's results of the last 28 whole days, the average day is that of the last "
            "year, whatever time range is chosen. A click on a name leads to the site here or on the web page."
        ),
        program(body, imports=NAMED_IMPORTS),
        columns=(
            Column("name", _("Site"), links=leads),
            Column("limit_kmh", _("Speed limit"), "velocitykmh", 0),
            Column("vehicles", _("Vehicles"), "none", 0),
            Column("mean_kmh", _("Mean speed"), "velocitykmh", 1),
            Column("over_kmh", _("Mean above the limit"), "velocitykmh", 1),
            Column("v85_kmh", _("V85, 28 days"), "velocitykmh", 1),
            Column("over_limit_share", _("Above the limit, 28 days"), "percentunit", 1),
            Column("average_n", _("Average day, last year"), suffixed(_("veh/day")), 0),
            Column("max_kmh", _("Highest speed"), "velocitykmh", 0),
            Column("heard", _("Newest data"), "dateTimeFromNow"),
            Column("asset", _("Id"), hidden=True),
        ),
        no_value=_("unknown"),
        size=(24, 10),
        sort_by="over_kmh",
    )


def busiest(_: Translate, buckets: Buckets) -> Json:
    """Vehicles per local day of the ten sites with the most."""
    body = f"""
{named_function(buckets)}
{largest("busiest", _traffic(buckets, "n"), "asset")}
{_traffic(buckets, "n")}
  |> group(columns: ["asset"])
  {each("1d")}
  {among("asset", "busiest")}
  |> named()
  {AS_SERIES}
"""
    return chart(
        _("The ten busiest sites by day"),
        _("Vehicles by local day at the ten of the chosen sites that have the most in the time range."),
        program(body, imports=NAMED_IMPORTS, days=True),
        unit=suffixed(_("veh/day")),
        bars=True,
        stacked=True,
        decimals=0,
        minimum=0,
        calcs=("sum", "mean"),
    )


def fastest(_: Translate, buckets: Buckets) -> Json:
    """Highest speed per local day of the ten sites with the highest of all."""
    body = f"""
{named_function(buckets)}
{largest("fastest", _traffic(buckets, "max_kmh"), "asset", fold="max")}
{_traffic(buckets, "max_kmh")}
  |> group(columns: ["asset"])
  {each("1d", "max")}
  {among("asset", "fastest")}
  |> named()
  {AS_SERIES}
"""
    return chart(
        _("Highest speeds by day"),
        _(
            "The highest speed of one vehicle on each local day, at the ten of the chosen sites with the highest of "
            "all. One vehicle says nothing of a street: see V85."
        ),
        program(body, imports=NAMED_IMPORTS, days=True),
        unit="velocitykmh",
        decimals=0,
        calcs=("max",),
    )


def by_direction(_: Translate, buckets: Buckets) -> Json:
    """Vehicles per hour and direction."""
    body = f"""
{_traffic(buckets, "n")}
  |> group(columns: ["direction"])
  {each("1h")}
  {with_tag("direction")}
  {labelled("direction", directions(_))}
  {AS_SERIES}
"""
    return chart(
        _("Vehicles per hour and direction"),
        _("Vehicles of all chosen sites together by hour and direction, as the sensor sees it. Gaps stay gaps."),
        program(body),
        unit=suffixed(_("veh/h")),
        decimals=0,
        minimum=0,
        calcs=("max", "mean"),
    )


def by_class(_: Translate, buckets: Buckets) -> Json:
    """Vehicles per local day and class."""
    unknown = _("Class unknown")
    body = f"""
{_traffic(buckets, "n")}
  |> group(columns: ["vehicle_class"])
  {each("1d")}
  {with_tag("vehicle_class")}
  {labelled("vehicle_class", {"": unknown})}
  {AS_SERIES}
"""
    return chart(
        _("Vehicles per day and class"),
        _("Vehicles of all chosen sites together by local day and class, where the sensor tells classes apart."),
        program(body, days=True),
        unit=suffixed(_("veh/day")),
        bars=True,
        stacked=True,
        decimals=0,
        minimum=0,
        calcs=("sum",),
    )


def limit(_: Translate, buckets: Buckets) -> Json:
    """The site's speed limit."""
    body = f"""
{asset_numbers(buckets, "limit_kmh")}
  |> filter(fn: (r) => {AT_SITE})
  |> min()
  |> keep(columns: ["_value"])
"""
    return stat(
        _("Speed limit"),
        _("The speed limit that the registry holds for the site today."),
        program(body),
        unit="velocitykmh",
        decimals=0,
        no_value=_("unknown"),
    )


def speeds_and_limit(_: Translate, buckets: Buckets) -> Json:
    """Mean speed by hour and direction, and the limit as a line."""
    speeds = f"""
{SPEEDS_FUNCTION}
{_traffic(buckets, "n", "sum_kmh")}
  {each("1h")}
  {with_tag("direction")}
  |> speeds(by: ["direction", "_time"])
  {labelled("direction", directions(_))}
  {AS_SERIES}
"""
    line = f"""
limits = {asset_numbers(buckets, "limit_kmh")}
  |> filter(fn: (r) => {AT_SITE})
  |> min()
  |> map(fn: (r) => ({{r with name: {quoted(_("Speed limit"))}}}))
  |> keep(columns: ["_value", "name"])
union(tables: [
  limits |> map(fn: (r) => ({{r with _time: start}})),
  limits |> map(fn: (r) => ({{r with _time: stop}})),
])
  {AS_SERIES}
"""
    return chart(
        _("Mean speed and limit"),
        _(
            "The sum of all speeds over the number of vehicles by hour and direction, beside the limit that the "
            "registry holds today. V85 is in the chart above."
        ),
        program(speeds),
        program(line),
        unit="velocitykmh",
        decimals=1,
        calcs=("min", "max"),
        size=(24, 9),
    )


_OF_SITE = "r.site =~ /^(${site:regex})$/"


def _official(
    _: Translate, buckets: Buckets, topic: str, field: str, title: str, description: str, unit: str, decimals: int = 1
) -> Json:
    body = f"""
{results_now(buckets, topic, [field], where=_OF_SITE)}
  |> group()
  |> max()
  |> keep(columns: ["_value"])
"""
    return stat(title, description, program(body), unit=unit, decimals=decimals, no_value=_("unknown"))


def official(_: Translate, buckets: Buckets) -> list[Json]:
    """The site's official figures: V85, share above the limit, average day."""
    return [
        _official(
            _, buckets, "site_now", "v85_kmh", _("V85"),
            _("The speed that 85 % keep or stay below, of the last 28 whole days: the platform's result."),
            "velocitykmh",
        ),
        _official(
            _, buckets, "site_now", "over_limit_share", _("Above the limit"),
            _("The share of vehicles that drove faster than the limit of their day, of the last 28 whole days."),
            "percentunit",
        ),
        _official(
            _, buckets, "site_average", "n", _("Average day"),
            _("Vehicles of the average day of the last year, from days that were watched whole; AADT where the web "
              "page says so."),
            suffixed(_("veh/day")), 0,
        ),
    ]  # fmt: skip


def v85_by_day(_: Translate, buckets: Buckets) -> Json:
    """V85 of each day and direction, and of each week."""
    named = {"both": _("Both directions"), **directions(_)}
    weeks_before = "date.sub(d: 2w, from: start)"  # so that a finished week is always among them
    week = _("Week, both directions")
    days = f"""
{select(buckets.rollup, "result_site", ["v85_kmh"], where=f'{_OF_SITE} and r.period == "day"')}
  {labelled("direction", named)}
  |> group(columns: ["name", "_time"])
  |> max()
  {AS_SERIES}
"""
    weeks = f"""
{select(buckets.rollup, "result_site", ["v85_kmh"], where=f'{_OF_SITE} and r.period == "week"', start=weeks_before)}
  |> map(fn: (r) => ({{r with name: {quoted(week)}}}))
  |> group(columns: ["name", "_time"])
  |> max()
  {AS_SERIES}
"""
    return chart(
        _("V85 by day and week"),
        _(
            "The platform's results of each local day and ISO week, out of merged histograms: no mean of percentiles. "
            "A day with fewer than 30 known speeds has none. Marks show what was done on the street."
        ),
        program(days, days=True),
        program(weeks, days=True),
        unit="velocitykmh",
        decimals=1,
        calcs=("min", "max"),
        spanned=True,
        size=(24, 9),
    )
