"""A `Store` on an InfluxDB.

Promise: what `write` or `replace_bins` returned for was answered with a 204, which InfluxDB gives when the points are
in its write-ahead log. Not a promise of transactions: InfluxDB has none. `replace_bins` overwrites in place; where
bins or fields vanish, or a bin's tags change, it deletes first, and a reader in between sees the gap, never a double.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from bypuls.store.folding import rising_edges, summable, summed
from bypuls.store.influx import flux
from bypuls.store.influx.answers import RawRows, Table, raw_rows, read_tables
from bypuls.store.influx.assets import Asset, asset_lines, same_assets
from bypuls.store.influx.folding_bins import fold_bins
from bypuls.store.influx.line_protocol import EARLIEST_US, LATEST_US, LINES, bin_lines, in_time
from bypuls.store.influx.replacing import stale_stretch
from bypuls.store.influx.results import overwritten, result_lines, results_of
from bypuls.store.influx.settings import InfluxSettings
from bypuls.store.influx.writing import write_lines
from bypuls.store.protocol import Bins, BinTable, Columns, Every, Int64, Misconfigured, Rejected
from bypuls.store.results import Result, measurement, within
from bypuls.wire import KINDS, Reading, to_us
from bypuls.wire.bins import BIN_FIELDS, BIN_TAGS

if TYPE_CHECKING:
    from bypuls.store.influx.connection import Connection

# Sensors in one query; a pattern of ids is some 30 KB then.
_SENSORS_AT_ONCE = 1000
# More values than this aren't compared one by one: the whole stretch is deleted and written anew.
_COMPARED_VALUES = 200_000


class InfluxStore:
    """A `Store` in two buckets of an InfluxDB. Usable by several threads and processes."""

    def __init__(self, settings: InfluxSettings, *, connection: Connection | None = None) -> None:
        self.settings = settings
        if connection is None:
            # Here and not above: the client is slow to load, and every service asks whether its store is one of these.
            from bypuls.store.influx.connection import Connection

            connection = Connection(settings)
        self._connection = connection

    def setup(self) -> None:
        """Creates the two buckets where they are missing, kept for ever; needs a token that may.

        Raises Unavailable, Misconfigured.
        """
        self._connection.create_bucket(self.settings.raw_bucket)
        self._connection.create_bucket(self.settings.rollup_bucket)

    def write(self, readings: Sequence[Reading]) -> list[Rejected]:
        """See Store. Rejected is what no InfluxDB holds (times beyond 1678…2262) and what this one refuses."""
        lines: list[tuple[int, str]] = []
        rejected: list[Rejected] = []
        for index, reading in enumerate(readings):
            if reading.t is None:
                raise ValueError(f"readings[{index}]: no t — expected readings with their time")
            t_us = to_us(reading.t)
            if EARLIEST_US <= t_us < LATEST_US:
                lines.append((index, LINES[reading.kind].line(reading, t_us)))
            else:
                rejected.append(Rejected(index, f"t: {reading.t.isoformat()} — expected 1678 to 2261"))
        rejected += write_lines(self._connection, self.settings.raw_bucket, lines)
        return sorted(rejected, key=lambda one: one.index)

    def readings(self, kind: str, sensor: str, start_us: int, end_us: int) -> list[Reading]:
        """See Store."""
        cls = KINDS[kind]
        names = [name for name in cls.specs if name not in cls.key]
        rows = self._raw(kind, sensor, start_us, end_us, names)
        columns = {name: rows.decoded(name, cls.specs[name]) for name in names}
        lines = LINES[kind]
        return [
            lines.reading(
                {"sensor": sensor, **tags},
                {name: cells[i] for name, cells in columns.items() if cells[i] is not None},
                t_us,
            )
            for i, (t_us, tags) in enumerate(zip(rows.t_us.tolist(), rows.keys, strict=True))
        ]

    def columns(self, kind: str, sensor: str, start_us: int, end_us: int, names: Sequence[str]) -> Columns:
        """See Store."""
        cls = KINDS[kind]
        _known(names, cls.specs)
        values = [name for name in cls.specs if name not in cls.key]
        # Every reading has a row: ask for a field that each has too, or for all where there is none.
        always = [name for name in values if cls.specs[name].required][:1]
        rows = self._raw(kind, sensor, start_us, end_us, [*always, *(set(names) - set(cls.key))] if always else values)
        return Columns(rows.t_us, {name: rows.column(name, cls.specs[name], is_key=name in cls.key) for name in names})

    def neighbour(self, kind: str, sensor: str, t_us: int, *, before: bool, having: Sequence[str] = ()) -> int | None:
        """See Store."""
        cls = KINDS[kind]
        _known(having, cls.specs)
        # A key's field stands in every row.
        anything = not having or any(name in cls.key for name in having)
        names = [name for name in cls.specs if name not in cls.key] if anything else having
        span = flux.time_range(end_us=t_us) if before else flux.time_range(start_us=t_us)
        text = flux.NEWEST if before else flux.OLDEST
        times = [
            int(t)
            for table in self._select(text, self.settings.raw_bucket, kind, [sensor], names, span)
            for t in table.t_us
        ]
        return (max if before else min)(times) if times else None

    def latest(self, kind: str, sensors: Iterable[str]) -> dict[str, Reading]:
        """See Store."""
        cls = KINDS[kind]
        names = [name for name in cls.specs if name not in cls.key]
        of_sensor: dict[str, list[Table]] = {}
        for table in self._select(
            flux.NEWEST, self.settings.raw_bucket, kind, sorted(set(sensors)), names, flux.time_range()
        ):
            of_sensor.setdefault(table.tags["sensor"], []).append(table)
        found: dict[str, Reading] = {}
        for sensor, tables in sorted(of_sensor.items()):
            rows = raw_rows(cls, tables)
            last = len(rows.t_us) - 1
            columns = {name: rows.decoded(name, cls.specs[name])[last] for name in names}
            fields = {name: value for name, value in columns.items() if value is not None}
            found[sensor] = LINES[kind].reading({"sensor": sensor, **rows.keys[last]}, fields, int(rows.t_us[last]))
        return found

    def replace_bins(
        self, kind: str, sensor: str, start_us: int, end_us: int, bins: Sequence[Bins], part: int = 0
    ) -> None:
        """See Store, and this module for what a reader may see meanwhile."""
        if not all(in_time(block.t_us) for block in bins):
            raise ValueError("t_us: expected 1678 to 2261")
        lines = list(enumerate(line for block in bins for line in bin_lines(block, part)))
        bucket = self.settings.rollup_bucket
        stale = self._stale(kind, sensor, start_us, end_us, bins, part)
        if stale is not None:
            where = flux.predicate(kind, sensor=sensor, part=str(part))
            self._connection.delete(bucket, stale[0] * 1000, stale[1] * 1000, where)
        rejected = write_lines(self._connection, bucket, lines)
        if rejected:
            raise Misconfigured(f"{bucket}: {len(rejected)} bins of {sensor} refused: {rejected[0].reason}")

    def _stale(
        self, kind: str, sensor: str, start_us: int, end_us: int, bins: Sequence[Bins], part: int
    ) -> tuple[int, int] | None:
        """[start, end) of what `bins` doesn't overwrite [µs]; None where it overwrites all that there is."""
        span = flux.time_range(start_us, end_us)
        arguments = (self.settings.rollup_bucket, kind, [sensor], BIN_FIELDS[kind], span)
        size = sum(int(table.cells[0]) for table in self._select(flux.PART_SIZE, *arguments, part=str(part)))
        if span is None or not size:
            return None
        if size > _COMPARED_VALUES:
            return span["start"] // 1000, span["stop"] // 1000
        return stale_stretch(list(self._select(flux.PART_KEYS, *arguments, part=str(part))), bins)

    def bins(
        self,
        kind: str,
        sensors: Sequence[str],
        start_us: int,
        end_us: int,
        names: Sequence[str],
        *,
        every_s: Every = 900,
        by: Sequence[str] = (),
    ) -> BinTable:
        """See Store."""
        fields, tags = BIN_FIELDS[kind], BIN_TAGS[kind]
        _known(names, fields)
        _known(by, tags)
        text = [name for name in names if fields[name].is_text]
        if text and (every_s != 900 or set(by) != set(tags)):
            raise ValueError(
                f"names: {', '.join(text)} — text is only had in quarters and by {', '.join(tags) or 'no tags'}"
            )
        folds = {
            f"{fold}_fields": flux.fields_pattern(name for name in names if fields[name].fold == fold)
            for fold in ("sum", "min", "max")
        }
        span = flux.time_range(start_us, end_us)
        flux_text = flux.QUARTERS if every_s == 900 else flux.HOURS
        bucket = self.settings.rollup_bucket
        tables = list(self._select(flux_text, bucket, kind, sensors, names, span, **folds)) if names else []
        return fold_bins(tables, fields, names, by, every_s * 1_000_000)

    def sums(
        self,
        kind: str,
        sensors: Sequence[str],
        edges_us: Int64,
        names: Sequence[str],
        *,
        keep_before_us: int | None = None,  # noqa: ARG002 - nothing is kept here
    ) -> dict[str, npt.NDArray[np.float64]]:
        """See Store. The server adds up what is folded here."""
        summable(names, BIN_FIELDS[kind])
        rising_edges(edges_us)
        every_s: Every = 900 if (edges_us % 3_600_000_000).any() else 3600
        unique = sorted(set(sensors))
        table = self.bins(kind, unique, int(edges_us[0]), int(edges_us[-1]), names, every_s=every_s)
        found = summed(table, unique, edges_us, names)
        at = [unique.index(sensor) for sensor in sensors]
        return {name: block[at] for name, block in found.items()}

    def delete_readings(self, kind: str, before_us: int, sensor: str | None = None) -> None:
        """See Store."""
        span = flux.time_range(end_us=before_us)
        if span is not None:
            where = flux.predicate(KINDS[kind].kind, **({} if sensor is None else {"sensor": sensor}))
            self._connection.delete(self.settings.raw_bucket, span["start"], span["stop"], where)

    def assets(self, assets: Iterable[Asset]) -> None:
        """Makes `assets` all that dashboards know of sites, cabinets, lamps and buildings.

        Raises Unavailable, Misconfigured.
        """
        rows = list(assets)
        bucket = self.settings.rollup_bucket
        lines = list(enumerate(asset_lines(rows)))
        answer = self._connection.query(flux.ASSETS, {"bucket": bucket, **(flux.time_range() or {})})
        if not same_assets(list(read_tables(answer)), rows):
            self._connection.delete(bucket, EARLIEST_US * 1000, LATEST_US * 1000, flux.predicate("asset"))
        rejected = write_lines(self._connection, bucket, lines)
        if rejected:
            raise Misconfigured(f"{bucket}: {len(rejected)} assets refused: {rejected[0].reason}")

    def replace_results(
        self,
        topic: str,
        results: Sequence[Result],
        *,
        start_us: int | None = None,
        end_us: int | None = None,
        having: Mapping[str, str] | None = None,
    ) -> None:
        """See ResultBoard. `having` names one tag at most."""
        within(topic, results, start_us, end_us, having or {})
        bucket, span = self.settings.rollup_bucket, _result_range(start_us, end_us)
        if span is None:
            return
        if not overwritten(topic, self._result_tables(topic, span, having or {}), results):
            where = flux.predicate(measurement(topic), **(having or {}))
            self._connection.delete(bucket, span["start"], span["stop"], where)
        rejected = write_lines(self._connection, bucket, list(enumerate(result_lines(results))))
        if rejected:
            raise Misconfigured(f"{bucket}: {len(rejected)} results of {topic} refused: {rejected[0].reason}")

    def results(self, topic: str, *, start_us: int | None = None, end_us: int | None = None) -> list[Result]:
        """See ResultBoard."""
        span = _result_range(start_us, end_us)
        return [] if span is None else results_of(topic, self._result_tables(topic, span, {}))

    def _result_tables(self, topic: str, span: dict[str, int], having: Mapping[str, str]) -> Iterator[Table]:
        parameters: dict[str, object] = {"bucket": self.settings.rollup_bucket, "kind": measurement(topic), **span}
        text = flux.RESULTS
        for tag, value in having.items():
            text, parameters = flux.RESULTS_HAVING[tag], parameters | {"value": value}
        return read_tables(self._connection.query(text, parameters))

    def ping(self) -> None:
        """See Store. Content where the token may read or write the raw bucket: no part of bypuls needs to do both."""
        bucket = self.settings.raw_bucket
        try:
            self._connection.query(flux.ANYTHING, {"bucket": bucket, **(flux.time_range() or {})})
        except Misconfigured:
            self._connection.try_write(bucket)

    def close(self) -> None:
        """See Store."""
        self._connection.close()

    def _raw(self, kind: str, sensor: str, start_us: int, end_us: int, names: Sequence[str]) -> RawRows:
        span = flux.time_range(start_us, end_us)
        tables = list(self._select(flux.RAW, self.settings.raw_bucket, kind, [sensor], names, span))
        return raw_rows(KINDS[kind], tables)

    def _select(
        self,
        text: str,
        bucket: str,
        kind: str,
        sensors: Sequence[str],
        names: Iterable[str],
        span: dict[str, int] | None,
        **more: Any,
    ) -> Iterator[Table]:
        if span is None:
            return
        fields = flux.fields_pattern(names)
        for at in range(0, len(sensors), _SENSORS_AT_ONCE):
            pattern = flux.sensors_pattern(sensors[at : at + _SENSORS_AT_ONCE])
            parameters = {"bucket": bucket, "kind": kind, "sensors": pattern, "fields": fields, **span, **more}
            yield from read_tables(self._connection.query(text, parameters))


def _result_range(start_us: int | None, end_us: int | None) -> dict[str, int] | None:
    return flux.time_range(EARLIEST_US if start_us is None else start_us, LATEST_US if end_us is None else end_us)


def _known(names: Sequence[str], known: Iterable[str]) -> None:
    allowed = set(known)
    for name in names:
        if name not in allowed:
            raise ValueError(f"{name!r} — expected one of {', '.join(sorted(allowed))}")
