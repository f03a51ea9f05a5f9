"""The host's callbacks inside the hub's transaction, and the guard around them."""

import contextlib
import re
from collections.abc import Callable, Iterator

from sqlalchemy import Connection, NestedTransaction, event, exc
from sqlalchemy.orm import Session as OrmSession

from connect_hub.errors import TransactionEnded
from connect_hub.storage.sql.failures import HostError
from connect_hub.storage.transaction import Transaction

__all__ = ["CALLBACKS_RAN", "SqlTransaction", "run_callbacks"]

CALLBACKS_RAN = "connect_hub_callbacks_ran"
"""Set in the connection's `info` while its transaction has called callbacks."""
_ENDS = re.compile(
    r"\s*(?:commit|end|abort|begin|start\s+transaction|rollback(?!\s+(?:work\s+|transaction\s+)?to\b))\b",
    re.IGNORECASE,
)


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
        """Write what the callbacks left in their sessions."""
        for session in self._sessions:
            session.commit()

    def close(self) -> None:
        for session in self._sessions:
            # What became of the transaction is found out elsewhere.
            with contextlib.suppress(exc.SQLAlchemyError):
                session.close()


def run_callbacks(c: Connection, run: Callable[[Transaction], None]) -> None:
    """Run the host's callbacks as the last thing in the transaction of `c`.

    What they raise leaves as HostError. Raises TransactionEnded if they ended the transaction: a commit
    through SQLAlchemy is refused before it happens, anything else is noticed afterwards.
    """
    c.info[CALLBACKS_RAN] = True
    root = c.get_transaction()
    transaction = SqlTransaction(c)
    with _guarded(c) as ended:
        # Gone afterwards, on every database, if the transaction was ended by whatever means.
        savepoint = c.begin_nested()
        try:
            try:
                run(transaction)
                if not ended:
                    transaction.flush()
            finally:
                if not c.closed:
                    transaction.close()
            if ended or c.closed or root is None or not root.is_active or not savepoint.is_active:
                raise TransactionEnded
            _release(savepoint)
        except BaseException as error:
            thrown_away = c.invalidated and isinstance(error, exc.PendingRollbackError)
            if not ended and not thrown_away and not isinstance(error, TransactionEnded):
                raise HostError(error) from error
            # SQLAlchemy takes the transaction for ended, so nobody else would roll it back.
            if not c.closed and not c.invalidated:
                driver = c.connection.dbapi_connection
                if driver is not None:
                    driver.rollback()
            raise TransactionEnded from error


def _release(savepoint: NestedTransaction) -> None:
    try:
        savepoint.commit()
    except exc.SQLAlchemyError as error:
        raise TransactionEnded from error


@contextlib.contextmanager
def _guarded(c: Connection) -> Iterator[list[str]]:
    """Refuse to end the transaction of `c`, and note the tries. No listener is put on the engine."""
    tried: list[str] = []

    def refuse(_connection: Connection) -> None:
        tried.append("commit")
        raise TransactionEnded

    def note(_connection: Connection) -> None:
        tried.append("rollback")

    def refuse_statement(
        _connection: Connection,
        _cursor: object,
        statement: str,
        _parameters: object,
        _context: object,
        _executemany: bool,
    ) -> None:
        if _ENDS.match(statement):
            tried.append("statement")
            raise TransactionEnded

    listeners: dict[str, Callable[..., None]] = {
        "commit": refuse,
        "rollback": note,
        "before_cursor_execute": refuse_statement,
    }
    for name, listener in listeners.items():
        event.listen(c, name, listener)
    try:
        yield tried
    finally:
        for name, listener in listeners.items():
            event.remove(c, name, listener)
