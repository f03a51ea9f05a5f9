"""The statements that make or renew an account, in the order that the port states."""

from dataclasses import replace

from sqlalchemy import Connection, exc, insert, select, update
from sqlalchemy.orm import Session as OrmSession

from connect_hub.errors import AccountNotFound, AttemptNotFound, StorageConflict, TransactionEnded
from connect_hub.models import Account, AttemptStatus, Session
from connect_hub.storage import rules
from connect_hub.storage.protocol import Change, LinkRequest, LinkResult
from connect_hub.storage.sql import accounts, outbox, sessions, visits
from connect_hub.storage.sql.rows import account_of, account_row, attempt_row, session_row
from connect_hub.storage.sql.tables import Tables
from connect_hub.storage.sql.transactions import HostError

__all__ = ["SqlTransaction", "link"]


class SqlTransaction:
    """The `Transaction` that callbacks inside it are given."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._sessions: list[OrmSession] = []

    @property
    def connection(self) -> Connection:
        return self._connection

    def session(self) -> OrmSession:
        session = OrmSession(bind=self._connection, join_transaction_mode="create_savepoint")
        self._sessions.append(session)
        return session

    def flush(self) -> None:
        """Write what the callbacks left in their sessions, and close them."""
        for session in self._sessions:
            session.commit()
            session.close()


def link(c: Connection, t: Tables, request: LinkRequest) -> LinkResult:
    session = sessions.locked(c, t, request.session_id)
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
    before = _existing(c, t, session, request)
    if before is not None:
        rules.refuse_other_identity(before, request)
    after = (
        rules.new_account(request, session)
        if before is None
        else rules.renewed_account(before, request, session)
    )
    sealed = request.seal(after.id, after.generation)
    after = replace(after, key_id=sealed.key_id)

    change = Change.CREATED if before is None else Change.UPDATED
    raised = replace(after, sequence=after.sequence + 1)
    events = request.announce(raised, change, before)
    after = raised if events else after
    row = {**account_row(after), "sealed": sealed.data}
    if before is None:
        try:
            c.execute(insert(t.accounts), row)
        except exc.IntegrityError:
            # Another link made the owner's account meanwhile. The whole transaction runs again and finds it.
            raise StorageConflict from None
    else:
        c.execute(update(t.accounts).where(t.accounts.c.id == after.id).values(row))
    session = rules.counted(session, request.now)
    counted = session_row(session)
    c.execute(
        update(t.sessions)
        .where(t.sessions.c.id == session.id)
        .values(connects=counted["connects"], used_at=counted["used_at"])
    )
    done = attempt_row(rules.authenticated(attempt, after.id, request.now))
    c.execute(update(t.attempts).where(t.attempts.c.id == attempt.id).values(done))
    outbox.record(c, t, events)
    _run_callbacks(c, lambda transaction: request.in_transaction(events, after, transaction))
    return LinkResult(after, session, created=before is None, repeated=False)


def _run_callbacks(c: Connection, run: object) -> None:
    transaction = SqlTransaction(c)
    root = c.get_transaction()
    try:
        run(transaction)  # type: ignore[operator]
        transaction.flush()
    except BaseException as error:
        raise HostError(error) from error
    if root is None or not root.is_active or c.get_transaction() is not root:
        raise TransactionEnded


def _connected_before(c: Connection, t: Tables, session: Session, provider: str) -> bool:
    a = t.attempts.c
    return (
        c.execute(
            select(a.id)
            .where(
                a.session_id == session.id,
                a.provider == provider,
                a.status == AttemptStatus.AUTHENTICATED.value,
            )
            .limit(1)
        ).first()
        is not None
    )


def _existing(c: Connection, t: Tables, session: Session, request: LinkRequest) -> Account | None:
    a = t.accounts.c
    if session.account_id is not None:
        found = accounts.stored(c, t, session.account_id, session.project_id, lock=True)
        if (
            found is None
            or found.account.origin_owner_id != session.origin_owner_id
            or found.account.provider != request.provider
        ):
            raise AccountNotFound
        return found.account
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
    return None if row is None else account_of(row)
