"""Names of streets on a drawing: along the street where it is long enough, else beside it, none upon another."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Literal

XY = tuple[float, float]
Anchor = Literal["start", "middle", "end"]

SIZE = 20.0
"""Height of a letter that is kept free [drawing's units]: that of a telephone, where letters are largest."""
_WIDE = 0.56
_STEP = 4.0
_FEW = 10


@dataclass(frozen=True, slots=True)
class Name:
    """A street's name. x, y : the point that `anchor` names.  angle_deg : clockwise."""

    text: str
    x: float
    y: float
    angle_deg: float
    anchor: Anchor = "middle"


def names_of(
    streets: Iterable[tuple[str, Sequence[Sequence[XY]]]], spots: Sequence[XY], width: float, height: float,
    *, marks: Sequence[XY] = (),
) -> tuple[Name, ...]:  # fmt: skip
    """A name for each street that has room. A few have one in any case, if need be upon spots, but upon no mark.

    streets : name and lines, the most important first.  spots, marks : what should, what must stay free."""
    seen = [(text, at) for text, lines in streets if (at := _samples(lines, width, height))]
    found: list[Name] = []
    named = _Taken(())
    for held, most in ((_Taken([*spots, *marks]), len(seen)), (_Taken(marks), _FEW)):
        for text, samples in seen:
            if len(found) >= most:
                break
            if text in {one.text for one in found}:
                continue
            for name in _places(text, samples):
                body = _body(name)
                inside = all(SIZE / 2 <= x <= width - SIZE / 2 and SIZE / 2 <= y <= height - SIZE for x, y in body)
                if inside and not named.near(body, SIZE) and not held.near(body, SIZE * 0.6):
                    found.append(name)
                    named.take(body)
                    break
    return tuple(found)


def _samples(lines: Sequence[Sequence[XY]], width: float, height: float) -> list[XY]:
    """Points of a street within the drawing, `_STEP` apart."""
    found: list[XY] = []
    for line in lines:
        for (x0, y0), (x1, y1) in pairwise(line):
            steps = max(1, int(math.hypot(x1 - x0, y1 - y0) / _STEP))
            found += [(x0 + (x1 - x0) * n / steps, y0 + (y1 - y0) * n / steps) for n in range(steps)]
        found += line[-1:]
    return [(x, y) for x, y in found if 0.0 <= x <= width and 0.0 <= y <= height]


def _places(text: str, samples: list[XY]) -> Iterator[Name]:
    """Where a name may stand, the best first."""
    long = _WIDE * SIZE * len(text)
    xs, ys = [x for x, _ in samples], [y for _, y in samples]
    if len(samples) * _STEP >= long:
        half = max(1, int(long / _STEP / 2))
        for share in (0.5, 0.3, 0.7, 0.15, 0.85):
            at = int(share * (len(samples) - 1))
            (x0, y0), (x1, y1) = samples[max(0, at - half)], samples[min(len(samples) - 1, at + half)]
            if x1 < x0:
                x0, y0, x1, y1 = x1, y1, x0, y0
            angle = math.atan2(y1 - y0, x1 - x0)
            for off in (-SIZE * 0.85, SIZE * 0.85):
                x, y = samples[at]
                yield _name(text, x - off * math.sin(angle), y + off * math.cos(angle), math.degrees(angle))
    middle_x, middle_y = (min(xs) + max(xs)) / 2.0, (min(ys) + max(ys)) / 2.0
    for far in (1.0, 1.8):
        yield _name(text, middle_x, max(ys) + SIZE * far, 0.0)
        yield _name(text, middle_x, min(ys) - SIZE * far, 0.0)
        yield _name(text, max(xs) + SIZE * far, middle_y, 0.0, "start")
        yield _name(text, min(xs) - SIZE * far, middle_y, 0.0, "end")


def _name(text: str, x: float, y: float, angle_deg: float, anchor: Anchor = "middle") -> Name:
    return Name(text, round(x, 1), round(y, 1), round(angle_deg, 1), anchor)


def _body(name: Name) -> list[XY]:
    """Points along a name, close enough that nothing slips between them."""
    half = _WIDE * SIZE * len(name.text) / 2.0
    count = max(2, math.ceil(2.0 * half / (SIZE / 2.0)))
    along, down = math.cos(math.radians(name.angle_deg)), math.sin(math.radians(name.angle_deg))
    first = {"start": 0.0, "middle": -half, "end": -2.0 * half}[name.anchor]
    shifts = [first + 2.0 * half * n / count for n in range(count + 1)]
    return [(name.x + shift * along, name.y + shift * down) for shift in shifts]


class _Taken:
    """Points by cells of `SIZE`, so that of thousands of lamps only the nearest are asked."""

    def __init__(self, points: Iterable[XY]) -> None:
        self._cells: dict[tuple[int, int], list[XY]] = {}
        self.take(points)

    def take(self, points: Iterable[XY]) -> None:
        """Adds points."""
        for x, y in points:
            self._cells.setdefault((int(x // SIZE), int(y // SIZE)), []).append((x, y))

    def near(self, body: Iterable[XY], apart: float) -> bool:
        """Whether one of `body` lies nearer than `apart` ≤ `SIZE` to a point, east or west and north or south."""
        return any(
            abs(x - a) < apart and abs(y - b) < apart
            for x, y in body
            for i in (-1, 0, 1)
            for j in (-1, 0, 1)
            for a, b in self._cells.get((int(x // SIZE) + i, int(y // SIZE) + j), ())
        )
