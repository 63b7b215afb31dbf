"""The town's climate targets, the parts of their scope, accounts from before its meters, and its measures: all of it
invented, and marked so. What a municipality would have written itself, names and notes, is in Danish."""

from __future__ import annotations

from datetime import date

from bypuls.sim import places
from bypuls.sim.grid import METHOD
from bypuls.sim.town import Town

Cell = str | int | float | bool | None
Row = dict[str, Cell]

INVENTED = "simuleret by: opfundet til demonstration"
BASE_YEAR = 2018

# Tonnes of CO₂ in 2018, by domain and carrier, and the share of them that went with every year since.
_PARTS: dict[tuple[str, str], tuple[float, float]] = {
    ("buildings", "electricity"): (700.0, 0.079),
    ("buildings", "heat"): (472.0, 0.063),
    ("buildings", "gas"): (160.0, 0.040),
    ("lighting", "electricity"): (4.0, 0.112),
    ("fleet", "diesel"): (56.0, 0.050),
    ("fleet", "petrol"): (8.0, 0.020),
}
_DOMAINS = {"buildings": "Bygninger", "lighting": "Gadelys", "fleet": "Køretøjer"}
_CARRIERS = {"electricity": "el", "heat": "varme", "gas": "gas", "diesel": "diesel", "petrol": "benzin"}
# Mild and cold winters, one after the other.
_WINTERS = (1.00, 0.96, 1.03, 0.98, 1.04)
_SCHOOL_T = 92.0


def target_rows() -> list[Row]:
    """Four targets: the municipality, its street lights, one school, and the area, for which nobody has said yet what
    it is measured against."""
    common: Row = {"target_year": 2030, "gas": "CO2", "method": METHOD, "base_year": BASE_YEAR}
    note = "simuleret by: basisåret er et eksempel, ikke nogen kommunes tal"
    return [
        common
        | {
            "id": "town-2030",
            "name": "85 % mindre CO₂ i 2030",
            "kind": "organisation",
            "scope": "den simulerede bys bygninger, gadelys og køretøjer",
            "base_tonnes": sum(tonnes for tonnes, _ in _PARTS.values()),
            "reduction": 0.85,
            "source": f"{INVENTED}; et regnskab for 2018",
            "note": note,
        },
        common
        | {
            "id": "lights-2030",
            "name": "Gadelys: 90 % mindre CO₂ i 2030",
            "kind": "lighting",
            "scope": "den simulerede bys gadelys",
            "base_tonnes": _PARTS["lighting", "electricity"][0],
            "reduction": 0.9,
            "source": f"{INVENTED}; et regnskab for 2018",
            "note": note,
        },
        common
        | {
            "id": "school-2030",
            "name": "Måløv Skole: 70 % mindre CO₂ i 2030",
            "kind": "building",
            "scope": "maaloev-skole",
            "base_tonnes": _SCHOOL_T * 1.42,
            "reduction": 0.7,
            "source": f"{INVENTED}; regninger fra 2018",
            "note": note,
        },
        common
        | {
            "id": "area-2030",
            "name": "Hele kommunen: 85 % mindre CO₂ i 2030",
            "kind": "geography",
            "scope": "alt inden for byens grænser",
            "base_year": None,
            "base_tonnes": None,
            "reduction": 0.85,
            "method": None,
            "source": None,
            "note": "simuleret by: ingen har endnu sagt, hvilket år og hvor mange ton de 85 % regnes fra",
        },
    ]


def scope_rows() -> list[Row]:
    """What the targets cover, as parts of their baselines."""

    def row(target: str, domain: str, carrier: str, tonnes: float) -> Row:
        return {"target": target, "domain": domain, "carrier": carrier, "base_tonnes": tonnes, "source": INVENTED}

    lights = _PARTS["lighting", "electricity"][0]
    return [
        *(row("town-2030", domain, carrier, tonnes) for (domain, carrier), (tonnes, _) in _PARTS.items()),
        row("lights-2030", "lighting", "electricity", lights),
        row("school-2030", "buildings", "electricity", _SCHOOL_T * 0.42),
        row("school-2030", "buildings", "heat", _SCHOOL_T),
    ]


def account_rows(town: Town, metered_from: date) -> list[Row]:
    """Accounts from before the meters and before the fuel cards, in tonnes, one for each part and year."""
    rows: list[Row] = []
    for year in range(BASE_YEAR + 1, metered_from.year + 1):
        for domain, carrier in _PARTS:
            known_from = date(town.begins.year, 1, 1) if domain == "fleet" else metered_from
            first, last = date(year, 1, 1), min(date(year + 1, 1, 1), known_from)
            if last <= first:
                continue
            share = (last - first).days / (date(year + 1, 1, 1) - first).days
            rows.append(
                {
                    "id": f"account-{year}-{domain}-{carrier}",
                    "name": f"{_DOMAINS[domain]}, {_CARRIERS[carrier]}: regnskab for {year}",
                    "domain": domain,
                    "carrier": carrier,
                    "valid_from": first.isoformat(),
                    "valid_to": last.isoformat(),
                    "amount": round(_tonnes(domain, carrier, year) * share, 1),
                    "unit": "t",
                    "gas": "CO2",
                    "method": METHOD,
                    "source": INVENTED,
                }
            )
    return rows


def _tonnes(domain: str, carrier: str, year: int) -> float:
    base, fall = _PARTS[domain, carrier]
    winter = _WINTERS[year % len(_WINTERS)] if carrier in ("heat", "gas") else 1.0
    return base * max(1.0 - fall * (year - BASE_YEAR), 0.05) * winter


def measure_rows(town: Town) -> list[Row]:
    """Three that run, and four that are planned."""
    year = town.begins.year
    made: list[Row] = [
        _measure("led-maaloev", "LED i Måløv Hovedgade", "led", places.led_day(town.begins), 95_000, 0.95)
        | {"cabinet": "cabinet-3", "intervention": "cabinet-3-led"},
        _measure("walls-maaloev", "Tag og ydervægge, Måløv Skole", "renovation", places.insulation_day(town.begins),
                 4_200_000, 0.85) | {"building": "maaloev-skole", "intervention": "maaloev-skole-walls"},
        _measure("control-sports", "Ny varmestyring, Idrætshallen", "heating", places.control_day(town.begins),
                 260_000, 0.8) | {"building": "sportshal", "intervention": "sportshal-control"},
        _measure("heat-pump-culture", "Varmepumpe i stedet for gas, Kulturhuset", "heating", date(year + 3, 6, 1),
                 1_900_000, 0.9) | {"building": "kulturhus"},
        _measure("solar-sports", "Solceller, Idrætshallen", "solar", date(year + 3, 4, 1), 1_050_000, 0.9)
        | {"building": "sportshal"},
        _measure("dimming-boulevard", "Natsænkning, Ballerup Boulevard", "dimming", date(year + 3, 9, 1),
                 40_000, 0.7) | {"cabinet": "cabinet-1"},
        _measure("electric-vans", "Elvarevogne i stedet for diesel", "vehicles", date(year + 4, 1, 1),
                 1_500_000, 0.6),
    ]  # fmt: skip
    return made


def effect_rows() -> list[Row]:
    """What the measures are planned to save in a whole year; negative = they use more."""

    def row(measure: str, carrier: str, kwh: float | None = None, tonnes: float | None = None) -> Row:
        return {"measure": measure, "carrier": carrier, "kwh_per_year": kwh, "t_per_year": tonnes}

    return [
        row("led-maaloev", "electricity", 3_900),
        row("walls-maaloev", "heat", 240_000),
        row("control-sports", "heat", 110_000),
        row("heat-pump-culture", "gas", 247_000),
        row("heat-pump-culture", "electricity", -72_000),
        row("solar-sports", "electricity", 105_000),
        row("dimming-boulevard", "electricity", 420),
        row("electric-vans", "diesel", tonnes=24.0),
        row("electric-vans", "electricity", -27_000),
    ]


def _measure(name: str, text: str, kind: str, start: date, cost_dkk: int, certainty: float) -> Row:
    places_of: Row = {"site": None, "building": None, "cabinet": None, "intervention": None}
    return {
        "id": name,
        "name": text,
        "kind": kind,
        **places_of,
        "start": start.isoformat(),
        "certainty": certainty,
        "cost_dkk": cost_dkk,
        "source": INVENTED,
    }
