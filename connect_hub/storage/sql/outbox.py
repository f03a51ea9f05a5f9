"""Statements about events and their deliveries."""

from collections.abc import Collection, Sequence
from datetime import datetime, timedelta

from sqlalchemy import Connection, and_, func, insert, not_, or_, select, update

from connect_hub.storage.protocol import Backlog, Delivery, DeliveryState, NewEvent
from connect_hub.storage.rows import instant, milliseconds
from connect_hub.storage.rules import new_delivery_id
from connect_hub.storage.sql.dialects import now_milliseconds
from connect_hub.storage.sql.tables import Tables

__all__ = ["backlog", "claim", "record", "settle"]


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


def claim(
    c: Connection, t: Tables, targets: Collection[str], limit: int, lease: timedelta, now: datetime
) -> list[Delivery]:
    d, earlier = t.deliveries.c, t.deliveries.alias("earlier")
    e = earlier.c
    clock = now_milliseconds(c.dialect.name)
    pending = DeliveryState.PENDING.value
    # One before it, of the same target and record, is not out of the way: it was never tried, or is due
    # again, or is being tried now. Only one that waits for a later try lets those behind it pass.
    held_up = (
        select(e.id)
        .where(
            e.record_id == d.record_id,
            e.target == d.target,
            e.state == pending,
            or_(
                e.sequence < d.sequence,
                and_(
                    e.sequence == d.sequence,
                    or_(
                        e.created_at < d.created_at,
                        and_(e.created_at == d.created_at, e.event_id < d.event_id),
                    ),
                ),
            ),
            or_(e.attempts == 0, e.next_at <= milliseconds(now), e.lease_until > clock),
        )
        .exists()
    )
    oldest_first = (d.next_at, d.created_at, d.sequence, d.event_id, d.target)
    due = (
        select(d.id)
        .where(
            d.state == pending,
            d.next_at <= milliseconds(now),
            or_(d.lease_until.is_(None), d.lease_until <= clock),
            d.target.in_(sorted(targets)),
            not_(held_up),
        )
        .order_by(*oldest_first)
        .limit(limit)
        .with_for_update(skip_locked=True, of=t.deliveries)
    )
    ids = list(c.execute(due).scalars())
    if not ids:
        return []
    until = clock + lease // timedelta(milliseconds=1)
    c.execute(update(t.deliveries).where(d.id.in_(ids)).values(lease_until=until, epoch=d.epoch + 1))
    rows = c.execute(
        select(
            d.id,
            d.event_id,
            d.record_id,
            d.target,
            d.attempts,
            d.epoch,
            d.created_at,
            t.events.c.name,
            t.events.c.project_id,
            t.events.c.body,
        )
        .join(t.events, t.events.c.id == d.event_id)
        .where(d.id.in_(ids))
        .order_by(*oldest_first)
    )
    return [
        Delivery(
            id=row.id,
            event_id=row.event_id,
            event_name=row.name,
            project_id=row.project_id,
            record_id=row.record_id,
            target=row.target,
            body=row.body,
            attempts=row.attempts,
            epoch=row.epoch,
            created_at=instant(row.created_at),
        )
        for row in rows
    ]


def settle(
    c: Connection,
    t: Tables,
    delivery_id: str,
    epoch: int,
    state: DeliveryState,
    next_at: datetime | None,
    error: str | None,
    now: datetime,
) -> bool:
    d = t.deliveries.c
    ours = and_(d.id == delivery_id, d.epoch == epoch, d.state == DeliveryState.PENDING.value)
    values: dict[str, object] = {
        "state": state.value,
        "attempts": d.attempts + 1,
        "lease_until": None,
        "last_error": error,
        "settled_at": None if state is DeliveryState.PENDING else milliseconds(now),
    }
    if next_at is not None:
        values["next_at"] = milliseconds(next_at)
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
