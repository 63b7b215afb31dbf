"""The Flux texts, all of them, and their parameters. No text is ever put together with a value.

Parameters travel beside the text as a syntax tree (`extern`, understood by InfluxDB 2.x and 1.12 alike) and reach the
storage like literals (docs/decisions: measured). A set of ids or fields is one regular expression of checked names.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from bypuls.store.influx.line_protocol import EARLIEST_US, LATEST_US
from bypuls.store.results import TOPICS
from bypuls.wire.fields import check_id

_FIELD_NAME = re.compile(r"[a-z][a-z0-9_]{0,62}", re.ASCII)
_NO_NAME = "^$"

# A function, so that each use is a read of its own: a shared one is not pushed down to the storage.
_SELECT = """
import "regexp"
sensor_pattern = regexp.compile(v: sensors)
select = (fields) => {
    field_pattern = regexp.compile(v: fields)
    return from(bucket: bucket)
        |> range(start: time(v: start), stop: time(v: stop))
        |> filter(fn: (r) => r._measurement == kind and r.sensor =~ sensor_pattern and r._field =~ field_pattern)
}
"""
_BARE = ' |> drop(columns: ["_start", "_stop", "_measurement"])'

RAW = f"{_SELECT} select(fields: fields){_BARE}"
NEWEST = f"{_SELECT} select(fields: fields) |> last(){_BARE}"
OLDEST = f"{_SELECT} select(fields: fields) |> first(){_BARE}"

_OF_PART = f"{_SELECT} of_part = select(fields: fields) |> filter(fn: (r) => r.part == part)\n"
PART_SIZE = f'{_OF_PART} of_part |> count() |> group() |> sum() |> keep(columns: ["_value"])'
PART_KEYS = f'{_OF_PART} of_part |> drop(columns: ["_start", "_stop", "_measurement", "_value"])'

_OF_BINS = ' |> drop(columns: ["_start", "_stop", "_measurement", "asset"])'
QUARTERS = f"{_SELECT} select(fields: fields){_OF_BINS}"
_OF_HOURS = _OF_BINS.replace('"asset"', '"asset", "part"')
HOURS = _SELECT + "".join(
    f"select(fields: {fold}_fields) |> aggregateWindow("
    f'every: 1h, fn: {fold}, timeSrc: "_start", createEmpty: false){_OF_HOURS} |> yield(name: "{fold}")\n'
    for fold in ("sum", "min", "max")
)

ASSETS = """
from(bucket: bucket)
    |> range(start: time(v: start), stop: time(v: stop))
    |> filter(fn: (r) => r._measurement == "asset")
    |> keep(columns: ["_time", "_field", "id"])
"""
RESULTS = """
from(bucket: bucket)
    |> range(start: time(v: start), stop: time(v: stop))
    |> filter(fn: (r) => r._measurement == kind)
    |> drop(columns: ["_start", "_stop", "_measurement"])
"""
# The same of those that bear a tag's value, by the tag.
RESULTS_HAVING = {
    tag: RESULTS.replace("r._measurement == kind", f"r._measurement == kind and r.{tag} == value")
    for topic in TOPICS.values()
    for tag in topic.tags
}
ANYTHING = """
from(bucket: bucket)
    |> range(start: time(v: start), stop: time(v: stop))
    |> filter(fn: (r) => r._measurement == "ping")
    |> limit(n: 1)
"""


def sensors_pattern(sensors: Iterable[str]) -> str:
    """A pattern of exactly these sensors. Raises BadField for what is no id."""
    return _pattern(check_id("sensor", sensor) for sensor in sensors)


def fields_pattern(names: Iterable[str]) -> str:
    """A pattern of exactly these fields; one that fits none where there are none. Raises ValueError for a bad name."""
    checked = list(names)
    for name in checked:
        if not _FIELD_NAME.fullmatch(name):
            raise ValueError(f"field: {name!r} — expected a–z, 0–9 and _")
    return _pattern(checked)


def _pattern(names: Iterable[str]) -> str:
    # Ids and field names hold no character that means anything in a pattern (`-` does in brackets alone).
    joined = "|".join(names)
    return f"^({joined})$" if joined else _NO_NAME


def time_range(start_us: int = EARLIEST_US, end_us: int = LATEST_US) -> dict[str, int] | None:
    """`start` and `stop` [ns], held within what InfluxDB knows; None where nothing lies between them."""
    start, end = max(start_us, EARLIEST_US), min(end_us, LATEST_US)
    return {"start": start * 1000, "stop": end * 1000} if start < end else None


def predicate(measurement: str, **tags: str) -> str:
    """A delete predicate, the one text that InfluxDB takes no parameters in: checked names only.

    Raises BadField, ValueError.
    """
    if not _FIELD_NAME.fullmatch(measurement):
        raise ValueError(f"measurement: {measurement!r} — expected a–z, 0–9 and _")
    for name, value in tags.items():
        check_id(name, value)
    return " AND ".join([f'_measurement="{measurement}"', *(f'{name}="{value}"' for name, value in tags.items())])
