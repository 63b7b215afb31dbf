"""The town's entries for its climate accounts: yearly factors, what was bought, and the fleet's litres."""

from __future__ import annotations

from bypuls.sim.grid import AREA, FACTOR_SET, FACTORS, METHOD, SOURCE, VERSION, yearly_factor
from bypuls.sim.town import Town

Cell = str | int | float | bool | None
Row = dict[str, Cell]

_FACTOR_YEARS = 6
_RESIDUAL_MIX = 0.38  # kg/kWh, above the grid's own: what is left once green power is sold apart
# Name, carrier and litres in the town's first year; the vans become fewer.
_FLEET = (
    ("vans", "Hjemmeplejens varevogne", "diesel", 14_200.0, 0.94),
    ("mowers", "Park og Vejs plæneklippere", "petrol", 2_600.0, 1.0),
)


def factor_rows(town: Town) -> list[Row]:
    """Yearly factors, each from local new year to local new year; electricity has hours of its own on top."""
    years = range(town.begins.year, town.begins.year + _FACTOR_YEARS)
    declared = [
        _factor(carrier, year, round(yearly_factor(carrier, index), 4), "2-location", METHOD, FACTOR_SET)
        for carrier in FACTORS
        for index, year in enumerate(years)
    ]
    bought = [
        _factor("electricity", year, round(_RESIDUAL_MIX - 0.01 * at, 3), "2-market", "residual mix", "simulated-mix")
        for at, year in enumerate(years)
    ]
    return declared + bought


def _factor(carrier: str, year: int, value: float, scope: str, method: str, factor_set: str) -> Row:
    return {
        "factor_set": factor_set,
        "version": VERSION,
        "carrier": carrier,
        "scope": scope,
        "gas": "CO2",
        "method": method,
        "area": AREA,
        "valid_from": f"{year - 1}-12-31T23:00:00Z",
        "valid_to": f"{year}-12-31T23:00:00Z",
        "step": "year",
        "value": value,
        "unit": "kg/kWh",
        "purpose": "accounts",
        "source": SOURCE,
    }


def activity_rows(town: Town) -> list[Row]:
    """The fleet's fuel, year by year, as from fuel cards."""
    return [
        {
            "id": f"{name}-{year}",
            "name": f"{title} {year}",
            "domain": "fleet",
            "carrier": carrier,
            "valid_from": f"{year}-01-01",
            "valid_to": f"{year + 1}-01-01",
            "amount": round(litres * keeping**index),
            "unit": "l",
            "source": SOURCE,
        }
        for name, title, carrier, litres, keeping in _FLEET
        for index, year in enumerate(range(town.begins.year, town.begins.year + 3))
    ]
