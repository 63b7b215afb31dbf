"""The book that ingest keeps: the ledger, the dead letters, the dirty windows. One transaction holds them together.
Beside it the alarms, which their evaluator keeps."""

from bypuls.store.book.alarm_book import AlarmBook, AlarmChanges, LeaseLost
from bypuls.store.book.alarms import LIVING, Alarm, AlarmEvent, AlarmFilter, Notice, WatchRow
from bypuls.store.book.book import Book, Taken, Tally, as_store_errors
from bypuls.store.book.citizen_reports import CitizenReport, CitizenReports
from bypuls.store.book.dirty import Window, as_windows
from bypuls.store.book.ledger import EpochLine, HourLine
from bypuls.store.book.letters import DeadLetter, DeadLettersFull, Letter
from bypuls.store.book.lighting_watch import LightingWatchBook, Watched
from bypuls.store.book.meter_years import GridForecast, MeterYear
from bypuls.store.book.report_runs import ReportRun
from bypuls.store.book.seals import Seal

__all__ = [
    "LIVING",
    "Alarm",
    "AlarmBook",
    "AlarmChanges",
    "AlarmEvent",
    "AlarmFilter",
    "Book",
    "CitizenReport",
    "CitizenReports",
    "DeadLetter",
    "DeadLettersFull",
    "EpochLine",
    "GridForecast",
    "HourLine",
    "LeaseLost",
    "Letter",
    "LightingWatchBook",
    "MeterYear",
    "Notice",
    "ReportRun",
    "Seal",
    "Taken",
    "Tally",
    "WatchRow",
    "Watched",
    "Window",
    "as_store_errors",
    "as_windows",
]
