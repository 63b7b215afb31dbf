"""What meters' years came to, added up once from their hours and kept until their bins change."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import orjson

from bypuls.analysis.climate.emission import emitted_kg
from bypuls.api.accounts.factors import FactorUse
from bypuls.api.accounts.frame import MONTHS, Floats, Frame
from bypuls.store.book import Book, MeterYear
from bypuls.store.protocol import Store
from bypuls.store.registry import Sensor

_AT_ONCE = 50
_ENERGY_KEYS = ("wh", "covered_s", "gap_wh", "export_wh", "m3", "m3_covered_s", "gap_m3")


@dataclass(frozen=True, slots=True)
class EnergyYear:
    """A meter's year by month: (12,) each. *_s : seconds that are known.  gap : known in total only, across gaps that
    end in the month; in none of the other sums."""

    wh: Floats
    covered_s: Floats
    gap_wh: Floats
    export_wh: Floats
    m3: Floats
    m3_covered_s: Floats
    gap_m3: Floats


@dataclass(frozen=True, slots=True)
class EmissionYear:
    """A meter's year × the factors of its steps, by month: (12,) each. kg, wh, covered_s : of the steps with both.
    avoided_kg : of what was exported."""

    kg: Floats
    wh: Floats
    covered_s: Floats
    avoided_kg: Floats


class MeterYears:
    """Reads and keeps meters' years. The sums are of one store; a change of bins that the book is told of makes them
    anew. Not a promise for bins that somebody replaced without telling it."""

    def __init__(self, store: Store, book: Book) -> None:
        self._store, self._book = store, book

    def of(
        self, frame: Frame, wanted: Sequence[tuple[Sensor, FactorUse | None]]
    ) -> tuple[dict[str, EnergyYear], dict[tuple[str, str], EmissionYear]]:
        """Energy by meter, and emission by meter and fingerprint for those whose factors change within the year."""
        keys = sorted({"", *(use.fingerprint for _, use in wanted if use is not None and use.constant is None)})
        changes = self._book.changes(frame.start_us, frame.end_us)
        held: dict[tuple[str, str], dict[str, list[float]]] = {}
        for row in self._book.meter_years(frame.year, frame.zone.key, keys):
            if row.seen == changes.get(row.sensor, 0):
                held[row.sensor, row.factor] = orjson.loads(row.body)
        uses: dict[str, tuple[Sensor, dict[str, FactorUse]]] = {}
        for sensor, use in wanted:
            of_sensor = uses.setdefault(sensor.id, (sensor, {}))[1]
            if use is not None and use.constant is None:
                of_sensor[use.fingerprint] = use
        made: list[MeterYear] = []
        for sensor, of_sensor in uses.values():
            missing = [key for key in ("", *of_sensor) if (sensor.id, key) not in held]
            if not missing:
                continue
            # Hours are read where a factor has some; else the store adds the months up.
            hours = _Hours(self._store, sensor, frame) if any(missing) else None
            for key in missing:
                body = (
                    hours.emission(of_sensor[key]) if hours is not None and key
                    else hours.energy() if hours is not None
                    else _months_of(self._store, sensor, frame)
                )  # fmt: skip
                held[sensor.id, key] = body
                seen = changes.get(sensor.id, 0)
                made.append(MeterYear(sensor.id, frame.year, frame.zone.key, key, seen, orjson.dumps(body).decode()))
            if len(made) >= _AT_ONCE:
                self._book.keep_meter_years(made)
                made = []
        self._book.keep_meter_years(made)
        energy = {sensor: _energy(body) for (sensor, key), body in held.items() if key == "" and sensor in uses}
        emission = {
            (sensor, key): EmissionYear(*(np.array(body[name]) for name in ("kg", "wh", "covered_s", "avoided_kg")))
            for (sensor, key), body in held.items()
            if key != "" and sensor in uses
        }
        return energy, emission


def _energy(body: Mapping[str, list[float]]) -> EnergyYear:
    return EnergyYear(*(np.array(body[key]) for key in _ENERGY_KEYS))


def _names(sensor: Sensor) -> dict[str, str]:
    """The sums of `EnergyYear` and the fields of bins that they are of."""
    own = "energy_wh" if sensor.kind == "lamp" else "import_wh"
    names = {"wh": f"{own}_delta", "covered_s": f"{own}_covered_s", "gap_wh": f"{own}_gap"}
    if sensor.kind == "meter":
        names |= {"export_wh": "export_wh_delta", "m3": "volume_m3_delta", "m3_covered_s": "volume_m3_covered_s",
                  "gap_m3": "volume_m3_gap"}  # fmt: skip
    return names


def _months_of(store: Store, sensor: Sensor, frame: Frame) -> dict[str, list[float]]:
    """As `EnergyYear`."""
    names = _names(sensor)
    sums = store.sums(sensor.kind, [sensor.id], frame.edges_us, list(names.values()))
    return {
        key: np.nan_to_num(sums[names[key]][0]).tolist() if key in names else [0.0] * MONTHS for key in _ENERGY_KEYS
    }


class _Hours:
    """One meter's year by its steps, as the store has it."""

    def __init__(self, store: Store, sensor: Sensor, frame: Frame) -> None:
        self._frame = frame
        names = _names(sensor)
        table = store.bins(
            sensor.kind, [sensor.id], frame.start_us, frame.end_us, list(names.values()), every_s=frame.step_s
        )
        self._columns = {key: frame.column(table.t_us, table.columns[name]) for key, name in names.items()}

    def _of(self, key: str) -> Floats:
        column = self._columns.get(key)
        return np.full(len(self._frame.t_us), np.nan) if column is None else column

    def energy(self) -> dict[str, list[float]]:
        """As `EnergyYear`."""
        return {key: self._frame.by_month(self._of(key)).tolist() for key in _ENERGY_KEYS}

    def emission(self, use: FactorUse) -> dict[str, list[float]]:
        """As `EmissionYear`: Σ activity × factor over the steps in which both are known."""
        wh, factor = self._of("wh"), use.kg_per_unit
        kg = emitted_kg(wh, factor * 1000.0)
        both = ~np.isnan(kg)
        by_month = self._frame.by_month
        return {
            "kg": by_month(kg).tolist(),
            "wh": by_month(np.where(both, wh, 0.0)).tolist(),
            "covered_s": by_month(np.where(both, np.nan_to_num(self._of("covered_s")), 0.0)).tolist(),
            "avoided_kg": by_month(emitted_kg(self._of("export_wh"), factor * 1000.0)).tolist(),
        }
