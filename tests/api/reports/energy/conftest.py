"""Files of a building whose use follows a known signature."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest

from bypuls.analysis.energy.signature import FitQuality
from bypuls.api.reports.energy.build import build_report
from bypuls.api.reports.energy.hours import FitHours, HourlyFit, HourlySaving, Hours
from bypuls.api.reports.energy.model import EnergyReport, HourlyModel, Reason, Software
from bypuls.api.reports.energy.reading import MeterOptions, Weather, WeatherOptions, read_meter_rows, read_weather
from bypuls.api.reports.energy.settings import Days, Settings

Array = npt.NDArray[np.float64]
FIRST = date(2024, 1, 1)
BEFORE, AFTER = Days(date(2024, 1, 1), date(2024, 12, 30)), Days(date(2025, 1, 1), date(2025, 12, 31))
DEFAULTS: dict[str, Any] = {"title": "Skolen", "medium": "heat", "baseline": BEFORE, "reporting": AFTER}
Report = Callable[..., EnergyReport]


def temperatures(days: int, seed: int = 3) -> Array:
    """Daily means of a Danish place [°C]."""
    rng = np.random.default_rng(seed)
    return np.asarray(9.0 - 8.5 * np.cos(2 * np.pi * (np.arange(days) - 20) / 365.25) + rng.normal(0.0, 2.5, days))


def heat(means: Array, *, saved: float = 0.1, seed: int = 5) -> Array:
    """kWh per day: 40 + 12·(15 − T)⁺, from the second year on `saved` less."""
    rng = np.random.default_rng(seed)
    use = 40.0 + 12.0 * np.maximum(0.0, 15.0 - means) + rng.normal(0.0, 6.0, means.size)
    use[366:] *= 1.0 - saved
    return np.asarray(np.maximum(use, 1.0))


@pytest.fixture
def report(tmp_path: Path) -> Report:
    """Writes two years of daily values and weather as files, reads them as the command does, and reports."""

    def made(use: Array | None = None, *, settings: dict[str, Any] | None = None) -> EnergyReport:
        temps = temperatures(731)
        values = heat(temps) if use is None else use
        days = [FIRST + timedelta(days=n) for n in range(values.size)]
        meter, weather = tmp_path / "varme.csv", tmp_path / "vejr.csv"
        lines = [f"{day};{value:.3f}".replace(".", ",") for day, value in zip(days, values, strict=True)]
        meter.write_text("\n".join(["Dato;Forbrug", *lines]).replace("nan", ""), encoding="utf-8")
        temp_lines = [f"{FIRST + timedelta(days=n)};{t:.2f}" for n, t in enumerate(temps)]
        weather.write_text("\n".join(["Dato;Middel", *temp_lines]), encoding="utf-8")
        options = MeterOptions(unit="kWh", timezone="Europe/Copenhagen")
        return build_report(
            read_meter_rows([meter], options),
            options,
            read_weather([weather], WeatherOptions()),
            Settings(**{**DEFAULTS, **(settings or {})}),
        )

    return made


# Two whole years of local days, hour by hour: 2024-01-01 00:00 to 2025-12-31 24:00 in Copenhagen.
HOUR_ONE = datetime(2023, 12, 31, 23, tzinfo=UTC)
HOURS = 731 * 24


def hourly_temperatures(seed: int = 3) -> Array:
    """Hourly temperatures of a Danish place [°C]: seasons, weather that lasts, and days warmer than nights."""
    days = np.repeat(temperatures(732, seed), 24)[:HOURS]
    return np.asarray(days + 3.0 * np.sin(2 * np.pi * (np.arange(HOURS) - 8) / 24.0))


def hourly_heat(temps: Array, *, saved: float = 0.1, seed: int = 5) -> Array:
    """kWh per hour: 2 and as much again from 7 to 16, and 0.6·(15 − T)⁺; from the second year on `saved` less."""
    rng = np.random.default_rng(seed)
    hour = (np.arange(temps.size) + 1) % 24  # winter's clock
    use = 2.0 + 2.0 * ((hour >= 7) & (hour < 16)) + 0.6 * np.maximum(0.0, 15.0 - temps)
    use *= rng.normal(1.0, 0.1, temps.size)
    use[366 * 24 :] *= 1.0 - saved
    return np.asarray(np.maximum(use, 0.1))


def straight_fit(
    baseline: Hours, reporting: Hours | None, *, zone: str, electricity: bool, confidence: float
) -> HourlyFit:
    """A model of hours that behaves and needs no library: a straight line of the temperature; of less than half a
    year of hours it refuses to be fitted, in the words of other software."""
    del zone, electricity, confidence
    known = np.isfinite(baseline.kwh) & np.isfinite(baseline.temp_c)
    if known.sum() < 4380:
        return HourlyFit(None, (Reason("straight.too_few", f"{known.sum()} hours", "4380"),))
    slope, base = np.polyfit(baseline.temp_c[known], baseline.kwh[known], 1)
    residual = (baseline.kwh - base - slope * baseline.temp_c)[known]
    mean, rmse = float(baseline.kwh[known].mean()), float(np.sqrt((residual**2).sum() / (known.sum() - 2)))
    quality = FitQuality(
        int(known.sum()), 2, mean, rmse, rmse / mean, 0.0, 0.5, 0.5, 1.0, 0.25, None,
    )  # fmt: skip
    lowest, highest = float(baseline.temp_c[known].min()), float(baseline.temp_c[known].max())
    model = HourlyModel("straight", Software("Straight", "1"), quality, lowest, highest)
    if reporting is None:
        return HourlyFit(model, (), base + slope * baseline.temp_c)
    told = base + slope * reporting.temp_c
    counted = np.isfinite(told) & np.isfinite(reporting.kwh)
    modelled, actual = float(told[counted].sum()), float(reporting.kwh[counted].sum())
    saving = HourlySaving(modelled - actual, 0.02 * modelled, modelled, actual, 0.6 * known.sum(), counted)
    return HourlyFit(model, (), base + slope * baseline.temp_c, told, saving)


@pytest.fixture(scope="session")
def hourly_weather(tmp_path_factory: pytest.TempPathFactory) -> Callable[[int], Weather]:
    """The same years' weather, a mean of so many hours each; read once."""

    @cache
    def made(every: int) -> Weather:
        path = tmp_path_factory.mktemp("weather") / "vejr.csv"
        means = hourly_temperatures().reshape(-1, every).mean(axis=1)
        path.write_text("\n".join(["time,temp [degC]", *_rows(means, every)]), encoding="utf-8")
        return read_weather([path], WeatherOptions())

    return made


def _rows(values: Array, every: int, minutes: int = 0) -> list[str]:
    at = [HOUR_ONE + timedelta(hours=n * every, minutes=minutes) for n in range(values.size)]
    return [f"{t:%Y-%m-%dT%H:%M:%SZ},{value:.6f}" for t, value in zip(at, values, strict=True)]


@pytest.fixture
def hourly_report(tmp_path: Path, hourly_weather: Callable[[int], Weather]) -> Report:
    """The same of hours; `every` hours of the meter, and of the weather, make one value."""

    def made(
        use: Array | None = None,
        *,
        settings: dict[str, Any] | None = None,
        fit: FitHours = straight_fit,
        every: int = 1,
        weather_every: int = 1,
        minutes: int = 0,
    ) -> EnergyReport:
        values = (hourly_heat(hourly_temperatures()) if use is None else use).reshape(-1, every).sum(axis=1)
        meter = tmp_path / "varme.csv"
        meter.write_text("\n".join(["time,kWh", *_rows(values, every, minutes)]).replace("nan", ""), encoding="utf-8")
        options = MeterOptions(unit="kWh", timezone="Europe/Copenhagen")
        return build_report(
            read_meter_rows([meter], options),
            options,
            hourly_weather(weather_every),
            Settings(**{**DEFAULTS, "model": "opendsm-hourly", **(settings or {})}),
            fit=fit,
        )

    return made
