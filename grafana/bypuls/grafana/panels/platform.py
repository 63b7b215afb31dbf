"""The platform in detail: who is silent, what waits, how far behind the store is, how the devices are."""

from __future__ import annotations

from bypuls.grafana.boards.frame import Ways
from bypuls.grafana.builders import Column, Json, chart, stat, table, thresholds
from bypuls.grafana.flux import AS_SERIES, Buckets, among, each, labelled, largest, program, select
from bypuls.grafana.panels.devices import OF_BINS, kinds
from bypuls.grafana.texts import Translate

_MAX_ROWS = 500
_SILENT_S = 3600


def _newest_by(buckets: Buckets, *key: str, days: int = 30) -> str:
    """The newest bin of each `key` in the days before the range's end, with its age behind that end [s]."""
    columns = ", ".join(f'"{one}"' for one in key)
    return f"""from(bucket: "{buckets.rollup}")
  |> range(start: date.sub(d: {days}d, from: stop), stop: stop)
  |> filter(fn: (r) => r._field == "n" and {OF_BINS})
  |> filter(fn: (r) => r._value > 0.0)
  |> last()
  |> group(columns: [{columns}])
  |> max(column: "_time")
  |> group()
  |> map(fn: (r) => ({{r with _value: float(v: int(v: stop) - int(v: r._time)) / 1000000000.0}}))"""


def silent(_: Translate, buckets: Buckets) -> Json:
    """How many sensors that were heard in the last 30 days are silent."""
    body = f"""
heard = {_newest_by(buckets, "sensor")}
union(tables: [
  heard |> filter(fn: (r) => r._value > {_SILENT_S}.0) |> map(fn: (r) => ({{r with silent: 1}})),
  heard |> filter(fn: (r) => r._value <= {_SILENT_S}.0) |> map(fn: (r) => ({{r with silent: 0}})),
])
  |> sum(column: "silent")
  |> rename(columns: {{silent: "_value"}})
"""
    return stat(
        _("Silent sensors"),
        _(
            "Sensors and devices that were heard in the 30 days before the end of the time range, but not in its last "
            "hour. Lamps whose feeder is switched off by day are silent then."
        ),
        program(body, imports=("date",)),
        unit="none",
        decimals=0,
        no_value=_("unknown"),
        colors=thresholds((None, "green"), (1, "orange")),
    )


def behind(_: Translate, buckets: Buckets) -> Json:
    """How far the newest bin of all is behind the range's end."""
    body = f"""
{_newest_by(buckets, "_measurement")}
  |> min()
  |> map(fn: (r) => ({{r with _value: if r._value < 900.0 then 0.0 else r._value - 900.0}}))
  |> keep(columns: ["_value"])
"""
    return stat(
        _("Store behind"),
        _(
            "How long the end of the newest quarter of an hour in the store is behind the end of the time range. Up to "
            "a quarter of an hour is normal; more means that nothing is ingested."
        ),
        program(body, imports=("date",)),
        unit="s",
        decimals=0,
        no_value=_("unknown"),
        colors=thresholds((None, "green"), (1_800, "orange"), (7_200, "red")),
    )


def refused(_: Translate, buckets: Buckets) -> Json:
    """Readings that full outboxes refused, at most, all devices."""
    body = f"""
{select(buckets.rollup, "health", ["dropped_max"])}
  |> group(columns: ["sensor"])
  |> max()
  |> group()
  |> sum()
"""
    return stat(
        _("Refused, outbox full"),
        _("Readings that full outboxes refused since their devices booted: each device's highest number, summed."),
        program(body),
        unit="short",
        decimals=0,
        no_value=_("unknown"),
        colors=thresholds((None, "green"), (1, "red")),
    )


def behind_by_kind(_: Translate, buckets: Buckets) -> Json:
    """How far each kind's newest bin is behind the range's end."""
    body = f"""
{_newest_by(buckets, "_measurement")}
  {labelled("_measurement", kinds(_))}
  |> rename(columns: {{_time: "newest", _value: "behind_s"}})
  |> keep(columns: ["name", "newest", "behind_s"])
"""
    return table(
        _("Ingest by kind"),
        _("The newest quarter of an hour of each kind in the store, and how long its start is behind the time range."),
        program(body, imports=("date",)),
        columns=(
            Column("name", _("Kind")),
            Column("newest", _("Newest data"), "dateTimeAsLocal"),
            Column("behind_s", _("Behind"), "s", 0),
        ),
        no_value=_("unknown"),
        size=(8, 9),
        sort_by="behind_s",
    )


def by_silence(_: Translate, buckets: Buckets, ways: Ways) -> Json:
    """Sensors by how long they have been silent, the longest first."""
    body = f"""
{_newest_by(buckets, "sensor", "_measurement")}
  |> top(n: {_MAX_ROWS})
  {labelled("_measurement", kinds(_))}
  |> rename(columns: {{_time: "newest", _value: "silent_s"}})
  |> keep(columns: ["sensor", "name", "newest", "silent_s"])
"""
    return table(
        _("Sensors by silence"),
        _(
            "The 500 sensors and devices that have been silent the longest, among those heard in the 30 days before "
            "the end of the time range. Alarms for silent ones are on the web page."
        ),
        program(body, imports=("date",)),
        columns=(
            Column("sensor", _("Sensor"), links=((_("Alarms on the web page"), ways.page("/alarms")),)),
            Column("name", _("Kind")),
            Column("newest", _("Newest data"), "dateTimeAsLocal"),
            Column("silent_s", _("Silent for"), "s", 0),
        ),
        no_value=_("unknown"),
        size=(16, 9),
        sort_by="silent_s",
    )


def waiting(_: Translate, buckets: Buckets) -> Json:
    """Readings waiting by hour in the ten outboxes with the most."""
    source = select(buckets.rollup, "health", ["outbox_rows_max"])
    body = f"""
{largest("most", source, "sensor", fold="max")}
{source}
  |> group(columns: ["sensor"])
  {each("1h", "max")}
  {among("sensor", "most")}
  |> rename(columns: {{sensor: "name"}})
  {AS_SERIES}
"""
    return chart(
        _("Fullest outboxes"),
        _(
            "The highest number of readings that waited for a receipt in each hour, of the ten devices with the most. "
            "A line that rises says that the way to the platform is cut; nothing is lost "
            "as long as the outbox isn't full."
        ),
        program(body),
        unit="short",
        decimals=0,
        minimum=0,
    )


def warmest(_: Translate, buckets: Buckets) -> Json:
    """The ten warmest processors by hour."""
    source = select(buckets.rollup, "health", ["cpu_temp_c_max"])
    body = f"""
{largest("most", source, "sensor", fold="max")}
{source}
  |> group(columns: ["sensor"])
  {each("1h", "max")}
  {among("sensor", "most")}
  |> rename(columns: {{sensor: "name"}})
  {AS_SERIES}
"""
    return chart(
        _("Warmest processors"),
        _("The highest temperature of the processor in each hour, of the ten warmest devices."),
        program(body),
        unit="celsius",
        decimals=1,
        calcs=("max",),
    )
