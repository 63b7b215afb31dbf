"""Asking Energi Data Service politely: what was answered is kept, asked for again only when it is old, and then
only for what changed; no more than one request in a few seconds; when the service is busy, later.

FetchFailed (OSError)  the network or the service; nothing that is kept could take the answer's place
"""

from __future__ import annotations

import hashlib
import json
import random
import urllib.error
import urllib.request
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from http.client import HTTPException
from importlib.metadata import version
from pathlib import Path
from urllib.parse import urlencode, urlsplit

SERVICE_URL = "https://api.energidataservice.dk"
LEAST_INTERVAL_S = 2.0
TRIES = 4
LONGEST_WAIT_S = 120.0
MOST_BYTES = 256 * 1024 * 1024
_BUSY = (408, 425, 429, 500, 502, 503, 504)


class FetchFailed(OSError):
    """The service couldn't be asked, and nothing is kept of an earlier answer."""


@dataclass(frozen=True, slots=True)
class Answer:
    """An answer's bytes. fetched : when the service said so.  kept_because : why it is an earlier one, if it is."""

    content: bytes
    fetched: datetime
    kept_because: str | None = None


@dataclass(frozen=True, slots=True)
class _Kept:
    url: str
    fetched: str
    etag: str | None
    last_modified: str | None


class EnergiDataService:
    """The service behind its cache.

    cache : folder of the answers.  clock : UTC.  sleep : waits [s].
    Not a promise that other programs on this machine don't ask, too.
    """

    def __init__(
        self,
        cache: Path,
        *,
        clock: Callable[[], datetime],
        sleep: Callable[[float], None],
        url: str = SERVICE_URL,
        least_interval_s: float = LEAST_INTERVAL_S,
        timeout_s: float = 60.0,
    ) -> None:
        if urlsplit(url).scheme not in ("http", "https"):
            raise ValueError(f"url: {url!r}; expected an address like {SERVICE_URL}")
        self._cache, self._clock, self._sleep = cache, clock, sleep
        self._url, self._interval_s, self._timeout_s = url.rstrip("/"), least_interval_s, timeout_s
        self._asked: datetime | None = None

    def get(self, dataset: str, query: Mapping[str, str], *, longest: timedelta) -> Answer:
        """The answer to a query of a dataset: what is kept where it is younger than `longest`, else the service's word;
        what is kept, however old, where the service can't be reached. Raises FetchFailed."""
        url = f"{self._url}/dataset/{dataset}?{urlencode(query)}"
        name = f"{dataset}-{hashlib.sha256(url.encode()).hexdigest()[:20]}"
        body, about = self._cache / f"{name}.json", self._cache / f"{name}.about.json"
        kept = _read(about, body)
        now = self._clock()
        if kept is not None and now - datetime.fromisoformat(kept.fetched) < longest:
            return Answer(body.read_bytes(), datetime.fromisoformat(kept.fetched), "it is still fresh")
        try:
            content, headers = self._ask(url, kept)
        except FetchFailed as error:
            if kept is None:
                raise
            return Answer(body.read_bytes(), datetime.fromisoformat(kept.fetched), str(error))
        if content is None:
            content = body.read_bytes()
            headers = {"etag": kept.etag if kept else None, "last-modified": kept.last_modified if kept else None}
        self._cache.mkdir(parents=True, exist_ok=True)
        # The note last: an answer without one is asked for again.
        _replace(body, content)
        note = _Kept(url, now.astimezone(UTC).isoformat(), headers.get("etag"), headers.get("last-modified"))
        _replace(about, json.dumps(asdict(note)).encode())
        return Answer(content, now)

    def _ask(self, url: str, kept: _Kept | None) -> tuple[bytes | None, Mapping[str, str | None]]:
        """Content and headers; no content where it is as it was kept. Raises FetchFailed."""
        headers = {
            "User-Agent": f"bypuls/{version('bypuls')} (municipal climate accounts)",
            "Accept": "application/json",
        }
        if kept is not None and kept.etag:
            headers["If-None-Match"] = kept.etag
        if kept is not None and kept.last_modified:
            headers["If-Modified-Since"] = kept.last_modified
        trouble = ""
        for attempt in range(TRIES):
            self._wait_for_turn()
            asked_for_s: float | None = None
            try:
                request = urllib.request.Request(url, headers=headers)
                with urllib.request.urlopen(request, timeout=self._timeout_s) as response:
                    content = response.read(MOST_BYTES + 1)
                    return _checked(content), {k.lower(): v for k, v in response.headers.items()}
            except urllib.error.HTTPError as error:
                with error:
                    if error.code == 304:
                        return None, {}
                    trouble = f"the service answers {error.code} {error.reason}"
                    if error.code not in _BUSY:
                        raise FetchFailed(f"{trouble} to {url}") from error
                    asked_for_s = _retry_after_s(error.headers.get("Retry-After"))
            except (OSError, HTTPException) as error:
                trouble = f"the service can't be reached ({getattr(error, 'reason', None) or error})"
            if attempt + 1 < TRIES:
                wait_s = asked_for_s if asked_for_s is not None else 2.0**attempt * random.uniform(1.0, 2.0)
                if wait_s > LONGEST_WAIT_S:
                    raise FetchFailed(f"{trouble} and asks to wait {wait_s:.0f} s")
                self._sleep(wait_s)
        raise FetchFailed(f"{trouble}, {TRIES} times")

    def _wait_for_turn(self) -> None:
        now = self._clock()
        if self._asked is not None:
            wait_s = self._interval_s - (now - self._asked).total_seconds()
            if wait_s > 0.0:
                self._sleep(wait_s)
        self._asked = self._clock()


def _checked(content: bytes) -> bytes:
    """An answer that may take the place of the one that is kept."""
    if len(content) > MOST_BYTES:
        raise FetchFailed(f"the answer is longer than {MOST_BYTES} bytes")
    try:
        found = json.loads(content)
    except ValueError as error:
        raise FetchFailed(f"the answer isn't JSON: {error}") from error
    if not isinstance(found, dict) or not isinstance(found.get("records"), list):
        raise FetchFailed("the answer has no records")
    return content


def _retry_after_s(text: str | None) -> float | None:
    return float(text) if text is not None and text.strip().isdigit() else None


def _read(about: Path, body: Path) -> _Kept | None:
    try:
        found = _Kept(**json.loads(about.read_text("utf-8")))
    except (OSError, ValueError, TypeError):
        return None
    return found if body.exists() else None


def _replace(path: Path, content: bytes) -> None:
    draft = path.with_suffix(".new")
    draft.write_bytes(content)
    draft.replace(path)
