"""Files of a building whose use follows a known signature."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest

from bypuls.api.reports.energy.build import build_report
from bypuls.api.reports.energy.model import EnergyReport
from bypuls.api.reports.energy.reading import MeterOptions, WeatherOptions, read_meter_rows, read_weather
from bypuls.api.reports.energy.settings import Days, Settings

Array = npt.NDArray[np.float64]
FIRST = date(2024, 1, 1)
BEFORE, AFTER = Days(date(2024, 1, 1), date(2024, 12, 30)), Days(date(2025, 1, 1), date(2025, 12, 31))
DEFAULTS: dict[str, Any] = {"title": "Skolen", "medium": "heat", "baseline": BEFORE, "reporting": AFTER}
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
