"""The devices' pages: a night's outage is seen, nothing of it is missing once it came, what isn't known is said."""

from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from bypuls.api import ApiContext, ApiSettings
from bypuls.api.web.device_pages import bars_of, hours_in, hours_of, strip, taken_of
from bypuls.api.web.period import Period
from bypuls.store.book import Book, Letter, Taken
from bypuls.store.registry import Device, open_registry
from bypuls.store.sqlite import SqliteStore
from bypuls.wire import to_us

ZONE = ZoneInfo("Europe/Copenhagen")
NOW = datetime(2026, 11, 26, 9, 30, tzinfo=UTC)
HOUR = timedelta(hours=1)


@pytest.fixture
def context(tmp_path: Path, place_registry: Callable[[Path], Path]) -> Iterator[ApiContext]:
    registry = open_registry(place_registry(tmp_path))
    with registry.session() as session:
        session.add_all([Device(id=id, name=id.upper()) for id in ("pi-1", "pi-2", "pi-3")])
    store = SqliteStore(tmp_path / "store")
    yield ApiContext(store, registry, Book(registry), ApiSettings(), lambda: NOW)
    store.close()
    registry.close()


def take(context: ApiContext, device: str, first: int, last: int, at: datetime, refused: tuple[int, ...] = ()) -> None:
    letters = [Letter(device, "speed_kmh: 900 — expected at most 300", b"{}", "e1", seq) for seq in refused]
    context.book.take([Taken(device, "e1", first, last, refused)], letters, [], to_us(at))


@pytest.mark.parametrize(
    ("now", "first", "count"),
    [
        (NOW, datetime(2026, 11, 25, 17, tzinfo=UTC), 14),
        # While the night lasts, what is over of it and the hour that runs.
        (datetime(2026, 11, 25, 19, 10, tzinfo=UTC), datetime(2026, 11, 25, 17, tzinfo=UTC), 3),
        # The nights in which the clock changes have an hour more and one less.
        (datetime(2026, 10, 25, 12, tzinfo=UTC), datetime(2026, 10, 24, 16, tzinfo=UTC), 15),
        (datetime(2026, 3, 29, 12, tzinfo=UTC), datetime(2026, 3, 28, 17, tzinfo=UTC), 13),
    ],
)
def test_the_last_night(now: datetime, first: datetime, count: int) -> None:
    hours = hours_of("night", now, ZONE)
    assert (hours[0], len(hours)) == (first, count)


def test_the_last_day_ends_with_the_hour_that_runs() -> None:
    hours = hours_of("day", NOW, ZONE)
    assert (len(hours), hours[-1]) == (24, NOW.replace(minute=0))


def test_a_period_has_its_days_hours_up_to_the_one_that_runs() -> None:
    spring, autumn = date(2026, 3, 29), date(2026, 10, 25)
    assert len(hours_in(Period(spring, spring), NOW, ZONE)) == 23
    assert len(hours_in(Period(autumn, autumn), NOW, ZONE)) == 25
    assert len(hours_in(Period(date(2026, 11, 20), date(2026, 11, 24)), NOW, ZONE)) == 120
    assert hours_in(Period(date(2026, 11, 25), date(2026, 11, 26)), NOW, ZONE)[-1] == NOW.replace(minute=0)


def test_many_hours_are_drawn_by_the_day() -> None:
    hours = hours_in(Period(date(2026, 10, 1), date(2026, 10, 31)), NOW, ZONE)
    counts = [None if at.astimezone(ZONE).day < 3 else 1 for at in hours]
    bars = bars_of(counts, hours, ZONE)
    assert [count for _, count in bars] == [None, None, *([24] * 22), 25, *([24] * 6)]
    assert bars[24][0] == datetime(2026, 10, 24, 22, tzinfo=UTC)
    assert bars_of(counts[:48], hours[:48], ZONE) == list(zip(hours[:48], counts[:48], strict=True))


def test_an_outage_shows_as_silence_and_costs_nothing_once_its_readings_came(context: ApiContext) -> None:
    hours = hours_of("night", NOW, ZONE)
    take(context, "pi-1", 1, 100, hours[0] - HOUR)
    take(context, "pi-1", 101, 110, hours[0])
    # Four hours nothing, then live readings first and the backlog after them.
    take(context, "pi-1", 151, 160, hours[5])
    during = taken_of(context, ["pi-1"], hours)[0]
    assert (during.missing, during.received, during.quiet_h) == (40, 20, 12)
    take(context, "pi-1", 111, 150, hours[6])
    take(context, "pi-1", 151, 160, hours[6])
    after = taken_of(context, ["pi-1"], hours)[0]
    assert (after.missing, after.received, after.stored, after.duplicate) == (0, 70, 60, 10)
    assert after.by_hour[:7] == (10, 0, 0, 0, 0, 10, 50)


def test_before_a_device_was_heard_nothing_is_an_outage(context: ApiContext) -> None:
    hours = hours_of("day", NOW, ZONE)
    take(context, "pi-1", 1, 5, NOW - timedelta(minutes=20))
    one, never = taken_of(context, ["pi-1", "pi-2"], hours)
    assert (one.by_hour[-2], one.by_hour[-1], one.quiet_h, one.missing) == (None, 5, 0, 0)
    assert (never.missing, never.heard, never.quiet_h) == (None, False, 0)
    assert len(strip(one.by_hour)) == 1
    assert strip(never.by_hour) == []


def test_refused_readings_are_counted_with_their_reasons(context: ApiContext) -> None:
    take(context, "pi-1", 1, 5, NOW - HOUR, refused=(2, 3))
    one = taken_of(context, ["pi-1"], hours_of("day", NOW, ZONE))[0]
    assert (one.received, one.stored, one.refused, one.waiting_letters) == (5, 3, 2, 2)
    assert context.book.waiting_reasons("pi-1") == [("speed_kmh: 900 — expected at most 300", 2)]


def test_the_page_tells_each_device_s_lot(context: ApiContext, make_client: Any) -> None:
    hours = hours_of("night", NOW, ZONE)
    take(context, "pi-1", 1, 1200, hours[0])
    take(context, "pi-2", 1, 10, hours[0], refused=(4,))
    take(context, "pi-2", 15, 20, hours[1])
    parts = {name: getattr(context, name) for name in ("store", "registry", "book", "clock")}
    settings = ApiSettings(open_on_loopback=True)
    client = make_client(address="127.0.0.1", host="127.0.0.1:8000", settings=settings, **parts)
    english, danish = (client.get(f"/devices?lang={lang}").text for lang in ("en", "da"))
    assert "1 device misses readings." in english
    assert "4 missing" in english
    assert "1 was refused and is kept as a dead letter." in english
    assert "1 enhed mangler målinger." in danish
    assert "1.216 målinger kom" in danish
    assert "never heard" in english
    one = client.get("/devices/pi-2?lang=en").text
    assert "1 × speed_kmh: 900 — expected at most 300" in one
    assert "No sensor of this device is registered" in one
    assert client.get("/devices/nope").status_code == 404


def test_a_span_that_there_is_not_is_named(page: Any) -> None:
    answer = page.get("/devices?span=week&lang=en")
    assert answer.status_code == 422
    assert "Period (span): “week”. Expected: span, one of 7d, 28d" in answer.text
