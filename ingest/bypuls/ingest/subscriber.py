"""The MQTT side: messages in, receipts out, acknowledged only after the receipt. Callbacks only enqueue.

A session of its own is kept at the broker (MQTT 3.1.1, `clean_session` off), so that what devices send while ingest is
away waits there; the devices keep it anyway until they have the receipt. Acknowledgements of an earlier connection are
dropped: the broker delivers those messages again, and taking them over twice is harmless.

A worker of a shared subscription keeps no session: brokers (mosquitto, for one) go on giving an absent member its
share, and the other workers would wait for it. What was on its way to a worker that died the devices send again.
"""

from __future__ import annotations

import ssl
import threading
from dataclasses import dataclass
from pathlib import Path

import paho.mqtt.client as mqtt
import structlog
from paho.mqtt.enums import CallbackAPIVersion, MQTTErrorCode, MQTTProtocolVersion
from paho.mqtt.reasoncodes import ReasonCode

from bypuls.ingest.inbox import Inbox
from bypuls.ingest.messages import Answer, Message
from bypuls.wire.topics import every, topic

log = structlog.get_logger("bypuls.ingest")

# Receipts that wait for the broker's acknowledgement at most: well below the 65,535 ids that MQTT has for them.
_MOST_RECEIPTS = 2_000


class NetworkEnded(RuntimeError):
    """The thread that speaks MQTT is gone: the service has to be started anew."""


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
    """A connection that reconnects by itself. `messages` fills while it runs.

    `connected`: the broker has accepted it.  `subscribed`: and lets it have the readings.  `generation`: how often it
    was connected.
    """

    def __init__(
        self, broker: BrokerSettings, *, client_id: str, share: str | None = None, inbox: Inbox | None = None
    ) -> None:
        self.messages = Inbox() if inbox is None else inbox
        self.connected = False
        self.subscribed = False
        self.generation = 0
        self._thread: threading.Thread | None = None
        self._broker = broker
        self._filter = every("readings", share=share)
        self._client = mqtt.Client(
            CallbackAPIVersion.VERSION2,
            client_id=client_id,
            clean_session=share is not None,
            protocol=MQTTProtocolVersion.MQTTv311,
            manual_ack=True,
        )
        secure(self._client, broker)
        self._client.max_queued_messages_set(_MOST_RECEIPTS)
        self._client.reconnect_delay_set(min_delay=1, max_delay=30)
        self._client.on_pre_connect = self._on_pre_connect
        self._client.on_connect = self._on_connect
        self._client.on_disconnect = self._on_disconnect
        self._client.on_subscribe = self._on_subscribe
        self._client.on_message = self._on_message

    def start(self) -> None:
        """Connects in the background; a broker that isn't there yet is waited for."""
        # paho notices a dead connection after up to twice its keep-alive; we promise 1.5 times ours.
        keepalive_s = max(1, int(self._broker.keepalive_s * 0.75))
        self._client.connect_async(self._broker.host, self._broker.port, keepalive=keepalive_s)
        self._client.loop_start()

    def check(self) -> None:
        """Raises NetworkEnded where the thread that `start` made has died, of whatever."""
        if self._thread is not None and not self._thread.is_alive():
            raise NetworkEnded("the MQTT thread died; its last words are on the standard error output")

    def stop(self) -> None:
        """Disconnects; what was not acknowledged comes again."""
        self.messages.close()
        self._client.disconnect()
        self._client.loop_stop()
        self.connected = self.subscribed = False

    def answer(self, answer: Answer) -> bool:
        """Sends a receipt; whether it is on its way. One that is lost is made good by the device, which sends again.

        Without a connection there is none to be sent: the broker delivers again what was not acknowledged.
        """
        if not self.connected:
            return False
        sent = self._client.publish(topic(answer.device, "receipts"), answer.payload, qos=1)
        return sent.rc == MQTTErrorCode.MQTT_ERR_SUCCESS

    def acknowledge(self, message: Message) -> None:
        """Lets the broker forget the message, unless the connection on which it came is gone."""
        generation, mid = message.ticket
        if generation == self.generation and self.connected:
            self._client.ack(mid, 1)

    def _on_pre_connect(self, _client: mqtt.Client, _userdata: object) -> None:
        self._thread = threading.current_thread()  # paho's, which it doesn't name to anybody

    def _on_connect(
        self, client: mqtt.Client, _userdata: object, _flags: mqtt.ConnectFlags, reason: ReasonCode, _properties: object
    ) -> None:
        if reason.is_failure:
            log.error("the broker refuses ingest", broker=str(self._broker), reason=str(reason))
            return
        self.generation += 1
        self.connected = True
        client.subscribe(self._filter, qos=1)
        log.info("connected to the broker", broker=str(self._broker), filter=self._filter)

    def _on_subscribe(
        self,
        _client: mqtt.Client,
        _userdata: object,
        _mid: int,
        reasons: list[ReasonCode],
        _properties: object,
    ) -> None:
        self.subscribed = not any(reason.is_failure for reason in reasons)
        if not self.subscribed:
            log.error("the broker refuses the subscription", broker=str(self._broker), filter=self._filter)

    def _on_disconnect(
        self,
        _client: mqtt.Client,
        _userdata: object,
        _flags: mqtt.DisconnectFlags,
        reason: ReasonCode,
        _properties: object,
    ) -> None:
        self.connected = self.subscribed = False
        log.warning("no connection to the broker", broker=str(self._broker), reason=str(reason))

    def _on_message(self, _client: mqtt.Client, _userdata: object, message: mqtt.MQTTMessage) -> None:
        try:
            name = message.topic
        except UnicodeDecodeError:  # a broker should have refused it; here it becomes a dead letter
            name = "a topic that is not UTF-8"
        ticket = (self.generation, message.mid)
        self.messages.put(Message(name, bytes(message.payload), message.retain, ticket))


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
