"""Every row is looked at before it reaches the database, whoever wrote it: a CSV file, the API or a script."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import Column, inspect
from sqlalchemy.orm import Mapper

from bypuls.store.registry.base import Base
from bypuls.store.registry.errors import BadValue
from bypuls.store.registry.rules import Rule

Fault = tuple[str, object, str]
"""Field, value and what was expected."""

_TYPES = {
    str: "text",
    int: "a whole number",
    float: "a number",
    bool: "true or false",
    date: "a date",
    datetime: "a time with its zone",
}


def columns(entity: type[Base]) -> dict[str, Column[Any]]:
    """The columns of `entity` by the name that field and column share."""
    mapper: Mapper[Any] = inspect(entity)
    return {attribute.key: attribute.columns[0] for attribute in mapper.column_attrs}  # type: ignore[misc]


def key_of(row: Base) -> tuple[object, ...]:
    """The values of the row's primary key."""
    return tuple(getattr(row, name) for name, column in columns(type(row)).items() if column.primary_key)


def expected_of(column: Column[Any]) -> str:
    """What the column takes, in words."""
    rule = column.info.get("rule")
    kind = column.type.python_type
    return rule.expected if isinstance(rule, Rule) else _TYPES.get(kind, kind.__name__)


def _fits(kind: type, value: object) -> bool:
    if kind is datetime:
        return isinstance(value, datetime) and value.tzinfo is not None
    if kind is date:
        return isinstance(value, date) and not isinstance(value, datetime)
    if kind is float:
        return isinstance(value, int | float) and not isinstance(value, bool)
    if kind is int:
        return isinstance(value, int) and not isinstance(value, bool)
    return isinstance(value, kind)


def latest_day(now: datetime) -> date:
    """The day of `now` where on earth it is the latest: no day after it has been anywhere."""
    return (now + timedelta(hours=14)).date()


def column_fault(column: Column[Any], value: object, latest: date | None = None) -> str | None:
    """What was expected instead of `value`; None where it is right. latest : of days that have been; None = unknown."""
    if value is None:
        # A number that the database itself counts up is unknown until the row is stored.
        required = not column.nullable and column.autoincrement is not True
        return f"{expected_of(column)}; it cannot be unknown" if required else None
    rule = column.info.get("rule")
    right = _fits(column.type.python_type, value) and (not isinstance(rule, Rule) or rule.holds(value))
    if right and latest is not None and column.info.get("past") and isinstance(value, date) and value > latest:
        return f"a day that has been, {latest} at the latest"
    return None if right else expected_of(column)


def faults(row: Base, latest: date | None = None) -> Iterator[Fault]:
    """What is wrong with `row`, field by field; the joint rules only where the fields themselves are right.

    latest : as of `column_fault`."""
    sound = True
    for name, column in columns(type(row)).items():
        value = getattr(row, name)
        expected = column_fault(column, value, latest)
        if expected is not None:
            sound = False
            yield name, value, expected
    if sound:
        for joint in row.together:
            if not joint.holds(row):
                yield joint.field, getattr(row, joint.field), joint.told(row)


def refuse_faults(row: Base, latest: date | None = None) -> None:
    """Raises BadValue with the first fault of `row`. latest : as of `column_fault`."""
    for field, value, expected in faults(row, latest):
        raise BadValue(row.__tablename__, key_of(row), field, value, expected)


def parent_loops(parents: Mapping[str, str | None]) -> set[str]:
    """The ids that are their own ancestor. `parents` maps each id to its parent."""
    looping: set[str] = set()
    done: set[str] = set()
    for start in parents:
        path: list[str] = []
        here: str | None = start
        while here is not None and here not in done and here not in path:
            path.append(here)
            here = parents.get(here)
        if here is not None and here in path:
            looping.update(path[path.index(here) :])
        done.update(path)
    return looping
