"""What `SQLStorage` has for events: the outbox, the endpoints in the database, and the log."""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta

from connect_hub.audit import AuditEntry
from connect_hub.storage.protocol import (
    Backlog,
    Delivery,
    DeliveryAttempt,
    DeliveryQuery,
    DeliveryRecord,
    EventQuery,
    EventRecord,
    NewEvent,
    Replay,
    Replayed,
    Settlement,
    WebhookEndpoint,
)
from connect_hub.storage.sql import claiming, endpoints, event_log, outbox, outcomes
from connect_hub.storage.sql.tables import Tables
from connect_hub.storage.sql.transactions import Transactions

__all__ = ["SQLEvents"]


class SQLEvents:
    """`EventStore`, `EndpointStore` and `EventLog` over SQLAlchemy."""

    _transactions: Transactions
    tables: Tables

    # --- events ---

    async def record(self, events: Sequence[NewEvent], *, note: AuditEntry | None = None) -> None:
        await self._transactions.write(outbox.record, self.tables, events, note)

    async def claim_deliveries(
        self,
        room: Mapping[str, int],
        *,
        limit: int,
        lease: timedelta,
        now: datetime,
    ) -> list[Delivery]:
        return await self._transactions.write_singly(claiming.claim, self.tables, room, limit, lease, now)

    async def settle_deliveries(self, settlements: Sequence[Settlement]) -> list[bool]:
        if self._transactions.dialect == "postgresql" and all(one.judge is None for one in settlements):
            return await self._transactions.write_singly(outcomes.settle_at_once, self.tables, settlements)
        return await self._transactions.write(outbox.settle, self.tables, settlements)

    async def backlog(self) -> Backlog:
        return await self._transactions.read(outbox.backlog, self.tables)

    # --- endpoints ---

    async def create_endpoint(
        self, endpoint: WebhookEndpoint, *, at_most: int, note: AuditEntry | None = None
    ) -> bool:
        return await self._transactions.write(endpoints.create, self.tables, endpoint, at_most, note)

    async def endpoint(self, project_id: str, endpoint_id: str) -> WebhookEndpoint | None:
        return await self._transactions.read(endpoints.get, self.tables, project_id, endpoint_id)

    async def endpoints(self, project_id: str) -> list[WebhookEndpoint]:
        return await self._transactions.read(endpoints.listing, self.tables, project_id)

    async def endpoints_due(self, *, now: datetime) -> list[WebhookEndpoint]:
        return await self._transactions.read(endpoints.due, self.tables, now)

    async def change_endpoint(
        self,
        project_id: str,
        endpoint_id: str,
        change: Callable[[WebhookEndpoint], WebhookEndpoint],
        *,
        now: datetime,
        note: Callable[[WebhookEndpoint, WebhookEndpoint], AuditEntry | None] | None = None,
    ) -> WebhookEndpoint | None:
        return await self._transactions.write(
            endpoints.change, self.tables, project_id, endpoint_id, change, now, note
        )

    async def delete_endpoint(
        self,
        project_id: str,
        endpoint_id: str,
        *,
        now: datetime,
        note: Callable[[WebhookEndpoint], AuditEntry | None] | None = None,
    ) -> WebhookEndpoint | None:
        return await self._transactions.write(
            endpoints.remove, self.tables, project_id, endpoint_id, now, note
        )

    # --- what happened to events ---

    async def events(self, query: EventQuery) -> list[EventRecord]:
        return await self._transactions.read(event_log.events, self.tables, query)

    async def event(self, project_id: str, event_id: str) -> EventRecord | None:
        return await self._transactions.read(event_log.event, self.tables, project_id, event_id)

    async def deliveries(self, query: DeliveryQuery) -> list[DeliveryRecord]:
        return await self._transactions.read(event_log.deliveries, self.tables, query)

    async def delivery(self, project_id: str, delivery_id: str) -> DeliveryRecord | None:
        return await self._transactions.read(event_log.delivery, self.tables, project_id, delivery_id)

    async def delivery_attempts(self, project_id: str, delivery_id: str) -> list[DeliveryAttempt]:
        return await self._transactions.read(event_log.attempts, self.tables, project_id, delivery_id)

    async def resend(
        self, project_id: str, delivery_id: str, *, now: datetime, note: AuditEntry | None = None
    ) -> DeliveryRecord | None:
        return await self._transactions.write(
            event_log.resend, self.tables, project_id, delivery_id, now, note
        )

    async def replay(
        self, replay: Replay, *, note: Callable[[Replayed], AuditEntry | None] | None = None
    ) -> Replayed:
        return await self._transactions.write(event_log.replay, self.tables, replay, note)
