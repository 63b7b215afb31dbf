"""A finished year as the API, the files and the command tell it: both views, at normal weather, with registers."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from bypuls.api.accounts.account import Accounts, Question
from bypuls.api.accounts.changes import uncertainty_t
from bypuls.api.accounts.factors import VIEWS
from bypuls.api.accounts.frame import frame_of
from bypuls.api.accounts.normal_weather import NormalWeather, normal_weather
from bypuls.api.accounts.registers import registers_of
from bypuls.api.accounts.to_json import told_account
from bypuls.api.buildings.source import Source
from bypuls.api.directory import Directory
from bypuls.store.protocol import Store


def yearly_account(
    store: Store,
    directory: Directory,
    accounts: Accounts,
    question: Question,
    now: datetime,
    zone: ZoneInfo,
    *,
    registers: bool = False,
    activity_uncertainty: float | None = None,
    factor_uncertainty: float | None = None,
) -> dict[str, Any]:
    """The account that is asked for, whatever view the question names.

    registers : with the meters' registers around the turns of the year, which files need.
    activity_uncertainty, factor_uncertainty : relative, as shares; None = nobody says.
    """
    found = [accounts.year(directory, replace(question, view=view)) for view in VIEWS]
    source = Source(store, directory, now, zone)
    uncertain: dict[str, float | None] = {
        one.view: uncertainty_t(one, activity_uncertainty, factor_uncertainty) for one in found
    }
    weather: dict[str, NormalWeather] = {one.view: normal_weather(source, one) for one in found}
    lines = [line for one in found for line in one.lines]
    read = registers_of(store, directory, lines, frame_of(question.year, zone)) if registers else None
    return told_account(question, found, registers=read, uncertainty_t=uncertain, weather=weather)


def title_of(directory: Directory, question: Question, target: str | None = None) -> str | None:
    """Whose account it is; None for the whole town."""
    if target is not None:
        return directory.targets[target].name
    part = question.part
    return directory.buildings[part.id].name if part.kind == "building" and part.id else part.id
