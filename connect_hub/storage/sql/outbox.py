"""Statements about events and their deliveries."""

from collections.abc import Sequence

from sqlalchemy import Connection, and_, func, insert, select, update

from connect_hub.storage import rules
from connect_hub.storage.endpoint_rows import attempt_row
from connect_hub.storage.protocol import Backlog, DeliveryState, NewEvent, Settlement
from connect_hub.storage.rows import instant, milliseconds
from connect_hub.storage.sql import endpoints
from connect_hub.storage.sql.tables import Tables

__all__ = ["backlog", "record", "settle"]
_OPEN = {DeliveryState.PENDING, DeliveryState.HELD}


def record(c: Connection, t: Tables, events: Sequence[NewEvent]) -> None:
    """Write events, and a delivery to each of their targets and to each stored endpoint that gets them."""
    if not events:
        return
    for event, endpoint_ids in zip(events, endpoints.subscribers(c, t, events), strict=True):
        deliveries = rules.new_delivery_rows(event, endpoint_ids)
        if event.only_if_wanted and not deliveries:
            continue
        c.execute(insert(t.events), rules.new_event_row(event))
        if deliveries:
            c.execute(insert(t.deliveries), deliveries)


def settle(c: Connection, t: Tables, settlements: Sequence[Settlement]) -> list[bool]:
    d = t.deliveries.c
    asked = [one.delivery_id for one in settlements if one.attempt is not None or one.judge is not None]
    about = select(d.id, d.event_id, d.endpoint_id).where(d.id.in_(asked))
    found = {row.id: row for row in c.execute(about)} if asked else {}
    judged = {
        row.endpoint_id
        for one in settlements
        if one.judge is not None and (row := found.get(one.delivery_id)) and row.endpoint_id is not None
    }
    # Endpoints before deliveries, and each in the order of their ids, so that no two transactions wait for
    # each other in a circle.
    judged_now = endpoints.locked(c, t, judged)
    order = sorted(range(len(settlements)), key=lambda index: settlements[index].delivery_id)
    written = {index: _settle(c, t, settlements[index]) for index in order}
    tried = []
    for index, one in enumerate(settlements):
        row = found.get(one.delivery_id)
        if not written[index] or row is None:
            continue
        if one.attempt is not None:
            tried.append(attempt_row(row.id, one.epoch, row.event_id, one.attempt))
        endpoint = judged_now.get(row.endpoint_id)
        if one.judge is not None and endpoint is not None:
            after, events = one.judge(endpoint)
            judged_now[endpoint.id] = endpoints.write(c, t, endpoint, after, one.now)
            record(c, t, events)
    if tried:
        c.execute(insert(t.delivery_attempts), tried)
    return [written[index] for index in range(len(settlements))]


def _settle(c: Connection, t: Tables, settlement: Settlement) -> bool:
    d = t.deliveries.c
    is_open = settlement.state in _OPEN
    values: dict[str, object] = {
        "state": settlement.state.value,
        "attempts": d.attempts + int(settlement.counts),
        "lease_until": None,
        "last_error": settlement.error,
        "settled_at": None if is_open else milliseconds(settlement.now),
    }
    if settlement.next_at is not None:
        values["next_at"] = milliseconds(settlement.next_at)
    # A claim that was settled has no lease, and is not settled once more.
    ours = and_(
        d.id == settlement.delivery_id,
        d.epoch == settlement.epoch,
        d.state == DeliveryState.PENDING.value,
        d.lease_until.is_not(None),
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
