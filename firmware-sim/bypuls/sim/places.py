"""The town's map: streets, cabinets, lamps and buildings, and the changes that its story tells.

The story, counted from the town's first day, 1 January: in June of the second year Måløv Hovedgade gets humps and a
limit of 40; in July cabinet 3 changes from sodium to LED; in August a school is insulated; in December the sports hall
gets a new heating control. Each cuts what it should. And what goes wrong, as alarms should find it: a school cools its
district heating badly, from December on a depot's ventilation runs at night, a cistern of the library's doesn't close
any more, and a thermometer falls silent.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import date, timedelta

from bypuls.sim.buildings import Building, Insulation, Leak, LeftRunning, Submeter
from bypuls.sim.lighting import Lamp, LampFault, Lantern
from bypuls.sim.streets import Calming, Direction, Street

_M_PER_DEG = 111_320.0
_LAMP_SPACING_M = 32.0
RADAR_ANGLE_DEG = 20.0  # between beam and lane; the simulated radars are mounted so


@dataclass(frozen=True, slots=True)
class CabinetPlace:
    """A lighting cabinet on a street."""

    id: str
    name: str
    site: str
    lat: float
    lon: float


def humps_day(begins: date) -> date:
    """When Måløv Hovedgade was calmed."""
    return date(begins.year + 1, 6, 2)


def led_day(begins: date) -> date:
    """When cabinet 3 got LED lanterns."""
    return date(begins.year + 1, 7, 7)


def hand_count_day(begins: date) -> date:
    """When vehicles were counted by hand at Måløv Hovedgade, from 07 to 09 in summer time: a Tuesday in September."""
    first = date(begins.year + 1, 9, 1)
    return first + timedelta(days=(1 - first.weekday()) % 7)


def insulation_day(begins: date) -> date:
    """When the school's roof and walls were insulated."""
    return date(begins.year + 1, 8, 4)


def control_day(begins: date) -> date:
    """When the sports hall's heating got a new control: two years back from most days of the third year, a whole year
    lies before it and some months after."""
    return date(begins.year + 1, 12, 15)


def left_running_day(begins: date) -> date:
    """When the depot's ventilation lost its clock."""
    return date(begins.year + 1, 12, 8)


def leak_day(begins: date) -> date:
    """When the library's cistern began to run."""
    return date(begins.year + 1, 12, 11)


def silence_day(begins: date) -> date:
    """When the sports hall's outdoor thermometer was heard last: the evening before."""
    return date(begins.year + 1, 12, 20)


def _daily(toward: float, away: float) -> dict[Direction, float]:
    return {"toward": toward, "away": away}


def streets(begins: date) -> tuple[Street, ...]:
    """The six streets with a radar; the first three lie in the north."""
    calming = Calming(humps_day(begins), 40, slower_kmh=6.5, tighter=0.85)
    return (
        Street("maaloev-hovedgade", "Måløv Hovedgade", 55.7478, 12.3196, 80.0, "distributor", 50, _daily(2150, 2080),
               49.5, 6.8, "toward", calming=calming),
        Street("hareskovvej", "Hareskovvej", 55.7535, 12.3480, 15.0, "arterial", 60, _daily(3300, 3250),
               60.5, 7.6, "toward"),
        Street("egebjerg-skolevej", "Egebjerg Skolevej", 55.7452, 12.3694, 120.0, "local", 40, _daily(620, 600),
               40.5, 5.9, "away", school_way=True),
        Street("ballerup-boulevard", "Ballerup Boulevard", 55.7287, 12.3667, 95.0, "arterial", 60, _daily(4300, 4350),
               61.0, 7.0, "toward", lanes=4),
        Street("skovlunde-byvej", "Skovlunde Byvej", 55.7231, 12.4012, 170.0, "distributor", 50, _daily(1750, 1700),
               50.0, 6.4, "away"),
        Street("lautrupparken", "Lautrupparken", 55.7266, 12.3921, 60.0, "distributor", 50, _daily(1500, 1520),
               53.0, 7.4, "toward"),
    )  # fmt: skip


CABINETS = (
    CabinetPlace("cabinet-1", "Skab 1, Ballerup Boulevard", "ballerup-boulevard", 55.7289, 12.3650),
    CabinetPlace("cabinet-2", "Skab 2, Egebjerg Skolevej", "egebjerg-skolevej", 55.7455, 12.3688),
    CabinetPlace("cabinet-3", "Skab 3, Måløv Hovedgade", "maaloev-hovedgade", 55.7477, 12.3180),
    CabinetPlace("cabinet-4", "Skab 4, Skovlunde Byvej", "skovlunde-byvej", 55.7236, 12.4010),
)

_HPS_70, _HPS_100 = Lantern("HPS", 84.0, dims=False), Lantern("HPS", 116.0, dims=False)
_LED_28, _LED_36, _LED_58 = Lantern("LED", 28.0, True), Lantern("LED", 36.0, True), Lantern("LED", 58.0, True)

# Lantern, pole height [m] and lighting class of each cabinet's lamps; lamp numbers that still are sodium.
_EQUIPMENT: dict[str, tuple[Lantern, float, str, Lantern, frozenset[int]]] = {
    "cabinet-1": (_LED_58, 10.0, "M4", _HPS_100, frozenset()),
    "cabinet-2": (_LED_28, 4.5, "P4", _HPS_70, frozenset({9, 10})),
    "cabinet-3": (_LED_36, 6.0, "M5", _HPS_100, frozenset()),
    "cabinet-4": (_LED_36, 6.0, "M5", _HPS_70, frozenset({10})),
}


def lamps(begins: date) -> tuple[Lamp, ...]:
    """Ten lamps to a cabinet, 32 m apart along its street."""
    by_id = {street.id: street for street in streets(begins)}
    made = []
    for cabinet in CABINETS:
        lantern, height_m, lighting_class, sodium, still_sodium = _EQUIPMENT[cabinet.id]
        street = by_id[cabinet.site]
        renewed = cabinet.id == "cabinet-3"
        for number in range(1, 11):
            lat, lon = along(street, (number - 5.5) * _LAMP_SPACING_M)
            old = number in still_sodium
            made.append(
                Lamp(
                    id=f"lamp-{cabinet.id[-1]}-{number:02d}",
                    name=f"Lampe {cabinet.id[-1]}.{number:02d}, {street.name}",
                    cabinet=cabinet.id,
                    site=street.id,
                    lat=lat,
                    lon=lon,
                    lantern=sodium if old else lantern,
                    pole_height_m=height_m,
                    lighting_class=lighting_class,
                    road_class=street.road_class,
                    school_way=street.school_way,
                    installed=date(1998, 9, 1) if old else led_day(begins) if renewed else date(begins.year - 4, 10, 1),
                    before=sodium if renewed else None,
                    renovated=led_day(begins) if renewed else None,
                )
            )
    return tuple(made)


def along(street: Street, metres: float) -> tuple[float, float]:
    """(latitude, longitude) [°] of the point `metres` along the street from its radar, in the bearing's direction."""
    bearing = math.radians(street.bearing_deg)
    lat = street.lat + metres * math.cos(bearing) / _M_PER_DEG
    lon = street.lon + metres * math.sin(bearing) / (_M_PER_DEG * math.cos(math.radians(street.lat)))
    return round(lat, 6), round(lon, 6)


def day_burner(begins: date) -> LampFault:
    """A lamp that burnt day and night for a week, in May of the second year."""
    start = (date(begins.year + 1, 5, 12) - date(1970, 1, 1)) // timedelta(days=1)
    return LampFault("lamp-1-04", "lampUnexpectedOn", start, start + 7)


def buildings(begins: date) -> tuple[Building, ...]:
    """The twelve buildings: W/m², W/°C and W as in Danish municipal stock of their age, rounded."""
    return (
        Building("raadhus", "Rådhuset", "office", "Rådhustorvet 1", 55.7310, 12.3590, 1975, 12_400,
                 3.2, 9.0, 11_500, 6_000, water_l_h=640, submeters=(
                     Submeter("ventilation", "ventilation", 6_000, 28_000),
                     Submeter("servers", "serverrum", 11_500, 500),
                     Submeter("canteen", "kantinekøkken", 1_200, 9_000),
                 )),
        Building("bibliotek", "Hovedbiblioteket", "culture", "Torvet 3", 55.7302, 12.3571, 1991, 4_200,
                 2.4, 8.5, 3_700, 1_500, water_l_h=210, leak=Leak(leak_day(begins), 17.0)),
        Building("maaloev-skole", "Måløv Skole", "education", "Måløv Hovedgade 60", 55.7469, 12.3217, 1968, 9_800,
                 1.8, 7.5, 13_500, 5_000, insulation=Insulation(insulation_day(begins), 0.72)),
        Building("egebjerg-skole", "Egebjerg Skole", "education", "Egebjerg Skolevej 12", 55.7446, 12.3702, 1974,
                 8_600, 1.7, 7.2, 10_400, 4_200, solar_kwp=75.0),
        Building("skovlunde-skole", "Skovlunde Skole", "education", "Skovlunde Byvej 30", 55.7226, 12.4003, 1962,
                 7_900, 1.9, 7.8, 11_800, 4_000, cooling_k=14.0),
        Building("rosenhuset", "Børnehuset Rosenhuset", "day-care", "Rosenvænget 4", 55.7341, 12.3712, 1982, 900,
                 2.2, 10.5, 1_150, 1_900, heating="gas"),
        Building("myretuen", "Børnehuset Myretuen", "day-care", "Skovvej 18", 55.7480, 12.3251, 2012, 1_100,
                 1.8, 8.0, 780, 2_200, solar_kwp=28.0),
        Building("sportshal", "Idrætshallen", "sports", "Stadionvej 9", 55.7345, 12.3468, 1978, 5_600,
                 2.6, 11.0, 6_900, 13_000, insulation=Insulation(control_day(begins), 0.80)),
        Building("plejehjem", "Plejehjemmet Havevænget", "hospital", "Havevænget 2", 55.7389, 12.3561, 1995, 6_300,
                 4.0, 6.0, 5_200, 16_000),
        Building("kulturhus", "Kulturhuset", "culture", "Bytorvet 14", 55.7236, 12.4027, 1955, 2_300,
                 1.9, 9.0, 3_000, 900, heating="gas"),
        Building("brandstation", "Brandstationen", "other", "Værkstedsvej 33", 55.7273, 12.3867, 1985, 2_100,
                 4.5, 6.5, 2_300, 1_300),
        Building("materielgaard", "Materielgården", "other", "Markvej 51", 55.7193, 12.3702, 1972, 1_800,
                 2.8, 7.0, 2_600, 500, heating="gas", left_running=LeftRunning(left_running_day(begins), 0.35)),
    )  # fmt: skip
