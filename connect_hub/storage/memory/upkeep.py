"""API keys, erasing and purging, in memory."""

from collections.abc import Callable, MutableMapping
from datetime import datetime
from typing import TypeVar

from connect_hub.audit import AuditEntry
from connect_hub.errors import StorageConflict
from connect_hub.models import ApiKey
from connect_hub.storage import rules
from connect_hub.storage.account_rows import account_of
from connect_hub.storage.api_key_rows import api_key_of, api_key_row
from connect_hub.storage.memory.operators import MemoryAudit
from connect_hub.storage.memory.outbox import MemoryEvents
from connect_hub.storage.memory.shelves import pick
from connect_hub.storage.protocol import (
    Announce,
    Change,
    DeliveryState,
    Erased,
    NewEvent,
    Purged,
    Retention,
    StoredCredentials,
)
from connect_hub.storage.rows import Row, milliseconds

__all__ = ["MemoryApiKeys", "MemoryUpkeep"]

K = TypeVar("K")


class MemoryApiKeys(MemoryAudit):
    """`ApiKeyStore` in memory."""

    async def create_api_key(self, key: ApiKey, *, note: AuditEntry | None = None) -> None:
        with self._transaction():
            if key.id in self._api_keys:
                raise StorageConflict
            self._refuse_noted(note)
            self._api_keys[key.id] = api_key_row(key)
            self._note(note)

    async def api_key(self, key_id: str) -> ApiKey | None:
        with self._transaction():
            row = self._api_keys.get(key_id)
            return None if row is None else api_key_of(pick(row))

    async def api_keys(
        self, project_id: str, *, limit: int | None = None, before: tuple[datetime, str] | None = None
    ) -> list[ApiKey]:
        last = None if before is None else (milliseconds(before[0]), before[1])
        with self._transaction():
            rows = [row for row in self._api_keys.values() if row["project_id"] == project_id]
        rows.sort(key=_place, reverse=True)
        after = [row for row in rows if last is None or _place(row) < last]
        return [api_key_of(pick(row)) for row in after[:limit]]

    async def revoke_api_key(
        self, project_id: str, key_id: str, *, now: datetime, note: AuditEntry | None = None
    ) -> ApiKey | None:
        with self._transaction():
            row = self._api_keys.get(key_id)
            if row is None or row["project_id"] != project_id:
                return None
            if row["revoked_at"] is None:
                self._refuse_noted(note)
                row = self._api_keys[key_id] = {**row, "revoked_at": milliseconds(now)}
                self._note(note)
            return api_key_of(pick(row))

    async def touch_api_key(self, key_id: str, *, now: datetime) -> None:
        with self._transaction():
            row = self._api_keys.get(key_id)
            if row is not None:
                self._api_keys[key_id] = {**row, "last_used_at": milliseconds(now)}


class MemoryUpkeep(MemoryEvents):
    """`Upkeep` in memory."""

    async def check(self) -> None:
        """There is nothing that could be missing."""

    async def canary(self, proposed: bytes) -> bytes:
        with self._transaction():
            row = self._meta.setdefault("canary", {"value": bytes(proposed)})
            return bytes(row["value"])

    async def erase_owner(
        self, project_id: str, origin_owner_id: str, *, announce: Announce, note: AuditEntry | None = None
    ) -> Erased:
        with self._transaction():

            def is_theirs(row: Row, owner: str = "origin_owner_id") -> bool:
                return bool(row["project_id"] == project_id and row[owner] == origin_owner_id)

            old = _keys(self._events, lambda row: is_theirs(row, "owner_id"), None)
            session_ids = _keys(self._sessions, is_theirs, None)
            rows = sorted(filter(is_theirs, self._accounts.values()), key=lambda row: str(row["id"]))
            removed = [StoredCredentials(*account_of(pick(row))) for row in rows]
            events: list[NewEvent] = []
            for found in removed:
                events += rules.announced(found.account, Change.DELETED, found.account, announce)[1]
            self._refuse_taken([event for event in events if event.id not in old])
            self._refuse_noted(note)
            self._remove_events(old)
            for found in removed:
                self._remove_account(found.account.id)
            self._remove_sessions(session_ids)
            self._record(events)
            for key in _keys(self._audit, lambda row: is_theirs(row, "owner_id"), None):
                erased = {**self._audit[key], "owner_id": None, "before": None, "after": None}
                self._audit[key] = erased
            self._note(note)
            return Erased(len(session_ids), tuple(removed))

    async def purge(self, retention: Retention) -> Purged:
        with self._transaction():
            batch = retention.batch
            ended, attempts, events, visits, idempotency = (
                milliseconds(cut)
                for cut in (
                    retention.sessions_before,
                    retention.attempts_before,
                    retention.events_before,
                    retention.visits_before,
                    retention.idempotency_before,
                )
            )
            sessions = _keys(self._sessions, lambda row: _ended_before(row, ended), batch)
            self._remove_sessions(sessions)
            waiting = {
                row["event_id"]
                for row in self._deliveries.values()
                if row["state"] in {DeliveryState.PENDING.value, DeliveryState.HELD.value}
            }
            old = _keys(
                self._events, lambda row: row["created_at"] < events and row["id"] not in waiting, batch
            )
            self._remove_events(old)
            held = _keys(
                self._attempts, lambda row: row["updated_at"] < visits and row["held"] is not None, batch
            )
            for key in held:
                self._attempts[key] = {**self._attempts[key], "held": None}
            return Purged(
                sessions=len(sessions),
                events=len(old),
                endpoints=_remove(
                    self._endpoints,
                    lambda row: row["deleted_at"] is not None and row["deleted_at"] < events,
                    batch,
                ),
                held=len(held),
                attempts=_remove(self._attempts, lambda row: row["updated_at"] < attempts, batch),
                visits=_remove(self._visits, lambda row: row["created_at"] < visits, batch),
                states=_remove(self._states, lambda row: row["expires_at"] < visits, batch),
                idempotency=_remove(self._idempotency, lambda row: row["created_at"] < idempotency, batch),
                account_days=_remove(self._account_days, lambda row: row["day"] < events, batch),
                steps=_remove(self._steps, lambda row: row["at"] < attempts, batch),
                operator_sessions=_remove_before(
                    self._operator_sessions, "last_seen_at", retention.operator_sessions_before, batch
                ),
                audit=_remove_before(self._audit, "at", retention.audit_before, batch),
            )

    async def aclose(self) -> None:
        """Nothing was opened."""


def _ended_before(row: Row, cut: int) -> bool:
    ends = (row["expires_at"], row["revoked_at"], row["used_at"])
    return any(end is not None and end < cut for end in ends)


def _keys(shelf: MutableMapping[K, Row], condition: Callable[[Row], bool], limit: int | None) -> list[K]:
    return [key for key, row in shelf.items() if condition(row)][:limit]


def _remove_before(shelf: MutableMapping[K, Row], column: str, cut: datetime | None, limit: int) -> int:
    return 0 if cut is None else _remove(shelf, lambda row: row[column] < milliseconds(cut), limit)


def _remove(shelf: MutableMapping[K, Row], condition: Callable[[Row], bool], limit: int) -> int:
    keys = _keys(shelf, condition, limit)
    for key in keys:
        del shelf[key]
    return len(keys)


def _place(row: Row) -> tuple[int, str]:
    return row["created_at"], row["id"]
