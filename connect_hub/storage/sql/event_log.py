"""Statements about what happened to events, and those that send one again."""

from collections.abc import Callable
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, Select, and_, insert, or_, select, update

from connect_hub.audit import AuditEntry
from connect_hub.storage.endpoint_rows import attempt_of
from connect_hub.storage.protocol import (
    DeliveryAttempt,
    DeliveryQuery,
    DeliveryRecord,
    DeliveryState,
    EventQuery,
    EventRecord,
    Replay,
    Replayed,
)
from connect_hub.storage.rows import instant, milliseconds
from connect_hub.storage.rules import new_delivery_row
from connect_hub.storage.sql import audit, endpoints
from connect_hub.storage.sql.paging import older
from connect_hub.storage.sql.tables import Tables

__all__ = ["attempts", "deliveries", "delivery", "event", "events", "replay", "resend"]

_PENDING, _HELD = DeliveryState.PENDING.value, DeliveryState.HELD.value


def _events(t: Tables) -> Select[Any]:
    e = t.events.c
    return select(
        e.id,
        e.project_id,
        e.name,
        e.record_id,
        e.owner_id,
        e.provider,
        e.sequence,
        e.body,
        e.created_at,
    )


def _event(row: Row[Any]) -> EventRecord:
    return EventRecord(**{**row._mapping, "body": bytes(row.body), "created_at": instant(row.created_at)})


def events(c: Connection, t: Tables, query: EventQuery) -> list[EventRecord]:
    e = t.events.c
    statement = _events(t).where(e.project_id == query.project_id)
    if query.names:
        statement = statement.where(e.name.in_(sorted(query.names)))
    for column, wanted in ((e.record_id, query.record_id), (e.owner_id, query.owner_id)):
        if wanted is not None:
            statement = statement.where(column == wanted)
    if query.since is not None:
        statement = statement.where(e.created_at >= milliseconds(query.since))
    if query.until is not None:
        statement = statement.where(e.created_at < milliseconds(query.until))
    if query.before is not None:
        statement = statement.where(older(e.created_at, e.id, query.before))
    statement = statement.order_by(e.created_at.desc(), e.id.desc()).limit(query.limit)
    return [_event(row) for row in c.execute(statement)]


def event(c: Connection, t: Tables, project_id: str, event_id: str) -> EventRecord | None:
    e = t.events.c
    row = c.execute(_events(t).where(e.id == event_id, e.project_id == project_id)).first()
    return None if row is None else _event(row)


def _deliveries(t: Tables, project_id: str) -> Select[Any]:
    d, e = t.deliveries.c, t.events.c
    return (
        select(
            d.id,
            d.event_id,
            e.name.label("event_name"),
            e.project_id,
            d.record_id,
            d.target,
            d.endpoint_id,
            d.state,
            d.attempts,
            d.last_error,
            d.next_at,
            d.created_at,
            d.settled_at,
        )
        .join(t.events, e.id == d.event_id)
        .where(e.project_id == project_id)
    )


def _delivery(row: Row[Any]) -> DeliveryRecord:
    return DeliveryRecord(
        **{
            **row._mapping,
            "state": DeliveryState(row.state),
            "next_at": instant(row.next_at),
            "created_at": instant(row.created_at),
            "settled_at": None if row.settled_at is None else instant(row.settled_at),
        }
    )


def deliveries(c: Connection, t: Tables, query: DeliveryQuery) -> list[DeliveryRecord]:
    d = t.deliveries.c
    statement = _deliveries(t, query.project_id)
    for column, wanted in ((d.event_id, query.event_id), (d.target, query.target)):
        if wanted is not None:
            statement = statement.where(column == wanted)
    if query.states:
        statement = statement.where(d.state.in_(sorted(state.value for state in query.states)))
    if query.before is not None:
        statement = statement.where(older(d.created_at, d.id, query.before))
    statement = statement.order_by(d.created_at.desc(), d.id.desc()).limit(query.limit)
    return [_delivery(row) for row in c.execute(statement)]


def delivery(c: Connection, t: Tables, project_id: str, delivery_id: str) -> DeliveryRecord | None:
    row = c.execute(_deliveries(t, project_id).where(t.deliveries.c.id == delivery_id)).first()
    return None if row is None else _delivery(row)


def attempts(c: Connection, t: Tables, project_id: str, delivery_id: str) -> list[DeliveryAttempt]:
    a, e = t.delivery_attempts, t.events.c
    statement = (
        select(a)
        .join(t.events, e.id == a.c.event_id)
        .where(a.c.delivery_id == delivery_id, e.project_id == project_id)
        .order_by(a.c.epoch)
    )
    return [attempt_of(row) for row in c.execute(statement)]


def resend(
    c: Connection, t: Tables, project_id: str, delivery_id: str, now: datetime, note: AuditEntry | None
) -> DeliveryRecord | None:
    before = delivery(c, t, project_id, delivery_id)
    if before is None or before.state is DeliveryState.HELD:
        return before
    audit.note(c, t, note)
    d, e = t.deliveries.c, t.events.c
    # One at a time: two would each find nothing pending, and both send it.
    c.execute(select(e.id).where(e.id == before.event_id).with_for_update())
    pending = select(d.id, d.sequence).where(
        d.event_id == before.event_id, d.target == before.target, d.state == _PENDING
    )
    under_way = c.execute(pending.order_by(d.created_at, d.id).limit(1).with_for_update()).first()
    if under_way is not None:
        c.execute(update(t.deliveries).where(d.id == under_way.id).values(next_at=milliseconds(now)))
        return delivery(c, t, project_id, under_way.id)
    sequence = c.execute(select(d.sequence).where(d.id == delivery_id)).scalar_one()
    row = new_delivery_row(
        event_id=before.event_id,
        record_id=before.record_id,
        sequence=sequence,
        target=before.target,
        endpoint_id=before.endpoint_id,
        at=milliseconds(now),
    )
    c.execute(insert(t.deliveries), row)
    return delivery(c, t, project_id, row["id"])


def replay(
    c: Connection, t: Tables, replay: Replay, note: Callable[[Replayed], AuditEntry | None] | None
) -> Replayed:
    e, d = t.events.c, t.deliveries.c
    if replay.endpoint_id is not None:  # one at a time, or both would send the same
        endpoints.locked(c, t, {replay.endpoint_id})
    wanted = select(e.id, e.record_id, e.sequence, e.created_at).where(
        e.project_id == replay.project_id,
        e.created_at >= milliseconds(replay.since),
        e.created_at < milliseconds(replay.until),
        e.name.in_(sorted(replay.names)),
        or_(e.directed.is_(None), ~e.directed),
    )
    if replay.providers is not None:
        wanted = wanted.where(e.provider.in_(sorted(replay.providers)))
    if replay.after is not None:
        at, event_id = milliseconds(replay.after[0]), replay.after[1]
        wanted = wanted.where(or_(e.created_at > at, and_(e.created_at == at, e.id > event_id)))
    rows = c.execute(wanted.order_by(e.created_at, e.id).limit(replay.limit)).all()
    settled = [_PENDING, _HELD] + ([] if replay.include_delivered else [DeliveryState.DELIVERED.value])
    served = select(d.event_id).where(
        d.event_id.in_([row.id for row in rows]), d.target == replay.target, d.state.in_(settled)
    )
    left_out = set(c.execute(served).scalars()) if rows else set()
    made = [
        new_delivery_row(
            event_id=row.id,
            record_id=row.record_id,
            sequence=row.sequence,
            target=replay.target,
            endpoint_id=replay.endpoint_id,
            at=milliseconds(replay.now),
        )
        for row in rows
        if row.id not in left_out
    ]
    if made:
        c.execute(insert(t.deliveries), made)
    last = rows[-1] if len(rows) == replay.limit else None
    done = Replayed(len(made), None if last is None else (instant(last.created_at), last.id))
    audit.note(c, t, None if note is None else note(done))
    return done
