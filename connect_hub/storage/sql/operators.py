"""Statements about operators and where they are signed in."""

from datetime import datetime

from sqlalchemy import Connection, delete, insert, select, update

from connect_hub.audit import AuditEntry
from connect_hub.operators import OperatorSession, OperatorToken
from connect_hub.storage.operator_rows import (
    operator_of,
    operator_row,
    operator_session_of,
    operator_session_row,
)
from connect_hub.storage.rows import milliseconds
from connect_hub.storage.sql.audit import note as write_note
from connect_hub.storage.sql.tables import Tables

__all__ = ["create", "end_session", "get", "listing", "open_session", "revoke", "session", "touch_session"]


def create(c: Connection, t: Tables, operator: OperatorToken, note: AuditEntry | None) -> None:
    c.execute(insert(t.operators), operator_row(operator))
    write_note(c, t, note)


def get(c: Connection, t: Tables, operator_id: str) -> OperatorToken | None:
    row = c.execute(select(t.operators).where(t.operators.c.id == operator_id)).first()
    return None if row is None else operator_of(row)


def listing(c: Connection, t: Tables) -> list[OperatorToken]:
    o = t.operators.c
    return [
        operator_of(row) for row in c.execute(select(t.operators).order_by(o.created_at.desc(), o.id.desc()))
    ]


def revoke(
    c: Connection, t: Tables, operator_id: str, now: datetime, note: AuditEntry | None
) -> OperatorToken | None:
    o = t.operators.c
    revoked = c.execute(
        update(t.operators)
        .where(o.id == operator_id, o.revoked_at.is_(None))
        .values(revoked_at=milliseconds(now))
    ).rowcount
    if revoked:
        write_note(c, t, note)
    c.execute(delete(t.operator_sessions).where(t.operator_sessions.c.operator_id == operator_id))
    return get(c, t, operator_id)


def open_session(
    c: Connection, t: Tables, session: OperatorSession, replaces: bytes | None, note: AuditEntry | None
) -> bool:
    o, s = t.operators.c, t.operator_sessions.c
    # This update also holds the row: a revocation at the same time comes before, or ends this session.
    used = c.execute(
        update(t.operators)
        .where(o.id == session.operator_id, o.revoked_at.is_(None))
        .values(last_used_at=milliseconds(session.created_at))
    ).rowcount
    if used != 1:
        return False
    if replaces is not None:
        c.execute(delete(t.operator_sessions).where(s.secret_hash == replaces.hex()))
    c.execute(insert(t.operator_sessions), operator_session_row(session))
    write_note(c, t, note)
    return True


def session(c: Connection, t: Tables, secret_hash: bytes) -> tuple[OperatorSession, OperatorToken] | None:
    s = t.operator_sessions.c
    statement = (
        select(t.operator_sessions, t.operators)
        .join(t.operators, t.operators.c.id == s.operator_id)
        .where(s.secret_hash == secret_hash.hex())
    )
    row = c.execute(statement).first()
    if row is None:
        return None
    width = len(s)
    return operator_session_of(row[:width]), operator_of(row[width:])


def touch_session(c: Connection, t: Tables, secret_hash: bytes, now: datetime) -> None:
    s = t.operator_sessions.c
    mine = s.secret_hash == secret_hash.hex()
    c.execute(update(t.operator_sessions).where(mine).values(last_seen_at=milliseconds(now)))


def end_session(c: Connection, t: Tables, secret_hash: bytes, note: AuditEntry | None) -> None:
    s = t.operator_sessions.c
    if c.execute(delete(t.operator_sessions).where(s.secret_hash == secret_hash.hex())).rowcount:
        write_note(c, t, note)
