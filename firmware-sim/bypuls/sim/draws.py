"""Random numbers that belong to an entity and a UTC day: the same whoever asks, in whichever order or range.

Every generator is keyed by a hash of the town's seed and the entity's name (never `hash()`, which differs between
processes) and counts from the day. One range of days therefore gives the same numbers as its days one by one.
"""

from __future__ import annotations

import hashlib

import numpy as np
import numpy.typing as npt

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]

QUARTER_US = 900_000_000
QUARTERS_A_DAY = 96


def key(seed: int, *names: str) -> int:
    """128 bits for the generator of `names` in the town of `seed`."""
    text = "\x1f".join((str(seed), *names)).encode()
    return int.from_bytes(hashlib.blake2b(text, digest_size=16).digest(), "big")


def day_generator(name_key: int, day: int) -> np.random.Generator:
    """The generator of a key (from `key`) and a UTC day [days since 1970]; days never overlap: 2¹²⁸ draws each."""
    return np.random.Generator(np.random.Philox(key=name_key, counter=day << 128))


def fraction(seed: int, *names: str) -> float:
    """One number in [0, 1) that belongs to `names`."""
    return key(seed, *names) / 2**128


def quarter_normals(seed: int, name: str, first: int, last: int) -> FloatArray:
    """Standard normal numbers of the quarters first ≤ q < last [quarters since 1970]."""
    return _by_day(key(seed, name), first, last, QUARTERS_A_DAY)


def hour_normals(seed: int, name: str, first: int, last: int) -> FloatArray:
    """Standard normal numbers of the hours first ≤ h < last [hours since 1970]."""
    return _by_day(key(seed, name), first, last, 24)


def _by_day(name_key: int, first: int, last: int, a_day: int) -> FloatArray:
    if last <= first:
        return np.empty(0)
    days = range(first // a_day, (last - 1) // a_day + 1)
    values = np.concatenate([day_generator(name_key, day).standard_normal(a_day) for day in days])
    start = first - days[0] * a_day
    return values[start : start + last - first]


def rounded(values: FloatArray, decimals: int) -> FloatArray:
    """`values` to so many decimals, as an instrument shows them."""
    shown: FloatArray = np.asarray(np.round(values, decimals), np.float64)
    return shown


def exact(values: FloatArray, part: int = 64) -> FloatArray:
    """`values` rounded to whole 1/64: binary fractions add up without rounding, in any order, so that a register is
    the exact sum of its quarters however they are grouped."""
    whole: FloatArray = np.rint(values * part) / part
    return whole
