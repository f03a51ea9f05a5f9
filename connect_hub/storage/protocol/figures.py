"""What a project's overview counts."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple, Protocol

from connect_hub.models import AccountStatus, Step
from connect_hub.storage.protocol.events import DeliveryState

__all__ = [
    "EVENTS_COUNTED",
    "MOST_COUNTED",
    "AccountKind",
    "Failure",
    "FailureQuery",
    "FigureStore",
    "Figures",
]

MOST_COUNTED = 3_000
"""No count goes past this, so that a page costs the same however much there is."""
EVENTS_COUNTED = 1_000
"""Events whose deliveries are counted: each may have gone to many endpoints."""


class AccountKind(NamedTuple):
    """What accounts are counted by."""

    status: AccountStatus
    """The stored one."""
    provider: str
    method: str


@dataclass(frozen=True, slots=True)
class Figures:
    """Counts of one project. What there is more of than is counted is said beside it."""

    accounts: Mapping[AccountKind, int]
    """Those of none are left out; of each status the newest `most`."""
    connected: Mapping[datetime, int]
    """Accounts by the day (UTC) on which they were connected, of the newest `most`; days without are left
    out."""
    deliveries: Mapping[DeliveryState, int]
    """Deliveries by state, since the oldest of the newest EVENTS_COUNTED events, or `most` where that is
    less; those of none are left out."""
    cut_statuses: frozenset[AccountStatus] = frozenset()
    """Statuses of which there may be more than were counted."""
    connected_cut: bool = False
    """Whether more may have been connected, on the first of these days and before."""
    deliveries_cut: bool = False
    """Whether there may be deliveries of older events."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FailureQuery:
    """Which failed tries to list: newest first, by (at, session id, number)."""

    project_id: str
    provider: str | None = None
    since: datetime | None = None
    limit: int = 25
    before: tuple[datetime, int, int] | None = None


@dataclass(frozen=True, slots=True)
class Failure:
    """A try that did not succeed, and whose it was."""

    step: Step
    number: int
    """The step's place in its session."""
    origin_owner_id: str
    origin_owner_name: str


class FigureStore(Protocol):
    """Read only."""

    async def figures(
        self, project_id: str, *, since: datetime, targets: Collection[str] = (), most: int = MOST_COUNTED
    ) -> Figures:
        """`connected` and `deliveries` of what happened since then; of deliveries those to `targets`. No row
        is counted past `most`."""
        ...

    async def accounts_by_provider(self, project_id: str, providers: Collection[str]) -> dict[str, int]:
        """How many accounts each of `providers` has, none of the counts above MOST_COUNTED."""
        ...

    async def failures(self, query: FailureQuery) -> list[Failure]: ...
