"""What is known in part: devices that tell no health, rows that reach into the future, sums of some meters."""

from datetime import UTC, datetime
from typing import Any

import numpy as np

from bypuls.store.book import Book
from bypuls.store.protocol import Bins
from bypuls.store.registry import Building, Device, Sensor, create_key, open_registry
from bypuls.store.sqlite import SqliteStore
from bypuls.wire import Lamp, Passage, to_us

NOW = datetime(2026, 3, 30, 10, 7, tzinfo=UTC)


def test_a_device_that_tells_no_health_was_heard_by_its_sensors(make_client: Any, tmp_path: Any) -> None:
    registry = open_registry(tmp_path / "registry.db")
    with registry.session() as session:
        session.add_all([Device(id="gateway", name="Gateway"), Device(id="mute", name="Mute")])
        session.flush()
        session.add_all(
            Sensor(id=id, device="gateway", kind=kind, name=id) for id, kind in (("count", "passage"), ("lamp", "lamp"))
        )
    store = SqliteStore(tmp_path / "store")
    store.write(
        [
            Lamp(sensor="lamp", t=NOW.replace(hour=1), on=True),
            Passage(sensor="count", t=NOW.replace(minute=5, second=41), speed_kmh=40.0, direction="toward"),
        ]
    )
    key = create_key(registry, "reader", ["read"])
    heard, mute = make_client(key=key, registry=registry, store=store).told("/devices")["items"]
    # To the minute: the moment of a single vehicle isn't everybody's to know.
    assert (heard["state"], heard["t"], heard["age_s"]) == ("current", "2026-03-30T10:05:00Z", 60.0)
    assert heard["outbox_rows"] is None
    assert (mute["state"], mute["t"]) == ("never", None)
    store.close()
    registry.close()


def test_what_is_still_to_come_is_not_missing(client: Any) -> None:
    running = client.told("/energy/hall", every="day", **{"from": "2026-03-30"})
    assert running["columns"]["heat_coverage"] == [1.0]
    assert running["media"]["heat"]["coverage"] == 1.0


def test_the_sum_of_some_meters_is_not_the_towns_power(make_client: Any, tmp_path: Any) -> None:
    registry = open_registry(tmp_path / "registry.db")
    with registry.session() as session:
        session.add_all([Device(id="pi", name="Pi"), Building(id="hall", name="Hall", use="office")])
        session.flush()
        session.add_all(
            Sensor(id=f"m{n}", device="pi", kind="meter", name="M", medium="electricity", building="hall")
            for n in range(4)
        )
    store = SqliteStore(tmp_path / "store")
    first_us = to_us(datetime(2026, 3, 29, 22, tzinfo=UTC))
    for n in range(4):
        t_us = np.array([first_us, *([first_us + 900_000_000] if n else [])])
        columns = {"import_wh_delta": np.full(t_us.size, 250.0), "import_wh_covered_s": np.full(t_us.size, 900.0)}
        block = Bins("meter", f"m{n}", t_us, columns, {"medium": "electricity"}, asset="hall")
        store.replace_bins("meter", f"m{n}", first_us, first_us + 1_800_000_000, [block])
    key = create_key(registry, "reader", ["read"])
    columns = make_client(key=key, registry=registry, store=store, book=Book(registry)).told("/today")["columns"]
    assert columns["power_kw"][:2] == [4.0, None]
    assert columns["power_coverage"][:2] == [1.0, 0.75]
    store.close()
    registry.close()
