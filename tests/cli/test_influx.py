"""The commands on an InfluxDB that isn't there or doesn't let them in: plain words, and going on once it is mended."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Protocol

Start = Callable[..., subprocess.Popen[str]]
Until = Callable[[Callable[[], bool], float, str], None]


class Influx(Protocol):
    url: str
    token: str

    def influxql(self, statement: str, *, authorised: bool = True) -> bytes: ...
    def stop(self) -> None: ...
    def start(self) -> None: ...


def test_no_token_and_no_address_are_told_in_plain_words(tmp_path: Path) -> None:
    for url, token, said in (
        ("http://127.0.0.1:1", "", "expected it in BYPULS_INFLUX_TOKEN"),
        ("influx.example.dk", "x", "expected http://"),
        ("http://127.0.0.1:1", "x", "refused"),
    ):
        done = subprocess.run(
            [sys.executable, "-m", "bypuls.cli", "sim", "history", "--data-dir", str(tmp_path), "--influx-url", url],
            capture_output=True,
            text=True,
            check=False,
            env={"BYPULS_INFLUX_TOKEN": token},
        )
        assert done.returncode == 1
        assert done.stderr.splitlines()[-1].startswith("bypuls: ")
        assert said in done.stderr
        assert "Traceback" not in done.stderr


def test_ingest_waits_for_an_influxdb_that_starts_later(
    tmp_path: Path, own_influx: Influx, start: Start, until: Until
) -> None:
    own_influx.stop()
    log = tmp_path / "ingest.log"
    words = ["ingest", "--data-dir", str(tmp_path), "--influx-url", own_influx.url, "--broker-port", "1"]
    process = start(words, log, {"BYPULS_INFLUX_TOKEN": own_influx.token, "BYPULS_INFLUX_ORG": ""})
    until(lambda: "the buckets can't be looked after yet" in log.read_text(), 30, "ingest says that it waits")
    own_influx.start()
    until(lambda: b"bypuls_rollup" in own_influx.influxql("SHOW DATABASES"), 30, "the buckets are made")
    assert process.poll() is None
