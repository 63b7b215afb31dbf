"""The Flux that panels share: bins, names, days, speeds. Text in, text out; Grafana fills in `v.…` and `${variables}`.

Times are those of the range picker (`v.timeRangeStart`, `v.timeRangeStop`). Whatever a panel shows is folded from
additive fields of the quarter-hour bins: sums add up, and no percentile is ever computed here.
Needs Flux 0.172 (InfluxDB 2.3 and later) for `join`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from bypuls.store.results import measurement

ZONE = "Europe/Copenhagen"


@dataclass(frozen=True, slots=True)
class Buckets:
    """The store's buckets: readings as they came, and quarter-hour bins.

    Panels read the bins alone: Grafana's token needs no right to single passages, and history shows like yesterday.
    """

    raw: str = "bypuls"
    rollup: str = "bypuls_rollup"


def text(value: str) -> str:
    """A Flux string. Raises ValueError for control characters."""
    if not value.isprintable():
        raise ValueError(f"text: {value!r} — expected printable characters")
    escaped = value.replace("\\", "\\\\").replace('"', '\\"').replace("${", "\\${")
    return f'"{escaped}"'


def program(body: str, *, imports: Sequence[str] = (), days: bool = False, last_hour: bool = False) -> str:
    """A query: imports first, then `start` and `stop`, then the body.

    days : whole local days, from the midnight before the range.  last_hour : the last full hour of the range.
    """
    wanted = sorted({*imports, *(("timezone", "date") if days else ()), *(("date",) if last_hour else ())})
    lines = [f'import "{name}"' for name in wanted]
    if days:
        lines.append(f"option location = timezone.location(name: {text(ZONE)})")
        lines += ["start = date.truncate(t: v.timeRangeStart, unit: 1d)", "stop = v.timeRangeStop"]
    elif last_hour:
        lines += ["stop = date.truncate(t: v.timeRangeStop, unit: 1h)", "start = date.sub(d: 1h, from: stop)"]
    else:
        lines += ["start = v.timeRangeStart", "stop = v.timeRangeStop"]
    return "\n".join([*lines, body.strip()])


def one_of(column: str, values: Sequence[str]) -> str:
    """A condition: the column holds one of the values."""
    return "(" + " or ".join(f"r.{column} == {text(value)}" for value in values) + ")"


def select(
    bucket: str, measurement: str, fields: Sequence[str], *, where: str = "", start: str = "start", stop: str = "stop"
) -> str:
    """Points of a measurement's fields in [start, stop)."""
    condition = f"r._measurement == {text(measurement)} and {one_of('_field', fields)}"
    if where:
        condition += f" and {where}"
    return (
        f"from(bucket: {text(bucket)})\n  |> range(start: {start}, stop: {stop})\n  |> filter(fn: (r) => {condition})"
    )


def asset_numbers(buckets: Buckets, field: str) -> str:
    """A number that the registry wrote of each asset: columns `asset` and `_value`."""
    return f"""from(bucket: {text(buckets.rollup)})
  |> range(start: 0, stop: 1)
  |> filter(fn: (r) => r._measurement == "asset" and r._field == {text(field)})
  |> group()
  |> keep(columns: ["id", "_value"])
  |> rename(columns: {{id: "asset"}})"""


NAMED_IMPORTS = ("array", "join")


def named_function(buckets: Buckets) -> str:
    """The Flux function `named(kind)`: adds `name` and `kind` by the column `asset`, and keeps assets of `kind`.

    An asset that the registry hasn't written keeps its id as its name and is of no known kind; it stays. `join` fails
    on an empty side, so each has a row that is taken away again: no data then is no data, not an error. (`keep` lets
    Flux forget the columns' static types, which `union` would compare.)
    """
    return f"""
names = union(tables: [
  array.from(rows: [{{id: "", name: "", kind: ""}}]) |> keep(columns: ["id", "name", "kind"]),
  from(bucket: {text(buckets.rollup)})
    |> range(start: 0, stop: 1)
    |> filter(fn: (r) => r._measurement == "asset" and (r._field == "name" or r._field == "kind"))
    |> group()
    |> pivot(rowKey: ["id"], columnKey: ["_field"], valueColumn: "_value")
    |> keep(columns: ["id", "name", "kind"]),
])
named = (tables=<-, kind="") => join.left(
  left: union(tables: [array.from(rows: [{{asset: ""}}]) |> keep(columns: ["asset"]), tables |> group()]),
  right: names,
  on: (l, r) => l.asset == r.id,
  as: (l, r) => ({{l with
    name: if exists r.name then r.name else l.asset,
    kind: if exists r.kind then r.kind else "",
  }}),
)
  |> filter(fn: (r) => r.asset != "" and (kind == "" or r.kind == kind or r.kind == ""))
""".strip()


def wide(key: str, column: str, names: Sequence[str], streams: Sequence[str]) -> str:
    """One row for each value of `key`, one column for each of `names`, numbers that `column` tells apart in the
    streams: every one is there, even where no row knows it."""
    source = streams[0] if len(streams) == 1 else f"union(tables: [{', '.join(streams)}])"
    return _spread([key], column, names, source, "float")


def _spread(key: Sequence[str], column: str, names: Sequence[str], source: str, kind: str) -> str:
    """The conversion makes a column that no row knows, without a value. Rows of `array.from` beside those of the store
    would do so, too, but of some `union`s in a thousand InfluxDB 1.12 loses one of them."""
    kept = ", ".join(text(one) for one in (*key, column, "_value"))
    known = ", ".join(f"{name}: {kind}(v: r.{name})" for name in names)
    return f"""{source}
  |> group()
  |> keep(columns: [{kept}])
  |> pivot(rowKey: [{", ".join(text(one) for one in key)}], columnKey: [{text(column)}], valueColumn: "_value")
  |> map(fn: (r) => ({{r with {known}}}))"""


# One series for each name, in the order of time, nothing else in its labels.
AS_SERIES = (
    '|> keep(columns: ["_time", "_value", "name"])\n  |> group(columns: ["name"])\n  |> sort(columns: ["_time"])'
)


def each(every: str, fn: str = "sum") -> str:
    """Folds into windows that are named by their start; a window without points stays out: unknown is not zero."""
    return f'|> aggregateWindow(every: {every}, fn: {fn}, timeSrc: "_start", createEmpty: false)'


def labelled(column: str, labels: Mapping[str, str]) -> str:
    """A `map` that puts the label of `column`'s value into `name`; the value itself where it has no label."""
    chain = " ".join(f"if r.{column} == {text(value)} then {text(label)} else" for value, label in labels.items())
    return f"|> map(fn: (r) => ({{r with name: {chain} r.{column}}}))"


# Mean speeds: Σv over the vehicles whose speed is known. A sensor that only counts adds vehicles, but no speeds, so
# that `n` counts here only where its series has sums.
SPEEDS_FUNCTION = """
speeds = (tables=<-, by) => tables
  |> pivot(rowKey: ["_time"], columnKey: ["_field"], valueColumn: "_value")
  |> filter(fn: (r) => exists r.sum_kmh and exists r.n)
  |> group(columns: by)
  |> reduce(
    identity: {n: 0.0, sum_kmh: 0.0},
    fn: (r, accumulator) => ({n: accumulator.n + r.n, sum_kmh: accumulator.sum_kmh + r.sum_kmh}),
  )
  |> filter(fn: (r) => r.n > 0.0)
  |> map(fn: (r) => ({r with _value: r.sum_kmh / r.n}))
""".strip()


def with_tag(column: str) -> str:
    """Makes the tag `column` an empty text where a series has none, so that it can be compared."""
    return f'|> map(fn: (r) => ({{r with {column}: if exists r.{column} then r.{column} else ""}}))'


def largest(name: str, source: str, key: str, *, fold: str = "sum", count: int = 10) -> str:
    """The Flux list `name`: the `count` values of `key` with the most in `source`. A town has thousands of sensors, a
    chart shows ten."""
    return f"""{name} = {source}
  |> group(columns: [{text(key)}])
  |> {fold}()
  |> group()
  |> top(n: {count})
  |> findColumn(fn: (key) => true, column: {text(key)})"""


def among(column: str, name: str) -> str:
    """Keeps tables whose column is in the list `name` of `largest`.

    After the folding, where the column is in the group key: once for each table then. Beside `from` it would keep the
    store from filtering and folding itself (18 s instead of 1 s for 200 buildings and 90 days).
    """
    return f"|> filter(fn: (r) => contains(value: r.{column}, set: {name}))"


# Results that speak of now stand at the beginning of 1970, those of years anywhere before 2100.
def results_now(buckets: Buckets, topic: str, fields: Sequence[str], *, where: str = "") -> str:
    """Results of a topic that speak of now."""
    return select(buckets.rollup, measurement(topic), fields, where=where, start="0", stop="1")


def results_ever(buckets: Buckets, topic: str, fields: Sequence[str], *, where: str = "") -> str:
    """Results of a topic of all years, whatever the range picker says."""
    return select(
        buckets.rollup, measurement(topic), fields, where=where, start="1900-01-01T00:00:00Z",
        stop="2100-01-01T00:00:00Z",
    )  # fmt: skip


def rows_of(key: Sequence[str], fields: Sequence[str], source: str, *, texts: bool = False) -> str:
    """One row for each key of `source`, one column for each field: every one is there, even where no row knows it.

    texts : fields are texts; numbers and texts never stand in one column."""
    return _spread(key, "_field", fields, source, "string" if texts else "float")
