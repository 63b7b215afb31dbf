"""The server's disk is gone; a backup comes back, and the devices send again what had come since."""

from __future__ import annotations

import shutil
import sys
from datetime import UTC, datetime
from subprocess import run

from rig.oracle import PromiseBroken
from rig.platform import Platform


def bypuls(*words: str) -> str:
    done = run([sys.executable, "-m", "bypuls.cli", *words], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_a_restored_backup_is_filled_up_by_the_devices(platform: Platform) -> None:
    edges = [platform.edge(f"pi-{number}") for number in range(2)]
    for edge in edges:
        platform.start(edge)
    worker = platform.ingest()
    platform.wait_flowing()
    copy = platform.folder / "copy"
    bypuls("backup", str(copy), "--data-dir", str(platform.data))
    taken = datetime.now(UTC)
    platform.wait_flowing()
    for edge in edges:
        edge.wait_accepted(60)
    platform.settle()

    worker.stop()
    platform.close_files()
    shutil.rmtree(platform.data)
    said = bypuls("restore", str(copy), "--data-dir", str(platform.data))
    platform.open_files()
    platform.start_ingest(worker)
    try:
        platform.judge()
    except PromiseBroken:
        pass  # what came after the backup is not there yet: or there would be nothing to show
    else:
        raise AssertionError("nothing was lost with the disk: the copy was made too late")
    (command,) = (line.split()[1:] for line in said.splitlines() if line.strip().startswith("bypuls devices"))
    assert command[:3] == ["devices", "send-again", "--all"]
    assert datetime.fromisoformat(command[-1]) <= taken
    told = bypuls(*command, "--data-dir", str(platform.data), "--broker-port", str(platform.broker.port))
    assert sorted(told.split("\n")[:2]) == ["pi-0: asked", "pi-1: asked"]
    found = platform.settle()
    assert found.stored > 200
