"""The life of an alarm, as a pure machine: what one round's look at a condition makes of what is remembered of it.

    quiet ──present──▶ (confirmed) ──▶ open ◀──▶ unknown
                                        │ ▲          │
                            acknowledge ▼ │ reopened  │ absent
                                   acknowledged ─absent─▶ closed

It closes on evidence alone: a look that saw the condition gone, with the time of the data that say so. Silence is
`unknown`; an alarm that was open stays one, as `unknown`, and no time that passes ends it. Flapping is damped three
times: a condition must hold for a while before it opens and be gone for a while before it closes; between two
thresholds (`holding`) nothing changes; and what comes back soon is the same alarm again, acknowledged if it was.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal, TypeAlias

from bypuls.analysis.errors import BadInput, NotAllowedNow

Seen: TypeAlias = Literal["present", "holding", "absent", "unknown"]
State: TypeAlias = Literal["open", "acknowledged", "unknown", "closed"]
Action: TypeAlias = Literal["opened", "reopened", "fell-silent", "heard-again", "acknowledged", "closed", "withdrawn"]

STATES: tuple[State, ...] = ("open", "acknowledged", "unknown", "closed")


@dataclass(frozen=True, slots=True)
class Timing:
    """How long a condition must hold to open, be gone to close, and stay away to be another alarm [µs]."""

    confirm_us: int = 0
    clear_us: int = 0
    reopen_us: int = 0

    def __post_init__(self) -> None:
        for name in ("confirm_us", "clear_us", "reopen_us"):
            if getattr(self, name) < 0:
                raise BadInput(f"{name}: {getattr(self, name)}; expected ≥ 0")


@dataclass(frozen=True, slots=True)
class Look:
    """What one look at a condition saw.

    seen : `present`; `holding` = neither enough to open nor to close; `absent`; `unknown` = the data don't say.
    since_us : since when it is present, as the data say; None = since it was first seen.
    evidence_us : the time of the newest data that it rests on; `absent` needs it.
    covered : another alarm already says it (a silent device for its sensors): none of its own opens.
    Raises BadInput.
    """

    seen: Seen
    since_us: int | None = None
    evidence_us: int | None = None
    covered: bool = False

    def __post_init__(self) -> None:
        if self.seen == "absent" and self.evidence_us is None:
            raise BadInput("evidence_us: none; expected the time of the data that saw it gone: silence ends nothing")


@dataclass(frozen=True, slots=True)
class Watch:
    """What is remembered of one condition. state : None = there was no alarm yet.

    present_since_us : while it waits to be confirmed.  absent_since_us : while it waits to close.
    evidence_us : newest data that saw it present.  closed_us : when it closed last.
    """

    state: State | None = None
    present_since_us: int | None = None
    absent_since_us: int | None = None
    evidence_us: int | None = None
    acknowledged: bool = False
    closed_us: int | None = None
    closed_by_person: bool = False
    reopened: int = 0

    @property
    def lives(self) -> bool:
        """Whether there is an alarm that isn't closed."""
        return self.state is not None and self.state != "closed"


@dataclass(frozen=True, slots=True)
class Change:
    """A step of the alarm's history."""

    action: Action
    before: State | None
    after: State


Step: TypeAlias = tuple[Watch, Change | None]


def step(watch: Watch, look: Look, now_us: int, timing: Timing) -> Step:
    """What a look makes of what is remembered, and the change that it brings; None where it brings none."""
    if not watch.lives:
        return _waiting(watch, look, now_us, timing)
    if look.seen == "unknown":
        if watch.state == "unknown":
            return replace(watch, absent_since_us=None), None
        return _to(replace(watch, absent_since_us=None), "fell-silent", "unknown")
    if look.seen == "absent" and not _older(look, watch):
        return _leaving(watch, now_us, timing)
    # Present, holding, or data from before it was seen last, which can't end it.
    held = replace(watch, absent_since_us=None, evidence_us=_newest(watch, look))
    return _to(held, "heard-again", _active(held)) if watch.state == "unknown" else (held, None)


def acknowledge(watch: Watch) -> Step:
    """A person has taken it on. One that is unknown stays so, until its data are back.

    Raises NotAllowedNow where there is nothing to take on."""
    if not watch.lives or watch.acknowledged:
        raise NotAllowedNow(f"state: {_told(watch)}; expected an alarm that is open or unknown and not acknowledged")
    taken = replace(watch, acknowledged=True)
    return _to(taken, "acknowledged", "unknown" if watch.state == "unknown" else "acknowledged")


def close_by_person(watch: Watch, now_us: int, *, closable: bool) -> Step:
    """A person ends it: one that tells of an event, or one whose data are gone. It opens again on newer data alone.

    closable : its kind tells of an event.  Raises NotAllowedNow."""
    if not watch.lives:
        raise NotAllowedNow(f"state: {_told(watch)}; expected an alarm that isn't closed")
    if not closable and watch.state != "unknown":
        raise NotAllowedNow(
            f"state: {_told(watch)}; expected unknown: its condition is still seen, and ends it when it is gone. "
            "It can be acknowledged"
        )
    return _to(_ended(watch, now_us, by_person=True), "closed", "closed")


def withdraw(watch: Watch, now_us: int) -> Step:
    """The registry no longer asks for it: its rule is switched off, or what it speaks of is not registered any more.

    Raises NotAllowedNow where nothing lives."""
    if not watch.lives:
        raise NotAllowedNow(f"state: {_told(watch)}; expected an alarm that isn't closed")
    return _to(_ended(watch, now_us, by_person=False), "withdrawn", "closed")


def _waiting(watch: Watch, look: Look, now_us: int, timing: Timing) -> Step:
    """Nothing is open: does it open?"""
    if look.seen == "holding":
        return watch, None
    data_us = now_us if look.evidence_us is None else look.evidence_us
    known_before = watch.closed_by_person and watch.closed_us is not None and data_us <= watch.closed_us
    if look.seen != "present" or look.covered or known_before:
        return replace(watch, present_since_us=None), None
    first_us = watch.present_since_us if watch.present_since_us is not None else look.since_us
    since_us = min(now_us, now_us if first_us is None else first_us)
    if watch.closed_us is not None:
        since_us = max(since_us, min(watch.closed_us, now_us))
    if now_us - since_us < timing.confirm_us:
        return replace(watch, present_since_us=since_us), None
    again = watch.closed_us is not None and now_us - timing.confirm_us - watch.closed_us <= timing.reopen_us
    opened = Watch(
        watch.state,
        evidence_us=look.evidence_us,
        acknowledged=again and watch.acknowledged,
        closed_us=watch.closed_us,
        reopened=watch.reopened + 1 if again else 0,
    )
    return _to(opened, "reopened" if again else "opened", _active(opened))


def _leaving(watch: Watch, now_us: int, timing: Timing) -> Step:
    """It was seen gone: for long enough?"""
    since_us = now_us if watch.absent_since_us is None else watch.absent_since_us
    if now_us - since_us >= timing.clear_us:
        return _to(_ended(watch, now_us, by_person=False), "closed", "closed")
    going = replace(watch, absent_since_us=since_us)
    return _to(going, "heard-again", _active(going)) if watch.state == "unknown" else (going, None)


def _ended(watch: Watch, now_us: int, *, by_person: bool) -> Watch:
    # Whether it had been acknowledged is kept: should it come back soon, nobody is called again.
    return replace(watch, present_since_us=None, absent_since_us=None, closed_us=now_us, closed_by_person=by_person)


def _to(watch: Watch, action: Action, state: State) -> Step:
    return replace(watch, state=state), Change(action, watch.state, state)


def _active(watch: Watch) -> State:
    return "acknowledged" if watch.acknowledged else "open"


def _older(look: Look, watch: Watch) -> bool:
    return watch.evidence_us is not None and look.evidence_us is not None and look.evidence_us < watch.evidence_us


def _newest(watch: Watch, look: Look) -> int | None:
    known = [at for at in (watch.evidence_us, look.evidence_us if look.seen == "present" else None) if at is not None]
    return max(known) if known else None


def _told(watch: Watch) -> str:
    return f"{watch.state or 'none'}{' and acknowledged' if watch.acknowledged and watch.lives else ''}"
