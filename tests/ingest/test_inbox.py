"""The inbox: first in, first out, bounded, and it lets go of whoever waits when it is closed."""

from __future__ import annotations

import threading

from bypuls.ingest.inbox import Inbox
from bypuls.ingest.messages import Message


def of(size: int, name: str = "t") -> Message:
    return Message(name, b"x" * size)


def test_first_in_first_out_at_most_so_many() -> None:
    inbox = Inbox()
    for n in range(5):
        assert inbox.put(of(n, str(n)))
    assert (len(inbox), inbox.size) == (5, 10)
    assert [m.topic for m in inbox.take(3, 0)] == ["0", "1", "2"]
    assert [m.topic for m in inbox.take(3, 0)] == ["3", "4"]
    assert (inbox.take(3, 0.001), len(inbox), inbox.size) == ([], 0, 0)


def blocked(inbox: Inbox, message: Message) -> tuple[threading.Thread, list[bool]]:
    """A thread that puts, and that was seen to wait."""
    done: list[bool] = []
    thread = threading.Thread(target=lambda: done.append(inbox.put(message)))
    thread.start()
    thread.join(0.05)
    assert thread.is_alive()
    return thread, done


def test_a_full_inbox_holds_up_whoever_puts_until_there_is_room() -> None:
    for inbox, first in ((Inbox(most_messages=1), of(1)), (Inbox(most_bytes=100), of(60))):
        inbox.put(first)
        thread, done = blocked(inbox, of(41))
        assert inbox.take(1, 0) == [first]
        thread.join(5)
        assert (done, len(inbox), inbox.size) == ([True], 1, 41)


def test_an_empty_inbox_takes_any_message() -> None:
    inbox = Inbox(most_bytes=10)
    assert inbox.put(of(11))
    assert len(inbox.take(9, 0)) == 1


def test_closing_lets_go_of_whoever_waits_and_takes_nothing_more() -> None:
    inbox = Inbox(most_messages=1)
    inbox.put(of(1))
    thread, done = blocked(inbox, of(1))
    inbox.close()
    thread.join(5)
    assert done == [False]
    assert not inbox.put(of(1))
    assert len(inbox.take(9, 0)) == 1
