"""Visits, attempts and OAuth states."""

from collections.abc import Callable, Collection, Sequence
from datetime import datetime
from typing import Protocol

from connect_hub.models import Attempt, AttemptStatus, OAuthState, Session, StepKind, Visit
from connect_hub.storage.protocol.changes import NewEvent

__all__ = ["VisitStore"]


class VisitStore(Protocol):
    """The facts of a customer's way through the hub."""

    async def open_visit(
        self, visit: Visit, *, now: datetime, announce: Callable[[Session], Sequence[NewEvent]] | None = None
    ) -> Session:
        """Insert `visit`, count an opening of its session, record the step, and write the events that
        `announce` makes of the session as it is then; returns that. `announce` is pure.

        Raises LinkRevoked, LinkUsed or LinkExpired (by the session's status at `now`), or LinkNotFound if the
        session is gone; then nothing is written.
        """
        ...

    async def visit(self, secret_hash: bytes) -> tuple[Visit, Session] | None:
        """The visit whose cookie hashes to this, with its session. Revoking a session removes its visits."""
        ...

    async def touch_visit(self, secret_hash: bytes, *, now: datetime, subject: str | None = None) -> None:
        """Set `last_seen_at`, and `subject` where given: a record by which nothing is decided."""
        ...

    async def end_visit(self, secret_hash: bytes) -> None:
        """Remove the visit: its cookie opens nothing any more. An unknown one is no error."""
        ...

    async def save_attempt(
        self,
        attempt: Attempt,
        *,
        expected: Collection[str] | None = None,
        step: StepKind | None = None,
        events: Sequence[NewEvent] = (),
    ) -> bool:
        """Insert the attempt, or replace it by id; with `step`, record that the customer took it; and write
        `events` with it.

        With `expected`, replace it only if its stored status is one of these; False if it is another, or if
        there is no such attempt. Raises LinkNotFound for a new attempt of a session that is gone.
        """
        ...

    async def attempt(self, attempt_id: str) -> Attempt | None: ...

    async def attempts(
        self, session_id: int, *, status: AttemptStatus | None = None, limit: int = 50
    ) -> list[Attempt]:
        """The session's attempts, of this status alone or of any, newest first by (created_at, id)."""
        ...

    async def save_state(self, state: OAuthState) -> None:
        """Insert the state and end earlier unused ones of the same attempt.

        Raises LinkNotFound if its session is gone.
        """
        ...

    async def state(self, state_hash: bytes) -> OAuthState | None: ...

    async def state_of_attempt(self, attempt_id: str) -> OAuthState | None:
        """The attempt's newest unused state."""
        ...

    async def use_state(self, state_hash: bytes, *, now: datetime) -> OAuthState | None:
        """Mark it used and return it; None if it is absent, used or expired. One caller wins."""
        ...
