"""A disk that is full: what can't be kept is refused and counted, and it goes on when there is room again."""

from __future__ import annotations

import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from rig.load import produced
from rig.oracle import witnessed
from rig.processes import until

from bypuls.wire import Passage, decode_reading

GOES_ON_S = 5.0


@pytest.fixture
def small_disk() -> Iterator[Callable[[Path, int], Path]]:
    """`small_disk(folder, kb)` mounts a disk of that size there; gives a file whose deletion makes room."""
    mounted: list[Path] = []

    def mount(folder: Path, size_kb: int, left_kb: int) -> Path:
        kept = {path.name: path.read_bytes() for path in folder.iterdir()}
        command = ["mount", "-t", "tmpfs", "-o", f"size={size_kb}k", "tmpfs", str(folder)]
        try:
            done = subprocess.run(command, capture_output=True, text=True, check=False)
        except FileNotFoundError:
            pytest.skip("no `mount` here")
        if done.returncode:
            pytest.skip(f"a small disk can't be mounted here: {done.stderr.strip()}")
        mounted.append(folder)
        for name, content in kept.items():
            (folder / name).write_bytes(content)
        ballast = folder / "ballast"
        ballast.write_bytes(bytes((size_kb - left_kb) * 1024 - sum(map(len, kept.values()))))
        return ballast

    yield mount
    for folder in mounted:
        subprocess.run(["umount", "--lazy", str(folder)], check=True)


def test_a_full_card_refuses_and_counts(platform, small_disk) -> None:
    edge = platform.edge("pi-1", rate_hz=200, ghost_hz=0)
    ballast = small_disk(edge.folder, 16_384, 400)
    platform.start(edge)
    until(lambda: "readings are refused" in edge.log, "the card is full", 20)
    refused_at = edge.accepted()
    platform.judge()
    ballast.unlink()
    goes_on_s = until(lambda: edge.accepted() > refused_at + 50, "it goes on", 15)
    assert goes_on_s < GOES_ON_S
    platform.ingest()
    platform.wait_flowing()
    platform.settle()
    edge.stop()
    stats = edge.stats()
    assert stats is not None
    sensor = "pi-1-radar"
    readings = [decode_reading(body) for body in witnessed([edge.witness]).values()]
    accepted = [reading for reading in readings if isinstance(reading, Passage)]
    refused = len(produced(edge.journal(sensor))) - len(accepted)
    assert refused > 0
    assert stats.dropped == refused, "what was refused was counted"


def test_a_full_server_costs_nothing(platform, small_disk) -> None:
    edge = platform.edge("pi-1", rate_hz=200)
    platform.close_files()
    ballast = small_disk(platform.data, 16_384, 400)
    platform.open_files()
    platform.start(edge)
    worker = platform.ingest()
    until(lambda: "ingest waits" in worker.log, "the store is full", 30)
    edge.wait_accepted(1_500)
    platform.judge()
    ballast.unlink()
    assert platform.wait_flowing(within_s=15) < GOES_ON_S
    platform.settle()
