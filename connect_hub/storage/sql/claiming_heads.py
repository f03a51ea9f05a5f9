"""Which delivery of a record is to go first to its target: order is kept per target and record."""

import random
from collections.abc import Sequence
from functools import lru_cache
from string import ascii_letters, digits
from typing import Any, NamedTuple

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    Connection,
    FromClause,
    ScalarSelect,
    Select,
    Subquery,
    and_,
    bindparam,
    func,
    literal,
    or_,
    select,
)

from connect_hub.storage.protocol import DeliveryState
from connect_hub.storage.sql.tables import Tables

__all__ = ["RecordHead", "first", "heads_by_record", "heads_of"]

_PENDING = DeliveryState.PENDING.value


class RecordHead(NamedTuple):
    """A record with something pending, and what of it is to go first."""

    record_id: str
    head: str | None
    """The delivery; None: all of it waits for a later try."""
    goes: bool
    """It is due, and nobody is at it."""
    due_since: int
    """In milliseconds since 1970; 0 without a delivery."""


def heads_by_record(
    c: Connection,
    t: Tables,
    target: str,
    *,
    most: int,
    near: str,
    at: int,
    clock: ColumnElement[int],
) -> list[RecordHead]:
    """Of up to `most` records with something pending to `target`, beginning at a random place among records
    like `near`, so that none always comes last. Fewer than `most` are all that there are.

    Goes from one record to the next in the index, and so depends on how many there are, not on how much of
    each is pending.
    """
    start, found = _somewhere(near), list[RecordHead]()
    d = t.deliveries.c
    for begin, end in ((start, None), ("", start)):
        if len(found) == most:
            break
        records = _records(c, t, target, begin, end, most - len(found))
        head = first(t, records.c.record_id, target, at, clock)
        heads = select(records.c.record_id, head.label("head")).subquery("heads")
        goes = and_(d.next_at <= at, or_(d.lease_until.is_(None), d.lease_until <= clock))
        of_each = select(heads.c.record_id, heads.c.head, goes.label("goes"), d.next_at).outerjoin_from(
            heads, t.deliveries, d.id == heads.c.head
        )
        found += [
            RecordHead(row.record_id, row.head, bool(row.goes), row.next_at or 0)
            for row in c.execute(of_each)
        ]
    return found


def _somewhere(record_id: str) -> str:
    kind, mark, _ = record_id.rpartition("_")
    return kind + mark + random.choice(ascii_letters + digits)  # noqa: S311  # no secret


def _records(c: Connection, t: Tables, target: str, begin: str, end: str | None, most: int) -> Subquery:
    d = t.deliveries.c
    pending = and_(d.state == _PENDING, d.target == target, d.record_id >= begin)
    if end is not None:
        pending = and_(pending, d.record_id < end)
    if c.dialect.name in {"mysql", "mariadb"}:  # these skip through an index by themselves
        grouped = select(d.record_id).where(pending).group_by(d.state, d.target, d.record_id)
        return grouped.order_by(d.record_id).limit(most).subquery("records")
    following = t.deliveries.alias("following").c
    hop = select(func.min(d.record_id).label("record_id"), literal(1).label("number"))
    hops = hop.where(pending).cte("hops", recursive=True)
    after = select(func.min(following.record_id)).where(
        following.state == _PENDING, following.target == target, following.record_id > hops.c.record_id
    )
    if end is not None:
        after = after.where(following.record_id < end)
    hops = hops.union_all(
        select(after.scalar_subquery(), hops.c.number + 1).where(
            hops.c.record_id.is_not(None), hops.c.number < most
        )
    )
    return select(hops.c.record_id).where(hops.c.record_id.is_not(None)).subquery("records")


def first(
    t: Tables,
    record_id: ColumnElement[str],
    target: ColumnElement[str] | str,
    at: ColumnElement[int] | int,
    clock: ColumnElement[int],
) -> ScalarSelect[str]:
    """The delivery of this record to this target that is to go first; none where all wait for a later try."""
    earlier = t.deliveries.alias("earlier")
    e = earlier.c
    head = (
        select(e.id)
        .where(
            e.record_id == record_id,
            e.target == target,
            e.state == _PENDING,
            _in_the_way(earlier, at, clock),
        )
        .order_by(e.sequence, e.created_at, e.event_id)
        .limit(1)
    )
    # Left to themselves, these now and then walk through all that is pending.
    for name in ("mysql", "mariadb"):
        head = head.with_hint(earlier, f"FORCE INDEX ({t.deliveries.name}_turn_ix)", name)
    return head.scalar_subquery()


def heads_of(
    c: Connection, t: Tables, ids: Sequence[str], at: int, clock: ColumnElement[int]
) -> dict[str, str]:
    """For each of these deliveries, the first of its record and target, if that may go now."""
    if not ids:
        return {}
    return {row[0]: row[1] for row in c.execute(_heads(t, clock), {"ids": ids, "at": at})}


@lru_cache(maxsize=16)
def _heads(t: Tables, clock: ColumnElement[int]) -> Select[Any]:
    """It takes longer to make than to run."""
    d, at = t.deliveries.c, bindparam("at", type_=BigInteger())
    head = first(t, d.record_id, d.target, at, clock).label("head")
    heads = select(d.id, head).where(d.id.in_(bindparam("ids", expanding=True))).subquery("heads")
    h = t.deliveries.alias("first").c
    free = or_(h.lease_until.is_(None), h.lease_until <= clock)
    return select(heads.c.id, heads.c.head).where(h.id == heads.c.head, h.next_at <= at, free)


def _in_the_way(
    deliveries: FromClause, at: ColumnElement[int] | int, clock: ColumnElement[int]
) -> ColumnElement[bool]:
    """It was never tried, or is due again, or is being tried now: only one that waits for a later try lets
    those behind it pass."""
    e = deliveries.c
    return or_(e.attempts == 0, e.next_at <= at, e.lease_until > clock)
