"""The lamps of the map as a list, street by street: what the map shows, for who can't see or point at it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from bypuls.api.lighting.lamps_now import STATES, LampState
from bypuls.api.lighting.town import Town, by_state

WORTH_A_LOOK = ("fault", "unknown")
_MOST_A_STREET = 100


@dataclass(frozen=True, slots=True)
class ListedLamp:
    """A lamp with its state."""

    id: str
    name: str
    state: LampState


@dataclass(frozen=True, slots=True)
class ListedStreet:
    """A street's lamps, those first that are worth a look. id, name : None = lamps of no street.  count : of all its
    lamps, in each of `states` so many.  more : lamps that aren't listed."""

    id: str | None
    name: str | None
    count: int
    states: Mapping[str, int]
    lamps: tuple[ListedLamp, ...]
    more: int


def listed_streets(town: Town, *, most: int = 600) -> list[ListedStreet]:
    """Every street by name. most : in larger towns only lamps with a fault and unknown ones are listed, and of each
    street no more than `_MOST_A_STREET`: a register whose lamps nobody measures is unknown altogether."""
    lamps: dict[str | None, list[str]] = {}
    for id, now in town.lamps.items():
        site = now.lamp.site if now.lamp.site in town.directory.sites else None
        lamps.setdefault(site, []).append(id)
    brief = len(town.lamps) > most
    rank = {state: n for n, state in enumerate(STATES)}
    found = []
    for site, ids in lamps.items():
        street = None if site is None else town.directory.sites[site].name
        # Many registers write the street into each lamp's name, too.
        every = [
            ListedLamp(id, town.lamps[id].lamp.name.removesuffix(f", {street}"), town.state(id)) for id in ids
        ]  # fmt: skip
        shown = [one for one in every if not brief or one.state in WORTH_A_LOOK]
        shown.sort(key=lambda one: (min(rank[one.state], len(WORTH_A_LOOK)), one.name, one.id))
        shown = shown[:_MOST_A_STREET] if brief else shown
        found.append(
            ListedStreet(
                site,
                street,
                len(ids),
                by_state(town, [town.lamps[id] for id in ids]),
                tuple(shown),
                len(every) - len(shown),
            )
        )
    return sorted(found, key=lambda one: (one.name is None, one.name or ""))


def worth_a_picture(streets: Sequence[ListedStreet], most: int) -> list[ListedStreet]:
    """The streets that have a name, those with faults first."""
    named = [one for one in streets if one.id is not None]
    return sorted(named, key=lambda one: (-one.states["fault"], -one.states["unknown"]))[:most]
