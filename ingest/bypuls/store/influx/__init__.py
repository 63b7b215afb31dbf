"""The store on InfluxDB: 2.x in production, 1.12 in tests."""

from bypuls.store.influx.assets import Asset
from bypuls.store.influx.settings import InfluxSettings
from bypuls.store.influx.store import InfluxStore

__all__ = ["Asset", "InfluxSettings", "InfluxStore"]
