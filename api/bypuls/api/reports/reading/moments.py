"""Times of a file as µs UTC. No date is guessed: ISO 8601 is read as it is; day and month in either order only where
the dates themselves decide it, or `--date-format` does."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import numpy as np

from bypuls.analysis.arrays import IntArray as Ints
from bypuls.api.reports.reading.errors import FileProblem

UNKNOWN = np.iinfo(np.int64).min
NONEXISTENT = UNKNOWN + 1
_S = 1_000_000
_EPOCH = datetime(1970, 1, 1)  # noqa: DTZ001  the naive zero that local times are counted from
_ISO_DATE = re.compile(r"(\d{4})[-/.](\d{1,2})[-/.](\d{1,2})")
_OTHER_DATE = re.compile(r"(\d{1,2})[-/.](\d{1,2})[-/.](\d{4})")
_SECONDS = re.compile(r"\d{1,2}[:.]\d{2}[:.]\d{2}")
# Names of zones that exports write behind a time.
_ZONES = {"Z": 0, "UTC": 0, "GMT": 0, "WET": 0, "WEST": 1, "CET": 1, "CEST": 2, "EET": 2, "EEST": 3}
_ZONED = re.compile(r"(.*\d)\s*(Z|UTC|GMT|WEST|WET|CEST|CET|EEST|EET|[+-]\d{2}:?\d{2})", re.IGNORECASE)
_BACK_US = 1800 * _S
_HOUR_US = 3600 * _S
_CLOCKS = ("%H:%M:%S", "%H:%M", "%H.%M.%S", "%H.%M", "%H:%M:%S.%f", "%I:%M:%S %p", "%I:%M %p")


class Moments:
    """Reads the times of one file.

    date_format : of `strptime`, `epoch`, `epoch_ms`, or None.  timezone : of times without one.
    each_once : no two lines are of one moment (rows of a series, not vehicles).
    assumed : times of the doubled hour so far, which of the two was told by the order of lines.
    offsets_s : those that the times themselves named [s]; None among them where one named none.
    skipped : times so far that the clock skipped."""

    def __init__(
        self, timezone: str, date_format: str | None, sample: Sequence[str], *, each_once: bool = False
    ) -> None:
        self.tz = ZoneInfo(timezone)
        self.assumed = self.skipped = 0
        self.offsets_s: set[int | None] = set()
        self._each_once = each_once
        self.has_seconds = any(_SECONDS.search(text) for text in sample)
        self._format = date_format
        self._dates: dict[str, int | None] = {}
        self._clocks: dict[str, int | None] = {}
        self._epoch = {"epoch": _S, "epoch_ms": 1000}.get(date_format or "")
        if self._epoch is not None:
            self.has_seconds = True
        self._read_date: Callable[[str], date] = self._chosen(sample)

    @property
    def reads_iso(self) -> bool:
        """Whether nothing but ISO 8601 is asked for."""
        return self._format is None

    def local_columns(self, dates: Sequence[str], clocks: Sequence[str]) -> Ints | None:
        """Local times of two columns; None where a text is more than a date or a time of day."""
        if self._epoch is not None:
            return None
        for text in set(dates) - self._dates.keys():
            self._dates[text] = self._day_us(text.strip())
        for text in set(clocks) - self._clocks.keys():
            self._clocks[text] = _clock(text.strip())
        days, times = list(map(self._dates.__getitem__, dates)), list(map(self._clocks.__getitem__, clocks))
        if None in days or None in times:
            return None
        return np.array(days, dtype=np.int64) + np.array(times, dtype=np.int64)

    def local_us(self, text: str) -> tuple[int, int | None]:
        """µs since 1970 in local time, and the offset [h·3600 s] where the text names one; (UNKNOWN, None) for what
        isn't a time."""
        text = text.strip()
        if self._epoch is not None:
            try:
                return round(float(text.replace(",", ".")) * self._epoch), 0
            except (ValueError, OverflowError):
                return UNKNOWN, None
        offset = None
        if text[-1:].isalpha() or ((len(text) > 16 and text[-6:-5] in "+-") or text[-5:-4] in "+-"):
            zoned = _ZONED.fullmatch(text)
            if zoned is not None:
                text, offset = zoned[1].strip(), _offset_s(zoned[2].upper())
        whole = self._whole(text)
        return (UNKNOWN, None) if whole is None else (whole, offset)

    def to_utc(self, local_us: Ints, offset_s: Sequence[int | None] | None) -> Ints:
        """Local times as UTC, in the order of the file. Times that the clock skipped in spring are NONEXISTENT; those
        of the doubled hour are taken as the earlier, from a step back in the order of lines on as the later. Where
        each moment is there once, the second of two equal ones is the later, in a file that falls the first."""
        found = local_us.copy()
        known = local_us > NONEXISTENT
        free = np.flatnonzero(known)
        if offset_s is not None:
            zoned = np.array([offset is not None for offset in offset_s], dtype=bool)
            fixed = np.array([offset or 0 for offset in offset_s], dtype=np.int64) * _S
            found[known & zoned] -= fixed[known & zoned]
            free = np.flatnonzero(known & ~zoned)
            self.offsets_s.update((np.unique(fixed[known & zoned]) // _S).tolist())
        if not free.size:
            return found
        self.offsets_s.add(None)
        hours, inverse = np.unique(local_us[free] // (_HOUR_US // 4), return_inverse=True)
        table = [self._offsets(int(hour) * (_HOUR_US // 4)) for hour in hours]
        first = np.array([a for a, _, _ in table], dtype=np.int64)[inverse]
        second = np.array([b for _, b, _ in table], dtype=np.int64)[inverse]
        skipped = np.array([gone for _, _, gone in table], dtype=bool)[inverse]
        found[free] = local_us[free] - first * _S
        found[free[skipped]] = NONEXISTENT
        self.skipped += int(skipped.sum())
        doubled = np.flatnonzero((first != second) & ~skipped)
        self.assumed += int(doubled.size)
        later = _second(local_us[free], doubled) if self._each_once else _later(local_us[free], doubled)
        found[free[later]] = local_us[free[later]] - second[later] * _S
        return found

    def _whole(self, text: str) -> int | None:
        date_part, _, clock_part = text.partition("T") if "T" in text[8:12] else text.partition(" ")
        day = self._dates.get(date_part, -1)
        if day == -1:
            day = self._dates[date_part] = self._day_us(date_part)
        clock = self._clock_us(clock_part.strip()) if clock_part else 0
        return None if day is None or clock is None else day + clock

    def _day_us(self, text: str) -> int | None:
        try:
            day = self._read_date(text)
        except ValueError:
            return None
        return (day - _EPOCH.date()).days * 86_400 * _S

    def _clock_us(self, text: str) -> int | None:
        found = self._clocks.get(text, -1)
        if found == -1:
            found = _clock(text)
            if len(self._clocks) < 200_000:
                self._clocks[text] = found
        return found

    def _chosen(self, sample: Sequence[str]) -> Callable[[str], date]:
        if self._format is not None and self._epoch is None:
            has_clock = "%H" in self._format or "%I" in self._format
            form = self._format.split(" ")[0].split("T")[0] if has_clock else self._format
            return lambda text: datetime.strptime(text, form).date()  # noqa: DTZ007  only its date is taken
        dates = [text.strip().split(" ")[0].split("T")[0] for text in sample if text.strip()]
        orders = {order for order in ("dmy", "mdy") if _possible(dates, order)}
        if any(_OTHER_DATE.fullmatch(text) for text in dates) and len(orders) == 2:
            shown = next(text for text in dates if _OTHER_DATE.fullmatch(text))
            raise FileProblem(
                f"date {shown!r}: day and month could be either way round; say which: --date-format %d-%m-%Y or "
                "--date-format %m-%d-%Y, with the file's own signs between"
            )
        return lambda text: _plain_date(text, "dmy" if orders == {"dmy"} else "mdy")

    def _offsets(self, local_us: int) -> tuple[int, int, bool]:
        """Offsets [s] of a local time by first and second reading, and whether it was skipped."""
        naive = _EPOCH + timedelta(microseconds=local_us)
        first, second = (naive.replace(tzinfo=self.tz, fold=fold) for fold in (0, 1))
        a, b = (round((moment.utcoffset() or timedelta()).total_seconds()) for moment in (first, second))
        back = first.astimezone(UTC).astimezone(self.tz).replace(tzinfo=None)
        return a, b, back != naive


def needs_all(sample: Sequence[str]) -> bool:
    """Whether the sample leaves open which of day and month comes first."""
    dates = [text.strip().split(" ")[0].split("T")[0] for text in sample]
    return any(_OTHER_DATE.fullmatch(text) for text in dates) and all(_possible(dates, o) for o in ("dmy", "mdy"))


def combined(date_text: str, clock_text: str) -> str:
    """Date and time of day from two columns as one text."""
    return f"{date_text.strip()} {clock_text.strip()}"


def _clock(text: str) -> int | None:
    try:
        clock = time.fromisoformat(text)
    except ValueError:
        for form in _CLOCKS:
            try:
                clock = datetime.strptime(text, form).time()  # noqa: DTZ007  only its time of day is taken
            except ValueError:
                continue
            break
        else:
            return None
    return ((clock.hour * 60 + clock.minute) * 60 + clock.second) * _S + clock.microsecond


def _plain_date(text: str, order: str) -> date:
    if iso := _ISO_DATE.fullmatch(text):
        return date(int(iso[1]), int(iso[2]), int(iso[3]))
    other = _OTHER_DATE.fullmatch(text)
    if other is None:
        raise ValueError(f"date: {text!r}")
    first, second, year = int(other[1]), int(other[2]), int(other[3])
    return date(year, second, first) if order == "dmy" else date(year, first, second)


def _possible(dates: Sequence[str], order: str) -> bool:
    """Whether all dates of the sample can be read in this order, but for a few that can't be read at all."""
    for text in dates:
        match = _OTHER_DATE.fullmatch(text)
        if match is None:
            continue
        month = int(match[2] if order == "dmy" else match[1])
        other = int(match[1] if order == "dmy" else match[2])
        if month > 12 >= other:
            return False
    return True


def _offset_s(name: str) -> int:
    if name in _ZONES:
        return _ZONES[name] * 3600
    sign = -1 if name[0] == "-" else 1
    digits = name[1:].replace(":", "")
    return sign * (int(digits[:2]) * 3600 + int(digits[2:]) * 60)


def _later(local_us: Ints, doubled: Ints) -> Ints:
    """Those of the doubled hour that come after a step back of more than half an hour inside it."""
    found: list[int] = []
    highest, day, is_later = UNKNOWN, -1, False
    for at in doubled.tolist():
        moment = int(local_us[at])
        if moment // (86_400 * _S) != day:
            highest, day, is_later = UNKNOWN, moment // (86_400 * _S), False
        if not is_later and highest > UNKNOWN and moment < highest - _BACK_US:
            is_later = True
        highest = max(highest, moment)
        if is_later:
            found.append(at)
    return np.array(found, dtype=np.int64)


def _second(local_us: Ints, doubled: Ints) -> Ints:
    """Of times that are there twice, those that are the later moment: the second in a file that rises, the first in one
    that falls. A time that is there once counts as the earlier."""
    if not doubled.size:
        return doubled
    times = local_us[doubled]
    falls = local_us.size > 1 and bool((np.diff(local_us) < 0).sum() > (np.diff(local_us) > 0).sum())
    order = np.lexsort((np.arange(times.size)[::-1] if falls else np.arange(times.size), times))
    ranked = times[order]
    repeated = np.flatnonzero(np.concatenate(([False], ranked[1:] == ranked[:-1])))
    return np.sort(doubled[order[repeated]])
