"""Endpoints, and what happened to events, in memory."""

from collections.abc import Callable
from datetime import datetime

from connect_hub.audit import AuditEntry
from connect_hub.errors import StorageConflict
from connect_hub.storage.endpoint_rows import attempt_of, endpoint_of, endpoint_row
from connect_hub.storage.memory.outbox import MemoryEvents
from connect_hub.storage.memory.shelves import pick
from connect_hub.storage.protocol import (
    DeliveryAttempt,
    DeliveryQuery,
    DeliveryRecord,
    DeliveryState,
    EventQuery,
    EventRecord,
    Replay,
    Replayed,
    WebhookEndpoint,
)
from connect_hub.storage.rows import Row, instant, milliseconds
from connect_hub.storage.rules import new_delivery_row

__all__ = ["MemoryEndpoints", "MemoryEventLog"]

_PENDING, _HELD = DeliveryState.PENDING.value, DeliveryState.HELD.value
_DEAD, _DELIVERED = DeliveryState.DEAD.value, DeliveryState.DELIVERED.value


class MemoryEndpoints(MemoryEvents):
    """`EndpointStore` in memory."""

    async def create_endpoint(
        self, endpoint: WebhookEndpoint, *, at_most: int, note: AuditEntry | None = None
    ) -> bool:
        with self._transaction():
            if len(self._of_project(endpoint.project_id)) >= at_most:
                return False
            if endpoint.id in self._endpoints:
                raise StorageConflict
            self._refuse_noted(note)
            self._endpoints[endpoint.id] = endpoint_row(endpoint)
            self._note(note)
            return True

    def _of_project(self, project_id: str) -> list[Row]:
        rows = self._endpoints.values()
        return [row for row in rows if row["project_id"] == project_id and _is_the_projects(row)]

    def _endpoint(self, project_id: str, endpoint_id: str) -> WebhookEndpoint | None:
        row = self._endpoints.get(endpoint_id)
        if row is None or row["project_id"] != project_id or row["deleted_at"] is not None:
            return None
        return endpoint_of(pick(row))

    async def endpoint(self, project_id: str, endpoint_id: str) -> WebhookEndpoint | None:
        with self._transaction():
            return self._endpoint(project_id, endpoint_id)

    async def endpoints(self, project_id: str) -> list[WebhookEndpoint]:
        with self._transaction():
            rows = self._of_project(project_id)
        rows.sort(key=_age, reverse=True)
        return [endpoint_of(pick(row)) for row in rows]

    async def endpoints_due(self, *, now: datetime) -> list[WebhookEndpoint]:
        with self._transaction():
            at = milliseconds(now)
            due = {
                row["endpoint_id"]
                for row in self._deliveries.values()
                if row["state"] == _PENDING and row["next_at"] <= at
            }
            found = [row for row in self._endpoints.values() if row["id"] in due]
        return [endpoint_of(pick(row)) for row in found]

    async def change_endpoint(
        self,
        project_id: str,
        endpoint_id: str,
        change: Callable[[WebhookEndpoint], WebhookEndpoint],
        *,
        now: datetime,
        note: Callable[[WebhookEndpoint, WebhookEndpoint], AuditEntry | None] | None = None,
    ) -> WebhookEndpoint | None:
        with self._transaction():
            before = self._endpoint(project_id, endpoint_id)
            if before is None:
                return None
            after = change(before)
            entry = None if note is None or after == before else note(before, after)
            self._refuse_noted(entry)
            self._note(entry)
            return self._write_endpoint(before, after, now)

    async def delete_endpoint(
        self,
        project_id: str,
        endpoint_id: str,
        *,
        now: datetime,
        note: Callable[[WebhookEndpoint], AuditEntry | None] | None = None,
    ) -> WebhookEndpoint | None:
        with self._transaction():
            before = self._endpoint(project_id, endpoint_id)
            if before is None:
                return None
            entry = None if note is None else note(before)
            self._refuse_noted(entry)
            self._note(entry)
            self._remove_endpoints([endpoint_id], milliseconds(now))
            return before


class MemoryEventLog(MemoryEvents):
    """`EventLog` in memory."""

    async def events(self, query: EventQuery) -> list[EventRecord]:
        with self._transaction():
            rows = [row for row in self._events.values() if _is_wanted(row, query)]
        rows.sort(key=_age, reverse=True)
        return [_event(row) for row in rows[: query.limit]]

    async def event(self, project_id: str, event_id: str) -> EventRecord | None:
        with self._transaction():
            row = self._events.get(event_id)
        return None if row is None or row["project_id"] != project_id else _event(row)

    async def deliveries(self, query: DeliveryQuery) -> list[DeliveryRecord]:
        with self._transaction():
            found = [(row, self._events[row["event_id"]]) for row in self._deliveries.values()]
        rows = [
            (row, event)
            for row, event in found
            if event["project_id"] == query.project_id
            and (query.event_id is None or row["event_id"] == query.event_id)
            and (query.target is None or row["target"] == query.target)
            and (not query.states or row["state"] in query.states)
            and (query.before is None or _age(row) < (milliseconds(query.before[0]), query.before[1]))
        ]
        rows.sort(key=lambda pair: _age(pair[0]), reverse=True)
        return [_delivery(row, event) for row, event in rows[: query.limit]]

    async def delivery(self, project_id: str, delivery_id: str) -> DeliveryRecord | None:
        with self._transaction():
            return self._delivery_record(project_id, delivery_id)

    def _delivery_record(self, project_id: str, delivery_id: str) -> DeliveryRecord | None:
        row = self._deliveries.get(delivery_id)
        event = None if row is None else self._events[row["event_id"]]
        if row is None or event is None or event["project_id"] != project_id:
            return None
        return _delivery(row, event)

    async def delivery_attempts(self, project_id: str, delivery_id: str) -> list[DeliveryAttempt]:
        with self._transaction():
            if self._delivery_record(project_id, delivery_id) is None:
                return []
            rows = [r for (of, _), r in sorted(self._delivery_attempts.items()) if of == delivery_id]
        return [attempt_of(pick(row)) for row in rows]

    async def resend(
        self, project_id: str, delivery_id: str, *, now: datetime, note: AuditEntry | None = None
    ) -> DeliveryRecord | None:
        with self._transaction():
            before = self._delivery_record(project_id, delivery_id)
            if before is None or before.state is DeliveryState.HELD:
                return before
            self._refuse_noted(note)
            self._note(note)
            under_way = [
                row
                for row in self._deliveries.values()
                if row["event_id"] == before.event_id
                and row["target"] == before.target
                and row["state"] == _PENDING
            ]
            if under_way:
                first = min(under_way, key=_age)
                row = {**first, "next_at": milliseconds(now)}
            else:
                row = new_delivery_row(
                    event_id=before.event_id,
                    record_id=before.record_id,
                    sequence=self._deliveries[delivery_id]["sequence"],
                    target=before.target,
                    endpoint_id=before.endpoint_id,
                    at=milliseconds(now),
                )
            self._deliveries[row["id"]] = row
            return _delivery(row, self._events[row["event_id"]])

    async def replay(
        self, replay: Replay, *, note: Callable[[Replayed], AuditEntry | None] | None = None
    ) -> Replayed:
        with self._transaction():
            since, until = milliseconds(replay.since), milliseconds(replay.until)
            after = None if replay.after is None else (milliseconds(replay.after[0]), replay.after[1])
            rows = [
                row
                for row in self._events.values()
                if row["project_id"] == replay.project_id
                and since <= row["created_at"] < until
                and row["name"] in replay.names
                and not row["directed"]
                and (replay.providers is None or row["provider"] in replay.providers)
                and (after is None or _age(row) > after)
            ]
            rows = sorted(rows, key=_age)[: replay.limit]
            settled = {_PENDING, _HELD} | (set() if replay.include_delivered else {_DELIVERED})
            left_out = {
                row["event_id"]
                for row in self._deliveries.values()
                if row["target"] == replay.target and row["state"] in settled
            }
            made = [
                new_delivery_row(
                    event_id=row["id"],
                    record_id=row["record_id"],
                    sequence=row["sequence"],
                    target=replay.target,
                    endpoint_id=replay.endpoint_id,
                    at=milliseconds(replay.now),
                )
                for row in rows
                if row["id"] not in left_out
            ]
            last = rows[-1] if len(rows) == replay.limit else None
            done = Replayed(len(made), None if last is None else (instant(last["created_at"]), last["id"]))
            entry = None if note is None else note(done)
            self._refuse_noted(entry)
            self._note(entry)
            self._deliveries.update({row["id"]: row for row in made})
            return done


def _is_the_projects(row: Row) -> bool:
    """It is there, and belongs to the project, not to a session."""
    return row["deleted_at"] is None and row["session_id"] is None


def _age(row: Row) -> tuple[int, str]:
    return row["created_at"], row["id"]


def _is_wanted(row: Row, query: EventQuery) -> bool:
    return (
        row["project_id"] == query.project_id
        and (not query.names or row["name"] in query.names)
        and (query.record_id is None or row["record_id"] == query.record_id)
        and (query.owner_id is None or row["owner_id"] == query.owner_id)
        and (query.since is None or row["created_at"] >= milliseconds(query.since))
        and (query.until is None or row["created_at"] < milliseconds(query.until))
        and (query.before is None or _age(row) < (milliseconds(query.before[0]), query.before[1]))
    )


def _event(row: Row) -> EventRecord:
    fields = {key: value for key, value in row.items() if key != "directed"}
    return EventRecord(**{**fields, "created_at": instant(row["created_at"])})


def _delivery(row: Row, event: Row) -> DeliveryRecord:
    return DeliveryRecord(
        id=row["id"],
        event_id=row["event_id"],
        event_name=event["name"],
        project_id=event["project_id"],
        record_id=row["record_id"],
        target=row["target"],
        endpoint_id=row["endpoint_id"],
        state=DeliveryState(row["state"]),
        attempts=row["attempts"],
        last_error=row["last_error"],
        next_at=instant(row["next_at"]),
        created_at=instant(row["created_at"]),
        settled_at=None if row["settled_at"] is None else instant(row["settled_at"]),
    )
