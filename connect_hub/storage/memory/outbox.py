"""Events and their deliveries, in memory."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta

from connect_hub.errors import StorageConflict
from connect_hub.storage.memory.shelves import Shelves
from connect_hub.storage.protocol import Backlog, Delivery, DeliveryState, NewEvent, Settlement
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
        self,
        targets: Sequence[str],
        *,
        limit: int,
        lease: timedelta,
        now: datetime,
        room: Mapping[str, int] | None = None,
    ) -> list[Delivery]:
        with self._transaction():
            clock, at = self._lease_clock(), milliseconds(now)
            wanted = {target: limit if room is None else room.get(target, limit) for target in targets}
            pending = [
                row
                for row in self._deliveries.values()
                if row["state"] == _PENDING and row["target"] in wanted
            ]
            heads: dict[tuple[str, str], Row] = {}
            for row in sorted(pending, key=_order):
                if not _waits_for_a_later_try(row, clock, at):
                    heads.setdefault((row["target"], row["record_id"]), row)
            # A record's place among the others is that of its oldest, and its first one goes.
            places: dict[tuple[str, str], Row] = {}
            for row in sorted(pending, key=_age):
                if _is_free(row, clock, at):
                    place = row["target"], row["record_id"]
                    if place in heads and _is_free(heads[place], clock, at):
                        places.setdefault(place, heads[place])
            until = clock + lease // timedelta(milliseconds=1)
            claimed: list[Row] = []
            for target, most in wanted.items():
                mine = [row for (to, _), row in places.items() if to == target]
                claimed += mine[: max(0, min(most, limit - len(claimed)))]
            claimed = [{**row, "epoch": row["epoch"] + 1, "lease_until": until} for row in claimed]
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

    async def settle_deliveries(self, settlements: Sequence[Settlement]) -> list[bool]:
        with self._transaction():
            return [self._settle(settlement) for settlement in settlements]

    def _settle(self, settlement: Settlement) -> bool:
        row = self._deliveries.get(settlement.delivery_id)
        if row is None or row["epoch"] != settlement.epoch or row["state"] != _PENDING:
            return False
        next_at, is_pending = settlement.next_at, settlement.state is DeliveryState.PENDING
        self._deliveries[row["id"]] = {
            **row,
            "state": settlement.state.value,
            "attempts": row["attempts"] + 1,
            "lease_until": None,
            "last_error": settlement.error,
            "next_at": row["next_at"] if next_at is None else milliseconds(next_at),
            "settled_at": None if is_pending else milliseconds(settlement.now),
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


def _age(row: Row) -> tuple[int, str]:
    return row["next_at"], row["event_id"]


def _is_leased(row: Row, clock: int) -> bool:
    return row["lease_until"] is not None and row["lease_until"] > clock


def _is_free(row: Row, clock: int, now: int) -> bool:
    return row["next_at"] <= now and not _is_leased(row, clock)


def _waits_for_a_later_try(row: Row, clock: int, now: int) -> bool:
    return row["attempts"] > 0 and row["next_at"] > now and not _is_leased(row, clock)
