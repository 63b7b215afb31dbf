"""The declarative base, the column types and the metadata that further tables may join."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Annotated, Any, ClassVar, dataclass_transform

from sqlalchemy import CheckConstraint, DateTime, Dialect, Double, ForeignKey, MetaData, String, Text, TypeDecorator
from sqlalchemy.orm import DeclarativeBase, MappedAsDataclass, mapped_column

from bypuls.store.registry import rules

# Names of constraints are fixed, so that a later migration can find them on every database.
metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
        "pk": "pk_%(table_name)s",
    }
)


class UtcDateTime(TypeDecorator[datetime]):
    """A moment in UTC to the microsecond. Takes aware datetimes only, gives aware ones in UTC."""

    impl = DateTime(timezone=True)
    cache_ok = True

    @property
    def python_type(self) -> type[datetime]:
        """What a value is in Python."""
        return datetime

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """To the database; SQLite keeps no zone, so what it keeps is UTC. Raises ValueError for a naive datetime."""
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError(f"{value!r} — expected a time with its zone")
        moment = value.astimezone(UTC)
        return moment.replace(tzinfo=None) if dialect.name == "sqlite" else moment

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:  # noqa: ARG002 - its signature
        """From the database, always aware and in UTC."""
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


@dataclass(frozen=True, slots=True)
class Together:
    """What several columns of a row must keep together; `field` is the one that is blamed.

    expected : in words, or what makes them for a row."""

    field: str
    expected: str | Callable[[Any], str]
    holds: Callable[[Any], bool]

    def told(self, row: Any) -> str:
        """What was expected of `row`."""
        return self.expected if isinstance(self.expected, str) else self.expected(row)


# Said once more for type checkers, which take `kw_only` for this class alone.
@dataclass_transform(kw_only_default=True, eq_default=False, field_specifiers=(mapped_column,))
class Base(MappedAsDataclass, DeclarativeBase, kw_only=True, eq=False):
    """The registry's rows: dataclasses whose fields are the columns; None is unknown."""

    metadata = metadata
    type_annotation_map: ClassVar[dict[Any, Any]] = {datetime: UtcDateTime(), float: Double, str: String(63)}
    together: ClassVar[tuple[Together, ...]] = ()


def refers(table: str) -> ForeignKey:
    """A reference to `table`'s id, checked when the transaction commits: the order of inserts does not matter."""
    return ForeignKey(f"{table}.id", deferrable=True, initially="DEFERRED")


def ruled(rule: rules.Rule) -> dict[str, rules.Rule]:
    """The `info` of a column that keeps `rule`."""
    return {"rule": rule}


PAST = {"past": True}
"""The `info` of a column whose day has been: registries with a clock refuse one that is to come."""


def _number(rule: rules.Rule) -> Any:
    return mapped_column(Double, info=ruled(rule))


def _word(rule: rules.Rule) -> Any:
    return mapped_column(String(63), info=ruled(rule))


Id = Annotated[str, _word(rules.IDENTIFIER)]
Name = Annotated[str, mapped_column(String(200), info=ruled(rules.plain_text(200)))]
Label = Annotated[str, _word(rules.plain_text(63))]
Note = Annotated[str, mapped_column(Text, info=ruled(rules.plain_text(4000, lines=True)))]
Wkt = Annotated[str, mapped_column(Text, info=ruled(rules.WELL_KNOWN_TEXT))]
Latitude = Annotated[float, _number(rules.within(-90, 90, "degrees north"))]
Longitude = Annotated[float, _number(rules.within(-180, 180, "degrees east"))]
Year = Annotated[int, mapped_column(info=ruled(rules.within(1800, 2200)))]
Count = Annotated[int, mapped_column(info=ruled(rules.within(0, 1_000_000)))]


def dated(start: str = "valid_from", end: str = "valid_to") -> CheckConstraint:
    """The period is not empty: `end` is the first day or moment that no longer belongs to it."""
    return CheckConstraint(f"{end} IS NULL OR {end} > {start}", name="period")


def in_order(start: str = "valid_from", end: str = "valid_to") -> Together:
    """The same as `dated`, to be told before the database is asked."""

    def holds(row: Any) -> bool:
        first, last = getattr(row, start), getattr(row, end)
        return first is None or last is None or last > first

    return Together(end, f"later than {start}", holds)


def placed() -> tuple[Together, Together]:
    """A place has both of lat and lon, or neither; the one that is missing is blamed."""

    def beside(given: str, missing: str) -> Together:
        def holds(row: Any) -> bool:
            return getattr(row, given) is None or getattr(row, missing) is not None

        def told(row: Any) -> str:
            return f"a number beside {given} {getattr(row, given):g}: both lat and lon, or neither"

        return Together(missing, told, holds)

    return beside("lat", "lon"), beside("lon", "lat")


def one_asset(*kinds: str) -> tuple[CheckConstraint, Together]:
    """At most one of the references `kinds` is set: as a CHECK and to be told before the database is asked."""
    count = " + ".join(f"(CASE WHEN {kind} IS NULL THEN 0 ELSE 1 END)" for kind in kinds)
    return (
        CheckConstraint(f"{count} <= 1", name="one_asset"),
        Together(
            kinds[0],
            f"at most one of {', '.join(kinds)}",
            lambda row: sum(getattr(row, kind) is not None for kind in kinds) <= 1,
        ),
    )


def add_checks() -> None:
    """Give every column of the metadata that has a rule which SQL can say its CHECK, once."""
    for table in metadata.tables.values():
        present = {constraint.name for constraint in table.constraints}
        for column in table.columns:
            rule = column.info.get("rule")
            if (
                isinstance(rule, rules.Rule)
                and rule.sql is not None
                and f"ck_{table.name}_{column.name}" not in present
            ):
                table.append_constraint(CheckConstraint(rule.sql.replace("{}", column.name), name=column.name))
