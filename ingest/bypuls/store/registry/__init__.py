"""The registry: what stands in the town, what measures it and what it is held against, in one relational database.

Tables of other modules may join the database through `metadata`, with a migration of their own.
"""

from bypuls.store.registry.admission import Admission, RegisterLimits, SensorEntry
from bypuls.store.registry.base import UtcDateTime, metadata
from bypuls.store.registry.errors import BadDatabase, BadValue, RegistryError, UnknownEntity
from bypuls.store.registry.exporting import export_csv
from bypuls.store.registry.findings import Finding, check
from bypuls.store.registry.hourly_factors import (
    HourlyLabel,
    KeptHours,
    Restated,
    hourly_factors,
    keep_hourly_factors,
    version_order,
)
from bypuls.store.registry.importing import CellError, ImportReport, import_csv
from bypuls.store.registry.journal import journal
from bypuls.store.registry.keys import Key, create_key, keys, revoke_key, verify_key
from bypuls.store.registry.registry import Registry, open_registry
from bypuls.store.registry.rules import DimmingSpan, parse_schedule
from bypuls.store.registry.seed import seed_factors
from bypuls.store.registry.tables import (
    ENTITIES,
    REGISTER_LIMITS,
    Activity,
    ApiKey,
    Audit,
    Building,
    Cabinet,
    Calibration,
    CalorificValue,
    Device,
    DimmingProfile,
    Factor,
    FactorChoice,
    FactorDay,
    HeatedArea,
    Intervention,
    Lamp,
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
    Target,
)

__all__ = [
    "ENTITIES",
    "REGISTER_LIMITS",
    "Activity",
    "Admission",
    "ApiKey",
    "Audit",
    "BadDatabase",
    "BadValue",
    "Building",
    "Cabinet",
    "Calibration",
    "CalorificValue",
    "CellError",
    "Device",
    "DimmingProfile",
    "DimmingSpan",
    "Factor",
    "FactorChoice",
    "FactorDay",
    "Finding",
    "HeatedArea",
    "HourlyLabel",
    "ImportReport",
    "Intervention",
    "KeptHours",
    "Key",
    "Lamp",
    "Measure",
    "MeasureEffect",
    "NonRoutineEvent",
    "NormalYear",
    "Price",
    "RegisterLimits",
    "Registry",
    "RegistryError",
    "ReportSchedule",
    "Restated",
    "ScopePart",
    "Sensor",
    "SensorEntry",
    "Site",
    "SpeedLimit",
    "Target",
    "UnknownEntity",
    "UtcDateTime",
    "check",
    "create_key",
    "export_csv",
    "hourly_factors",
    "import_csv",
    "journal",
    "keep_hourly_factors",
    "keys",
    "metadata",
    "open_registry",
    "parse_schedule",
    "revoke_key",
    "seed_factors",
    "verify_key",
    "version_order",
]
