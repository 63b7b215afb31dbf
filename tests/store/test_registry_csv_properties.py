"""Whatever the registry may hold, a round trip through CSV loses nothing."""

from __future__ import annotations

import io
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import Column, Text, delete

from bypuls.store.registry import ENTITIES, Registry, export_csv, import_csv, open_registry
from bypuls.store.registry.cells import read_cell, write_cell
from bypuls.store.registry.rules import HOURS_OF_DAY, IDENTIFIER, QUARTER_CLOCK, SCHEDULE, SIGN, WELL_KNOWN_TEXT, Rule
from bypuls.store.registry.tables import Base
from bypuls.store.registry.validation import columns, faults, key_of

IDS = st.from_regex(r"[a-z0-9][a-z0-9-]{0,8}", fullmatch=True)
TEXTS = st.one_of(
    st.text(st.characters(exclude_categories=["Cs", "Cc"]), min_size=1, max_size=30),
    st.sampled_from(
        ["=1+1", "'=x", "''", "'", "-5", "+x", "@x", ";", ",", '"', 'a"b', "a;b,c", "null", "true", "1,5", "é"]
    ),
)
NOTES = st.one_of(TEXTS, st.lists(TEXTS, min_size=2, max_size=3).map("\n".join))
MOMENTS = st.datetimes(datetime(1900, 1, 1), datetime(2199, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001 - the strategy adds it
SCHEDULES = st.sampled_from(["22:00-06:00=50", "22:00-01:30=50 01:30-04:45=10", "00:00-23:59=0.5"])
HOURS = st.lists(st.sampled_from(["-", "53.82", "-1.5", "0", "1e-07"]), min_size=24, max_size=24).map(" ".join)
SHAPES = st.sampled_from(
    ["POINT (12.36 55.73)", "LINESTRING(12.36 55.73, 12.37 55.74)", "POLYGON ((0 0, 1 0, 1 1, 0 0))"]
)
CLOCKS = st.sampled_from(["0:00", "07:15", "12:30", "23:45", "24:00"])
FITTING: dict[Any, st.SearchStrategy[Any]] = {
    SCHEDULE: SCHEDULES, WELL_KNOWN_TEXT: SHAPES, SIGN: st.sampled_from([1, -1]), HOURS_OF_DAY: HOURS,
    QUARTER_CLOCK: CLOCKS,
}  # fmt: skip


def values(column: Column[Any], ids: dict[str, list[str]]) -> st.SearchStrategy[Any]:
    """What a column may hold, as its rule says it."""
    rule = column.info.get("rule")
    kind = column.type.python_type
    latest = date(2026, 1, 1) if column.info.get("past") else date(2199, 1, 1)
    found: st.SearchStrategy[Any]
    if column.foreign_keys:
        (reference,) = column.foreign_keys
        known = ids.get(reference.column.table.name, [])
        found = st.sampled_from(known) if known else st.none()
    elif rule is IDENTIFIER:
        found = IDS
    elif rule in FITTING:
        found = FITTING[rule]
    elif isinstance(rule, Rule) and rule.words:
        found = st.sampled_from(rule.words)
    elif kind is str:
        found = NOTES if isinstance(column.type, Text) else TEXTS
    elif kind is float:
        assert isinstance(rule, Rule)
        found = st.floats(rule.low, rule.high)
    elif kind is int:
        assert isinstance(rule, Rule)
        found = st.integers(int(rule.low), int(rule.high))
    else:
        found = {bool: st.booleans(), date: st.dates(date(1900, 1, 1), latest), datetime: MOMENTS}[kind]
    return st.none() | found if column.nullable else found


def made_to_fit(given_values: dict[str, Any]) -> dict[str, Any]:
    """Few random rows keep the joint rules: leave one place, a medium for meters only, and turn periods round."""
    fitting = dict(given_values)
    places = [name for name in ("site", "building", "cabinet", "lamp") if fitting.get(name) is not None]
    if "sensor" not in fitting and "kind" in fitting:
        fitting |= dict.fromkeys(places[1:])
    if (fitting.get("lat") is None) != (fitting.get("lon") is None):
        fitting |= dict.fromkeys(("lat", "lon"))
    if "step" in fitting and "value" in fitting and fitting["value"] is None:
        fitting["step"] = "hour"
    if fitting.get("unit") == "t" and fitting["gas"] is None:
        fitting["gas"] = "CO2"
    if "medium" in fitting and fitting.get("kind", "meter") != "meter":
        fitting["medium"] = None
    for start, end in (("valid_from", "valid_to"), ("valid_from", "expires"), ("base_year", "target_year")):
        if fitting.get(start) is not None and fitting.get(end) is not None and fitting[end] < fitting[start]:
            fitting[start], fitting[end] = fitting[end], fitting[start]
    return fitting


@st.composite
def towns(draw: st.DrawFn) -> list[Base]:
    """Rows of every table that keep every rule; references point at rows that are there."""
    ids: dict[str, list[str]] = {}
    rows: list[Base] = []
    for name, table in ENTITIES.items():
        fields = {field: values(column, ids) for field, column in columns(table).items()}
        made: dict[tuple[object, ...], Base] = {}
        fewest = 1 if name in ("site", "building", "device", "sensor") else 0
        for given_values in draw(st.lists(st.fixed_dictionaries(fields), min_size=fewest, max_size=2)):
            row = table(**made_to_fit(given_values))
            if not list(faults(row, date(2026, 1, 1))):
                made[key_of(row)] = row
        rows += made.values()
        ids[name] = [str(key[0]) for key in made]
    return rows


@pytest.fixture(scope="module")
def registry(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Registry]:
    with open_registry(tmp_path_factory.mktemp("registry") / "registry.db") as opened:
        yield opened


def empty(registry: Registry) -> None:
    with registry.session() as session:
        for table in reversed(ENTITIES.values()):
            session.execute(delete(table))


def files(registry: Registry, *, danish: bool) -> dict[str, str]:
    written = {}
    for name in ENTITIES:
        file = io.StringIO(newline="")
        export_csv(registry, name, file, danish=danish)
        written[name] = file.getvalue()
    return written


def contents(registry: Registry) -> list[tuple[str, dict[str, object]]]:
    with registry.reading() as session:
        return [
            (name, {field: getattr(row, field) for field in columns(table)})
            for name, table in ENTITIES.items()
            for row in session.query(table).order_by(*table.__table__.primary_key)
        ]


@settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])
@given(rows=towns(), danish=st.booleans())
def test_a_round_trip_loses_nothing(registry: Registry, rows: list[Base], danish: bool) -> None:
    empty(registry)
    with registry.session() as session:
        session.add_all(rows)
    before = contents(registry)
    assert len(before) == len(rows)
    written = files(registry, danish=danish)

    for name, text in written.items():
        report = import_csv(registry, name, io.StringIO(text, newline=""))
        assert report.errors == ()
        assert (report.created, report.changed) == (0, 0)

    empty(registry)
    assert contents(registry) == []
    for name, text in written.items():
        report = import_csv(registry, name, io.BytesIO(text.encode()))
        assert report.errors == ()
        assert (report.changed, report.unchanged) == (0, 0)
    assert contents(registry) == before
    assert files(registry, danish=danish) == written


SITE = columns(ENTITIES["site"])
DEVICE = columns(ENTITIES["device"])


@given(text=NOTES.filter(lambda text: text == text.strip() and text), comma=st.booleans())
def test_text_cells(text: str, comma: bool) -> None:
    cell = write_cell(text, decimal_comma=comma)
    assert read_cell(cell, SITE["note"], decimal_comma=comma) == text
    assert not cell.startswith(("=", "+", "-", "@", "\t"))


@given(number=st.floats(allow_nan=False, allow_infinity=False), comma=st.booleans())
def test_number_cells_keep_every_bit(number: float, comma: bool) -> None:
    assert read_cell(write_cell(number, decimal_comma=comma), SITE["lat"], decimal_comma=comma) == number


@given(moment=MOMENTS, offset=st.integers(-12, 14))
def test_moment_cells(moment: datetime, offset: int) -> None:
    assert read_cell(write_cell(moment), DEVICE["retired_at"], decimal_comma=False) == moment
    local = moment + timedelta(hours=offset)
    zone = f"{'-' if offset < 0 else '+'}{abs(offset):02}:00"
    cell = f"{local.replace(tzinfo=None).isoformat()}{zone}"
    assert read_cell(cell, DEVICE["retired_at"], decimal_comma=False) == moment


@settings(deadline=None)
@given(raw=st.binary(max_size=300) | st.text(max_size=300).map(str.encode))
def test_any_bytes_give_a_report(registry: Registry, raw: bytes) -> None:
    report = import_csv(registry, "site", io.BytesIO(raw))
    assert report.created == report.changed == 0 or report.errors == ()


@settings(deadline=None, max_examples=60)
@given(
    lines=st.lists(st.lists(TEXTS | IDS | st.just(""), min_size=3, max_size=3), max_size=4),
    separator=st.sampled_from(",;"),
)
def test_any_cells_give_a_report(registry: Registry, lines: list[list[str]], separator: str) -> None:
    empty(registry)
    text = separator.join(("id", "name", "lat")) + "\n" + "\n".join(separator.join(line) for line in lines)
    report = import_csv(registry, "site", io.StringIO(text, newline=""))
    assert len(registry.sites()) == report.created
    assert not (report.errors and report.created)
