"""Statements about endpoints, and what their state does to deliveries."""

from collections.abc import Callable, Collection, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, Select, and_, insert, or_, select, update

from connect_hub.audit import AuditEntry
from connect_hub.storage.endpoint_rows import endpoint_of, endpoint_row, is_wanted, names_of
from connect_hub.storage.protocol import DeliveryState, NewEvent, WebhookEndpoint
from connect_hub.storage.rows import milliseconds
from connect_hub.storage.sql import audit
from connect_hub.storage.sql.dialects import now_milliseconds
from connect_hub.storage.sql.tables import Tables

__all__ = [
    "change",
    "create",
    "due",
    "get",
    "listing",
    "locked",
    "remove",
    "remove_of_sessions",
    "subscribers",
    "write",
]

_PENDING, _HELD, _DEAD = (
    state.value for state in (DeliveryState.PENDING, DeliveryState.HELD, DeliveryState.DEAD)
)


_DELETED = "the endpoint was deleted"


def create(
    c: Connection, t: Tables, endpoint: WebhookEndpoint, at_most: int, note: AuditEntry | None
) -> bool:
    e = t.endpoints.c
    mine = select(e.id).where(e.project_id == endpoint.project_id, _is_the_projects(t)).order_by(e.id)
    # Of those who add one at once each waits here for the other, and then counts anew.
    c.execute(mine.with_for_update()).all()
    if len(c.execute(mine.with_for_update()).all()) >= at_most:
        return False
    c.execute(insert(t.endpoints), endpoint_row(endpoint))
    audit.note(c, t, note)
    return True


def get(c: Connection, t: Tables, project_id: str, endpoint_id: str) -> WebhookEndpoint | None:
    row = c.execute(_one(t, project_id, endpoint_id)).first()
    return None if row is None else endpoint_of(row)


def _one(t: Tables, project_id: str, endpoint_id: str) -> Select[Any]:
    e = t.endpoints.c
    return select(t.endpoints).where(e.id == endpoint_id, e.project_id == project_id, e.deleted_at.is_(None))


def _is_the_projects(t: Tables) -> ColumnElement[bool]:
    """It is there, and belongs to the project, not to a session."""
    return and_(t.endpoints.c.deleted_at.is_(None), t.endpoints.c.session_id.is_(None))


def listing(c: Connection, t: Tables, project_id: str) -> list[WebhookEndpoint]:
    e = t.endpoints.c
    statement = select(t.endpoints).where(e.project_id == project_id, _is_the_projects(t))
    return [endpoint_of(row) for row in c.execute(statement.order_by(e.created_at.desc(), e.id.desc()))]


def due(c: Connection, t: Tables, now: datetime) -> list[WebhookEndpoint]:
    d = t.deliveries.c
    waiting = (
        select(d.id)
        .where(d.endpoint_id == t.endpoints.c.id, d.state == _PENDING, d.next_at <= milliseconds(now))
        .limit(1)
    )
    return [endpoint_of(row) for row in c.execute(select(t.endpoints).where(waiting.exists()))]


def locked(c: Connection, t: Tables, endpoint_ids: Collection[str]) -> dict[str, WebhookEndpoint]:
    """Those that are there of these, under lock, by their ids."""
    if not endpoint_ids:
        return {}
    e = t.endpoints.c
    statement = select(t.endpoints).where(e.id.in_(sorted(endpoint_ids)), e.deleted_at.is_(None))
    return {row.id: endpoint_of(row) for row in c.execute(statement.order_by(e.id).with_for_update())}


def subscribers(c: Connection, t: Tables, events: Sequence[NewEvent]) -> list[tuple[str, ...]]:
    """The ids of the stored endpoints that get each of `events`."""
    e = t.endpoints.c
    projects = sorted({event.project_id for event in events if event.endpoints is None})
    sessions = sorted({event.session_id for event in events if event.session_id is not None})
    rows = []
    if projects:
        statement = select(e.id, e.project_id, e.events, e.providers, e.session_id).where(
            e.project_id.in_(projects),
            e.enabled,
            e.deleted_at.is_(None),
            or_(e.session_id.is_(None), e.session_id.in_(sessions)),
        )
        rows = [
            (r.id, r.project_id, names_of(r.events), names_of(r.providers), r.session_id)
            for r in c.execute(statement)
        ]
    return [
        tuple(
            endpoint_id
            for endpoint_id, project_id, names, providers, session_id in rows
            if project_id == event.project_id
            and session_id in (None, event.session_id)
            and is_wanted(event, names, providers)
        )
        if event.endpoints is None
        else event.endpoints
        for event in events
    ]


def change(
    c: Connection,
    t: Tables,
    project_id: str,
    endpoint_id: str,
    change: Callable[[WebhookEndpoint], WebhookEndpoint],
    now: datetime,
    note: Callable[[WebhookEndpoint, WebhookEndpoint], AuditEntry | None] | None,
) -> WebhookEndpoint | None:
    row = c.execute(_one(t, project_id, endpoint_id).with_for_update()).first()
    if row is None:
        return None
    before = endpoint_of(row)
    after = write(c, t, before, change(before), now)
    audit.note(c, t, None if note is None or after == before else note(before, after))
    return after


def write(
    c: Connection, t: Tables, before: WebhookEndpoint, after: WebhookEndpoint, now: datetime
) -> WebhookEndpoint:
    """Write the endpoint, which is locked, and hold or let go what is on its way to it."""
    after = replace(after, id=before.id, project_id=before.project_id, created_at=before.created_at)
    if after != before:
        c.execute(update(t.endpoints).where(t.endpoints.c.id == before.id).values(endpoint_row(after)))
    d = t.deliveries.c
    if not after.enabled:
        clock = now_milliseconds(c.dialect.name)
        idle = or_(d.lease_until.is_(None), d.lease_until <= clock)
        waiting = and_(d.endpoint_id == after.id, d.state == _PENDING, idle)
        c.execute(update(t.deliveries).where(waiting).values(state=_HELD))
    elif not before.enabled:
        held = and_(d.endpoint_id == after.id, d.state == _HELD)
        again = {"state": _PENDING, "attempts": 0, "next_at": milliseconds(now), "settled_at": None}
        c.execute(update(t.deliveries).where(held).values(again))
    return after


def remove(
    c: Connection,
    t: Tables,
    project_id: str,
    endpoint_id: str,
    now: datetime,
    note: Callable[[WebhookEndpoint], AuditEntry | None] | None,
) -> WebhookEndpoint | None:
    row = c.execute(_one(t, project_id, endpoint_id).with_for_update()).first()
    if row is None:
        return None
    gone = {"deleted_at": milliseconds(now), "enabled": False, "sealed": b""}
    c.execute(update(t.endpoints).where(t.endpoints.c.id == endpoint_id).values(gone))
    d = t.deliveries.c
    waiting = and_(d.endpoint_id == endpoint_id, d.state.in_([_PENDING, _HELD]))
    end = {"state": _DEAD, "last_error": _DELETED, "settled_at": milliseconds(now)}
    c.execute(update(t.deliveries).where(waiting).values(end))
    before = endpoint_of(row)
    audit.note(c, t, None if note is None else note(before))
    return before


def remove_of_sessions(c: Connection, t: Tables, session_ids: Sequence[int]) -> None:
    """Delete the endpoints that these sessions have of their own. Their rows are purged later, since an event
    may be being written to them."""
    e, d, clock = t.endpoints.c, t.deliveries.c, now_milliseconds(c.dialect.name)
    ids = list(c.execute(select(e.id).where(e.session_id.in_(session_ids), e.deleted_at.is_(None))).scalars())
    if not ids:
        return
    gone = {"deleted_at": clock, "enabled": False, "sealed": b""}
    c.execute(update(t.endpoints).where(e.id.in_(ids)).values(gone))
    waiting = and_(d.endpoint_id.in_(ids), d.state.in_([_PENDING, _HELD]))
    end = {"state": _DEAD, "last_error": _DELETED, "settled_at": clock}
    c.execute(update(t.deliveries).where(waiting).values(end))
