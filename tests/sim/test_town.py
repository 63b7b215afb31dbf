"""The simulated town: the same to the byte whoever asks, and plausible."""

import hashlib
import subprocess
import sys
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise

import astral
import astral.sun
import numpy as np
import pytest

from bypuls.sim.buildings import occupancy
from bypuls.sim.history import BinBlock, history, sensor_history
from bypuls.sim.lighting import energy_wh
from bypuls.sim.local_time import SUNDAY, WORKDAY, day_kind, local_quarters
from bypuls.sim.streets import DIRECTIONS, vehicles
from bypuls.sim.sun import LATITUDE_DEG, LONGITUDE_DEG, elevation_deg
from bypuls.sim.town import Town, default_begins
from bypuls.wire.bins import BIN_FIELDS, BIN_TAGS, QUARTER_US

BEGINS = date(2024, 1, 1)
NOON = datetime(2025, 3, 12, 12, tzinfo=UTC)


@pytest.fixture(scope="module")
def town() -> Town:
    return Town(7, BEGINS)


def digest(blocks: list[BinBlock]) -> str:
    sha = hashlib.sha256()
    for block in sorted(blocks, key=lambda one: (one.sensor, sorted(one.tags.items()), one.t_us[0])):
        sha.update(f"{block.kind} {block.sensor} {sorted(block.tags.items())}".encode())
        for name, column in sorted(block.columns.items()):
            sha.update(name.encode())
            sha.update(repr(column.tolist()).encode() if column.dtype == object else column.tobytes())
    return sha.hexdigest()


def whole(blocks: list[BinBlock]) -> dict[tuple[str, str], dict[str, list[object]]]:
    """Columns by sensor and tags, in order of time."""
    found: dict[tuple[str, str], dict[str, list[object]]] = {}
    for block in sorted(blocks, key=lambda one: one.t_us[0]):
        into = found.setdefault((block.sensor, str(sorted(block.tags.items()))), {})
        for name, column in {"t_us": block.t_us, **block.columns}.items():
            into.setdefault(name, []).extend(repr(value) for value in column.tolist())
    return found


def test_same_to_the_byte_in_another_process(town: Town) -> None:
    start, end = NOON, NOON + timedelta(hours=3)
    code = (
        "import sys; sys.path[:0] = sys.argv[1:]\n"
        "from datetime import *; import importlib.util as u\n"
        "s = u.spec_from_file_location('town_test', sys.argv[1]); m = u.module_from_spec(s); s.loader.exec_module(m)\n"
        "t = m.Town(7, m.BEGINS); print(m.digest(list(m.history(t, m.NOON, m.NOON + m.timedelta(hours=3)))))"
    )
    there = subprocess.run(
        [sys.executable, "-c", code, __file__],
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
        env={"PYTHONHASHSEED": "99"},
    )
    assert there.stdout.strip() == digest(list(history(town, start, end)))
    assert digest(list(history(Town(8, BEGINS), start, end))) != there.stdout.strip()


def test_any_range_gives_the_same_quarters(town: Town) -> None:
    """Asked at once or in odd pieces, across a month's end, out of order: nothing depends on it."""
    start = datetime(2025, 2, 28, 7, 15, tzinfo=UTC)
    cuts = [start, start + timedelta(hours=5), start + timedelta(hours=29, minutes=45), start + timedelta(days=2)]
    at_once = whole(list(history(town, cuts[0], cuts[-1])))
    again = Town(7, BEGINS)
    pieces = [list(history(again, a, b)) for a, b in pairwise(cuts)]
    assert whole([block for piece in reversed(pieces) for block in piece]) == at_once


def test_newest_month_comes_first(town: Town) -> None:
    blocks = history(town, datetime(2024, 12, 20, tzinfo=UTC), datetime(2025, 2, 3, tzinfo=UTC))
    starts = [int(block.t_us[0]) for block in blocks if block.sensor == "weather-station"]
    assert starts == sorted(starts, reverse=True)
    assert len(starts) == 3


def test_bins_keep_the_contracts_names(town: Town) -> None:
    blocks = list(history(town, NOON, NOON + timedelta(hours=2)))
    assert {block.sensor for block in blocks} == set(town.sensors)
    for block in blocks:
        assert set(block.columns) <= set(BIN_FIELDS[block.kind]), block.sensor
        assert set(block.tags) <= set(BIN_TAGS[block.kind])
        assert (block.t_us % QUARTER_US == 0).all()
        assert all(len(column) == len(block.t_us) == 8 for column in block.columns.values())
        for name, column in block.columns.items():
            assert (column.dtype == object) == BIN_FIELDS[block.kind][name].is_text, name


def test_traffic_bins_are_the_histogram_of_the_vehicles(town: Town) -> None:
    first = town.quarter(NOON)
    sensor = town.sensors["radar-ballerup-boulevard"]
    for direction, block in zip(DIRECTIONS, sensor_history(town, sensor, first, first + 96), strict=True):
        seen = vehicles(town.seed, town.streets["ballerup-boulevard"], direction, first, first + 96)
        assert block.columns["n"].sum() == len(seen.t_us)
        assert block.columns["ff_n"].sum() == seen.free.sum()
        for index in range(0, 96, 7):
            inside = seen.t_us // QUARTER_US == first + index
            counted = {}
            for item in (block.columns["hist"][index] or "").split(","):
                if item:
                    edge, _, count = item.partition(":")
                    counted[int(edge)] = int(count)
            expected: dict[int, int] = {}
            for speed in seen.speed_kmh[inside]:
                expected[int(np.ceil(speed))] = expected.get(int(np.ceil(speed)), 0) + 1
            assert counted == expected
            if inside.any():
                assert block.columns["sum_kmh"][index] == pytest.approx(seen.speed_kmh[inside].sum())
                assert block.columns["max_kmh"][index] == seen.speed_kmh[inside].max()
            else:
                assert block.columns["hist"][index] is None
                assert np.isnan(block.columns["sum_kmh"][index])


def test_single_vehicles_do_not_depend_on_the_range(town: Town) -> None:
    street, first = town.streets["hareskovvej"], town.quarter(NOON)
    long = vehicles(town.seed, street, "away", first - 200, first + 200)
    short = vehicles(town.seed, street, "away", first, first + 1)
    cut = long.between(first * QUARTER_US, (first + 1) * QUARTER_US)
    assert short.t_us.tolist() == cut.t_us.tolist()
    assert short.speed_kmh.tolist() == cut.speed_kmh.tolist()
    assert short.free.tolist() == cut.free.tolist()
    assert (np.diff(long.t_us) >= 0).all()


def test_humps_slow_the_street_down(town: Town) -> None:
    street = town.streets["maaloev-hovedgade"]
    assert street.calming is not None
    day = town.quarter(datetime(street.calming.day.year, 6, 2, tzinfo=UTC))
    before = vehicles(town.seed, street, "toward", day - 28 * 96, day).speed_kmh
    after = vehicles(town.seed, street, "toward", day + 96, day + 29 * 96).speed_kmh
    assert 5.0 < before.mean() - after.mean() < 8.0
    assert len(after) == pytest.approx(len(before), rel=0.1)
    # Night is faster than day, and people sleep.
    whole_day = vehicles(town.seed, street, "away", day - 28 * 96, day)
    hour = whole_day.t_us // 3_600_000_000 % 24
    assert whole_day.speed_kmh[hour < 3].mean() > whole_day.speed_kmh[(hour > 7) & (hour < 16)].mean() + 1.5
    assert (hour < 3).sum() < 0.05 * len(hour)


def test_sun_agrees_with_astral() -> None:
    observer = astral.Observer(LATITUDE_DEG, LONGITUDE_DEG)
    moments = [datetime(2024, 1, 1, tzinfo=UTC) + timedelta(hours=71.3 * index) for index in range(250)]
    ours = elevation_deg(np.array([moment.timestamp() for moment in moments]))
    theirs = [astral.sun.elevation(observer, moment, with_refraction=False) for moment in moments]
    assert np.abs(ours - theirs).max() < 0.02


def test_local_time_through_both_clock_changes() -> None:
    def quarters(day: datetime) -> list[tuple[int, int]]:
        first = int(day.timestamp()) // 900
        clock = local_quarters(first, first + 96)
        return list(zip(clock.day.tolist(), clock.quarter.tolist(), strict=True))

    spring = quarters(datetime(2026, 3, 29, tzinfo=UTC))
    assert [quarter for _, quarter in spring[:8]] == [4, 5, 6, 7, 12, 13, 14, 15]
    autumn = quarters(datetime(2026, 10, 25, tzinfo=UTC))
    assert [quarter for _, quarter in autumn[:8]] == [8, 9, 10, 11] * 2
    assert day_kind((date(2026, 12, 25) - date(1970, 1, 1)).days) == (SUNDAY, True)
    assert day_kind((date(2026, 11, 24) - date(1970, 1, 1)).days) == (WORKDAY, False)
    assert day_kind((date(2026, 7, 15) - date(1970, 1, 1)).days) == (WORKDAY, True)


def test_lamps_burn_at_night_and_dim(town: Town) -> None:
    first = town.quarter(datetime(2025, 1, 14, tzinfo=UTC))
    lamp = next(one for one in town.lighting.lamps if not town.lighting.faults(one, 20_000, 20_200))
    day = town.lighting.minutes(lamp, first, first + 96)
    local = local_quarters(first, first + 96).quarter
    assert not day.on[(local > 40) & (local < 56)].any()
    assert day.on[(local > 72) | (local < 28)].all()
    assert set(day.level_pct[local == 90].ravel()) == {50.0}
    assert set(day.level_pct[local == 80].ravel()) == {100.0}
    watt = town.lighting.lamps[lamp].lantern.watt
    assert day.power_w[local == 80].mean() == pytest.approx(watt, rel=0.06)
    assert day.power_w[local == 90].mean() == pytest.approx(0.53 * watt, rel=0.06)
    year = town.lighting.minutes(lamp, first, first + 96 * 365).on.sum() / 60
    assert 3_800 < year < 4_300


def test_cabinet_is_the_sum_of_its_lamps_and_losses(town: Town) -> None:
    first = town.quarter(datetime(2025, 1, 14, 18, tzinfo=UTC))
    lamps = [lamp.id for lamp in town.lighting.lamps.values() if lamp.cabinet == "cabinet-2"]
    together = sum(energy_wh(town.lighting.minutes(lamp, first, first + 8).power_w).sum() for lamp in lamps)
    metered = energy_wh(town.lighting.cabinet_power("cabinet-2", first, first + 8)).sum()
    assert metered == pytest.approx(1.02 * together + 15.0 * 2, rel=0.001)


def test_faults_are_where_the_town_says(town: Town) -> None:
    faults = [fault for lamp in town.lighting.lamps for fault in town.lighting.faults(lamp, 19_723, 20_453)]
    assert {fault.fault for fault in faults} == {"lampFailure", "lampUnexpectedOn", "lampPowerTooLow"}
    out = next(fault for fault in faults if fault.fault == "lampFailure")
    dead = town.lighting.minutes(out.lamp, (out.start + 1) * 96, (out.start + 2) * 96)
    assert dead.on.any()
    assert dead.power_w.max() == 0.0
    assert set(dead.fault) == {"lampFailure"}
    burner = next(fault for fault in faults if fault.fault == "lampUnexpectedOn")
    lit = town.lighting.minutes(burner.lamp, (burner.start + 1) * 96 + 48, (burner.start + 1) * 96 + 50)
    assert lit.on.all()


def test_renovations_cut_energy(town: Town) -> None:
    year = 96 * 365
    first = town.first_quarter
    led_before = energy_wh(town.lighting.cabinet_power("cabinet-3", first, first + year)).sum()
    led_after = energy_wh(town.lighting.cabinet_power("cabinet-3", first + 2 * year, first + 3 * year)).sum()
    assert led_after < 0.4 * led_before

    def heat(building: str, start: int) -> float:
        return float(town.energy.quarters(building, "heat", start, start + 90 * 96).import_wh.sum())

    winter = [first, first + 2 * year]
    school = heat("maaloev-skole", winter[1]) / heat("maaloev-skole", winter[0])
    others = heat("skovlunde-skole", winter[1]) / heat("skovlunde-skole", winter[0])
    assert 0.65 < school / others < 0.85


def test_buildings_follow_weather_use_and_sun(town: Town) -> None:
    first = town.quarter(datetime(2025, 1, 6, tzinfo=UTC))
    winter = town.energy.quarters("raadhus", "heat", first, first + 14 * 96)
    summer = town.energy.quarters("raadhus", "heat", first + 182 * 96, first + 196 * 96)
    assert winter.import_wh.sum() > 5 * summer.import_wh.sum()
    assert (winter.flow_temp_c > winter.return_temp_c).all()
    use = occupancy("office", local_quarters(first, first + 7 * 96))
    power = town.energy.quarters("raadhus", "electricity", first, first + 7 * 96).power_w
    assert power[use > 0.9].mean() > 2.5 * power[use == 0].mean()
    solar = town.energy.quarters("myretuen", "electricity", first + 182 * 96, first + 189 * 96)
    assert solar.export_wh.sum() > 0
    assert ((solar.import_wh == 0) | (solar.export_wh == 0)).all()
    with pytest.raises(ValueError, match="myretuen has electricity, heat"):
        town.energy.quarters("myretuen", "gas", first, first + 1)


def test_weather_is_danish(town: Town) -> None:
    first = town.first_quarter
    weather = town.weather.quarters(first, first + 2 * 365 * 96)
    days = weather.temp_c.reshape(-1, 96).mean(axis=1)
    assert 2_500 < np.maximum(0.0, 17.0 - days).sum() / 2 < 3_600
    assert -20 < weather.temp_c.min() < weather.temp_c.max() < 38
    assert 900 < weather.irradiance_wm2.sum() / 4 / 2_000 < 1_250


def test_nothing_before_the_first_day(town: Town) -> None:
    with pytest.raises(ValueError, match="2024-01-01 or later"):
        list(history(town, datetime(2023, 12, 31, 23, tzinfo=UTC), NOON))
    assert default_begins(datetime(2026, 11, 23, tzinfo=UTC)) == BEGINS
