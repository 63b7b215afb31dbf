"""Real servers for tests: an InfluxDB, a PostgreSQL and MQTT brokers, each a process of its own on free ports.

Tests that need one ask for `influx_server`, `own_influx`, `postgres_server`, `mosquitto_broker` or
`mosquitto_factory`; where the program
isn't installed they are skipped with the reason. Nothing is left running: fixtures end what they started.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import socket
import subprocess
import tempfile
import time
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, settings

# A busy machine is slow, not wrong: no property fails by the clock on the wall.
settings.register_profile("house", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("house")

REPOSITORY = Path(__file__).resolve().parents[1]
START_TIMEOUT_S = 30.0

# Tests that start whole platforms, a dozen processes each, and hold them to seconds.
PLATFORMS = ("tests/reliability/", "tests/cli/test_up.py", "tests/cli/test_main_job.py", "tests/cli/test_influx.py")

_INFLUX_CONF = """
reporting-disabled = true
bind-address = "127.0.0.1:0"
[meta]
  dir = "{folder}/meta"
[data]
  dir = "{folder}/data"
  wal-dir = "{folder}/wal"
  index-version = "tsi1"
  query-log-enabled = false
[monitor]
  store-enabled = false
[http]
  bind-address = "127.0.0.1:{port}"
  auth-enabled = true
  flux-enabled = true
  log-enabled = false
"""

_MOSQUITTO_CONF = """
listener {port} 127.0.0.1
allow_anonymous true
persistence false
log_dest stdout
{user}
"""


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Any:
    """A module stays in one worker, so that its fixtures are made once; all tests that start whole platforms stay in
    one, too: two at once would keep each other waiting."""
    from xdist.scheduler import LoadFileScheduling

    class Scheduling(LoadFileScheduling):
        def _split_scope(self, nodeid: str) -> str:
            if nodeid.startswith(PLATFORMS):
                return "platforms"
            # The days of a town that dashboards are tried on are laid down once, too.
            return "grafana" if nodeid.startswith("tests/grafana/") else super()._split_scope(nodeid)

    return Scheduling(config, log)


def free_port() -> int:
    """A TCP port of 127.0.0.1 that was free a moment ago."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


class ServerProcess:
    """A server process on `host`:`port`; `stop`, `kill` and `restart` keep its port and its folder."""

    host = "127.0.0.1"

    def __init__(self, program: str, folder: Path) -> None:
        self.program = program
        self.folder = folder
        self.port = 0
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def pid(self) -> int:
        """The process's id. Raises RuntimeError where it doesn't run."""
        if self._process is None:
            raise RuntimeError(f"{self.program} does not run")
        return self._process.pid

    @property
    def log(self) -> str:
        """What the server has said until now."""
        path = self.folder / "server.log"
        return path.read_text(errors="replace") if path.exists() else ""

    def command(self) -> list[str]:
        """Writes the configuration and gives the command that starts the server."""
        raise RuntimeError(f"{type(self).__name__} names no command")

    def is_ready(self) -> bool:
        """Whether the server answers."""
        with contextlib.closing(socket.socket()) as probe:
            probe.settimeout(0.5)
            return probe.connect_ex((self.host, self.port)) == 0

    def start(self) -> None:
        """Starts the server and returns when it answers. Raises RuntimeError with its last words."""
        if self._process is not None:
            raise RuntimeError(f"{self.program} runs already")
        first_time = self.port == 0
        for _ in range(5):
            if first_time:
                self.port = free_port()
            if self._launch():
                return
        raise RuntimeError(f"{self.program} did not start:\n{self.log[-2000:]}")

    def _launch(self) -> bool:
        with (self.folder / "server.log").open("ab") as log:
            process = subprocess.Popen(
                self.command(), stdin=subprocess.DEVNULL, stdout=log, stderr=subprocess.STDOUT, start_new_session=True
            )
        self._process = process
        deadline = time.monotonic() + START_TIMEOUT_S
        while time.monotonic() < deadline:
            # Waiting for the process's end is the pause between two looks: whoever dies early is noticed at once.
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(0.02)
                break
            if self.is_ready():
                return True
        self.kill()
        return False

    def stop(self) -> None:
        """Ends the server in good order (SIGTERM)."""
        process, self._process = self._process, None
        if process is None:
            return
        process.terminate()
        try:
            process.wait(15)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()

    def kill(self) -> None:
        """Ends the server at once (SIGKILL)."""
        process, self._process = self._process, None
        if process is not None:
            process.kill()
            process.wait()

    def restart(self) -> None:
        """Stops the server where it still runs and starts it on the same port."""
        self.stop()
        self.start()


class PostgresServer(ServerProcess):
    """A PostgreSQL of the tests, without passwords, on this machine alone. It refuses to run as root, and then runs as
    nobody: its folder is a short-lived one that is nobody's."""

    def __init__(self, program: str, folder: Path) -> None:
        super().__init__(program, folder)
        self._as_other = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"] if os.getuid() == 0 else []
        if self._as_other:
            os.chown(folder, 65534, 65534)
        initdb = [str(Path(program).with_name("initdb")), "-D", str(folder / "data"), "-A", "trust", "-U", "tests"]
        subprocess.run(
            [*self._as_other, *initdb, "-E", "UTF8", "--locale=C", "--no-sync"], check=True, capture_output=True
        )
        self._databases = 0

    def command(self) -> list[str]:
        settings = (f"port={self.port}", f"listen_addresses={self.host}", "unix_socket_directories=", "fsync=off")
        options = [word for setting in settings for word in ("-c", setting)]
        return [*self._as_other, self.program, "-D", str(self.folder / "data"), *options]

    def is_ready(self) -> bool:
        from sqlalchemy import create_engine
        from sqlalchemy.exc import OperationalError

        engine = create_engine(self.url("postgres"))
        try:
            engine.connect().close()
        except OperationalError:
            return False
        finally:
            engine.dispose()
        return True

    def url(self, database: str) -> str:
        """The address of a database."""
        return f"postgresql+psycopg://tests@{self.host}:{self.port}/{database}"

    def new_database(self) -> str:
        """The address of a database with nothing in it."""
        from sqlalchemy import create_engine, text

        self._databases += 1
        name = f"d{self._databases}"
        engine = create_engine(self.url("postgres"), isolation_level="AUTOCOMMIT")
        with engine.connect() as connection:
            connection.execute(text(f"CREATE DATABASE {name}"))
        engine.dispose()
        return self.url(name)


class MosquittoBroker(ServerProcess):
    """A mosquitto with its own defaults (persistence off, queue of 1,000); `extra` lines go into its configuration."""

    def __init__(self, program: str, folder: Path, extra: str = "") -> None:
        super().__init__(program, folder)
        self.extra = extra

    def command(self) -> list[str]:
        path = self.folder / "mosquitto.conf"
        # Started by root, mosquitto would change to a user that may not read the test's folder.
        user = "user root" if os.geteuid() == 0 else ""
        path.write_text(_MOSQUITTO_CONF.format(port=self.port, user=user) + self.extra)
        return [self.program, "-c", str(path)]


class InfluxServer(ServerProcess):
    """An InfluxDB 1.12 with Flux and authorisation; speaks the 2.x calls for writing, Flux, deleting and buckets."""

    token = "bypuls:correct-horse"
    org = ""

    @property
    def url(self) -> str:
        """Where the server answers."""
        return f"http://{self.host}:{self.port}"

    def command(self) -> list[str]:
        path = self.folder / "influxdb.conf"
        path.write_text(_INFLUX_CONF.format(folder=self.folder, port=self.port))
        return [self.program, "-config", str(path)]

    def is_ready(self) -> bool:
        try:
            with urllib.request.urlopen(f"{self.url}/ping", timeout=1) as answer:
                return bool(answer.status == 204)
        except (urllib.error.URLError, ConnectionError, TimeoutError):
            return False

    def add_admin(self) -> None:
        """Creates the user of `token`: what an operator does once on a fresh server."""
        user, password = self.token.split(":")
        self.influxql(f"CREATE USER {user} WITH PASSWORD '{password}' WITH ALL PRIVILEGES", authorised=False)

    def influxql(self, statement: str, *, authorised: bool = True) -> bytes:
        """The answer to an InfluxQL statement; for what an operator does by hand."""
        headers = {"Authorization": f"Token {self.token}"} if authorised else {}
        body = urllib.parse.urlencode({"q": statement}).encode()
        request = urllib.request.Request(f"{self.url}/query", data=body, headers=headers)
        with urllib.request.urlopen(request, timeout=10) as answer:
            return bytes(answer.read())


def find_program(name: str, variable: str, *places: Path) -> str:
    """The path of a program by environment variable, the given places or PATH; skips the test where there is none."""
    named = os.environ.get(variable)
    if named:
        if not os.access(named, os.X_OK):
            pytest.fail(f"{variable}: {named!r} — expected an executable file")
        return named
    for place in places:
        if os.access(place, os.X_OK):
            return str(place)
    found = shutil.which(name)
    if found is None:
        pytest.skip(f"no {name} on this machine: set {variable}, or put it on PATH or at {places[0]}")
    return found


@pytest.fixture(scope="session")
def empty_registry_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The file of a registry with nothing in it, closed: migrating costs more than most tests do."""
    from bypuls.store.registry import open_registry

    path = tmp_path_factory.mktemp("template") / "registry.db"
    open_registry(path).close()
    return path


@pytest.fixture(scope="session")
def place_registry(empty_registry_file: Path) -> Callable[[Path], Path]:
    """Puts a copy of the empty registry into a folder, made where it is missing, and says where it is."""

    def place(folder: Path) -> Path:
        folder.mkdir(parents=True, exist_ok=True)
        return Path(shutil.copyfile(empty_registry_file, folder / "registry.db"))

    return place


@pytest.fixture(scope="session")
def influx_program() -> str:
    """The path of influxd."""
    return find_program("influxd", "BYPULS_INFLUXD", REPOSITORY / ".cache/bin/influxd")


def _influx(program: str, folder: Path) -> Iterator[InfluxServer]:
    server = InfluxServer(program, folder)
    try:
        server.start()
        server.add_admin()
        yield server
    finally:
        server.stop()


@pytest.fixture(scope="session")
def influx_server(influx_program: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[InfluxServer]:
    """One InfluxDB for the whole run (url, token, org). Shared: keep to your own sensors or buckets, never stop it."""
    yield from _influx(influx_program, tmp_path_factory.mktemp("influxd"))


@pytest.fixture
def own_influx(influx_program: str, tmp_path: Path) -> Iterator[InfluxServer]:
    """An InfluxDB of this test's own, to be stopped, killed and restarted at will."""
    folder = tmp_path / "influxd"
    folder.mkdir()
    yield from _influx(influx_program, folder)


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[PostgresServer]:
    """One PostgreSQL for the whole run; `new_database()` gives a database of a test's own."""
    pytest.importorskip("psycopg", reason="psycopg is not installed: pip install 'bypuls[postgres]'")
    places = sorted(Path("/usr/lib/postgresql").glob("*/bin/postgres"), reverse=True)
    program = find_program("postgres", "BYPULS_POSTGRES", *places, Path("/usr/lib/postgresql/15/bin/postgres"))
    # Not below pytest's own folder, which only its owner may enter.
    with tempfile.TemporaryDirectory(prefix="bypuls-postgres-", ignore_cleanup_errors=True) as folder:
        server = PostgresServer(program, Path(folder))
        try:
            server.start()
            yield server
        finally:
            server.stop()


@pytest.fixture(scope="session")
def mosquitto_factory(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[..., MosquittoBroker]]:
    """Makes running brokers: `mosquitto_factory(extra="…")`, `extra` being further lines of mosquitto.conf."""
    program = find_program("mosquitto", "BYPULS_MOSQUITTO", Path("/usr/sbin/mosquitto"))
    with contextlib.ExitStack() as running:

        def make(extra: str = "") -> MosquittoBroker:
            broker = MosquittoBroker(program, tmp_path_factory.mktemp("mosquitto"), extra)
            running.callback(broker.stop)
            broker.start()
            return broker

        yield make


@pytest.fixture
def mosquitto_broker(mosquitto_factory: Callable[..., MosquittoBroker]) -> Iterator[MosquittoBroker]:
    """A mosquitto of this test's own: host, port, stop(), kill(), restart()."""
    broker = mosquitto_factory()
    yield broker
    broker.stop()
