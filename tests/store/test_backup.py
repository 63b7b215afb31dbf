"""A copy of a running platform's files, and its way back: equal dumps, or a word about what is wrong."""

import json
import sqlite3
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pytest

from bypuls.store.backup import FILES, InTheWay, NotABackup, back_up, restore, verify
from bypuls.store.protocol import Bins
from bypuls.store.registry import Device, Sensor, open_registry
from bypuls.store.sqlite import SqliteStore
from bypuls.wire import Lamp, to_us

NOW = datetime(2026, 3, 29, 1, 7, 2, 123456, tzinfo=UTC)


@pytest.fixture
def data_dir(tmp_path: Path) -> Path:
    folder = tmp_path / "data"
    with open_registry(folder / "registry.db") as registry, registry.session() as session:
        session.add(Device(id="pi-1", name="Pi"))
        session.flush()
        session.add(Sensor(id="lamp-1", device="pi-1", kind="lamp", name="Lamp"))
    store = SqliteStore(folder)
    store.write([Lamp(sensor="lamp-1", t=NOW + timedelta(seconds=n), power_w=20.0 + n) for n in range(500)])
    t_us = np.array([to_us(NOW) // 900_000_000 * 900_000_000])
    store.replace_bins(
        "lamp", "lamp-1", int(t_us[0]), int(t_us[0]) + 1, [Bins("lamp", "lamp-1", t_us, {"n": np.array([500.0])})]
    )
    store.close()
    return folder


def dump(folder: Path) -> dict[str, list[str]]:
    found = {}
    for name in FILES:
        with sqlite3.connect(folder / name) as connection:
            found[name] = list(connection.iterdump())
        connection.close()
    return found


def test_a_backup_wiped_and_restored_is_the_same_row_for_row(data_dir: Path, tmp_path: Path) -> None:
    before = dump(data_dir)
    (data_dir / "town.json").write_text('{"seed": 1}')
    made = back_up(data_dir, tmp_path / "copy", lambda: NOW)
    assert made.taken == NOW
    assert verify(tmp_path / "copy") == made
    assert restore(tmp_path / "copy", tmp_path / "anew") == made
    assert dump(tmp_path / "anew") == before
    assert (tmp_path / "anew" / "town.json").read_text() == '{"seed": 1}'
    assert sum(len(lines) for lines in before.values()) > 500


def test_writers_go_on_and_the_copy_is_of_one_moment(data_dir: Path, tmp_path: Path) -> None:
    store = SqliteStore(data_dir)

    def meanwhile(_name: str) -> None:
        store.write([Lamp(sensor="lamp-1", t=NOW + timedelta(days=1), power_w=1.0)])

    before = dump(data_dir)
    back_up(data_dir, tmp_path / "copy", lambda: NOW, told=meanwhile)
    store.close()
    assert dump(tmp_path / "copy") == before
    assert dump(data_dir) != before


def test_what_is_in_the_way_stays(data_dir: Path, tmp_path: Path) -> None:
    back_up(data_dir, tmp_path / "copy", lambda: NOW)
    with pytest.raises(InTheWay, match="expected a new folder"):
        back_up(data_dir, tmp_path / "copy", lambda: NOW)
    before = dump(data_dir)
    with pytest.raises(InTheWay, match=r"holds bins\.db"):
        restore(tmp_path / "copy", data_dir)
    assert dump(data_dir) == before


def test_a_changed_or_partial_copy_is_refused(data_dir: Path, tmp_path: Path) -> None:
    copy = tmp_path / "copy"
    back_up(data_dir, copy, lambda: NOW)
    whole = (copy / "bins.db").read_bytes()
    (copy / "bins.db").write_bytes(whole[:-1] + b"x")
    with pytest.raises(NotABackup, match=r"bins\.db is missing or was changed"):
        restore(copy, tmp_path / "anew")
    (copy / "bins.db").unlink()
    with pytest.raises(NotABackup, match=r"bins\.db is missing"):
        verify(copy)
    manifest = json.loads((copy / "backup.json").read_text())
    for changed in ({"bypuls_backup": 2}, {"files": {"../evil": {"bytes": 1, "sha256": "0"}}}):
        (copy / "backup.json").write_text(json.dumps(manifest | changed))
        with pytest.raises(NotABackup, match="expected"):
            verify(copy)
    (copy / "backup.json").unlink()
    with pytest.raises(
        NotABackup, match=r"in it \(No such file or directory\) — expected a folder made by bypuls backup"
    ):
        verify(copy)
    assert not (tmp_path / "anew").exists()


def test_a_folder_that_is_no_platform_is_said(tmp_path: Path) -> None:
    with pytest.raises(NotABackup, match=r"no registry\.db"):
        back_up(tmp_path, tmp_path / "copy", lambda: NOW)
    assert not (tmp_path / "copy").exists()


def test_a_damaged_source_gives_no_backup(data_dir: Path, tmp_path: Path) -> None:
    with sqlite3.connect(data_dir / "readings.db") as connection:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    connection.close()
    whole = bytearray((data_dir / "readings.db").read_bytes())
    whole[4096 * 2 : 4096 * 2 + 2000] = b"\xff" * 2000
    (data_dir / "readings.db").write_bytes(whole)
    with pytest.raises(NotABackup, match="damaged"):
        back_up(data_dir, tmp_path / "copy", lambda: NOW)
    assert not (tmp_path / "copy").exists()
