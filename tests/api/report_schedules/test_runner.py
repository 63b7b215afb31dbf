"""Scheduled reports: due when they should be, made once, caught up once, sent by mail to a real SMTP server."""

from dataclasses import replace
from datetime import date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from aiosmtpd.controller import Controller

from bypuls.api.reports.schedule import Mailer, MailSettings
from bypuls.api.reports.schedule.due import due_after, latest_due
from bypuls.store.book import ReportRun
from bypuls.store.registry import BadValue, ReportSchedule
from tests.api.report_schedules.conftest import Office, Postbox
from tests.conftest import free_port

ZONE = ZoneInfo("Europe/Copenhagen")


def schedule(**row: Any) -> ReportSchedule:
    return ReportSchedule(id="s", site="lane", **row)


@pytest.mark.parametrize(
    ("row", "now", "first", "end"),
    [
        # Monday 30 March 2026, the day after the clock went forward: due from 05:00 local time on.
        ({"every": "week"}, "2026-03-30T04:59+02:00", "2026-03-16", "2026-03-23"),
        ({"every": "week"}, "2026-03-30T05:00+02:00", "2026-03-23", "2026-03-30"),
        ({"every": "week"}, "2026-04-05T23:59+02:00", "2026-03-23", "2026-03-30"),
        ({"every": "week", "weekday": 3}, "2026-03-31T12:00+02:00", "2026-03-16", "2026-03-23"),
        ({"every": "week", "weekday": 3}, "2026-04-01T12:00+02:00", "2026-03-23", "2026-03-30"),
        ({"every": "week", "weekday": 7}, "2026-04-05T12:00+02:00", "2026-03-23", "2026-03-30"),
        ({"every": "month"}, "2026-03-01T05:00+01:00", "2026-02-01", "2026-03-01"),
        ({"every": "month"}, "2026-03-01T04:00+01:00", "2026-01-01", "2026-02-01"),
        ({"every": "month", "day": 15}, "2026-01-14T12:00+01:00", "2025-11-01", "2025-12-01"),
        ({"every": "month", "day": 28}, "2026-01-28T12:00+01:00", "2025-12-01", "2026-01-01"),
    ],
)
def test_what_is_due(row: dict[str, Any], now: str, first: str, end: str) -> None:
    due = latest_due(schedule(**row), datetime.fromisoformat(now), ZONE)
    assert (due.first, due.end) == (date.fromisoformat(first), date.fromisoformat(end))
    assert due.since <= datetime.fromisoformat(now)
    # The next one is what is due at its moment, and isn't due before.
    after = due_after(schedule(**row), due, ZONE)
    assert after.since > datetime.fromisoformat(now)
    assert latest_due(schedule(**row), after.since, ZONE) == after
    assert latest_due(schedule(**row), after.since - timedelta(seconds=1), ZONE) == due
    assert after.first == due.end


def states(runs: list[ReportRun]) -> list[tuple[str, str]]:
    return [(str(run.first_day), run.state) for run in runs]


def test_made_once_and_caught_up_once(office: Office) -> None:
    office.add(id="weekly", every="week", formats="json csv", folder="lane-weekly")
    assert states(office.runner().run_due()) == [("2026-03-23", "done")]
    assert office.runner().run_due() == []
    names = sorted(path.name for path in (office.folder / "lane-weekly").iterdir())
    assert names == ["lane-2026-03-23-2026-03-29-da.csv", "lane-2026-03-23-2026-03-29-da.json"]
    # Three weeks without a process: the newest report alone is made.
    office.clock.now += timedelta(weeks=3)
    assert states(office.runner().run_due()) == [("2026-04-13", "done")]
    assert office.runner().run_due() == []
    assert len(office.book.report_runs("weekly")) == 2


def test_one_process_at_a_time(office: Office) -> None:
    office.add(id="weekly", every="week", formats="json")
    assert office.book.take_lease("reports", "another", int(office.clock.now.timestamp() * 1e6), 600.0)
    assert office.runner().run_due() == []
    office.clock.now += timedelta(seconds=601)
    assert states(office.runner(owner="two").run_due()) == [("2026-03-23", "done")]


def test_sent_by_mail(office: Office, mailer: Mailer, postbox: Postbox) -> None:
    office.add(id="weekly", every="week", formats="json csv", lang="en", recipients="a@town.example b@town.example")
    assert states(office.runner(mailer).run_due()) == [("2026-03-23", "done")]
    assert office.runner(mailer).run_due() == []
    (mail,) = postbox.mails
    assert mail["To"] == "a@town.example, b@town.example"
    assert mail["Subject"] == "Speed report: The lane, 23 Mar 2026 – 29 Mar 2026"
    assert mail["Message-ID"] == "<weekly.2026-03-23@town.example>"
    parts = {part.get_filename(): part.get_content_type() for part in mail.walk() if part.get_filename()}
    assert parts == {
        "lane-2026-03-23-2026-03-29-en.json": "application/json",
        "lane-2026-03-23-2026-03-29-en.csv": "text/csv",
    }
    assert "no vehicle was measured" in mail.as_string()


def test_what_can_be_sent_later_is(office: Office, mailer: Mailer, postbox: Postbox) -> None:
    office.add(id="weekly", every="week", formats="json", recipients="a@town.example")
    postbox.answers = ["451 later, please"]
    (run,) = office.runner(mailer).run_due()
    assert (run.state, run.attempts) == ("waiting", 1)
    assert office.runner(mailer).run_due() == []  # not before its pause is over
    office.clock.now += timedelta(seconds=61)
    (run,) = office.runner(mailer).run_due()
    assert (run.state, run.attempts) == ("done", 2)
    assert len(postbox.mails) == 1


def test_what_is_refused_for_good_is_not_tried_again(office: Office, mailer: Mailer, postbox: Postbox) -> None:
    office.add(id="weekly", every="week", formats="json", recipients="a@town.example")
    office.add(id="xweekly", every="week", formats="json", recipients="a@town.example b@town.example")
    postbox.refused = {"a@town.example"}
    one, two = office.runner(mailer).run_due()
    assert (one.state, "a@town.example" in one.detail) == ("failed", True)
    assert (two.state, two.detail) == ("done", "refused: a@town.example")
    assert office.runner(mailer).run_due() == []


def test_a_mail_whose_fate_is_unknown_is_not_sent_again(office: Office, mailer: Mailer, postbox: Postbox) -> None:
    office.add(id="weekly", every="week", formats="json", recipients="a@town.example")
    run = ReportRun("weekly", date(2026, 3, 23), "sending", 1, 0, 0)
    office.book.note_report_run(run)
    (told,) = office.runner(mailer).run_due()
    assert told.state == "failed"
    assert "unknown" in told.detail
    assert postbox.mails == []


def test_a_server_without_tls_gets_no_password(office: Office, postbox: Postbox, mailer: Mailer) -> None:
    server = Controller(postbox, hostname="127.0.0.1", port=free_port())
    server.start()
    try:
        plain = Mailer(replace(mailer._settings, port=server.port))
        office.add(id="weekly", every="week", formats="json", recipients="a@town.example")
        (run,) = office.runner(plain).run_due()
        assert run.state == "waiting"
        assert "STARTTLS" in run.detail
        assert "secret" not in run.detail + repr(mailer._settings)
    finally:
        server.stop()


@pytest.mark.parametrize(
    ("row", "field"),
    [
        ({"every": "year"}, "every"), ({"every": "week", "day": 3}, "day"),
        ({"every": "month", "weekday": 3}, "weekday"),
        ({"every": "week", "weekday": 8}, "weekday"), ({"every": "week", "formats": "pdf,xlsx"}, "formats"),
        ({"every": "week", "formats": "exe"}, "formats"), ({"every": "week", "folder": "../elsewhere"}, "folder"),
        ({"every": "week", "folder": "/etc"}, "folder"), ({"every": "week", "lang": "de"}, "lang"),
        ({"every": "week", "recipients": "a@town.example\nBcc: x@y.z"}, "recipients"),
        ({"every": "week", "recipients": "nobody"}, "recipients"),
    ],
)  # fmt: skip
def test_a_schedule_that_is_wrong_is_refused(office: Office, row: dict[str, Any], field: str) -> None:
    with pytest.raises(BadValue, match=field):
        office.add(id="wrong", **row)


@pytest.mark.parametrize(
    "wrong",
    [{"tls": "ssl"}, {"tls": "none"}, {"tls": "none", "host": "localhost", "password": "x"}, {"sender": "bypuls"}],
)
def test_mail_settings_that_are_wrong_are_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="expected"):
        MailSettings(**{"host": "mail.town.example", "sender": "a@town.example", **wrong})
