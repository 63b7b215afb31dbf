"""Who may ask, how often, and how much."""

from datetime import timedelta
from typing import Any

import pytest

from bypuls.api import ApiSettings
from bypuls.api.access import COOKIE, RateLimit
from bypuls.store.registry import create_key, keys, revoke_key

OPEN = ApiSettings(open_on_loopback=True, rate_per_s=1e6, burst=1_000_000)


@pytest.mark.parametrize(
    ("scope", "path", "status"),
    [
        (None, "/sites", 401), ("read", "/sites", 200), ("export", "/sites", 403), ("write", "/sites", 403),
        ("admin", "/sites", 200), (None, "/dead-letters", 401), ("read", "/dead-letters", 403),
        ("admin", "/dead-letters", 200), ("read", "/readings?sensor=radar", 403),
        ("admin", "/readings?sensor=radar", 200), ("read export", "/readings?sensor=radar", 200),
        (None, "/health", 200), (None, "/version", 200), (None, "/metrics", 401), ("read", "/metrics", 200),
        (None, "/live", 401), (None, "/live/changes", 401), (None, "/latest", 401), (None, "/today", 401),
    ],
)  # fmt: skip
def test_each_scope_opens_what_it_should(
    make_client: Any, town: Any, scope: str | None, path: str, status: int
) -> None:
    client = make_client(key=town.keys[scope] if scope else None)
    answer = client.get(f"/api/v1{path}")
    assert answer.status_code == status
    if status == 401:
        assert answer.headers["www-authenticate"].startswith("Bearer")


@pytest.mark.parametrize("header", ["Basic dTpw", "Bearer", "Bearer ", "byp_x", "Bearer byp_" + "x" * 43, "Bearer ÿ"])
def test_what_is_no_key_opens_nothing(make_client: Any, header: str) -> None:
    # Not even where the address alone would: a wrong key is an error to be seen.
    client = make_client(address="127.0.0.1", host="127.0.0.1", settings=OPEN)
    answer = client.get("/api/v1/sites", headers={"Authorization": header.encode("latin-1")})
    assert answer.status_code == 401


def test_a_revoked_and_an_expired_key_open_nothing(make_client: Any, town: Any) -> None:
    registry = town.context.registry
    token = create_key(registry, "for a day", ["read"], town.context.clock() + timedelta(days=1))
    client = make_client(key=token)
    assert client.get("/api/v1/sites").status_code == 200
    tomorrow = make_client(key=token, clock=lambda: town.context.clock() + timedelta(days=2))
    assert tomorrow.get("/api/v1/sites").status_code == 401
    revoke_key(registry, next(key.id for key in keys(registry) if key.name == "for a day"))
    assert client.get("/api/v1/sites").status_code == 401


@pytest.mark.parametrize(
    ("address", "host", "headers", "status"),
    [
        ("127.0.0.1", "127.0.0.1:8000", {}, 200),
        ("::1", "[::1]:8000", {}, 200),
        ("127.0.0.1", "localhost", {}, 200),
        ("192.0.2.7", "localhost", {}, 401),
        ("127.0.0.1", "evil.example", {}, 401),
        ("127.0.0.1", "localhost", {"X-Forwarded-For": "192.0.2.7"}, 401),
        ("127.0.0.1", "localhost", {"Forwarded": "for=192.0.2.7"}, 401),
    ],
)
def test_the_demo_is_open_to_this_machine_alone(
    make_client: Any, address: str, host: str, headers: dict[str, str], status: int
) -> None:
    client = make_client(address=address, host=host, settings=OPEN)
    assert client.get("/api/v1/sites", headers=headers).status_code == status
    assert client.get("/api/v1/dead-letters", headers=headers).status_code in (401, 403)


def test_loopback_is_not_open_by_itself(make_client: Any) -> None:
    assert make_client(address="127.0.0.1", host="localhost").get("/api/v1/sites").status_code == 401


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.0.2.7", "bypuls.example", ""])
def test_an_open_api_on_another_address_is_refused(host: str) -> None:
    with pytest.raises(ValueError, match="open_on_loopback"):
        ApiSettings(open_on_loopback=True, host=host)


@pytest.mark.parametrize(
    ("field", "value"), [("tz", "Mars/Base"), ("burst", 0), ("rate_per_s", -1.0), ("most_rows", 0)]
)
def test_settings_name_what_is_wrong(field: str, value: object) -> None:
    with pytest.raises(ValueError, match=field):
        ApiSettings(**{field: value})  # type: ignore[arg-type]


def test_too_many_requests_are_told_when_to_come_back(make_client: Any, town: Any) -> None:
    settings = ApiSettings(rate_per_s=0.1, burst=3)
    client = make_client(key=town.keys["read"], settings=settings)
    assert [client.get("/api/v1/sites").status_code for _ in range(4)] == [200, 200, 200, 429]
    answer = client.get("/api/v1/sites")
    assert 1 <= int(answer.headers["retry-after"]) <= 10
    assert client.get("/api/v1/health").status_code == 200


def test_guessing_keys_is_slowed_down(make_client: Any) -> None:
    client = make_client(settings=ApiSettings(rate_per_s=0.1, burst=3))
    headers = [{"Authorization": f"Bearer byp_{number:043d}"} for number in range(4)]
    assert [client.get("/api/v1/sites", headers=one).status_code for one in headers] == [401, 401, 401, 429]


def test_the_bucket_fills_again() -> None:
    now = [0.0]
    limit = RateLimit(2.0, 2, time=lambda: now[0])
    assert [limit.wait_s("a"), limit.wait_s("a"), limit.wait_s("b")] == [0.0, 0.0, 0.0]
    assert limit.wait_s("a") == pytest.approx(0.5)
    now[0] = 0.5
    assert limit.wait_s("a") == 0.0
    assert limit.wait_s("a") > 0.0


def test_buckets_are_bounded() -> None:
    limit = RateLimit(1.0, 1, time=lambda: 0.0, most=3)
    assert all(limit.wait_s(str(who)) == 0.0 for who in range(10))
    assert len(limit._buckets) == 3


@pytest.mark.parametrize("announced", [True, False])
def test_a_body_has_its_limit(make_client: Any, announced: bool) -> None:
    client = make_client()
    body = b"key=" + b"x" * 300_000

    async def parts() -> Any:
        for at in range(0, len(body), 65_536):
            yield body[at : at + 65_536]

    content = body if announced else parts()
    answer = client.request("POST", "/sign-in", content=content)
    assert answer.status_code == 413
    assert answer.json()["type"] == "urn:bypuls:problem:too-large"


def test_signing_in_keeps_the_key_in_a_cookie_that_only_reads(make_client: Any, town: Any) -> None:
    client = make_client()
    assert client.get("/").headers["location"] == "/sign-in"
    assert client.get("/fragments/now", headers={"HX-Request": "true"}).headers["hx-redirect"] == "/sign-in"
    assert client.request("POST", "/sign-in", data={"key": "byp_wrong"}).status_code == 401
    done = client.request("POST", "/sign-in", data={"key": town.keys["admin"]})
    assert (done.status_code, done.headers["location"]) == (303, "/")
    cookie = done.headers["set-cookie"]
    assert all(part in cookie for part in ("HttpOnly", "SameSite=strict"))
    assert client.get("/").status_code == 200
    assert client.get("/api/v1/sites").status_code == 200
    # The key is an admin's, its cookie isn't.
    assert client.get("/api/v1/dead-letters").status_code == 403
    assert COOKIE in client.request("POST", "/sign-out").headers["set-cookie"]


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "PATCH"])
def test_reading_routes_take_no_other_method(make_client: Any, town: Any, method: str) -> None:
    answer = make_client(key=town.keys["admin"]).request(method, "/api/v1/sites")
    assert (answer.status_code, answer.headers["content-type"]) == (405, "application/problem+json")
