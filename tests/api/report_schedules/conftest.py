"""An office with schedules of a street and of a building, a clock that stands until it is set, and a real SMTP server.

The hall's heat is 10 kWh an hour, 20 in its Novembers; in October 2026 five days of it are unknown."""

# ruff: noqa: ARG001, ARG002 - handlers have the signatures that the server asks for

import shutil
import ssl
import subprocess
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from email import message_from_bytes
from email.message import Message
from email.policy import default
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword
from anyio.from_thread import BlockingPortal

from bypuls.api import ApiContext, ApiSettings, create_app
from bypuls.api.reports.schedule import Mailer, MailSettings, Runner, RunnerSettings
from bypuls.api.reports.schedule.due import latest_due
from bypuls.store.book import Book, ReportRun
from bypuls.store.protocol import Bins
from bypuls.store.registry import Building, Device, Registry, ReportSchedule, Sensor, Site, open_registry
from bypuls.store.sqlite import SqliteStore
from bypuls.wire import to_us
from tests.api.conftest import Client
from tests.conftest import free_port

GAP = (datetime(2026, 10, 9, 22, tzinfo=UTC), datetime(2026, 10, 14, 22, tzinfo=UTC))
"""Five local days of October that nobody measured."""


@dataclass
class Clock:
    """A clock that stands until it is set."""

    now: datetime

    def __call__(self) -> datetime:
        return self.now


class Postbox:
    """An SMTP server's handler: keeps mails, refuses what `answers` say."""

    def __init__(self) -> None:
        self.mails: list[Message] = []
        self.answers: list[str] = []
        self.refused: set[str] = set()

    async def handle_RCPT(  # noqa: N802 - the library's name
        self, server: SMTP, session: object, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        if address in self.refused:
            return "550 no such user"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server: SMTP, session: object, envelope: Envelope) -> str:  # noqa: N802
        if self.answers:
            return self.answers.pop(0)
        self.mails.append(message_from_bytes(envelope.content, policy=default))  # type: ignore[arg-type]
        return "250 OK"


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    if shutil.which("openssl") is None:
        pytest.skip("openssl isn't here to make a certificate with")
    folder = tmp_path_factory.mktemp("tls")
    key, chain = folder / "key.pem", folder / "chain.pem"
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2",
         "-keyout", str(key), "-out", str(chain), "-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost"],
        check=True, capture_output=True,
    )  # fmt: skip
    return chain, key


@pytest.fixture
def postbox() -> Postbox:
    return Postbox()


@pytest.fixture
def mailer(postbox: Postbox, certificate: tuple[Path, Path]) -> Iterator[Mailer]:
    serving = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    serving.load_cert_chain(*certificate)

    def authenticate(server: SMTP, session: object, envelope: Envelope, mechanism: str, data: Any) -> AuthResult:
        right = isinstance(data, LoginPassword) and (data.login, data.password) == (b"reports", b"secret")
        return AuthResult(success=right, handled=right)

    server = Controller(
        postbox, hostname="127.0.0.1", port=free_port(), server_hostname="localhost", tls_context=serving,
        require_starttls=True, authenticator=authenticate, auth_required=True,
    )  # fmt: skip
    server.start()
    try:
        settings = MailSettings(
            host="localhost",
            port=server.port,
            sender="bypuls@town.example",
            username="reports",
            password="secret",
            timeout_s=5,
        )
        yield Mailer(settings, context=lambda: ssl.create_default_context(cafile=str(certificate[0])))
    finally:
        server.stop()


@dataclass
class Office:
    """A registry with schedules, and runners on it."""

    registry: Registry
    book: Book
    store: SqliteStore
    clock: Clock
    folder: Path
    runner: Callable[..., Runner]

    def add(self, **row: Any) -> None:
        """A schedule, of the lane where nothing else is said."""
        with self.registry.session() as session:
            session.add(ReportSchedule(**{"site": None if "building" in row else "lane", **row}))

    def run(self, mailer: Mailer | None = None) -> list[tuple[str, str, str]]:
        """What a look at the clock's moment made: schedule, first day, state."""
        return [(run.schedule, str(run.first_day), run.state) for run in self.runner(mailer).run_due()]

    def run_files_only(self) -> None:
        """Makes what is due as if nobody got it by mail."""
        for schedule in self.registry.report_schedules():
            schedule.recipients = None
            due = latest_due(schedule, self.clock(), ZoneInfo("Europe/Copenhagen"))
            self.runner().make(schedule, due, ReportRun(schedule.id, due.first, "waiting", 0, 0, 0))

    def client(self, portal: BlockingPortal, *, key: str | None = None, **settings: Any) -> Client:
        """A client of the API and the page; without a key a browser on this machine, in the demo's open mode."""
        made = ApiSettings(open_on_loopback=key is None, rate_per_s=1e6, burst=1_000_000, reports=self.folder)
        context = ApiContext(self.store, self.registry, self.book, replace(made, **settings), self.clock)
        address, host = ("127.0.0.1", "127.0.0.1:8000") if key is None else ("192.0.2.7", "bypuls.example")
        return Client(portal, create_app(context), address, host, key or None)


@pytest.fixture
def office(tmp_path: Path, place_registry: Callable[[Path], Path]) -> Iterator[Office]:
    clock = Clock(datetime(2026, 3, 30, 10, tzinfo=UTC))
    registry = open_registry(place_registry(tmp_path), clock=clock)
    with registry.session() as session:
        session.add(Site(id="lane", name="The lane"))
    store = SqliteStore(tmp_path / "store")
    book = Book(registry)

    def runner(mailer: Mailer | None = None, owner: str = "one") -> Runner:
        settings = RunnerSettings(folder=tmp_path / "reports", owner=owner)
        return Runner(store, registry, book, settings, clock=clock, mailer=mailer)

    yield Office(registry, book, store, clock, tmp_path / "reports", runner)
    store.close()
    registry.close()


@pytest.fixture
def hall(office: Office) -> Office:
    """The office with a hall whose heat is metered."""
    with office.registry.session() as session:
        session.add(Building(id="hall", name="The hall", use="office"))
        session.add(Device(id="pi", name="Pi"))
        session.add(
            Sensor(id="heat", device="pi", kind="meter", name="Heat", building="hall", medium="heat", interval_s=3600)
        )
    begin, end = datetime(2024, 12, 31, 23, tzinfo=UTC), datetime(2026, 12, 31, 23, tzinfo=UTC)
    t_us = np.arange(to_us(begin), to_us(end), 3_600_000_000, dtype=np.int64)
    months = (t_us + 3_600_000_000).astype("datetime64[us]").astype("datetime64[M]").astype(int) % 12 + 1
    wh = np.where(months == 11, 20_000.0, 10_000.0)
    wh[(t_us >= to_us(GAP[0])) & (t_us < to_us(GAP[1]))] = np.nan
    covered = np.where(np.isnan(wh), 0.0, 3600.0)
    columns = {"n": np.ones(len(t_us)), "import_wh_delta": wh, "import_wh_covered_s": covered}
    block = Bins("meter", "heat", t_us, columns, {"medium": "heat"}, asset="hall")
    office.store.replace_bins("meter", "heat", int(t_us[0]), int(t_us[-1]) + 1, [block])
    return office
