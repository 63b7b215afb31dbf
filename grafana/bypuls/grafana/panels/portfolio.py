"""Buildings side by side, and one building with its meters, as metered. Days are results of the platform: what the
meters that count come to. Hours are read of ten buildings at most."""

from __future__ import annotations

from bypuls.grafana.boards.frame import Ways
from bypuls.grafana.builders import Column, Json, chart, stat, table
from bypuls.grafana.flux import (
    AS_SERIES,
    NAMED_IMPORTS,
    Buckets,
    asset_numbers,
    each,
    labelled,
    largest,
    named_function,
    one_of,
    program,
    select,
    wide,
)
from bypuls.grafana.panels.buildings import ENERGY, ENERGY_MEDIA, IN_BUILDING, VOLUME, beside_year_before, media
from bypuls.grafana.panels.normal_weather import OF_BUILDING
from bypuls.grafana.texts import Translate

_OF_MEDIA = one_of("medium", ENERGY_MEDIA)
_KWH = "|> map(fn: (r) => ({r with _value: r._value / 1000.0}))"


def _days(buckets: Buckets, *of: str, start: str = "start", stop: str = "stop") -> str:
    """Days of the chosen buildings' energy (or water): few points, whatever the range."""
    where = f"{OF_BUILDING} and {one_of('medium', of)}" if of else f'{OF_BUILDING} and r.medium == "${{medium}}"'
    return select(buckets.rollup, "result_energy", ["used"], where=where, start=start, stop=stop)


_AS_ASSET = '|> rename(columns: {building: "asset"})'


def _ten_largest(buckets: Buckets) -> str:
    """The Flux pattern `pattern` of the ten buildings that used the most. The store filters by a pattern; a list would
    be looked at here, reading every building's points."""
    return f"""{largest("most", _days(buckets), "building")}
pattern = regexp.compile(v: "^(" + strings.joinStr(arr: most, v: "|") + ")$")"""


_TEN_IMPORTS = (*NAMED_IMPORTS, "regexp", "strings")


def used(_: Translate) -> dict[tuple[str, ...], str]:
    """Titles of what is used, by media; a building is heated by either heat or gas."""
    return {
        ("electricity",): _("Electricity used"),
        ("heat",): _("District heating used"),
        ("gas",): _("Gas used"),
        ("heat", "gas"): _("District heating or gas used"),
    }


def _total(title: str, description: str, query: str, unit: str, decimals: int, no_value: str) -> Json:
    body = f"""
{query}
  |> group()
  |> sum()
  |> keep(columns: ["_value"])
"""
    found = program(body, days=True)
    return stat(title, description, found, unit=unit, decimals=decimals, no_value=no_value, size=(4, 4))


def total(_: Translate, buckets: Buckets, *of: str) -> Json:
    """What the chosen buildings used of one or several media together on the days of the time range."""
    description = _(
        "Used by the chosen buildings on the days of the time range, as metered: not corrected for the weather. Each "
        "kWh counts once."
    )
    return _total(used(_)[of], description, _days(buckets, *of), "kwatth", 0, _("no meter"))


def water_total(_: Translate, buckets: Buckets) -> Json:
    """Water of the chosen buildings on the days of the time range."""
    description = _("Water that the chosen buildings used on the days of the time range, from their meters.")
    return _total(_("Water"), description, _days(buckets, "water"), "suffix: m³", 1, _("no meter"))


def metered_now(_: Translate, buckets: Buckets) -> Json:
    """Meters of the chosen buildings that have data in the last full hour."""
    body = f"""
{named_function(buckets)}
{select(buckets.rollup, "meter", ["n"], where=IN_BUILDING)}
  |> group(columns: ["asset", "sensor"])
  |> sum()
  |> named(kind: "building")
  |> group()
  |> count()
  |> keep(columns: ["_value"])
"""
    return stat(
        _("Meters heard"),
        _("Meters of the chosen buildings that have data in the last full hour."),
        program(body, imports=NAMED_IMPORTS, last_hour=True),
        unit="none",
        decimals=0,
        no_value=_("none"),
        size=(4, 4),
    )


def largest_by_day(_: Translate, buckets: Buckets) -> Json:
    """Energy of the chosen medium per local day, of the ten buildings with the most."""
    body = f"""
{named_function(buckets)}
{_ten_largest(buckets)}
{select(buckets.rollup, "result_energy", ["used"], where='r.medium == "${medium}" and r.building =~ pattern')}
  {_AS_ASSET}
  |> named()
  {AS_SERIES}
"""
    return chart(
        _("The ten largest by day"),
        _(
            "Energy of the chosen medium by local day, of the ten of the chosen buildings that used the most; as "
            "metered, not corrected for the weather."
        ),
        program(body, imports=_TEN_IMPORTS, days=True),
        unit="kwatth",
        bars=True,
        stacked=True,
        decimals=1,
        minimum=0,
        calcs=("sum", "mean"),
    )


def largest_load(_: Translate, buckets: Buckets) -> Json:
    """Mean power of the chosen medium by hour, of the ten buildings with the most."""
    body = f"""
{named_function(buckets)}
{_ten_largest(buckets)}
{select(buckets.rollup, "meter", ["import_wh_delta"], where='r.medium == "${medium}" and r.asset =~ pattern')}
  |> group(columns: ["asset"])
  {each("1h")}
  |> named()
  {AS_SERIES}
"""
    return chart(
        _("Load of the ten largest"),
        _(
            "Mean power of the chosen medium by hour, of the ten of the chosen buildings that used the most. Look at "
            "nights and weekends: what stays on?"
        ),
        program(body, imports=_TEN_IMPORTS, days=True),
        unit="watt",
        minimum=0,
        calcs=("min", "max"),
    )


def side_by_side(_: Translate, buckets: Buckets, ways: Ways) -> Json:
    """Each building with the chosen medium: energy, the same 52 weeks before, change, per m²; cells lead to it."""
    figures = ("kwh", "before_kwh", "area_m2")

    def of_time(start: str, stop: str, name: str) -> str:
        return f"""{_days(buckets, start=start, stop=stop)}
  |> group(columns: ["building"])
  |> sum()
  {_AS_ASSET}
  |> set(key: "figure", value: "{name}")"""

    body = f"""
{named_function(buckets)}
this = {of_time("start", "stop", "kwh")}
before = {of_time("date.sub(d: 52w, from: start)", "date.sub(d: 52w, from: stop)", "before_kwh")}
areas = {asset_numbers(buckets, "area_m2")}
  |> set(key: "figure", value: "area_m2")
{wide("asset", "figure", figures, ["this", "before", "areas"])}
  |> filter(fn: (r) => exists r.kwh)
  |> map(fn: (r) => ({{r with change: (r.kwh / r.before_kwh - 1.0) * 100.0, kwh_m2: r.kwh / r.area_m2}}))
  |> named(kind: "building")
  |> keep(columns: ["asset", "name", "kwh", "before_kwh", "change", "area_m2", "kwh_m2"])
"""
    leads = (
        (_("Dashboard of the building"), ways.board("building", "building")),
        (_("Web page of the building, with figures at normal weather"), ways.page_of("/buildings")),
    )
    return table(
        _("Buildings side by side"),
        _(
            "The chosen medium on the days of the time range, beside the same weekdays 52 weeks before: as metered. "
            "Figures at normal weather and cost are in the table above."
        ),
        program(body, imports=NAMED_IMPORTS, days=True),
        columns=(
            Column("name", _("Building"), links=leads),
            Column("kwh", _("Time range"), "kwatth", 1),
            Column("before_kwh", _("52 weeks before"), "kwatth", 1),
            Column("change", _("Change"), "percent", 1),
            Column("kwh_m2", _("Energy per m²"), "suffix: kWh/m²", 2),
            Column("area_m2", _("Heated area"), "areaM2", 0),
            Column("asset", _("Id"), hidden=True),
        ),
        no_value=_("unknown"),
        size=(24, 10),
        sort_by="kwh_m2",
    )


def against_year_before(_: Translate, buckets: Buckets) -> Json:
    """Energy of the time range by medium beside that of 52 weeks before."""

    def used(start: str, stop: str) -> str:
        return f"""{_days(buckets, *ENERGY_MEDIA, start=start, stop=stop)}
  |> group(columns: ["medium"])
  |> sum()"""

    return beside_year_before(
        _,
        _("Chosen buildings against the year before"),
        _(
            "Energy of the chosen buildings on the days of the time range, beside the same weekdays 52 weeks before. "
            "As metered: neither the weather nor meters that were added since are corrected for."
        ),
        used,
        days=True,
    )


def day_by_medium(_: Translate, buckets: Buckets) -> Json:
    """Energy of the chosen buildings by medium and local day."""
    body = f"""
{_days(buckets, *ENERGY_MEDIA)}
  |> group(columns: ["medium"])
  {each("1d")}
  {labelled("medium", media(_))}
  {AS_SERIES}
"""
    return chart(
        _("Energy by day and medium"),
        _("Energy of the chosen buildings by local day and medium, as metered: not corrected for the weather."),
        program(body, days=True),
        unit="kwatth",
        bars=True,
        stacked=True,
        decimals=1,
        minimum=0,
        calcs=("sum", "mean"),
        size=(10, 9),
    )


def load_by_medium(_: Translate, buckets: Buckets) -> Json:
    """Mean power of the building by medium and hour."""
    body = f"""
{select(buckets.rollup, "meter", ["import_wh_delta"], where=f"{_OF_MEDIA} and {IN_BUILDING}")}
  |> group(columns: ["medium"])
  {each("1h")}
  {labelled("medium", media(_))}
  {AS_SERIES}
"""
    return chart(
        _("Load by hour and medium"),
        _("Mean power of the building by hour and medium, from energy registers. Look at the nights: what stays on?"),
        program(body),
        unit="watt",
        minimum=0,
        calcs=("min", "max"),
    )


def meters(_: Translate, buckets: Buckets) -> Json:
    """The building's meters: medium, energy, volume, covered time, newest data."""
    figures = ("kwh", "m3", "resets", "newest_s")

    def summed(fields: tuple[str, ...], name: str, per: float) -> str:
        return f"""{select(buckets.rollup, "meter", fields, where=IN_BUILDING)}
  |> group(columns: ["sensor"])
  |> sum()
  |> map(fn: (r) => ({{r with _value: r._value / {per:.1f}, figure: "{name}"}}))"""

    body = f"""
energy = {summed(ENERGY, "kwh", 1000.0)}
volume = {summed(VOLUME, "m3", 1.0)}
resets = {summed(("import_wh_resets", "volume_m3_resets"), "resets", 1.0)}
newest = {select(buckets.rollup, "meter", ["n"], where=IN_BUILDING)}
  |> filter(fn: (r) => r._value > 0.0)
  |> last()
  |> group(columns: ["sensor"])
  |> max(column: "_time")
  |> map(fn: (r) => ({{r with _value: float(v: int(v: r._time)) / 1000000000.0, figure: "newest_s"}}))
{wide("sensor", "figure", figures, ["energy", "volume", "resets", "newest"])}
  |> filter(fn: (r) => exists r.newest_s)
  |> map(fn: (r) => ({{r with heard: time(v: int(v: r.newest_s) * 1000000000)}}))
  |> keep(columns: ["sensor", "kwh", "m3", "resets", "heard"])
"""
    return table(
        _("Meters"),
        _("The building's meters in the time range: energy, volume, how often a register was reset, newest data."),
        program(body),
        columns=(
            Column("sensor", _("Meter")),
            Column("kwh", _("Energy"), "kwatth", 1),
            Column("m3", _("Volume"), "m3", 1),
            Column("resets", _("Resets"), "none", 0),
            Column("heard", _("Newest data"), "dateTimeFromNow"),
        ),
        no_value=_("unknown"),
        sort_by="kwh",
    )
