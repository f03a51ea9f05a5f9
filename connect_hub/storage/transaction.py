"""What a callback inside a transaction is given, and the mark that it is inside one."""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import TYPE_CHECKING, Protocol

from connect_hub.errors import CallInsideTransaction

if TYPE_CHECKING:
    from sqlalchemy import Connection
    from sqlalchemy.orm import Session as OrmSession

__all__ = ["Transaction", "callbacks_running", "refuse_inside_transaction"]

_inside: ContextVar[bool] = ContextVar("connect_hub_inside_transaction", default=False)


class Transaction(Protocol):
    """The open transaction in which the hub writes an account and its events."""

    @property
    def connection(self) -> "Connection | None":
        """The SQLAlchemy connection the hub writes through; None under a storage without SQL."""
        ...

    def session(self) -> "OrmSession":
        """An ORM session on that connection, joined by savepoint; flushed and closed by the hub.

        Raises ConfigurationError under a storage without SQL.
        """
        ...


@contextmanager
def callbacks_running() -> Iterator[None]:
    """Mark this context as inside the transaction, while a storage runs the host's callbacks."""
    token = _inside.set(True)
    try:
        yield
    finally:
        _inside.reset(token)


def refuse_inside_transaction() -> None:
    """Raise CallInsideTransaction when called from a callback inside a transaction.

    Such a call would wait for the lock that its own caller holds.
    """
    if _inside.get():
        raise CallInsideTransaction
