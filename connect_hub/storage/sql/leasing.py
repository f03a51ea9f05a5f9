"""The statement that leases deliveries, and reads what is to be delivered."""

from collections.abc import Sequence
from functools import lru_cache
from typing import Any

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    Connection,
    Row,
    Select,
    Update,
    and_,
    bindparam,
    delete,
    or_,
    select,
    update,
)
from sqlalchemy.sql.dml import ReturningUpdate

from connect_hub.storage.protocol import Delivery, DeliveryState
from connect_hub.storage.rows import instant
from connect_hub.storage.sql.claiming_heads import first
from connect_hub.storage.sql.dialects import now_milliseconds
from connect_hub.storage.sql.tables import Tables

__all__ = ["leased"]


def leased(c: Connection, t: Tables, ids: Sequence[str], *, at: int, lease: int) -> list[Delivery]:
    """Those of `ids` that may still go, in their order, with a lease; one that another worker is about to
    lease is left to it. `lease`: in milliseconds.

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
    now = now_milliseconds(c.dialect.name)
    values = {"ids": ids, "at": at, "lease": lease}
    if c.dialect.update_returning:
        rows = c.execute(_leasing(t, now), values).all()
    else:
        able = [row.id for row in c.execute(_locked(t, now), values) if row.due and row.free and row.first]
        if not able:
            return []
        chosen = {"ids": able, "lease": lease}
        c.execute(_lease(t, now).where(_is_one_of(t)), chosen)
        rows = c.execute(select(*_wanted(t)).where(_is_one_of(t)), chosen).all()
    orphans = [row.id for row in rows if row.body is None]
    if orphans:  # their event was erased or purged just as they were made
        c.execute(delete(t.deliveries).where(_is_one_of(t)), {"ids": orphans})
    by_id = {row.id: row for row in rows if row.body is not None}
    return [_delivery(by_id[delivery_id]) for delivery_id in ids if delivery_id in by_id]


@lru_cache(maxsize=16)
def _leasing(t: Tables, now: ColumnElement[int]) -> ReturningUpdate[Any]:
    """All of it in one. It takes longer to make than to run."""
    locked = _locked(t, now).cte("locked")
    going = select(locked.c.id).where(locked.c.due, locked.c.free, locked.c.first).cte("going")
    return _lease(t, now).where(t.deliveries.c.id == going.c.id).returning(*_wanted(t))


def _lease(t: Tables, now: ColumnElement[int]) -> Update:
    until = now + bindparam("lease", type_=BigInteger())
    return update(t.deliveries).values(lease_until=until, epoch=t.deliveries.c.epoch + 1)


def _locked(t: Tables, now: ColumnElement[int]) -> Select[Any]:
    """Those of the ids that nobody else has locked, and what is asked of them: as a condition it would tempt
    a database to begin with an index of all that is due."""
    d, at = t.deliveries.c, bindparam("at", type_=BigInteger())
    return (
        select(
            d.id,
            and_(d.state == DeliveryState.PENDING.value, d.next_at <= at).label("due"),
            or_(d.lease_until.is_(None), d.lease_until <= now).label("free"),
            (first(t, d.record_id, d.target, at, now) == d.id).label("first"),
        )
        .where(_is_one_of(t))
        .with_for_update(skip_locked=True, of=t.deliveries)
    )


def _is_one_of(t: Tables) -> ColumnElement[bool]:
    return t.deliveries.c.id.in_(bindparam("ids", expanding=True))


def _wanted(t: Tables) -> list[ColumnElement[Any]]:
    """The columns of a delivery, and of its event."""
    d, e = t.deliveries.c, t.events.c
    of_event = select(e.id).where(e.id == d.event_id).correlate(t.deliveries)
    return [
        *(d.id, d.event_id, d.record_id, d.target, d.attempts, d.epoch, d.created_at),
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
