"""The contract's channels and operations as AsyncAPI 3.0, as the platform sees them."""

from __future__ import annotations

import json
from typing import Any

from bypuls.wire.batches import VERSION
from bypuls.wire.examples import MESSAGES
from bypuls.wire.reference import CHANNEL_NOTES
from bypuls.wire.topics import CHANNELS, ROOT


def asyncapi() -> dict[str, Any]:
    """The AsyncAPI 3.0 document; payloads are the schemas that lie beside it."""
    channels: dict[str, Any] = {}
    operations: dict[str, Any] = {}
    for channel in CHANNELS:
        note = CHANNEL_NOTES[channel]
        message = note.message
        channels[channel] = {
            "address": f"{ROOT}/{{device}}/{channel}",
            "description": note.text,
            "parameters": {"device": {"description": "the device's id: its certificate's name"}},
            "messages": {message: {"$ref": f"#/components/messages/{message}"}},
        }
        operations[f"{'receive' if note.upwards else 'send'}_{channel}"] = {
            "action": "receive" if note.upwards else "send",
            "channel": {"$ref": f"#/channels/{channel}"},
            "messages": [{"$ref": f"#/channels/{channel}/messages/{message}"}],
            "bindings": {"mqtt": {"qos": 1, "retain": note.retained, "bindingVersion": "0.2.0"}},
        }
    return {
        "asyncapi": "3.0.0",
        "id": f"urn:bypuls:v{VERSION}",
        "info": {
            "title": "bypuls over MQTT",
            "version": f"{VERSION}.0.0",
            "description": "Sensor readings of a town, as the platform sees them: it receives readings and status, "
            "and sends receipts and commands. MQTT 3.1.1 or newer.",
            "license": {"name": "MPL-2.0", "url": "https://www.mozilla.org/MPL/2.0/"},
        },
        "defaultContentType": "application/json",
        "channels": channels,
        "operations": operations,
        "components": {
            "messages": {
                message: {
                    "name": message,
                    "contentType": "application/json",
                    "payload": {
                        "schemaFormat": "application/schema+json;version=draft-2020-12",
                        "schema": {"$ref": f"./{message}.schema.json"},
                    },
                    "examples": [{"payload": json.loads(example)} for example in MESSAGES[message]],
                }
                for message in MESSAGES
            }
        },
    }
