"""Endpoints that are kept in the database."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol

from connect_hub.audit import AuditEntry
from connect_hub.storage.protocol.changes import NewEvent

__all__ = ["EndpointStore", "Judge", "WebhookEndpoint"]


@dataclass(frozen=True, slots=True, kw_only=True)
class WebhookEndpoint:
    """Where events of one project are posted to."""

    id: str
    """`ep_` and 128 random bits."""
    project_id: str
    url: str
    """https; it may hold a secret in its path or query, and is the project's to see."""
    description: str | None = None
    events: tuple[str, ...] | None = None
    """What it gets; None: what an endpoint gets that names none."""
    providers: tuple[str, ...] | None = None
    """Of which connectors; None: of all, and what belongs to no connector too."""
    enabled: bool = True
    disabled_at: datetime | None = None
    disabled_reason: str | None = None
    """`manual`, `failing` or `gone`."""
    failing_since: datetime | None = None
    """The first failure after which nothing succeeded."""
    last_failure_at: datetime | None = None
    generation: int = 1
    """Rises by one with every write of `sealed`; part of what it is sealed to."""
    key_id: str
    """The key that sealed it."""
    sealed: bytes = field(repr=False)
    """Its signing secrets and header fields of its own."""
    created_at: datetime
    updated_at: datetime
    deleted_at: datetime | None = None
    session_id: int | None = None
    """Of the one session whose events it gets; None: it gets those of the whole project."""


Judge = Callable[[WebhookEndpoint], tuple[WebhookEndpoint, Sequence[NewEvent]]]
"""What becomes of an endpoint after a try, and the events that tell of it. Pure: it may be called again."""


class EndpointStore(Protocol):
    """Endpoints of the projects. What is pending for a disabled one is held, and goes on when it is enabled.

    `record`, and whatever else writes events, adds a delivery for each enabled endpoint of the event's
    project that wants it, in the same transaction; see `NewEvent.endpoints`.

    One with a `session_id` is made by `create_session` and goes with the session: it is neither listed by
    `endpoints` nor counted, and found by its id alone.
    """

    async def create_endpoint(
        self, endpoint: WebhookEndpoint, *, at_most: int, note: AuditEntry | None = None
    ) -> bool:
        """Store a new endpoint, and `note`; False, and nothing is written, if the project has `at_most` of
        them. Those that are created at the same moment may together come out above it."""
        ...

    async def endpoint(self, project_id: str, endpoint_id: str) -> WebhookEndpoint | None: ...

    async def endpoints(self, project_id: str) -> list[WebhookEndpoint]:
        """All of a project, newest first."""
        ...

    async def endpoints_due(self, *, now: datetime) -> list[WebhookEndpoint]:
        """Those of any project that a pending delivery is due to at `now`: for the workers. Some may be
        disabled or deleted, when that happened just as the event was written."""
        ...

    async def change_endpoint(
        self,
        project_id: str,
        endpoint_id: str,
        change: Callable[[WebhookEndpoint], WebhookEndpoint],
        *,
        now: datetime,
        note: Callable[[WebhookEndpoint, WebhookEndpoint], AuditEntry | None] | None = None,
    ) -> WebhookEndpoint | None:
        """Write `change` of the endpoint, but for its id, project and creation, and `note` of what it
        was and then is, if anything changed; None if there is none.

        Disabling holds its pending deliveries, but for those that are being tried. Enabling makes the held
        ones due at `now`, with all their tries before them. `change` is pure: it may be called again.
        """
        ...

    async def delete_endpoint(
        self,
        project_id: str,
        endpoint_id: str,
        *,
        now: datetime,
        note: Callable[[WebhookEndpoint], AuditEntry | None] | None = None,
    ) -> WebhookEndpoint | None:
        """Delete the endpoint, and return it as it was; `note` of that is written with it. It loses what is
        `sealed`. Its pending and held deliveries are dead, and stay in the log. Only `endpoints_due` still
        finds it, until it is purged as the events of that time are."""
        ...
