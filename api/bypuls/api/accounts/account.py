"""A calendar year's account: hourly activity × factor of every meter, and imported amounts × factors of their time."""

from __future__ import annotations

import threading
from dataclasses import dataclass
from zoneinfo import ZoneInfo

from bypuls.api.accounts.factors import FactorBook, Pins, View, Wish
from bypuls.api.accounts.frame import Frame, frame_of
from bypuls.api.accounts.lines import (
    Choice,
    activity_line,
    asked_by_month,
    belongs,
    days_within,
    meter_line,
    of_domain,
)
from bypuls.api.accounts.meter_years import MeterYears
from bypuls.api.accounts.meters import WHOLE, Part, sources_of
from bypuls.api.accounts.model import YearAccount, added
from bypuls.api.directory import Directory
from bypuls.store.book import Book
from bypuls.store.protocol import Store

_MOST_HELD = 128


@dataclass(frozen=True, slots=True)
class Question:
    """Which account is asked for. pins : sets and the newest version of each that may be used."""

    year: int
    part: Part = WHOLE
    view: View = "location"
    gas: str = "CO2"
    method: str | None = None
    pins: Pins = ()

    @property
    def wish(self) -> Wish:
        """What its factors must be."""
        return Wish(self.view, self.gas, self.method, self.pins)


class Accounts:
    """The accounts of a store, a registry and a book; one way to a year's tonnes, whoever asks. Thread-safe."""

    def __init__(self, store: Store, book: Book, zone: ZoneInfo) -> None:
        self._book, self._zone = book, zone
        self._years = MeterYears(store, book)
        self._lock = threading.Lock()
        self._making: dict[int, threading.Lock] = {}
        self._version: int | None = None
        self._factors: FactorBook | None = None
        self._held: dict[Question, tuple[int, YearAccount]] = {}

    def factors(self, directory: Directory) -> FactorBook:
        """The factors of this version of the registry."""
        with self._lock:
            if self._factors is None or self._version != directory.version:
                self._factors, self._version, self._held = FactorBook(directory.registry), directory.version, {}
            return self._factors

    def year(self, directory: Directory, question: Question) -> YearAccount:
        """The account; held until the registry or the year's bins change."""
        book = self.factors(directory)
        frame = frame_of(question.year, self._zone)
        stamp = self._book.all_changes(frame.start_us, frame.end_us)
        held = self._held.get(question)
        if held is not None and held[0] == stamp:
            return held[1]
        with self._lock:
            turn = self._making.setdefault(question.year, threading.Lock())
        # Who comes second finds the meters' years that the first one kept.
        with turn:
            held = self._held.get(question)
            if held is not None and held[0] == stamp:
                return held[1]
            account = self._make(directory, book, question, frame)
            with self._lock:
                if self._version == directory.version:
                    if len(self._held) >= _MOST_HELD:
                        self._held.clear()
                    self._held[question] = (stamp, account)
        return account

    def _make(self, directory: Directory, book: FactorBook, question: Question, frame: Frame) -> YearAccount:
        there = [
            (source, asked) for source in sources_of(directory, question.part)
            if (asked := asked_by_month(source.sensor, frame)).any()
        ]  # fmt: skip
        calorific = directory.registry.calorific_values() if any(s.carrier == "gas" for s, _ in there) else []
        choices = {}
        for carrier in {source.carrier for source, _ in there}:
            choices[carrier] = Choice.of(book, question.wish, carrier, frame, calorific)
        wanted = [(source.sensor, choices[source.carrier].use) for source, _ in there]
        energy, emission = self._years.of(frame, wanted)
        lines = []
        for source, asked in there:
            choice = choices[source.carrier]
            key = (source.sensor.id, choice.use.fingerprint if choice.use else "")
            lines.append(meter_line(source, asked, choice, energy[source.sensor.id], emission.get(key), frame))
        measured = {(line.place, line.carrier) for line in lines if line.kind == "meter" and line.covered_s > 0.0}
        for activity in directory.registry.activities():
            if belongs(activity, question.part) and (days := days_within(activity, frame)).any():
                lines.append(activity_line(activity, days, book, question.wish, frame, measured))
        if question.part.kind == "domain":
            lines = of_domain(lines, question.part.id or "")
        return YearAccount(question.year, question.view, question.gas, tuple(lines), added(lines))
