"""The audit: who did what to which row, and when."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from bypuls.store.registry.registry import Registry
from bypuls.store.registry.tables import Audit


def record(
    session: Session, t: datetime, actor: str, action: str, entity: str, entity_id: str, detail: dict[str, Any]
) -> None:
    """Write what is being done in this transaction to the audit: both are kept, or neither.

    `detail` must fit JSON and hold no secret.
    """
    session.add(Audit(t=t, actor=actor, action=action, entity=entity, entity_id=entity_id, detail=detail))


def journal(registry: Registry, *, newest: int = 1000) -> list[Audit]:
    """The `newest` rows of the audit, the latest first."""
    with registry.reading() as session:
        return list(session.scalars(select(Audit).order_by(Audit.number.desc()).limit(newest)))
