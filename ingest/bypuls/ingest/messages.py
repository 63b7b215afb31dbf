"""What ingest takes from the broker and gives back, without MQTT."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Message:
    """One PUBLISH on a readings topic. `ticket` is what the subscriber needs to acknowledge it."""

    topic: str
    payload: bytes
    retained: bool = False
    ticket: tuple[int, int] = (0, 0)


@dataclass(frozen=True, slots=True)
class Answer:
    """A receipt to be sent to a device."""

    device: str
    payload: bytes
