"""Single passages of a site, while they are kept: they may only leave with the scope `export`."""

from __future__ import annotations

import numpy as np

from bypuls.api.directory import Directory
from bypuls.api.reports.speed.from_store import DIRECTIONS, Survey
from bypuls.api.reports.speed.observations import Vehicles
from bypuls.store.book import Book
from bypuls.store.protocol import Store
from bypuls.wire import from_us

_NAMES = ("speed_kmh", "direction", "length_m", "vehicle_class")


class PassagesGone(LookupError):
    """Single passages of the period aren't all there: `kept` of the `counted` vehicles, or deleted up to `since_us`."""

    def __init__(self, where: str, since_us: int, kept: int | None = None, counted: int | None = None) -> None:
        gone = f"those before {from_us(since_us).isoformat()} were deleted"
        super().__init__(f"{where}: {gone if kept is None else f'{kept} of {counted} vehicles are kept one by one'}")


def passages_of(
    store: Store, book: Book, directory: Directory, site: str, survey: Survey, *, direction: str | None = None
) -> Vehicles:
    """The site's vehicles, rising in time.  Raises PassagesGone, StoreError."""
    sensors = directory.sensors_of(kinds=("passage",), site=site)
    for seal in book.seals([sensor.id for sensor in sensors]).values():
        if seal.until_us > survey.start_us:
            raise PassagesGone(seal.sensor, seal.until_us)
    parts = [store.columns("passage", sensor.id, survey.start_us, survey.end_us, _NAMES) for sensor in sensors]
    t_us = np.concatenate([part.t_us for part in parts]) if parts else np.zeros(0, dtype=np.int64)
    columns = {name: np.concatenate([part.values[name] for part in parts]) if parts else np.zeros(0) for name in _NAMES}
    names = (direction,) if direction is not None else DIRECTIONS
    codes = np.array([names.index(one) if one in names else -1 for one in columns["direction"]], dtype=np.int64)
    kept = (columns["speed_kmh"] > 0.0) & ((codes >= 0) | (direction is None))
    order = np.argsort(t_us[kept], kind="stable")
    length_m = columns["length_m"][kept][order].astype(np.float64)
    classes = np.array([one or "" for one in columns["vehicle_class"]], dtype=np.str_)[kept][order]
    return Vehicles(
        speed_kmh=columns["speed_kmh"][kept][order].astype(np.float64),
        t_us=t_us[kept][order],
        direction=codes[kept][order],
        directions=names,
        length_m=None if np.isnan(length_m).all() else length_m,
        vehicle_class=None if (classes == "").all() else classes,
    )
