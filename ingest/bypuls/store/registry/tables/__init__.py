"""The registry's tables as typed rows."""

from bypuls.store.registry.base import Base, add_checks
from bypuls.store.registry.tables.access import ApiKey, Audit, RegistryVersion
from bypuls.store.registry.tables.accounts import (
    Activity,
    CalorificValue,
    Factor,
    FactorChoice,
    FactorDay,
    NormalYear,
    Price,
    Target,
)
from bypuls.store.registry.tables.alarming import AlarmOwner, AlarmRule
from bypuls.store.registry.tables.climate import Measure, MeasureEffect, ScopePart
from bypuls.store.registry.tables.equipment import (
    REGISTER_LIMITS,
    Calibration,
    Device,
    Intervention,
    NonRoutineEvent,
    Sensor,
)
from bypuls.store.registry.tables.places import (
    Building,
    Cabinet,
    DimmingProfile,
    HeatedArea,
    Lamp,
    LampChange,
    LampGroup,
    LampProfile,
    Site,
    SpeedLimit,
    StreetLighting,
)
from bypuls.store.registry.tables.reporting import ReportSchedule
from bypuls.store.registry.tables.traffic import ExpansionFactor, ManualCount

add_checks()

# Parents before children, so that importing the files in this order finds what they refer to.
ENTITIES: dict[str, type[Base]] = {
    table.__tablename__: table
    for table in (
        Site,
        SpeedLimit,
        StreetLighting,
        Cabinet,
        LampGroup,
        Lamp,
        LampChange,
        DimmingProfile,
        LampProfile,
        Building,
        HeatedArea,
        Device,
        Sensor,
        Calibration,
        ManualCount,
        ExpansionFactor,
        Intervention,
        NonRoutineEvent,
        Price,
        CalorificValue,
        NormalYear,
        Factor,
        FactorDay,
        FactorChoice,
        Activity,
        Target,
        ScopePart,
        Measure,
        MeasureEffect,
        ReportSchedule,
        AlarmOwner,
        AlarmRule,
    )
}

__all__ = [
    "ENTITIES",
    "REGISTER_LIMITS",
    "Activity",
    "AlarmOwner",
    "AlarmRule",
    "ApiKey",
    "Audit",
    "Base",
    "Building",
    "Cabinet",
    "Calibration",
    "CalorificValue",
    "Device",
    "DimmingProfile",
    "ExpansionFactor",
    "Factor",
    "FactorChoice",
    "FactorDay",
    "HeatedArea",
    "Intervention",
    "Lamp",
    "LampChange",
    "LampGroup",
    "LampProfile",
    "ManualCount",
    "Measure",
    "MeasureEffect",
    "NonRoutineEvent",
    "NormalYear",
    "Price",
    "RegistryVersion",
    "ReportSchedule",
    "ScopePart",
    "Sensor",
    "Site",
    "SpeedLimit",
    "StreetLighting",
    "Target",
]
