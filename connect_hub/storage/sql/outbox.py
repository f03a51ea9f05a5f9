"""Statements about events and their deliveries."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Connection, Row, bindparam, func, insert, select, update

from connect_hub.audit import AuditEntry
from connect_hub.storage import rules
from connect_hub.storage.endpoint_rows import attempt_row
from connect_hub.storage.protocol import Backlog, DeliveryState, NewEvent, Settlement
from connect_hub.storage.rows import instant
from connect_hub.storage.sql import audit, endpoints
from connect_hub.storage.sql.outcomes import outcome_row
from connect_hub.storage.sql.tables import Tables

__all__ = ["backlog", "record", "settle"]


def record(c: Connection, t: Tables, events: Sequence[NewEvent], note: AuditEntry | None = None) -> None:
    """Write events, and a delivery to each of their targets and to each stored endpoint that gets them."""
    audit.note(c, t, note)
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
    # Endpoints before deliveries, and each in the order of their ids, so that no two transactions wait for
    # each other in a circle.
    judged_now = endpoints.locked(c, t, _judged(c, t, settlements))
    found = _locked(c, t, [one.delivery_id for one in settlements])
    valid: dict[str, Settlement] = {}
    ours = []
    for one in settlements:
        ours.append(one.delivery_id not in valid and _is_ours(found.get(one.delivery_id), one))
        if ours[-1]:
            valid[one.delivery_id] = one
    _write(c, t, list(valid.values()))
    tried = []
    for one in valid.values():
        row = found[one.delivery_id]
        if one.attempt is not None:
            tried.append(attempt_row(row.id, one.epoch, row.event_id, one.attempt))
        endpoint = judged_now.get(row.endpoint_id)
        if one.judge is not None and endpoint is not None:
            after, events = one.judge(endpoint)
            judged_now[endpoint.id] = endpoints.write(c, t, endpoint, after, one.now)
            record(c, t, events)
    if tried:
        c.execute(insert(t.delivery_attempts), tried)
    return ours


def _judged(c: Connection, t: Tables, settlements: Sequence[Settlement]) -> set[str]:
    """The stored endpoints that are to be judged."""
    asked = [one.delivery_id for one in settlements if one.judge is not None]
    if not asked:
        return set()
    d = t.deliveries.c
    return set(c.execute(select(d.endpoint_id).where(d.id.in_(asked), d.endpoint_id.is_not(None))).scalars())


def _locked(c: Connection, t: Tables, ids: Sequence[str]) -> dict[str, Row[*tuple[Any, ...]]]:
    """Those that are there of these deliveries, under lock."""
    d = t.deliveries.c
    about = select(d.id, d.event_id, d.endpoint_id, d.epoch, d.state, d.lease_until).where(d.id.in_(ids))
    return {row.id: row for row in c.execute(about.order_by(d.id).with_for_update())}


def _is_ours(row: Row[*tuple[Any, ...]] | None, settlement: Settlement) -> bool:
    """Whether it is of a live claim. One that was settled has no lease, and is not settled once more."""
    return (
        row is not None
        and row.epoch == settlement.epoch
        and row.state == DeliveryState.PENDING.value
        and row.lease_until is not None
    )


def _write(c: Connection, t: Tables, settlements: Sequence[Settlement]) -> None:
    """What became of deliveries that are locked, all in one go: each statement is a way to the database."""
    d = t.deliveries.c
    statement = (
        update(t.deliveries)
        .where(d.id == bindparam("the_id"))
        .values(
            state=bindparam("new_state"),
            attempts=d.attempts + bindparam("tries"),
            lease_until=None,
            last_error=bindparam("why"),
            settled_at=bindparam("ended_at"),
            next_at=func.coalesce(bindparam("again_at", type_=d.next_at.type), d.next_at),
        )
    )
    rows = [outcome_row(one) for one in settlements]
    if rows:
        c.execute(statement, rows)


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
