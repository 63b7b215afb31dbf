"""The town's entries for the registry: rows for CSV import, one list for each entity, parents before children."""

from __future__ import annotations

from datetime import UTC, date, datetime

import numpy as np

from bypuls.sim import climate_rows, places
from bypuls.sim.climate_roster import activity_rows, factor_rows
from bypuls.sim.draws import QUARTER_US
from bypuls.sim.lighting import SCHEDULE
from bypuls.sim.streets import DIRECTIONS, Street, vehicles
from bypuls.sim.town import Sensor, Town

NIGHT_GROUP = "night-dimmed"
UNDIMMED_GROUP = "undimmed"
_INVENTED = "simuleret by: opfundet til demonstration"
_PRICE_YEARS = 6

Cell = str | int | float | bool | None
Row = dict[str, Cell]


def registry_rows(town: Town, metered_from: datetime | None = None) -> dict[str, list[Row]]:
    """Rows by entity (site, speed_limit, cabinet …), columns named as the registry names them, days as YYYY-MM-DD.

    metered_from : when the town's meters were installed, for towns whose history begins later than the town itself;
    from before there are only accounts.
    The order of the entities is one in which they can be imported. None = unknown, an empty cell."""
    return {
        "site": [_site(street) for street in town.streets.values()],
        "speed_limit": [row for street in town.streets.values() for row in _limits(street)],
        "cabinet": [
            {
                "id": cabinet.id,
                "name": cabinet.name,
                "lat": cabinet.lat,
                "lon": cabinet.lon,
                "site": cabinet.site,
                "working_mode": "automatic",
                "lamp_count": sum(lamp.cabinet == cabinet.id for lamp in town.lighting.lamps.values()),
            }
            for cabinet in town.cabinets.values()
        ],
        "lamp_group": [
            {"id": NIGHT_GROUP, "name": "Natsænkning (LED)"},
            {"id": UNDIMMED_GROUP, "name": "Fuldt lys hele natten"},
        ],
        "lamp": _lamps(town),
        "lamp_change": [
            {
                "lamp": lamp.id,
                "date": _day(lamp.renovated),
                "lamp_type_before": lamp.before.lamp_type,
                "watt_before": lamp.before.watt,
            }
            for lamp in town.lighting.lamps.values()
            if lamp.before is not None and lamp.renovated is not None
        ],
        "dimming_profile": [
            {"lamp_group": NIGHT_GROUP, "valid_from": _day(date(town.begins.year - 4, 10, 1)), "schedule": SCHEDULE}
        ],
        "building": [
            {
                "id": building.id,
                "name": building.name,
                "use": building.use,
                "address": building.address,
                "lat": building.lat,
                "lon": building.lon,
                "built_year": building.built_year,
                "note": _INVENTED,
            }
            for building in town.buildings.values()
        ],
        "heated_area": [
            {"building": building.id, "valid_from": _day(date(building.built_year, 1, 1)), "area_m2": building.area_m2}
            for building in town.buildings.values()
        ],
        "device": [
            {"id": device.id, "name": device.name, "lat": device.lat, "lon": device.lon, "note": device.note}
            for device in town.devices.values()
        ],
        "sensor": [
            _sensor(sensor, metered_from)
            for sensor in sorted(town.sensors.values(), key=lambda one: one.parent is not None)
        ],
        "calibration": [
            {
                "sensor": sensor.id,
                "valid_from": _day(town.begins),
                "expires": _day(date(town.begins.year + 4, 1, 1)),
                "angle_deg": places.RADAR_ANGLE_DEG,
                "angle_uncertainty_deg": 1.0,
                "bearing_deg": town.streets[sensor.asset or ""].bearing_deg,
                "reference": _INVENTED,
            }
            for sensor in town.sensors.values()
            if sensor.kind == "passage"
        ],
        "manual_count": _manual_count(town),
        "intervention": _interventions(town),
        "price": [
            {
                "medium": medium,
                "valid_from": f"{year}-01-01",
                "valid_to": f"{year + 1}-01-01",
                "unit": unit,
                "value": round(first * (1.0 + rise * index), 3),
                "source": _INVENTED,
            }
            for medium, (first, rise, unit) in _PRICES.items()
            for index, year in enumerate(range(town.begins.year, town.begins.year + _PRICE_YEARS))
        ],
        "alarm_owner": _owners(),
        "report_schedule": [
            {
                "id": "maaloev-skole-monthly",
                "building": "maaloev-skole",
                "every": "month",
                "lang": "da",
                "formats": "pdf xlsx",
                "note": _INVENTED,
            }
        ],
        "calorific_value": [
            {
                "valid_from": _day(town.begins),
                "basis": "lower",
                "kwh_per_m3": 11.0,
                "source": "som byens gas er simuleret",
            }
        ],
        "normal_year": [_normal_year(town)],
        "factor": factor_rows(town),
        "activity": activity_rows(town)
        + climate_rows.account_rows(town, metered_from.date() if metered_from is not None else town.begins),
        "target": climate_rows.target_rows(),
        "scope_part": climate_rows.scope_rows(),
        "measure": climate_rows.measure_rows(town),
        "measure_effect": climate_rows.effect_rows(),
    }


def _owners() -> list[Row]:
    """Who looks after alarms; without addresses, since nobody of the town reads mail."""
    named = {
        "operations": ("Driften", None),
        "energy": ("Energikontoret", "energy"),
        "roads": ("Vejafdelingen", "traffic"),
    }
    return [
        {"id": id, "name": name, "domain": domain, "lang": "da", "digest": False, "note": _INVENTED}
        for id, (name, domain) in named.items()
    ]


def _day(day: date) -> str:
    return day.isoformat()


def _site(street: Street) -> Row:
    (lat_a, lon_a), (lat_b, lon_b) = places.along(street, -200.0), places.along(street, 200.0)
    return {
        "id": street.id,
        "name": street.name,
        "kind": "street",
        "road_class": street.road_class,
        "traffic_type": "local" if street.road_class == "local" else "commuter",
        "school_way": street.school_way,
        "lanes": street.lanes,
        "lat": street.lat,
        "lon": street.lon,
        "geometry": f"LINESTRING ({lon_a} {lat_a}, {street.lon} {street.lat}, {lon_b} {lat_b})",
        "note": _INVENTED,
    }


def _limits(street: Street) -> list[Row]:
    first: Row = {"site": street.id, "direction": "both", "valid_from": "2010-01-01", "limit_kmh": street.limit_kmh}
    if street.calming is None:
        return [first]
    changed = _day(street.calming.day)
    later: Row = {"site": street.id, "direction": "both", "valid_from": changed, "limit_kmh": street.calming.limit_kmh}
    return [first | {"valid_to": changed}, later | {"valid_to": None}]


def _lamps(town: Town) -> list[Row]:
    return [
        {
            "id": lamp.id,
            "name": lamp.name,
            "cabinet": lamp.cabinet,
            "site": lamp.site,
            "lat": lamp.lat,
            "lon": lamp.lon,
            "watt": lamp.lantern.watt,
            "lamp_type": lamp.lantern.lamp_type,
            "pole_height_m": lamp.pole_height_m,
            "lighting_class": lamp.lighting_class,
            "road_class": lamp.road_class,
            "school_way": lamp.school_way,
            "cycle_path": False,
            "lamp_group": NIGHT_GROUP if lamp.lantern.dims else UNDIMMED_GROUP,
            "installed": _day(lamp.installed),
            "street": town.streets[lamp.site].name,
            "luminaires": 1,
        }
        for lamp in town.lighting.lamps.values()
    ]


def _sensor(sensor: Sensor, metered_from: datetime | None) -> Row:
    row: Row = {"id": sensor.id, "device": sensor.device, "kind": sensor.kind, "name": sensor.name}
    row |= dict.fromkeys(("site", "building", "cabinet", "lamp"))
    if sensor.asset_kind is not None:
        row[sensor.asset_kind] = sensor.asset
    return row | {
        "medium": sensor.medium,
        "interval_s": sensor.interval_s,
        "parent": sensor.parent,
        "max_power_w": _max_power_w(sensor),
        "serial": sensor.serial,
        "valid_from": metered_from.isoformat() if metered_from is not None and sensor.kind == "meter" else None,
    }


def _max_power_w(sensor: Sensor) -> float | None:
    """What fuses (3 × 25 A at a cabinet, 3 × 630 A at a building) or the heat exchanger let through [W]."""
    if sensor.kind != "meter":
        return None
    if sensor.medium == "electricity":
        return 3 * 230.0 * (25 if sensor.cabinet_meter else 630)
    return 800_000.0 if sensor.medium == "heat" else None


def _manual_count(town: Town) -> list[Row]:
    """Two hours at Måløv Hovedgade, counted by hand beside the radar, which misses a few vehicles that drive side by
    side: the hand's count is the radar's and some more."""
    street = town.streets["maaloev-hovedgade"]
    day = places.hand_count_day(town.begins)
    start = int(datetime(day.year, day.month, day.day, 5, tzinfo=UTC).timestamp() * 1e6)
    rows: list[Row] = []
    for direction in DIRECTIONS:
        passed = vehicles(town.seed, street, direction, start // QUARTER_US, start // QUARTER_US + 8)
        for quarter in range(8):
            seen = len(passed.between(start + quarter * QUARTER_US, start + (quarter + 1) * QUARTER_US).t_us)
            minutes = 7 * 60 + quarter * 15
            rows.append(
                {
                    "sensor": f"radar-{street.id}",
                    "date": _day(day),
                    "from_clock": f"{minutes // 60:02d}:{minutes % 60:02d}",
                    "to_clock": f"{(minutes + 15) // 60:02d}:{(minutes + 15) % 60:02d}",
                    "direction": direction,
                    "vehicles": seen + (seen * (3 + quarter % 3) + 50) // 100,
                    "note": _INVENTED,
                }
            )
    return rows


def _interventions(town: Town) -> list[Row]:
    humps: Row = {
        "id": "maaloev-humps",
        "site": "maaloev-hovedgade",
        "building": None,
        "cabinet": None,
        "kind": "humps",
    }
    led: Row = {"id": "cabinet-3-led", "site": None, "building": None, "cabinet": "cabinet-3", "kind": "led"}
    walls: Row = {"id": "maaloev-skole-walls", "site": None, "building": "maaloev-skole", "cabinet": None}
    control: Row = {"id": "sportshal-control", "site": None, "building": "sportshal", "cabinet": None}
    return [
        humps | {"date": _day(places.humps_day(town.begins)), "note": "bump og 40 i stedet for 50 km/t"},
        led | {"date": _day(places.led_day(town.begins)), "note": "ti natriumlamper på 116 W skiftet til LED på 36 W"},
        walls
        | {"kind": "insulation", "date": _day(places.insulation_day(town.begins)), "note": "tag og ydervægge isoleret"},
        control | {"kind": "heating control", "date": _day(places.control_day(town.begins)), "note": "ny varmestyring"},
    ]


# DKK per kWh or m³ in the town's first year with VAT left out, and by how much they rise each year. Invented.
_PRICES = {
    "electricity": (1.62, 0.02, "dkk_per_kwh"),
    "heat": (0.68, 0.03, "dkk_per_kwh"),
    "gas": (0.94, 0.01, "dkk_per_kwh"),
    "water": (58.4, 0.03, "dkk_per_m3"),
}
_NORMAL_YEARS = 10
_BASE_C = 17.0


def _normal_year(town: Town) -> Row:
    """The degree days of the ten years before the town's first day, as its weather would have been."""
    start, end = date(town.begins.year - _NORMAL_YEARS, 1, 1), date(town.begins.year, 1, 1)
    epoch = date(1970, 1, 1)
    first, last = (96 * (day - epoch).days for day in (start, end))
    means = town.weather.quarters(first, last).temp_c.reshape(-1, 96).mean(axis=1)
    total = float(np.maximum(0.0, _BASE_C - means).sum()) / _NORMAL_YEARS
    return {
        "id": "simulated-town",
        "name": "Simuleret by, middel af ti år",
        "station": "Den simulerede bys vejrstation",
        "sensor": "weather-station",
        "rule": "all year",
        "base_c": _BASE_C,
        "degree_days": round(total),
        "period": f"{start.year}–{end.year - 1}",
        "source": _INVENTED,
    }
