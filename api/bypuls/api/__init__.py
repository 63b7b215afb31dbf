"""The API under /api/v1/ and the web page: what the platform knows, for people and for programs.

What it is made of is loaded when it is asked for: a report from files needs no web server."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from bypuls.api.app import create_app
    from bypuls.api.context import ApiContext
    from bypuls.api.settings import ApiSettings

__all__ = ["ApiContext", "ApiSettings", "create_app"]

_HOMES = {"ApiContext": "context", "ApiSettings": "settings", "create_app": "app"}


def __getattr__(name: str) -> Any:
    home = _HOMES.get(name)
    if home is None:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{home}"), name)
