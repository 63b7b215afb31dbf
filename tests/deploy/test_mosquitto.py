"""The broker's configuration on a real mosquitto, with certificates made by the script that operators use."""

from __future__ import annotations

import contextlib
import os
import queue
import shutil
import socket
import ssl
import subprocess
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import paho.mqtt.client as mqtt
import pytest
from paho.mqtt.enums import CallbackAPIVersion

DEPLOY = Path(__file__).resolve().parents[2] / "deploy"
WAIT_S = 10.0
PATIENCE_S = 20.0


def certificates(folder: Path, *words: str) -> subprocess.CompletedProcess[str]:
    """Runs the script on a folder."""
    env = {**os.environ, "BYPULS_CERTIFICATES": str(folder)}
    command = [str(DEPLOY / "certificates"), *words]
    return subprocess.run(command, env=env, capture_output=True, text=True, check=False)


def made(folder: Path, *commands: tuple[str, ...]) -> Path:
    """A folder of certificates."""
    for words in commands:
        done = certificates(folder, *words)
        assert done.returncode == 0, done.stderr
    return folder


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An authority with a broker, ingest, the API, two devices, and one that was revoked."""
    if shutil.which("openssl") is None:
        pytest.skip("no openssl on this machine: it makes the certificates")
    clients = [("client", name) for name in ("ingest", "api", "pi-a", "pi-b", "pi-stolen")]
    folder = tmp_path_factory.mktemp("authority")
    return made(folder, ("init",), ("broker", "localhost", "127.0.0.1"), *clients, ("revoke", "pi-stolen"))


@dataclass(frozen=True)
class Broker:
    """A running mosquitto."""

    port: int
    authority: Path
    log: Path


@pytest.fixture(scope="module")
def broker(authority: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Broker]:
    """mosquitto with deploy/mosquitto.conf, its paths led into a test's folder and its port to a free one."""
    program = shutil.which("mosquitto") or shutil.which("mosquitto", path="/usr/sbin")
    if program is None:
        pytest.skip("no mosquitto on this machine: apt install mosquitto")
    folder = tmp_path_factory.mktemp("broker")
    (folder / "state").mkdir()
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = int(probe.getsockname()[1])
    text = (DEPLOY / "mosquitto.conf").read_text(encoding="utf-8")
    for old, new in (
        ("listener 8883", f"listener {port} 127.0.0.1"),
        ("/etc/bypuls/certificates/", f"{authority}/"),
        ("/etc/bypuls/mosquitto.acl", str(DEPLOY / "mosquitto.acl")),
        ("/var/lib/mosquitto/", f"{folder}/state/"),
    ):
        assert old in text
        text = text.replace(old, new)
    # Started by root, mosquitto would change to a user that may not read the test's folder.
    (folder / "mosquitto.conf").write_text(text + ("\nuser root\n" if os.geteuid() == 0 else ""), encoding="utf-8")
    log = folder / "log"
    with log.open("wb") as out:
        process = subprocess.Popen(
            [program, "-c", str(folder / "mosquitto.conf")], stdin=subprocess.DEVNULL, stdout=out, stderr=out
        )
    try:
        deadline = time.monotonic() + PATIENCE_S
        while True:
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(0.02)
                pytest.fail(f"mosquitto doesn't take the configuration:\n{log.read_text()}")
            with contextlib.closing(socket.socket()) as probe:
                if probe.connect_ex(("127.0.0.1", port)) == 0:
                    break
            assert time.monotonic() < deadline, log.read_text()
        yield Broker(port, authority, log)
    finally:
        process.terminate()
        process.wait(15)


class Refused(Exception):
    """The broker didn't let us in."""


class Peer:
    """An MQTT client that waits for what it asks for."""

    def __init__(self, broker: Broker, name: str | None, authority: Path | None = None, client_id: str = "") -> None:
        self.messages: queue.Queue[tuple[str, bytes]] = queue.Queue()
        self.lost = threading.Event()
        self._answered = threading.Event()
        self._in = False
        self._subscribed = threading.Event()
        folder = authority or broker.authority
        client = mqtt.Client(
            CallbackAPIVersion.VERSION2, client_id=client_id or name or "nobody", reconnect_on_failure=False
        )
        if name is None:
            client.tls_set(str(broker.authority / "ca.crt"))
        else:
            pair = str(folder / f"{name}.crt"), str(folder / f"{name}.key")
            client.tls_set(str(broker.authority / "ca.crt"), *pair)
        client.on_connect = self._connected
        client.on_disconnect = self._disconnected
        client.on_message = lambda _client, _data, message: self.messages.put((message.topic, bytes(message.payload)))
        client.on_subscribe = lambda *_: self._subscribed.set()
        self._client = client
        try:
            client.connect("127.0.0.1", broker.port, keepalive=30)
        except (OSError, ssl.SSLError) as error:
            raise Refused(str(error)) from error
        client.loop_start()
        if not self._answered.wait(WAIT_S) or not self._in:
            self.close()
            raise Refused("no CONNACK, or one that says no")

    def _connected(self, _client: Any, _data: Any, _flags: Any, reason: Any, _properties: Any) -> None:
        self._in = not reason.is_failure
        self._answered.set()

    def _disconnected(self, *_: Any) -> None:
        self.lost.set()
        self._answered.set()

    def subscribe(self, *topics: str) -> None:
        """Asks for topics and waits for the broker's answer."""
        for topic in topics:
            self._subscribed.clear()
            self._client.subscribe(topic, qos=1)
            assert self._subscribed.wait(WAIT_S)

    def publish(self, topic: str, payload: bytes, *, retain: bool = False) -> None:
        """Publishes and waits for the PUBACK: MQTT 3.1.1 gives one for what the ACL refuses, too."""
        self._client.publish(topic, payload, qos=1, retain=retain).wait_for_publish(WAIT_S)

    def next(self) -> tuple[str, bytes]:
        """The next message."""
        return self.messages.get(timeout=WAIT_S)

    def close(self) -> None:
        """Goes in good order."""
        self._client.disconnect()
        self._client.loop_stop()


@pytest.fixture
def peers(broker: Broker) -> Iterator[Any]:
    """Makes connected clients: peers("pi-a")."""
    with contextlib.ExitStack() as open_peers:

        def make(name: str, client_id: str = "") -> Peer:
            peer = Peer(broker, name, client_id=client_id)
            open_peers.callback(peer.close)
            return peer

        yield make


def test_a_device_reaches_ingest_and_is_answered(peers: Any) -> None:
    ingest, device = peers("ingest"), peers("pi-a")
    ingest.subscribe("bypuls/v1/+/readings", "bypuls/v1/+/status")
    device.subscribe("bypuls/v1/pi-a/receipts", "bypuls/v1/pi-a/commands")
    device.publish("bypuls/v1/pi-a/readings", b"batch")
    assert ingest.next() == ("bypuls/v1/pi-a/readings", b"batch")
    device.publish("bypuls/v1/pi-a/status", b"online")
    assert ingest.next() == ("bypuls/v1/pi-a/status", b"online")
    ingest.publish("bypuls/v1/pi-a/receipts", b"receipt")
    assert device.next() == ("bypuls/v1/pi-a/receipts", b"receipt")
    ingest.publish("bypuls/v1/pi-a/commands", b"identify")
    assert device.next() == ("bypuls/v1/pi-a/commands", b"identify")


def test_a_device_cannot_publish_as_another(peers: Any) -> None:
    ingest, device = peers("ingest"), peers("pi-a")
    ingest.subscribe("bypuls/v1/+/readings", "bypuls/v1/+/status")
    device.publish("bypuls/v1/pi-b/readings", b"forged")
    device.publish("bypuls/v1/pi-b/status", b"forged")
    device.publish("bypuls/v1/pi-a/readings", b"own")
    assert ingest.next() == ("bypuls/v1/pi-a/readings", b"own")
    assert ingest.messages.empty()


def test_a_device_cannot_read_what_is_meant_for_others(peers: Any) -> None:
    ingest, curious, device = peers("ingest"), peers("pi-a"), peers("pi-b")
    curious.subscribe("bypuls/v1/pi-b/receipts", "bypuls/v1/+/receipts", "bypuls/v1/+/readings", "#", "$SYS/#")
    device.subscribe("bypuls/v1/pi-b/receipts")
    device.publish("bypuls/v1/pi-b/readings", b"private")
    ingest.publish("bypuls/v1/pi-b/receipts", b"for b")
    assert device.next() == ("bypuls/v1/pi-b/receipts", b"for b")
    ingest.publish("bypuls/v1/pi-a/receipts", b"for a")
    assert curious.next() == ("bypuls/v1/pi-a/receipts", b"for a"), "nothing of others, nothing of $SYS before it"


def test_a_device_cannot_write_receipts_or_commands_not_even_its_own(peers: Any) -> None:
    ingest, device, other = peers("ingest"), peers("pi-a"), peers("pi-b")
    device.subscribe("bypuls/v1/pi-a/receipts")
    other.subscribe("bypuls/v1/pi-b/receipts", "bypuls/v1/pi-b/commands")
    for topic in ("bypuls/v1/pi-a/receipts", "bypuls/v1/pi-b/receipts", "bypuls/v1/pi-b/commands"):
        device.publish(topic, b"forged")
    for name, peer in (("pi-a", device), ("pi-b", other)):
        ingest.publish(f"bypuls/v1/{name}/receipts", b"true")
        assert peer.next() == (f"bypuls/v1/{name}/receipts", b"true")


def test_the_api_sees_who_is_connected_and_no_readings(peers: Any) -> None:
    api, device = peers("api"), peers("pi-a")
    api.subscribe("bypuls/v1/+/status", "bypuls/v1/+/readings")
    device.publish("bypuls/v1/pi-a/readings", b"batch")
    device.publish("bypuls/v1/pi-a/status", b"online")
    assert api.next() == ("bypuls/v1/pi-a/status", b"online")


def test_nobody_takes_over_anothers_session_by_its_client_id(peers: Any) -> None:
    ingest, device = peers("ingest", "bypuls-ingest"), peers("pi-a", "bypuls-ingest")
    ingest.subscribe("bypuls/v1/+/readings")
    device.publish("bypuls/v1/pi-a/readings", b"batch")
    assert ingest.next() == ("bypuls/v1/pi-a/readings", b"batch")
    assert not ingest.lost.is_set()


def test_a_message_beyond_the_limit_does_not_arrive(broker: Broker, peers: Any) -> None:
    ingest, device = peers("ingest"), peers("pi-a")
    ingest.subscribe("bypuls/v1/+/readings")
    device.publish("bypuls/v1/pi-a/readings", bytes(256 * 1024))
    assert len(ingest.next()[1]) == 256 * 1024, "the longest message of the contract passes"
    device._client.publish("bypuls/v1/pi-a/readings", bytes(300 * 1024), qos=1)
    assert device.lost.wait(WAIT_S), "whoever sends more is put out"
    again = Peer(broker, "pi-b")
    again.publish("bypuls/v1/pi-b/readings", b"small")
    again.close()
    assert ingest.next() == ("bypuls/v1/pi-b/readings", b"small")


def test_without_a_certificate_nobody_gets_in(broker: Broker) -> None:
    with pytest.raises(Refused):
        Peer(broker, None)


def test_a_revoked_certificate_is_refused(broker: Broker) -> None:
    with pytest.raises(Refused):
        Peer(broker, "pi-stolen")


def test_a_certificate_of_another_authority_is_refused(broker: Broker, tmp_path: Path) -> None:
    foreign = made(tmp_path / "foreign", ("init",), ("client", "pi-a"))
    with pytest.raises(Refused):
        Peer(broker, "pi-a", authority=foreign)


def test_an_expired_certificate_is_refused(broker: Broker, tmp_path: Path) -> None:
    expired = tmp_path / "expired"
    shutil.copytree(broker.authority, expired)
    (expired / "pi-a.crt").unlink()
    request, signed = str(expired / "pi-a.csr"), str(expired / "pi-a.crt")
    ca = ["-CA", str(expired / "ca.crt"), "-CAkey", str(expired / "ca.key"), "-set_serial", "99"]
    for words in (
        ["req", "-new", "-subj", "/CN=pi-a", "-key", str(expired / "pi-a.key"), "-out", request],
        ["x509", "-req", "-in", request, *ca, "-days", "-1", "-out", signed],
    ):
        subprocess.run(["openssl", *words], check=True, capture_output=True)
    with pytest.raises(Refused):
        Peer(broker, "pi-a", authority=expired)


def test_the_brokers_own_certificate_is_no_clients(broker: Broker) -> None:
    with pytest.raises(Refused):
        Peer(broker, "broker")


def test_plain_mqtt_is_refused(broker: Broker) -> None:
    connect = bytes.fromhex("101000044d5154540402001e000470692d61")
    with socket.create_connection(("127.0.0.1", broker.port), timeout=WAIT_S) as plain:
        plain.sendall(connect)
        try:
            answer = plain.recv(64)
        except ConnectionResetError:
            answer = b""
    assert not answer.startswith(b"\x20"), "no CONNACK"


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("client", "Pi A"), "expected a-z, 0-9 and -"),
        (("client", "pi-a"), "is there"),
        (("client", "ca"), "its files are taken"),
        (("broker", "local host"), "expected a host name"),
        (("init",), "expected a folder without an authority"),
        (("revoke", "pi-unknown"), "expected the name of a client"),
        ((), "make the authority"),
    ],
)
def test_the_script_says_what_is_wrong(authority: Path, words: tuple[str, ...], said: str) -> None:
    before = sorted(path.name for path in authority.iterdir())
    done = certificates(authority, *words)
    assert done.returncode != 0
    assert said in done.stderr
    assert sorted(path.name for path in authority.iterdir()) == before, "and changes nothing"


def test_private_keys_are_their_owners_alone(authority: Path) -> None:
    modes = {path.name: path.stat().st_mode & 0o077 for path in authority.glob("*.key")}
    assert modes
    assert set(modes.values()) == {0}
