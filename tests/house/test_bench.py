"""bench/run.py: finds the benches, prints goals and verdicts, goes on when one raises."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROW = "from rows import Row\ndef run():\n    return [Row({!r}, {}, {!r}, {!r})]\n"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "bench_fast.py").write_text(ROW.format("query p95", 21.5, "ms", "< 100"), encoding="utf-8")
    return tmp_path


def bench(root: Path, folder: Path, *names: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, str(root / "bench" / "run.py"), "--folder", str(folder), *names]
    return subprocess.run(command, capture_output=True, text=True, env={**os.environ, "COLUMNS": "160"}, check=False)


def test_a_met_goal_is_green(root: Path, folder: Path) -> None:
    done = bench(root, folder)
    assert done.returncode == 0, done.stdout + done.stderr
    assert all(word in done.stdout for word in ("fast", "query p95", "21.5", "ms", "< 100", "met"))


def test_a_missed_goal_is_named(root: Path, folder: Path) -> None:
    (folder / "bench_slow.py").write_text(ROW.format("replay rate", 9_999, "readings/s", ">= 10,000"), encoding="utf-8")
    done = bench(root, folder)
    assert done.returncode == 1
    assert "MISSED" in done.stdout
    assert "Goals missed: slow: replay rate" in done.stdout


def test_one_that_raises_is_shown_and_the_others_go_on(root: Path, folder: Path) -> None:
    (folder / "bench_broken.py").write_text("def run():\n    raise OSError('the broker [is] away')\n", encoding="utf-8")
    done = bench(root, folder)
    assert done.returncode == 1
    assert "OSError: the broker [is] away" in done.stdout
    assert "Raised: broken" in done.stdout
    assert "query p95" in done.stdout


def test_one_is_chosen_by_name(root: Path, folder: Path) -> None:
    (folder / "bench_broken.py").write_text("raise OSError('not asked for')\n", encoding="utf-8")
    assert bench(root, folder, "fast").returncode == 0
    assert "there is: broken, fast" in bench(root, folder, "lost").stderr


def test_a_goal_that_is_no_bound_is_refused(root: Path, folder: Path) -> None:
    (folder / "bench_vague.py").write_text(ROW.format("speed", 1, "ms", "fast"), encoding="utf-8")
    done = bench(root, folder)
    assert done.returncode == 1
    assert "goal 'fast': expected a sign" in done.stdout
