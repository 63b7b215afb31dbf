"""Where the InfluxDB is and what it lets us do."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class InfluxSettings:
    """One InfluxDB. The token is in no repr and no message.

    On InfluxDB 2.x `token` is an API token and `org` the organisation's name; on 1.12 the token is `user:password`,
    `org` is empty and a bucket is a database (`database` or `database/policy`; the two must be different databases,
    because 1.12 deletes from all policies of one).
    """

    url: str
    token: str = field(repr=False)
    org: str = ""
    raw_bucket: str = "bypuls"
    rollup_bucket: str = "bypuls_rollup"
    # One request's time limit [s].
    timeout_s: float = 10.0
    # How long a call tries again by itself before it raises Unavailable [s].
    patience_s: float = 0.0

    def __post_init__(self) -> None:
        if not self.url.startswith(("http://", "https://")):
            raise ValueError(f"url: {self.url!r} — expected http://… or https://…")
        if not self.token or not self.token.isprintable():
            raise ValueError("token: expected a token of printable characters (its value is not shown)")
        for name in ("raw_bucket", "rollup_bucket"):
            if not getattr(self, name):
                raise ValueError(f"{name}: '' — expected a bucket's name")
        if self.raw_bucket.partition("/")[0] == self.rollup_bucket.partition("/")[0]:
            raise ValueError(f"rollup_bucket: {self.rollup_bucket!r} — expected another one than raw_bucket")
        if self.timeout_s <= 0:
            raise ValueError(f"timeout_s: {self.timeout_s!r} — expected more than 0 s")
        if self.patience_s < 0:
            raise ValueError(f"patience_s: {self.patience_s!r} — expected 0 s or more")
