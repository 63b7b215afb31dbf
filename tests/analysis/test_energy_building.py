"""Figures of a building and its district heating."""

from __future__ import annotations

import numpy as np
import pytest

from bypuls.analysis.energy import building as bd
from bypuls.analysis.energy.district_heating import cooling_from_energy, cooling_from_registers
from bypuls.analysis.errors import BadInput


def test_use_per_square_metre() -> None:
    assert bd.eui(120_000.0, 1_500.0) == 80.0
    with pytest.raises(BadInput, match="heated_m2: 0"):
        bd.eui(1.0, 0.0)
    with pytest.raises(BadInput, match="use_kwh: nan"):
        bd.eui(np.nan, 1.0)


@pytest.mark.parametrize("per_hour", [1, 4])
def test_night_base_load_is_of_fourteen_nights(per_hour: int) -> None:
    day = np.repeat(np.arange(20), 24 * per_hour)
    hour = np.tile(np.repeat(np.arange(24), per_hour), 20)
    power = np.where(hour < 4, 10.0, 50.0)
    power[day < 6] = 1.0  # too long ago
    first = (day == 19) & (hour == 0)
    power[first] = 90.0
    assert bd.night_base_load(day, hour, power) == 10.0
    power[hour < 4] += np.arange((hour < 4).sum())
    recent = power[(hour < 4) & (day >= 6)]
    assert bd.night_base_load(day, hour, power) == pytest.approx(np.percentile(recent, 5))

    power[(day >= 6) & (day < 13)] = np.nan
    assert bd.night_base_load(day, hour, power) is not None
    power[(day == 13) & (hour == 0)] = np.nan
    assert bd.night_base_load(day, hour, power) is None
    keep = ~np.isnan(power)
    assert bd.night_base_load(day[keep], hour[keep], power[keep]) is None
    assert bd.night_base_load(day[:0], hour[:0], power[:0]) is None
    with pytest.raises(BadInput, match="hour"):
        bd.night_base_load(day, hour + 1, power)


def test_the_weekends_share() -> None:
    weekend = np.array([False] * 5 + [True] * 2)
    found = bd.weekend_share([100.0, 100.0, 100.0, np.nan, 100.0, 50.0, 50.0], weekend)
    assert found == bd.WeekendShare(0.2, 2 / 6, 0.5)
    assert bd.weekend_share([np.nan] * 7, weekend) is None
    assert bd.weekend_share([0.0] * 7, weekend) is None
    only = bd.weekend_share([1.0, 1.0], [True, True])
    assert only == bd.WeekendShare(1.0, 1.0, None)
    with pytest.raises(BadInput, match="weekend"):
        bd.weekend_share([1.0], [1])


def test_load_duration() -> None:
    found = bd.load_duration([1.0, np.nan, 3.0, 2.0], 0.25)
    assert found is not None
    assert found.power.tolist() == [3.0, 2.0, 1.0]
    assert found.hours.tolist() == [0.25, 0.5, 0.75]
    assert found.known_share == 0.75
    assert bd.load_duration([np.nan], 1.0) is None
    with pytest.raises(BadInput, match="interval_h"):
        bd.load_duration([1.0], 0.0)


def test_cooling_of_district_heating() -> None:
    found = cooling_from_registers(1652.69, 55_703.0, 45_750.0)
    assert found is not None
    rounded = [round(figure, 2) for figure in (found.flow_c, found.return_c, found.cooling_k)]
    assert rounded == [33.70, 27.68, 6.02]
    assert cooling_from_energy(1.163 * 100.0 * 30.0, 100.0) == pytest.approx(30.0)
    # Utilities' GJ/m³ · 242 is 1.3 % off.
    per_gj = cooling_from_energy(1000.0 / 3.6, 10.0)
    assert per_gj is not None
    assert 242 * 1.0 / 10.0 / per_gj == pytest.approx(1.013, abs=0.001)


def test_without_flow_there_is_no_cooling() -> None:
    assert cooling_from_energy(5.0, 0.0) is None
    assert cooling_from_registers(0.0, 0.0, 0.0) is None
    with pytest.raises(BadInput, match="volume_m3: -1"):
        cooling_from_energy(5.0, -1.0)
    with pytest.raises(BadInput, match="return_m3c: nan"):
        cooling_from_registers(1.0, 1.0, np.nan)
