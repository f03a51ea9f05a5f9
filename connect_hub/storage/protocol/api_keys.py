"""API keys."""

from datetime import datetime
from typing import Protocol

from connect_hub.audit import AuditEntry
from connect_hub.models import ApiKey

__all__ = ["ApiKeyStore"]


class ApiKeyStore(Protocol):
    """API keys made with the command line or in Python."""

    async def create_api_key(self, key: ApiKey, *, note: AuditEntry | None = None) -> None: ...

    async def api_key(self, key_id: str) -> ApiKey | None: ...

    async def api_keys(
        self, project_id: str, *, limit: int | None = None, before: tuple[datetime, str] | None = None
    ) -> list[ApiKey]:
        """Newest first, by (created_at, id); `before` is those of the last one of the page before."""
        ...

    async def revoke_api_key(
        self, project_id: str, key_id: str, *, now: datetime, note: AuditEntry | None = None
    ) -> ApiKey | None:
        """Idempotent: the first `revoked_at` stays, and that one is noted."""
        ...

    async def touch_api_key(self, key_id: str, *, now: datetime) -> None: ...
