"""What years of meters came to, kept until their bins change; and the newest forecast of the grid."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime

from sqlalchemy import Connection, func, select, update

from bypuls.store.book.tables import bin_change, grid_forecast, meter_year

KINDS = ("meter", "lamp")
"""Kinds whose changes are counted: what accounts are made of."""
ALL = ""


@dataclass(frozen=True, slots=True)
class MeterYear:
    """One meter's year in a zone. factor : fingerprint of its hourly factors, '' = energy alone.  seen : changes of its
    bins when it was added up.  body : JSON of whoever added it up."""

    sensor: str
    year: int
    zone: str
    factor: str
    seen: int
    body: str


@dataclass(frozen=True, slots=True)
class GridForecast:
    """Emission of electricity in the coming hours. fetched_us : when the source said so [µs UTC].  body : JSON."""

    area: str
    source: str
    fetched_us: int
    body: str


def month_of(us: int) -> int:
    """UTC months since January 1970."""
    at = datetime.fromtimestamp(us // 1_000_000, UTC)
    return (at.year - 1970) * 12 + at.month - 1


def note_changes(connection: Connection, windows: Iterable[tuple[str, str, int, int]]) -> None:
    """Counts that bins changed: (kind, sensor, start, end [µs UTC]). One process at a time does so, under the lease."""
    touched = {
        (month, sensor)
        for kind, sensor, start_us, end_us in windows
        if kind in KINDS and end_us > start_us
        for month in range(month_of(start_us), month_of(end_us - 1) + 1)
    }
    touched |= {(month, ALL) for month, _ in touched}
    table = bin_change.c
    for month, sensor in sorted(touched):
        mine = (table.month == month) & (table.sensor == sensor)
        if not connection.execute(update(bin_change).where(mine).values(changes=table.changes + 1)).rowcount:
            connection.execute(bin_change.insert().values(month=month, sensor=sensor, changes=1))


def changes(connection: Connection, start_us: int, end_us: int) -> dict[str, int]:
    """How often bins within [start, end) changed, by sensor; those that never did are left out."""
    table = bin_change.c
    query = (
        select(table.sensor, func.sum(table.changes))
        .where(table.month >= month_of(start_us), table.month <= month_of(end_us - 1), table.sensor != ALL)
        .group_by(table.sensor)
    )
    return {sensor: int(count) for sensor, count in connection.execute(query)}


def all_changes(connection: Connection, start_us: int, end_us: int) -> int:
    """How often bins of any sensor within [start, end) changed."""
    table = bin_change.c
    query = select(func.sum(table.changes)).where(
        table.sensor == ALL, table.month >= month_of(start_us), table.month <= month_of(end_us - 1)
    )
    return int(connection.scalar(query) or 0)


def kept(connection: Connection, year: int, zone: str, factors: Sequence[str]) -> list[MeterYear]:
    """The kept years of all meters, with these fingerprints of factors."""
    table = meter_year.c
    query = select(meter_year).where(table.year == year, table.zone == zone, table.factor.in_(factors))
    return [MeterYear(**row) for row in connection.execute(query).mappings()]


def keep(connection: Connection, years: Sequence[MeterYear]) -> None:
    """Keeps years in place of what stood there."""
    table = meter_year.c
    for one in years:
        connection.execute(
            meter_year.delete().where(
                table.year == one.year,
                table.zone == one.zone,
                table.sensor == one.sensor,
                # What was added up before the bins changed is of no use to anybody.
                (table.factor == one.factor) | (table.seen < one.seen),
            )
        )
    if years:
        connection.execute(meter_year.insert(), [asdict(one) for one in years])


def forecasts(connection: Connection) -> list[GridForecast]:
    """The newest forecast of every area."""
    return [GridForecast(**row) for row in connection.execute(select(grid_forecast)).mappings()]


def keep_forecast(connection: Connection, forecast: GridForecast) -> None:
    """Keeps a forecast in place of the area's older one."""
    connection.execute(grid_forecast.delete().where(grid_forecast.c.area == forecast.area))
    connection.execute(grid_forecast.insert().values(**asdict(forecast)))
