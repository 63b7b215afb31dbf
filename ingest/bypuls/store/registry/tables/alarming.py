"""What raises an alarm, and who is told."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Text
from sqlalchemy.orm import Mapped, mapped_column

from bypuls.store.registry import rules
from bypuls.store.registry.alarm_kinds import ALARM_KINDS, DOMAINS, SEVERITIES, wrong_parameters
from bypuls.store.registry.base import Base, Id, Name, Note, Together, one_asset, refers, ruled
from bypuls.store.registry.tables.reporting import REPORT_LANGUAGES

_OWNER_PLACE = one_asset("site", "building", "cabinet")
_RULE_PLACE = one_asset("site", "building", "cabinet", "device")
_MINUTES = rules.within(0, 525_600, "minutes")


def _parameters_expected(row: Any) -> str:
    return f"parameters of {row.kind}: {wrong_parameters(row.kind, row.parameters)}"


class AlarmOwner(Base):
    """Who looks after the alarms of a domain, of a place, or of all that nobody nearer looks after.

    recipients : e-mail addresses with a blank between; None = nobody is written to.
    quiet_hours : local time in which no mail is sent but for critical alarms, like `22:00-06:00`.
    digest : one mail a day with all that is open.
    """

    __tablename__ = "alarm_owner"
    __table_args__ = (_OWNER_PLACE[0],)
    together = (_OWNER_PLACE[1],)

    id: Mapped[Id] = mapped_column(primary_key=True)
    name: Mapped[Name]
    domain: Mapped[str | None] = mapped_column(default=None, info=ruled(rules.one_of(*DOMAINS)))
    site: Mapped[Id | None] = mapped_column(refers("site"), index=True, default=None)
    building: Mapped[Id | None] = mapped_column(refers("building"), index=True, default=None)
    cabinet: Mapped[Id | None] = mapped_column(refers("cabinet"), index=True, default=None)
    recipients: Mapped[str | None] = mapped_column(Text, default=None, info=ruled(rules.ADDRESSES))
    lang: Mapped[str] = mapped_column(default="da", info=ruled(rules.one_of(*REPORT_LANGUAGES)))
    quiet_hours: Mapped[str | None] = mapped_column(default=None, info=ruled(rules.QUIET_HOURS))
    digest: Mapped[bool] = mapped_column(default=True)
    note: Mapped[Note | None] = mapped_column(default=None)


class AlarmRule(Base):
    """One kind of alarm, everywhere or at one place. The narrowest of a kind counts, also when it is switched off.

    parameters : words like `above_pct=20 nights=5`; the kind's defaults for what isn't named.
    confirm_min, clear_min, reopen_min : [min]; None = the kind's.  severity : None = the kind's.
    quiet_hours : local time in which nobody is told, whatever the severity; the alarm opens all the same.
    owner : None = who looks after the place or the domain.
    """

    __tablename__ = "alarm_rule"
    __table_args__ = (_RULE_PLACE[0],)
    together = (
        _RULE_PLACE[1],
        Together("parameters", _parameters_expected, lambda row: wrong_parameters(row.kind, row.parameters) is None),
    )

    id: Mapped[Id] = mapped_column(primary_key=True)
    # Without a CHECK: a further kind needs no migration.
    kind: Mapped[str] = mapped_column(info=ruled(rules.named(*ALARM_KINDS)))
    site: Mapped[Id | None] = mapped_column(refers("site"), index=True, default=None)
    building: Mapped[Id | None] = mapped_column(refers("building"), index=True, default=None)
    cabinet: Mapped[Id | None] = mapped_column(refers("cabinet"), index=True, default=None)
    device: Mapped[Id | None] = mapped_column(refers("device"), index=True, default=None)
    parameters: Mapped[str | None] = mapped_column(Text, default=None, info=ruled(rules.plain_text(1000)))
    severity: Mapped[str | None] = mapped_column(default=None, info=ruled(rules.one_of(*SEVERITIES)))
    confirm_min: Mapped[float | None] = mapped_column(default=None, info=ruled(_MINUTES))
    clear_min: Mapped[float | None] = mapped_column(default=None, info=ruled(_MINUTES))
    reopen_min: Mapped[float | None] = mapped_column(default=None, info=ruled(_MINUTES))
    quiet_hours: Mapped[str | None] = mapped_column(default=None, info=ruled(rules.QUIET_HOURS))
    owner: Mapped[Id | None] = mapped_column(refers("alarm_owner"), index=True, default=None)
    enabled: Mapped[bool] = mapped_column(default=True)
    note: Mapped[Note | None] = mapped_column(default=None)
