"""Which devices are connected, as their retained status messages and last wills say."""

from __future__ import annotations

import threading
from collections.abc import Mapping

import paho.mqtt.client as mqtt
import structlog
from paho.mqtt.enums import CallbackAPIVersion, MQTTProtocolVersion
from paho.mqtt.reasoncodes import ReasonCode

from bypuls.ingest.subscriber import BrokerSettings, secure
from bypuls.wire import WireError
from bypuls.wire.messages import decode_status
from bypuls.wire.topics import every, parse_topic

log = structlog.get_logger("bypuls.status")


class StatusBoard:
    """Listens to every device's status. While there is no connection nothing is known, and nothing is said."""

    def __init__(self, broker: BrokerSettings) -> None:
        self._broker = broker
        self._lock = threading.Lock()
        self._online: dict[str, bool] = {}
        self._connected = False
        self._client = mqtt.Client(
            CallbackAPIVersion.VERSION2, clean_session=True, protocol=MQTTProtocolVersion.MQTTv311
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
        """Disconnects."""
        self._client.disconnect()
        self._client.loop_stop()

    def connected(self) -> bool:
        """Whether the broker is connected."""
        return self._connected

    def online(self) -> Mapping[str, bool]:
        """What each device said last; a device that never did is left out."""
        with self._lock:
            return dict(self._online)

    def _on_connect(
        self, client: mqtt.Client, _userdata: object, _flags: mqtt.ConnectFlags, reason: ReasonCode, _properties: object
    ) -> None:
        if not reason.is_failure:
            self._connected = True
            client.subscribe(every("status"), qos=1)

    def _on_disconnect(
        self,
        _client: mqtt.Client,
        _userdata: object,
        _flags: mqtt.DisconnectFlags,
        _reason: ReasonCode,
        _properties: object,
    ) -> None:
        self._connected = False
        with self._lock:
            self._online.clear()

    def _on_message(self, _client: mqtt.Client, _userdata: object, message: mqtt.MQTTMessage) -> None:
        try:
            device, _ = parse_topic(message.topic)
            status = decode_status(bytes(message.payload))
        except WireError as error:
            log.warning("a status that can't be read", topic=message.topic[:200], reason=str(error))
            return
        if status.device == device:
            with self._lock:
                self._online[device] = status.online
