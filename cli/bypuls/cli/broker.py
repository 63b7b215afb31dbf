"""`bypuls broker`: an MQTT broker in Python, for machines without mosquitto. For trying out, not for a town."""

from __future__ import annotations

import asyncio
import signal
from typing import Annotated

import typer
from amqtt.broker import Broker


def broker(port: Annotated[int, typer.Option(min=1, max=65535, help="Port on 127.0.0.1.")] = 1883) -> None:
    """Run a small MQTT broker for this machine alone. Install mosquitto for more than a first try."""
    asyncio.run(_serve(port))


async def _serve(port: int) -> None:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stop.set)
    config = {
        "listeners": {"default": {"type": "tcp", "bind": f"127.0.0.1:{port}", "max_connections": 200}},
        "plugins": {"amqtt.plugins.authentication.AnonymousAuthPlugin": {"allow_anonymous": True}},
    }
    server = Broker(config)
    await server.start()
    await stop.wait()
    await server.shutdown()
