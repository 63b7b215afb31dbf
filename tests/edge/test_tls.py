"""The link over TLS: a broker with our authority's certificate is accepted, any other is not, nor is an old TLS."""

from __future__ import annotations

import os
import shutil
import socket
import ssl
import subprocess
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from bypuls.edge.config import Broker, Tls
from bypuls.edge.link import Connected, Ended, PahoLink, tls_context

MOSQUITTO = shutil.which("mosquitto", path=f"{os.environ.get('PATH', '')}:/usr/sbin")
OPENSSL = shutil.which("openssl")

pytestmark = pytest.mark.skipif(MOSQUITTO is None or OPENSSL is None, reason="needs mosquitto and openssl")


def openssl(*arguments: str) -> None:
    subprocess.run([OPENSSL or "openssl", *arguments], check=True, capture_output=True)


@pytest.fixture(scope="module")
def pki(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two authorities; `town` has signed the broker (for 127.0.0.1) and a device, `other` a device of its own."""
    folder = tmp_path_factory.mktemp("pki")
    new = ("req", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2")
    for name in ("town", "other"):
        files = ("-keyout", str(folder / f"{name}.key"), "-out", str(folder / f"{name}.pem"))
        openssl(*new, "-x509", "-subj", f"/CN={name}", *files)
    for name, authority in (("broker", "town"), ("pi-1", "town"), ("foreign", "other")):
        signed = ("-CA", str(folder / f"{authority}.pem"), "-CAkey", str(folder / f"{authority}.key"))
        files = ("-keyout", str(folder / f"{name}.key"), "-out", str(folder / f"{name}.pem"))
        openssl(*new, "-x509", *signed, "-subj", f"/CN={name}", "-addext", "subjectAltName=IP:127.0.0.1", *files)
    return folder


@pytest.fixture(scope="module")
def port(pki: Path) -> Iterator[int]:
    """A broker that wants a certificate of the town's authority."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        number = probe.getsockname()[1]
    lines = [f"listener {number} 127.0.0.1", "user root", "allow_anonymous true", "require_certificate true"]
    lines += [f"cafile {pki / 'town.pem'}", f"certfile {pki / 'broker.pem'}", f"keyfile {pki / 'broker.key'}"]
    (pki / "m.conf").write_text("\n".join(lines) + "\n", encoding="utf-8")
    command = [MOSQUITTO or "mosquitto", "-c", str(pki / "m.conf")]
    broker = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    for _ in range(200):
        try:
            socket.create_connection(("127.0.0.1", number), timeout=1).close()
            break
        except ConnectionRefusedError:
            threading.Event().wait(0.02)
    yield number
    broker.kill()
    broker.wait()


def first_event(port: int, tls: Tls) -> object:
    events: list[object] = []
    heard = threading.Event()

    def sink(event: object) -> None:
        events.append(event)
        heard.set()

    link = PahoLink(Broker("127.0.0.1", port, tls), "pi-1", b"{}", 1, sink)
    link.open()
    assert heard.wait(10)
    link.close()
    return events[0]


def test_our_broker_and_our_device(pki: Path, port: int) -> None:
    tls = Tls(True, pki / "town.pem", pki / "pi-1.pem", pki / "pi-1.key")
    assert first_event(port, tls) == Connected(1)


@pytest.mark.parametrize(
    ("authority", "device"), [("other", "pi-1"), ("town", "foreign"), ("town", None), ("none", "pi-1")]
)
def test_any_other_is_refused(pki: Path, port: int, authority: str, device: str | None) -> None:
    cert, key = (None, None) if device is None else (pki / f"{device}.pem", pki / f"{device}.key")
    event = first_event(port, Tls(True, pki / f"{authority}.pem", cert, key))
    assert isinstance(event, Ended)


def test_nothing_older_than_tls_1_2(pki: Path) -> None:
    context = tls_context(Broker("x", 1, Tls(True, pki / "town.pem")))
    assert context is not None
    assert context.minimum_version >= ssl.TLSVersion.TLSv1_2
    assert context.check_hostname
    assert context.verify_mode == ssl.CERT_REQUIRED
    assert tls_context(Broker("x", 1, Tls(enabled=False))) is None
