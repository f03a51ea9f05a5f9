"""Statements about visits, attempts and OAuth states."""

from collections.abc import Callable, Collection, Sequence
from dataclasses import replace
from datetime import datetime

from sqlalchemy import Connection, delete, exc, insert, select, update

from connect_hub.models import Attempt, AttemptStatus, OAuthState, Session, StepKind, Visit
from connect_hub.storage import rules, step_rules
from connect_hub.storage.attempt_rows import attempt_of, attempt_row, state_of, state_row
from connect_hub.storage.protocol import NewEvent
from connect_hub.storage.rows import milliseconds
from connect_hub.storage.session_rows import session_of, visit_of, visit_row
from connect_hub.storage.sql import outbox, sessions, steps
from connect_hub.storage.sql.failures import TryAgain
from connect_hub.storage.sql.tables import Tables

__all__ = [
    "attempt",
    "attempts",
    "end",
    "get",
    "open_visit",
    "save_attempt",
    "save_state",
    "state",
    "state_of_attempt",
    "touch",
    "use_state",
]


def open_visit(
    c: Connection,
    t: Tables,
    visit: Visit,
    now: datetime,
    announce: Callable[[Session], Sequence[NewEvent]] | None,
) -> Session:
    session = sessions.locked(c, t, visit.session_id)
    rules.refuse_unless_open(session, now)
    opened = replace(session, opens=session.opens + 1)
    c.execute(update(t.sessions).where(t.sessions.c.id == session.id).values(opens=opened.opens))
    c.execute(insert(t.visits), visit_row(visit))
    steps.add(c, t, step_rules.opening(visit, session, now))
    if announce is not None:
        outbox.record(c, t, announce(opened))
    return opened


def get(c: Connection, t: Tables, secret_hash: bytes) -> tuple[Visit, Session] | None:
    visit = c.execute(t.select_visit, {"secret_hash": secret_hash.hex()}).first()
    if visit is None:
        return None
    session = c.execute(t.select_session, {"session_id": visit.session_id}).first()
    return None if session is None else (visit_of(visit), session_of(session))


def touch(c: Connection, t: Tables, secret_hash: bytes, now: datetime, subject: str | None) -> None:
    values: dict[str, object] = {"last_seen_at": milliseconds(now)}
    if subject is not None:
        values["subject"] = subject
    c.execute(update(t.visits).where(t.visits.c.secret_hash == secret_hash.hex()).values(values))


def end(c: Connection, t: Tables, secret_hash: bytes) -> None:
    c.execute(delete(t.visits).where(t.visits.c.secret_hash == secret_hash.hex()))


def save_attempt(
    c: Connection,
    t: Tables,
    attempt: Attempt,
    expected: Collection[str] | None,
    step: StepKind | None,
    events: Sequence[NewEvent],
) -> bool:
    saved = _saved(c, t, attempt, expected)
    if saved:
        outbox.record(c, t, events)
    if saved and step is not None:
        steps.add(c, t, step_rules.step_of_attempt(attempt, step))
    return saved


def _saved(c: Connection, t: Tables, attempt: Attempt, expected: Collection[str] | None) -> bool:
    a = t.attempts.c
    row = attempt_row(attempt)
    stored = c.execute(select(a.status).where(a.id == attempt.id).with_for_update()).scalar()
    if stored is None:
        if expected is not None:
            return False
        sessions.refuse_unless_there(c, t, attempt.session_id)
        try:
            c.execute(insert(t.attempts), row)
        except exc.IntegrityError as error:
            raise TryAgain from error
        return True
    if expected is not None and stored not in expected:
        return False
    c.execute(update(t.attempts).where(a.id == attempt.id).values(row))
    return True


def attempt(c: Connection, t: Tables, attempt_id: str) -> Attempt | None:
    row = c.execute(select(t.attempts).where(t.attempts.c.id == attempt_id)).first()
    return None if row is None else attempt_of(row)


def attempts(
    c: Connection, t: Tables, session_id: int, status: AttemptStatus | None, limit: int
) -> list[Attempt]:
    a = t.attempts.c
    statement = select(t.attempts).where(a.session_id == session_id)
    if status is not None:
        statement = statement.where(a.status == status.value)
    statement = statement.order_by(a.created_at.desc(), a.id.desc()).limit(limit)
    return [attempt_of(row) for row in c.execute(statement)]


def save_state(c: Connection, t: Tables, state: OAuthState) -> None:
    s = t.states.c
    sessions.refuse_unless_there(c, t, state.session_id)
    c.execute(delete(t.states).where(s.attempt_id == state.attempt_id, s.used_at.is_(None)))
    c.execute(insert(t.states), state_row(state))


def state(c: Connection, t: Tables, state_hash: bytes) -> OAuthState | None:
    row = c.execute(select(t.states).where(t.states.c.state_hash == state_hash.hex())).first()
    return None if row is None else state_of(row)


def state_of_attempt(c: Connection, t: Tables, attempt_id: str) -> OAuthState | None:
    s = t.states.c
    statement = select(t.states).where(s.attempt_id == attempt_id, s.used_at.is_(None))
    row = c.execute(statement.order_by(s.created_at.desc(), s.state_hash).limit(1)).first()
    return None if row is None else state_of(row)


def use_state(c: Connection, t: Tables, state_hash: bytes, now: datetime) -> OAuthState | None:
    s = t.states.c
    won = c.execute(
        update(t.states)
        .where(s.state_hash == state_hash.hex(), s.used_at.is_(None), s.expires_at > milliseconds(now))
        .values(used_at=milliseconds(now))
    ).rowcount
    return state(c, t, state_hash) if won == 1 else None
