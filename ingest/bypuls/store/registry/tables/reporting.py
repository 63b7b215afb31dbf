"""What is told regularly, and to whom."""

from __future__ import annotations

from sqlalchemy import CheckConstraint, Text
from sqlalchemy.orm import Mapped, mapped_column

from bypuls.store.registry import rules
from bypuls.store.registry.base import Base, Id, Note, Together, refers, ruled

PERIODS = ("week", "month")
REPORT_LANGUAGES = ("da", "en")
REPORT_FORMATS = ("pdf", "xlsx", "csv", "html", "json")
ENERGY_FORMATS = ("pdf", "xlsx", "csv", "json")


class ReportSchedule(Base):
    """A report that is made again and again: a site's speed report of the last whole week (Monday to Sunday) or
    calendar month, or a building's energy report of the last calendar month.

    site, building : exactly one of them.
    weekday : of a weekly report, the ISO weekday (1 = Monday) from which on it is made.
    day : of a monthly report, the day of the month from which on it is made.
    formats : words with a blank between, like `pdf xlsx`.
    folder : a single name below the folder of reports; None = the schedule's id.
    recipients : e-mail addresses with a blank between; None = nobody, it only goes into the folder.
    """

    __tablename__ = "report_schedule"
    __table_args__ = (
        CheckConstraint("day IS NULL OR every = 'month'", name="day_of_month"),
        CheckConstraint("weekday IS NULL OR every = 'week'", name="weekday_of_week"),
        CheckConstraint("(site IS NULL) <> (building IS NULL)", name="one_place"),
        CheckConstraint("building IS NULL OR every = 'month'", name="building_by_month"),
    )
    together = (
        Together(
            "site",
            "a site here, or a building in `building`: what the report is of",
            lambda s: s.site is not None or s.building is not None,
        ),
        Together(
            "building",
            "none beside a site: a report is of a site or of a building",
            lambda s: s.site is None or s.building is None,
        ),
        Together(
            "every",
            "month, since a building's report is of a calendar month",
            lambda s: s.building is None or s.every == "month",
        ),
        Together(
            "formats",
            f"one or more of {', '.join(ENERGY_FORMATS)}, since the report is of a building",
            lambda s: s.building is None or set(s.formats.split(" ")) <= set(ENERGY_FORMATS),
        ),
        Together("day", "none, since only a monthly report has a day", lambda s: s.day is None or s.every == "month"),
        Together(
            "weekday",
            "none, since only a weekly report has a weekday",
            lambda s: s.weekday is None or s.every == "week",
        ),
    )

    id: Mapped[Id] = mapped_column(primary_key=True)
    site: Mapped[Id | None] = mapped_column(refers("site"), default=None, index=True)
    building: Mapped[Id | None] = mapped_column(refers("building"), default=None, index=True)
    every: Mapped[str] = mapped_column(info=ruled(rules.one_of(*PERIODS)))
    weekday: Mapped[int | None] = mapped_column(default=None, info=ruled(rules.within(1, 7)))
    day: Mapped[int | None] = mapped_column(default=None, info=ruled(rules.within(1, 28)))
    lang: Mapped[str] = mapped_column(default="da", info=ruled(rules.one_of(*REPORT_LANGUAGES)))
    formats: Mapped[str] = mapped_column(default="pdf", info=ruled(rules.words_of(*REPORT_FORMATS)))
    folder: Mapped[Id | None] = mapped_column(default=None)
    recipients: Mapped[str | None] = mapped_column(Text, default=None, info=ruled(rules.ADDRESSES))
    enabled: Mapped[bool] = mapped_column(default=True)
    note: Mapped[Note | None] = mapped_column(default=None)
