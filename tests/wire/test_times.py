"""Time on the wire: what is read, what is refused, and that no microsecond is lost."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta, timezone, tzinfo
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bypuls.wire import BadField, Weather, format_time, from_us, parse_time, to_us

moments = st.datetimes(timezones=st.just(UTC))


@pytest.mark.parametrize(
    ("text", "t"),
    [
        ("2026-11-23T08:15:01Z", datetime(2026, 11, 23, 8, 15, 1, tzinfo=UTC)),
        ("2026-11-23T08:15:01.4Z", datetime(2026, 11, 23, 8, 15, 1, 400_000, tzinfo=UTC)),
        ("2026-11-23T08:15:01.412903Z", datetime(2026, 11, 23, 8, 15, 1, 412_903, tzinfo=UTC)),
        ("2026-11-23T08:15:01.000001Z", datetime(2026, 11, 23, 8, 15, 1, 1, tzinfo=UTC)),
        ("2024-02-29T23:59:59Z", datetime(2024, 2, 29, 23, 59, 59, tzinfo=UTC)),
        ("2000-02-29T00:00:00Z", datetime(2000, 2, 29, tzinfo=UTC)),
        ("0001-01-01T00:00:00Z", datetime(1, 1, 1, tzinfo=UTC)),
        ("9999-12-31T23:59:59.999999Z", datetime(9999, 12, 31, 23, 59, 59, 999_999, tzinfo=UTC)),
    ],
)
def test_utc_with_z_is_read_exactly(text: str, t: datetime) -> None:
    assert parse_time("t", text) == t
    assert parse_time("t", text).tzinfo is UTC


@pytest.mark.parametrize(
    "text",
    [
        "2016-12-31T23:59:60Z",  # a leap second that was
        "2026-11-23T08:15:01.4129035Z",  # 7 decimals
        "2026-11-23T08:15:01.Z",
        "2026-11-23T08:15:01,4Z",
        "2026-11-23T08:15:01+00:00",
        "2026-11-23T08:15:01+01:00",
        "2026-11-23T08:15:01",
        "2026-11-23T08:15:01z",
        "2026-11-23t08:15:01Z",
        "2026-11-23 08:15:01Z",
        "2026-11-23T08:15Z",
        "2026-11-23",
        "20261123T081501Z",
        "2026-W48-1T08:15:01Z",
        "2026-327T08:15:01Z",
        "2026-02-29T00:00:00Z",
        "1900-02-29T00:00:00Z",
        "2026-04-31T00:00:00Z",
        "2026-13-01T00:00:00Z",
        "2026-00-01T00:00:00Z",
        "2026-11-23T24:00:00Z",
        "2026-11-23T08:60:00Z",
        "0000-01-01T00:00:00Z",
        "10000-01-01T00:00:00Z",
        "-2026-11-23T08:15:01Z",
        "٢٠٢٦-11-23T08:15:01Z",
        "2026-11-23T08:15:01Z\n",
        " 2026-11-23T08:15:01Z",
        "",
        1795421701,
        1795421701.5,
        True,
        None,
        ["2026-11-23T08:15:01Z"],
    ],
)
def test_everything_else_is_refused(text: object) -> None:
    with pytest.raises(BadField) as refusal:
        parse_time("sent", text)
    assert (refusal.value.field, refusal.value.value) == ("sent", text)


@given(moments)
def test_text_keeps_every_microsecond(t: datetime) -> None:
    assert parse_time("t", format_time(t)) == t


@given(moments)
def test_microseconds_are_exact(t: datetime) -> None:
    assert from_us(to_us(t)) == t
    assert type(to_us(t)) is int


@given(st.integers(to_us(datetime(1, 1, 1, tzinfo=UTC)), to_us(datetime(9999, 12, 31, tzinfo=UTC))))
def test_neighbouring_microseconds_stay_apart(us: int) -> None:
    assert to_us(from_us(us)) == us
    assert from_us(us) + timedelta(microseconds=1) == from_us(us + 1)


def test_the_epoch_is_1970() -> None:
    assert to_us(datetime(1970, 1, 1, tzinfo=UTC)) == 0
    assert to_us(datetime(2026, 11, 23, 8, 15, 1, 412_903, tzinfo=UTC)) == 1_795_421_701_412_903


def test_other_zones_are_written_in_utc() -> None:
    summer = datetime(2026, 7, 1, 2, 0, tzinfo=ZoneInfo("Europe/Copenhagen"))
    assert format_time(summer) == "2026-07-01T00:00:00Z"
    assert Weather(sensor="s", t=summer, temp_c=1.0).t == datetime(2026, 7, 1, tzinfo=UTC)


class Nowhere(tzinfo):
    """A zone that does not know its offset: its times are as good as naive."""

    def utcoffset(self, _t: datetime | None) -> None:
        return None


@pytest.mark.parametrize(
    "t",
    [
        datetime(2026, 11, 23),  # noqa: DTZ001 - naive on purpose
        datetime(2026, 11, 23, tzinfo=Nowhere()),
        datetime.max.replace(tzinfo=timezone(timedelta(hours=-5))),
        datetime.min.replace(tzinfo=timezone(timedelta(hours=5))),
        date(2026, 11, 23),
        "2026-11-23T08:15:01Z",
        0,
    ],
)
def test_a_reading_takes_no_time_without_its_place_in_utc(t: object) -> None:
    with pytest.raises(BadField, match=r"^t: .* expected a time with its zone"):
        Weather(sensor="s", t=t, temp_c=1.0)  # type: ignore[arg-type]


def test_a_naive_time_is_not_written() -> None:
    with pytest.raises(BadField, match="a time with its zone"):
        format_time(datetime(2026, 11, 23))  # noqa: DTZ001 - naive on purpose
