"""Street lights: power, energy, faults. What the lamps say of themselves, beside the meters of their cabinets."""

from __future__ import annotations

from bypuls.grafana.builders import Column, Json, chart, stat, table, thresholds
from bypuls.grafana.flux import (
    AS_SERIES,
    NAMED_IMPORTS,
    Buckets,
    each,
    named_function,
    program,
    select,
)
from bypuls.grafana.flux import text as quoted
from bypuls.grafana.texts import Translate

# Rows of 0 and 1 are made by `{r with …}`: a `map` to constants alone gives no rows on InfluxDB 1.12.
_FAULTY = 'r._value != ""'


def power_now(_: Translate, buckets: Buckets) -> Json:
    """Mean power of all lamps in the last full hour [W]: energy of one hour in Wh."""
    body = f"""
{select(buckets.rollup, "lamp", ["energy_wh_delta"])}
  |> group()
  |> sum()
  |> keep(columns: ["_value"])
"""
    return stat(
        _("Street lights"),
        _("Mean power of all street lights in the last full hour, from their energy registers."),
        program(body, last_hour=True),
        unit="watt",
        decimals=1,
        no_value=_("unknown"),
    )


def faulty_now(_: Translate, buckets: Buckets) -> Json:
    """How many lamps reported a fault in the last full hour; 0 only where lamps were heard."""
    body = f"""
heard = {select(buckets.rollup, "lamp", ["n"])}
  |> group()
  |> count()
  |> map(fn: (r) => ({{r with _value: 0}}))
faulty = {select(buckets.rollup, "lamp", ["faults"])}
  |> filter(fn: (r) => {_FAULTY})
  |> group(columns: ["sensor"])
  |> count()
  |> filter(fn: (r) => r._value > 0)
  |> map(fn: (r) => ({{r with _value: 1}}))
  |> keep(columns: ["_value"])
union(tables: [heard, faulty])
  |> group()
  |> sum()
"""
    return stat(
        _("Lamps with a fault"),
        _("Lamps that reported a fault in the last full hour. 'Unknown' where no lamp was heard."),
        program(body, last_hour=True),
        unit="none",
        decimals=0,
        no_value=_("unknown"),
        colors=thresholds((None, "green"), (1, "orange")),
    )


def power(_: Translate, buckets: Buckets) -> Json:
    """Mean power by hour: all lamps, and all cabinets' meters."""
    lamps = f"""
{select(buckets.rollup, "lamp", ["energy_wh_delta"])}
  |> group()
  {each("1h")}
  |> map(fn: (r) => ({{_time: r._time, _value: r._value, name: {quoted(_("Lamps"))}}}))
  |> group(columns: ["name"])
"""
    cabinets = f"""
{named_function(buckets)}
{select(buckets.rollup, "meter", ["import_wh_delta"])}
  |> group(columns: ["asset"])
  {each("1h")}
  |> named()
  |> filter(fn: (r) => r.kind == "cabinet")
  |> group(columns: ["_time"])
  |> sum()
  |> map(fn: (r) => ({{_time: r._time, _value: r._value, name: {quoted(_("Cabinets' meters"))}}}))
  {AS_SERIES}
"""
    return chart(
        _("Power of the street lights"),
        _(
            "Mean power by hour, from energy registers: what the lamps measure themselves, and what their cabinets' "
            "meters measure. The difference is cables, ballasts and whatever else hangs on the cabinet."
        ),
        program(lamps),
        program(cabinets, imports=NAMED_IMPORTS),
        unit="watt",
        minimum=0,
        calcs=("max", "mean"),
    )


def energy(_: Translate, buckets: Buckets) -> Json:
    """Energy of all lamps by local day [kWh]."""
    body = f"""
{select(buckets.rollup, "lamp", ["energy_wh_delta", "energy_wh_gap"])}
  |> group()
  {each("1d")}
  |> map(fn: (r) => ({{_time: r._time, _value: r._value / 1000.0, name: {quoted(_("Lamps"))}}}))
  |> group(columns: ["name"])
"""
    return chart(
        _("Energy of the street lights by day"),
        _(
            "Energy of all lamps by local day, from their registers; what a register gained over a gap counts where "
            "it ends."
        ),
        program(body, days=True),
        unit="kwatth",
        bars=True,
        decimals=1,
        minimum=0,
        calcs=("sum", "mean"),
    )


def faulty_by_day(_: Translate, buckets: Buckets) -> Json:
    """Lamps with a fault by local day; 0 on days when lamps were heard and none had one."""
    body = f"""
heard = {select(buckets.rollup, "lamp", ["n"])}
  |> group()
  {each("1d", "count")}
  |> map(fn: (r) => ({{_time: r._time, _value: 0}}))
faulty = {select(buckets.rollup, "lamp", ["faults"])}
  |> filter(fn: (r) => {_FAULTY})
  |> group(columns: ["sensor"])
  {each("1d", "count")}
  |> map(fn: (r) => ({{_time: r._time, _value: 1}}))
union(tables: [heard, faulty])
  |> group(columns: ["_time"])
  |> sum()
  |> map(fn: (r) => ({{_time: r._time, _value: r._value, name: {quoted(_("Lamps with a fault"))}}}))
  {AS_SERIES}
"""
    return chart(
        _("Lamps with a fault by day"),
        _(
            "How many lamps reported a fault on each local day. A day on which no lamp was heard has no bar: it is "
            "unknown."
        ),
        program(body, days=True),
        unit="none",
        bars=True,
        decimals=0,
        minimum=0,
        calcs=("lastNotNull", "max"),
    )


def faults(_: Translate, buckets: Buckets) -> Json:
    """Which lamps reported which faults, the newest first."""
    body = f"""
{named_function(buckets)}
{select(buckets.rollup, "lamp", ["faults"], start="date.sub(d: 60d, from: stop)")}
  |> filter(fn: (r) => {_FAULTY})
  |> map(fn: (r) => ({{r with asset: if exists r.asset then r.asset else r.sensor}}))
  |> group(columns: ["asset", "_value"])
  |> sort(columns: ["_time"])
  |> last()
  |> rename(columns: {{_value: "faults"}})
  |> named()
  |> keep(columns: ["_time", "name", "faults"])
  |> sort(columns: ["_time"], desc: true)
"""
    return table(
        _("Faults of the last 60 days"),
        _(
            "Lamps that reported a fault in the 60 days before the end of the time range, by TALQ's names, and when "
            "last."
        ),
        program(body, imports=(*NAMED_IMPORTS, "date")),
        columns=(
            Column("_time", _("Last reported"), "dateTimeAsLocal"),
            Column("name", _("Lamp")),
            Column("faults", _("Faults")),
        ),
        no_value=_("no faults"),
    )
