"""The systemd unit runs the edge with little more than it needs."""

from __future__ import annotations

import configparser
import shutil
import subprocess
from pathlib import Path

import pytest

UNIT = Path(__file__).parents[2] / "edge" / "systemd" / "bypuls-edge.service"


@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="no systemd-analyze here")
def test_exposure_is_at_most_two() -> None:
    done = subprocess.run(
        ["systemd-analyze", "security", "--offline=true", "--threshold=20", "--no-pager", str(UNIT)],
        capture_output=True,
        text=True,
        check=False,
    )
    if "Unknown" in done.stderr or "unrecognized option" in done.stderr:
        pytest.skip("this systemd-analyze can't judge a file")
    assert done.returncode == 0, done.stdout.splitlines()[-1:]


def test_it_runs_what_exists_and_lets_it_ask_for_the_clock() -> None:
    unit = configparser.ConfigParser(strict=False, interpolation=None)
    unit.read_string("\n".join(line for line in UNIT.read_text(encoding="utf-8").splitlines() if "ttyACM" not in line))
    service = unit["Service"]
    assert service["ExecStart"].split()[1:4] == ["-m", "bypuls.edge", "run"]
    assert service["User"] == "bypuls-edge"
    assert int(service["WatchdogSec"]) > 0
    assert "ProtectClock" not in service, "it forbids adjtimex, by which the clock guard asks"
