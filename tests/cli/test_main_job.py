"""Measured years through the running platform: recording → MQTT → ingest → store → rollups → API, to the Wh."""

from __future__ import annotations

import csv
import gzip
import os
import subprocess
import sys
import time
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import httpx
import pytest

from bypuls.store.book import Book
from bypuls.store.influx import InfluxSettings, InfluxStore
from bypuls.store.protocol import Store
from bypuls.store.registry import create_key, open_registry
from bypuls.store.sqlite import SqliteStore
from tests.conftest import free_port

REAL_DATA = Path(os.environ.get("BYPULS_REAL_DATA", Path(__file__).parents[3] / "shared" / "data"))
YEARS = (2018, 2019)
MEDIA = {"electricity": "equipment load [kWh]", "gas": "heating load [kWh]"}
COPENHAGEN, PARIS = ZoneInfo("Europe/Copenhagen"), ZoneInfo("Europe/Paris")

pytestmark = pytest.mark.skipif(
    not (REAL_DATA / "energy" / "cambridge").is_dir(), reason=f"no measured data at {REAL_DATA} (BYPULS_REAL_DATA)"
)


@dataclass(frozen=True)
class Platform:
    """A store with the recordings in it, and the API on it."""

    api: httpx.Client
    store: Store

    def columns(self, sensor: str, every: str, start: str, end: str, tz: str) -> dict[str, list[float | None]]:
        query = {"sensor": sensor, "every": every, "from": start, "to": end, "tz": tz}
        answer = self.api.get("/api/v1/series", params=query)
        assert answer.status_code == 200, answer.text
        columns: dict[str, list[float | None]] = answer.json()["columns"]
        return columns


@dataclass
class Source:
    """The recordings, read a second time and without any of the platform's code."""

    kwh: dict[str, dict[datetime, float]] = field(default_factory=dict)
    cars: dict[str, dict[datetime, float]] = field(default_factory=lambda: defaultdict(dict))


def rows(path: Path) -> list[dict[str, str]]:
    with gzip.open(path, "rt", encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def cambridge(medium: str, year: int) -> Path:
    return REAL_DATA / "energy" / "cambridge" / f"b109_{medium}_{year}.csv.gz"


TELRAAM = REAL_DATA / "traffic" / "telraam_chateaubourg" / "traffic.csv.gz"
_ZONES = {"CET": timedelta(hours=1), "CEST": timedelta(hours=2)}


@pytest.fixture(scope="module")
def source() -> Source:
    found = Source()
    for medium, column in MEDIA.items():
        found.kwh[medium] = {
            datetime.fromisoformat(row["datetime"]).replace(tzinfo=UTC): float(row[column])
            for year in YEARS
            for row in rows(cambridge(medium, year))
            if float(row[column] or 0)  # missing values were written as 0
        }
    for row in rows(TELRAAM):
        local, _, zone = row["date"].rpartition(" ")
        hour = (datetime.fromisoformat(local) - _ZONES[zone]).replace(tzinfo=UTC)
        if float(row["uptime"]):  # 0 = not observed
            found.cars[row["segment_id"].removesuffix(".0")][hour] = float(row["car"])
    return found


def bypuls(*words: str, environment: Mapping[str, str]) -> str:
    done = subprocess.run(
        [sys.executable, "-m", "bypuls.cli", *words],
        capture_output=True,
        text=True,
        env={**os.environ, **environment},
        check=False,
        timeout=300,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.fixture(scope="module", params=["sqlite", "influx"])
def platform(
    request: pytest.FixtureRequest, mosquitto_factory: Callable[..., object], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Platform]:
    """The recordings replayed over MQTT through a running ingest, rolled up."""
    broker = mosquitto_factory(extra="max_queued_messages 100000\n")
    folder = tmp_path_factory.mktemp("platform")
    environment: dict[str, str] = {}
    if request.param == "influx":
        server = request.getfixturevalue("influx_server")
        environment = {
            "BYPULS_INFLUX_URL": server.url,
            "BYPULS_INFLUX_TOKEN": server.token,
            "BYPULS_INFLUX_ORG": server.org,
            "BYPULS_INFLUX_BUCKET": "main_job",
            "BYPULS_INFLUX_ROLLUP_BUCKET": "main_job_rollup",
        }
    place = ["--data-dir", str(folder), "--broker-port", str(broker.port)]  # type: ignore[attr-defined]
    registry = open_registry(folder / "registry.db")
    with (folder / "ingest.log").open("w") as log:
        ingest = subprocess.Popen(
            [sys.executable, "-m", "bypuls.cli", "ingest", *place, "--rollup-every", "0.5"],
            stdout=log,
            stderr=subprocess.STDOUT,
            env={**os.environ, **environment},
        )
    try:
        files = [str(cambridge(medium, year)) for medium in MEDIA for year in YEARS]
        bypuls(
            "replay", *files, "--map", "cambridge", "--device", "b109", "--register", *place, environment=environment
        )
        # The same once more: it is known already, and nothing is stored twice.
        bypuls("replay", *files, "--map", "cambridge", "--device", "b109", *place, environment=environment)
        weather = [str(REAL_DATA / "energy" / "cambridge" / f"weather_bedford_{year}.csv.gz") for year in YEARS]
        bypuls(
            "replay", *weather, "--map", "cambridge_weather", "--device", "bedford", "--register", *place,
            environment=environment,
        )  # fmt: skip
        bypuls(
            "replay", str(TELRAAM), "--map", "telraam", "--device", "telraam", "--register", *place,
            environment=environment,
        )  # fmt: skip
        book = Book(registry)
        request.getfixturevalue("module_until")(lambda: not book.dirty_marks(), 120.0, "every window rolled up")
        store: Store = (
            SqliteStore(folder)
            if request.param == "sqlite"
            else InfluxStore(
                InfluxSettings(server.url, server.token, server.org, "main_job", "main_job_rollup", timeout_s=60.0)
            )
        )
        key = create_key(registry, "main job", ["read"])
        port = free_port()
        serve = [sys.executable, "-m", "bypuls.cli", "api", *place, "--port", str(port)]
        with (folder / "api.log").open("w") as log:
            api = subprocess.Popen(serve, stdout=log, stderr=subprocess.STDOUT, env={**os.environ, **environment})
        try:
            with httpx.Client(
                base_url=f"http://127.0.0.1:{port}", headers={"Authorization": f"Bearer {key}"}, timeout=60.0
            ) as client:
                request.getfixturevalue("module_until")(lambda: answers(client), 30.0, "the API answers")
                yield Platform(client, store)
        finally:
            api.terminate()
            api.wait(20)
        store.close()
    finally:
        ingest.terminate()
        ingest.wait(20)
        registry.close()


def answers(client: httpx.Client) -> bool:
    try:
        return client.get("/api/v1/version").status_code < 500
    except httpx.TransportError:
        return False


@pytest.fixture(scope="module")
def module_until() -> Callable[[Callable[[], bool], float, str], None]:
    def wait(holds: Callable[[], bool], seconds: float, what: str) -> None:
        deadline = time.monotonic() + seconds
        while not holds():
            if time.monotonic() > deadline:
                pytest.fail(f"{what}: not within {seconds:.0f} s")
            time.sleep(0.1)

    return wait


@pytest.mark.parametrize("medium", MEDIA)
def test_a_years_energy_is_the_sources_to_the_wh(platform: Platform, source: Source, medium: str) -> None:
    columns = platform.columns(f"cambridge-b109-{medium}", "year", "2018-01-01", "2020-01-01", "UTC")
    for index, year in enumerate(YEARS):
        expected_wh = sum(round(kwh * 1000) for hour, kwh in source.kwh[medium].items() if hour.year == year)
        assert columns["import_wh"][index] == pytest.approx(expected_wh, abs=0.5)
        assert not columns["import_wh_gap"][index]


@pytest.mark.parametrize("medium", MEDIA)
def test_local_days_are_the_sources_also_when_the_clock_changes(
    platform: Platform, source: Source, medium: str
) -> None:
    days: dict[str, float] = defaultdict(float)
    hours: dict[str, int] = defaultdict(int)
    for hour, kwh in source.kwh[medium].items():
        day = hour.astimezone(COPENHAGEN).date().isoformat()
        days[day] += kwh * 1000
        hours[day] += 1
    columns = platform.columns(f"cambridge-b109-{medium}", "day", "2018-01-02", "2019-12-31", "Europe/Copenhagen")
    told = dict(zip((str(t)[:10] for t in columns["t"]), columns["import_wh"], strict=True))
    assert len(told) == 728
    assert hours["2018-03-25"] == 23
    assert hours["2018-10-28"] == 25
    for day, wh in told.items():
        if day in days:
            assert wh == pytest.approx(days[day], abs=0.5), day
        else:
            assert wh is None, f"{day}: the source has no value, so neither have we"
    coverage = dict(zip(told, columns["coverage"], strict=True))
    assert coverage["2018-03-25"] == pytest.approx(1.0)
    assert coverage["2018-10-28"] == pytest.approx(1.0)


def test_car_counts_are_the_sources(platform: Platform, source: Source) -> None:
    for segment, counted in source.cars.items():
        sensor = f"telraam-{segment}"
        table = platform.store.bins(
            "traffic", [sensor], 0, 2**53, ["n", "uptime_s"], every_s=3600, by=["direction", "vehicle_class"]
        )
        cars = table.tags["vehicle_class"] == "car"
        told = {
            datetime.fromtimestamp(t / 1e6, UTC): n
            for t, n in zip(table.t_us[cars].tolist(), table.columns["n"][cars].tolist(), strict=True)
            if n == n
        }
        assert told.keys() == counted.keys()
        for hour, n in counted.items():
            assert told[hour] == pytest.approx(n, abs=1e-6), hour


def test_car_counts_of_a_month_come_through_the_api(platform: Platform, source: Source) -> None:
    for segment, counted in source.cars.items():
        expected = sum(n for hour, n in counted.items() if hour.astimezone(PARIS).month == 3)
        query = {
            "sensor": f"telraam-{segment}", "every": "month", "from": "2022-03-01", "to": "2022-04-01",
            "tz": "Europe/Paris", "vehicle_class": "car",
        }  # fmt: skip
        answer = platform.api.get("/api/v1/series", params=query)
        assert answer.status_code == 200, answer.text
        assert answer.json()["columns"]["n"] == [pytest.approx(expected, abs=1e-6)]


def test_the_weather_is_the_sources(platform: Platform) -> None:
    mean = platform.columns("cambridge-weather", "year", "2018-01-01", "2019-01-01", "UTC")["temp_c_mean"]
    path = REAL_DATA / "energy" / "cambridge" / "weather_bedford_2018.csv.gz"
    cells = [float(row["air_temperature [degC]"]) for row in rows(path) if row["air_temperature [degC]"]]
    assert mean == [pytest.approx(sum(cells) / len(cells), abs=1e-6)]
