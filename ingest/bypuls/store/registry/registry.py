"""The registry: what stands in the town, what measures it, and what it is held against."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime
from pathlib import Path
from types import TracebackType
from typing import Self, TypeVar

from sqlalchemy import Engine, inspect, select
from sqlalchemy.orm import Session

from bypuls.store.registry.admission import Admission, read_admission, read_version
from bypuls.store.registry.database import database_url, migrate, open_engine, snapshots, writing
from bypuls.store.registry.session import RegistrySession
from bypuls.store.registry.tables import (
    Activity,
    AlarmOwner,
    AlarmRule,
    Base,
    Building,
    Cabinet,
    Calibration,
    CalorificValue,
    Device,
    DimmingProfile,
    ExpansionFactor,
    Factor,
    FactorChoice,
    HeatedArea,
    Intervention,
    Lamp,
    LampChange,
    LampGroup,
    LampProfile,
    ManualCount,
    Measure,
    MeasureEffect,
    NonRoutineEvent,
    NormalYear,
    Price,
    ReportSchedule,
    ScopePart,
    Sensor,
    Site,
    SpeedLimit,
    StreetLighting,
    Target,
)
from bypuls.store.registry.validation import latest_day

_Row = TypeVar("_Row", bound=Base)


def utc_now() -> datetime:
    """The machine's clock, in UTC."""
    return datetime.now(UTC)


class Registry:
    """A registry in one database; safe to use from several threads and processes at once.

    The rows that it hands out are detached: reading them is free, changing them changes nothing.
    """

    def __init__(self, engine: Engine, *, clock: Callable[[], datetime] = utc_now) -> None:
        self.engine = engine
        self.writing_engine = writing(engine)
        """For transactions that write past the session; on SQLite they take the write lock at once."""
        self.clock = clock
        self._snapshots = snapshots(engine)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Give the database's connections back."""
        self.engine.dispose()

    @contextmanager
    def session(self) -> Iterator[Session]:
        """One transaction that may write: committed at the end, rolled back by any error.

        Raises BadValue for a row that breaks a rule; at the end sqlalchemy.exc.IntegrityError for a reference to
        nothing.
        """
        info = {"latest": latest_day(self.clock())}
        with RegistrySession(self.writing_engine, expire_on_commit=False, info=info) as session, session.begin():
            yield session

    @contextmanager
    def reading(self) -> Iterator[Session]:
        """One consistent view to read from, which holds up no writer. What is changed in it is forgotten."""
        with RegistrySession(self._snapshots, expire_on_commit=False, autoflush=False) as session:
            yield session

    def version(self) -> int:
        """Grows with every change by any process; cheap to ask often."""
        with self.reading() as session:
            return read_version(session)

    def admission(self, now: datetime | None = None) -> Admission:
        """Who may send what. Retired devices are left out; with `now`, those that retire later are not."""
        with self.reading() as session:
            return read_admission(session, now)

    def sites(self) -> list[Site]:
        """All sites by id."""
        return self._all(Site)

    def street_lighting(self) -> list[StreetLighting]:
        """Lit areas and illuminances by street and day."""
        return self._all(StreetLighting)

    def cabinets(self) -> list[Cabinet]:
        """All lighting cabinets by id."""
        return self._all(Cabinet)

    def lamp_groups(self) -> list[LampGroup]:
        """All groups of lamps by id."""
        return self._all(LampGroup)

    def lamps(self) -> list[Lamp]:
        """All lamps by id."""
        return self._all(Lamp)

    def lamp_changes(self) -> list[LampChange]:
        """All changes of lamps by lamp and day."""
        return self._all(LampChange)

    def dimming_profiles(self) -> list[DimmingProfile]:
        """All dimming profiles by group and day."""
        return self._all(DimmingProfile)

    def lamp_profiles(self) -> list[LampProfile]:
        """All dimming profiles of single lamps by lamp and day."""
        return self._all(LampProfile)

    def buildings(self) -> list[Building]:
        """All buildings by id."""
        return self._all(Building)

    def heated_areas(self) -> list[HeatedArea]:
        """All heated areas by building and day."""
        return self._all(HeatedArea)

    def devices(self) -> list[Device]:
        """All devices by id, retired ones too."""
        return self._all(Device)

    def sensors(self) -> list[Sensor]:
        """All sensors by id."""
        return self._all(Sensor)

    def calibrations(self) -> list[Calibration]:
        """All calibrations by sensor and day."""
        return self._all(Calibration)

    def speed_limits(self) -> list[SpeedLimit]:
        """All limits by site, direction and day."""
        return self._all(SpeedLimit)

    def interventions(self) -> list[Intervention]:
        """All interventions by id."""
        return self._all(Intervention)

    def non_routine_events(self) -> list[NonRoutineEvent]:
        """All non-routine events by id."""
        return self._all(NonRoutineEvent)

    def manual_counts(self) -> list[ManualCount]:
        """All counts by hand by sensor and time."""
        return self._all(ManualCount)

    def expansion_factors(self) -> list[ExpansionFactor]:
        """All factors from a count to the year by type of traffic and step."""
        return self._all(ExpansionFactor)

    def prices(self) -> list[Price]:
        """All prices by medium and day."""
        return self._all(Price)

    def calorific_values(self) -> list[CalorificValue]:
        """All calorific values by day and basis."""
        return self._all(CalorificValue)

    def normal_years(self) -> list[NormalYear]:
        """All normal years of degree days by id."""
        return self._all(NormalYear)

    def targets(self) -> list[Target]:
        """All targets by id."""
        return self._all(Target)

    def scope_parts(self) -> list[ScopePart]:
        """What targets cover, by target, domain and carrier."""
        return self._all(ScopePart)

    def measures(self) -> list[Measure]:
        """All measures by id, running and planned ones."""
        return self._all(Measure)

    def measure_effects(self) -> list[MeasureEffect]:
        """What measures are planned to save, by measure and carrier."""
        return self._all(MeasureEffect)

    def report_schedules(self) -> list[ReportSchedule]:
        """All scheduled reports by id, those that are switched off too."""
        return self._all(ReportSchedule)

    def alarm_rules(self) -> list[AlarmRule]:
        """All rules of alarms by id, those that are switched off too."""
        return self._all(AlarmRule)

    def alarm_owners(self) -> list[AlarmOwner]:
        """All who look after alarms, by id."""
        return self._all(AlarmOwner)

    def factors(
        self,
        factor_set: str | None = None,
        version: str | None = None,
        *,
        carrier: str | None = None,
        start: datetime | None = None,
        end: datetime | None = None,
    ) -> list[Factor]:
        """Emission factors by their key and time; of one set, version or carrier where given.

        start, end : only factors in force at some moment of `[start, end)`.
        """
        query = select(Factor).order_by(*inspect(Factor).primary_key)
        for column, value in ((Factor.factor_set, factor_set), (Factor.version, version), (Factor.carrier, carrier)):
            if value is not None:
                query = query.where(column == value)
        if start is not None:
            query = query.where(Factor.valid_to.is_(None) | (Factor.valid_to > start))
        if end is not None:
            query = query.where(Factor.valid_from < end)
        with self.reading() as session:
            return list(session.scalars(query))

    def factor_choices(self) -> list[FactorChoice]:
        """Which set of factors a carrier is accounted with, by view and carrier."""
        return self._all(FactorChoice)

    def activities(self) -> list[Activity]:
        """All imported amounts by id."""
        return self._all(Activity)

    def limit_kmh(self, site: str, direction: str | None, day: date) -> int | None:
        """The limit [km/h] posted at `site` on local `day`; None where none is known.

        direction : toward or away: its own limit goes before the one for both. None asks for the whole street: the
        limit for both, else the one that both directions share.
        """
        query = (
            select(SpeedLimit)
            .where(SpeedLimit.site == site, SpeedLimit.valid_from <= day)
            .where(SpeedLimit.valid_to.is_(None) | (SpeedLimit.valid_to > day))
            .order_by(SpeedLimit.valid_from)
        )
        with self.reading() as session:
            limits = {limit.direction: limit.limit_kmh for limit in session.scalars(query)}
        if direction is not None:
            return limits.get(direction, limits.get("both"))
        toward, away = limits.get("toward", limits.get("both")), limits.get("away", limits.get("both"))
        return toward if toward == away else None

    def heated_area_m2(self, building: str, day: date) -> float | None:
        """The heated area [m²] of `building` on local `day`; None where none is known."""
        query = (
            select(HeatedArea.area_m2)
            .where(HeatedArea.building == building, HeatedArea.valid_from <= day)
            .order_by(HeatedArea.valid_from.desc())
            .limit(1)
        )
        with self.reading() as session:
            return session.scalars(query).one_or_none()

    def _all(self, entity: type[_Row]) -> list[_Row]:
        with self.reading() as session:
            return list(session.scalars(select(entity).order_by(*inspect(entity).primary_key)))


def open_registry(url_or_path: str | Path, *, clock: Callable[[], datetime] = utc_now) -> Registry:
    """The registry at a path (an SQLite file, made with its folder) or a URL, migrated to this release's tables.

    Several processes may open one at the same time. Raises BadDatabase; OSError where the folder can't be made.
    """
    engine = open_engine(database_url(url_or_path))
    try:
        migrate(engine)
    except BaseException:
        engine.dispose()
        raise
    return Registry(engine, clock=clock)
