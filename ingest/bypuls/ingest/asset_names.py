"""Keeps the names, limits and areas that dashboards show as the registry has them."""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import datetime
from zoneinfo import ZoneInfo

import structlog

from bypuls.store.influx import Asset, InfluxStore
from bypuls.store.protocol import StoreError
from bypuls.store.registry import Registry

log = structlog.get_logger("bypuls.assets")

# Limits and areas are dated by local days.
_ZONE = ZoneInfo("Europe/Copenhagen")


def assets_of(registry: Registry, now: datetime) -> list[Asset]:
    """Sites with the limit of today, buildings with their heated area, cabinets, lamps, and targets."""
    today = now.astimezone(_ZONE).date()
    return [
        *(Asset(s.id, s.name, "site", limit_kmh=registry.limit_kmh(s.id, None, today)) for s in registry.sites()),
        *(Asset(b.id, b.name, "building", area_m2=registry.heated_area_m2(b.id, today)) for b in registry.buildings()),
        *(Asset(c.id, c.name, "cabinet") for c in registry.cabinets()),
        *(Asset(lamp.id, lamp.name, "lamp") for lamp in registry.lamps()),
        *(Asset(t.id, t.name, "target", target_tonnes=_aim(t.base_tonnes, t.reduction)) for t in registry.targets()),
    ]


def _aim(base_tonnes: float | None, reduction: float) -> float | None:
    return None if base_tonnes is None else base_tonnes * (1.0 - reduction)


class AssetNames:
    """Writes them anew whenever the registry changed, and once a day for what is dated."""

    def __init__(self, store: InfluxStore, registry: Registry, *, clock: Callable[[], datetime], every_s: float = 5.0):
        self._store = store
        self._registry = registry
        self._clock = clock
        self._every_s = every_s

    def run(self, stop: threading.Event) -> None:
        """Works until `stop`; an outage is waited out."""
        written: tuple[object, ...] | None = None
        while True:
            now = self._clock()
            try:
                state = (self._registry.version(), now.astimezone(_ZONE).date())
                if state != written:
                    self._store.assets(assets_of(self._registry, now))
                    written = state
            except StoreError as error:
                log.warning("names wait for the store", reason=str(error))
            if stop.wait(self._every_s):
                return
