"""What accounts did: calls and refreshes, counted by the day."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

__all__ = ["AccountDay", "ActivityStore"]


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountDay:
    """One account on one day of UTC. Of calls there is nothing but how they ended."""

    account_id: str
    day: datetime
    """Its first instant."""
    calls: int = 0
    calls_failed: int = 0
    """Of them, those that the network or the provider failed: no answer, or a status from 400 on."""
    last_call_at: datetime | None = None
    last_status: int | None = None
    """Of the last call that failed; None: none did, or that one had no answer."""
    refreshes: int = 0
    refreshes_failed: int = 0
    """Not among `refreshes`."""
    last_refresh_at: datetime | None = None
    """When one succeeded or failed."""
    last_error: str | None = None
    """The code of the last refresh that failed."""


class ActivityStore(Protocol):
    """Counts of calls and refreshes. There is one row for an account and a day, however much it did."""

    async def add_activity(self, days: Sequence[AccountDay]) -> None:
        """Add to what is counted. What tells of the last call or refresh replaces what was there, unless it
        is None. Days of an account that is not there are left out. No two of `days` are of the same account
        and day."""
        ...

    async def activity(self, project_id: str, account_id: str, *, limit: int = 30) -> list[AccountDay]:
        """The account's days on which it did something, newest first."""
        ...
