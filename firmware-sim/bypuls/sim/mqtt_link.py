"""The thin shell around paho: callbacks only put events into a queue."""

from __future__ import annotations

import queue
import ssl
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import paho.mqtt.client as mqtt
from paho.mqtt.enums import CallbackAPIVersion
from paho.mqtt.reasoncodes import ReasonCode

from bypuls.sim.courier import Connected, Event, Lost
from bypuls.wire.messages import Status
from bypuls.wire.topics import topic


@dataclass(frozen=True, slots=True)
class Broker:
    """Where the broker is, and as whom to go there. With `ca_file`: TLS 1.2 or newer."""

    host: str = "127.0.0.1"
    port: int = 1883
    username: str | None = None
    password: str | None = None
    ca_file: Path | None = None
    cert_file: Path | None = None
    key_file: Path | None = None
    keepalive_s: int = 30


class MqttLink:
    """One device's connection: MQTT 3.1.1, clean session, reconnecting by itself, its status retained."""

    def __init__(self, broker: Broker, device: str, epoch: str) -> None:
        self.incoming: queue.SimpleQueue[Event] = queue.SimpleQueue()
        self._broker = broker
        self._device = device
        self._epoch = epoch
        client = mqtt.Client(CallbackAPIVersion.VERSION2, client_id=device, clean_session=True)
        client.will_set(topic(device, "status"), Status(device, online=False).encode(), qos=1, retain=True)
        client.reconnect_delay_set(1, 30)
        client.on_connect = self._on_connect
        client.on_connect_fail = self._on_connect_fail
        client.on_disconnect = self._on_disconnect
        client.on_subscribe = self._on_subscribe
        client.on_message = self._on_message
        if broker.username is not None:
            client.username_pw_set(broker.username, broker.password)
        if broker.ca_file is not None:
            context = ssl.create_default_context(cafile=str(broker.ca_file))
            context.minimum_version = ssl.TLSVersion.TLSv1_2
            if broker.cert_file is not None:
                context.load_cert_chain(broker.cert_file, broker.key_file)
            client.tls_set_context(context)
        self._client = client

    def __enter__(self) -> Self:
        self._client.connect_async(self._broker.host, self._broker.port, self._broker.keepalive_s)
        self._client.loop_start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._client.is_connected():
            said = self._client.publish(
                topic(self._device, "status"), Status(self._device, online=False).encode(), qos=1, retain=True
            )
            try:
                said.wait_for_publish(1.0)
            except RuntimeError as trouble:  # the connection went first: the last will says the same
                self.incoming.put(Lost(str(trouble)))
        self._client.disconnect()
        self._client.loop_stop()

    def publish(self, payload: bytes) -> None:
        """Sends a batch with QoS 1."""
        self._client.publish(topic(self._device, "readings"), payload, qos=1)

    def _on_connect(self, client: mqtt.Client, _data: Any, _flags: Any, reason: ReasonCode, _properties: Any) -> None:
        if reason.is_failure:
            self.incoming.put(Lost(f"the broker refused: {reason}"))
            return
        client.subscribe(topic(self._device, "receipts"), qos=1)
        status = Status(self._device, online=True, epoch=self._epoch)
        client.publish(topic(self._device, "status"), status.encode(), qos=1, retain=True)

    def _on_connect_fail(self, _client: mqtt.Client, _data: Any) -> None:
        self.incoming.put(Lost(f"nobody listens at {self._broker.host}:{self._broker.port}"))

    def _on_disconnect(
        self, _client: mqtt.Client, _data: Any, _flags: Any, reason: ReasonCode, _properties: Any
    ) -> None:
        self.incoming.put(Lost(f"disconnected: {reason}"))

    def _on_subscribe(self, _client: mqtt.Client, _data: Any, _mid: int, reasons: list[ReasonCode], _p: Any) -> None:
        refused = [reason for reason in reasons if reason.is_failure]
        self.incoming.put(Lost(f"no subscription to receipts: {refused[0]}") if refused else Connected())

    def _on_message(self, _client: mqtt.Client, _data: Any, message: mqtt.MQTTMessage) -> None:
        if not message.retain:
            self.incoming.put(bytes(message.payload))
