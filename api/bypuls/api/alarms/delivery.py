"""Brings notices out: mails to owners, documents to webhooks, digests.

Promise: at least once. A notice is settled after it was handed over; a process that is killed between the two sends it
again, under the same id (`Message-ID`, `webhook-id`). A receiver that is away is asked again, ever later, for three
days. Not a promise that a mail is read.
"""

from __future__ import annotations

import hashlib
import os
import smtplib
import threading
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from random import Random
from zoneinfo import ZoneInfo

import orjson
import structlog

from bypuls.api.alarms.mails import digest_mail, opened_mail
from bypuls.api.alarms.notices import DIGEST, MAIL, WEBHOOK, Channels
from bypuls.api.alarms.telling import entry, event_entry, moment
from bypuls.api.alarms.webhook import NotTaken, Webhook
from bypuls.api.alarms.words import AlarmWords
from bypuls.api.directory import DirectorySource
from bypuls.api.reports.schedule import Mailer, MailRefused
from bypuls.store.book import Alarm, AlarmBook, AlarmFilter, Notice
from bypuls.store.protocol import StoreError
from bypuls.store.registry import AlarmOwner, Registry
from bypuls.wire import to_us

log = structlog.get_logger("bypuls.alarms")

LEASE, LEASE_S = "alarm-notices", 180.0
FIRST_PAUSE_S, LONGEST_PAUSE_S = 10.0, 3600.0
GIVEN_UP_US = 3 * 86_400_000_000
_DAY_US = 86_400_000_000
_LIVING = ("open", "acknowledged", "unknown")


@dataclass(frozen=True, slots=True, kw_only=True)
class DeliverySettings:
    """owner : this process' name.  tz : zone of times in mails.  page : address of the web page, for links."""

    owner: str = f"alarms-{os.getpid()}"
    tz: str = "Europe/Copenhagen"
    page: str | None = None


@dataclass(slots=True)
class Delivery:
    """Hands notices over. mailer None = no mail."""

    registry: Registry
    settings: DeliverySettings
    clock: Callable[[], datetime]
    mailer: Mailer | None = None
    webhooks: Mapping[str, Webhook] = field(default_factory=dict)
    random: Random = field(default_factory=Random)
    _book: AlarmBook = field(init=False)
    _directory: DirectorySource = field(init=False)

    def __post_init__(self) -> None:
        self._book, self._directory = AlarmBook(self.registry), DirectorySource(self.registry)

    @property
    def channels(self) -> Channels:
        """What notices are to be made for."""
        return Channels(self.mailer is not None, tuple(self.webhooks))

    def deliver(self) -> dict[str, int]:
        """Hands over what is due; how many were sent, failed and so on. Nothing where another process is at it.

        Raises StoreError where the registry's database can't be used."""
        now_us = to_us(self.clock())
        if not self._book.take_lease(LEASE, self.settings.owner, now_us, LEASE_S):
            return {}
        done: Counter[str] = Counter()
        mails: dict[str, list[Notice]] = {}
        away: set[str] = set()
        for notice in self._book.due(now_us):
            # Each takes its time: the lease is renewed, and given up where it was lost.
            if not self._book.take_lease(LEASE, self.settings.owner, to_us(self.clock()), LEASE_S):
                return dict(done)
            if notice.channel == MAIL:
                mails.setdefault(notice.target, []).append(notice)
            elif notice.channel == DIGEST:
                done[self._digest(notice)] += 1
            elif notice.channel == WEBHOOK and notice.target not in away:
                state = self._document(notice)
                if state == "waiting":
                    away.add(notice.target)
                done[state] += 1
        for target, notices in mails.items():
            if not self._book.take_lease(LEASE, self.settings.owner, to_us(self.clock()), LEASE_S):
                break
            done.update(self._mail(target, notices))
        return dict(done)

    def rest(self) -> None:
        """Lets another process take over at once."""
        self._book.release_lease(LEASE, self.settings.owner)

    def serve(self, stop: threading.Event, *, every_s: float = 5.0) -> None:
        """Hands over again and again, until `stop`."""
        while not stop.wait(every_s):
            try:
                done = self.deliver()
            except StoreError as error:
                log.warning("notices can't be read just now", error=str(error))
                continue
            if done:
                log.info("notices", **done)
        try:
            self.rest()
        except StoreError as error:
            log.warning("the lease runs out by itself", error=str(error))

    def _mail(self, target: str, notices: Sequence[Notice]) -> dict[str, int]:
        """One mail with all that an owner is to be told now; what closed while it was held isn't worth one."""
        owner = self._owner(target)
        found: list[tuple[Notice, Alarm]] = []
        for notice in notices:
            alarm = self._book.alarm(notice.alarm or 0)
            if alarm is None or alarm.state == "closed":
                self._settle(notice, "dropped", "it closed before it was told")
            else:
                found.append((notice, alarm))
        dropped = {"dropped": len(notices) - len(found)} if len(found) < len(notices) else {}
        if not found:
            return dropped
        words = AlarmWords(owner.lang if owner else "da", ZoneInfo(self.settings.tz))
        alarms = list({alarm.id: alarm for _, alarm in found}.values())
        subject, text = opened_mail(alarms, self._directory(), words, self.settings.page)
        keys = "\n".join(sorted(notice.key for notice, _ in found))
        id = f"alarms.{hashlib.blake2b(keys.encode(), digest_size=12).hexdigest()}"
        state = self._send([notice for notice, _ in found], owner, subject, text, id)
        return dropped | {state: len(found)}

    def _digest(self, notice: Notice) -> str:
        owner = self._owner(notice.target)
        if owner is None:
            return self._settle(notice, "dropped", "the owner is no longer registered")
        general = owner.domain is None and owner.site is None and owner.building is None and owner.cabinet is None
        mine = (owner.id, None) if general else (owner.id,)
        _, living = self._book.listed(AlarmFilter(_LIVING))
        _, closed = self._book.listed(AlarmFilter(("closed",), since_us=notice.created_us - _DAY_US))
        words = AlarmWords(owner.lang, ZoneInfo(self.settings.tz))
        made = digest_mail(
            [one for one in living if one.owner in mine], [one for one in closed if one.owner in mine],
            self._directory(), words, self.settings.page,
        )  # fmt: skip
        if made is None:
            return self._settle(notice, "dropped", "nothing to tell")
        return self._send([notice], owner, *made, notice.key.replace(":", "."))

    def _send(self, notices: Sequence[Notice], owner: AlarmOwner | None, subject: str, text: str, id: str) -> str:
        if self.mailer is None or owner is None or not owner.recipients:
            return self._settle_all(notices, "failed", "no mail server is set up, or the owner has no address")
        message = self.mailer.message(
            to=owner.recipients.split(" "), subject=subject, text=text, files={}, at=self.clock(), id=id
        )
        try:
            refused = self.mailer.send(message)
        except MailRefused as error:
            return self._settle_all(notices, "failed", str(error))
        except (OSError, smtplib.SMTPException) as error:
            return self._later_all(notices, f"{type(error).__name__}: {error}")
        return self._settle_all(notices, "sent", f"refused: {', '.join(refused)}" if refused else "")

    def _document(self, notice: Notice) -> str:
        webhook = self.webhooks.get(notice.target)
        alarm, event = self._book.alarm(notice.alarm or 0), self._book.event(notice.event or 0)
        if webhook is None or alarm is None or event is None:
            return self._settle(notice, "dropped", "its webhook is no longer set up")
        words = AlarmWords("en", ZoneInfo(self.settings.tz))
        body = orjson.dumps(
            {
                "type": f"alarm.{event.action}",
                "timestamp": moment(event.t_us),
                "data": {"event": event_entry(event, words), "alarm": entry(alarm, self._directory(), words)},
            }
        )
        try:
            webhook.send(notice.key, to_us(self.clock()) // 1_000_000, body)
        except NotTaken as error:
            return self._later(notice, str(error), error.retry_after_s)
        return self._settle(notice, "sent", "")

    def _owner(self, id: str) -> AlarmOwner | None:
        return next((one for one in self.registry.alarm_owners() if one.id == id), None)

    def _settle_all(self, notices: Sequence[Notice], state: str, detail: str) -> str:
        for notice in notices:
            self._settle(notice, state, detail)
        return state

    def _later_all(self, notices: Sequence[Notice], detail: str) -> str:
        return [self._later(notice, detail, None) for notice in notices][-1]

    def _settle(self, notice: Notice, state: str, detail: str) -> str:
        self._book.settle(
            notice.key, state=state, attempts=notice.attempts + 1, detail=detail, changed_us=to_us(self.clock())
        )
        return state

    def _later(self, notice: Notice, detail: str, asked_s: float | None) -> str:
        """To be tried again, ever later and never by all at once; given up after three days."""
        now_us = to_us(self.clock())
        if now_us - notice.created_us > GIVEN_UP_US:
            return self._settle(notice, "failed", detail)
        pause_s = min(FIRST_PAUSE_S * 2.0 ** min(notice.attempts, 20), LONGEST_PAUSE_S) * self.random.uniform(0.5, 1.0)
        pause_s = min(max(pause_s, asked_s or 0.0), LONGEST_PAUSE_S)
        self._book.settle(
            notice.key, attempts=notice.attempts + 1, detail=detail, changed_us=now_us,
            next_us=now_us + int(pause_s * 1e6),
        )  # fmt: skip
        return "waiting"
