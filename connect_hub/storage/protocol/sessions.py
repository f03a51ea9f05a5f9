"""Connect sessions."""

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Protocol

from connect_hub.audit import AuditEntry
from connect_hub.models import ApiKey, Session, SessionStatus
from connect_hub.storage.protocol.endpoints import WebhookEndpoint

if TYPE_CHECKING:
    from sqlalchemy import Connection
    from sqlalchemy.ext.asyncio import AsyncConnection

__all__ = ["Idempotency", "SessionQuery", "SessionStore"]


@dataclass(frozen=True, slots=True)
class Idempotency:
    """An Idempotency-Key. `scope` is who sent it (an API key's id), `body_hash` the SHA-256 of the body."""

    scope: str
    key: str
    body_hash: bytes
    forget_before: datetime
    """An entry made before this instant no longer counts."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionQuery:
    """Which sessions to list: newest first, by (created_at, id)."""

    project_id: str
    now: datetime
    origin_owner_id: str | None = None
    provider: str | None = None
    statuses: frozenset[SessionStatus] = frozenset()
    """Empty: all."""
    limit: int = 25
    before: tuple[datetime, int] | None = None
    """(created_at, id) of the last session of the page before."""


class SessionStore(Protocol):
    """Connect sessions."""

    async def create_session(
        self,
        session: Session,
        *,
        idempotency: Idempotency | None = None,
        connection: "Connection | AsyncConnection | None" = None,
        note: AuditEntry | None = None,
        endpoint: WebhookEndpoint | None = None,
    ) -> Session:
        """Insert `session` and its own `endpoint`, if it has one, and return it.

        With `idempotency`: if the same scope and key made a session before, that one is returned as it is
        now and nothing is written; with another `body_hash`, IdempotencyKeyReused. Calls at the same time
        make one session. The scope belongs to one project. `note` and `endpoint` are written if the session
        is made now.
        With `connection`, a SQL storage writes on it and leaves commit and rollback to its owner; a refusal
        undoes only what the call wrote. Another storage raises ConfigurationError.
        Raises StorageConflict if the id or the jti is taken.
        """
        ...

    async def session(self, project_id: str, session_id: int) -> Session | None: ...

    async def session_for_token(
        self, jti: str, *, api_key_id: str | None = None
    ) -> tuple[Session | None, ApiKey | None]:
        """The session that a token names, of any project, and the API key of that id, in one transaction."""
        ...

    async def sessions(self, query: SessionQuery) -> list[Session]: ...

    async def sessions_expired(self, *, after: datetime, until: datetime, limit: int = 500) -> list[Session]:
        """The sessions of all projects that ended by expiring, neither used up nor revoked, after `after` and
        until `until`; by (expires_at, id)."""
        ...

    async def revoke_session(
        self, project_id: str, session_id: int, *, now: datetime, note: AuditEntry | None = None
    ) -> Session | None:
        """Revoke it and end its visits and pending OAuth states; linked accounts stay.

        Idempotent: the first `revoked_at` stays, and that one is noted. None if there is no such session.
        """
        ...
