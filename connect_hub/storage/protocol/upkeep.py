"""What keeps a storage sound."""

from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from connect_hub.audit import AuditEntry
from connect_hub.storage.protocol.accounts import StoredCredentials
from connect_hub.storage.protocol.changes import Announce

__all__ = ["Erased", "Purged", "Retention", "Upkeep"]


@dataclass(frozen=True, slots=True)
class Erased:
    """What `erase_owner` removed."""

    sessions: int
    accounts: tuple[StoredCredentials, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Retention:
    """What is old enough to be removed: rows that ended before these instants."""

    sessions_before: datetime
    attempts_before: datetime
    """Attempts by `updated_at`, steps by `at`."""
    events_before: datetime
    """Events are removed when none of their deliveries is pending, with what was logged of them; endpoints by
    when they were deleted; days of accounts by when they began."""
    visits_before: datetime
    """Visits by creation, OAuth states by expiry, and `held` credentials of attempts by `updated_at`."""
    idempotency_before: datetime
    operator_sessions_before: datetime | None = None
    """Operators' sign-ins by when they were last seen; None: they stay."""
    audit_before: datetime | None = None
    """Audit entries by when they were written; None: they stay."""
    batch: int = 1000
    """At most so many rows of each kind in one call."""


@dataclass(frozen=True, slots=True)
class Purged:
    """How many rows of each kind one `purge` removed."""

    sessions: int
    attempts: int
    events: int
    visits: int
    states: int
    idempotency: int
    held: int
    """Attempts that lost their `held` credentials."""
    endpoints: int = 0
    """Endpoints that were deleted before."""
    steps: int = 0
    operator_sessions: int = 0
    audit: int = 0
    account_days: int = 0


class Upkeep(Protocol):
    """What keeps a storage sound."""

    async def check(self) -> None:
        """Raise MissingTables or StorageUnavailable if the storage cannot be used."""
        ...

    async def canary(self, proposed: bytes) -> bytes:
        """The stored canary; `proposed` is stored and returned if there was none."""
        ...

    async def erase_owner(
        self, project_id: str, origin_owner_id: str, *, announce: Announce, note: AuditEntry | None = None
    ) -> Erased:
        """Remove everything of one owner: sessions, visits, attempts, steps, states, accounts, credentials,
        the bodies of earlier events (pending deliveries of them end), and what the audit log says of it.
        `announce` is called for each account."""
        ...

    async def purge(self, retention: Retention) -> Purged:
        """Remove one batch of what is old enough. Call again until it removes nothing."""
        ...

    async def aclose(self) -> None:
        """Let go of connections and threads that the storage made itself. It may be used again."""
        ...
