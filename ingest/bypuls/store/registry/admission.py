"""Who may send what: a plain snapshot of the registry that ingest holds in memory and asks for every reading."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from types import MappingProxyType

from sqlalchemy import select
from sqlalchemy.orm import Session

from bypuls.store.registry.tables import REGISTER_LIMITS, Device, RegistryVersion, Sensor


@dataclass(frozen=True, slots=True)
class RegisterLimits:
    """What a meter's registers can do, as in the registry. Moduli and step as the meter shows them, before its
    multiplier; the physical maxima as they are. None = unknown."""

    max_power_w: float | None = None
    max_flow_m3h: float | None = None
    register_modulus_wh: float | None = None
    register_modulus_m3: float | None = None
    register_step_wh: float | None = None


@dataclass(frozen=True, slots=True)
class SensorEntry:
    """What ingest must know of a sensor. Units as in the registry: `interval_s` [s], `multiplier` [-]."""

    device: str
    kind: str
    medium: str | None = None
    interval_s: float | None = None
    asset_kind: str | None = None
    asset_id: str | None = None
    multiplier: float = 1.0
    valid_from: datetime | None = None
    valid_to: datetime | None = None
    limits: RegisterLimits = RegisterLimits()


@dataclass(frozen=True, slots=True)
class Admission:
    """Devices and sensors that may send, as of `version`.

    Every device is also the sensor of its own health, with or without a row of its own.
    """

    version: int
    devices: frozenset[str]
    sensors: Mapping[str, SensorEntry]


def read_version(session: Session) -> int:
    """The number that grows with every change of the registry."""
    return session.execute(select(RegistryVersion.version)).scalar_one()


def read_admission(session: Session, now: datetime | None) -> Admission:
    """The snapshot as the session sees it. A device whose `retired_at` is set (and not after `now`) may not send."""
    # The version first: should something change in between, the snapshot is newer than it claims and is read again.
    version = read_version(session)
    retired = select(Device.id, Device.retired_at)
    devices = frozenset(
        row.id
        for row in session.execute(retired)
        if row.retired_at is None or (now is not None and row.retired_at > now)
    )
    entries = {device: SensorEntry(device=device, kind="health") for device in devices}
    for sensor in session.scalars(select(Sensor)):
        if sensor.device not in devices:
            continue
        asset_kind, asset_id = sensor.asset or (None, None)
        entries[sensor.id] = SensorEntry(
            device=sensor.device,
            kind=sensor.kind,
            medium=sensor.medium,
            interval_s=sensor.interval_s,
            asset_kind=asset_kind,
            asset_id=asset_id,
            multiplier=sensor.multiplier,
            limits=RegisterLimits(*(getattr(sensor, name) for name in REGISTER_LIMITS)),
            valid_from=sensor.valid_from,
            valid_to=sensor.valid_to,
        )
    return Admission(version, devices, MappingProxyType(entries))
