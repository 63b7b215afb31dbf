"""Who is told of what, and from when on. Notices are written with the change that they tell of, in its transaction, and
leave afterwards: none is lost, and none is made twice."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from zoneinfo import ZoneInfo

from bypuls.store.book import Alarm, AlarmChanges, Notice
from bypuls.store.registry import AlarmOwner, QuietHours, parse_quiet_hours
from bypuls.wire import from_us, to_us

MAIL, WEBHOOK, DIGEST = "mail", "webhook", "digest"
DIGEST_FROM = time(7)
"""Local time from which on the day's digest is made."""


@dataclass(frozen=True, slots=True)
class Channels:
    """Where changes are told. mail : owners are written to.  webhooks : names of the operator's addresses."""

    mail: bool = False
    webhooks: tuple[str, ...] = ()


def announce(
    changes: AlarmChanges, channels: Channels, owner: AlarmOwner | None, alarm: Alarm, event: int, action: str,
    rule_quiet: str | None, now_us: int, zone: ZoneInfo,
) -> None:  # fmt: skip
    """Notices of one change: every webhook has each; a person is written to when an alarm opens, and when it comes
    back for the first time. The rest stands in the digest."""
    for name in channels.webhooks:
        held_us = held_until_us(now_us, zone, [rule_quiet])
        changes.announce(_notice(f"{event}:{name}", WEBHOOK, name, alarm.id, event, now_us, held_us))
    worth = action == "opened" or (action == "reopened" and alarm.state == "open" and alarm.reopened == 1)
    if channels.mail and owner is not None and owner.recipients and worth:
        quiet = [rule_quiet, None if alarm.severity == "critical" else owner.quiet_hours]
        held_us = held_until_us(now_us, zone, quiet)
        changes.announce(_notice(f"{event}:mail:{owner.id}", MAIL, owner.id, alarm.id, event, now_us, held_us))


def announce_digests(
    changes: AlarmChanges, channels: Channels, owners: Iterable[AlarmOwner], now_us: int, zone: ZoneInfo
) -> None:
    """The day's digest of each owner who wants one, once a day."""
    local = from_us(now_us).astimezone(zone)
    if not channels.mail or local.time() < DIGEST_FROM:
        return
    for owner in owners:
        if owner.digest and owner.recipients:
            key = f"digest:{owner.id}:{local.date()}"
            changes.announce(_notice(key, DIGEST, owner.id, None, None, now_us, now_us))


def held_until_us(now_us: int, zone: ZoneInfo, quiet: Iterable[str | None]) -> int:
    """The first moment from `now_us` on that lies in none of the quiet hours [µs]. Hours that leave no such moment
    within a day hold for a day."""
    hours: list[QuietHours] = [parse_quiet_hours(text) for text in quiet if text is not None]
    at = from_us(now_us).astimezone(zone)
    limit_us = now_us + 86_400_000_000
    while to_us(at) < limit_us:
        holding = next((one for one in hours if one.hold(at.time())), None)
        if holding is None:
            return to_us(at)
        at = _next(at, holding.end, zone)
    return limit_us


def _next(at: datetime, clock: time, zone: ZoneInfo) -> datetime:
    """The next moment at which the local clock shows `clock`."""
    day = at.date()
    found = datetime.combine(day, clock, zone)
    while to_us(found) <= to_us(at):
        day += timedelta(days=1)
        found = datetime.combine(day, clock, zone)
    return found


def _notice(
    key: str, channel: str, target: str, alarm: int | None, event: int | None, now_us: int, next_us: int
) -> Notice:
    return Notice(
        key, channel, target, alarm, event, "waiting", 0, created_us=now_us, next_us=next_us, changed_us=now_us
    )
