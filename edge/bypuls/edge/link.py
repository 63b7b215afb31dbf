"""One connection to the broker, from connecting to its end. What happens on it is put into a queue and nothing else: an
exception inside a callback would end paho's thread. A new connection is a new link: nothing of an old one lives on.
"""

from __future__ import annotations

import logging
import ssl
import threading
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Protocol

from paho.mqtt.client import Client, DisconnectFlags, MQTTMessage, MQTTv311
from paho.mqtt.enums import CallbackAPIVersion, MQTTErrorCode
from paho.mqtt.properties import Properties
from paho.mqtt.reasoncodes import ReasonCode

from bypuls.edge.config import Broker
from bypuls.wire.topics import topic

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Connected:
    """Connected and subscribed."""

    generation: int


@dataclass(frozen=True, slots=True)
class Ended:
    """The connection is over, or never came about."""

    generation: int
    reason: str


@dataclass(frozen=True, slots=True)
class Received:
    """A message of the platform."""

    generation: int
    topic: str
    payload: bytes


@dataclass(frozen=True, slots=True)
class Acknowledged:
    """The broker has a message. Nothing follows from it: a broker may lose what it has."""

    generation: int
    message: int


Event = Connected | Ended | Received | Acknowledged
Sink = Callable[[Event], None]


class Link(Protocol):
    """One connection."""

    def open(self) -> None:
        """Begins to connect; Connected or Ended follows."""
        ...

    def publish(self, to: str, payload: bytes, *, retain: bool = False) -> int:
        """Hands a message over for QoS 1; its number. Raises ConnectionError."""
        ...

    def close(self, farewell: tuple[str, bytes] | None = None) -> None:
        """Ends the connection in order, after a last retained message; returns within about a second."""
        ...


# (generation, where events go) → a link.
Connector = Callable[[int, Sink], Link]


class _HandshakeSocket(ssl.SSLSocket):
    """Closes itself when its handshake fails: paho leaves such a socket open, one with every attempt to connect."""

    def do_handshake(self, block: bool = False) -> None:
        try:
            super().do_handshake(block)
        except BaseException:
            self.close()
            raise


def tls_context(broker: Broker) -> ssl.SSLContext | None:
    """TLS ≥ 1.2 with the broker's certificate and name verified; None without TLS. Raises OSError, ssl.SSLError."""
    if not broker.tls.enabled:
        return None
    context = ssl.create_default_context(cafile=None if broker.tls.ca_file is None else str(broker.tls.ca_file))
    context.sslsocket_class = _HandshakeSocket
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    if broker.tls.cert_file is not None:
        context.load_cert_chain(
            str(broker.tls.cert_file), None if broker.tls.key_file is None else str(broker.tls.key_file)
        )
    return context


class PahoLink:
    """A connection by paho-mqtt: MQTT 3.1.1, clean session, subscribed to receipts and commands, with a last will."""

    def __init__(self, broker: Broker, device: str, will: bytes, generation: int, sink: Sink) -> None:
        self._broker = broker
        self._generation = generation
        self._sink = sink
        self._subscriptions = [(topic(device, "receipts"), 1), (topic(device, "commands"), 1)]
        client = Client(
            CallbackAPIVersion.VERSION2,
            client_id=device,
            clean_session=True,
            protocol=MQTTv311,
            reconnect_on_failure=False,
        )
        client.max_inflight_messages_set(40)
        client.will_set(topic(device, "status"), will, qos=1, retain=True)
        client.on_connect = self._on_connect
        client.on_subscribe = self._on_subscribe
        client.on_disconnect = self._on_disconnect
        client.on_message = self._on_message
        client.on_publish = self._on_publish
        if broker.username is not None:
            client.username_pw_set(broker.username, broker.password)
        self._client = client
        self._thread = threading.Thread(target=self._run, name=f"mqtt-{generation}", daemon=True)
        self._closing = threading.Event()

    def open(self) -> None:
        """Connects in a thread of its own."""
        self._thread.start()

    def _run(self) -> None:
        reason = "closed"
        try:
            context = tls_context(self._broker)
            if context is not None:
                self._client.tls_set_context(context)
            # paho notices a dead connection after up to twice its keep-alive; we promise 1.5 times ours.
            keepalive = max(1, int(self._broker.keepalive_s * 0.75))
            self._client.connect(self._broker.host, self._broker.port, keepalive)
            if self._closing.is_set():
                # Given up while it was connecting: under the same client id it would push the next link out.
                self._client.disconnect()
            code = self._client.loop_forever(retry_first_connection=False)
            if code != MQTTErrorCode.MQTT_ERR_SUCCESS:
                reason = str(code.name)
        except (OSError, ValueError) as error:  # no route, refused, TLS, a certificate file
            reason = f"{type(error).__name__}: {error}"
        finally:
            self._sink(Ended(self._generation, reason))

    def publish(self, to: str, payload: bytes, *, retain: bool = False) -> int:
        """Hands a message over for QoS 1; its number. Raises ConnectionError."""
        info = self._client.publish(to, payload, qos=1, retain=retain)
        if info.rc != MQTTErrorCode.MQTT_ERR_SUCCESS:
            raise ConnectionError(f"publish: {MQTTErrorCode(info.rc).name}")
        return info.mid

    def close(self, farewell: tuple[str, bytes] | None = None) -> None:
        """Says farewell where the connection stands, disconnects, and waits up to a second for the thread."""
        self._closing.set()
        if farewell is not None and self._client.is_connected():
            info = self._client.publish(*farewell, qos=1, retain=True)
            if info.rc == MQTTErrorCode.MQTT_ERR_SUCCESS:
                info.wait_for_publish(timeout=0.5)
        self._client.disconnect()
        if self._thread.is_alive() and self._thread is not threading.current_thread():
            self._thread.join(timeout=1.0)

    def _on_connect(self, client: Client, _data: Any, _flags: Any, code: ReasonCode, _properties: Any) -> None:
        if code.is_failure:
            log.warning("broker refuses the connection: %s", code)
            client.disconnect()
        elif self._closing.is_set():
            client.disconnect()
        else:
            client.subscribe(self._subscriptions)

    def _on_subscribe(
        self, client: Client, _data: Any, _message: int, codes: list[ReasonCode], _properties: Properties | None
    ) -> None:
        if any(code.is_failure for code in codes):
            log.error("broker refuses the subscription to receipts or commands: %s", [str(code) for code in codes])
            client.disconnect()
        else:
            self._sink(Connected(self._generation))

    def _on_disconnect(
        self, _client: Client, _data: Any, _flags: DisconnectFlags, code: ReasonCode, _properties: Properties | None
    ) -> None:
        log.info("connection %d ends: %s", self._generation, code)

    def _on_message(self, _client: Client, _data: Any, message: MQTTMessage) -> None:
        self._sink(Received(self._generation, message.topic, bytes(message.payload)))

    def _on_publish(
        self, _client: Client, _data: Any, message: int, _code: ReasonCode, _properties: Properties
    ) -> None:
        self._sink(Acknowledged(self._generation, message))
