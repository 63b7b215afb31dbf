"""Writing many points so that a bad one costs itself alone.

Only a 204 counts: a server that refuses a part of a request has, it says, stored the rest; but 1.12 answers before
the other shards are on disk. So what is good is written again until a request is taken whole.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import TYPE_CHECKING

from bypuls.store.influx.failures import PointsRefused, TooLarge
from bypuls.store.protocol import Rejected

if TYPE_CHECKING:
    from bypuls.store.influx.connection import Connection

# InfluxDB's own advice for a request; a year of quarters is eight.
CHUNK_LINES = 5000
CHUNK_CHARACTERS = 4_000_000

_DROPPED = re.compile(r"\bdropped=(\d+)")
_FIELD = re.compile(r'input field "([^"]+)"')

Numbered = tuple[int, str]


def write_lines(connection: Connection, bucket: str, lines: Sequence[Numbered]) -> list[Rejected]:
    """Writes (index, line) pairs; gives those that the server can never take. Raises Unavailable, Misconfigured."""
    rejected: list[Rejected] = []
    chunk: list[Numbered] = []
    size = 0
    for numbered in lines:
        if len(chunk) == CHUNK_LINES or size > CHUNK_CHARACTERS:
            rejected += _write_chunk(connection, bucket, chunk)
            chunk, size = [], 0
        chunk.append(numbered)
        size += len(numbered[1])
    rejected += _write_chunk(connection, bucket, chunk)
    return sorted(rejected, key=lambda one: one.index)


def _write_chunk(connection: Connection, bucket: str, chunk: Sequence[Numbered]) -> list[Rejected]:
    rejected: list[Rejected] = []
    waiting = [chunk]
    while waiting:
        part = waiting.pop()
        if not part:
            continue
        try:
            connection.write(bucket, [line for _, line in part])
        except PointsRefused as refused:
            dropped = _DROPPED.search(refused.reason)
            if len(part) == 1 or (dropped and int(dropped[1]) == len(part)):
                rejected += [Rejected(index, refused.reason) for index, _ in part]
            else:
                waiting += _suspects_apart(part, refused.reason)
        except TooLarge as error:
            if len(part) == 1:
                rejected.append(Rejected(part[0][0], str(error)))
            else:
                waiting += _halves(part)
    return rejected


def _suspects_apart(part: Sequence[Numbered], reason: str) -> list[Sequence[Numbered]]:
    """The part in two: by the field that the server complains of, else by halves."""
    named = _FIELD.search(reason)
    if named:
        mark = re.compile(rf"[ ,]{re.escape(named[1])}=")
        suspects = [one for one in part if mark.search(one[1])]
        if 0 < len(suspects) < len(part):
            return [suspects, [one for one in part if not mark.search(one[1])]]
    return _halves(part)


def _halves(part: Sequence[Numbered]) -> list[Sequence[Numbered]]:
    # In time order: a conflict holds for a shard, so its points lie side by side and are soon found together.
    ordered = sorted(part, key=lambda one: int(one[1].rpartition(" ")[2]))
    middle = len(ordered) // 2
    return [ordered[:middle], ordered[middle:]]
