"""Dead letters: what was refused, with its bytes and the reason, bounded, and never dropped to make room."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from sqlalchemy import Connection, func, select, update

from bypuls.store.book.tables import dead_letter
from bypuls.store.protocol import Unavailable


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


def keep(connection: Connection, letters: Iterable[Letter], now_us: int, *, most: int) -> int:
    """Keeps letters, each once; how many were new. Raises DeadLettersFull where there would be more than `most`."""
    by_fingerprint = {letter.fingerprint: letter for letter in letters}
    if not by_fingerprint:
        return 0
    known: set[str] = set()
    fingerprints = list(by_fingerprint)
    for at in range(0, len(fingerprints), 500):
        some = fingerprints[at : at + 500]
        known.update(connection.scalars(select(dead_letter.c.fingerprint).where(dead_letter.c.fingerprint.in_(some))))
        connection.execute(
            update(dead_letter).where(dead_letter.c.fingerprint.in_(some)).values(times=dead_letter.c.times + 1)
        )
    fresh = [letter for fingerprint, letter in by_fingerprint.items() if fingerprint not in known]
    if not fresh:
        return 0
    if waiting(connection) + len(fresh) > most:
        raise DeadLettersFull(
            f"{most} dead letters are kept already: see `bypuls dead-letters list`, then readmit or delete them"
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
                "times": 1,
            }
            for letter in fresh
        ],
    )
    return len(fresh)


def waiting(connection: Connection) -> int:
    """How many letters wait to be looked at; readmitted ones don't."""
    query = select(func.count()).select_from(dead_letter).where(dead_letter.c.readmitted_us.is_(None))
    return int(connection.scalar(query) or 0)


def listed(
    connection: Connection, *, device: str | None, ids: Sequence[int] | None, readmitted: bool, newest: int
) -> list[DeadLetter]:
    """Letters, newest first."""
    query = select(dead_letter).order_by(dead_letter.c.id.desc()).limit(newest)
    if device is not None:
        query = query.where(dead_letter.c.device == device)
    if ids is not None:
        query = query.where(dead_letter.c.id.in_(ids))
    if not readmitted:
        query = query.where(dead_letter.c.readmitted_us.is_(None))
    names = DeadLetter.__dataclass_fields__
    return [DeadLetter(**{name: row[name] for name in names}) for row in connection.execute(query).mappings()]


def mark_readmitted(connection: Connection, ids: Sequence[int], now_us: int) -> None:
    """These are in the store now."""
    connection.execute(update(dead_letter).where(dead_letter.c.id.in_(ids)).values(readmitted_us=now_us))


def delete(connection: Connection, ids: Sequence[int]) -> int:
    """Throws letters away for good, on the operator's word; how many there were."""
    return connection.execute(dead_letter.delete().where(dead_letter.c.id.in_(ids))).rowcount
