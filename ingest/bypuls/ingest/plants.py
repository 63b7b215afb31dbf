"""A fault planted on purpose, so that the reliability suite can be shown able to fail. Only tests set it.

BYPULS_PLANT=receipt-before-write   receipts go out before the store has the readings
BYPULS_CRASH_AT=<moment>[:n]        kill -9 at the n-th passing of a named moment of the intake
"""

from __future__ import annotations

import os
import signal
from collections.abc import Iterable, Mapping

import structlog

from bypuls.ingest.intake import Moment, no_moment
from bypuls.ingest.messages import Answer, Message
from bypuls.wire import Receipt, WireError, decode_batch

MOMENTS = ("ingest.before_store", "ingest.after_store", "ingest.after_book", "ingest.after_receipt")
PLANT = "receipt-before-write"


def receipts_first(environment: Mapping[str, str] = os.environ) -> bool:
    """Whether the fault is planted, with a loud warning. Raises ValueError for an unknown one."""
    name = environment.get("BYPULS_PLANT", "")
    if name not in ("", PLANT):
        raise ValueError(f"BYPULS_PLANT: {name!r} — expected {PLANT}")
    if name:
        structlog.get_logger("bypuls.ingest").warning(
            "PLANTED FAULT: this ingest LOSES READINGS on purpose", plant=name
        )
    return bool(name)


def hasty_answers(messages: Iterable[Message]) -> list[Answer]:
    """Receipts for readings that nobody has stored yet."""
    answers: list[Answer] = []
    for message in messages:
        try:
            batch = decode_batch(message.payload)
        except WireError:
            continue  # not part of the planted fault
        answers.append(Answer(batch.device, Receipt(batch.epoch, ((batch.first, batch.last),)).encode()))
    return answers


def crash_moment(environment: Mapping[str, str] = os.environ) -> Moment:
    """What ends the process at the moment that the environment names. Raises ValueError for an unknown one."""
    wanted, _, times = environment.get("BYPULS_CRASH_AT", "").partition(":")
    if not wanted:
        return no_moment
    if wanted not in MOMENTS:
        raise ValueError(f"BYPULS_CRASH_AT: {wanted!r} — expected one of {', '.join(MOMENTS)}")
    left = int(times or 1)

    def moment(name: str) -> None:
        nonlocal left
        if name == wanted:
            left -= 1
            if left == 0:
                os.kill(os.getpid(), signal.SIGKILL)

    return moment
