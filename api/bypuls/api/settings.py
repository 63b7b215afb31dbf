"""What an operator decides about the API, read once."""

from __future__ import annotations

import ipaddress
import re
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

_HOST = re.compile(
    r"([a-z0-9]([a-z0-9-]*[a-z0-9])?\.)*[a-z0-9]([a-z0-9-]*[a-z0-9])?(:\d{1,5})?", re.ASCII | re.IGNORECASE
)


@dataclass(frozen=True, slots=True, kw_only=True)
class ApiSettings:
    """The API's settings.

    host : address that the server binds to; only to know whether it is this machine alone.
    open_on_loopback : requests from this machine need no key to read. For the demo; refused with another host.
    tz : the zone of local days and of the page, where a request names none.
    rate_per_s, burst : requests that a key (or, without one, an address) may make on average, and at once.
    most_body_bytes : longest request body [bytes].
    most_rows : longest answer of a series [rows].
    threads : requests that are worked on at the same time.
    heavy, heavy_wait_s : reports that are made at the same time, and how long a further one waits [s].
    cooling_k : how far the district heating utility wants its water cooled [K].
    cooling_share_per_k : what it adds to the heat's price for each kelvin less, as a share.
    public_traffic : strangers may see speed reports, without cells of fewer than 5 vehicles.
    alarm_webhooks : names of the operator's webhooks, which are told of what people do with alarms.
    citizen_reports : strangers may report a dark or unsafe place.  citizen_reports_days : how long one is kept.
    citizen_reports_per_h : so many an hour from one address.
    tiles_url, tiles_attribution : a tile server for the map of streets, like https://tiles.town.example/{z}/{x}/{y}.png,
        and what must stand below its tiles. None = a map without tiles, and nobody else is asked.
    reports : the folder of scheduled reports, where their files are fetched from.
    most_live_clients, live_every_s : open event streams, and the time between two events [s].
    Raises ValueError naming the field, its value and what was expected.
    """

    host: str = "127.0.0.1"
    open_on_loopback: bool = False
    tz: str = "Europe/Copenhagen"
    rate_per_s: float = 20.0
    burst: int = 120
    most_body_bytes: int = 262_144
    most_rows: int = 40_000
    threads: int = 8
    heavy: int = 2
    heavy_wait_s: float = 20.0
    cooling_k: float = 30.0
    cooling_share_per_k: float = 0.01
    public_traffic: bool = False
    citizen_reports: bool = False
    citizen_reports_days: int = 365
    citizen_reports_per_h: int = 6
    tiles_url: str | None = None
    tiles_attribution: str | None = None
    reports: Path = Path("data/reports")
    most_live_clients: int = 200
    live_every_s: float = 2.0
    alarm_webhooks: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if self.open_on_loopback and not is_loopback(self.host):
            raise ValueError(
                f"open_on_loopback: True with host {self.host!r} — expected a loopback address such as 127.0.0.1; "
                "on any other address requests need keys"
            )
        try:
            ZoneInfo(self.tz)
        except (ZoneInfoNotFoundError, ValueError, OSError) as error:
            raise ValueError(f"tz: {self.tz!r} — expected a zone such as Europe/Copenhagen") from error
        for name in (
            "rate_per_s",
            "burst",
            "most_body_bytes",
            "most_rows",
            "threads",
            "heavy",
            "heavy_wait_s",
            "cooling_k",
            "citizen_reports_days",
            "citizen_reports_per_h",
            "most_live_clients",
            "live_every_s",
        ):
            if not getattr(self, name) > 0:
                raise ValueError(f"{name}: {getattr(self, name)!r} — expected a number above 0")
        if not 0.0 <= self.cooling_share_per_k < 1.0:
            raise ValueError(f"cooling_share_per_k: {self.cooling_share_per_k!r} — expected a share from 0 to below 1")

        self._check_tiles()

    def _check_tiles(self) -> None:
        if self.tiles_url is None:
            return
        parts = urlsplit(self.tiles_url)
        secure = parts.scheme == "https" or (parts.scheme == "http" and is_loopback(parts.hostname))
        known = all(self.tiles_url.count(name) == 1 for name in ("{z}", "{x}", "{y}"))
        if not (secure and _HOST.fullmatch(parts.netloc) and known):
            raise ValueError(
                f"tiles_url: {self.tiles_url!r} — expected one like https://tiles.town.example/{{z}}/{{x}}/{{y}}.png, "
                "of one host (no {s}, no user), with {z}, {x} and {y} once each"
            )
        if not (self.tiles_attribution or "").strip():
            raise ValueError(
                f"tiles_attribution: {self.tiles_attribution!r} — expected what the tiles' licence asks for, "
                "like © OpenStreetMap contributors"
            )

    @property
    def tiles_origin(self) -> str | None:
        """Scheme, host and port of the tile server: the only stranger that a page may ask."""
        if self.tiles_url is None:
            return None
        parts = urlsplit(self.tiles_url)
        return f"{parts.scheme}://{parts.netloc}"

    @property
    def zone(self) -> ZoneInfo:
        """The zone of local days."""
        return ZoneInfo(self.tz)


def is_loopback(host: str | None) -> bool:
    """Whether `host` (an address, or the name localhost) is this machine alone."""
    if host is None:
        return False
    if host.lower() == "localhost":
        return True
    try:
        address = ipaddress.ip_address(host.strip("[]"))
    except ValueError:
        return False
    mapped = getattr(address, "ipv4_mapped", None)
    return (mapped or address).is_loopback
