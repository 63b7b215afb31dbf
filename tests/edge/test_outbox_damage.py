"""A power cut, a worn card, a full disk: the outbox opens with what was synced, or puts the file aside."""

from __future__ import annotations

import random
import shutil
import sqlite3
from pathlib import Path

import pytest

from bypuls.edge.outbox import Outbox
from bypuls.wire import decode_reading, to_us


def everything(outbox: Outbox) -> dict[int, bytes]:
    found = {}
    for first, last in outbox.waiting():
        while first <= last:
            rows = outbox.batch(first, last)
            if rows is None:
                first += 1
                continue
            found |= dict(enumerate(rows.bodies, rows.first))
            first = rows.last + 1
    return found


@pytest.fixture
def killed(open_outbox, passages, clock, tmp_path: Path):
    """Files as a power cut leaves them: a base, commits in the WAL alone, and its size after each."""
    outbox = open_outbox()
    outbox.append(passages(40))
    outbox.close()
    outbox = open_outbox()
    wal = tmp_path / "outbox.db-wal"
    committed: list[tuple[int, dict[int, bytes]]] = []
    for number in range(5):
        outbox.append(passages(8, speed=30.0 + number))
        if number == 2:
            outbox.receipt([(1, 10)], to_us(clock.wall))
        committed.append((wal.stat().st_size, everything(outbox)))
    folder = tmp_path / "killed"
    folder.mkdir()
    for name in ("outbox.db", "outbox.db-wal"):
        shutil.copy(tmp_path / name, folder / name)
    outbox.close()
    return folder, committed


def test_the_wal_cut_at_every_512_bytes(killed, open_outbox) -> None:
    folder, committed = killed
    base = 40
    size = (folder / "outbox.db-wal").stat().st_size
    assert size > 20_000, "there is something to cut"
    for at in range(0, size + 1, 512):
        place = folder.parent / f"cut-{at}"
        shutil.copytree(folder, place)
        with (place / "outbox.db-wal").open("r+b") as file:
            file.truncate(at)
        outbox = open_outbox(place / "outbox.db")
        found = everything(outbox)
        expected = next((rows for end, rows in reversed(committed) if end <= at), None)
        if expected is None:
            assert set(found) == set(range(1, base + 1)), f"cut at {at}"
        else:
            # A receipt's note may be cut off where the rows before it are not: rows then are sent once more.
            assert expected.items() <= found.items(), f"cut at {at}"
        assert not outbox.quarantined
        before = max(found)
        outbox.append([])
        outbox.close()
        assert before <= 80
        shutil.rmtree(place)


def flipped(folder: Path, number: int, names: list[str], chance: random.Random) -> Path:
    place = folder.parent / f"flip-{number}"
    shutil.copytree(folder, place)
    target = place / chance.choice(names)
    data = bytearray(target.read_bytes())
    used = [at for at, byte in enumerate(data) if byte]
    data[chance.choice(used)] ^= 1 << chance.randrange(8)
    target.write_bytes(data)
    return place


def test_bits_flipped_in_base_and_wal_change_no_row(killed, open_outbox) -> None:
    folder, committed = killed
    truth = {**committed[1][1], **committed[-1][1]}
    chance = random.Random(20261123)
    for number in range(60):
        place = flipped(folder, number, ["outbox.db", "outbox.db-wal"], chance)
        outbox = open_outbox(place / "outbox.db")
        wrong = {seq: body for seq, body in everything(outbox).items() if truth.get(seq) != body}
        assert not wrong, f"flip {number}: {wrong}"
        outbox.close()
        shutil.rmtree(place)


def test_bits_flipped_in_a_closed_file_are_noticed(open_outbox, passages, clock, tmp_path: Path) -> None:
    folder = tmp_path / "closed"
    folder.mkdir()
    outbox = open_outbox(folder / "outbox.db")
    outbox.append(passages(200))
    outbox.receipt([(20, 39), (60, 69)], to_us(clock.wall))
    outbox.prune(to_us(clock.wall) + 1, 0)
    outbox.append(passages(3, timed=False))
    truth, epoch = everything(outbox), outbox.epoch
    assert len(truth) == 170
    outbox.close()
    chance = random.Random(85)
    quarantined = damaged = 0
    for number in range(300):
        place = flipped(folder, number, ["outbox.db"], chance)
        outbox = open_outbox(place / "outbox.db")
        found = everything(outbox)
        wrong = {seq: body for seq, body in found.items() if truth.get(seq) != body}
        assert not wrong, f"flip {number}: {wrong}"
        if outbox.quarantined:
            quarantined += 1
            assert all(aside.exists() for aside in outbox.quarantined)
            assert not found
        else:
            lost = outbox.stats().damaged
            damaged += lost
            assert len(found) == len(truth) - lost, f"flip {number} lost rows without a word"
            assert {outbox.batch(seq, seq).epoch for seq in found} == {epoch}
        assert outbox.append(passages(2)) == 2, "it goes on"
        outbox.close()
        outbox = open_outbox(place / "outbox.db")
        assert not outbox.quarantined, "no loop: the next start finds a sound file"
        outbox.close()
        shutil.rmtree(place)
    assert quarantined > 5, "or the flips hit nothing"
    assert damaged > 50


def test_a_damaged_row_costs_itself_alone(open_outbox, passages, tmp_path: Path, caplog) -> None:
    outbox = open_outbox()
    arrivals = passages(5)
    outbox.append(arrivals)
    outbox.close()
    db = sqlite3.connect(tmp_path / "outbox.db")
    db.execute("UPDATE rows SET body = replace(body, '40.0', '41.0') WHERE seq = 3")
    db.commit()
    db.close()
    outbox = open_outbox()
    assert {seq: decode_reading(body) for seq, body in everything(outbox).items()} == {
        seq: arrivals[seq - 1].reading for seq in (1, 2, 4, 5)
    }
    assert outbox.stats().damaged == 1
    assert "ALARM: row 3" in caplog.text
    outbox.close()
    assert list(open_outbox().waiting()) == [(1, 2), (4, 5)]


@pytest.mark.parametrize("content", [b"", b"not a database at all" * 100, b"SQLite format 3\0" + bytes(4000)])
def test_a_file_that_is_no_database(open_outbox, passages, tmp_path: Path, content: bytes, caplog) -> None:
    (tmp_path / "outbox.db").write_bytes(content)
    outbox = open_outbox()
    assert outbox.append(passages(1)) == 1
    if content:
        (aside,) = outbox.quarantined
        assert aside.read_bytes() == content
        assert "ALARM: outbox damaged" in caplog.text


def test_damage_found_while_running_begins_a_new_file_and_loses_no_new_reading(
    open_outbox, passages, tmp_path: Path
) -> None:
    outbox = open_outbox()
    for _ in range(30):
        outbox.append(passages(100))
    outbox.close()
    outbox = open_outbox()
    first_epoch = outbox.epoch
    with (tmp_path / "outbox.db").open("r+b") as file:
        file.seek(4096)
        file.write(b"\xff" * 400_000)
    outbox._db.execute("PRAGMA shrink_memory")  # or it would go on from its cache
    assert outbox.append(passages(3)) == 3
    assert outbox.quarantined
    assert outbox.epoch != first_epoch
    assert len(everything(outbox)) == 3


def test_a_disk_that_takes_nothing_refuses_and_counts_then_goes_on(
    open_outbox, passages, tmp_path: Path, caplog
) -> None:
    outbox = open_outbox()
    outbox.append(passages(2))
    limit = sqlite3.connect(tmp_path / "outbox.db", isolation_level=None, timeout=0)
    limit.execute("BEGIN IMMEDIATE")  # as good as a full disk: the write fails with an operational error
    outbox._db.execute("PRAGMA busy_timeout = 10")
    assert outbox.append(passages(3)) == 0
    assert outbox.append(passages(4)) == 0
    limit.execute("ROLLBACK")
    limit.close()
    assert outbox.append(passages(1)) == 1
    assert (outbox.stats().dropped, outbox.stats().waiting) == (7, 3)
    assert caplog.text.count("readings are refused") == 1
    assert "7 readings were refused" in caplog.text
    outbox.close()
    assert open_outbox().stats().dropped == 7
