"""What `SQLStorage` has for visits: the attempts and steps in them, and what is counted of these."""

from collections.abc import Callable, Collection, Sequence
from datetime import datetime

from connect_hub.models import Attempt, AttemptStatus, OAuthState, Session, Step, StepKind, Visit
from connect_hub.storage.protocol import (
    MOST_COUNTED,
    Failure,
    FailureQuery,
    Figures,
    FunnelQuery,
    FunnelRow,
    NewEvent,
)
from connect_hub.storage.sql import (
    figures,
    steps,
    visits,
)
from connect_hub.storage.sql.tables import Tables
from connect_hub.storage.sql.transactions import Transactions

__all__ = ["SQLVisits"]


class SQLVisits:
    """`VisitStore`, `StepStore` and `FigureStore` over SQLAlchemy."""

    _transactions: Transactions
    tables: Tables

    # --- visits, attempts, states ---

    async def open_visit(
        self, visit: Visit, *, now: datetime, announce: Callable[[Session], Sequence[NewEvent]] | None = None
    ) -> Session:
        return await self._transactions.write(visits.open_visit, self.tables, visit, now, announce)

    async def visit(self, secret_hash: bytes) -> tuple[Visit, Session] | None:
        return await self._transactions.read(visits.get, self.tables, secret_hash)

    async def end_visit(self, secret_hash: bytes) -> None:
        await self._transactions.write(visits.end, self.tables, secret_hash)

    async def touch_visit(self, secret_hash: bytes, *, now: datetime, subject: str | None = None) -> None:
        await self._transactions.write(visits.touch, self.tables, secret_hash, now, subject)

    async def save_attempt(
        self,
        attempt: Attempt,
        *,
        expected: Collection[str] | None = None,
        step: StepKind | None = None,
        events: Sequence[NewEvent] = (),
    ) -> bool:
        return await self._transactions.write(
            visits.save_attempt, self.tables, attempt, expected, step, events
        )

    async def attempt(self, attempt_id: str) -> Attempt | None:
        return await self._transactions.read(visits.attempt, self.tables, attempt_id)

    async def attempts(
        self, session_id: int, *, status: AttemptStatus | None = None, limit: int = 50
    ) -> list[Attempt]:
        return await self._transactions.read(visits.attempts, self.tables, session_id, status, limit)

    async def save_state(self, state: OAuthState) -> None:
        await self._transactions.write(visits.save_state, self.tables, state)

    async def state(self, state_hash: bytes) -> OAuthState | None:
        return await self._transactions.read(visits.state, self.tables, state_hash)

    async def state_of_attempt(self, attempt_id: str) -> OAuthState | None:
        return await self._transactions.read(visits.state_of_attempt, self.tables, attempt_id)

    async def use_state(self, state_hash: bytes, *, now: datetime) -> OAuthState | None:
        return await self._transactions.write(visits.use_state, self.tables, state_hash, now)

    # --- steps ---

    async def record_step(self, step: Step, *, once: bool = False) -> None:
        await self._transactions.write(steps.record, self.tables, step, once)

    async def steps(self, project_id: str, session_id: int, *, limit: int = 200) -> list[Step]:
        return await self._transactions.read(steps.listing, self.tables, project_id, session_id, limit)

    async def funnel(self, query: FunnelQuery) -> list[FunnelRow]:
        return await self._transactions.read(steps.funnel, self.tables, query)

    async def failures(self, query: FailureQuery) -> list[Failure]:
        return await self._transactions.read(figures.failures, self.tables, query)

    async def accounts_by_provider(self, project_id: str, providers: Collection[str]) -> dict[str, int]:
        return await self._transactions.read(figures.accounts_by_provider, self.tables, project_id, providers)

    async def figures(
        self, project_id: str, *, since: datetime, targets: Collection[str] = (), most: int = MOST_COUNTED
    ) -> Figures:
        return await self._transactions.read(figures.figures, self.tables, project_id, since, targets, most)
