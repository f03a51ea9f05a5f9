"""The statements that make or renew an account, in the order that the port states."""

from sqlalchemy import Connection, exc, insert, select, update

from connect_hub.errors import AccountNotFound, AttemptNotFound, LinkNotFound
from connect_hub.models import Account, Attempt, AttemptStatus, Session, StepKind
from connect_hub.storage import rules, step_rules
from connect_hub.storage.account_rows import account_of, account_row
from connect_hub.storage.attempt_rows import attempt_row
from connect_hub.storage.protocol import LinkRequest, LinkResult
from connect_hub.storage.rows import milliseconds
from connect_hub.storage.sql import accounts, outbox, sessions, steps, visits
from connect_hub.storage.sql.callbacks import run_callbacks
from connect_hub.storage.sql.failures import TryAgain
from connect_hub.storage.sql.tables import Tables

__all__ = ["link"]


def link(c: Connection, t: Tables, request: LinkRequest) -> LinkResult:
    session = sessions.locked(c, t, request.session_id)
    if session.project_id != request.project_id:
        raise LinkNotFound
    attempt = visits.attempt(c, t, request.attempt_id)
    if attempt is None or attempt.session_id != session.id:
        raise AttemptNotFound
    if attempt.status is AttemptStatus.AUTHENTICATED and attempt.account_id is not None:
        account = accounts.get(c, t, attempt.account_id, session.project_id)
        if account is None:
            raise AccountNotFound
        return LinkResult(account, session, created=False, repeated=True)
    rules.refuse_unless_connectable(
        session,
        provider=request.provider,
        connected_before=_connected_before(c, t, session, request.provider),
    )
    done = rules.connected(session, request, _existing(c, t, session, attempt, request))
    row = {**account_row(done.account), "sealed": done.sealed}
    if done.created:
        try:
            c.execute(insert(t.accounts), row)
        except exc.IntegrityError as error:
            # Another link made the owner's account meanwhile: run again, and find it.
            raise TryAgain from error
    else:
        c.execute(update(t.accounts).where(t.accounts.c.id == done.account.id).values(row))
    used_at = done.session.used_at
    c.execute(
        update(t.sessions)
        .where(t.sessions.c.id == session.id)
        .values(connects=done.session.connects, used_at=None if used_at is None else milliseconds(used_at))
    )
    succeeded = rules.authenticated(attempt, done.account.id, request.now)
    c.execute(update(t.attempts).where(t.attempts.c.id == attempt.id).values(attempt_row(succeeded)))
    steps.add(c, t, step_rules.step_of_attempt(succeeded, StepKind.CONNECTED))
    outbox.record(c, t, done.events)
    run_callbacks(c, lambda transaction: request.in_transaction(done.events, done.account, transaction))
    return LinkResult(done.account, done.session, done.created, repeated=False)


def _connected_before(c: Connection, t: Tables, session: Session, provider: str) -> bool:
    a = t.attempts.c
    statement = select(a.id).where(
        a.session_id == session.id,
        a.provider == provider,
        a.status == AttemptStatus.AUTHENTICATED.value,
    )
    return c.execute(statement.limit(1)).first() is not None


def _existing(
    c: Connection, t: Tables, session: Session, attempt: Attempt, request: LinkRequest
) -> Account | None:
    a = t.accounts.c
    named = session.account_id or attempt.account_id
    if named is not None:
        found = accounts.stored(c, t, named, session.project_id, lock=True)
        return rules.named_account(None if found is None else found.account, session, request)
    if session.multiple:
        return None
    same_key = select(t.accounts).where(
        a.project_id == session.project_id,
        a.origin_owner_id == session.origin_owner_id,
        a.provider == request.provider,
        a.type == session.type.value,
    )
    row = c.execute(same_key.where(a.slot == "").with_for_update()).first()
    if row is None and request.identity is not None:
        same_person = same_key.where(a.identity_id == request.identity.id)
        row = c.execute(same_person.order_by(a.created_at, a.id).limit(1).with_for_update()).first()
    return None if row is None else account_of(row)[0]
