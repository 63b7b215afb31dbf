"""Requests to an InfluxDB: influxdb-client's low-level services, with its errors told as the store's.

Every request has a time limit and passes a `Pace`: a server that fails is asked at most once a second, whoever calls.
Writing and reading have a pace each: a failing query does not hold up writes.
"""

from __future__ import annotations

import contextlib
import gzip
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any

from influxdb_client import (
    BucketsService,
    DeletePredicateRequest,
    DeleteService,
    Dialect,
    InfluxDBClient,
    OrganizationsService,
    PostBucketRequest,
    Query,
    QueryService,
    WriteService,
)
from influxdb_client.client.query_api import QueryApi
from influxdb_client.rest import ApiException
from urllib3.exceptions import HTTPError

from bypuls.store.influx.failures import (
    SHOWN,
    PointsRefused,
    TooLarge,
    body_of,
    message_of,
    no_points,
    translated,
)
from bypuls.store.influx.pace import Pace
from bypuls.store.influx.settings import InfluxSettings
from bypuls.store.protocol import Misconfigured, StoreError, Unavailable

_DIALECT = Dialect(header=True, annotations=[], delimiter=",", date_time_format="RFC3339")


class _Services:
    """The client and its services."""

    def __init__(self, settings: InfluxSettings) -> None:
        self.client = InfluxDBClient(
            settings.url,
            token=settings.token,
            org=settings.org,
            timeout=int(settings.timeout_s * 1000),
            connection_pool_maxsize=16,
        )
        self.write = WriteService(self.client.api_client)
        self.query = QueryService(self.client.api_client)
        self.delete = DeleteService(self.client.api_client)
        self.buckets = BucketsService(self.client.api_client)
        self.organizations = OrganizationsService(self.client.api_client)


class Connection:
    """One InfluxDB over HTTP. Usable by several threads. `pause(seconds)` waits; closing ends it."""

    def __init__(
        self,
        settings: InfluxSettings,
        *,
        clock: Callable[[], float] = time.monotonic,
        pause: Callable[[float], object] | None = None,
        writing: Pace | None = None,
        reading: Pace | None = None,
    ) -> None:
        self.settings = settings
        self._clock = clock
        self._closing = threading.Event()
        self._pause = pause or self._closing.wait
        self._writing = writing or Pace()
        self._reading = reading or Pace()
        self._last: dict[Pace, tuple[type[StoreError], str]] = {}
        self._open: _Services | None = _Services(settings)

    @property
    def _services(self) -> _Services:
        if self._open is None:
            raise Unavailable(f"{self.settings.url}: the connection is closed")
        return self._open

    def close(self) -> None:
        """Ends the connections and every wait. Requests under way end with Unavailable."""
        self._closing.set()
        services, self._open = self._open, None
        if services is not None:
            services.client.close()

    def write(self, bucket: str, lines: Sequence[str]) -> None:
        """Stores all the lines: when it returns, the server has them on its disk.

        Raises PointsRefused, TooLarge, Unavailable, Misconfigured.
        """
        body = gzip.compress("\n".join(lines).encode(), 1)

        def send() -> None:
            self._services.write.post_write(
                org=self.settings.org,
                bucket=bucket,
                body=body,
                precision="us",
                content_encoding="gzip",
                content_type="text/plain; charset=utf-8",
            )

        self._patiently(self._writing, f"writing to bucket {bucket!r}", send)

    def try_write(self, bucket: str) -> None:
        """A write of nothing: raises Misconfigured where the token may not write, Unavailable."""
        # 2.x says 400 to a write without points, but only to those who may write.
        with contextlib.suppress(PointsRefused):
            self.write(bucket, ["# nothing"])

    def query(self, flux: str, parameters: Mapping[str, object]) -> str:
        """The CSV answer to a fixed Flux text. Raises Unavailable, Misconfigured."""
        query = Query(query=flux, dialect=_DIALECT, extern=QueryApi._build_flux_ast(dict(parameters)))

        def ask() -> str:
            answer = self._services.query.post_query(org=self.settings.org, query=query, _preload_content=False)
            try:
                data: bytes = answer.data
            finally:
                answer.release_conn()
            return data.decode()

        what = f"reading from bucket {parameters.get('bucket')!r}"
        with no_points(f"{self.settings.url}: {what}"):
            text: str = self._patiently(self._reading, what, ask)
        return text

    def delete(self, bucket: str, start_ns: int, end_ns: int, predicate: str) -> None:
        """Deletes points of [start, end) [ns since 1970] by a predicate. Raises Unavailable, Misconfigured."""
        # 2.x deletes up to and with `stop`, 1.12 up to it: one nanosecond less is right for both, times being whole µs.
        request = DeletePredicateRequest(start=_rfc3339(start_ns), stop=_rfc3339(end_ns - 1), predicate=predicate)

        def send() -> None:
            self._services.delete.post_delete(delete_predicate_request=request, bucket=bucket, org=self.settings.org)

        with no_points(f"{self.settings.url}: deleting from bucket {bucket!r}"):
            self._patiently(self._writing, f"deleting from bucket {bucket!r}", send)

    def create_bucket(self, name: str) -> None:
        """Creates the bucket where it isn't there; kept for ever. Raises Unavailable, Misconfigured."""

        def create() -> None:
            org_id = self._org_id()
            if org_id is None:  # 1.12: a bucket is database/policy; making one that is there changes nothing
                full = name if "/" in name else f"{name}/autogen"
                policy = full.partition("/")[2]
                self._services.buckets.post_buckets(
                    PostBucketRequest(org_id="", name=full, rp=policy, retention_rules=[])
                )
            elif not self._services.buckets.get_buckets(org=self.settings.org, name=name).buckets:
                self._services.buckets.post_buckets(PostBucketRequest(org_id=org_id, name=name, retention_rules=[]))

        with no_points(f"{self.settings.url}: creating bucket {name!r}"):
            self._once(self._writing, f"creating bucket {name!r}", create)

    def _org_id(self) -> str | None:
        """The organisation's id; None on 1.12, which has none. Raises Misconfigured."""
        try:
            found = self._services.organizations.get_orgs(org=self.settings.org).orgs
        except ApiException as error:
            # 2.x says a missing organisation in JSON with a code; 1.12 doesn't know the path at all.
            if error.status == 404 and "not found" in message_of(error) and '"code"' not in body_of(error):
                return None
            raise
        if not found:
            raise Misconfigured(f"{self.settings.url}: no organisation {self.settings.org!r}")
        return str(found[0].id)

    def _patiently(self, pace: Pace, what: str, send: Callable[[], Any]) -> Any:
        """Tries again, within `patience_s`, while the server can't."""
        deadline = self._clock() + self.settings.patience_s
        while True:
            if self._closing.is_set():
                raise Unavailable(f"{self.settings.url}: the connection is closed")
            wait = pace.admit()
            if not wait:
                try:
                    return self._once(pace, what, send)
                except Unavailable as error:
                    wait = error.retry_after_s or 0.0
                    if self._clock() + wait > deadline:
                        raise
            elif self._clock() + wait > deadline:
                raise self._again(pace, wait)
            self._pause(wait)

    def _again(self, pace: Pace, wait_s: float) -> StoreError:
        """The last failure again, for a call that came too soon after it."""
        kind, last = self._last.get(pace, (Unavailable, self.settings.url))
        message = f"{last} (not asked again for {wait_s:.1f} s)"
        return Misconfigured(message) if kind is Misconfigured else Unavailable(message, wait_s)

    def _once(self, pace: Pace, what: str, send: Callable[[], Any]) -> Any:
        try:
            with self._told(what):
                result = send()
        except StoreError as error:
            asked = error.retry_after_s if isinstance(error, Unavailable) else None
            wait_s = pace.failed(asked)
            if isinstance(error, Unavailable):
                error.retry_after_s = wait_s
            self._last[pace] = (type(error), str(error))
            raise
        except (PointsRefused, TooLarge):
            pace.succeeded()  # it works and told us what it doesn't take
            raise
        pace.succeeded()
        return result

    @contextmanager
    def _told(self, what: str) -> Iterator[None]:
        """The client's errors as the store's. None of their messages holds the token."""
        where = f"{self.settings.url}: {what}"
        try:
            yield
        except ApiException as error:
            raise translated(error, where) from None
        except HTTPError as error:
            raise Unavailable(f"{where}: {type(error).__name__}: {error}"[: 2 * SHOWN]) from None
        except OSError as error:
            if isinstance(error, StoreError):
                raise
            raise Unavailable(f"{where}: {error}") from None


def _rfc3339(ns: int) -> str:
    seconds, rest = divmod(ns, 1_000_000_000)
    return f"{datetime.fromtimestamp(seconds, UTC):%Y-%m-%dT%H:%M:%S}.{rest:09d}Z"
