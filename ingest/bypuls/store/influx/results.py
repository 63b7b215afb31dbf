"""Results as InfluxDB's points, and back."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence

from bypuls.store.influx.answers import Table
from bypuls.store.influx.line_protocol import point
from bypuls.store.results import Result, in_order, measurement, topic_of


def result_lines(results: Sequence[Result]) -> Iterator[str]:
    """The results' points. Raises ValueError for texts that no point can hold."""
    for one in results:
        yield point(measurement(one.topic), one.tags, one.fields, one.t_us)


def _key(tags: Mapping[str, str], t_us: int, field: str) -> tuple[tuple[tuple[str, str], ...], int, str]:
    return tuple(sorted(tags.items())), t_us, field


def overwritten(topic: str, there: Iterable[Table], results: Sequence[Result]) -> bool:
    """Whether writing `results` overwrites all that is there."""
    names = topic_of(topic).tags
    new = {_key(one.tags, one.t_us, name) for one in results for name in one.fields}
    return all(
        _key({name: table.tags[name] for name in names}, t_us, table.field) in new
        for table in there
        for t_us in table.t_us.tolist()
    )


def results_of(topic: str, tables: Iterable[Table]) -> list[Result]:
    """The results of a topic's tables, by tags and time."""
    known = topic_of(topic)
    rows: dict[tuple[tuple[tuple[str, str], ...], int], tuple[dict[str, float], dict[str, str]]] = {}
    for table in tables:
        tags = tuple(sorted((name, table.tags[name]) for name in known.tags))
        for t_us, cell in zip(table.t_us.tolist(), table.cells, strict=True):
            numbers, texts = rows.setdefault((tags, t_us), ({}, {}))
            if table.field in known.numbers:
                numbers[table.field] = float(cell)
            elif table.field in known.texts:
                texts[table.field] = cell
    return in_order(Result(topic, dict(tags), t_us, numbers, texts) for (tags, t_us), (numbers, texts) in rows.items())
