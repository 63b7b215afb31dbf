"""The simulated town's grid in the registry and the book: hourly factors once, a forecast whenever it is asked for."""

from __future__ import annotations

from datetime import datetime

import orjson

from bypuls.sim import grid
from bypuls.sim.town import Town
from bypuls.store.book import Book, GridForecast
from bypuls.store.registry import HourlyLabel, Registry, keep_hourly_factors
from bypuls.wire import to_us

_YEARS = 3


def register_hours(registry: Registry, town: Town) -> None:
    """Hourly factors of the town's first years, unless they are there."""
    if any(one.step == "hour" for one in registry.factors(grid.FACTOR_SET)):
        return
    begins = town.begins.year
    t_us, g_per_kwh = grid.hourly_factors(town.seed, begins, begins, begins + _YEARS - 1)
    label = HourlyLabel(grid.FACTOR_SET, grid.AREA, grid.METHOD, grid.SOURCE)
    keep_hourly_factors(registry, label, t_us, g_per_kwh, version=grid.VERSION, actor="simulated town")


def keep_forecast(book: Book, town: Town, moment: datetime) -> None:
    """A forecast of the coming hours, as of `moment`."""
    t_us, g_per_kwh = grid.forecast(town.seed, town.begins.year, moment)
    body = {"step_us": int(t_us[1] - t_us[0]), "t_us": t_us.tolist(), "g_per_kwh": g_per_kwh.tolist()}
    book.keep_grid_forecast(GridForecast(grid.AREA, grid.SOURCE, to_us(moment), orjson.dumps(body).decode()))
