"""Files of meters and of weather: CSV of any logger, and what Eloverblik and DMI hand out."""

from bypuls.api.reports.energy.reading.meters import MeterRows, read_meter_rows
from bypuls.api.reports.energy.reading.options import MeterOptions, WeatherOptions
from bypuls.api.reports.energy.reading.series import Series, series_of
from bypuls.api.reports.energy.reading.weather import Weather, read_weather

__all__ = [
    "MeterOptions",
    "MeterRows",
    "Series",
    "Weather",
    "WeatherOptions",
    "read_meter_rows",
    "read_weather",
    "series_of",
]
