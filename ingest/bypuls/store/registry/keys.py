"""Keys of the API: 256 random bits, shown once, kept as a digest."""

from __future__ import annotations

import hashlib
import hmac
import secrets
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select

from bypuls.store.registry.errors import BadValue, UnknownEntity, nearest
from bypuls.store.registry.journal import record
from bypuls.store.registry.registry import Registry
from bypuls.store.registry.tables import ApiKey
from bypuls.store.registry.tables.access import SCOPES

PREFIX = "byp_"
# `byp_` and 32 bytes in base64url; longer ones are not worth hashing.
_LENGTH = len(PREFIX) + 43


@dataclass(frozen=True, slots=True)
class Key:
    """A key without its secret."""

    id: str
    name: str
    scopes: frozenset[str]
    created: datetime
    expires: datetime | None
    revoked: datetime | None


def create_key(
    registry: Registry, name: str, scopes: Collection[str], expires: datetime | None = None, *, actor: str = "local"
) -> str:
    """Make a key and return its token, which nothing can show again. `actor` stands in the audit.

    Raises BadValue for no or unknown scopes, a bad name, or an expiry that has passed.
    """
    wanted = frozenset(scopes)
    key_id = f"key-{secrets.token_hex(6)}"
    if not wanted or not wanted <= frozenset(SCOPES):
        near = "".join(nearest(scope, SCOPES) for scope in sorted(wanted - frozenset(SCOPES)))
        raise BadValue("api_key", (key_id,), "scopes", sorted(wanted), f"one or more of {', '.join(SCOPES)}{near}")
    token = PREFIX + secrets.token_urlsafe(32)
    in_order = ",".join(scope for scope in SCOPES if scope in wanted)
    now = registry.clock()
    with registry.session() as session:
        session.add(ApiKey(id=key_id, name=name, hash=_digest(token), scopes=in_order, created=now, expires=expires))
        detail = {"name": name, "scopes": in_order, "expires": expires.isoformat() if expires is not None else None}
        record(session, now, actor, "create", "api_key", key_id, detail)
    return token


def verify_key(registry: Registry, token: str, now: datetime) -> Key | None:
    """The key that `token` opens at `now`; None for an unknown, revoked or expired one.

    Every digest is compared, each in constant time, so that the answer's time tells nothing.
    """
    well_formed = len(token) == _LENGTH and token.startswith(PREFIX) and token.isascii()
    digest = _digest(token if well_formed else "")
    found: ApiKey | None = None
    with registry.reading() as session:
        for row in session.scalars(select(ApiKey)):
            if hmac.compare_digest(row.hash, digest):
                found = row
    if found is None or found.revoked is not None or (found.expires is not None and found.expires <= now):
        return None
    return _without_secret(found)


def revoke_key(registry: Registry, key_id: str, *, actor: str = "local") -> None:
    """Make the key useless from now on; a key revoked earlier stays so. Raises UnknownEntity."""
    now = registry.clock()
    with registry.session() as session:
        row = session.get(ApiKey, key_id)
        if row is None:
            known = session.scalars(select(ApiKey.id))
            raise UnknownEntity(f"api_key: {key_id!r} — expected the id of a key{nearest(key_id, known)}")
        if row.revoked is None:
            row.revoked = now
            record(session, now, actor, "revoke", "api_key", key_id, {"name": row.name})


def keys(registry: Registry) -> list[Key]:
    """All keys by the time they were made, revoked and expired ones too."""
    with registry.reading() as session:
        rows = session.scalars(select(ApiKey).order_by(ApiKey.created, ApiKey.id))
        return [_without_secret(row) for row in rows]


def _digest(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()


def _without_secret(row: ApiKey) -> Key:
    return Key(row.id, row.name, frozenset(row.scopes.split(",")), row.created, row.expires, row.revoked)
