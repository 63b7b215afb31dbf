"""Street lights in detail: lamps and cabinets side by side. What the lamps say of themselves; silence is never 'ok'."""

from __future__ import annotations

from bypuls.grafana.boards.frame import Ways
from bypuls.grafana.builders import Column, Json, chart, stat, table
from bypuls.grafana.flux import (
    AS_SERIES,
    NAMED_IMPORTS,
    Buckets,
    among,
    each,
    largest,
    named_function,
    program,
    select,
    wide,
)
from bypuls.grafana.flux import text as quoted
from bypuls.grafana.texts import Translate

IN_CABINET = "r.asset =~ /^(${cabinet:regex})$/"
_MAX_ROWS = 500


def heard_now(_: Translate, buckets: Buckets) -> Json:
    """Lamps that said something in the last full hour."""
    body = f"""
{select(buckets.rollup, "lamp", ["n"])}
  |> filter(fn: (r) => r._value > 0.0)
  |> group()
  |> unique(column: "sensor")
  |> count()
"""
    return stat(
        _("Lamps heard"),
        _("Lamps that said something in the last full hour. A lamp without supply by day says nothing."),
        program(body, last_hour=True),
        unit="none",
        decimals=0,
        no_value=_("none"),
    )


def energy_total(_: Translate, buckets: Buckets) -> Json:
    """Energy of all lamps in the time range [kWh]."""
    body = f"""
{select(buckets.rollup, "lamp", ["energy_wh_delta", "energy_wh_gap"])}
  |> group()
  |> sum()
  |> map(fn: (r) => ({{r with _value: r._value / 1000.0}}))
  |> keep(columns: ["_value"])
"""
    return stat(
        _("Energy in the time range"),
        _("Energy of all lamps in the time range, from their registers."),
        program(body),
        unit="kwatth",
        decimals=1,
        no_value=_("unknown"),
    )


def cabinet_power(_: Translate, buckets: Buckets) -> Json:
    """Mean power by hour of the ten cabinets that use the most."""
    source = select(buckets.rollup, "meter", ["import_wh_delta"], where=IN_CABINET)
    body = f"""
{named_function(buckets)}
cabinets = {select(buckets.rollup, "meter", ["import_wh_delta"], where=IN_CABINET)}
  |> group(columns: ["asset"])
  |> sum()
  |> named()
  |> filter(fn: (r) => r.kind == "cabinet")
{largest("most", "cabinets", "asset")}
{source}
  |> group(columns: ["asset"])
  {each("1h")}
  {among("asset", "most")}
  |> named()
  {AS_SERIES}
"""
    return chart(
        _("Power of the cabinets"),
        _(
            "Mean power by hour of the ten of the chosen cabinets that used the most, by their meters. Power by day "
            "is a cabinet that burns by day; none by night is one that is dark."
        ),
        program(body, imports=NAMED_IMPORTS),
        unit="watt",
        minimum=0,
        calcs=("max", "mean"),
    )


def lit_lamps(_: Translate, buckets: Buckets) -> Json:
    """By hour: lamps that were heard, and lamps that drew power in it."""

    def counted(fields: str, condition: str, name: str) -> str:
        return f"""
{select(buckets.rollup, "lamp", [fields])}
  |> filter(fn: (r) => {condition})
  |> group(columns: ["sensor"])
  {each("1h", "count")}
  |> map(fn: (r) => ({{r with _value: 1, name: {quoted(name)}}}))
  |> group(columns: ["name", "_time"])
  |> sum()
  {AS_SERIES}
"""

    return chart(
        _("Lamps heard and lit"),
        _("How many lamps were heard in each hour, and how many of them used energy in it."),
        program(counted("n", "r._value > 0.0", _("Heard"))),
        program(counted("energy_wh_delta", "r._value > 0.0", _("Lit"))),
        unit="none",
        decimals=0,
        minimum=0,
        calcs=("min", "max"),
    )


def lamps(_: Translate, buckets: Buckets, ways: Ways) -> Json:
    """Lamps with energy, burning hours and the time of their newest data."""
    figures = ("kwh", "burning_h", "newest_s")
    body = f"""
{named_function(buckets)}
as_column = (tables=<-, name, per) => tables
  |> map(fn: (r) => ({{r with asset: if exists r.asset then r.asset else r.sensor}}))
  |> group(columns: ["asset"])
  |> sum()
  |> map(fn: (r) => ({{r with _value: r._value / per, figure: name}}))
energy = {select(buckets.rollup, "lamp", ["energy_wh_delta", "energy_wh_gap"])}
  |> sum()
  |> as_column(name: "kwh", per: 1000.0)
burning = {select(buckets.rollup, "lamp", ["operating_s_delta", "operating_s_gap"])}
  |> sum()
  |> as_column(name: "burning_h", per: 3600.0)
newest = {select(buckets.rollup, "lamp", ["n"])}
  |> filter(fn: (r) => r._value > 0.0)
  |> last()
  |> map(fn: (r) => ({{r with asset: if exists r.asset then r.asset else r.sensor}}))
  |> group(columns: ["asset"])
  |> max(column: "_time")
  |> map(fn: (r) => ({{r with _value: float(v: int(v: r._time)) / 1000000000.0, figure: "newest_s"}}))
{wide("asset", "figure", figures, ["energy", "burning", "newest"])}
  |> filter(fn: (r) => exists r.newest_s)
  |> top(n: {_MAX_ROWS}, columns: ["kwh"])
  |> map(fn: (r) => ({{r with heard: time(v: int(v: r.newest_s) * 1000000000)}}))
  |> named()
  |> keep(columns: ["asset", "name", "kwh", "burning_h", "heard"])
"""
    return table(
        _("Lamps"),
        _(
            "The 500 lamps that used the most in the time range, with the hours that they burned and their newest "
            "data. A name leads to the lamp's last nights on the web page."
        ),
        program(body, imports=NAMED_IMPORTS),
        columns=(
            Column("name", _("Lamp"), links=((_("Web page of the lamp"), ways.page_of("/lights/lamps")),)),
            Column("kwh", _("Energy"), "kwatth", 2),
            Column("burning_h", _("Burning hours"), "suffix: h", 1),
            Column("heard", _("Newest data"), "dateTimeFromNow"),
            Column("asset", _("Id"), hidden=True),
        ),
        no_value=_("unknown"),
        sort_by="kwh",
    )


def cabinets(_: Translate, buckets: Buckets, ways: Ways) -> Json:
    """Cabinets with the energy of their meters, the highest hour and the newest data."""
    figures = ("kwh", "highest_w", "newest_s")
    metered = select(buckets.rollup, "meter", ["import_wh_delta"], where=IN_CABINET)
    body = f"""
{named_function(buckets)}
energy = {select(buckets.rollup, "meter", ["import_wh_delta", "import_wh_gap"], where=IN_CABINET)}
  |> group(columns: ["asset"])
  |> sum()
  |> map(fn: (r) => ({{r with _value: r._value / 1000.0, figure: "kwh"}}))
highest = {metered}
  |> group(columns: ["asset"])
  {each("1h")}
  |> max()
  |> set(key: "figure", value: "highest_w")
newest = {metered}
  |> last()
  |> group(columns: ["asset"])
  |> max(column: "_time")
  |> map(fn: (r) => ({{r with _value: float(v: int(v: r._time)) / 1000000000.0, figure: "newest_s"}}))
{wide("asset", "figure", figures, ["energy", "highest", "newest"])}
  |> filter(fn: (r) => exists r.newest_s)
  |> map(fn: (r) => ({{r with heard: time(v: int(v: r.newest_s) * 1000000000)}}))
  |> named()
  |> filter(fn: (r) => r.kind == "cabinet")
  |> keep(columns: ["asset", "name", "kwh", "highest_w", "heard"])
"""
    return table(
        _("Cabinets"),
        _(
            "The chosen cabinets by their meters: energy in the time range, the hour with the most, newest data. A "
            "name leads to the cabinet on the web page, with the states of its lamps."
        ),
        program(body, imports=NAMED_IMPORTS),
        columns=(
            Column("name", _("Cabinet"), links=((_("Web page of the cabinet"), ways.page_of("/lights/cabinets")),)),
            Column("kwh", _("Energy"), "kwatth", 1),
            Column("highest_w", _("Highest hour"), "watt", 0),
            Column("heard", _("Newest data"), "dateTimeFromNow"),
            Column("asset", _("Id"), hidden=True),
        ),
        no_value=_("unknown"),
        sort_by="kwh",
    )
