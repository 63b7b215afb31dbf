"""The platform itself: devices, what waits in their outboxes, what arrives."""

from __future__ import annotations

from bypuls.grafana.builders import Column, Json, chart, stat, suffixed, table, thresholds
from bypuls.grafana.flux import AS_SERIES, Buckets, each, labelled, one_of, program, select
from bypuls.grafana.texts import Translate

# The worst of a quarter of each.
_NUMBERS = ("outbox_rows_max", "outbox_oldest_s_max", "dropped_max", "disk_free_mb_min", "cpu_temp_c_max")
_TEXTS = ("failing", "version")
# Results have fields of this name too.
OF_BINS = one_of("_measurement", ("traffic", "lamp", "meter", "cabinet", "weather", "health"))


def kinds(_: Translate) -> dict[str, str]:
    """The kinds of bin, with their names."""
    return {
        "traffic": _("Vehicles"),
        "lamp": _("Lamps"),
        "meter": _("Meters"),
        "cabinet": _("Cabinets"),
        "weather": _("Weather"),
        "health": _("Devices"),
    }


def heard_now(_: Translate, buckets: Buckets) -> Json:
    """Devices heard in the last full hour."""
    body = f"""
{select(buckets.rollup, "health", ["n"])}
  |> filter(fn: (r) => r._value > 0.0)
  |> group()
  |> unique(column: "sensor")
  |> count()
"""
    return stat(
        _("Devices heard"),
        _("Devices that reported their health in the last full hour."),
        program(body, last_hour=True),
        unit="none",
        decimals=0,
        no_value=_("none"),
    )


def waiting_now(_: Translate, buckets: Buckets) -> Json:
    """Readings that waited in the outboxes at most in the last full hour, all devices."""
    body = f"""
{select(buckets.rollup, "health", ["outbox_rows_max"])}
  |> group(columns: ["sensor"])
  |> max()
  |> group()
  |> sum()
"""
    return stat(
        _("Readings waiting"),
        _(
            "Readings that waited for a receipt in the devices' outboxes: each device's highest number of the last "
            "full hour."
        ),
        program(body, last_hour=True),
        unit="short",
        decimals=0,
        no_value=_("unknown"),
        colors=thresholds((None, "green"), (1_000, "orange"), (100_000, "red")),
    )


def devices(_: Translate, buckets: Buckets) -> Json:
    """Each device's newest health."""
    week = "date.sub(d: 7d, from: stop)"
    newest = """|> last()
  |> group(columns: ["sensor", "_field"])
  |> sort(columns: ["_time"])
  |> last()"""
    as_rows = """|> group()
  |> pivot(rowKey: ["sensor"], columnKey: ["_field"], valueColumn: "_value")"""
    numbers = f"""
{select(buckets.rollup, "health", _NUMBERS, start=week)}
  {newest}
  {as_rows}
"""
    heard = f"""
{select(buckets.rollup, "health", ["n"], start=week)}
  |> filter(fn: (r) => r._value > 0.0)
  {newest}
  |> group()
  |> keep(columns: ["sensor", "_time"])
  |> rename(columns: {{_time: "heard"}})
"""
    texts = f"""
{select(buckets.rollup, "health", _TEXTS, start=week)}
  {newest}
  {as_rows}
"""
    return table(
        _("Devices"),
        _(
            "Each device's newest quarter of an hour within 7 days, at its worst. Rows leave an outbox on a receipt "
            "alone, so that a growing number means that the way to the platform is cut, not that readings are lost."
        ),
        program(numbers, imports=("date",)),
        program(heard, imports=("date",)),
        program(texts, imports=("date",)),
        columns=(
            Column("sensor", _("Device")),
            Column("heard", _("Last heard"), "dateTimeFromNow"),
            Column("outbox_rows_max", _("Readings waiting"), "short", 0),
            Column("outbox_oldest_s_max", _("Oldest waiting"), "s", 0),
            Column("dropped_max", _("Refused, outbox full"), "short", 0),
            Column("failing", _("Sensors that fail")),
            Column("disk_free_mb_min", _("Free disk"), "decmbytes", 0),
            Column("cpu_temp_c_max", _("Processor"), "celsius", 1),
            Column("version", _("Release")),
        ),
        no_value=_("unknown"),
        size=(24, 8),
        sort_by="outbox_rows_max",
    )


def waiting(_: Translate, buckets: Buckets) -> Json:
    """Readings waiting in each outbox, at most, by hour."""
    body = f"""
{select(buckets.rollup, "health", ["outbox_rows_max"])}
  |> group(columns: ["sensor"])
  {each("1h", "max")}
  |> rename(columns: {{sensor: "name"}})
  {AS_SERIES}
"""
    return chart(
        _("Readings waiting in outboxes"),
        _("The highest number of readings that waited for a receipt in each hour, by device."),
        program(body),
        unit="short",
        decimals=0,
        minimum=0,
        size=(8, 9),
    )


def arriving(_: Translate, buckets: Buckets) -> Json:
    """What is in the store by hour and kind: readings, and vehicles for traffic."""
    body = f"""
from(bucket: "{buckets.rollup}")
  |> range(start: start, stop: stop)
  |> filter(fn: (r) => r._field == "n" and {OF_BINS})
  |> group(columns: ["_measurement"])
  {each("1h")}
  {labelled("_measurement", kinds(_))}
  {AS_SERIES}
"""
    return chart(
        _("Readings in the store per hour"),
        _(
            "Readings that ingest has stored and rolled up, by kind and by the hour that they speak of; for traffic, "
            "vehicles."
        ),
        program(body),
        unit=suffixed(_("readings/h")),
        decimals=0,
        minimum=0,
        size=(8, 9),
    )


def sensors_heard(_: Translate, buckets: Buckets) -> Json:
    """Sensors that were heard on each local day, by kind."""
    body = f"""
from(bucket: "{buckets.rollup}")
  |> range(start: start, stop: stop)
  |> filter(fn: (r) => r._field == "n" and {OF_BINS})
  |> group(columns: ["_measurement", "sensor"])
  {each("1d", "count")}
  |> map(fn: (r) => ({{r with _value: 1}}))
  |> group(columns: ["_measurement", "_time"])
  |> sum()
  {labelled("_measurement", kinds(_))}
  {AS_SERIES}
"""
    return chart(
        _("Sensors heard per day"),
        _("How many sensors have data on each local day, by kind. A step down means that some fell silent."),
        program(body, days=True),
        unit="none",
        decimals=0,
        minimum=0,
        size=(8, 9),
    )
