"""All panels of the Portfolio dashboard over 90 days with 200 buildings: their queries on a real InfluxDB."""

from __future__ import annotations

import json
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
from platform_of import INFLUX_TOKEN, influxd, influxdb  # type: ignore[import-not-found]
from rows import Row

from bypuls.grafana.boards.energy import all_buildings
from bypuls.grafana.flux import Buckets
from bypuls.store.influx import Asset, InfluxSettings, InfluxStore
from bypuls.store.protocol import Bins
from bypuls.store.results import NOW_US, Result

BUILDINGS, DAYS, BACK_DAYS = 200, 90, 460
CHOICES = 5_000
"""Buildings that a dashboard's choice must list: more than any municipality has."""
MEDIA = ("electricity", "heat")
DAY_US, QUARTER_US = 86_400_000_000, 900_000_000


def _fill(store: InfluxStore, end: datetime) -> None:
    """Quarters of the range, days of a year and a half, what the platform says of each building."""
    rng = np.random.default_rng(1)
    end_us = int(end.timestamp()) * 1_000_000
    t_us = end_us - QUARTER_US * np.arange(96 * DAYS, 0, -1, dtype=np.int64)
    days_us = [end_us - DAY_US * n for n in range(BACK_DAYS, 0, -1)]
    energy, buildings = [], []
    for number in range(BUILDINGS):
        one = f"building-{number}"
        for medium in MEDIA:
            sensor = f"{one}-{medium}"
            wh = rng.uniform(1_000.0, 2_000.0 + 50.0 * number, t_us.size)
            columns = {
                "n": np.full(t_us.size, 15.0), "import_wh_delta": wh, "import_wh_covered_s": np.full(t_us.size, 900.0)
            }  # fmt: skip
            block = Bins("meter", sensor, t_us, columns, {"medium": medium}, asset=one)
            store.replace_bins("meter", sensor, int(t_us[0]), int(t_us[-1]) + 1, [block])
            tags = {"building": one, "medium": medium}
            energy += [Result("energy", tags, at, {"used": 100.0 + number, "coverage": 1.0}) for at in days_us]
        texts = {"name": f"Building {number}", "use": "office"}
        numbers = {"kwh": 1e5, "kwh_corrected": 1.1e5, "kwh_m2_corrected": 100.0, "excess_dkk": 10.0 * number}
        buildings.append(Result("building", {"building": one}, NOW_US, numbers, texts))
    store.replace_results("energy", energy)
    store.replace_results("building", buildings)
    store.assets([Asset(f"building-{n}", f"Building {n}", "building", area_m2=1000.0) for n in range(BUILDINGS)])


def _asked(url: str, query: str) -> tuple[float, int]:
    """Seconds and lines of an answer."""
    body = json.dumps({"query": query, "dialect": {"annotations": []}}).encode()
    headers = {"Authorization": f"Token {INFLUX_TOKEN}", "Content-Type": "application/json"}
    began = time.perf_counter()
    try:
        with urllib.request.urlopen(urllib.request.Request(f"{url}/api/v2/query?org=", body, headers)) as answer:
            text = answer.read()
    except urllib.error.HTTPError as error:
        with error:
            raise RuntimeError(error.read().decode()) from None
    return time.perf_counter() - began, text.count(b"\n")


def _panels(url: str, filled: Mapping[str, str]) -> dict[str, float]:
    """Seconds of each panel, all its queries one after the other."""
    seconds: dict[str, float] = {}
    for panel in all_buildings("en", Buckets())["panels"]:
        for target in panel.get("targets", ()):
            query = target["query"]
            for mark, value in filled.items():
                query = query.replace(mark, value)
            seconds[panel["title"]] = seconds.get(panel["title"], 0.0) + _asked(url, query)[0]
    return seconds


def _choice(url: str) -> float:
    """Seconds until the dashboard's choice has its list. Raises RuntimeError where it lacks some."""
    choices = all_buildings("en", Buckets())["templating"]["list"]
    query = next(one["query"] for one in choices if one["name"] == "building")
    took, lines = _asked(url, query)
    if lines < CHOICES:
        raise RuntimeError(f"the choice of buildings has {lines} lines, expected {CHOICES}")
    return took


def run() -> list[Row]:
    """Every query of every panel, one after the other, as a browser's first look asks them."""
    program = influxd()
    if program is None:
        raise RuntimeError("this bench needs an influxd: .ci/influxd builds one")
    end = datetime.now(UTC).replace(minute=0, second=0, microsecond=0)
    start = end - timedelta(days=DAYS)
    with tempfile.TemporaryDirectory() as name, influxdb(program, Path(name)) as url:
        store = InfluxStore(InfluxSettings(url, INFLUX_TOKEN, ""))
        filled = {
            "v.timeRangeStart": f"{start:%Y-%m-%dT%H:%M:%SZ}", "v.timeRangeStop": f"{end:%Y-%m-%dT%H:%M:%SZ}",
            "${building:regex}": ".*", "${medium}": "electricity",
        }  # fmt: skip
        try:
            store.setup()
            _fill(store, end)
            seconds = _panels(url, filled)
            store.assets([Asset(f"building-{n}", f"Building {n}", "building", area_m2=1000.0) for n in range(CHOICES)])
            choice_s, in_crowd_s = _choice(url), sum(_panels(url, filled).values())
        finally:
            store.close()
    slowest = max(seconds, key=lambda title: seconds[title])
    return [
        Row(f"portfolio of {BUILDINGS} buildings, {DAYS} days: all panels", sum(seconds.values()), "s", "< 2"),
        Row(f"its slowest panel: {slowest}", seconds[slowest], "s"),
        Row(f"the same with {CHOICES} buildings registered", in_crowd_s, "s"),
        Row(f"the choice of {CHOICES} buildings", choice_s, "s"),
        *(Row(f"  {title}", one, "s") for title, one in seconds.items() if one > 0.1 and title != slowest),
    ]
