"""python -m bypuls.edge: run, check, outbox; and what the edge must not import."""

from __future__ import annotations

import json
import os
import signal
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest

from bypuls.edge import check
from bypuls.edge.__main__ import main
from bypuls.edge.config import Sensor
from bypuls.edge.driver import DRIVERS, BadOption, Unplugged, configure, refuse_unknown
from bypuls.edge.plants import planted
from bypuls.wire import Weather

TOML = """
device = "pi-1"
[broker]
host = "127.0.0.1"
port = 9
[outbox]
path = "box/outbox.db"
commit_s = 0.02
[clock]
trust = "always"
[health]
interval_s = 0.05
"""


@pytest.fixture
def toml(tmp_path: Path) -> Path:
    file = tmp_path / "edge.toml"
    file.write_text(TOML, encoding="utf-8")
    return file


def edge(toml: Path, **env: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", "bypuls.edge", "run", str(toml)],
        env={**os.environ, **env},
        stderr=subprocess.PIPE,
        text=True,
    )


def witnessed(file: Path) -> list[dict[str, object]]:
    return [json.loads(line) for line in file.read_text(encoding="utf-8").splitlines()] if file.exists() else []


def test_run_until_sigterm_then_outbox_says_what_waits(toml: Path, tmp_path: Path, capsys) -> None:
    witness = tmp_path / "witness"
    process = edge(toml, BYPULS_WITNESS=str(witness))
    try:
        while len(witnessed(witness)) < 3:
            assert process.poll() is None
        process.send_signal(signal.SIGTERM)
        _, log = process.communicate(timeout=2.5)
    finally:
        process.kill()
    assert process.returncode == 0, log
    assert "Traceback" not in log
    assert main(["outbox", str(toml), "--json"]) == 0
    stats = json.loads(capsys.readouterr().out)
    rows = witnessed(witness)
    assert stats["waiting"] == len(rows)
    assert stats["epochs"] == {rows[0]["epoch"]: len(rows)}
    assert [row["seq"] for row in rows] == list(range(1, len(rows) + 1))
    assert json.loads(rows[0]["json"])["kind"] == "health"
    assert main(["outbox", str(toml)]) == 0
    assert f"{len(rows)} readings without a receipt" in capsys.readouterr().out


@pytest.mark.parametrize("point", ["outbox.before_commit:3", "outbox.after_commit:3"])
def test_killed_at_a_named_point_nothing_that_was_committed_is_missing(toml: Path, tmp_path: Path, point: str) -> None:
    witness = tmp_path / "witness"
    process = edge(toml, BYPULS_WITNESS=str(witness), BYPULS_CRASH_AT=point)
    process.communicate(timeout=15)
    assert process.returncode == -signal.SIGKILL
    rows = witnessed(witness)
    assert rows
    db = sqlite3.connect(tmp_path / "box" / "outbox.db")
    found = {seq: body.decode() for seq, body in db.execute("SELECT seq, body FROM rows")}
    db.close()
    assert {row["seq"]: row["json"] for row in rows}.items() <= found.items()
    assert (len(found) > len(rows)) == (point == "outbox.after_commit:3")


def test_errors_are_one_plain_line(toml: Path, capsys) -> None:
    assert main(["outbox", str(toml)]) == 1
    assert "no such file; has this edge run yet?" in capsys.readouterr().err
    toml.write_text(TOML.replace("device", "devise"), encoding="utf-8")
    assert main(["check", str(toml)]) == 1
    assert "did you mean device?" in capsys.readouterr().err
    assert main(["run", str(toml.with_name("none.toml"))]) == 1
    assert "No such file" in capsys.readouterr().err


def test_check_names_what_fails(toml: Path, capsys) -> None:
    toml.write_text(
        TOML
        + '[broker.tls]\nenabled = true\nca_file = "none.pem"\n'
        + '[[sensor]]\nid = "outdoor"\ndriver = "onewyre"\n',
        encoding="utf-8",
    )
    assert main(["check", str(toml), "--timeout", "0.5"]) == 1
    said = capsys.readouterr()
    assert "none.pem" in said.out
    assert "did you mean onewire?" in said.out
    assert "2 of 2 can't be used" in said.err


class OneShot:
    def __init__(self, items: list[object]) -> None:
        self._items = items
        self.closed = False

    def readings(self):
        for item in self._items:
            if isinstance(item, Exception):
                raise item
            yield item

    def close(self) -> None:
        self.closed = True

    def describe(self) -> str:
        return "/dev/ttyACM0, 19200 baud"


def test_check_says_what_each_sensor_says() -> None:
    def endless():
        while True:
            yield None

    made = {
        "reads": OneShot([None, Weather(sensor="reads", temp_c=8.5)]),
        "away": OneShot([Unplugged("/dev/ttyACM0: no such port")]),
        "faulty": OneShot([ZeroDivisionError("oops")]),
        "ends": OneShot([]),
        "quiet": OneShot([]),
    }
    made["quiet"].readings = endless

    class Sensors:
        sensors = tuple(Sensor(name, "x", {}) for name in made)

    found = check.check_sensors(Sensors(), lambda sensor: made[sensor.id], 0.3)  # type: ignore[arg-type]
    assert [(f.name, f.ok, f.said) for f in found] == [
        ("reads", True, "temp_c 8.5"),
        ("away", False, "Unplugged: /dev/ttyACM0: no such port"),
        ("faulty", False, "fault in the driver: ZeroDivisionError: oops"),
        ("ends", False, "the driver ended without a reading"),
        ("quiet", True, "open, and nothing to tell within 0.3 s"),
    ]
    assert all(driver.closed for driver in made.values())
    assert "/dev/ttyACM0, 19200 baud  ok     temp_c 8.5" in check.table(found)


def test_drivers_are_named_and_their_options_strict() -> None:
    with pytest.raises(BadOption, match="did you mean ops243"):
        configure("s", "ops234", {})
    with pytest.raises(BadOption, match="module no_such_module installed: pip install"):
        configure("s", "x", {}, {"x": "no_such_module:configure"})
    with pytest.raises(BadOption, match="sensor s, option prot: 1 — expected no such option; did you mean port"):
        refuse_unknown("s", {"prot": 1}, ("port", "baud"))
    assert {target.partition(":")[2] for target in DRIVERS.values()} == {"configure"}


def test_planted_faults_are_loud_and_named(caplog) -> None:
    assert not planted({}).no_fsync
    assert planted({"BYPULS_PLANT": "no-fsync"}).no_fsync
    assert "LOSES READINGS" in caplog.text
    with pytest.raises(ValueError, match="expected delete-on-puback or no-fsync"):
        planted({"BYPULS_PLANT": "nofsync"})


def test_the_edge_imports_nothing_heavy() -> None:
    code = (
        "import sys, bypuls.edge.__main__; "
        "print([m for m in ('numpy', 'pandas', 'pydantic', 'sqlalchemy', 'orjson', 'pymodbus') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
