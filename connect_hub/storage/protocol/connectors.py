"""What operators set for the connectors of a project."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Protocol

from connect_hub.audit import AuditEntry

if TYPE_CHECKING:
    from sqlalchemy import Connection
    from sqlalchemy.ext.asyncio import AsyncConnection

__all__ = ["ConnectorSettings", "ConnectorStore", "NotingSettings"]


@dataclass(frozen=True, slots=True, kw_only=True)
class ConnectorSettings:
    """One connector on one project, as operators set it."""

    project_id: str
    provider: str
    """The connector's key."""
    enabled: bool = True
    client_id: str | None = None
    """Of the OAuth client; None: operators set none."""
    scopes: tuple[str, ...] | None = None
    """Asked for instead of the definition's; None: those."""
    generation: int = 0
    """Rises by one with every write of `sealed`; part of what it is sealed to."""
    key_id: str | None = None
    """The key that sealed it."""
    sealed: bytes | None = field(default=None, repr=False)
    """The client secret; None: there is none."""
    secret_set_at: datetime | None = None
    secret_set_by: str | None = None
    """The operator's name; None: whoever it was had none."""
    updated_at: datetime


NotingSettings = Callable[[ConnectorSettings, ConnectorSettings], AuditEntry | None]
"""The audit log's entry for a change, made of what was and what is."""


class ConnectorStore(Protocol):
    """Settings of connectors. One that nobody set has no row, and is as `ConnectorSettings` is by itself."""

    async def connector_settings(
        self, project_id: str | None, *, connection: "Connection | AsyncConnection | None" = None
    ) -> list[ConnectorSettings]:
        """Those of a project, or of every one, that were set, by their keys; with `connection`, read in the
        host's transaction on it."""
        ...

    async def change_connector(
        self,
        project_id: str,
        provider: str,
        change: Callable[[ConnectorSettings], ConnectorSettings],
        *,
        now: datetime,
        note: NotingSettings | None = None,
    ) -> ConnectorSettings:
        """Write `change` of the settings, but for project, connector and `updated_at`, which is `now`, and
        `note`; nothing is written if nothing changed. `change` is pure: it may be called again."""
        ...
