"""`bypuls up` as a newcomer types it: a living town on one page, two side by side, and nothing left after Ctrl-C."""

from __future__ import annotations

import signal
import socket
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

import httpx

from tests.conftest import free_port

Start = Callable[..., subprocess.Popen[str]]
Until = Callable[[Callable[[], bool], float, str], None]


# Every new client reads all certificates of this machine first: asked twenty times a second, that is most of a core.
_WEB = httpx.Client(timeout=20.0, limits=httpx.Limits(max_keepalive_connections=0))


def status(url: str) -> dict[str, object]:
    try:
        answer = _WEB.get(f"{url}/api/v1/health", timeout=5.0)
    except httpx.TransportError:
        return {}
    found: dict[str, object] = answer.json()
    return found


def processes_of(folder: Path) -> list[str]:
    """Command lines of processes that name the folder."""
    found = []
    for entry in Path("/proc").iterdir():
        try:
            line = (entry / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
        except OSError:
            continue  # not a process, or gone already
        if str(folder) in line:
            found.append(line)
    return found


def test_a_living_town_and_a_second_one_beside_it(tmp_path: Path, start: Start, until: Until) -> None:
    towns = []
    for name, more in (("north", []), ("south", ["--python-broker"])):
        folder, port = tmp_path / name, free_port()
        words = ["up", "--data-dir", str(folder), "--port", str(port), "--history-days", "3", *more]
        towns.append((folder, f"http://127.0.0.1:{port}", start(words, tmp_path / f"{name}.log")))

    for folder, url, process in towns:
        until(lambda url=url: status(url).get("status") is not None, 90, f"{url} answers")  # type: ignore[misc]

        def latest(url: str = url) -> dict[str, object]:
            answer = _WEB.get(f"{url}/api/v1/latest", params={"limit": 200})
            return {item["sensor"]: item for item in answer.json()["items"] if item["state"] == "current"}

        # Every kind of wire is read: Modbus, M-Bus, 1-wire, and the lamps by their gateway.
        until(
            lambda latest=latest: {"bibliotek-electricity", "bibliotek-heat"} <= latest().keys(),  # type: ignore[misc]
            90,
            "meters speak",
        )
        devices = _WEB.get(f"{url}/api/v1/devices").json()["items"]
        until(
            lambda url=url: all(  # type: ignore[misc]
                item["online"] for item in _WEB.get(f"{url}/api/v1/devices").json()["items"]
            ),
            60,
            f"all of {len(devices)} devices are online",
        )
        page = _WEB.get(f"{url}/")
        assert page.status_code == 200, page.text[:500]
        assert "text/html" in page.headers["content-type"]
        assert process.poll() is None, (tmp_path / f"{folder.name}.log").read_text()
        # The scheduled report is made once the history is there, and is had from the page.
        made = f"{url}/api/v1/reports/schedules/maaloev-skole-monthly"
        until(lambda made=made: _WEB.get(made).json()["runs"], 90, "a report is made")  # type: ignore[misc]
        (run,) = _WEB.get(made).json()["runs"]
        assert [one["format"] for one in run["files"]] == ["pdf", "xlsx"]
        assert _WEB.get(f"{url}{run['files'][0]['href']}").content.startswith(b"%PDF-")

    for folder, url, process in towns:
        asked = time.monotonic()
        process.send_signal(signal.SIGINT)
        assert process.wait(15) == 0
        assert time.monotonic() - asked < 5.0, (tmp_path / f"{folder.name}.log").read_text()
        assert processes_of(folder) == []
        assert status(url) == {}


def test_a_taken_port_is_named(tmp_path: Path, start: Start) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        log = tmp_path / "log"
        process = start(["up", "--data-dir", str(tmp_path / "data"), "--port", str(port)], log)
        assert process.wait(60) == 1
        other = tmp_path / "other.log"
        words = ["up", "--data-dir", str(tmp_path / "data"), "--port", str(free_port()), "--broker-port", str(port)]
        assert start(words, other).wait(60) == 1
        words = ["ingest", "--data-dir", str(tmp_path / "data"), "--metrics-port", str(port)]
        assert start(words, other).wait(60) == 1
    assert f"port {port} is taken by another program; choose another with --port" in log.read_text()
    assert f"port {port} is taken by another program; choose another with --broker-port" in other.read_text()
    assert f"port {port} is taken by another program; choose another with --metrics-port" in other.read_text()


def test_a_folder_is_held_by_one(tmp_path: Path, start: Start, until: Until) -> None:
    folder, port = tmp_path / "data", free_port()
    words = ["up", "--data-dir", str(folder), "--no-town", "--port"]
    first = start([*words, str(port)], tmp_path / "first.log")
    url = f"http://127.0.0.1:{port}"
    until(lambda: status(url).get("status") is not None, 60, "the first one answers")
    log = tmp_path / "second.log"
    second = start([*words, str(free_port())], log)
    assert second.wait(60) == 1
    assert "another `bypuls up` runs in this folder" in log.read_text()
    first.send_signal(signal.SIGINT)
    assert first.wait(15) == 0


def pids(folder: Path, words: str) -> set[int]:
    """Processes of the folder whose command line holds the words; `up` itself is none of them."""
    found = set()
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                line = (entry / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
            except OSError:
                continue  # gone already
            if words in line and str(folder) in line and "bypuls.cli up" not in line:
                found.add(int(entry.name))
    return found


def test_what_dies_is_started_again(tmp_path: Path, start: Start, until: Until) -> None:
    folder, port = tmp_path / "data", free_port()
    url = f"http://127.0.0.1:{port}"
    start(["up", "--data-dir", str(folder), "--port", str(port), "--history-days", "0"], tmp_path / "log")
    until(lambda: status(url).get("newest_reading_age_s") is not None, 90, "a reading is there")

    for child in ("ingest", "api", "sim live", "edge run", "mosquitto.conf"):
        before = pids(folder, child)
        if child == "mosquitto.conf" and not before:
            continue  # the broker in Python runs in its place
        assert before, child
        victim = min(before)
        subprocess.run(["kill", "-9", str(victim)], check=True)
        killed = time.time()
        until(
            lambda child=child, before=before: bool(pids(folder, child) - before),  # type: ignore[misc]
            20,
            f"{child} runs again",
        )

        def fresh(killed: float = killed) -> bool:
            age = status(url).get("newest_reading_age_s")
            return isinstance(age, float) and time.time() - age > killed + 1.0

        until(fresh, 60, f"readings flow again after {child} was killed")


def test_nothing_outlives_a_closed_terminal_or_a_kill(tmp_path: Path, start: Start, until: Until) -> None:
    folder = tmp_path / "data"
    for number in (signal.SIGHUP, signal.SIGKILL):
        port = free_port()
        words = ["up", "--data-dir", str(folder), "--port", str(port), "--no-town", "--python-broker"]
        process = start(words, tmp_path / "log")
        until(lambda port=port: status(f"http://127.0.0.1:{port}") != {}, 60, "the page answers")  # type: ignore[misc]
        process.send_signal(number)
        assert process.wait(15) == (0 if number is signal.SIGHUP else -9)
        until(lambda: processes_of(folder) == [], 10, f"all is ended after {number.name}")
