"""Statements about events and their deliveries."""

from collections.abc import Sequence

from sqlalchemy import Connection, and_, func, insert, select, update

from connect_hub.storage.protocol import Backlog, DeliveryState, NewEvent, Settlement
from connect_hub.storage.rows import instant, milliseconds
from connect_hub.storage.rules import new_delivery_id
from connect_hub.storage.sql.tables import Tables

__all__ = ["backlog", "record", "settle"]


def record(c: Connection, t: Tables, events: Sequence[NewEvent]) -> None:
    """Write events, and a delivery to each of their targets."""
    for event in events:
        at = milliseconds(event.created_at)
        c.execute(
            insert(t.events),
            {
                "id": event.id,
                "project_id": event.project_id,
                "name": event.name,
                "record_id": event.record_id,
                "owner_id": event.owner_id,
                "sequence": event.sequence,
                "body": event.body,
                "created_at": at,
            },
        )
        if event.targets:
            c.execute(
                insert(t.deliveries),
                [
                    {
                        "id": new_delivery_id(),
                        "event_id": event.id,
                        "record_id": event.record_id,
                        "sequence": event.sequence,
                        "target": target,
                        "state": DeliveryState.PENDING.value,
                        "attempts": 0,
                        "epoch": 0,
                        "last_error": None,
                        "next_at": at,
                        "lease_until": None,
                        "created_at": at,
                        "settled_at": None,
                    }
                    for target in event.targets
                ],
            )


def settle(c: Connection, t: Tables, settlements: Sequence[Settlement]) -> list[bool]:
    # In the order of their ids, so that two workers never wait for each other in a circle.
    order = sorted(range(len(settlements)), key=lambda index: settlements[index].delivery_id)
    written = {index: _settle(c, t, settlements[index]) for index in order}
    return [written[index] for index in range(len(settlements))]


def _settle(c: Connection, t: Tables, settlement: Settlement) -> bool:
    d = t.deliveries.c
    is_pending = settlement.state is DeliveryState.PENDING
    values: dict[str, object] = {
        "state": settlement.state.value,
        "attempts": d.attempts + 1,
        "lease_until": None,
        "last_error": settlement.error,
        "settled_at": None if is_pending else milliseconds(settlement.now),
    }
    if settlement.next_at is not None:
        values["next_at"] = milliseconds(settlement.next_at)
    ours = and_(
        d.id == settlement.delivery_id,
        d.epoch == settlement.epoch,
        d.state == DeliveryState.PENDING.value,
    )
    return c.execute(update(t.deliveries).where(ours).values(values)).rowcount == 1


def backlog(c: Connection, t: Tables) -> Backlog:
    d = t.deliveries.c
    counts = dict.fromkeys(DeliveryState, 0)
    for state, count in c.execute(select(d.state, func.count()).group_by(d.state)):
        counts[DeliveryState(state)] = count
    pending = d.state == DeliveryState.PENDING.value
    oldest = c.execute(select(func.min(d.created_at)).where(pending)).scalar()
    by_target = c.execute(select(d.target, func.count()).where(pending).group_by(d.target))
    waiting: dict[str, int] = {row[0]: row[1] for row in by_target}
    return Backlog(counts, None if oldest is None else instant(oldest), waiting)
