"""Hourly factors in the registry: 24 of them to a row, whole versions that are never overwritten."""

from __future__ import annotations

import re
from collections import defaultdict
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

import numpy as np
import numpy.typing as npt
from sqlalchemy import select
from sqlalchemy.orm import Session

from bypuls.store.registry.errors import BadValue, RegistryError
from bypuls.store.registry.journal import record
from bypuls.store.registry.registry import Registry
from bypuls.store.registry.tables import Factor, FactorDay

_HOUR_US = 3_600_000_000
_DAY_US = 24 * _HOUR_US
_EPOCH = date(1970, 1, 1)
_KEY = ("factor_set", "carrier", "scope", "gas", "method", "area")
_EQUAL = 1e-9
"""Relative difference below which two published figures are the same."""

Hours = npt.NDArray[np.float64]


class Restated(RegistryError, ValueError):
    """Published figures differ from those that are kept: they need a version of their own, so that older accounts can
    be reproduced. `changed` hours differ, the first at `first`; `newest` is the version that is kept."""

    def __init__(self, label: HourlyLabel, changed: int, first: datetime, was: float, now: float, newest: str) -> None:
        super().__init__(
            f"{label.factor_set} {label.area}: {changed} hours differ from version {newest}, the first at "
            f"{first:%Y-%m-%d %H:%M}Z: {was:g} is now {now:g} g/kWh — expected a new version "
            f"(such as {following(newest)})"
        )
        self.changed, self.first, self.newest = changed, first, newest


@dataclass(frozen=True, slots=True)
class HourlyLabel:
    """What a series of hourly factors is: all that tells it apart from others, and its source."""

    factor_set: str
    area: str
    method: str
    source: str
    carrier: str = "electricity"
    scope: str = "2-location"
    gas: str = "CO2"
    loss_included: bool | None = None


@dataclass(frozen=True, slots=True)
class KeptHours:
    """What became of a series: its version, and hours that were new, the same, or differ from the version before."""

    version: str
    new: int
    same: int
    changed: int


def version_order(version: str) -> tuple[tuple[int, int, str], ...]:
    """Sorts versions as people number them: 9 before 10, 2023 before 2023-2."""
    return tuple(
        (1, int(part), "") if part.isdigit() else (0, 0, part) for part in re.findall(r"[0-9]+|[^0-9]+", version)
    )


def following(version: str) -> str:
    """The version after `version`: its last number one higher."""
    found = re.search(r"([0-9]+)([^0-9]*)$", version)
    return f"{version}-2" if found is None else f"{version[: found.start()]}{int(found[1]) + 1}{found[2]}"


def parse_hours(text: str) -> Hours:
    """(24,) [g/kWh] of a row's text; NaN = unknown."""
    return np.array([np.nan if word == "-" else float(word) for word in text.split(" ")])


def write_hours(hours: Hours) -> str:
    """The text of 24 factors [g/kWh]: `parse_hours` gives the same numbers again."""
    return " ".join(
        "-" if np.isnan(one) else repr(int(one)) if one.is_integer() else repr(one) for one in hours.tolist()
    )


def hourly_factors(
    registry: Registry, factor: Factor, start_us: int, end_us: int
) -> tuple[npt.NDArray[np.int64], Hours]:
    """The hours [µs UTC] of a factor of step hour within [start, end), rising, and their values [g/kWh]; hours that are
    unknown are left out."""
    query = select(FactorDay.day, FactorDay.g_per_kwh).order_by(FactorDay.day)
    for name in (*_KEY, "version"):
        query = query.where(getattr(FactorDay, name) == getattr(factor, name))
    first, last = _day(start_us), _day(end_us - 1)
    with registry.reading() as session:
        rows = session.execute(query.where(FactorDay.day >= first, FactorDay.day <= last)).all()
    if not rows:
        return np.zeros(0, dtype=np.int64), np.zeros(0)
    t_us = np.concatenate([_start_us(day) + np.arange(24, dtype=np.int64) * _HOUR_US for day, _ in rows])
    values = np.concatenate([parse_hours(text) for _, text in rows])
    wanted = (t_us >= start_us) & (t_us < end_us) & ~np.isnan(values)
    return t_us[wanted], values[wanted]


def keep_hourly_factors(
    registry: Registry,
    label: HourlyLabel,
    t_us: npt.NDArray[np.int64],
    g_per_kwh: Hours,
    *,
    version: str | None = None,
    restate: bool = False,
    actor: str = "local",
) -> KeptHours:
    """Keep published hourly factors. Hours that the newest version doesn't know are added to it; hours that differ from
    it need a new version, which then holds every day of the series.

    t_us : (n,) [µs UTC] whole hours, each once.  g_per_kwh : (n,) finite.
    version : the version to write; None = the newest one, or 1.
    restate : make the following version where hours differ.
    Raises Restated, BadValue.
    """
    if len(t_us) == 0 or (t_us % _HOUR_US).any() or len(np.unique(t_us)) < len(t_us):
        raise BadValue("factor_day", (label.factor_set, label.area), "t_us", len(t_us), "whole UTC hours, each once")
    days = _by_day(t_us, g_per_kwh)
    with registry.session() as session:
        kept = _kept_days(session, label, min(days), max(days))
        newest = max((one for one, _ in _versions(session, label)), key=version_order, default=None)
        new, same, changed, first = 0, 0, 0, None
        for day, hours in sorted(days.items()):
            before = _newest_hours(kept.get(day, {}))
            known, told = ~np.isnan(before), ~np.isnan(hours)
            both = known & told
            differ = both & (np.abs(before - hours) > _EQUAL * np.maximum(np.abs(before), 1.0))
            new += int((told & ~known).sum())
            same += int((both & ~differ).sum())
            changed += int(differ.sum())
            if differ.any() and first is None:
                at = int(np.flatnonzero(differ)[0])
                first = (datetime.fromtimestamp(_start_us(day) / 1e6 + at * 3600, UTC), before[at], hours[at])
        target = version or newest or "1"
        if first is not None and newest is not None:
            if restate and version is None:
                target = following(newest)
            if version_order(target) <= version_order(newest):
                raise Restated(label, changed, first[0], float(first[1]), float(first[2]), newest)
        if changed or (new and target == newest) or (target != newest and (new or same)):
            _write(session, label, target, days, kept, whole=target != newest)
            detail = {"version": target, "new": new, "same": same, "changed": changed}
            record(session, registry.clock(), actor, "import", "factor_day", label.factor_set, detail)
        return KeptHours(target, new, same, changed)


def _write(
    session: Session,
    label: HourlyLabel,
    version: str,
    days: dict[date, Hours],
    kept: dict[date, dict[str, FactorDay]],
    *,
    whole: bool,
) -> None:
    key = {name: getattr(label, name) for name in _KEY} | {"version": version}
    for day, hours in days.items():
        row = kept.get(day, {}).get(version)
        # A new version's day is whole: what the publisher no longer says stays as it was known.
        before = _newest_hours(kept.get(day, {})) if whole or row is not None else np.full(24, np.nan)
        text = write_hours(np.where(np.isnan(hours), before, hours))
        if row is None:
            session.add(FactorDay(**key, day=day, g_per_kwh=text))
        elif row.g_per_kwh != text:
            row.g_per_kwh = text
    start = datetime.combine(min(days), datetime.min.time(), UTC)
    end = datetime.combine(max(days) + timedelta(days=1), datetime.min.time(), UTC)
    header = next((row for one, row in _versions(session, label) if one == version), None)
    if header is not None:
        start, end = min(start, header.valid_from), max(end, header.valid_to or end)
        if (header.valid_from, header.valid_to) == (start, end):
            return
        session.delete(header)
        session.flush()
    session.add(
        Factor(
            **key, valid_from=start, valid_to=end, step="hour", value=None, unit="kg/kWh",
            loss_included=label.loss_included, purpose="accounts", source=label.source,
        )
    )  # fmt: skip


def _versions(session: Session, label: HourlyLabel) -> list[tuple[str, Factor]]:
    query = select(Factor).where(Factor.step == "hour", Factor.value.is_(None))
    for name in _KEY:
        query = query.where(getattr(Factor, name) == getattr(label, name))
    return [(row.version, row) for row in session.scalars(query)]


def _kept_days(session: Session, label: HourlyLabel, first: date, last: date) -> dict[date, dict[str, FactorDay]]:
    query = select(FactorDay).where(FactorDay.day >= first, FactorDay.day <= last)
    for name in _KEY:
        query = query.where(getattr(FactorDay, name) == getattr(label, name))
    found: dict[date, dict[str, FactorDay]] = defaultdict(dict)
    for row in session.scalars(query):
        found[row.day][row.version] = row
    return found


def _newest_hours(rows: dict[str, FactorDay]) -> Hours:
    """What is known of a day: of each hour the newest version's word."""
    found = np.full(24, np.nan)
    for version in sorted(rows, key=version_order):
        hours = parse_hours(rows[version].g_per_kwh)
        found = np.where(np.isnan(hours), found, hours)
    return found


def _by_day(t_us: npt.NDArray[np.int64], g_per_kwh: Hours) -> dict[date, Hours]:
    found: dict[date, Hours] = {}
    for at, value in zip(t_us.tolist(), g_per_kwh.tolist(), strict=True):
        found.setdefault(_day(at), np.full(24, np.nan))[at % _DAY_US // _HOUR_US] = value
    return found


def _day(us: int) -> date:
    return _EPOCH + timedelta(days=us // _DAY_US)


def _start_us(day: date) -> int:
    return (day - _EPOCH).days * _DAY_US
