"""Faults planted on purpose, so that the reliability suite can be shown able to fail. Only tests set them.

BYPULS_PLANT=delete-on-puback   rows count as receipted when the broker has them, before the platform has
BYPULS_PLANT=no-fsync           commits return before the disk has them
"""

from __future__ import annotations

import logging
import os
from collections.abc import Mapping
from dataclasses import dataclass

NAMES = ("delete-on-puback", "no-fsync")


@dataclass(frozen=True, slots=True)
class Plants:
    """The faults that are planted: none, unless a test asks."""

    delete_on_puback: bool = False
    no_fsync: bool = False


def planted(env: Mapping[str, str] = os.environ) -> Plants:
    """The faults that `env` asks for, with a loud warning. Raises ValueError for an unknown one."""
    names = [name for name in env.get("BYPULS_PLANT", "").split(",") if name]
    for name in names:
        if name not in NAMES:
            raise ValueError(f"BYPULS_PLANT: {name!r} — expected {' or '.join(NAMES)}")
        logging.getLogger(__name__).warning("PLANTED FAULT %s: this edge LOSES READINGS on purpose", name)
    return Plants(delete_on_puback="delete-on-puback" in names, no_fsync="no-fsync" in names)
