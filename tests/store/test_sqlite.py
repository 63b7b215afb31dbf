"""The embedded store used by several processes at once, from its first moment on."""

from __future__ import annotations

import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

import pytest

from bypuls.store.protocol import Misconfigured, Unavailable
from bypuls.store.sqlite import SqliteStore
from bypuls.wire import Lamp

T0 = datetime(2026, 11, 23, tzinfo=UTC)

CHILD = """
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from bypuls.store.sqlite import SqliteStore
from bypuls.wire import Lamp
print("ready", flush=True)
sys.stdin.readline()
store = SqliteStore(Path(sys.argv[1]))
t0 = datetime(2026, 11, 23, tzinfo=UTC)
for n in range(10):
    store.write([Lamp(sensor=s, t=t0 + timedelta(seconds=n), power_w=n) for s in ("shared", sys.argv[2])])
store.close()
"""


def test_processes_that_start_together_make_one_store_and_write_it(tmp_path: Path) -> None:
    for attempt in range(3):
        folder = tmp_path / str(attempt)
        children = [
            subprocess.Popen(
                [sys.executable, "-W", "error", "-c", CHILD, str(folder), f"own-{n}"],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                text=True,
            )
            for n in range(4)
        ]
        for child in children:
            assert child.stdout is not None
            assert child.stdout.readline() == "ready\n"
        for child in children:
            assert child.stdin is not None
            child.stdin.write("go\n")
            child.stdin.flush()
        for child in children:
            child.communicate(timeout=60)
            assert child.returncode == 0
        store = SqliteStore(folder)
        for sensor in ("shared", *(f"own-{n}" for n in range(4))):
            assert len(store.readings("lamp", sensor, 0, 2**62)) == 10
        store.close()


def test_a_file_that_is_no_database_is_the_operators(tmp_path: Path) -> None:
    (tmp_path / "readings.db").write_bytes(b"this is not a database, however long it may be" * 40)
    with pytest.raises(Misconfigured, match=r"readings.db: .* restore"):
        SqliteStore(tmp_path)


def test_a_disk_without_room_is_an_outage_and_the_batch_is_whole_or_not_there(tmp_path: Path) -> None:
    store = SqliteStore(tmp_path)
    lamps = [Lamp(sensor=f"lamp-{n}", t=T0, power_w=1.0) for n in range(5_000)]
    pages = store._raw._writer.execute("PRAGMA page_count").fetchone()[0]
    store._raw._writer.execute(f"PRAGMA max_page_count = {pages + 5}")
    with pytest.raises(Unavailable, match="full"):
        store.write(lamps)
    assert store.latest("lamp", ["lamp-0"]) == {}
    store._raw._writer.execute("PRAGMA max_page_count = 1000000")
    store.write(lamps)
    assert len(store.latest("lamp", [lamp.sensor for lamp in lamps])) == 5_000
    store.close()
