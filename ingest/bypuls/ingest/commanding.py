"""Commands to devices: make yourself known; send again what you had receipted.

Promise: a device that is connected gets the command at least once. Not to one that is away: the broker keeps commands
for nobody, and the answer says which device that was.
"""

from __future__ import annotations

import threading
from collections.abc import Iterable, Mapping

import paho.mqtt.client as mqtt
from paho.mqtt.enums import CallbackAPIVersion, MQTTErrorCode, MQTTProtocolVersion
from paho.mqtt.reasoncodes import ReasonCode

from bypuls.ingest.subscriber import BrokerSettings, secure
from bypuls.wire import Identify, SendAgain, WireError
from bypuls.wire.messages import decode_status
from bypuls.wire.topics import topic

_ANSWER_S = 5.0
_RETAINED_S = 1.0  # retained messages follow a subscription at once


class _Talk:
    """One connection for some commands."""

    def __init__(self, broker: BrokerSettings, devices: Iterable[str]) -> None:
        self.online: dict[str, bool] = {}
        self.ready, self.refusal = threading.Event(), ""
        self._devices = list(devices)
        self.client = mqtt.Client(
            CallbackAPIVersion.VERSION2, clean_session=True, protocol=MQTTProtocolVersion.MQTTv311
        )
        secure(self.client, broker)
        self.client.on_connect = self._on_connect
        self.client.on_subscribe = self._on_subscribe
        self.client.on_message = self._on_message

    def _on_connect(
        self, client: mqtt.Client, _userdata: object, _flags: mqtt.ConnectFlags, reason: ReasonCode, _properties: object
    ) -> None:
        if reason.is_failure:
            self.refusal = str(reason)
            self.ready.set()
        else:
            client.subscribe([(topic(device, "status"), 1) for device in self._devices])

    def _on_subscribe(self, _c: mqtt.Client, _u: object, _mid: int, reasons: list[ReasonCode], _p: object) -> None:
        refused = [str(reason) for reason in reasons if reason.is_failure]
        self.refusal = f"no right to read the devices' status: {refused[0]}" if refused else ""
        self.ready.set()

    def _on_message(self, _client: mqtt.Client, _userdata: object, message: mqtt.MQTTMessage) -> None:
        try:
            status = decode_status(bytes(message.payload))
        except WireError:
            return  # of a device whose status can't be read nothing is known
        self.online[status.device] = status.online


def command(
    broker: BrokerSettings, commands: Mapping[str, Identify | SendAgain], *, retained_s: float = _RETAINED_S
) -> dict[str, bool | None]:
    """Sends each device its command; whether each was connected (None = it never said), in the order given.

    Only those that aren't known to be away are sent one. Raises ConnectionError.
    """
    talk = _Talk(broker, commands)
    try:
        talk.client.connect(broker.host, broker.port, keepalive=broker.keepalive_s)
    except OSError as error:
        raise ConnectionError(f"broker {broker.host}:{broker.port}: {error}") from error
    talk.client.loop_start()
    try:
        if not talk.ready.wait(_ANSWER_S):
            raise ConnectionError(f"broker {broker.host}:{broker.port}: no answer within {_ANSWER_S:g} s")
        if talk.refusal:
            raise ConnectionError(f"broker {broker.host}:{broker.port}: {talk.refusal}")
        threading.Event().wait(retained_s)
        known: dict[str, bool | None] = {device: talk.online.get(device) for device in commands}
        sent = [
            talk.client.publish(topic(device, "commands"), one.encode(), qos=1)
            for device, one in commands.items()
            if known[device] is not False
        ]
        for info in sent:
            if info.rc != MQTTErrorCode.MQTT_ERR_SUCCESS:
                raise ConnectionError(f"broker {broker.host}:{broker.port}: {info.rc.name}")
            info.wait_for_publish(_ANSWER_S)
            if not info.is_published():
                raise ConnectionError(f"broker {broker.host}:{broker.port}: a command was not acknowledged")
        return known
    finally:
        talk.client.disconnect()
        talk.client.loop_stop()
