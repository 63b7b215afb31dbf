"""What the application is made of: handed in, never looked up."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Annotated

from fastapi import Depends, Request

from bypuls.api.directory import Directory, DirectorySource
from bypuls.api.settings import ApiSettings
from bypuls.store.book import Book
from bypuls.store.protocol import Store
from bypuls.store.registry import Registry
from bypuls.wire import to_us


def utc_now() -> datetime:
    """The machine's clock, in UTC."""
    return datetime.now(UTC)


@dataclass(frozen=True, slots=True)
class ApiContext:
    """The parts of the application.

    clock : gives the moment that answers speak of, in UTC.
    online : what devices' status messages said, by device; None where the platform doesn't listen to them.
    broker_up : whether the broker is connected; None where this process doesn't know.
    """

    store: Store
    registry: Registry
    book: Book
    settings: ApiSettings = field(default_factory=ApiSettings)
    clock: Callable[[], datetime] = utc_now
    online: Callable[[], Mapping[str, bool]] | None = None
    broker_up: Callable[[], bool | None] | None = None

    def now_us(self) -> int:
        """The clock's time [µs since 1970]."""
        return to_us(self.clock())


def the_context(request: Request) -> ApiContext:
    """The context of the application that serves the request."""
    context: ApiContext = request.app.state.context
    return context


def the_directory(request: Request) -> Directory:
    """The registry as it is now."""
    source: DirectorySource = request.app.state.directory
    return source()


Context = Annotated[ApiContext, Depends(the_context)]
Registered = Annotated[Directory, Depends(the_directory)]
