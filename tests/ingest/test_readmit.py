"""Dead letters once more: by library and by command line."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from typer.testing import CliRunner

from bypuls.cli.app import app
from bypuls.ingest.gate import Gate
from bypuls.ingest.intake import Intake
from bypuls.ingest.messages import Message
from bypuls.ingest.readmit import Readmitted, readmit
from bypuls.store.protocol import Unavailable
from bypuls.store.registry import Sensor
from bypuls.wire import Lamp

# Of tests/ingest/conftest.py.
Platform = Any
Make = Callable[..., Message]
EVER = (0, 2**62)


@pytest.fixture
def take(platform: Platform) -> Callable[..., object]:
    def gate() -> Gate:
        return Gate(platform.registry.admission())

    return lambda *messages: Intake(platform.store, platform.book, gate=gate, clock=platform.clock).take(messages)


def again(platform: Platform) -> Readmitted:
    gate = Gate(platform.registry.admission())
    letters = platform.book.dead_letters(newest=10_000)
    return readmit(letters, platform.store, platform.book, gate, clock=platform.clock)


def register(platform: Platform, *sensors: str) -> None:
    with platform.registry.session() as session:
        session.add_all(Sensor(id=sensor, device="pi-1", kind="lamp", name="new") for sensor in sensors)


def lamp(platform: Platform, sensor: str, ago_s: int = 0) -> Lamp:
    return Lamp(sensor=sensor, t=platform.now - timedelta(seconds=ago_s), power_w=float(ago_s))


def test_after_the_sensor_is_registered_its_readings_are_stored(
    platform: Platform, message: Make, take: Callable[..., object]
) -> None:
    take(message([lamp(platform, "lamp-8"), lamp(platform, "lamp-9", 7), b'{"kind":"lump"}']))
    platform.book.clean(platform.book.dirty())
    outcome = again(platform)
    assert (outcome.stored, len(outcome.refused)) == ((), 3)
    register(platform, "lamp-9")
    outcome = again(platform)
    assert (len(outcome.stored), len(outcome.refused)) == (1, 2)
    assert platform.store.readings("lamp", "lamp-9", *EVER) == [lamp(platform, "lamp-9", 7)]
    assert [w.sensor for w in platform.book.dirty()] == ["lamp-9"]
    assert platform.book.waiting_letters() == 2
    reasons = dict(outcome.refused)
    assert any("lamp-8" in reason for reason in reasons.values())
    assert any("lump" in reason for reason in reasons.values())
    assert again(platform).stored == ()


def test_thousands_are_readmitted_in_pieces(platform: Platform, message: Make, take: Callable[..., object]) -> None:
    for at in range(0, 2500, 500):
        take(message([lamp(platform, "lamp-9", at + n) for n in range(500)], first=at + 1))
    register(platform, "lamp-9")
    platform.store.events.clear()
    assert len(again(platform).stored) == 2500
    assert platform.store.events == ["stored"] * 3
    assert len(platform.store.readings("lamp", "lamp-9", *EVER)) == 2500


def test_a_whole_batch_is_readmitted_when_all_of_it_is_welcome(
    platform: Platform, message: Make, take: Callable[..., object]
) -> None:
    sent = message([lamp(platform, "lamp-1"), lamp(platform, "lamp-9")])
    take(Message(sent.topic, sent.payload, retained=True))
    assert len(again(platform).refused) == 1
    assert platform.store.readings("lamp", "lamp-1", *EVER) == []
    register(platform, "lamp-9")
    assert len(again(platform).stored) == 1
    assert platform.store.readings("lamp", "lamp-1", *EVER) == [lamp(platform, "lamp-1")]


def test_a_batch_of_another_device_stays_a_letter(
    platform: Platform, message: Make, take: Callable[..., object]
) -> None:
    take(message([lamp(platform, "lamp-1")], on="pi-2"))
    ((_, reason),) = again(platform).refused
    assert reason == "device: 'pi-1' — expected pi-2, on whose topic the batch came"
    assert platform.store.written == 0


def test_what_the_store_rejects_stays_a_letter(platform: Platform, message: Make, take: Callable[..., object]) -> None:
    take(message([lamp(platform, "lamp-9"), lamp(platform, "lamp-9", 1)]))
    register(platform, "lamp-9")
    platform.store.rejects = lambda reading: reading.power_w == 1
    outcome = again(platform)
    assert (len(outcome.stored), [reason for _, reason in outcome.refused]) == (1, ["the store can't"])
    assert platform.book.waiting_letters() == 1


def test_an_outage_books_nothing_and_repeating_is_harmless(
    platform: Platform, message: Make, take: Callable[..., object]
) -> None:
    take(message([lamp(platform, "lamp-9")]))
    register(platform, "lamp-9")
    platform.store.failures.append(Unavailable("down"))
    with pytest.raises(Unavailable):
        again(platform)
    assert platform.book.waiting_letters() == 1
    assert len(again(platform).stored) == 1


def test_the_command_lists_shows_readmits_and_deletes(
    platform: Platform, message: Make, take: Callable[..., object]
) -> None:
    bad = b'{"kind":"lump","n":1}'
    take(message([lamp(platform, "lamp-9"), bad]))
    register(platform, "lamp-9")

    def run(*words: str) -> tuple[int, str]:
        done = CliRunner().invoke(app, ["dead-letters", *words, "--data-dir", str(platform.folder)])
        return done.exit_code, done.output

    first, second = sorted(letter.id for letter in platform.book.dead_letters())
    code, said = run("list")
    assert (code, "2 dead letters wait." in said, "lamp-9" in said) == (0, True, True)
    assert run("show", str(second)) == (0, bad.decode() + "\n")
    code, said = run("readmit")
    assert code == 1  # one is still refused
    assert "1 stored, 1 still refused." in said
    assert f"1 ({second}, …): kind: 'lump'" in said
    assert platform.store.readings("lamp", "lamp-9", *EVER) == [lamp(platform, "lamp-9")]
    assert run("delete", str(second)) == (0, "1 dead letters deleted.\n")
    assert run("list") == (0, "No dead letters wait.\n")
    assert str(first) in run("list", "--readmitted")[1]
    assert run("show", str(second))[0] == 1
