"""The stores that one suite is run on."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator

import pytest

from bypuls.store.protocol import Store

_numbers = itertools.count(1)


@pytest.fixture(scope="session", params=["sqlite", "influx"])
def store(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Store]:
    """Each implementation in turn; tests share it and keep to sensors of their own."""
    if request.param == "sqlite":
        from bypuls.store.sqlite import SqliteStore

        made: Store = SqliteStore(tmp_path_factory.mktemp("store"))
    else:
        server = request.getfixturevalue("influx_server")
        from bypuls.store.influx import InfluxSettings, InfluxStore

        influx = InfluxStore(InfluxSettings(server.url, server.token, server.org, "contract", "contract_rollup"))
        influx.setup()
        made = influx
    yield made
    made.close()


@pytest.fixture(scope="session")
def new_sensor() -> Callable[..., str]:
    """Makes ids of sensors that no other test knows; the later one sorts behind."""
    return lambda prefix="s": f"{prefix}-{next(_numbers):05d}"


@pytest.fixture
def sensor(new_sensor: Callable[..., str]) -> str:
    """A sensor that no other test knows."""
    return new_sensor()
