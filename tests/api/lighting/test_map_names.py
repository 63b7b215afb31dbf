"""Names on a map: beside their street or along it, never upon each other."""

from __future__ import annotations

import math

from bypuls.api.web.map_names import SIZE, Name, names_of

WIDE, TALL = 640.0, 400.0


def box(name: Name) -> tuple[float, float, float, float]:
    """Left, top, right, bottom of a level name, with letters of the size that is kept free."""
    long = 0.56 * SIZE * len(name.text)
    left = name.x - {"start": 0.0, "middle": long / 2.0, "end": long}[name.anchor]
    return left, name.y - SIZE / 2.0, left + long, name.y + SIZE / 2.0


def test_short_streets_near_each_other_have_names_apart() -> None:
    streets = [(f"Street no. {n}", [[(300.0 + 9.0 * n, 200.0), (305.0 + 9.0 * n, 200.0)]]) for n in range(4)]
    found = names_of(streets, [], WIDE, TALL)
    assert len(found) >= 3
    boxes = [box(one) for one in found]
    for n, (left, top, right, bottom) in enumerate(boxes):
        assert 0.0 <= left < right <= WIDE
        assert 0.0 <= top < bottom <= TALL
        for other in boxes[n + 1 :]:
            assert right <= other[0] or other[2] <= left or bottom <= other[1] or other[3] <= top


def test_a_long_street_is_named_along_itself_and_never_upside_down() -> None:
    for line in ([(100.0, 100.0), (500.0, 300.0)], [(500.0, 300.0), (100.0, 100.0)]):
        (name,) = names_of([("Hovedgade", [line])], [], WIDE, TALL)
        assert abs(name.angle_deg - math.degrees(math.atan2(200.0, 400.0))) < 0.1
        # Beside the street, not upon it.
        off = abs((name.x - 100.0) * 200.0 - (name.y - 100.0) * 400.0) / math.hypot(400.0, 200.0)
        assert 0.7 * SIZE < off < SIZE


def test_what_lies_outside_has_no_name() -> None:
    assert names_of([("Away", [[(-50.0, 10.0), (-10.0, 10.0)]])], [], WIDE, TALL) == ()


def test_a_few_streets_are_named_upon_lamps_but_never_upon_marks() -> None:
    lamps = [(x * 10.0, y * 10.0) for x in range(64) for y in range(40)]
    streets = [(f"Street {x}", [[(60.0 + 60.0 * (x % 9), y), (70.0 + 60.0 * (x % 9), y)]]) for x in range(18)
               for y in (100.0 if x < 9 else 300.0,)]  # fmt: skip
    found = names_of(streets, lamps, WIDE, TALL)
    assert len(found) == 10
    assert names_of(streets, [], WIDE, TALL, marks=lamps) == ()
    assert len(names_of(streets, [], WIDE, TALL)) > 10
