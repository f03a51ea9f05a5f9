"""Time: aware UTC instants of millisecond precision, from a clock that is passed in."""

from datetime import UTC, datetime, timedelta
from typing import Protocol

__all__ = ["Clock", "FixedClock", "SystemClock", "iso", "truncate"]


class Clock(Protocol):
    """Where the hub reads the time; replace it in tests."""

    def now(self) -> datetime:
        """The current instant: aware, UTC, whole milliseconds."""
        ...


class SystemClock:
    """The machine's clock."""

    def now(self) -> datetime:
        return truncate(datetime.now(UTC))


class FixedClock:
    """A clock that stands still until it is told to move."""

    def __init__(self, start: datetime) -> None:
        self._now = truncate(start)

    def now(self) -> datetime:
        return self._now

    def advance(self, step: timedelta) -> None:
        """Move by `step`, which may be negative."""
        self._now = truncate(self._now + step)


def truncate(instant: datetime) -> datetime:
    """`instant` in UTC, cut to whole milliseconds, the precision in which the hub stores time.

    Raises ValueError for a naive datetime.
    """
    if instant.tzinfo is None:
        raise ValueError("a datetime here needs a time zone, such as datetime.now(UTC)")
    if instant.tzinfo is not UTC:
        instant = instant.astimezone(UTC)
    return instant.replace(microsecond=instant.microsecond // 1000 * 1000)


def iso(instant: datetime) -> str:
    """RFC 3339 text in UTC with milliseconds and a `Z`, such as `2026-01-02T03:04:05.678Z`."""
    if instant.tzinfo is not UTC:
        instant = instant.astimezone(UTC)
    return instant.isoformat(timespec="milliseconds").removesuffix("+00:00") + "Z"
