"""The alarm's machine: by cases, and by random looks: never closed by silence, a history without gaps."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise
from typing import get_args

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bypuls.analysis.alarms import (
    STATES,
    Change,
    Look,
    Seen,
    Timing,
    Watch,
    acknowledge,
    close_by_person,
    step,
    withdraw,
)  # fmt: skip
from bypuls.analysis.errors import BadInput, NotAllowedNow

MIN = 60_000_000
TIMING = Timing(confirm_us=10 * MIN, clear_us=5 * MIN, reopen_us=60 * MIN)


def look(seen: Seen, at: int | None = None, **more: object) -> Look:
    return Look(seen, evidence_us=at if at is not None else 0 if seen == "absent" else None, **more)  # type: ignore[arg-type]


def run(*looks: tuple[int, Look], watch: Watch | None = None, timing: Timing = TIMING) -> tuple[Watch, list[str]]:
    """(minute, look) … → what is remembered, and the actions with their minute."""
    watch, actions = watch or Watch(), []
    for minute, one in looks:
        watch, change = step(watch, one, minute * MIN, timing)
        if change is not None:
            actions.append(f"{change.action}@{minute}")
    return watch, actions


def test_opens_once_confirmed_and_closes_once_gone_for_a_while() -> None:
    present, absent = look("present"), look("absent")
    watch, actions = run((0, present), (9, present), (10, present), (11, present), (20, absent), (24, absent))
    assert (watch.state, actions) == ("open", ["opened@10"])
    watch, actions = run((25, absent), watch=watch)
    assert (watch.state, actions) == ("closed", ["closed@25"])


def test_data_that_know_since_when_need_no_further_waiting() -> None:
    assert run((30, Look("present", since_us=15 * MIN)))[1] == ["opened@30"]
    assert run((30, Look("present", since_us=25 * MIN)), (35, Look("present", since_us=25 * MIN)))[1] == ["opened@35"]


def test_what_does_not_last_opens_nothing() -> None:
    present = look("present")
    for between in (look("absent"), look("unknown")):
        assert run((0, present), (5, between), (10, present), (19, present))[1] == []
    # Between the thresholds the waiting goes on.
    assert run((0, present), (5, look("holding")), (10, present))[1] == ["opened@10"]
    assert run((0, look("holding")), (90, look("holding")))[1] == []


def test_silence_is_unknown_and_never_the_end() -> None:
    watch, actions = run(
        (0, look("present")), (10, look("present")), (20, look("unknown")), (9_000_000, look("unknown"))
    )
    assert (watch.state, actions) == ("unknown", ["opened@10", "fell-silent@20"])
    assert run((9_000_001, look("present")), watch=watch)[1] == ["heard-again@9000001"]
    # Heard again and gone: it goes on as what it was until it has been gone for a while.
    watch, actions = run((9_000_001, look("absent")), (9_000_006, look("absent")), watch=watch)
    assert (watch.state, actions) == ("closed", ["heard-again@9000001", "closed@9000006"])


def test_an_absence_without_evidence_cannot_be_said() -> None:
    with pytest.raises(BadInput, match="silence ends nothing"):
        Look("absent")


def test_older_data_do_not_end_what_newer_data_saw() -> None:
    watch, _ = run((0, Look("present", since_us=-60 * MIN, evidence_us=50)))
    assert watch.state == "open"
    assert run((10, look("absent", 49)), (60, look("absent", 49)), watch=watch)[1] == []
    assert run((10, look("absent", 50)), (15, look("absent", 50)), watch=watch)[1] == ["closed@15"]


def test_acknowledged_through_silence_and_back() -> None:
    watch, _ = run((0, look("present")), (10, look("present")))
    watch, change = acknowledge(watch)
    assert change == Change("acknowledged", "open", "acknowledged")
    watch, actions = run((20, look("unknown")), (30, look("present")), watch=watch)
    assert (watch.state, actions) == ("acknowledged", ["fell-silent@20", "heard-again@30"])
    with pytest.raises(NotAllowedNow, match="acknowledged and acknowledged; expected"):
        acknowledge(watch)
    silent, _ = run((40, look("unknown")), watch=replace(watch, acknowledged=False, state="open"))
    silent, change = acknowledge(silent)
    assert change == Change("acknowledged", "unknown", "unknown")
    assert run((50, look("present")), watch=silent)[0].state == "acknowledged"


def test_what_comes_back_soon_is_the_same_alarm() -> None:
    calm = Timing(0, 0, 60 * MIN)
    watch, _ = run((0, look("present")), timing=calm)
    watch, _ = acknowledge(watch)
    watch, actions = run((10, look("absent")), (60, look("present")), watch=watch, timing=calm)
    assert (watch.state, watch.reopened, actions) == ("acknowledged", 1, ["closed@10", "reopened@60"])
    watch, actions = run((70, look("absent")), (131, look("present")), watch=watch, timing=calm)
    assert (watch.state, watch.reopened, actions) == ("open", 0, ["closed@70", "opened@131"])


def test_covered_by_another_alarm() -> None:
    covered = look("present", covered=True)
    watch, actions = run((0, covered), (60, covered))
    assert (watch, actions) == (Watch(), [])
    # The device speaks again, its sensor doesn't: from now on it is confirmed for itself.
    assert run((61, look("present")), (71, look("present")), watch=watch)[1] == ["opened@71"]
    watch, _ = run((0, look("present")), (10, look("present")))
    assert run((20, covered), (90, covered), watch=watch) == (watch, [])


def test_a_person_ends_events_and_what_is_unknown() -> None:
    event = Look("present", since_us=0, evidence_us=5 * MIN)
    watch, _ = run((10, event))
    with pytest.raises(NotAllowedNow, match="It can be acknowledged"):
        close_by_person(watch, 20 * MIN, closable=False)
    watch, change = close_by_person(watch, 20 * MIN, closable=True)
    assert change == Change("closed", "open", "closed")
    # The same data don't open it again; newer ones do.
    assert run((21, event), (500, event), watch=watch)[1] == []
    assert run((500, replace(event, evidence_us=21 * MIN)), watch=watch)[1] == ["opened@500"]
    silent, _ = run((0, look("present")), (10, look("present")), (20, look("unknown")))
    assert close_by_person(silent, 30 * MIN, closable=False)[0].state == "closed"
    with pytest.raises(NotAllowedNow, match="closed; expected"):
        close_by_person(watch, 30 * MIN, closable=True)


def test_the_registry_withdraws() -> None:
    watch, _ = run((0, look("present")), (10, look("present")))
    watch, change = withdraw(watch, 20 * MIN)
    assert change == Change("withdrawn", "open", "closed")
    with pytest.raises(NotAllowedNow):
        withdraw(watch, 21 * MIN)
    with pytest.raises(BadInput, match="clear_us: -1"):
        Timing(clear_us=-1)


SEEN = st.sampled_from(get_args(Seen))
DEEDS = st.sampled_from(["look"] * 12 + ["acknowledge", "close", "withdraw"])
STEPS = st.lists(st.tuples(DEEDS, SEEN, st.integers(0, 40), st.integers(-30, 0), st.booleans()), max_size=60)
TIMINGS = st.builds(Timing, *(st.sampled_from([0, MIN, 10 * MIN, 60 * MIN]) for _ in range(3)))


@settings(max_examples=400, deadline=None)
@given(steps=STEPS, timing=TIMINGS, closable=st.booleans())
def test_whatever_is_seen(steps: list[tuple[str, Seen, int, int, bool]], timing: Timing, closable: bool) -> None:
    watch, now_us, history = Watch(), 0, []
    for deed, seen, later, data, covered in steps:
        now_us += later * MIN
        before = watch
        change: Change | None = None
        try:
            if deed == "look":
                evidence = now_us + data * MIN if seen == "absent" or data % 3 else None
                one = Look(seen, evidence_us=evidence, covered=covered)
                watch, change = step(watch, one, now_us, timing)
                # Doing a round again at the same moment changes nothing more, so a repeated round is harmless.
                if change is None or change.after != "closed":
                    assert step(watch, one, now_us, timing)[1] is None
                if change is not None and change.after == "closed":
                    assert seen == "absent"
                    assert evidence is not None
                    assert before.evidence_us is None or evidence >= before.evidence_us
                if change is not None and change.action in ("opened", "reopened"):
                    assert seen == "present"
                    assert not covered
                if before.lives and seen == "unknown":
                    assert watch.state == "unknown"
            elif deed == "acknowledge":
                watch, change = acknowledge(watch)
            elif deed == "close":
                watch, change = close_by_person(watch, now_us, closable=closable)
                assert closable or before.state == "unknown"
            else:
                watch, change = withdraw(watch, now_us)
        except NotAllowedNow:
            assert watch == before
        if change is not None:
            history.append(change)
            assert change.before == before.state
            assert change.after == watch.state
        else:
            assert watch.state == before.state
    # Without gaps: each step begins where the one before it ended; an alarm begins by being opened.
    assert all(later.before == earlier.after for earlier, later in pairwise(history))
    assert all(one.after in STATES for one in history)
    for one in history:
        assert (one.before in (None, "closed")) == (one.action in ("opened", "reopened"))
