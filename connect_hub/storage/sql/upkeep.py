"""Statements that check, erase and purge."""

from datetime import datetime

from sqlalchemy import ColumnElement, Connection, Table, delete, exc, insert, or_, select, tuple_, update

from connect_hub.audit import AuditEntry
from connect_hub.storage.protocol import Announce, DeliveryState, Erased, Purged, Retention, StoredCredentials
from connect_hub.storage.rows import milliseconds
from connect_hub.storage.sql import accounts, audit, endpoints
from connect_hub.storage.sql.failures import TryAgain
from connect_hub.storage.sql.tables import Tables

__all__ = ["canary", "erase_owner", "purge"]

_CANARY = "canary"
_WAITING = (DeliveryState.PENDING.value, DeliveryState.HELD.value)
_AT_ONCE = 1000
"""How many ids one statement names; SQLite takes 32,766."""


def canary(c: Connection, t: Tables, proposed: bytes) -> bytes:
    stored = c.execute(select(t.meta.c.value).where(t.meta.c.name == _CANARY)).scalar()
    if stored is not None:
        return bytes(stored)
    try:
        c.execute(insert(t.meta).values(name=_CANARY, value=proposed))
    except exc.IntegrityError as error:
        raise TryAgain from error
    return proposed


def erase_owner(
    c: Connection,
    t: Tables,
    project_id: str,
    origin_owner_id: str,
    announce: Announce,
    note: AuditEntry | None,
) -> Erased:
    a, s, e, n = t.accounts.c, t.sessions.c, t.events.c, t.audit.c
    # The sessions first, under lock: a link that is being made through one of them ends before we go on, and
    # none begins.
    theirs = select(s.id).where(s.project_id == project_id, s.origin_owner_id == origin_owner_id)
    session_ids = list(c.execute(theirs.with_for_update()).scalars())
    # Then the accounts, so that none of them writes an event meanwhile.
    ids = select(a.id).where(a.project_id == project_id, a.origin_owner_id == origin_owner_id).order_by(a.id)
    account_ids = list(c.execute(ids.with_for_update()).scalars())
    # Then the earlier events, before the accounts write their last ones.
    old = select(e.id).where(e.project_id == project_id, e.owner_id == origin_owner_id)
    event_ids = list(c.execute(old).scalars())
    for first in range(0, len(event_ids), _AT_ONCE):
        _remove_events(c, t, event_ids[first : first + _AT_ONCE])
    removed: list[StoredCredentials] = []
    for account_id in account_ids:
        found = accounts.remove(c, t, project_id, account_id, announce)
        if found is not None:
            removed.append(found)
    for first in range(0, len(session_ids), _AT_ONCE):
        _remove_sessions(c, t, session_ids[first : first + _AT_ONCE])
    about = update(t.audit).where(n.project_id == project_id, n.owner_id == origin_owner_id)
    c.execute(about.values(owner_id=None, before=None, after=None))
    audit.note(c, t, note)
    return Erased(len(session_ids), tuple(removed))


def _remove_events(c: Connection, t: Tables, event_ids: list[str]) -> None:
    if not event_ids:
        return
    for table in (t.delivery_attempts, t.deliveries):
        c.execute(delete(table).where(table.c.event_id.in_(event_ids)))
    c.execute(delete(t.events).where(t.events.c.id.in_(event_ids)))


def _remove_sessions(c: Connection, t: Tables, session_ids: list[int]) -> None:
    if not session_ids:
        return
    endpoints.remove_of_sessions(c, t, session_ids)
    # Steps after attempts: who still writes one holds the lock of its attempt.
    for table in (t.visits, t.states, t.attempts, t.steps, t.idempotency):
        c.execute(delete(table).where(table.c.session_id.in_(session_ids)))
    c.execute(delete(t.sessions).where(t.sessions.c.id.in_(session_ids)))


def purge(c: Connection, t: Tables, retention: Retention) -> Purged:
    s, a, e, d, v, st, i = (
        table.c
        for table in (t.sessions, t.attempts, t.events, t.deliveries, t.visits, t.states, t.idempotency)
    )
    cut = milliseconds(retention.sessions_before)
    ended = or_(s.expires_at < cut, s.revoked_at < cut, s.used_at < cut)
    session_ids = list(c.execute(select(s.id).where(ended).limit(retention.batch)).scalars())
    _remove_sessions(c, t, session_ids)

    waiting = select(d.id).where(d.event_id == e.id, d.state.in_(_WAITING)).exists()
    old = select(e.id).where(e.created_at < milliseconds(retention.events_before), ~waiting)
    event_ids = list(c.execute(old.limit(retention.batch)).scalars())
    _remove_events(c, t, event_ids)

    gone = t.endpoints.c.deleted_at < milliseconds(retention.events_before)
    endpoints_gone = _purge(c, t.endpoints, t.endpoints.c.id, gone, retention.batch)

    visits_before = milliseconds(retention.visits_before)
    holding = select(a.id).where(a.updated_at < visits_before, a.held.is_not(None)).limit(retention.batch)
    held_ids = list(c.execute(holding).scalars())
    if held_ids:
        c.execute(update(t.attempts).where(a.id.in_(held_ids)).values(held=None))
    forgotten = i.created_at < milliseconds(retention.idempotency_before)
    entries = c.execute(select(i.scope, i.key).where(forgotten).limit(retention.batch)).all()
    for scope, key in entries:
        c.execute(delete(t.idempotency).where(i.scope == scope, i.key == key))
    return Purged(
        sessions=len(session_ids),
        attempts=_purge(
            c, t.attempts, a.id, a.updated_at < milliseconds(retention.attempts_before), retention.batch
        ),
        events=len(event_ids),
        endpoints=endpoints_gone,
        visits=_purge(c, t.visits, v.secret_hash, v.created_at < visits_before, retention.batch),
        states=_purge(c, t.states, st.state_hash, st.expires_at < visits_before, retention.batch),
        idempotency=len(entries),
        held=len(held_ids),
        account_days=_purge_days(c, t, milliseconds(retention.events_before), retention.batch),
        steps=_purge_steps(c, t, milliseconds(retention.attempts_before), retention.batch),
        operator_sessions=_purge_before(
            c, t.operator_sessions, "last_seen_at", retention.operator_sessions_before, retention.batch
        ),
        audit=_purge_before(c, t.audit, "at", retention.audit_before, retention.batch),
    )


def _purge_steps(c: Connection, t: Tables, before: int, batch: int) -> int:
    s = t.steps.c
    keys = c.execute(select(s.session_id, s.number).where(s.at < before).limit(batch)).all()
    if keys:
        c.execute(delete(t.steps).where(tuple_(s.session_id, s.number).in_([tuple(key) for key in keys])))
    return len(keys)


def _purge_days(c: Connection, t: Tables, before: int, batch: int) -> int:
    d = t.account_days.c
    keys = c.execute(select(d.account_id, d.day).where(d.day < before).limit(batch)).all()
    if keys:
        c.execute(delete(t.account_days).where(tuple_(d.account_id, d.day).in_([tuple(key) for key in keys])))
    return len(keys)


def _purge_before(c: Connection, table: Table, column: str, cut: datetime | None, batch: int) -> int:
    if cut is None:
        return 0
    (key,) = table.primary_key.columns
    return _purge(c, table, key, table.c[column] < milliseconds(cut), batch)


def _purge(
    c: Connection, table: Table, key: ColumnElement[str], condition: ColumnElement[bool], batch: int
) -> int:
    ids = list(c.execute(select(key).where(condition).limit(batch)).scalars())
    if ids:
        c.execute(delete(table).where(key.in_(ids)))
    return len(ids)
