"""What happened to events: their deliveries and the tries of them, and how to send one again."""

from collections.abc import Callable, Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from connect_hub.audit import AuditEntry
from connect_hub.storage.protocol.events import DeliveryAttempt, DeliveryState

__all__ = ["DeliveryQuery", "DeliveryRecord", "EventLog", "EventQuery", "EventRecord", "Replay", "Replayed"]

Position = tuple[datetime, str]
"""(created_at, id) of a row, where a page ended."""


@dataclass(frozen=True, slots=True, kw_only=True)
class EventRecord:
    """An event as it was written."""

    id: str
    project_id: str
    name: str
    record_id: str
    owner_id: str
    provider: str | None
    sequence: int
    body: bytes
    created_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class DeliveryRecord:
    """One event on its way to one target, or at its end."""

    id: str
    event_id: str
    event_name: str
    project_id: str
    record_id: str
    target: str
    endpoint_id: str | None
    state: DeliveryState
    attempts: int
    """Tries since it was last begun anew."""
    last_error: str | None
    next_at: datetime
    created_at: datetime
    settled_at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class EventQuery:
    """Which events to list, newest first."""

    project_id: str
    names: Collection[str] = ()
    record_id: str | None = None
    """The account's id, or the session's as text."""
    owner_id: str | None = None
    since: datetime | None = None
    until: datetime | None = None
    """Before this instant."""
    before: Position | None = None
    limit: int = 25


@dataclass(frozen=True, slots=True, kw_only=True)
class DeliveryQuery:
    """Which deliveries to list, newest first."""

    project_id: str
    event_id: str | None = None
    target: str | None = None
    states: Collection[DeliveryState] = ()
    before: Position | None = None
    limit: int = 25


@dataclass(frozen=True, slots=True, kw_only=True)
class Replay:
    """Which events to send to one target again."""

    project_id: str
    target: str
    endpoint_id: str | None
    """Of a stored endpoint."""
    names: Collection[str]
    providers: Collection[str] | None
    since: datetime
    until: datetime
    """Before this instant."""
    include_delivered: bool
    """Also those that it took already."""
    after: Position | None = None
    """Where the batch before ended."""
    limit: int = 500
    now: datetime


@dataclass(frozen=True, slots=True)
class Replayed:
    """One batch of a replay."""

    deliveries: int
    """How many were made."""
    after: Position | None
    """Where the next batch begins; None: there is none."""


class EventLog(Protocol):
    """The history of the outbox."""

    async def events(self, query: EventQuery) -> list[EventRecord]: ...

    async def event(self, project_id: str, event_id: str) -> EventRecord | None: ...

    async def deliveries(self, query: DeliveryQuery) -> list[DeliveryRecord]: ...

    async def delivery(self, project_id: str, delivery_id: str) -> DeliveryRecord | None: ...

    async def delivery_attempts(self, project_id: str, delivery_id: str) -> list[DeliveryAttempt]:
        """The tries of one delivery, in their order."""
        ...

    async def resend(
        self, project_id: str, delivery_id: str, *, now: datetime, note: AuditEntry | None = None
    ) -> DeliveryRecord | None:
        """Send the same event to the same target again, due at `now`.

        One that is over gets a successor, with an id of its own; the pending one of that event and target, if
        there is one, is due instead. `note` is written with it. A held one is left as it is. None if there is
        no such delivery.
        """
        ...

    async def replay(
        self, replay: Replay, *, note: Callable[[Replayed], AuditEntry | None] | None = None
    ) -> Replayed:
        """Make one batch of deliveries, oldest event first, due at `now`, and write `note` of it. An event
        that has a pending or held delivery to the target gets none, and so does one that was written for one
        endpoint alone. `note` is pure: it may be called again."""
        ...
