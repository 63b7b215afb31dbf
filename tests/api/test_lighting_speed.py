"""Light and speed from the store: an effect that is in the readings is found, and what can't be told is said."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
import pytest

from bypuls.analysis.histogram import format_histogram, from_speeds
from bypuls.api.directory import DirectorySource
from bypuls.api.lighting_speed import light_and_speed_of
from bypuls.api.reports.layout.cells import Paragraphs, Table
from bypuls.api.reports.speed.from_store import Survey
from bypuls.api.reports.speed.model import LightAndSpeed, LightEffect
from bypuls.api.reports.speed.render.light import blocks
from bypuls.api.reports.speed.render.words import Words
from bypuls.store.protocol import Bins
from bypuls.store.registry import Device, Lamp, Sensor, Site, open_registry
from bypuls.store.sqlite import SqliteStore
from bypuls.wire import to_us
from bypuls.wire.bins import QUARTER_US

CPH = ZoneInfo("Europe/Copenhagen")
FIRST = datetime(2026, 1, 5, tzinfo=CPH)
NIGHTS = 40


def told(folder: Path, level: Callable[[int, int], float], effect_kmh: float) -> LightAndSpeed:
    """A street whose lamps were dimmed by `level(night, hour)` and whose drivers then changed by `effect_kmh`."""
    rng = np.random.default_rng(5)
    quarters = [
        (night, hour, int(to_us((FIRST + timedelta(days=night, hours=hour)).astimezone(UTC))) + n * QUARTER_US)
        for night in range(NIGHTS)
        for hour in (19, 20, 21)
        for n in range(4)
    ]
    weather = rng.normal(0.0, 1.0, NIGHTS)
    hists, sums = [], []
    for night, hour, _ in quarters:
        change = effect_kmh if level(night, hour) < 100.0 else 0.0
        speeds = np.clip(rng.normal(50.0 + hour - 20 + weather[night] + change, 6.0, 12), 1.0, 119.0)
        hists.append(format_histogram(from_speeds(speeds)))
        sums.append(float(speeds.sum()))
    t_us = np.array([one[2] for one in quarters], dtype=np.int64)
    n = np.full(t_us.size, 12.0)
    hist = np.array(hists, dtype=object)
    traffic = {
        "n": n, "sum_kmh": np.array(sums), "hist": hist, "ff_n": n, "ff_sum_kmh": np.array(sums), "ff_hist": hist,
        "width_kmh": np.ones(t_us.size),
    }  # fmt: skip
    levels = np.array([level(night, hour) for night, hour, _ in quarters])
    store = SqliteStore(folder / "store")
    end = int(t_us[-1]) + 1
    tags = {"direction": "toward", "vehicle_class": ""}
    store.replace_bins("traffic", "radar", int(t_us[0]), end, [Bins("traffic", "radar", t_us, traffic, tags)])
    lamp = {"level_pct_n": np.full(t_us.size, 3.0), "level_pct_sum": 3.0 * levels}
    store.replace_bins("lamp", "lamp-s", int(t_us[0]), end, [Bins("lamp", "lamp-s", t_us, lamp)])
    with open_registry(folder / "registry.db") as registry:
        with registry.session() as session:
            session.add_all(
                [
                    Site(id="street", name="Street", lat=55.73, lon=12.36),
                    Lamp(id="lamp", name="Lamp", site="street"),
                    Device(id="pi", name="Pi"),
                    Sensor(id="radar", device="pi", kind="passage", name="R", site="street"),
                    Sensor(id="lamp-s", device="pi", kind="lamp", name="L", lamp="lamp"),
                ]
            )
        directory = DirectorySource(registry)()
        last = FIRST + timedelta(days=NIGHTS)
        survey = Survey(CPH, to_us(FIRST.astimezone(UTC)), to_us(last.astimezone(UTC)))
        found = light_and_speed_of(store, directory, directory.sites["street"], survey)
    store.close()
    return found


def test_an_effect_is_found_within_hours(tmp_path: Path) -> None:
    found = told(tmp_path, lambda night, hour: 50.0 if hour == 21 or (hour == 20 and night % 2) else 100.0, -3.0)
    assert found.why is None
    assert found.levels_pct == (50.0, 100.0)
    (one,) = found.effects
    assert one.mean_low_kmh <= -3.0 <= one.mean_high_kmh < 0.0
    assert one.v85_high_kmh < 0.0
    # 20 o'clock of working days, and of other days.
    assert one.hours == 2
    assert one.nights == one.reference_nights == NIGHTS / 2
    assert one.vehicles == pytest.approx(NIGHTS / 2 * 48)


def test_a_clock_that_dims_always_at_the_same_hour_tells_nothing(tmp_path: Path) -> None:
    found = told(tmp_path, lambda _night, hour: 50.0 if hour == 21 else 100.0, -3.0)
    assert (found.why, found.effects) == ("not identifiable: never apart", ())
    assert found.rows == NIGHTS * 12


def test_through_the_api(client: Any) -> None:
    site = client.told("/sites")["items"][0]["id"]
    assert client.told(f"/lighting/light-and-speed/{site}")["why"]
    assert client.get("/api/v1/lighting/light-and-speed/nowhere").status_code == 404


def test_the_table_says_why_where_there_is_no_effect(client: Any) -> None:
    site = client.told("/sites")["items"][0]["id"]
    found = client.get(f"/api/v1/lighting/light-and-speed/{site}?format=csv&lang=da")
    lines = found.content.decode("utf-8-sig").splitlines()
    assert lines[0].startswith("site;start;end;why;level_pct")
    assert len(lines) == 2


def test_the_section_tells_effects_and_reasons() -> None:
    nothing = LightAndSpeed(3, 480, (50.0, 100.0), "not identifiable: never apart", ())
    (said,) = blocks(nothing, Words("en"))
    assert isinstance(said, Paragraphs)
    assert "can't be told: not identifiable" in said.texts[0]
    assert "50 %, 100 %" in said.texts[1]
    effect = LightEffect(50.0, 100.0, 47.0, 50.0, -3.0, -4.0, -2.0, 53.0, 56.0, -3.1, -4.4, -1.8, 2, 20, 20, 960, 960)
    sentence, _, table = blocks(LightAndSpeed(3, 480, (50.0, 100.0), None, (effect,)), Words("da"))
    assert isinstance(sentence, Paragraphs)
    assert "Ved 50 % lys afviger V85 med −3,1 km/t (−4,4 til −1,8)" in sentence.texts[0]
    assert isinstance(table, Table)
    assert [cell.value for cell in table.rows[0][:3]] == ["50 %", 47.0, -3.0]
    unclear = replace(effect, v85_low_kmh=-4.4, v85_high_kmh=0.2)
    sentence, *_ = blocks(LightAndSpeed(3, 480, (50.0, 100.0), None, (unclear,)), Words("en"))
    assert isinstance(sentence, Paragraphs)
    assert "not clearly another" in sentence.texts[0]
