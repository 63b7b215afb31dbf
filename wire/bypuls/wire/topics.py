"""MQTT topics: bypuls/v1/<device>/<channel>. The device's id is a level of its own: an ACL can hold it there."""

from __future__ import annotations

from typing import Literal, get_args

from bypuls.wire.errors import BadField
from bypuls.wire.fields import check_id

Channel = Literal["readings", "receipts", "status", "commands"]
CHANNELS: tuple[Channel, ...] = get_args(Channel)
ROOT = "bypuls/v1"


def topic(device: str, channel: Channel) -> str:
    """The topic of a device's channel. Raises BadField for a device that is no id."""
    return f"{ROOT}/{check_id('device', device)}/{channel}"


def every(channel: Channel, *, share: str | None = None) -> str:
    """The filter for every device's channel; with `share`, the shared subscription of that group."""
    pattern = f"{ROOT}/+/{channel}"
    return pattern if share is None else f"$share/{check_id('share', share)}/{pattern}"


def parse_topic(text: str) -> tuple[str, Channel]:
    """(device, channel) of a topic. Raises BadField."""
    levels = text.split("/")
    if len(levels) == 4 and "/".join(levels[:2]) == ROOT:
        for channel in CHANNELS:
            if levels[3] == channel:
                return check_id("device", levels[2]), channel
    raise BadField("topic", text, f"{ROOT}/<device>/ and one of {', '.join(CHANNELS)}")
