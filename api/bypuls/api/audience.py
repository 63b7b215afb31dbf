"""Who a traffic figure is for: those who may read, or strangers, who see the public view alone."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from fastapi import Depends, Query, Request

from bypuls.api.access import Caller, counted, refused_without_key, require
from bypuls.api.context import the_context

PublicView = Annotated[
    bool,
    Query(description="only what strangers may see: no cell of fewer than 5 vehicles; whole local days that are over"),
]


@dataclass(frozen=True, slots=True)
class Audience:
    """The caller, and whether it gets the public view."""

    caller: Caller
    public: bool

    def needs(self, scope: str) -> None:
        """Raises Problem (403) unless the caller has `scope` and didn't ask for the public view."""
        require(Caller(self.caller.who, frozenset()) if self.public else self.caller, scope)


def audience(request: Request, public: PublicView = False) -> Audience:
    """Who asks. Without a key: the public view where the operator opened it. Raises Problem (401, 403, 429)."""
    caller = counted(request)
    if caller.may("read"):
        return Audience(caller, public)
    if the_context(request).settings.public_traffic:
        return Audience(caller, True)
    if not caller.scopes:
        raise refused_without_key()
    require(caller, "read")
    raise AssertionError("a caller that may not read was let through")


Asking = Annotated[Audience, Depends(audience)]
