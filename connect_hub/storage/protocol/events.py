"""The outbox."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Protocol

from connect_hub.audit import AuditEntry
from connect_hub.storage.protocol.changes import NewEvent
from connect_hub.storage.protocol.endpoints import Judge

__all__ = ["Backlog", "Delivery", "DeliveryAttempt", "DeliveryState", "EventStore", "Settlement"]


class DeliveryState(StrEnum):
    """Where a delivery stands."""

    PENDING = "pending"
    DELIVERED = "delivered"
    DEAD = "dead"
    """Given up after the last attempt."""
    HELD = "held"
    """Its endpoint is disabled; it goes on when that is enabled again."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivery:
    """One event on its way to one target, as claimed."""

    id: str
    event_id: str
    event_name: str
    project_id: str
    record_id: str
    target: str
    body: bytes
    attempts: int
    """How many were made before this claim."""
    epoch: int
    """Fencing number of this claim."""
    created_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class DeliveryAttempt:
    """One try at one delivery, as it is logged. It holds no secret of ours and no signature."""

    started_at: datetime
    duration_ms: int
    status: int | None = None
    """Of the answer; None if there was none."""
    request_headers: Mapping[str, str] = field(default_factory=dict)
    response_headers: Mapping[str, str] = field(default_factory=dict)
    response_body: bytes = field(default=b"", repr=False)
    """The first 16 KiB."""
    error: str | None = None
    """One line for an operator; None when delivered."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Settlement:
    """What became of one try."""

    delivery_id: str
    epoch: int
    """The claim's."""
    state: DeliveryState
    next_at: datetime | None
    """When to try again; needed for PENDING."""
    error: str | None
    now: datetime
    attempt: DeliveryAttempt | None = None
    """What to log of it."""
    counts: bool = True
    """Whether it was one of the tries that a delivery has; False: it is handed back as it was."""
    judge: Judge | None = None
    """Asked about the stored endpoint of the delivery, if it is still there; what it decides is written as
    `EndpointStore.change_endpoint` would, with its events, in the same transaction."""


@dataclass(frozen=True, slots=True)
class Backlog:
    """What waits: deliveries by state, the oldest pending one, and pending ones by target."""

    by_state: Mapping[DeliveryState, int]
    oldest_pending: datetime | None
    pending_by_target: Mapping[str, int]


class EventStore(Protocol):
    """The outbox."""

    async def record(self, events: Sequence[NewEvent], *, note: AuditEntry | None = None) -> None:
        """Write events that no other change carries, and their deliveries; `note` is written with them."""
        ...

    async def claim_deliveries(
        self,
        room: Mapping[str, int],
        *,
        limit: int,
        lease: timedelta,
        now: datetime,
    ) -> list[Delivery]:
        """Lease up to `limit` pending deliveries that are due at `now`, to the targets that `room` names.

        The targets in the order in which they are given; of each the oldest first, and no more than there is
        room for. What it costs depends on what is given out, not on how much is due.

        Committed when it returns. No delivery is held by two live leases. Of one target and record, only the
        earliest pending delivery (by sequence, then age) is given out, unless that one is waiting for a later
        try: one that is due again is the first again.
        """
        ...

    async def settle_deliveries(self, settlements: Sequence[Settlement]) -> list[bool]:
        """Record the outcome of each of these tries, count it if it `counts`, and end its lease, all in one
        transaction.

        False for one whose claim was lost meanwhile: of it nothing is written.
        """
        ...

    async def backlog(self) -> Backlog: ...
