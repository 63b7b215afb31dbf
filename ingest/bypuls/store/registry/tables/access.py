"""Who may do what, what was done, and the counter that tells other processes that something changed."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, CheckConstraint, String
from sqlalchemy.orm import Mapped, mapped_column

from bypuls.store.registry import rules
from bypuls.store.registry.base import Base, Id, Label, Name, dated, in_order, ruled

SCOPES = ("read", "export", "write", "admin")


class ApiKey(Base):
    """A key of the API. Only its SHA-256 digest is kept: the key itself is 256 random bits, so no salt is needed."""

    __tablename__ = "api_key"
    __table_args__ = (dated("created", "expires"),)
    together = (in_order("created", "expires"),)

    id: Mapped[Id] = mapped_column(primary_key=True)
    name: Mapped[Name]
    hash: Mapped[str] = mapped_column(String(64), unique=True, repr=False, info=ruled(rules.DIGEST))
    scopes: Mapped[Label]
    created: Mapped[datetime]
    expires: Mapped[datetime | None] = mapped_column(default=None)
    revoked: Mapped[datetime | None] = mapped_column(default=None)


class Audit(Base):
    """Who did what to which row, and when. Rows are added, never changed."""

    __tablename__ = "audit"

    number: Mapped[int] = mapped_column(primary_key=True, autoincrement=True, init=False)
    t: Mapped[datetime] = mapped_column(index=True)
    actor: Mapped[Name]
    action: Mapped[Label]
    entity: Mapped[Label]
    entity_id: Mapped[Name]
    detail: Mapped[dict[str, Any]] = mapped_column(JSON, default_factory=dict)


class RegistryVersion(Base):
    """One row: a counter that grows with every change of the registry, whichever process makes it."""

    __tablename__ = "registry_version"
    __table_args__ = (CheckConstraint("id = 1", name="single"),)

    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False, default=1)
    version: Mapped[int] = mapped_column(default=0)
