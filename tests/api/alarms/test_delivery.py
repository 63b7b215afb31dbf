"""Notices: to a real SMTP server and a real HTTP server that fail, hang and recover; quiet hours; the digest."""

# ruff: noqa: ARG002 - handlers have the signatures that the server asks for

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import socket
import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from email import message_from_bytes
from email.message import Message
from email.policy import default
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from random import Random
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, Envelope

from bypuls.api.alarms.delivery import Delivery, DeliverySettings
from bypuls.api.alarms.handling import Handling
from bypuls.api.alarms.notices import held_until_us
from bypuls.api.alarms.webhook import Webhook, WebhookSettings, signature
from bypuls.api.reports.schedule import Mailer, MailSettings
from bypuls.store.registry import AlarmOwner
from bypuls.wire import from_us, to_us

SECRET = "a secret of more than 24 letters"
ZONE = ZoneInfo("Europe/Copenhagen")


class Postbox:
    """An SMTP server's handler: keeps mails, answers what it is told to."""

    def __init__(self) -> None:
        self.mails: list[Message] = []
        self.answers: list[str] = []

    async def handle_DATA(self, server: SMTP, session: object, envelope: Envelope) -> str:  # noqa: N802
        if self.answers:
            return self.answers.pop(0)
        self.mails.append(message_from_bytes(envelope.content, policy=default))  # type: ignore[arg-type]
        return "250 OK"

    def texts(self) -> list[str]:
        return [mail.get_content() for mail in self.mails]  # type: ignore[attr-defined]


@pytest.fixture
def postbox() -> Postbox:
    return Postbox()


@pytest.fixture
def mailer(postbox: Postbox) -> Iterator[Mailer]:
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        port = listening.getsockname()[1]
    server = Controller(postbox, hostname="127.0.0.1", port=port)
    server.start()
    try:
        yield Mailer(MailSettings(host="127.0.0.1", port=port, sender="bypuls@town.example", tls="none", timeout_s=5))
    finally:
        server.stop()


class Receiver:
    """A webhook's receiver: keeps what it took, and answers what it is told to: a status, `hang`, or a redirect."""

    def __init__(self) -> None:
        self.taken: list[tuple[dict[str, str], bytes]] = []
        self.answers: list[Any] = []
        self.asked = 0
        self.released = threading.Event()
        receiver = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                receiver.asked += 1
                body = self.rfile.read(int(self.headers["content-length"]))
                answer = receiver.answers.pop(0) if receiver.answers else 204
                if answer == "hang":
                    receiver.released.wait(20)
                    return
                status, headers = answer if isinstance(answer, tuple) else (answer, {})
                if status == 204:
                    receiver.taken.append(({k.lower(): v for k, v in self.headers.items()}, body))
                self.send_response(status)
                for name, value in headers.items():
                    self.send_header(name, value)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, *_: object) -> None:
                """Says nothing."""

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}/hook"
        self.thread = threading.Thread(target=self.server.serve_forever)
        self.thread.start()

    def stop(self) -> None:
        self.released.set()
        self.server.shutdown()
        self.thread.join()
        self.server.server_close()


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    made = Receiver()
    yield made
    made.stop()


def owners(works: Any, **more: Any) -> None:
    with works.registry.session() as session:
        session.merge(AlarmOwner(id="office", name="The office", recipients="office@town.example", lang="en", **more))


def told_by(works: Any, **parts: Any) -> Delivery:
    """Brings notices out; the evaluator makes them for its channels from now on."""
    made = Delivery(works.registry, DeliverySettings(page="https://bypuls.town.example"), works.clock, random=Random(1),
                    **parts)  # fmt: skip
    works.evaluator = works.another("one", channels=made.channels)
    return made


def opened(works: Any) -> None:
    """A silent meter and an offline device, in one round."""
    works.round()
    works.speaking -= {"hall-heat", "pi-b", "radar"}
    works.clock.forward(minutes=40)
    works.round()
    assert len(works.states()) == 2


def test_one_mail_for_what_opened_together(works: Any, mailer: Mailer, postbox: Postbox) -> None:
    owners(works, digest=False)
    delivery = told_by(works, mailer=mailer)
    opened(works)
    assert delivery.deliver() == {"sent": 2}
    assert delivery.deliver() == {}
    (mail,) = postbox.mails
    assert mail["Subject"] == "[bypuls] 2 alarms, first: major: Device offline – Pi B"
    assert mail["To"] == "office@town.example"
    text = postbox.texts()[0]
    assert "minor: Meter silent – Hall, heat" in text
    assert f"https://bypuls.town.example/alarms/{works.living()['meter-silent', 'hall-heat'].id}" in text
    # It closes and comes back: the first time it is told, after that the digest tells it.
    for _ in range(3):
        works.speaking.add("hall-heat")
        works.round()
        works.speaking.discard("hall-heat")
        works.clock.forward(minutes=40)
        works.round()
        delivery.deliver()
    assert len(postbox.mails) == 2
    assert works.history("meter-silent", "hall-heat")[-2:] == ["closed", "reopened"]


def test_a_mail_server_that_is_away_and_comes_back(works: Any, mailer: Mailer, postbox: Postbox) -> None:
    owners(works, digest=False)
    delivery = told_by(works, mailer=mailer)
    opened(works)
    postbox.answers = ["451 later", "451 later"]
    assert delivery.deliver() == {"waiting": 2}
    assert delivery.deliver() == {}
    works.clock.forward(seconds=10)
    assert delivery.deliver() == {"waiting": 2}
    works.clock.forward(seconds=20)
    assert delivery.deliver() == {"sent": 2}
    assert len(postbox.mails) == 1
    # One that never will be taken is given up at once, and says why.
    works.speaking.discard("hall-el")
    works.clock.forward(minutes=40)
    works.round()
    postbox.answers = ["550 no such user"]
    assert delivery.deliver() == {"failed": 1}
    failed = [one for one in works.alarms.notices() if one.state == "failed"]
    assert "550" in failed[0].detail


def test_quiet_hours_hold_the_mail_and_not_the_alarm(works: Any, mailer: Mailer, postbox: Postbox) -> None:
    owners(works, digest=False, quiet_hours="10:00-15:00")
    delivery = told_by(works, mailer=mailer)
    works.book.alarm("pi-a", "cloned-card", "epochs a and b grow at once", to_us(works.clock()))
    opened_at = works.clock()
    works.round()
    works.speaking -= {"hall-heat", "pi-b", "radar"}
    works.clock.forward(minutes=40)
    works.round()
    assert len(works.states()) == 3
    # It is 12:41 in the town. What is critical is told all the same.
    assert delivery.deliver() == {"sent": 1}
    assert "Card copied" in postbox.texts()[0]
    works.speaking |= {"pi-b", "radar"}
    works.round()
    works.clock.now = opened_at.replace(hour=13, minute=1)
    works.speak()
    # What closed meanwhile isn't worth a mail any more.
    assert delivery.deliver() == {"sent": 1, "dropped": 1}
    assert "Meter silent" in postbox.texts()[1]
    assert "Device offline" not in postbox.texts()[1]


@pytest.mark.parametrize(
    ("now", "quiet", "until"),
    [
        ("2026-03-30T12:00+02:00", ["22:00-06:00"], "2026-03-30T12:00+02:00"),
        ("2026-03-30T23:00+02:00", ["22:00-06:00"], "2026-03-31T06:00+02:00"),
        ("2026-03-30T05:59+02:00", ["22:00-06:00"], "2026-03-30T06:00+02:00"),
        ("2026-03-30T23:00+02:00", ["22:00-06:00", "05:00-08:00"], "2026-03-31T08:00+02:00"),
        ("2026-03-28T23:00+01:00", ["22:00-06:00"], "2026-03-29T06:00+02:00"),
        ("2026-03-30T12:00+02:00", ["00:00-12:00", "12:00-00:00"], "2026-03-31T12:00+02:00"),
        ("2026-03-30T12:00+02:00", [None], "2026-03-30T12:00+02:00"),
    ],
)
def test_until_when_it_is_quiet(now: str, quiet: list[str | None], until: str) -> None:
    found = held_until_us(to_us(datetime.fromisoformat(now)), ZONE, quiet)
    assert from_us(found) == datetime.fromisoformat(until)


def test_the_days_digest(works: Any, mailer: Mailer, postbox: Postbox) -> None:
    with works.registry.session() as session:
        session.add(AlarmOwner(id="chef", name="Chefen", recipients="chef@town.example", lang="da"))
        session.add(AlarmOwner(id="traffic", name="Trafik", domain="traffic", recipients="t@town.example"))
    delivery = told_by(works, mailer=mailer)
    opened(works)
    delivery.deliver()
    digests = [one for one in postbox.mails if "Alarmer i dag" in one["Subject"]]
    assert [one["To"] for one in digests] == ["chef@town.example"]
    assert "2 åbne, 0 ukendte" in digests[0]["Subject"]
    # Once a day, from seven o'clock on.
    works.round()
    assert delivery.deliver() == {}
    works.clock.now = datetime(2026, 3, 31, 4, 59, tzinfo=UTC)
    works.round(minutes=0)
    assert delivery.deliver() == {}
    works.speaking.add("hall-heat")
    works.round(minutes=2)
    delivery.deliver()
    digests = [one for one in postbox.mails if "Alarmer i dag" in one["Subject"]]
    assert len(digests) == 2
    text = digests[1].get_content()  # type: ignore[attr-defined]
    assert "Lukket det seneste døgn: 1" in text
    assert "Måler tavs – Hall, heat" in text
    # Nothing to tell in traffic: no mail.
    assert [one.detail for one in works.alarms.notices() if one.target == "traffic"] == ["nothing to tell"] * 2


def test_a_webhook_gets_each_step_signed(works: Any, receiver: Receiver) -> None:
    delivery = told_by(works, webhooks={"webhook-1": Webhook(WebhookSettings(url=receiver.url, secret=SECRET))})
    opened(works)
    assert delivery.deliver() == {"sent": 2}
    handling = Handling(works.registry, works.alarms, delivery.channels)
    handling.acknowledge(works.living()["meter-silent", "hall-heat"].id, "key-1", "mine")
    delivery.deliver()
    works.speaking.add("hall-heat")
    works.round()
    delivery.deliver()
    told = [json.loads(body) for _, body in receiver.taken]
    mine = [one["type"] for one in told if one["data"]["alarm"]["subject"] == "hall-heat"]
    assert mine == ["alarm.opened", "alarm.acknowledged", "alarm.closed"]
    headers, body = receiver.taken[0]
    expected = hmac.new(
        SECRET.encode(), f"{headers['webhook-id']}.{headers['webhook-timestamp']}.".encode() + body, hashlib.sha256
    )
    assert headers["webhook-signature"] == "v1," + base64.b64encode(expected.digest()).decode()
    assert len({headers["webhook-id"] for headers, _ in receiver.taken}) == 4


def test_a_receiver_that_fails_hangs_and_recovers(works: Any, receiver: Receiver) -> None:
    webhook = Webhook(WebhookSettings(url=receiver.url, secret=SECRET, timeout_s=0.5))
    delivery = told_by(works, webhooks={"webhook-1": webhook})
    elsewhere = {"Location": "http://127.0.0.1:1/inside"}
    receiver.answers = [500, (503, {"Retry-After": "120"}), "hang", (302, elsewhere), 404]
    opened(works)
    tries = 0
    while not receiver.taken and tries < 20:
        delivery.deliver()
        tries += 1
        works.clock.forward(seconds=200)
    works.clock.forward(hours=1)
    delivery.deliver()
    # Nothing was lost, none came twice, and the redirect was not followed.
    assert receiver.asked == 7
    assert len(receiver.taken) == 2
    sent = works.alarms.notices()
    assert {one.state for one in sent} == {"sent"}
    assert max(one.attempts for one in sent) >= 3


def test_one_that_stays_away_is_given_up_after_days(works: Any, receiver: Receiver) -> None:
    delivery = told_by(works, webhooks={"webhook-1": Webhook(WebhookSettings(url=receiver.url, secret=SECRET))})
    receiver.answers = [500] * 1000
    opened(works)
    first = works.clock()
    while works.clock() - first < timedelta(days=4):
        delivery.deliver()
        works.clock.forward(hours=3)
    assert {one.state for one in works.alarms.notices()} == {"failed"}
    assert {one.detail for one in works.alarms.notices()} == {"the receiver says 500"}


def test_killed_between_handing_over_and_noting_it(works: Any, receiver: Receiver) -> None:
    """It is told again under the same id, so that the receiver can drop it."""
    webhook = Webhook(WebhookSettings(url=receiver.url, secret=SECRET))
    delivery = told_by(works, webhooks={"webhook-1": webhook})
    opened(works)
    for notice in works.alarms.due(to_us(works.clock())):
        webhook.send(notice.key, 1_770_000_000, b"{}")
    assert delivery.deliver() == {"sent": 2}
    told = [headers["webhook-id"] for headers, _ in receiver.taken]
    assert (len(told), len(set(told))) == (4, 2)


def test_two_processes_tell_once(works: Any, receiver: Receiver) -> None:
    webhook = {"webhook-1": Webhook(WebhookSettings(url=receiver.url, secret=SECRET))}
    first = told_by(works, webhooks=webhook)
    other = Delivery(works.registry, DeliverySettings(owner="other"), works.clock, webhooks=webhook)
    opened(works)
    assert works.alarms.take_lease("alarm-notices", "other", to_us(works.clock()), 180.0)
    assert first.deliver() == {}
    assert other.deliver() == {"sent": 2}
    assert len(receiver.taken) == 2


def test_the_published_signature() -> None:
    """The example of the specification of Standard Webhooks."""
    settings = WebhookSettings(url="https://a.example", secret="whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")
    body = b'{"test": 2432232314}'
    found = signature(settings.key(), "msg_p5jXN8AQM9LWM0D4loKWxJek", 1614265330, body)
    assert found == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="


@pytest.mark.parametrize(
    ("row", "words"),
    [
        ({"url": "http://desk.town.example/x"}, "expected https://"),
        ({"url": "file:///etc/passwd"}, "expected https://"),
        ({"url": "https://"}, "expected https://"),
        ({"url": "https://u:p@desk.town.example"}, "expected none"),
        ({"secret": "short"}, "5 characters — expected at least 24"),
        ({"secret": "whsec_*** no base64 at all ***"}, "expected base64"),
    ],
)
def test_bad_webhooks_are_told_without_the_secret(row: dict[str, str], words: str) -> None:
    with pytest.raises(ValueError, match=words) as raised:
        WebhookSettings(**({"url": "https://desk.town.example", "secret": SECRET} | row))
    assert SECRET not in str(raised.value)
    assert SECRET not in repr(WebhookSettings(url="https://desk.town.example", secret=SECRET))
