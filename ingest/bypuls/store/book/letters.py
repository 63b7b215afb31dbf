"""Dead letters: what was refused, with its bytes and the reason, bounded, and never dropped to make room."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar, cast

from sqlalchemy import ColumnElement, Connection, Select, func, select, update

from bypuls.store.book.tables import dead_letter
from bypuls.store.protocol import Unavailable

_T = TypeVar("_T")


class DeadLettersFull(Unavailable):
    """No room for another dead letter: nothing may be receipted until the operator looked at them."""


@dataclass(frozen=True, slots=True)
class Letter:
    """What is to be kept: a refused reading (with epoch and seq) or a message that nobody can decode (without)."""

    device: str
    reason: str
    raw: bytes
    epoch: str | None = None
    seq: int | None = None

    @property
    def fingerprint(self) -> str:
        """What makes it the same letter when it comes again."""
        if self.seq is not None:
            return f"{self.device}/{self.epoch}/{self.seq}"
        return hashlib.sha256(self.device.encode() + b"\0" + self.raw).hexdigest()


@dataclass(frozen=True, slots=True)
class DeadLetter:
    """A letter as it is kept. `times`: how often it came; `readmitted_us`: when it was stored after all."""

    id: int
    t_us: int
    device: str
    epoch: str | None
    seq: int | None
    reason: str
    raw: bytes
    times: int
    readmitted_us: int | None


# Values that go into one statement: databases take only so many.
_AT_ONCE = 500


@dataclass(frozen=True, slots=True)
class Room:
    """How many letters, and how many of their bytes, may wait to be looked at."""

    letters: int
    size: int


def keep(connection: Connection, letters: Iterable[Letter], now_us: int, room: Room) -> int:
    """Keeps letters, each once; how many were new. Raises DeadLettersFull where there is no room for all of them."""
    arrived = list(letters)
    times = Counter(letter.fingerprint for letter in arrived)
    by_fingerprint = {letter.fingerprint: letter for letter in reversed(arrived)}  # of the same ones the first
    known: set[str] = set()
    for some in _pieces(list(times)):
        known.update(connection.scalars(select(dead_letter.c.fingerprint).where(dead_letter.c.fingerprint.in_(some))))
    for often in {times[fingerprint] for fingerprint in known}:
        for some in _pieces([fingerprint for fingerprint in known if times[fingerprint] == often]):
            again = update(dead_letter).where(dead_letter.c.fingerprint.in_(some))
            connection.execute(again.values(times=dead_letter.c.times + often))
    fresh = [by_fingerprint[fingerprint] for fingerprint in times if fingerprint not in known]
    if not fresh:
        return 0
    count, size = connection.execute(_waiting(func.count(), func.coalesce(func.sum(dead_letter.c.size), 0))).one()
    if count + len(fresh) > room.letters or size + sum(len(letter.raw) for letter in fresh) > room.size:
        raise DeadLettersFull(
            f"{count} dead letters of {size} bytes are kept already: see `bypuls dead-letters list`, then readmit or "
            "delete them"
        )
    connection.execute(
        dead_letter.insert(),
        [
            {
                "fingerprint": letter.fingerprint,
                "t_us": now_us,
                "device": letter.device,
                "epoch": letter.epoch,
                "seq": letter.seq,
                "reason": letter.reason,
                "raw": letter.raw,
                "size": len(letter.raw),
                "times": times[letter.fingerprint],
            }
            for letter in fresh
        ],
    )
    return len(fresh)


def _waiting(*columns: ColumnElement[int]) -> Select[Any]:
    return cast("Select[Any]", select(*columns)).select_from(dead_letter).where(dead_letter.c.readmitted_us.is_(None))


def _pieces(values: Sequence[_T]) -> Iterator[Sequence[_T]]:
    for at in range(0, len(values), _AT_ONCE):
        yield values[at : at + _AT_ONCE]


def waiting(connection: Connection) -> int:
    """How many letters wait to be looked at; readmitted ones don't."""
    return int(connection.scalar(_waiting(func.count())) or 0)


def waiting_by_device(connection: Connection) -> dict[str, int]:
    """How many letters of each device wait; devices without one are left out."""
    query = _waiting(dead_letter.c.device, func.count()).group_by(dead_letter.c.device)
    return {device: int(count) for device, count in connection.execute(query)}


def waiting_reasons(connection: Connection, device: str) -> list[tuple[str, int]]:
    """Why a device's letters wait, and how many for each reason, the commonest first."""
    count = func.count()
    query = _waiting(dead_letter.c.reason, count).where(dead_letter.c.device == device)
    rows = connection.execute(query.group_by(dead_letter.c.reason).order_by(count.desc(), dead_letter.c.reason))
    return [(reason, int(number)) for reason, number in rows]


def listed(
    connection: Connection, *, device: str | None, ids: Sequence[int] | None, readmitted: bool, newest: int
) -> list[DeadLetter]:
    """Letters, newest first."""
    table = dead_letter.c
    names = list(DeadLetter.__dataclass_fields__)
    query = select(*(table[name] for name in names)).order_by(table.id.desc()).limit(newest)
    if device is not None:
        query = query.where(table.device == device)
    if not readmitted:
        query = query.where(table.readmitted_us.is_(None))
    queries = [query] if ids is None else [query.where(table.id.in_(some)) for some in _pieces(sorted(ids)[::-1])]
    rows = [row for query in queries for row in connection.execute(query)]
    return [DeadLetter(**dict(zip(names, row, strict=True))) for row in rows[:newest]]


def mark_readmitted(connection: Connection, ids: Sequence[int], now_us: int) -> None:
    """These are in the store now."""
    for some in _pieces(ids):
        connection.execute(update(dead_letter).where(dead_letter.c.id.in_(some)).values(readmitted_us=now_us))


def delete(connection: Connection, ids: Sequence[int]) -> int:
    """Throws letters away for good, on the operator's word; how many there were."""
    return sum(
        connection.execute(dead_letter.delete().where(dead_letter.c.id.in_(some))).rowcount for some in _pieces(ids)
    )
