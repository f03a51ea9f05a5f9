"""The statement that leases deliveries, and reads what is to be delivered."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, Select, and_, delete, or_, select, update

from connect_hub.storage.protocol import Delivery, DeliveryState
from connect_hub.storage.rows import instant
from connect_hub.storage.sql.claiming_heads import first
from connect_hub.storage.sql.tables import Tables

__all__ = ["leased"]


def leased(
    c: Connection,
    t: Tables,
    ids: Sequence[str],
    *,
    most: int,
    until: ColumnElement[int],
    at: int,
    clock: ColumnElement[int],
) -> list[Delivery]:
    """Up to `most` of `ids` that may still go, the oldest first, with a lease; one that another worker is
    about to lease is left to it.

    One statement where the database has UPDATE … RETURNING, and so right without a transaction around it.
    Any of `ids` may have been leased or settled since it was found, up to the moment in which it is locked.
    So what is asked is asked of the locked row. PostgreSQL, under READ COMMITTED, works out anew what was
    selected of a row that changed before it was locked (EvalPlanQual); then nobody else can change it, and
    the UPDATE goes by what was found out under lock, not by the row as it was when the statement began. Of
    two workers that want the same row at once, one locks it; the other skips it, or comes later, and finds
    the lease. Under a stricter isolation it is told to run again.
    """
    if not ids:
        return []
    d = t.deliveries.c
    locked = _locked(t, ids, at, clock)
    lease = update(t.deliveries).values(lease_until=until, epoch=d.epoch + 1)
    if c.dialect.update_returning:
        of_these = locked.cte("locked")
        going = (
            select(of_these.c.id)
            .where(of_these.c.due, of_these.c.free, of_these.c.first)
            .order_by(of_these.c.next_at, of_these.c.event_id)
            .limit(most)
            .cte("going")
        )
        rows = c.execute(lease.where(d.id == going.c.id).returning(*_wanted(t))).all()
    else:
        able = [row for row in c.execute(locked) if row.due and row.free and row.first]
        able.sort(key=lambda row: (row.next_at, row.event_id))
        chosen = [row.id for row in able[:most]]
        if not chosen:
            return []
        c.execute(lease.where(d.id.in_(chosen)))
        rows = c.execute(select(*_wanted(t)).where(d.id.in_(chosen))).all()
    orphans = [row.id for row in rows if row.body is None]
    if orphans:  # their event was erased or purged just as they were made
        c.execute(delete(t.deliveries).where(d.id.in_(orphans)))
    found = sorted(rows, key=lambda row: (row.next_at, row.event_id))
    return [_delivery(row) for row in found if row.body is not None]


def _locked(t: Tables, ids: Sequence[str], at: int, clock: ColumnElement[int]) -> Select[Any]:
    """Those of `ids` that nobody else has locked, and what is asked of them: as a condition it would tempt a
    database to begin with an index of all that is due."""
    d = t.deliveries.c
    return (
        select(
            d.id,
            d.next_at,
            d.event_id,
            and_(d.state == DeliveryState.PENDING.value, d.next_at <= at).label("due"),
            or_(d.lease_until.is_(None), d.lease_until <= clock).label("free"),
            (first(t, d.record_id, d.target, at, clock) == d.id).label("first"),
        )
        .where(d.id.in_(ids))
        .with_for_update(skip_locked=True, of=t.deliveries)
    )


def _wanted(t: Tables) -> list[ColumnElement[Any]]:
    """The columns of a delivery, and of its event."""
    d, e = t.deliveries.c, t.events.c
    of_event = select(e.id).where(e.id == d.event_id).correlate(t.deliveries)
    return [
        *(d.id, d.event_id, d.record_id, d.target, d.attempts, d.epoch, d.created_at, d.next_at),
        *(
            of_event.with_only_columns(each).scalar_subquery().label(each.name)
            for each in (e.name, e.project_id, e.body)
        ),
    ]


def _delivery(row: Row[Any]) -> Delivery:
    return Delivery(
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
