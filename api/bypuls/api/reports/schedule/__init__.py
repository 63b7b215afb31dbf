"""Reports that are made again and again: which are due, made into files, sent by mail, none of them twice.

What makes them is loaded when it is asked for: who only sends mail draws no charts."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from bypuls.api.reports.schedule.mail import Mailer, MailRefused, MailSettings

if TYPE_CHECKING:
    from bypuls.api.reports.schedule.runner import Runner, RunnerSettings

__all__ = ["MailRefused", "MailSettings", "Mailer", "Runner", "RunnerSettings"]


def __getattr__(name: str) -> Any:
    if name not in ("Runner", "RunnerSettings"):
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.runner"), name)
