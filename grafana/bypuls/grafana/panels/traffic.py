"""Traffic: volumes and mean speeds of sites. No panel recomputes a percentile."""

from __future__ import annotations

from bypuls.grafana.builders import Column, Json, chart, stat, suffixed, table
from bypuls.grafana.flux import (
    AS_SERIES,
    NAMED_IMPORTS,
    SPEEDS_FUNCTION,
    Buckets,
    asset_numbers,
    each,
    named_function,
    program,
    select,
    wide,
)
from bypuls.grafana.texts import Translate

AT_SITE = "r.asset =~ /^(${site:regex})$/"


def _traffic(buckets: Buckets, *fields: str) -> str:
    return select(buckets.rollup, "traffic", fields, where=AT_SITE)


def vehicles_now(_: Translate, buckets: Buckets) -> Json:
    """Vehicles of the last full hour."""
    body = f'{_traffic(buckets, "n")}\n  |> group()\n  |> sum()\n  |> keep(columns: ["_value"])'
    return stat(
        _("Vehicles"),
        _("Vehicles counted in the last full hour at the chosen sites, both directions."),
        program(body, last_hour=True),
        unit=suffixed(_("veh/h")),
        decimals=0,
        no_value=_("unknown"),
    )


def speed_now(_: Translate, buckets: Buckets) -> Json:
    """Mean speed of the last full hour."""
    body = f"""
{SPEEDS_FUNCTION}
{_traffic(buckets, "n", "sum_kmh")}
  {each("1h")}
  |> speeds(by: [])
  |> keep(columns: ["_value"])
"""
    return stat(
        _("Mean speed"),
        _("Mean speed of all vehicles of the last full hour: the sum of their speeds over their number."),
        program(body, last_hour=True),
        unit="velocitykmh",
        decimals=1,
        no_value=_("unknown"),
    )


def volumes(_: Translate, buckets: Buckets) -> Json:
    """Vehicles per hour and site."""
    body = f"""
{named_function(buckets)}
{_traffic(buckets, "n")}
  |> group(columns: ["asset"])
  {each("1h")}
  |> named()
  {AS_SERIES}
"""
    return chart(
        _("Vehicles per hour"),
        _("Vehicles of each site by hour, both directions and all classes. An hour without data stays empty."),
        program(body, imports=NAMED_IMPORTS),
        unit=suffixed(_("veh/h")),
        decimals=0,
        minimum=0,
        calcs=("max", "mean"),
    )


def mean_speeds(_: Translate, buckets: Buckets) -> Json:
    """Mean speed per hour and site."""
    body = f"""
{named_function(buckets)}
{SPEEDS_FUNCTION}
{_traffic(buckets, "n", "sum_kmh")}
  {each("1h")}
  |> speeds(by: ["asset", "_time"])
  |> named()
  {AS_SERIES}
"""
    return chart(
        _("Mean speed by hour"),
        _(
            "The sum of all speeds over the number of vehicles, so that hours add up rightly. V85 is on the site's own "
            "dashboard: a result of the platform, never a mean of percentiles."
        ),
        program(body, imports=NAMED_IMPORTS),
        unit="velocitykmh",
        decimals=1,
        calcs=("min", "max"),
    )


def daily_volumes(_: Translate, buckets: Buckets) -> Json:
    """Vehicles per local day and site."""
    body = f"""
{named_function(buckets)}
{_traffic(buckets, "n")}
  |> group(columns: ["asset"])
  {each("1d")}
  |> named()
  {AS_SERIES}
"""
    return chart(
        _("Vehicles per day"),
        _("Vehicles of each site by local day (23 and 25 hours long when the clock changes). Today's bar still grows."),
        program(body, imports=NAMED_IMPORTS, days=True),
        unit=suffixed(_("veh/day")),
        bars=True,
        stacked=True,
        decimals=0,
        minimum=0,
        calcs=("sum",),
    )


def sites(_: Translate, buckets: Buckets) -> Json:
    """Each site with its limit, volume, mean and highest speed."""
    figures = ("limit_kmh", "vehicles", "mean_kmh", "max_kmh")
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
limits = {asset_numbers(buckets, "limit_kmh")}
  |> as_column(name: "limit_kmh")
{wide("asset", "figure", figures, ["vehicles", "speed", "highest", "limits"])}
  |> filter(fn: (r) => exists r.vehicles)
  |> named()
  |> keep(columns: ["name", {", ".join(f'"{name}"' for name in figures)}])
"""
    return table(
        _("Sites"),
        _("The chosen sites over the time range, with the speed limit that the registry holds now."),
        program(body, imports=NAMED_IMPORTS),
        columns=(
            Column("name", _("Site")),
            Column("limit_kmh", _("Speed limit"), "velocitykmh", 0),
            Column("vehicles", _("Vehicles"), "none", 0),
            Column("mean_kmh", _("Mean speed"), "velocitykmh", 1),
            Column("max_kmh", _("Highest speed"), "velocitykmh", 1),
        ),
        no_value=_("unknown"),
        sort_by="vehicles",
    )
