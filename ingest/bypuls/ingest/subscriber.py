"""The MQTT side: messages in, receipts out, acknowledged only after the receipt. Callbacks only enqueue.

A session of its own is kept at the broker (MQTT 3.1.1, `clean_session` off), so that what devices send while ingest is
away waits there; the devices keep it anyway until they have the receipt. Acknowledgements of an earlier connection are
dropped: the broker delivers those messages again, and taking them over twice is harmless.
"""

from __future__ import annotations

import queue
import ssl
from dataclasses import dataclass
from pathlib import Path

import paho.mqtt.client as mqtt
import structlog
from paho.mqtt.enums import CallbackAPIVersion, MQTTProtocolVersion
from paho.mqtt.reasoncodes import ReasonCode

from bypuls.ingest.messages import Answer, Message
from bypuls.wire.topics import every, topic

log = structlog.get_logger("bypuls.ingest")

# Messages held here at most; the broker's own window (max_inflight_messages) keeps well below it.
_MOST_WAITING = 10_000


@dataclass(frozen=True, slots=True)
class BrokerSettings:
    """Where the broker is and how to reach it. Secrets are handed in, never written to a log."""

    host: str = "127.0.0.1"
    port: int = 1883
    tls: bool = False
    ca_file: Path | None = None
    cert_file: Path | None = None
    key_file: Path | None = None
    username: str | None = None
    password: str | None = None
    keepalive_s: int = 30

    def __repr__(self) -> str:
        return f"BrokerSettings({self.host}:{self.port}, tls={self.tls}, username={self.username!r})"


class Subscriber:
    """A connection that reconnects by itself. `messages` fills while it runs."""

    def __init__(self, broker: BrokerSettings, *, client_id: str, share: str | None = None) -> None:
        self.messages: queue.Queue[Message] = queue.Queue(_MOST_WAITING)
        self.connected = False
        self._generation = 0
        self._broker = broker
        self._filter = every("readings", share=share)
        self._client = mqtt.Client(
            CallbackAPIVersion.VERSION2,
            client_id=client_id,
            clean_session=False,
            protocol=MQTTProtocolVersion.MQTTv311,
            manual_ack=True,
        )
        secure(self._client, broker)
        self._client.reconnect_delay_set(min_delay=1, max_delay=30)
        self._client.on_connect = self._on_connect
        self._client.on_disconnect = self._on_disconnect
        self._client.on_message = self._on_message

    def start(self) -> None:
        """Connects in the background; a broker that isn't there yet is waited for."""
        self._client.connect_async(self._broker.host, self._broker.port, keepalive=self._broker.keepalive_s)
        self._client.loop_start()

    def stop(self) -> None:
        """Disconnects; what was not acknowledged comes again."""
        self._client.disconnect()
        self._client.loop_stop()

    def answer(self, answer: Answer) -> None:
        """Sends a receipt. One that is lost is made good by the device, which sends again."""
        self._client.publish(topic(answer.device, "receipts"), answer.payload, qos=1)

    def acknowledge(self, message: Message) -> None:
        """Lets the broker forget the message, unless the connection on which it came is gone."""
        generation, mid = message.ticket
        if generation == self._generation and self.connected:
            self._client.ack(mid, 1)

    def _on_connect(
        self, client: mqtt.Client, _userdata: object, _flags: mqtt.ConnectFlags, reason: ReasonCode, _properties: object
    ) -> None:
        if reason.is_failure:
            log.error("the broker refuses ingest", broker=str(self._broker), reason=str(reason))
            return
        self._generation += 1
        self.connected = True
        client.subscribe(self._filter, qos=1)
        log.info("connected to the broker", broker=str(self._broker), filter=self._filter)

    def _on_disconnect(
        self,
        _client: mqtt.Client,
        _userdata: object,
        _flags: mqtt.DisconnectFlags,
        reason: ReasonCode,
        _properties: object,
    ) -> None:
        self.connected = False
        log.warning("no connection to the broker", broker=str(self._broker), reason=str(reason))

    def _on_message(self, _client: mqtt.Client, _userdata: object, message: mqtt.MQTTMessage) -> None:
        # A full queue blocks the network thread: TCP then holds the broker back.
        ticket = (self._generation, message.mid)
        self.messages.put(Message(message.topic, bytes(message.payload), message.retain, ticket))


def secure(client: mqtt.Client, broker: BrokerSettings) -> None:
    """Gives a client the TLS (1.2 or newer) and the user that the settings name."""
    if broker.tls:
        context = ssl.create_default_context(cafile=str(broker.ca_file) if broker.ca_file else None)
        context.minimum_version = ssl.TLSVersion.TLSv1_2
        if broker.cert_file is not None:
            context.load_cert_chain(broker.cert_file, broker.key_file)
        client.tls_set_context(context)
    if broker.username is not None:
        client.username_pw_set(broker.username, broker.password)
