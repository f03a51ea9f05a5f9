"""Events and their deliveries, in memory."""

from collections.abc import Collection, Sequence
from datetime import datetime, timedelta

from connect_hub.errors import StorageConflict
from connect_hub.storage.memory.shelves import Shelves
from connect_hub.storage.protocol import Backlog, Delivery, DeliveryState, NewEvent
from connect_hub.storage.rows import Row, instant, milliseconds
from connect_hub.storage.rules import new_delivery_id

__all__ = ["MemoryEvents"]

_PENDING = DeliveryState.PENDING.value


class MemoryEvents(Shelves):
    """`EventStore` in memory."""

    async def record(self, events: Sequence[NewEvent]) -> None:
        with self._transaction():
            self._refuse_taken(events)
            self._record(events)

    def _refuse_taken(self, events: Sequence[NewEvent]) -> None:
        ids = [event.id for event in events]
        if len(set(ids)) < len(ids) or any(event_id in self._events for event_id in ids):
            raise StorageConflict

    def _record(self, events: Sequence[NewEvent]) -> None:
        for event in events:
            at = milliseconds(event.created_at)
            self._events[event.id] = {
                "id": event.id,
                "project_id": event.project_id,
                "name": event.name,
                "record_id": event.record_id,
                "owner_id": event.owner_id,
                "sequence": event.sequence,
                "body": bytes(event.body),
                "created_at": at,
            }
            for target in event.targets:
                delivery_id = new_delivery_id()
                self._deliveries[delivery_id] = {
                    "id": delivery_id,
                    "event_id": event.id,
                    "record_id": event.record_id,
                    "sequence": event.sequence,
                    "target": target,
                    "state": _PENDING,
                    "attempts": 0,
                    "epoch": 0,
                    "last_error": None,
                    "next_at": at,
                    "lease_until": None,
                    "created_at": at,
                    "settled_at": None,
                }

    async def claim_deliveries(
        self, targets: Collection[str], *, limit: int, lease: timedelta, now: datetime
    ) -> list[Delivery]:
        with self._transaction():
            clock, at = self._lease_clock(), milliseconds(now)
            wanted = set(targets)
            pending = [r for r in self._deliveries.values() if r["state"] == _PENDING]
            heads: dict[tuple[str, str], Row] = {}
            for row in sorted(pending, key=_order):
                if not _waits_for_a_later_try(row, clock, at):
                    heads.setdefault((row["record_id"], row["target"]), row)
            due = [
                row
                for row in heads.values()
                if row["target"] in wanted and row["next_at"] <= at and not _is_leased(row, clock)
            ]
            due.sort(key=_age)
            claimed = [
                {
                    **row,
                    "epoch": row["epoch"] + 1,
                    "lease_until": clock + lease // timedelta(milliseconds=1),
                }
                for row in due[:limit]
            ]
            self._deliveries.update({row["id"]: row for row in claimed})
            return [self._delivery(row) for row in claimed]

    def _delivery(self, row: Row) -> Delivery:
        event = self._events[row["event_id"]]
        return Delivery(
            id=row["id"],
            event_id=row["event_id"],
            event_name=event["name"],
            project_id=event["project_id"],
            record_id=row["record_id"],
            target=row["target"],
            body=event["body"],
            attempts=row["attempts"],
            epoch=row["epoch"],
            created_at=instant(row["created_at"]),
        )

    async def settle_delivery(
        self,
        delivery_id: str,
        *,
        epoch: int,
        state: DeliveryState,
        next_at: datetime | None,
        error: str | None,
        now: datetime,
    ) -> bool:
        with self._transaction():
            row = self._deliveries.get(delivery_id)
            if row is None or row["epoch"] != epoch or row["state"] != _PENDING:
                return False
            self._deliveries[delivery_id] = {
                **row,
                "state": state.value,
                "attempts": row["attempts"] + 1,
                "lease_until": None,
                "last_error": error,
                "next_at": row["next_at"] if next_at is None else milliseconds(next_at),
                "settled_at": None if state is DeliveryState.PENDING else milliseconds(now),
            }
            return True

    async def backlog(self) -> Backlog:
        with self._transaction():
            rows = list(self._deliveries.values())
        counts = dict.fromkeys(DeliveryState, 0)
        by_target: dict[str, int] = {}
        for row in rows:
            counts[DeliveryState(row["state"])] += 1
            if row["state"] == _PENDING:
                by_target[row["target"]] = by_target.get(row["target"], 0) + 1
        oldest = min((row["created_at"] for row in rows if row["state"] == _PENDING), default=None)
        return Backlog(counts, None if oldest is None else instant(oldest), by_target)


def _order(row: Row) -> tuple[int, int, str]:
    """Which delivery of one target and record is the earlier one."""
    return row["sequence"], row["created_at"], row["event_id"]


def _age(row: Row) -> tuple[int, int, int, str, str]:
    return row["next_at"], row["created_at"], row["sequence"], row["event_id"], row["target"]


def _is_leased(row: Row, clock: int) -> bool:
    return row["lease_until"] is not None and row["lease_until"] > clock


def _waits_for_a_later_try(row: Row, clock: int, now: int) -> bool:
    return row["attempts"] > 0 and row["next_at"] > now and not _is_leased(row, clock)
