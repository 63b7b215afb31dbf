"""Processes of `bypuls up`: one that waits for another's end starts then, and not before."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from pathlib import Path

from bypuls.cli.children import Child, stop_all

Until = Callable[[Callable[[], bool], float, str], None]


def watched(children: list[Child]) -> None:
    for child in children:
        child.watch(time.monotonic())


def test_what_comes_after_the_history_waits_for_its_end(tmp_path: Path, until: Until) -> None:
    go = tmp_path / "go"
    waiting = f"import pathlib, time\nwhile not pathlib.Path({str(go)!r}).exists(): time.sleep(0.02)"
    first = Child("history", [sys.executable, "-c", waiting], tmp_path / "first.log", once=True)
    then = Child("reports", [sys.executable, "-c", "import time; time.sleep(60)"], tmp_path / "then.log", after=first)
    try:
        first.start()
        for _ in range(5):
            watched([first, then])
            assert not then.running
        go.touch()

        def started() -> bool:
            watched([first, then])
            return then.running

        until(started, 30, "the second one runs")
        assert first.ended
    finally:
        stop_all([first, then], within_s=1.0)
    assert not then.running


def test_a_history_that_fails_lets_nobody_begin(tmp_path: Path, until: Until) -> None:
    first = Child("history", [sys.executable, "-c", "raise SystemExit(1)"], tmp_path / "first.log", once=True)
    then = Child("reports", [sys.executable, "-c", "import time; time.sleep(60)"], tmp_path / "then.log", after=first)
    try:
        first.start()
        until(lambda: not first.running, 30, "the first one has failed")
        watched([first, then])
        assert not then.running
    finally:
        stop_all([first, then], within_s=1.0)
