"""Keys are shown once, kept as digests, and end when they should."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from bypuls.store.registry import (
    BadValue,
    Registry,
    UnknownEntity,
    create_key,
    journal,
    keys,
    open_registry,
    revoke_key,
    verify_key,
)

NOW = datetime(2026, 6, 1, 12, tzinfo=UTC)


@pytest.fixture
def registry(tmp_path: Path, place_registry: Callable[[Path], Path]) -> Iterator[Registry]:
    with open_registry(place_registry(tmp_path), clock=lambda: NOW) as opened:
        yield opened


@pytest.fixture(scope="module")
def registry_with_key(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Registry]:
    """For tests that change nothing; opened once."""
    with open_registry(tmp_path_factory.mktemp("keys") / "registry.db", clock=lambda: NOW) as opened:
        create_key(opened, "the map", ["read"])
        yield opened


def test_a_key_opens_what_it_was_made_for(registry: Registry) -> None:
    token = create_key(registry, "the map", ["export", "read"])
    other = create_key(registry, "the clerk", ["admin"])
    assert token.startswith("byp_")
    assert len(token) == 47
    assert token != other
    key = verify_key(registry, token, NOW)
    assert key is not None
    assert (key.name, key.scopes, key.created, key.expires) == ("the map", frozenset({"read", "export"}), NOW, None)


@pytest.mark.parametrize(
    "token", ["", "byp_", "byp_" + "A" * 43, "byp_" + "å" * 43, "A" * 100_000, "byp_\ud800" + "A" * 42]
)
def test_other_tokens_open_nothing(registry_with_key: Registry, token: str) -> None:
    assert verify_key(registry_with_key, token, NOW) is None


def test_one_changed_character_opens_nothing(registry: Registry) -> None:
    token = create_key(registry, "the map", ["read"])
    for place in range(len(token)):
        changed = token[:place] + ("A" if token[place] != "A" else "B") + token[place + 1 :]
        assert verify_key(registry, changed, NOW) is None


def test_a_key_expires_at_its_moment(registry: Registry) -> None:
    end = NOW + timedelta(hours=1)
    token = create_key(registry, "for an hour", ["read"], end)
    assert verify_key(registry, token, end - timedelta(microseconds=1)) is not None
    assert verify_key(registry, token, end) is None


def test_revoking_acts_at_once_and_in_other_processes(registry: Registry, tmp_path: Path) -> None:
    token = create_key(registry, "the map", ["read"])
    with open_registry(tmp_path / "registry.db") as other:
        key = verify_key(other, token, NOW)
        assert key is not None
        before = other.version()
        revoke_key(registry, key.id)
        assert verify_key(other, token, NOW) is None
        assert other.version() == before + 1
        (listed,) = keys(other)
        assert listed.revoked == NOW


def test_revoking_twice_keeps_the_first_moment(registry: Registry) -> None:
    create_key(registry, "the map", ["read"])
    (key,) = keys(registry)
    revoke_key(registry, key.id)
    revoke_key(registry, key.id)
    assert [row.action for row in journal(registry)] == ["revoke", "create"]


def test_unknown_keys_are_named(registry: Registry) -> None:
    with pytest.raises(UnknownEntity, match="'key-0' — expected the id of a key"):
        revoke_key(registry, "key-0")


@pytest.mark.parametrize(
    ("name", "scopes", "expires", "words"),
    [
        ("x", [], None, "scopes: .* — expected one or more of read, export, write, admin"),
        ("x", ["reed"], None, r"nearest: 'read'"),
        ("", ["read"], None, "name: '' — expected plain text"),
        ("x", ["read"], NOW, "expires: .* — expected later than created"),
        ("x", ["read"], datetime(2027, 1, 1), "a time with its zone"),  # noqa: DTZ001
    ],
)
def test_bad_keys_are_not_made(
    registry_with_key: Registry, name: str, scopes: list[str], expires: datetime | None, words: str
) -> None:
    with pytest.raises(BadValue, match=words):
        create_key(registry_with_key, name, scopes, expires)
    assert len(keys(registry_with_key)) == 1
    assert len(journal(registry_with_key)) == 1


def test_the_audit_says_who_and_when(registry: Registry) -> None:
    create_key(registry, "the map", ["read"], actor="anna")
    (key,) = keys(registry)
    revoke_key(registry, key.id, actor="bo")
    assert [(row.t, row.actor, row.action, row.entity, row.entity_id) for row in journal(registry)] == [
        (NOW, "bo", "revoke", "api_key", key.id),
        (NOW, "anna", "create", "api_key", key.id),
    ]


def test_a_dump_holds_no_key(registry: Registry, tmp_path: Path) -> None:
    token = create_key(registry, "the map", ["read"])
    (key,) = keys(registry)
    revoke_key(registry, key.id)
    with sqlite3.connect(tmp_path / "registry.db") as connection:
        dump = "\n".join(connection.iterdump())
    connection.close()
    assert key.id in dump
    assert token not in dump
    assert token.removeprefix("byp_") not in dump
