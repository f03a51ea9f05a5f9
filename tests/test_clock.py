"""Time: aware, UTC, whole milliseconds."""

from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connect_hub.clock import FixedClock, SystemClock, iso, truncate

AWARE = st.datetimes(
    min_value=datetime(1970, 1, 3),  # noqa: DTZ001 - hypothesis adds the zone
    max_value=datetime(9999, 12, 29),  # noqa: DTZ001
    timezones=st.integers(-23 * 60, 23 * 60).map(lambda minutes: timezone(timedelta(minutes=minutes))),
)


@given(AWARE)
def test_truncate(instant: datetime) -> None:
    """Truncating gives the same instant in UTC, less than a millisecond earlier, and does so once for all."""
    cut = truncate(instant)
    assert cut.tzinfo is UTC
    assert cut.microsecond % 1000 == 0
    assert timedelta(0) <= instant - cut < timedelta(milliseconds=1)
    assert truncate(cut) == cut


@given(AWARE)
def test_iso_is_read_back(instant: datetime) -> None:
    """The text of an instant has the wire contract's form and reads back as the truncated instant."""
    text = iso(instant)
    assert len(text) == 24
    assert text.endswith("Z")
    assert datetime.fromisoformat(text) == truncate(instant)


def test_iso_example() -> None:
    """Milliseconds are always three digits, and other zones are converted."""
    instant = datetime(2026, 1, 2, 4, 4, 5, 7999, tzinfo=timezone(timedelta(hours=1)))
    assert iso(instant) == "2026-01-02T03:04:05.007Z"


def test_naive_is_refused() -> None:
    """A datetime without a zone is a mistake, not UTC."""
    with pytest.raises(ValueError, match="time zone"):
        truncate(datetime(2026, 1, 1))  # noqa: DTZ001 - the mistake under test
    with pytest.raises(ValueError, match="time zone"):
        FixedClock(datetime(2026, 1, 1))  # noqa: DTZ001 - the mistake under test


def test_system_clock() -> None:
    """The machine's clock tells the present, in UTC and whole milliseconds."""
    before, now, after = datetime.now(UTC), SystemClock().now(), datetime.now(UTC)
    assert before - timedelta(milliseconds=1) < now <= after
    assert now == truncate(now)


def test_fixed_clock_moves_when_told() -> None:
    """R12: a fixed clock stands still, and steps forward and back by what it is told."""
    clock = FixedClock(datetime(2026, 1, 1, tzinfo=UTC))
    assert clock.now() is clock.now()
    clock.advance(timedelta(hours=1))
    clock.advance(timedelta(hours=-2, microseconds=-1))
    assert clock.now() == datetime(2025, 12, 31, 22, 59, 59, 999000, tzinfo=UTC)
