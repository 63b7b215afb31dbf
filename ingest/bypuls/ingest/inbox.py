"""Messages that came and wait to be taken over: bounded, so that a store that stands still costs no memory.

A full inbox holds up the network thread, and TCP then holds up the broker; once closed it takes nothing and holds up
nobody. Nothing is lost by that: what isn't acknowledged comes again.
"""

from __future__ import annotations

import threading
from collections import deque

from bypuls.ingest.messages import Message


class Inbox:
    """A first-in, first-out line of messages between two threads, bounded by number and bytes."""

    def __init__(self, *, most_messages: int = 10_000, most_bytes: int = 32 * 1024**2) -> None:
        self._most_messages = most_messages
        self._most_bytes = most_bytes
        self._messages: deque[Message] = deque()
        self._bytes = 0
        self._closed = False
        self._changed = threading.Condition()

    def __len__(self) -> int:
        return len(self._messages)

    @property
    def size(self) -> int:
        """Bytes of all payloads that wait [bytes]."""
        return self._bytes

    def put(self, message: Message) -> bool:
        """Adds a message as soon as there is room (an empty inbox takes any). False where the inbox is closed."""
        with self._changed:
            self._changed.wait_for(lambda: self._closed or self._has_room(message))
            if self._closed:
                return False
            self._messages.append(message)
            self._bytes += len(message.payload)
            self._changed.notify_all()
            return True

    def take(self, most: int, timeout_s: float) -> list[Message]:
        """The oldest messages, at most `most`, as soon as there is one; none after `timeout_s` [s]."""
        with self._changed:
            self._changed.wait_for(lambda: bool(self._messages), timeout_s)
            taken = [self._messages.popleft() for _ in range(min(most, len(self._messages)))]
            self._bytes -= sum(len(message.payload) for message in taken)
            self._changed.notify_all()
            return taken

    def close(self) -> None:
        """Takes nothing more; whoever waits for room goes on without."""
        with self._changed:
            self._closed = True
            self._changed.notify_all()

    def _has_room(self, message: Message) -> bool:
        if not self._messages:
            return True
        return len(self._messages) < self._most_messages and self._bytes + len(message.payload) <= self._most_bytes
