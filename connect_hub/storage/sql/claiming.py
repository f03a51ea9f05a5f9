"""The statements that give out due deliveries.

A table with a hundred thousand of them must not make this slow, so no statement looks at all that is due.
For each target a window of its oldest is read off an index; each of them is followed to the one of its
record that is to go first; and those alone are locked. Where the oldest are all of a few records, which may
be under way, another index leads from one record to the next, past all that waits behind each.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, Connection, Select, and_, delete, func, or_, select, update

from connect_hub.storage.protocol import Delivery, DeliveryState
from connect_hub.storage.rows import instant, milliseconds
from connect_hub.storage.sql.claiming_heads import first, heads_by_record, heads_of
from connect_hub.storage.sql.dialects import now_milliseconds
from connect_hub.storage.sql.tables import Tables

__all__ = ["claim"]

_PENDING = DeliveryState.PENDING.value
_FEW = 8
"""So many targets are asked one by one; of more it is found out first which have something due."""
_RECORDS = 256
"""So many records are looked at when the oldest window yields too little."""
_WINDOWS = 6
_WIDER = 4
"""When these yield too little as well, the next window is so much wider, and leaves out the records seen."""


def claim(
    c: Connection,
    t: Tables,
    room: Mapping[str, int],
    limit: int,
    lease: timedelta,
    now: datetime,
) -> list[Delivery]:
    at, clock = milliseconds(now), now_milliseconds(c.dialect.name)
    ids: list[str] = []
    for target in _with_something_due(c, t, list(room), at):
        most = min(limit - len(ids), room[target])
        if most > 0:
            ids += _locked(c, t, target, most, at, clock)
    if not ids:
        return []
    d = t.deliveries.c
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
    )
    claimed = {
        row.id: Delivery(
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
    }
    orphans = [delivery_id for delivery_id in ids if delivery_id not in claimed]
    if orphans:  # their event was erased or purged just as they were made
        c.execute(delete(t.deliveries).where(d.id.in_(orphans)))
    return [claimed[delivery_id] for delivery_id in ids if delivery_id in claimed]


def _with_something_due(c: Connection, t: Tables, targets: Sequence[str], at: int) -> Sequence[str]:
    """Those of `targets` that may have something due, in their order.

    Goes from one target to the next in the index, and so depends on how many there are, not on how much is
    due to them.
    """
    if len(targets) <= _FEW:
        return targets
    grouped = c.dialect.name in {"mysql", "mariadb"}  # these skip through an index by themselves
    due: set[object] = set(c.execute(_grouped(t, at) if grouped else _hopping(t, at)).scalars())
    return [target for target in targets if target in due]


def _grouped(t: Tables, at: int) -> Select[tuple[object]]:
    d = t.deliveries.c
    oldest = select(d.target.label("target"), func.min(d.next_at).label("next_at"))
    each = oldest.where(d.state == _PENDING).group_by(d.state, d.target).subquery("each")
    return select(each.c.target).where(each.c.next_at <= at)


def _hopping(t: Tables, at: int) -> Select[tuple[object]]:
    d, following = t.deliveries.c, t.deliveries.alias("following").c
    hop = select(func.min(d.target).label("target")).where(d.state == _PENDING).cte("hop", recursive=True)
    after = select(func.min(following.target)).where(
        following.state == _PENDING, following.target > hop.c.target
    )
    hop = hop.union_all(select(after.scalar_subquery()).where(hop.c.target.is_not(None)))
    is_due = select(d.id).where(d.state == _PENDING, d.target == hop.c.target, d.next_at <= at).limit(1)
    return select(hop.c.target).where(hop.c.target.is_not(None), is_due.exists())


def _locked(
    c: Connection, t: Tables, target: str, most: int, at: int, clock: ColumnElement[int]
) -> list[str]:
    """Up to `most` deliveries to `target` that may go now, the oldest first, under lock."""
    d = t.deliveries.c
    free = or_(d.lease_until.is_(None), d.lease_until <= clock)
    due = and_(d.state == _PENDING, d.target == target, d.next_at <= at)
    found: list[str] = []
    seen: set[str] = set()
    width = 2 * most + _FEW
    for number in range(_WINDOWS):
        window = select(d.id, d.record_id).where(due, free).order_by(d.next_at, d.event_id).limit(width)
        if seen:
            window = window.where(d.record_id.not_in(sorted(seen)))
        rows = c.execute(window).all()
        firsts: dict[str, str] = {}
        for row in rows:
            firsts.setdefault(row.record_id, row.id)
        heads = heads_of(c, t, list(firsts.values()), at, clock)
        wanted = [head for delivery_id in firsts.values() if (head := heads.get(delivery_id)) is not None]
        locked = _lock(c, t, wanted, at, clock)
        found += [delivery_id for delivery_id in wanted if delivery_id in locked]
        if len(found) >= most or len(rows) < width:
            break
        seen.update(firsts)
        width *= _WIDER
        if number == 0:
            records = heads_by_record(c, t, target, most=_RECORDS, near=rows[0].record_id, at=at, clock=clock)
            going = sorted((one for one in records if one.goes), key=lambda one: one.due_since)
            wanted = [one.head for one in going if one.head is not None and one.head not in found][: 2 * most]
            locked = _lock(c, t, wanted, at, clock)
            found += [delivery_id for delivery_id in wanted if delivery_id in locked]
            if found or len(records) < _RECORDS:
                break
            seen.update(one.record_id for one in records)
    return found[:most]


def _lock(c: Connection, t: Tables, ids: Sequence[str], at: int, clock: ColumnElement[int]) -> set[str]:
    """Those of `ids` that may still go, under lock; one that another worker looks at is left to it."""
    if not ids:
        return set()
    d = t.deliveries.c
    # What is asked of them is asked of the rows that were locked: as a condition it would tempt a database
    # to begin with an index of all that is due.
    locked = (
        select(
            d.id,
            and_(d.state == _PENDING, d.next_at <= at).label("due"),
            or_(d.lease_until.is_(None), d.lease_until <= clock).label("free"),
            (first(t, d.record_id, d.target, at, clock) == d.id).label("first"),
        )
        .where(d.id.in_(ids))
        .with_for_update(skip_locked=True, of=t.deliveries)
    )
    return {row.id for row in c.execute(locked) if row.due and row.free and row.first}
