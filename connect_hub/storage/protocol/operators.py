"""Operators who sign in with a token of the hub's own."""

from datetime import datetime
from typing import Protocol

from connect_hub.audit import AuditEntry
from connect_hub.operators import OperatorSession, OperatorToken

__all__ = ["OperatorStore"]


class OperatorStore(Protocol):
    """Operators made with the command line, and the browsers in which they are signed in."""

    async def create_operator(self, operator: OperatorToken, *, note: AuditEntry | None = None) -> None:
        """Raises StorageConflict if the id is taken."""
        ...

    async def operator(self, operator_id: str) -> OperatorToken | None: ...

    async def operators(self) -> list[OperatorToken]:
        """All of them, newest first, revoked ones too."""
        ...

    async def revoke_operator(
        self, operator_id: str, *, now: datetime, note: AuditEntry | None = None
    ) -> OperatorToken | None:
        """Revoke it and end its sessions. Idempotent: the first `revoked_at` stays, and is noted."""
        ...

    async def open_operator_session(
        self, session: OperatorSession, *, replaces: bytes | None = None, note: AuditEntry | None = None
    ) -> bool:
        """Insert the session, end the one that it replaces, and set the operator's `last_used_at`.

        False, and nothing is written, if the operator is gone or revoked. Raises StorageConflict if the hash
        is taken.
        """
        ...

    async def operator_session(self, secret_hash: bytes) -> tuple[OperatorSession, OperatorToken] | None:
        """The session whose cookie hashes to this, with its operator."""
        ...

    async def touch_operator_session(self, secret_hash: bytes, *, now: datetime) -> None:
        """Set `last_seen_at`."""
        ...

    async def end_operator_session(self, secret_hash: bytes, *, note: AuditEntry | None = None) -> None:
        """Remove it. One that is gone already is no error, and is not noted."""
        ...
