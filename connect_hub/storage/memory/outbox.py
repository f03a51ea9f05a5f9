"""Events and their deliveries, in memory."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from connect_hub.audit import AuditEntry
from connect_hub.errors import StorageConflict
from connect_hub.storage.endpoint_rows import attempt_row, endpoint_of, endpoint_row, is_wanted, names_of
from connect_hub.storage.memory.operators import MemoryAudit
from connect_hub.storage.memory.shelves import pick
from connect_hub.storage.protocol import (
    Backlog,
    Delivery,
    DeliveryState,
    NewEvent,
    Settlement,
    WebhookEndpoint,
)
from connect_hub.storage.rows import Row, instant, milliseconds
from connect_hub.storage.rules import new_delivery_rows, new_event_row

__all__ = ["MemoryEvents", "is_leased"]

_PENDING, _HELD = DeliveryState.PENDING.value, DeliveryState.HELD.value
_OPEN = {DeliveryState.PENDING, DeliveryState.HELD}


class MemoryEvents(MemoryAudit):
    """`EventStore` in memory."""

    async def record(self, events: Sequence[NewEvent], *, note: AuditEntry | None = None) -> None:
        with self._transaction():
            self._refuse_taken(events)
            self._refuse_noted(note)
            self._record(events)
            self._note(note)

    def _refuse_taken(self, events: Sequence[NewEvent]) -> None:
        ids = [event.id for event in events]
        if len(set(ids)) < len(ids) or any(event_id in self._events for event_id in ids):
            raise StorageConflict

    def _record(self, events: Sequence[NewEvent]) -> None:
        for event in events:
            rows = new_delivery_rows(event, self._subscribers(event))
            if event.only_if_wanted and not rows:
                continue
            self._events[event.id] = new_event_row(event)
            for row in rows:
                self._deliveries[row["id"]] = row

    def _subscribers(self, event: NewEvent) -> Sequence[str]:
        """The ids of the stored endpoints that get it."""
        if event.endpoints is not None:
            return event.endpoints
        return [
            row["id"]
            for row in self._endpoints.values()
            if row["project_id"] == event.project_id
            and row["enabled"]
            and row["deleted_at"] is None
            and row["session_id"] in (None, event.session_id)
            and is_wanted(event, names_of(row["events"]), names_of(row["providers"]))
        ]

    async def claim_deliveries(
        self,
        room: Mapping[str, int],
        *,
        limit: int,
        lease: timedelta,
        now: datetime,
    ) -> list[Delivery]:
        with self._transaction():
            clock, at = self._lease_clock(), milliseconds(now)
            pending = [
                row for row in self._deliveries.values() if row["state"] == _PENDING and row["target"] in room
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
            for target, most in room.items():
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
            ours, by_id = [], dict[str, Settlement]()
            for one in settlements:
                ours.append(one.delivery_id not in by_id and self._is_ours(one))
                if ours[-1]:
                    by_id[one.delivery_id] = one
            valid = list(by_id.values())
            judged = self._judged(valid)
            self._refuse_taken([event for _, _, _, events in judged for event in events])
            for settlement in valid:
                self._settle(settlement)
            for before, after, now, events in judged:
                self._write_endpoint(before, after, now)
                self._record(events)
            return ours

    def _is_ours(self, settlement: Settlement) -> bool:
        """Whether it is of a live claim; one that was settled has no lease."""
        row = self._deliveries.get(settlement.delivery_id)
        return (
            row is not None
            and row["epoch"] == settlement.epoch
            and row["state"] == _PENDING
            and row["lease_until"] is not None
        )

    def _settle(self, settlement: Settlement) -> None:
        row = self._deliveries[settlement.delivery_id]
        next_at, is_open = settlement.next_at, settlement.state in _OPEN
        self._deliveries[row["id"]] = {
            **row,
            "state": settlement.state.value,
            "attempts": row["attempts"] + settlement.counts,
            "lease_until": None,
            "last_error": settlement.error,
            "next_at": row["next_at"] if next_at is None else milliseconds(next_at),
            "settled_at": None if is_open else milliseconds(settlement.now),
        }
        if settlement.attempt is not None:
            logged = attempt_row(row["id"], row["epoch"], row["event_id"], settlement.attempt)
            self._delivery_attempts[row["id"], row["epoch"]] = logged

    def _judged(
        self, settlements: Sequence[Settlement]
    ) -> list[tuple[WebhookEndpoint, WebhookEndpoint, datetime, Sequence[NewEvent]]]:
        """What becomes of endpoints: before, after, when, and the events that tell of it."""
        now_are: dict[str, WebhookEndpoint] = {}
        judged = []
        for one in settlements:
            row = self._endpoints.get(self._deliveries[one.delivery_id]["endpoint_id"])
            if one.judge is None or row is None or row["deleted_at"] is not None:
                continue
            before = now_are.get(row["id"], endpoint_of(pick(row)))
            after, events = one.judge(before)
            now_are[row["id"]] = after
            judged.append((before, after, one.now, events))
        return judged

    def _write_endpoint(
        self, before: WebhookEndpoint, after: WebhookEndpoint, now: datetime
    ) -> WebhookEndpoint:
        """Write the endpoint, and hold or let go what is on its way to it."""
        after = replace(after, id=before.id, project_id=before.project_id, created_at=before.created_at)
        self._endpoints[before.id] = endpoint_row(after)
        clock = self._lease_clock()
        theirs = [row for row in self._deliveries.values() if row["endpoint_id"] == before.id]
        if not after.enabled:
            waiting = [row for row in theirs if row["state"] == _PENDING and not is_leased(row, clock)]
            self._deliveries.update({row["id"]: {**row, "state": _HELD} for row in waiting})
        elif not before.enabled:
            again = {"state": _PENDING, "attempts": 0, "next_at": milliseconds(now), "settled_at": None}
            held = [row for row in theirs if row["state"] == _HELD]
            self._deliveries.update({row["id"]: {**row, **again} for row in held})
        return endpoint_of(pick(endpoint_row(after)))

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


def is_leased(row: Row, clock: int) -> bool:
    """Whether a worker is trying it."""
    return row["lease_until"] is not None and row["lease_until"] > clock


def _is_free(row: Row, clock: int, now: int) -> bool:
    return row["next_at"] <= now and not is_leased(row, clock)


def _waits_for_a_later_try(row: Row, clock: int, now: int) -> bool:
    return row["attempts"] > 0 and row["next_at"] > now and not is_leased(row, clock)
