"""What a target covers, and the measures that are to reach it."""

from __future__ import annotations

from datetime import date

from sqlalchemy import CheckConstraint
from sqlalchemy.orm import Mapped, mapped_column

from bypuls.store.registry import rules
from bypuls.store.registry.base import Base, Id, Name, Note, Together, one_asset, refers, ruled
from bypuls.store.registry.tables.equipment import DOMAINS

MEASURE_KINDS = ("renovation", "led", "dimming", "solar", "heating", "vehicles", "other")
_ONE_OF_THREE = one_asset("site", "building", "cabinet")


class ScopePart(Base):
    """A part of what a target covers: a carrier in a domain, with its `base_tonnes` [t a year] of the baseline.

    A year's scope share is that of the parts which a measured or imported account covers. Parts that nobody accounts
    belong here as well: without them a part would look like the whole.
    """

    __tablename__ = "scope_part"

    target: Mapped[Id] = mapped_column(refers("target"), primary_key=True)
    domain: Mapped[str] = mapped_column(primary_key=True, info=ruled(rules.one_of(*DOMAINS)))
    carrier: Mapped[Id] = mapped_column(primary_key=True)
    base_tonnes: Mapped[float] = mapped_column(info=ruled(rules.within(0, 1_000_000_000, "t a year")))
    source: Mapped[Note | None] = mapped_column(default=None)


class Measure(Base):
    """Something that is to save energy or CO₂, at one place at most; without one it concerns the whole municipality.

    start : the first local day on which it works; what lies ahead is planned, the rest runs.
    certainty : how sure the planned effect is, 0 to 1; None = nobody said.
    cost_dkk : what it costs, once [DKK].
    intervention : what was done there, where the registry has it.
    """

    __tablename__ = "measure"
    __table_args__ = (_ONE_OF_THREE[0],)
    together = (_ONE_OF_THREE[1],)

    id: Mapped[Id] = mapped_column(primary_key=True)
    name: Mapped[Name]
    kind: Mapped[str] = mapped_column(info=ruled(rules.one_of(*MEASURE_KINDS)))
    site: Mapped[Id | None] = mapped_column(refers("site"), index=True, default=None)
    building: Mapped[Id | None] = mapped_column(refers("building"), index=True, default=None)
    cabinet: Mapped[Id | None] = mapped_column(refers("cabinet"), index=True, default=None)
    start: Mapped[date]
    certainty: Mapped[float | None] = mapped_column(default=None, info=ruled(rules.within(0, 1, "as a share")))
    cost_dkk: Mapped[float | None] = mapped_column(default=None, info=ruled(rules.within(0, 1e12, "DKK")))
    intervention: Mapped[Id | None] = mapped_column(refers("intervention"), index=True, default=None)
    source: Mapped[Note | None] = mapped_column(default=None)
    note: Mapped[Note | None] = mapped_column(default=None)

    @property
    def place(self) -> tuple[str, str] | None:
        """Kind and id of the place; None for all of the municipality."""
        for kind in ("building", "cabinet", "site"):
            place: str | None = getattr(self, kind)
            if place is not None:
                return kind, place
        return None


class MeasureEffect(Base):
    """What a measure is planned to save of one carrier in a whole year; negative = it uses more of this one.

    kwh_per_year : [kWh].  t_per_year : [t of the target's gas]; goes before kWh × factor.
    sensor : the meter that shows it; None = the meters of that medium at the measure's place.
    """

    __tablename__ = "measure_effect"
    __table_args__ = (CheckConstraint("kwh_per_year IS NOT NULL OR t_per_year IS NOT NULL", name="amount"),)
    together = (
        Together(
            "kwh_per_year",
            "kWh or tonnes a year, at least one of them",
            lambda e: e.kwh_per_year is not None or e.t_per_year is not None,
        ),
    )

    measure: Mapped[Id] = mapped_column(refers("measure"), primary_key=True)
    carrier: Mapped[Id] = mapped_column(primary_key=True)
    kwh_per_year: Mapped[float | None] = mapped_column(
        default=None, info=ruled(rules.within(-1e12, 1e12, "kWh a year"))
    )
    t_per_year: Mapped[float | None] = mapped_column(default=None, info=ruled(rules.within(-1e9, 1e9, "t a year")))
    sensor: Mapped[Id | None] = mapped_column(refers("sensor"), index=True, default=None)
