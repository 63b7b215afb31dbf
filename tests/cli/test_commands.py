"""The commands that need no broker: help, registry, keys, dead letters, and plain words for what is wrong."""

from __future__ import annotations

import subprocess
import sys
from importlib.metadata import version
from pathlib import Path

import pytest
from typer.testing import CliRunner

from bypuls.cli.app import app
from bypuls.cli.replay import span
from bypuls.cli.up import mosquitto_conf
from bypuls.store.registry import ENTITIES, open_registry, verify_key
from tests.conftest import free_port

COMMANDS = ["up", "ingest", "api", "replay", "sim", "registry", "keys", "grafana", "dead-letters", "version"]


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch) -> CliRunner:
    monkeypatch.setenv("COLUMNS", "200")
    return CliRunner()


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_explains_itself(run: CliRunner, command: str) -> None:
    done = run.invoke(app, [command, "--help"])
    assert done.exit_code == 0
    assert "Usage" in done.output


def test_version(run: CliRunner) -> None:
    assert run.invoke(app, ["version"]).output.strip() == version("bypuls")


def test_registry_round_trip(run: CliRunner, tmp_path: Path) -> None:
    data, out = str(tmp_path / "data"), tmp_path / "out"
    assert run.invoke(app, ["sim", "registry", "--data-dir", data]).exit_code == 0
    done = run.invoke(app, ["registry", "export", "all", str(out), "--data-dir", data])
    assert done.exit_code == 0, done.output
    assert {path.stem for path in out.iterdir()} == set(ENTITIES)
    for entity in ENTITIES:
        done = run.invoke(app, ["registry", "import", entity, str(out / f"{entity}.csv"), "--data-dir", data])
        assert done.exit_code == 0, done.output
        assert " 0 created, 0 changed" in done.output


def test_a_bad_file_changes_nothing_and_says_why(run: CliRunner, tmp_path: Path) -> None:
    file = tmp_path / "sites.csv"
    file.write_text("id,name\nhovedgaden,Hovedgaden\nUPPER,Bad\n")
    done = run.invoke(app, ["registry", "import", "site", str(file), "--data-dir", str(tmp_path)])
    assert done.exit_code == 1
    assert "line 3: id: 'UPPER'" in done.output
    assert "Nothing was changed" in done.output
    with open_registry(tmp_path / "registry.db") as registry:
        assert registry.sites() == []


def test_an_unknown_table_is_answered_with_the_nearest(run: CliRunner, tmp_path: Path) -> None:
    done = run.invoke(app, ["registry", "export", "sites", str(tmp_path / "x.csv"), "--data-dir", str(tmp_path)])
    assert done.exit_code == 1
    assert "site" in done.output


def test_keys_live_and_die(run: CliRunner, tmp_path: Path) -> None:
    data = ["--data-dir", str(tmp_path)]
    token = run.invoke(app, ["keys", "add", "dashboard", "--scope", "read", *data]).output.strip()
    with open_registry(tmp_path / "registry.db") as registry:
        key = verify_key(registry, token, registry.clock())
        assert key is not None
        assert key.scopes == {"read"}
        assert token not in run.invoke(app, ["keys", "list", *data]).output
        assert run.invoke(app, ["keys", "revoke", key.id, *data]).exit_code == 0
        assert verify_key(registry, token, registry.clock()) is None
    done = run.invoke(app, ["keys", "add", "x", "--scope", "reed", *data])
    assert done.exit_code == 1
    assert "read" in done.output


def test_no_dead_letters(run: CliRunner, tmp_path: Path) -> None:
    data = ["--data-dir", str(tmp_path)]
    assert "No dead letters" in run.invoke(app, ["dead-letters", "list", *data]).output
    assert run.invoke(app, ["dead-letters", "show", "7", *data]).exit_code == 1


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["replay", "no-such-file.jsonl"], "no-such-file.jsonl"),
        (["replay", "pyproject.toml", "--map", "telram"], "telraam"),
        (["replay", "pyproject.toml", "--map", "telraam", "--shift", "soon"], "expected"),
        (["api", "--open", "--host", "0.0.0.0"], "open_on_loopback"),
        (["up", "--influx-url", "influx.example.dk"], "BYPULS_INFLUX_TOKEN"),
    ],
)
def test_mistakes_are_told_in_plain_words(run: CliRunner, tmp_path: Path, words: list[str], said: str) -> None:
    data = [] if words[0] == "replay" else ["--data-dir", str(tmp_path)]
    port = ["--port", str(free_port())] if words[0] == "up" else []  # a platform of one's own may have the usual one
    done = run.invoke(app, [*words, *data, *port])
    assert done.exit_code == 1
    assert said in done.output
    assert "Traceback" not in done.output


def test_a_recording_without_a_usable_row_says_why_and_fails(run: CliRunner, tmp_path: Path) -> None:
    empty, nothing_right = tmp_path / "empty.jsonl", tmp_path / "bad.jsonl"
    empty.write_text("")
    nothing_right.write_text("no json\n")
    done = run.invoke(app, ["replay", str(empty)])
    assert done.exit_code == 1
    assert "the files are empty" in done.output
    done = run.invoke(app, ["replay", str(nothing_right)])
    assert done.exit_code == 1
    assert "bad.jsonl row 1: no JSON" in done.output


@pytest.mark.parametrize(("text", "seconds"), [("90s", 90), ("-2h", -7200), ("30d", 2_592_000), ("15m", 900)])
def test_spans(text: str, seconds: int) -> None:
    assert span(text).total_seconds() == seconds


@pytest.mark.parametrize("text", ["", "5", "1w", "1.5h", "now"])
def test_what_is_no_span(text: str) -> None:
    with pytest.raises(ValueError, match="--shift"):
        span(text)


def test_the_demos_broker_is_for_this_machine_alone() -> None:
    assert "listener 1999 127.0.0.1" in mosquitto_conf(1999)


def test_without_the_platforms_libraries_the_command_says_what_to_install(tmp_path: Path) -> None:
    (tmp_path / "typer.py").write_text("raise ModuleNotFoundError(\"No module named 'typer'\", name='typer')\n")
    code = f"import sys; sys.path.insert(0, {str(tmp_path)!r}); from bypuls.cli import main; main()"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert "pip install 'bypuls[server,sim]'" in done.stderr


def test_a_server_goes_without_the_simulation(tmp_path: Path) -> None:
    (tmp_path / "pymodbus.py").write_text(
        "raise ModuleNotFoundError(\"No module named 'pymodbus'\", name='pymodbus')\n"
    )
    code = f"import sys; sys.path.insert(0, {str(tmp_path)!r}); from bypuls.cli import main; main()"

    def bypuls(*words: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run([sys.executable, "-c", code, *words], capture_output=True, text=True, check=False)

    assert bypuls("ingest", "--help").returncode == 0
    assert bypuls("api", "--help").returncode == 0
    done = bypuls("up", "--port", "1")
    assert done.returncode == 1
    assert "bypuls[server,sim]" in done.stderr
