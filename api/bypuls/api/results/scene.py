"""What a job of results works with: the platform at one moment, and where results go."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import date, datetime
from zoneinfo import ZoneInfo

from bypuls.analysis.localtime import local_day_edges_us, local_month_edges_us
from bypuls.api.accounts.account import Accounts
from bypuls.api.buildings.source import Source
from bypuls.api.directory import Directory
from bypuls.store.book import AlarmBook, Book
from bypuls.store.protocol import Store
from bypuls.store.results import Result, ResultBoard
from bypuls.wire import to_us


@dataclass(frozen=True, slots=True)
class Scene:
    """The platform at the moment `now`. halted : whether to give up, asked for between parts of long work."""

    store: Store
    board: ResultBoard
    directory: Directory
    book: Book
    alarms: AlarmBook
    accounts: Accounts
    now: datetime
    zone: ZoneInfo
    halted: Callable[[], bool] = lambda: False

    @property
    def now_us(self) -> int:
        """[µs since 1970]"""
        return to_us(self.now)

    @property
    def today(self) -> date:
        """The local day that isn't over."""
        return self.now.astimezone(self.zone).date()

    @property
    def source(self) -> Source:
        """What figures of buildings are made from."""
        return Source(self.store, self.directory, self.now, self.zone)

    def year_us(self, year: int) -> int:
        """Where a calendar year begins [µs UTC]."""
        return self.day_us(date(year, 1, 1))

    def day_us(self, day: date) -> int:
        """Where a local day begins [µs UTC]."""
        return int(local_day_edges_us(self.zone, day, day)[0])

    def months(self, back: int) -> list[date]:
        """The first days of the running month and of `back` before it, the newest first."""
        at = self.today.year * 12 + self.today.month - 1
        return [date((at - n) // 12, (at - n) % 12 + 1, 1) for n in range(back + 1)]

    def month_us(self, first: date) -> tuple[int, int]:
        """Where a calendar month begins and ends [µs UTC]."""
        edges = local_month_edges_us(self.zone, first, first)
        return int(edges[0]), int(edges[1])

    def replace(self, topic: str, results: Iterable[Result]) -> int:
        """Makes `results` all of a topic; how many there are."""
        listed = list(results)
        self.board.replace_results(topic, listed)
        return len(listed)

    def stamps(self, job: str) -> dict[str, str]:
        """What the parts of a job were worked out from, by part."""
        found = self.board.results("part")
        return {one.tags["part"]: one.texts.get("stamp", "") for one in found if one.tags["job"] == job}

    def keep_stamp(self, job: str, part: str, stamp: str) -> None:
        """Notes what a part was worked out from."""
        made = Result("part", {"job": job, "part": part}, 0, texts={"stamp": stamp})
        # A part's tag alone names it among those of all jobs: parts bear their job's name.
        self.board.replace_results("part", [made], having={"part": part})
