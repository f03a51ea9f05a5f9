"""The statements that give out due deliveries.

A table with a hundred thousand of them must not make this slow, so no statement looks at all that is due.
For each target a window of its oldest is read off an index; each of them is followed to the one of its
record that is to go first; and those alone are locked. Where the oldest are all of a few records, which may
be under way, another index leads from one record to the next, past all that waits behind each.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from functools import partial

from sqlalchemy import ColumnElement, Connection, Select, and_, exc, func, or_, select

from connect_hub.storage.protocol import Delivery, DeliveryState
from connect_hub.storage.rows import milliseconds
from connect_hub.storage.sql.claiming_heads import heads_by_record, heads_of
from connect_hub.storage.sql.dialects import now_milliseconds
from connect_hub.storage.sql.leasing import leased
from connect_hub.storage.sql.singly import is_singly
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
    """In a transaction, or each statement in one of its own: only the last of them for a target writes."""
    at, clock, kept = milliseconds(now), now_milliseconds(c.dialect.name), is_singly(c)
    claimed: list[Delivery] = []
    try:
        for target in _with_something_due(c, t, list(room), at):
            most = min(limit - len(claimed), room[target])
            if most > 0:
                for some in _of(c, t, target, most, at, clock, lease // timedelta(milliseconds=1)):
                    claimed += some
    except exc.DBAPIError:
        # What was leased by then would wait until that runs out. What went wrong shows at the next claim.
        if not (kept and claimed):
            raise
    return claimed


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


def _of(
    c: Connection,
    t: Tables,
    target: str,
    most: int,
    at: int,
    clock: ColumnElement[int],
    lease: int,
) -> Iterator[list[Delivery]]:
    """Up to `most` deliveries to `target` that may go now, the oldest first, each list as soon as it is
    leased."""
    d = t.deliveries.c
    free = or_(d.lease_until.is_(None), d.lease_until <= clock)
    due = and_(d.state == _PENDING, d.target == target, d.next_at <= at)
    take = partial(leased, c, t, at=at, lease=lease)
    left = most
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
        # A record's place among the others is that of its oldest, and its first one goes.
        tried = [heads[delivery_id] for delivery_id in firsts.values() if delivery_id in heads]
        for found in _taken(take, tried, left):
            yield found
            left -= len(found)
        if left == 0 or len(rows) < width:
            return
        seen.update(firsts)
        width *= _WIDER
        if number == 0:
            records = heads_by_record(c, t, target, most=_RECORDS, near=rows[0].record_id, at=at, clock=clock)
            going = sorted((one for one in records if one.goes), key=lambda one: one.due_since)
            untried = [one.head for one in going if one.head is not None and one.head not in tried]
            for found in _taken(take, untried, left):
                yield found
                left -= len(found)
            if left < most or len(records) < _RECORDS:
                return
            seen.update(one.record_id for one in records)


def _taken(
    take: Callable[[Sequence[str]], list[Delivery]], ids: Sequence[str], most: int
) -> Iterator[list[Delivery]]:
    """What `take` leases of the first `most` of `ids`; where others were quicker, of those after them too."""
    begin = 0
    while most > 0 and begin < len(ids):
        found = take(ids[begin : begin + most])
        begin += most
        most -= len(found)
        yield found
