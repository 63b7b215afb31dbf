"""An InfluxDB that can't, or won't let us: nothing is lost, nothing hammered, no token told."""

from __future__ import annotations

import itertools
import logging
import socket
import threading
import time
from collections import Counter
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import Any

import pytest

from bypuls.store.influx import InfluxSettings, InfluxStore
from bypuls.store.protocol import Misconfigured, StoreError, Unavailable


def test_too_many_requests_waits_as_long_as_the_server_says(fake: Any, make: Any, waiting: Any) -> None:
    store = make()
    fake.behave = fake.in_turn(fake.answer(429, {"message": "slow down"}, Retry_After="17"))
    with pytest.raises(Unavailable, match="429 slow down") as told:
        store.write(fake.lamps(3))
    assert told.value.retry_after_s == 17.0
    for _ in range(50):
        with pytest.raises(Unavailable, match="not asked again"):
            store.write(fake.lamps(3))
    assert fake.count() == 1
    waiting.pause(17.0)
    assert store.write(fake.lamps(3)) == []
    assert fake.holds(fake.lamps(3))


def test_retry_after_may_be_a_date_or_nonsense(fake: Any, make: Any) -> None:
    date = format_datetime(datetime.now(UTC) + timedelta(seconds=300), usegmt=True)
    for text, low, high in ((date, 280.0, 301.0), ("soon", 1.0, 2.0), ("-5", 1.0, 2.0), ("9" * 30, 3600.0, 3600.0)):
        store = make()
        fake.behave = fake.in_turn(fake.answer(503, b"", Retry_After=text))
        with pytest.raises(Unavailable) as told:
            store.write(fake.lamps(1))
        assert told.value.retry_after_s is not None
        assert low <= told.value.retry_after_s <= high, text


@pytest.mark.parametrize("status", [429, 500, 502, 503, 504])
def test_what_passes_is_unavailable(fake: Any, make: Any, waiting: Any, status: int) -> None:
    store = make()
    fake.behave = fake.in_turn(fake.answer(status, {"error": "not now"}))
    with pytest.raises(Unavailable, match=f"{status} not now") as told:
        store.write(fake.lamps(2))
    assert told.value.retry_after_s == 1.0
    waiting.pause(1.0)
    assert store.write(fake.lamps(2)) == []
    assert fake.holds(fake.lamps(2))


@pytest.mark.parametrize("status", [401, 403, 404, 301])
def test_what_an_operator_must_mend_is_misconfigured(fake: Any, make: Any, waiting: Any, status: int) -> None:
    store = make()
    fake.behave = fake.in_turn(fake.answer(status, {"message": "no such bucket"}))
    with pytest.raises(Misconfigured, match=f"bucket 'bypuls': {status} no such bucket"):
        store.write(fake.lamps(2))
    for _ in range(20):
        with pytest.raises(Misconfigured, match="not asked again"):
            store.write(fake.lamps(2))
    assert fake.count() == 1
    waiting.pause(1.0)
    assert store.write(fake.lamps(2)) == []


@pytest.mark.parametrize("rude", ["reset", "take, then reset", "hang"])
def test_broken_off_is_unavailable_and_writing_again_stores_once(fake: Any, make: Any, waiting: Any, rude: str) -> None:
    store = make(timeout_s=0.3)
    fake.behave = fake.in_turn(fake.answer(rude=rude))
    with pytest.raises(Unavailable):
        store.write(fake.lamps(5))
    fake.closing.set()
    waiting.pause(1.0)
    assert store.write(fake.lamps(5)) == []
    assert fake.holds(fake.lamps(5))


def test_a_connection_reset_after_the_204_harms_nothing(fake: Any, make: Any) -> None:
    store = make(patience_s=60.0)
    fake.behave = fake.in_turn(fake.answer(204, rude="204, then reset"))
    assert store.write(fake.lamps(5)) == []
    assert store.write(fake.lamps(7)) == []
    assert fake.holds(fake.lamps(7))


def test_nobody_listening_is_unavailable(fake: Any) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        store = InfluxStore(InfluxSettings(f"http://127.0.0.1:{taken.getsockname()[1]}", fake.token, timeout_s=1.0))
        with pytest.raises(Unavailable) as told:
            store.ping()
        store.close()
    assert fake.token not in str(told.value)
    with pytest.raises(Unavailable, match="closed"):
        store.ping()


def test_with_patience_the_store_tries_again_itself(fake: Any, make: Any, waiting: Any) -> None:
    store = make(patience_s=60.0)
    fake.behave = fake.in_turn(fake.answer(503), fake.answer(429, Retry_After="5"), fake.answer(500))
    assert store.write(fake.lamps(4)) == []
    assert waiting.waited_s == [1.0, 5.0, 4.0]
    assert fake.count() == 4
    assert fake.holds(fake.lamps(4))


def test_patience_ends(fake: Any, make: Any, waiting: Any) -> None:
    store = make(patience_s=60.0)
    fake.behave = fake.always(fake.answer(503))
    with pytest.raises(Unavailable):
        store.write(fake.lamps(4))
    assert 30.0 <= sum(waiting.waited_s) <= 60.0


def test_a_failing_server_is_asked_at_most_twice_a_second(fake: Any) -> None:
    """By the real clock: four writers and a reader that try again at once, for two seconds."""
    fake.behave = fake.always(fake.answer(503))
    store = InfluxStore(InfluxSettings(fake.url, fake.token, patience_s=0.0))
    until = time.monotonic() + 2.2
    tries = Counter[str]()

    def hammer(call: Callable[[], Any]) -> None:
        while time.monotonic() < until:
            with pytest.raises(Unavailable) as told:
                call()
            tries[threading.current_thread().name] += 1
            assert told.value.retry_after_s
            threading.Event().wait(0.005)

    calls: list[Callable[[], Any]] = [lambda: store.write(fake.lamps(3))] * 4 + [
        lambda: store.readings("lamp", "a", 0, 9)
    ]
    threads = [threading.Thread(target=hammer, args=(call,)) for call in calls]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    store.close()
    assert min(tries.values()) > 50
    assert len(tries) == 5
    times = sorted(at for at, _ in fake.requests)
    # The first call of each thread may be under way before the first failure is known.
    for _, same in ((path, [at for at, p in fake.requests if p == path]) for path in {p for _, p in fake.requests}):
        later = [at for at in same if at > times[0] + 0.5]
        assert len(later) <= 3
        assert all(b - a >= 0.95 for a, b in itertools.pairwise(later))


def test_the_token_is_in_no_message_and_no_log(
    fake: Any, make: Any, waiting: Any, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    store = make(timeout_s=0.3)
    said = [repr(store.settings), str(store.settings)]
    for answer in (
        fake.answer(401, {"message": "no"}),
        fake.answer(500),
        fake.answer(422),
        fake.answer(413),
        fake.answer(rude="reset"),
    ):
        fake.behave = fake.in_turn(answer)
        waiting.pause(1000.0)
        try:
            store.write(fake.lamps(1))
        except StoreError as error:
            said += [str(error), repr(error), str(error.__cause__)]
    assert fake.token not in " ".join([*said, caplog.text])
