"""Energy of buildings and of the town, and the temperature that explains it. Uncorrected amounts, as metered."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from bypuls.grafana.builders import Column, Json, chart, stat, suffixed, table
from bypuls.grafana.flux import (
    AS_SERIES,
    NAMED_IMPORTS,
    Buckets,
    asset_numbers,
    each,
    labelled,
    named_function,
    one_of,
    program,
    select,
    wide,
)
from bypuls.grafana.flux import text as quoted
from bypuls.grafana.texts import Translate

# An amount that a register gained over a gap is known in total: it counts where the gap ends.
ENERGY = ("import_wh_delta", "import_wh_gap")
VOLUME = ("volume_m3_delta", "volume_m3_gap")
ENERGY_MEDIA = ("electricity", "heat", "gas")
IN_BUILDING = "r.asset =~ /^(${building:regex})$/"
_OF_MEDIA = one_of("medium", ENERGY_MEDIA)
_KWH = "|> map(fn: (r) => ({r with _value: r._value / 1000.0}))"


def media(_: Translate) -> dict[str, str]:
    """The media that carry energy, with their names."""
    return {"electricity": _("Electricity"), "heat": _("District heating"), "gas": _("Gas")}


def electricity_now(_: Translate, buckets: Buckets) -> Json:
    """Mean electric power of all meters in the last full hour [W]."""
    body = f"""
{select(buckets.rollup, "meter", ["import_wh_delta"], where='r.medium == "electricity"')}
  |> group()
  |> sum()
  |> keep(columns: ["_value"])
"""
    return stat(
        _("Electricity"),
        _("Mean electric power of all meters in the last full hour, cabinets of the street lights included."),
        program(body, last_hour=True),
        unit="watt",
        decimals=1,
        no_value=_("unknown"),
    )


def _temperatures(name: str, field: str, fold: str, buckets: Buckets) -> str:
    return f"""
{select(buckets.rollup, "weather", [field])}
  {each("1h", fold)}
  |> group(columns: ["_time"])
  |> {fold}()
  |> map(fn: (r) => ({{_time: r._time, _value: r._value, name: {quoted(name)}}}))
  {AS_SERIES}
"""


def _mean_temperature(buckets: Buckets) -> str:
    return f"""
{select(buckets.rollup, "weather", ["temp_c_n", "temp_c_sum"])}
  |> group(columns: ["_field"])
  {each("1h")}
  |> pivot(rowKey: ["_time"], columnKey: ["_field"], valueColumn: "_value")
  |> group()
  |> map(fn: (r) => ({{_time: r._time, _value: r.temp_c_sum / r.temp_c_n}}))
"""


def temperature_now(_: Translate, buckets: Buckets) -> Json:
    """Mean outdoor temperature of the last full hour."""
    body = _mean_temperature(buckets)
    return stat(
        _("Outdoors"),
        _("Mean outdoor temperature of the last full hour over all weather sensors."),
        program(body, last_hour=True),
        unit="celsius",
        decimals=1,
        no_value=_("unknown"),
    )


def temperature(_: Translate, buckets: Buckets) -> Json:
    """Outdoor temperature by hour: mean, lowest and highest."""
    name = _("Mean")
    mean = (
        _mean_temperature(buckets)
        + f"""
  |> map(fn: (r) => ({{_time: r._time, _value: r._value, name: {quoted(name)}}}))
  |> group(columns: ["name"])
"""
    )
    return chart(
        _("Outdoor temperature"),
        _("By hour over all weather sensors: the mean of the readings, the lowest and the highest one."),
        program(mean),
        program(_temperatures(_("Lowest"), "temp_c_min", "min", buckets)),
        program(_temperatures(_("Highest"), "temp_c_max", "max", buckets)),
        unit="celsius",
        decimals=1,
        calcs=("min", "max"),
    )


def energy_by_medium(_: Translate, buckets: Buckets) -> Json:
    """Energy of all meters by medium and local day [kWh]."""
    body = f"""
{select(buckets.rollup, "meter", ENERGY, where=_OF_MEDIA)}
  |> group(columns: ["medium"])
  {each("1d")}
  {_KWH}
  {labelled("medium", media(_))}
  {AS_SERIES}
"""
    return chart(
        _("Measured energy by day"),
        _(
            "Energy of all meters by local day, as metered: buildings and cabinets of the street lights; gas where "
            "its meter tells energy. Not corrected for the weather. CO₂ against the target is on the web page and in "
            "the reports."
        ),
        program(body, days=True),
        unit="kwatth",
        bars=True,
        stacked=True,
        decimals=1,
        minimum=0,
        calcs=("sum",),
        size=(10, 9),
    )


def against_last_year(_: Translate, buckets: Buckets) -> Json:
    """Energy of the time range by medium beside that of 52 weeks before."""

    def used(start: str, stop: str) -> str:
        return f"""{select(buckets.rollup, "meter", ENERGY, where=_OF_MEDIA, start=start, stop=stop)}
  |> group(columns: ["medium"])
  |> sum()
  {_KWH}"""

    return beside_year_before(
        _,
        _("Energy against the year before"),
        _(
            "Energy of all meters in the time range, beside the same weekdays 52 weeks before. As metered: neither "
            "the weather nor meters that were added since are corrected for."
        ),
        used,
        imports=("date",),
    )


def beside_year_before(
    _: Translate,
    title: str,
    description: str,
    used: Callable[[str, str], str],
    *,
    imports: Sequence[str] = (),
    days: bool = False,
) -> Json:
    """A table of energy by medium, in the time range and 52 weeks before.

    used : Flux for what was used from one moment to another, one row for each medium [kWh].
    """
    body = f"""
this = {used("start", "stop")}
  |> set(key: "span", value: "kwh")
before = {used("date.sub(d: 52w, from: start)", "date.sub(d: 52w, from: stop)")}
  |> set(key: "span", value: "before_kwh")
{wide("medium", "span", ("kwh", "before_kwh"), ["this", "before"])}
  |> map(fn: (r) => ({{r with change: (r.kwh / r.before_kwh - 1.0) * 100.0}}))
  {labelled("medium", media(_))}
  |> keep(columns: ["name", "kwh", "before_kwh", "change"])
"""
    return table(
        title,
        description,
        program(body, imports=imports, days=days),
        columns=(
            Column("name", _("Medium")),
            Column("kwh", _("Time range"), "kwatth", 1),
            Column("before_kwh", _("52 weeks before"), "kwatth", 1),
            Column("change", _("Change"), "percent", 1),
        ),
        no_value=_("unknown"),
        size=(8, 9),
        sort_by="kwh",
    )


def targets(_: Translate, buckets: Buckets) -> Json:
    """The climate targets of the registry [t a year]."""
    body = f"""
{named_function(buckets)}
{asset_numbers(buckets, "target_tonnes")}
  |> named()
  |> rename(columns: {{_value: "tonnes"}})
  |> keep(columns: ["name", "tonnes"])
"""
    return table(
        _("Climate targets"),
        _("What each target of the registry allows in its target year: the base year's tonnes less the reduction."),
        program(body, imports=NAMED_IMPORTS),
        columns=(Column("name", _("Target")), Column("tonnes", _("At most"), suffixed(_("t/year")), 1)),
        no_value=_("no target"),
        size=(6, 9),
    )


def energy_by_building(_: Translate, buckets: Buckets) -> Json:
    """Energy of the chosen medium by building and local day [kWh]."""
    body = f"""
{named_function(buckets)}
{select(buckets.rollup, "meter", ENERGY, where=f'r.medium == "${{medium}}" and {IN_BUILDING}')}
  |> group(columns: ["asset"])
  {each("1d")}
  {_KWH}
  |> named(kind: "building")
  {AS_SERIES}
"""
    return chart(
        _("Energy of the buildings by day"),
        _("Energy of the chosen medium by building and local day, as metered: the sum of the building's meters of it."),
        program(body, imports=NAMED_IMPORTS, days=True),
        unit="kwatth",
        bars=True,
        stacked=True,
        decimals=1,
        minimum=0,
        calcs=("sum",),
    )


def load(_: Translate, buckets: Buckets) -> Json:
    """Mean power of the chosen medium by building and hour [W]."""
    body = f"""
{named_function(buckets)}
{select(buckets.rollup, "meter", ["import_wh_delta"], where=f'r.medium == "${{medium}}" and {IN_BUILDING}')}
  |> group(columns: ["asset"])
  {each("1h")}
  |> named(kind: "building")
  {AS_SERIES}
"""
    return chart(
        _("Load of the buildings"),
        _(
            "Mean power of the chosen medium by building and hour, from energy registers. Look at the nights: what "
            "stays on?"
        ),
        program(body, imports=NAMED_IMPORTS),
        unit="watt",
        minimum=0,
        calcs=("min", "max"),
    )


def buildings(_: Translate, buckets: Buckets) -> Json:
    """Each building with its area and what it used of each medium [kWh, m³]."""
    known = [f"(if exists r.{medium} then r.{medium} else 0.0)" for medium in ENERGY_MEDIA]
    body = f"""
{named_function(buckets)}
energy = {select(buckets.rollup, "meter", ENERGY, where=f"{_OF_MEDIA} and {IN_BUILDING}")}
  |> group(columns: ["asset", "medium"])
  |> sum()
  {_KWH}
water = {select(buckets.rollup, "meter", VOLUME, where=f'r.medium == "water" and {IN_BUILDING}')}
  |> group(columns: ["asset", "medium"])
  |> sum()
areas = {asset_numbers(buckets, "area_m2")}
  |> set(key: "medium", value: "area_m2")
{wide("asset", "medium", ("area_m2", *ENERGY_MEDIA, "water"), ["energy", "water", "areas"])}
  |> filter(fn: (r) => exists r.electricity or exists r.heat or exists r.gas or exists r.water)
  |> map(fn: (r) => ({{r with kwh_m2: ({" + ".join(known)}) / r.area_m2}}))
  |> named(kind: "building")
  |> keep(columns: ["name", "area_m2", {", ".join(f'"{medium}"' for medium in ENERGY_MEDIA)}, "water", "kwh_m2"])
"""
    return table(
        _("Buildings"),
        _(
            "What the chosen buildings used in the time range, as metered and not corrected for the weather; per "
            "square metre of heated area for all energy together. Of a building whose area the registry doesn't know "
            "there is no such figure."
        ),
        program(body, imports=NAMED_IMPORTS),
        columns=(
            Column("name", _("Building")),
            Column("area_m2", _("Heated area"), "areaM2", 0),
            Column("electricity", _("Electricity"), "kwatth", 1),
            Column("heat", _("District heating"), "kwatth", 1),
            Column("gas", _("Gas"), "kwatth", 1),
            Column("water", _("Water"), "m3", 1),
            Column("kwh_m2", _("Energy per m²"), "suffix: kWh/m²", 2),
        ),
        no_value=_("unknown"),
        sort_by="kwh_m2",
    )
