"""Statements about connect sessions."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, and_, delete, exc, insert, or_, select, update
from sqlalchemy.sql import ColumnElement

from connect_hub.audit import AuditEntry
from connect_hub.errors import IdempotencyKeyReused, LinkNotFound
from connect_hub.models import ApiKey, Session, SessionStatus
from connect_hub.storage.api_key_rows import api_key_of
from connect_hub.storage.endpoint_rows import endpoint_row
from connect_hub.storage.protocol import Idempotency, SessionQuery, WebhookEndpoint
from connect_hub.storage.rows import milliseconds
from connect_hub.storage.session_rows import session_of, session_row
from connect_hub.storage.sql.audit import note as write_note
from connect_hub.storage.sql.failures import TryAgain
from connect_hub.storage.sql.paging import older
from connect_hub.storage.sql.tables import Tables

__all__ = ["create", "for_token", "get", "listing", "locked", "refuse_unless_there", "revoke"]


def create(
    c: Connection,
    t: Tables,
    session: Session,
    idempotency: Idempotency | None,
    note: AuditEntry | None,
    endpoint: WebhookEndpoint | None,
) -> Session:
    if idempotency is not None:
        i = t.idempotency.c
        entry = and_(i.scope == idempotency.scope, i.key == idempotency.key)
        c.execute(delete(t.idempotency).where(entry, i.created_at < milliseconds(idempotency.forget_before)))
        row = c.execute(select(i.body_hash, i.session_id).where(entry)).first()
        if row is not None:
            if row.body_hash != idempotency.body_hash.hex():
                raise IdempotencyKeyReused
            made = get(c, t, session.project_id, row.session_id)
            if made is not None:
                return made
            c.execute(delete(t.idempotency).where(entry))
        made_now = insert(t.idempotency).values(
            scope=idempotency.scope,
            key=idempotency.key,
            body_hash=idempotency.body_hash.hex(),
            session_id=session.id,
            created_at=milliseconds(session.created_at),
        )
        try:
            c.execute(made_now)
        except exc.IntegrityError as error:
            # The same request at the same time: run again, and find its session.
            raise TryAgain from error
    c.execute(insert(t.sessions), session_row(session))
    if endpoint is not None:
        c.execute(insert(t.endpoints), endpoint_row(endpoint))
    write_note(c, t, note)
    return session


def get(c: Connection, t: Tables, project_id: str, session_id: int) -> Session | None:
    s = t.sessions.c
    row = c.execute(select(t.sessions).where(s.id == session_id, s.project_id == project_id)).first()
    return None if row is None else session_of(row)


def for_token(
    c: Connection, t: Tables, jti: str, api_key_id: str | None
) -> tuple[Session | None, ApiKey | None]:
    # One statement: it sees one instant on every database, and a statement costs more than a row.
    row: Sequence[Any] | None = c.execute(t.select_for_token, {"jti": jti, "key_id": api_key_id}).first()
    if row is None:
        return None, None
    width = t.session_width
    return (
        None if row[0] is None else session_of(row[:width]),
        None if row[width] is None else api_key_of(row[width:]),
    )


def locked(c: Connection, t: Tables, session_id: int) -> Session:
    """The session under a lock of its row; raises LinkNotFound."""
    row = c.execute(select(t.sessions).where(t.sessions.c.id == session_id).with_for_update()).first()
    if row is None:
        raise LinkNotFound
    return session_of(row)


def refuse_unless_there(c: Connection, t: Tables, session_id: int) -> None:
    """Raise LinkNotFound if the session is gone; if not, it stays until the transaction ends."""
    s = t.sessions.c
    if c.execute(select(s.id).where(s.id == session_id).with_for_update(read=True)).first() is None:
        raise LinkNotFound


def listing(c: Connection, t: Tables, query: SessionQuery) -> list[Session]:
    s = t.sessions.c
    statement = select(t.sessions).where(s.project_id == query.project_id)
    if query.origin_owner_id is not None:
        statement = statement.where(s.origin_owner_id == query.origin_owner_id)
    if query.provider is not None:
        statement = statement.where(s.provider == query.provider)
    if query.statuses:
        statement = statement.where(or_(*(_has_status(t, status, query.now) for status in query.statuses)))
    if query.before is not None:
        statement = statement.where(older(s.created_at, s.id, query.before))
    statement = statement.order_by(s.created_at.desc(), s.id.desc()).limit(query.limit)
    return [session_of(row) for row in c.execute(statement)]


def expired(c: Connection, t: Tables, after: datetime, until: datetime, limit: int) -> list[Session]:
    s = t.sessions.c
    statement = select(t.sessions).where(
        s.expires_at > milliseconds(after),
        s.expires_at <= milliseconds(until),
        s.used_at.is_(None),
        s.revoked_at.is_(None),
    )
    statement = statement.order_by(s.expires_at, s.id).limit(limit)
    return [session_of(row) for row in c.execute(statement)]


def _has_status(t: Tables, status: SessionStatus, now: datetime) -> ColumnElement[bool]:
    s = t.sessions.c
    if status is SessionStatus.REVOKED:
        return s.revoked_at.is_not(None)
    if status is SessionStatus.USED:
        return and_(s.revoked_at.is_(None), s.used_at.is_not(None))
    unfinished = and_(s.revoked_at.is_(None), s.used_at.is_(None))
    if status is SessionStatus.EXPIRED:
        return and_(unfinished, s.expires_at <= milliseconds(now))
    return and_(unfinished, s.expires_at > milliseconds(now))


def revoke(
    c: Connection, t: Tables, project_id: str, session_id: int, now: datetime, note: AuditEntry | None
) -> Session | None:
    s = t.sessions.c
    mine = and_(s.id == session_id, s.project_id == project_id)
    live = update(t.sessions).where(mine, s.revoked_at.is_(None))
    if c.execute(live.values(revoked_at=milliseconds(now))).rowcount:
        write_note(c, t, note)
    session = get(c, t, project_id, session_id)
    if session is not None:
        c.execute(delete(t.visits).where(t.visits.c.session_id == session_id))
        c.execute(delete(t.states).where(t.states.c.session_id == session_id))
    return session
