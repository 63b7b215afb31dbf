"""The ledger: which sequence numbers of each device and epoch were taken over, and what became of them."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import Connection, and_, func, select, update
from sqlalchemy.exc import IntegrityError

from bypuls.store.book.tables import device_alarm, ledger_epoch, ledger_hour, ledger_range
from bypuls.wire.batches import MAX_SEQUENCE

HOUR_US = 3_600_000_000


@dataclass(frozen=True, slots=True)
class EpochLine:
    """One epoch of a device. `missing`: numbers between its first and last that never came."""

    device: str
    epoch: str
    first: int
    last: int
    received: int
    stored: int
    duplicate: int
    refused: int
    missing: int
    first_seen_us: int
    last_seen_us: int


@dataclass(frozen=True, slots=True)
class HourLine:
    """What ingest took over from a device within an hour (UTC)."""

    device: str
    epoch: str
    hour_us: int
    received: int
    stored: int
    duplicate: int
    refused: int


def add_range(connection: Connection, device: str, epoch: str, first: int, last: int) -> list[tuple[int, int]]:
    """Notes first…last as taken over. Returns the ranges of it that were new, rising. After `see_epoch`, which makes
    two workers do so in turn."""
    table = ledger_range.c
    near = (
        select(table.first, table.last)
        .where(table.device == device, table.epoch == epoch)
        # The highest number that there is has none after it, also not in the database.
        .where(table.first <= min(last + 1, MAX_SEQUENCE), table.last >= first - 1)
        .order_by(table.first)
        .with_for_update()
    )
    touching = [(int(a), int(b)) for a, b in connection.execute(near)]
    fresh: list[tuple[int, int]] = []
    at = first
    for a, b in touching:
        if at < a:
            fresh.append((at, min(a - 1, last)))
        at = max(at, b + 1)
    if at <= last:
        fresh.append((at, last))
    if not fresh:
        return fresh
    if touching:
        gone = and_(table.device == device, table.epoch == epoch, table.first.in_([a for a, _ in touching]))
        connection.execute(ledger_range.delete().where(gone))
        first, last = min(first, touching[0][0]), max(last, touching[-1][1])
    connection.execute(ledger_range.insert().values(device=device, epoch=epoch, first=first, last=last))
    return fresh


def had(connection: Connection, device: str, epoch: str, first: int, last: int) -> list[tuple[int, int]]:
    """The ranges of first…last that were taken over before, rising."""
    table = ledger_range.c
    query = (
        select(table.first, table.last)
        .where(table.device == device, table.epoch == epoch, table.first <= last, table.last >= first)
        .order_by(table.first)
    )
    return [(max(int(a), first), min(int(b), last)) for a, b in connection.execute(query)]


def see_epoch(connection: Connection, device: str, epoch: str, now_us: int) -> int:
    """Notes that the epoch speaks; when it was first seen [µs]. Holds its line until the transaction ends."""
    table = ledger_epoch.c
    here = and_(table.device == device, table.epoch == epoch)
    seen = update(ledger_epoch).where(here).values(last_seen_us=now_us)
    if not connection.execute(seen).rowcount:
        try:
            with connection.begin_nested():
                connection.execute(
                    ledger_epoch.insert().values(device=device, epoch=epoch, first_seen_us=now_us, last_seen_us=now_us)
                )
        except IntegrityError:  # another worker was faster
            connection.execute(seen)
    return int(connection.execute(select(table.first_seen_us).where(here)).scalar_one())


def beside(connection: Connection, device: str, epoch: str, first_seen_us: int, highest_new: int) -> str | None:
    """What is wrong where the epoch, grown to `highest_new`, grows beside one that was first seen later: a cloned card.

    One outbox never gives a number twice, so its epochs lie one after the other, in whatever order they arrive (live
    readings go before a backlog). Epochs that lie over each other have two outboxes; a single device has them after
    one another (its damaged outbox was set aside and it began at 1 again), a cloned card at the same time.
    """
    table = ledger_range.c
    own = select(func.min(table.first)).where(table.device == device, table.epoch == epoch)
    younger = (
        select(ledger_epoch.c.epoch)
        .join(ledger_range, and_(table.device == ledger_epoch.c.device, table.epoch == ledger_epoch.c.epoch))
        .where(ledger_epoch.c.device == device, ledger_epoch.c.epoch != epoch)
        .where(ledger_epoch.c.first_seen_us >= first_seen_us)
        .group_by(ledger_epoch.c.epoch)
        .having(and_(func.min(table.first) <= highest_new, func.max(table.last) >= own.scalar_subquery()))
        .limit(1)
    )
    other = connection.scalar(younger)
    return None if other is None else f"epochs {epoch} and {other} grow at once: the card was copied into two devices"


def raise_alarm(connection: Connection, device: str, alarm: str, detail: str, now_us: int) -> None:
    """Notes an alarm of a device, once with a count."""
    table = device_alarm.c
    here = and_(table.device == device, table.alarm == alarm)
    values = {"last_us": now_us, "count": table.count + 1, "detail": detail}
    if not connection.execute(update(device_alarm).where(here).values(values)).rowcount:
        connection.execute(
            device_alarm.insert().values(
                device=device, alarm=alarm, first_us=now_us, last_us=now_us, count=1, detail=detail
            )
        )


def count(
    connection: Connection, device: str, epoch: str, now_us: int, *, stored: int, duplicate: int, refused: int
) -> None:
    """Adds to the hour's line."""
    table = ledger_hour.c
    hour_us = now_us - now_us % HOUR_US
    here = and_(table.device == device, table.epoch == epoch, table.hour_us == hour_us)
    received = stored + duplicate + refused
    values = {
        "received": table.received + received,
        "stored": table.stored + stored,
        "duplicate": table.duplicate + duplicate,
        "refused": table.refused + refused,
    }
    if not connection.execute(update(ledger_hour).where(here).values(values)).rowcount:
        connection.execute(
            ledger_hour.insert().values(
                device=device,
                epoch=epoch,
                hour_us=hour_us,
                received=received,
                stored=stored,
                duplicate=duplicate,
                refused=refused,
            )
        )


def epochs(connection: Connection, device: str | None) -> list[EpochLine]:
    """Every epoch's line, by device, in the order in which they were first seen."""
    lines: list[EpochLine] = []
    seen = select(ledger_epoch).order_by(ledger_epoch.c.device, ledger_epoch.c.first_seen_us)
    if device is not None:
        seen = seen.where(ledger_epoch.c.device == device)
    for row in connection.execute(seen).mappings().all():
        of = (row["device"], row["epoch"])
        ranges = connection.execute(
            select(ledger_range.c.first, ledger_range.c.last)
            .where(ledger_range.c.device == of[0], ledger_range.c.epoch == of[1])
            .order_by(ledger_range.c.first)
        ).all()
        if not ranges:
            continue
        hours = hour_lines(connection, device=of[0], epoch=of[1], start_us=None, end_us=None)
        first, last = int(ranges[0][0]), int(ranges[-1][1])
        lines.append(
            EpochLine(
                *of,
                first=first,
                last=last,
                received=sum(line.received for line in hours),
                stored=sum(line.stored for line in hours),
                duplicate=sum(line.duplicate for line in hours),
                refused=sum(line.refused for line in hours),
                missing=last - first + 1 - sum(b - a + 1 for a, b in ranges),
                first_seen_us=row["first_seen_us"],
                last_seen_us=row["last_seen_us"],
            )
        )
    return lines


def first_heard_by_device(connection: Connection) -> dict[str, int]:
    """When the ledger first knew each device [µs UTC]."""
    query = select(ledger_epoch.c.device, func.min(ledger_epoch.c.first_seen_us)).group_by(ledger_epoch.c.device)
    return {device: int(first_us) for device, first_us in connection.execute(query)}


def missing_by_device(connection: Connection) -> dict[str, int]:
    """Of each device that the ledger knows: how many numbers within its epochs never came, by now."""
    table = ledger_range.c
    length = table.last - table.first + 1
    of_epoch = (
        select(
            table.device,
            (func.max(table.last) - func.min(table.first) + 1 - func.sum(length)).label("missing"),
        )
        .group_by(table.device, table.epoch)
        .subquery()
    )
    query = select(of_epoch.c.device, func.sum(of_epoch.c.missing)).group_by(of_epoch.c.device)
    return {device: int(missing) for device, missing in connection.execute(query)}


def hour_lines(
    connection: Connection, *, device: str | None, epoch: str | None, start_us: int | None, end_us: int | None
) -> list[HourLine]:
    """Hours in [start, end), by device, epoch and hour."""
    table = ledger_hour.c
    query = select(ledger_hour).order_by(table.device, table.epoch, table.hour_us)
    if device is not None:
        query = query.where(table.device == device)
    if epoch is not None:
        query = query.where(table.epoch == epoch)
    if start_us is not None:
        query = query.where(table.hour_us >= start_us)
    if end_us is not None:
        query = query.where(table.hour_us < end_us)
    return [HourLine(**row) for row in connection.execute(query).mappings()]
