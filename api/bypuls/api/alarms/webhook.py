"""Alarms to other programs: a JSON document by POST, signed, at least once, with an id by which repeats are dropped.

Signed as the specification Standard Webhooks says: `webhook-id`, `webhook-timestamp`, `webhook-signature`, the latter
HMAC-SHA256 over id, timestamp and body. Addresses are the operator's configuration alone; redirects are not followed,
so that no receiver can send us elsewhere.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
from dataclasses import dataclass
from urllib.parse import urlsplit

import urllib3

from bypuls.api.settings import is_loopback

_PREFIX = "whsec_"
_LEAST_SECRET = 24
_OK = range(200, 300)


class NotTaken(OSError):
    """The receiver did not take it now. retry_after_s : what it asked for; None = nothing."""

    def __init__(self, message: str, retry_after_s: float | None = None) -> None:
        super().__init__(message)
        self.retry_after_s = retry_after_s


@dataclass(frozen=True, slots=True, kw_only=True)
class WebhookSettings:
    """One receiver. url : https, or http on this machine.  secret : shared with it, at least 24 characters; what begins
    with `whsec_` is base64.  timeout_s : of connecting and answering together [s].

    Raises ValueError naming the field and what was expected; never the secret."""

    url: str
    secret: str
    timeout_s: float = 15.0

    def __post_init__(self) -> None:
        parts = urlsplit(self.url)
        near = parts.scheme == "http" and is_loopback(parts.hostname)
        if parts.hostname is None or not (parts.scheme == "https" or near):
            raise ValueError(f"webhook url: {self.url!r} — expected https://…, or http:// on this machine")
        if parts.username is not None or parts.password is not None:
            raise ValueError("webhook url: one with a user in it — expected none: the signature tells who we are")
        if len(self.secret) < _LEAST_SECRET:
            raise ValueError(f"webhook secret: {len(self.secret)} characters — expected at least {_LEAST_SECRET}")
        self.key()

    def key(self) -> bytes:
        """The secret's bytes."""
        if not self.secret.startswith(_PREFIX):
            return self.secret.encode()
        try:
            return base64.b64decode(self.secret.removeprefix(_PREFIX), validate=True)
        except binascii.Error as error:
            raise ValueError(f"webhook secret: it begins with {_PREFIX} — expected base64 after it") from error

    def __repr__(self) -> str:
        return f"WebhookSettings(url={self.url!r})"


def signature(key: bytes, id: str, timestamp: int, body: bytes) -> str:
    """`v1,` and the base64 of HMAC-SHA256 over `id.timestamp.body`. timestamp : [s since 1970].
    Source: Standard Webhooks, specification, 'Signature scheme'."""
    signed = f"{id}.{timestamp}.".encode() + body
    return "v1," + base64.b64encode(hmac.new(key, signed, hashlib.sha256).digest()).decode()


class Webhook:
    """Sends to one receiver."""

    def __init__(self, settings: WebhookSettings) -> None:
        self._settings, self._key = settings, settings.key()
        self._pool = urllib3.PoolManager(
            num_pools=1, retries=False, timeout=urllib3.Timeout(total=settings.timeout_s)
        )  # fmt: skip

    def send(self, id: str, timestamp: int, body: bytes) -> None:
        """Hands a document over.  Raises NotTaken: try again later."""
        headers = {
            "Content-Type": "application/json",
            "User-Agent": "bypuls",
            "webhook-id": id,
            "webhook-timestamp": str(timestamp),
            "webhook-signature": signature(self._key, id, timestamp, body),
        }
        try:
            answer = self._pool.request(
                "POST", self._settings.url, body=body, headers=headers, redirect=False, preload_content=False
            )
        except urllib3.exceptions.HTTPError as error:
            raise NotTaken(f"{type(error).__name__}: {error}"[:500]) from error
        try:
            if answer.status not in _OK:
                wait = answer.headers.get("retry-after", "")
                raise NotTaken(f"the receiver says {answer.status}", float(wait) if wait.isdigit() else None)
        finally:
            # What it says beside its status is of no interest, and may be endless.
            answer.close()
