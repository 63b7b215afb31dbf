"""Platforms of real processes for the reliability suite; everything that a test starts is killed at its end."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

# The rig serves tests and the processes that they start; it is not part of the product.
sys.path.insert(0, str(Path(__file__).parent))

from rig import power
from rig.platform import Platform
from rig.proxy import Proxy

MakePlatform = Callable[..., Platform]


@pytest.fixture
def make_platform(tmp_path: Path, mosquitto_broker) -> Iterator[MakePlatform]:
    """Makes platforms with a mosquitto of its own defaults, nothing of which is on disk."""
    platforms: list[Platform] = []

    def make(**options: object) -> Platform:
        platform = Platform(tmp_path / f"platform-{len(platforms)}", mosquitto_broker, **options)  # type: ignore[arg-type]
        platforms.append(platform)
        return platform

    yield make
    for platform in platforms:
        platform.close()


@pytest.fixture
def platform(make_platform: MakePlatform) -> Platform:
    """A sound platform: broker and registry, no ingest and no edge yet."""
    return make_platform()


@pytest.fixture
def make_proxy() -> Iterator[Callable[[int], Proxy]]:
    """Makes proxies in front of a port of this machine."""
    proxies: list[Proxy] = []

    def make(target: int) -> Proxy:
        proxy = Proxy(target)
        proxies.append(proxy)
        return proxy

    yield make
    for proxy in proxies:
        proxy.close()


@pytest.fixture(scope="session")
def power_cuts() -> None:
    """Skips where the power can't be cut."""
    reason = power.why_not()
    if reason is not None:
        pytest.skip(reason)


@pytest.fixture(scope="session")
def plant() -> str:
    """The fault that `make plants` has planted, none in an ordinary run."""
    return os.environ.get("BYPULS_RELIABILITY_PLANT", "")
