"""A log beside the outbox of every row whose commit returned; the reliability tests compare it with the store."""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Protocol


class Witness(Protocol):
    """Is told of rows after their commit returned, and again when a held row got its time."""

    def committed(self, epoch: str, rows: Iterable[tuple[int, bytes]]) -> None:
        """`rows` (sequence number, JSON) of `epoch` are on disk."""
        ...


class FileWitness:
    """Appends a JSON line per row: device, epoch, seq, the reading's text. A later line of a row replaces it."""

    def __init__(self, path: Path, device: str) -> None:
        self._file = path.open("ab", buffering=0)
        self._device = device

    def committed(self, epoch: str, rows: Iterable[tuple[int, bytes]]) -> None:
        """Writes all rows in one system call: what is written survives the process."""
        lines = (
            json.dumps({"device": self._device, "epoch": epoch, "seq": seq, "json": body.decode()}) + "\n"
            for seq, body in rows
        )
        self._file.write("".join(lines).encode())

    def close(self) -> None:
        """Closes the file."""
        self._file.close()


class NoWitness:
    """What runs outside of tests: nothing is noted."""

    def committed(self, epoch: str, rows: Iterable[tuple[int, bytes]]) -> None:
        """Notes nothing."""
