"""The steps of customers: how far each came, and where they stop."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol

from connect_hub.models import Step, StepKind

__all__ = ["MOST_STEPS", "FunnelQuery", "FunnelRow", "StepStore"]

MOST_STEPS = 200
"""More steps than this of one session are not kept, but for its connections."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FunnelQuery:
    """Which steps to count: those of `since` and later, and before `until`."""

    project_id: str
    since: datetime
    until: datetime
    provider: str | None = None
    """None: all, and the steps that are of no provider."""
    most: int | None = None
    """Of how many steps, the newest; None: of all."""


@dataclass(frozen=True, slots=True)
class FunnelRow:
    """How many sessions came how far with one provider."""

    provider: str | None
    """None: steps before a provider was chosen."""
    sessions: Mapping[StepKind, int]
    """How many sessions took a step of this kind; kinds that nobody took are left out."""
    median: timedelta | None
    """The median of how long connections took, of at most the 10,000 newest of the query."""
    cut: bool = False
    """Whether there may be older steps, of any provider, that were not counted."""


class StepStore(Protocol):
    """Steps are also written by `open_visit`, `save_attempt` and `link`, each in its own transaction."""

    async def record_step(self, step: Step, *, once: bool = False) -> None:
        """Add `step` to its session's.

        With `once`, only if the session has none of this kind, visit and provider. Its `took` is the
        storage's own, as is everything past MOST_STEPS. Raises LinkNotFound if the session is gone.
        """
        ...

    async def steps(self, project_id: str, session_id: int, *, limit: int = 200) -> list[Step]:
        """The session's newest `limit` steps, in the order in which they were taken."""
        ...

    async def funnel(self, query: FunnelQuery) -> list[FunnelRow]:
        """By provider, the one of None first."""
        ...
