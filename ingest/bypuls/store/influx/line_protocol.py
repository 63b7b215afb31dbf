"""Readings and bins as InfluxDB's line protocol: one line each, times in µs.

Measurement = kind; tags = sensor and what else tells two readings apart; quantities and counters are float64 always,
flags booleans, text strings, lists compact JSON in a string. What is unknown is left out.
Source: InfluxDB, "Line protocol", https://docs.influxdata.com/influxdb/v2/reference/syntax/line-protocol/
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

import numpy as np

from bypuls.store.protocol import Bins, Column, Int64
from bypuls.wire import KINDS, Reading, from_us
from bypuls.wire.bins import BIN_FIELDS
from bypuls.wire.fields import Role, Spec

# What a signed 64-bit count of nanoseconds holds, cut to whole years [µs since 1970].
EARLIEST_US = -9_214_560_000_000_000  # 1678-01-01
LATEST_US = 9_214_646_400_000_000  # 2262-01-01

_TAG_ESCAPES = str.maketrans({",": r"\,", "=": r"\=", " ": r"\ "})
_MEASUREMENT_ESCAPES = str.maketrans({",": r"\,", " ": r"\ "})
_TEXT_ESCAPES = str.maketrans({"\\": r"\\", '"': r"\""})

LISTS: frozenset[Role] = frozenset({"events", "ids", "phases", "edges", "counts"})
NUMBERS: frozenset[Role] = frozenset({"gauge", "register", "count"})


def _one_line(name: str, value: str) -> str:
    if not value or not value.isprintable():
        raise ValueError(f"{name}: {value!r} — expected printable characters on one line")
    if "\\" in value:
        # Line protocol has no escape for it here: at the end, or before a comma, it would hide what follows.
        raise ValueError(f"{name}: {value!r} — expected no backslash: only a string field can hold one")
    return value


def tag_value(name: str, value: str) -> str:
    """A tag's value, escaped. Raises ValueError for what a tag can't hold: controls, a backslash, nothing."""
    return _one_line(name, value).translate(_TAG_ESCAPES)


def text_value(name: str, value: str) -> str:
    """A string field, quoted. Raises ValueError for control characters: a point is one line."""
    if value and not value.isprintable():
        raise ValueError(f"{name}: {value!r} — expected printable characters on one line")
    return f'"{value.translate(_TEXT_ESCAPES)}"'


def number_value(name: str, value: float) -> str:
    """A float64 so that it is read back to the bit. Raises ValueError for NaN and infinities."""
    text = repr(float(value))
    if text[-1] in "nf":
        raise ValueError(f"{name}: {text} — expected a number")
    return text


def point(measurement: str, tags: Mapping[str, str], fields: Mapping[str, float | bool | str], t_us: int) -> str:
    """Any point as a line. Raises ValueError for what no point can hold."""
    if not fields:
        raise ValueError("fields: {} — expected at least one")
    head = ",".join(
        [
            _one_line("measurement", measurement).translate(_MEASUREMENT_ESCAPES),
            *(f"{tag_value('tag', name)}={tag_value(name, tags[name])}" for name in sorted(tags)),
        ]
    )
    body = ",".join(f"{tag_value('field', name)}={_field(name, value)}" for name, value in fields.items())
    return f"{head} {body} {t_us}"


def _field(name: str, value: float | bool | str) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return text_value(name, value) if isinstance(value, str) else number_value(name, value)


def _encoder(name: str, spec: Spec) -> Callable[[Any], str]:
    if spec.role in NUMBERS:
        return lambda value: f"{name}={float(value)!r}"
    if spec.role == "flag":
        return lambda value: f"{name}=true" if value else f"{name}=false"
    if spec.role in LISTS:
        return lambda value: f"{name}={text_value(name, json.dumps(value, separators=(',', ':')))}"
    return lambda value: f"{name}={text_value(name, value)}"


class KindLines:
    """Readings of one kind: to lines and back."""

    def __init__(self, cls: type[Reading]) -> None:
        self.cls = cls
        self.tags = tuple(sorted(("sensor", *cls.key)))
        self._fields = tuple((n, _encoder(n, spec)) for n, spec in cls.specs.items() if n not in cls.key)

    def line(self, reading: Reading, t_us: int) -> str:
        """The reading's line. Its class has checked its values: ids need no escapes, numbers are finite."""
        if len(self.tags) == 1:
            head = f"{self.cls.kind},sensor={reading.sensor}"
        else:
            known = ((tag, getattr(reading, tag)) for tag in self.tags)
            head = ",".join([self.cls.kind, *(f"{tag}={value}" for tag, value in known if value is not None)])
        body = ",".join(
            [encode(value) for name, encode in self._fields if (value := getattr(reading, name)) is not None]
        )
        return f"{head} {body} {t_us}"

    def reading(self, tags: Mapping[str, str], fields: Mapping[str, Any], t_us: int) -> Reading:
        """The reading of a point's tags and decoded fields."""
        keys = {k: int(tags[k]) if self.cls.specs[k].role == "count" else tags[k] for k in self.cls.key if k in tags}
        return self.cls(sensor=tags["sensor"], t=from_us(t_us), **keys, **fields)


LINES: Mapping[str, KindLines] = {kind: KindLines(cls) for kind, cls in KINDS.items()}


def decode_cells(role: Role, cells: Iterable[str]) -> list[Any]:
    """A field's cells, as text out of the server's CSV, as the reading holds them."""
    if role in ("gauge", "register"):
        return [float(cell) for cell in cells]
    if role == "count":
        return [int(float(cell)) for cell in cells]
    if role == "flag":
        return [cell == "true" for cell in cells]
    if role in LISTS:
        return [tuple(json.loads(cell)) for cell in cells]
    return list(cells)


def bin_lines(block: Bins, part: int) -> Iterator[str]:
    """The lines of a block of bins; a bin in which nothing is known has none."""
    tags = {"sensor": block.sensor, "part": str(part), **block.tags, **({"asset": block.asset} if block.asset else {})}
    head = ",".join([block.kind, *(f"{name}={tag_value(name, tags[name])}" for name in sorted(tags) if tags[name])])
    cells = [_bin_cells(name, column, BIN_FIELDS[block.kind][name].is_text) for name, column in block.columns.items()]
    for t_us, *row in zip(block.t_us.tolist(), *cells, strict=True):
        body = ",".join(filter(None, row))
        if body:
            yield f"{head} {body} {t_us}"


def _bin_cells(name: str, column: Column, is_text: bool) -> list[str]:
    if is_text:
        return ["" if cell is None else f"{name}={text_value(name, cell)}" for cell in column]
    numbers = np.asarray(column, dtype=np.float64)
    if np.isinf(numbers).any():
        raise ValueError(f"{name}: infinite — expected numbers, NaN where nothing is known")
    # `v == v` leaves out NaN.
    return [f"{name}={v!r}" if v == v else "" for v in numbers.tolist()]


def in_time(t_us: Int64 | int) -> bool:
    """Whether InfluxDB can hold these times [µs since 1970]: whole nanoseconds since 1970 in 64 bits."""
    return bool(np.all((np.asarray(t_us) >= EARLIEST_US) & (np.asarray(t_us) < LATEST_US)))
