"""What a project's overview counts."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from connect_hub.models import AccountStatus, Step
from connect_hub.storage.protocol.events import DeliveryState

__all__ = ["MOST_COUNTED", "Failure", "FailureQuery", "FigureStore", "Figures"]

MOST_COUNTED = 10_000
"""No count goes past this, so that a page costs the same however much there is."""


@dataclass(frozen=True, slots=True)
class Figures:
    """Counts of one project; none is above MOST_COUNTED."""

    accounts: Mapping[AccountStatus, int]
    """By the stored status; those of none are left out."""
    connected: Mapping[datetime, int]
    """Accounts by the day (UTC) on which they were connected, of the newest MOST_COUNTED; days without are
    left out."""
    deliveries: Mapping[DeliveryState, int]
    """Deliveries of the newest MOST_COUNTED events, by state; those of none are left out."""


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

    async def figures(self, project_id: str, *, since: datetime) -> Figures:
        """`connected` and `deliveries` of what happened since then."""
        ...

    async def accounts_by_provider(self, project_id: str, providers: Collection[str]) -> dict[str, int]:
        """How many accounts each of `providers` has, none of the counts above MOST_COUNTED."""
        ...

    async def failures(self, query: FailureQuery) -> list[Failure]: ...
