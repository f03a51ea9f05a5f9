"""Days of accounts to rows and back; see `connect_hub.storage.rows`."""

from connect_hub.storage.protocol import AccountDay
from connect_hub.storage.rows import Row, Values, instant, instant_or_none, milliseconds, milliseconds_or_none

__all__ = ["COUNTED", "LAST", "day_of", "day_row"]

COUNTED = ("calls", "calls_failed", "refreshes", "refreshes_failed")
"""Columns that are added to."""
LAST = ("last_call_at", "last_status", "last_refresh_at", "last_error")
"""Columns that are replaced by what is not None."""


def day_row(day: AccountDay, project_id: str) -> Row:
    return {
        "account_id": day.account_id,
        "day": milliseconds(day.day),
        "project_id": project_id,
        "calls": day.calls,
        "calls_failed": day.calls_failed,
        "last_call_at": milliseconds_or_none(day.last_call_at),
        "last_status": day.last_status,
        "refreshes": day.refreshes,
        "refreshes_failed": day.refreshes_failed,
        "last_refresh_at": milliseconds_or_none(day.last_refresh_at),
        "last_error": day.last_error,
    }


def day_of(values: Values) -> AccountDay:
    (
        account_id,
        day,
        _project_id,
        calls,
        calls_failed,
        last_call_at,
        last_status,
        refreshes,
        refreshes_failed,
        last_refresh_at,
        last_error,
    ) = values
    return AccountDay(
        account_id=account_id,
        day=instant(day),
        calls=calls,
        calls_failed=calls_failed,
        last_call_at=instant_or_none(last_call_at),
        last_status=last_status,
        refreshes=refreshes,
        refreshes_failed=refreshes_failed,
        last_refresh_at=instant_or_none(last_refresh_at),
        last_error=last_error,
    )
