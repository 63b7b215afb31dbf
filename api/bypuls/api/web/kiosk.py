"""`?kiosk`: pages in turn on a wall's screen, without controls."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from urllib.parse import urlencode

from bypuls.api.problems import bad_parameter

PAGES: Mapping[str, str] = MappingProxyType(
    {
        "now": "/", "climate": "/climate", "traffic": "/traffic", "lights": "/lights", "buildings": "/buildings",
        "alarms": "/alarms", "devices": "/devices",
    }
)  # fmt: skip
USUAL = ("now", "climate", "traffic", "lights", "buildings", "alarms")
NO_PERIOD: Mapping[str, str] = MappingProxyType({})
EVERY_S, LEAST_S, MOST_S = 30, 5, 3600


@dataclass(frozen=True, slots=True)
class Kiosk:
    """What a screen shows after this page, and when.

    turn : the addresses that follow, the next one first; one that can't be shown is passed over.  every_s : [s].
    leave : the same page with its controls.
    """

    turn: tuple[str, ...]
    every_s: int
    leave: str


def kiosk_of(query: Mapping[str, str], path: str, lang: str, period: Mapping[str, str] = NO_PERIOD) -> Kiosk | None:
    """The turn that an address asks for: `kiosk` alone for the usual pages, `kiosk=climate,lights` for these, and
    `every` seconds on each, all of one `period`; None where it asks for none.

    Raises Problem (422).
    """
    if "kiosk" not in query:
        return None
    names = [name.strip() for name in query["kiosk"].split(",") if name.strip()] or list(USUAL)
    for name in names:
        if name not in PAGES:
            bad_parameter("kiosk", name, f"names of pages with commas between: {', '.join(PAGES)}")
    text = query.get("every", str(EVERY_S))
    if not (text.isascii() and text.isdecimal() and LEAST_S <= int(text) <= MOST_S):
        bad_parameter("every", text, f"whole seconds from {LEAST_S} to {MOST_S}")
    paths = [PAGES[name] for name in names]
    # A page that isn't among them leads to the first one.
    at = paths.index(path) + 1 if path in paths else 0
    asked = urlencode({"kiosk": query["kiosk"], "every": text, "lang": lang, **period})
    turn = tuple(f"{one}?{asked}" for one in (*paths[at:], *paths[:at]))
    return Kiosk(turn, int(text), f"{path}?{urlencode({'lang': lang, **period})}")
