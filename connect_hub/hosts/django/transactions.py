"""Where the hub's statements run in a Django project: on Django's connections, in Django's transactions."""

import asyncio
import contextlib
import logging
import os
import threading
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any, Concatenate, ParamSpec, TypeVar

from django.core.exceptions import ImproperlyConfigured
from django.db import Error, IntegrityError, connections, transaction

from connect_hub.errors import ConfigurationError, StorageConflict, StorageUnavailable, TransactionEnded
from connect_hub.hosts.django.lending import driver_of
from connect_hub.storage.sql.callbacks import CALLBACKS_RAN
from connect_hub.storage.sql.failures import HostError, TryAgain, may_run_again, translated
from connect_hub.storage.sql.lent import initialize, lent_engine
from connect_hub.storage.sql.transactions import Transactions
from connect_hub.storage.transaction import refuse_inside_transaction

if TYPE_CHECKING:
    from sqlalchemy import Connection
    from sqlalchemy.ext.asyncio import AsyncConnection

__all__ = ["DjangoTransactions"]

P = ParamSpec("P")
T = TypeVar("T")

log = logging.getLogger("connect_hub.django")


class DjangoTransactions(Transactions):
    """Reads and writes on the connection that Django has for an alias, in worker threads of the hub's own.

    Django keeps one connection for each thread. So callbacks inside the transaction, which run in the same
    thread, use the very connection and transaction that the hub writes in.
    """

    def __init__(self, using: str) -> None:
        """Raises ConfigurationError for an alias, or a database, that cannot be used."""
        self._using = using
        remedy = (
            f"Run `python manage.py migrate connect_hub --database {using}`, with "
            '"connect_hub.hosts.django" in INSTALLED_APPS.'
        )
        super().__init__(lent_engine(driver_of(using), self._lend), remedy=remedy)
        self._initialized = False
        self._held = _Held(using)

    def close(self) -> None:
        super().close()
        self._held.close()

    # --- in a worker thread ---

    def _in_thread(self, work: "Callable[[Connection], T]") -> T:
        with self._held.connection(), _translated():
            return self._on_lent(work)

    def _on_lent(self, work: "Callable[[Connection], T]") -> T:
        if not self._initialized:
            initialize(self._sync_engine)
            self._initialized = True
        with self._sync_engine.connect() as connection:
            try:
                return work(connection)
            except BaseException:
                # Django tests a connection on which it saw an error; this one it has not seen.
                connections[self._using].errors_occurred = True
                raise

    def _lend(self) -> object:
        wrapper = connections[self._using]
        wrapper.close_if_health_check_failed()
        wrapper.ensure_connection()
        return wrapper.connection

    def _writing(self, connection: "Connection", work: "Callable[[Connection], T]") -> T:
        has_called = committed = False

        def noted(c: "Connection") -> T:
            nonlocal has_called
            try:
                result = work(c)
            finally:
                # One that is closed, or thrown away, has no `info` any more: only callbacks do that to it.
                has_called = c.closed or c.invalidated or CALLBACKS_RAN in c.info
            # What the host's code hid from us: an error of its models, a rollback that it asked for.
            if connections[self._using].needs_rollback:
                raise TransactionEnded
            return result

        def note_commit() -> None:
            nonlocal committed
            committed = True

        result: T
        try:
            with transaction.atomic(using=self._using, durable=True):
                transaction.on_commit(note_commit, using=self._using)
                result = super()._writing(connection, noted)
        except BaseException as error:
            if committed:
                # It came from a function of the host's that Django calls after the commit.
                log.exception("a function registered with transaction.on_commit failed")
                if isinstance(error, Exception):
                    return result
            elif has_called and isinstance(error, IntegrityError):
                # A deferred constraint of the host's own tables.
                raise HostError(error) from error
            elif has_called and isinstance(error, Error):
                # Not to be run again: the callbacks may have had other effects.
                raise StorageUnavailable from HostError(error)
            raise
        return result

    # --- in the host's thread and transaction ---

    async def run_on(
        self,
        connection: "Connection | AsyncConnection",
        statements: "Callable[Concatenate[Connection, P], T]",
        /,
        *args: P.args,
        **kwargs: P.kwargs,
    ) -> T:
        """Run `statements` in the `transaction.atomic()` of the calling thread; a failure undoes only them.

        `connection` is `django.db.connection`, or `connections[alias]`.
        """
        refuse_inside_transaction()
        given = getattr(connection, "alias", None)
        if given != self._using:
            raise ConfigurationError(
                f"storage: connection= takes django.db.connections[{self._using!r}], where the hub's tables "
                f"are, not {type(connection).__name__ if given is None else f'the one of {given!r}'}."
            )
        caller = threading.get_ident()

        def work() -> T:
            # Django has other connections where a loop runs.
            with _no_loop():
                if threading.get_ident() != caller or connection != connections[self._using]:
                    raise ConfigurationError(
                        "storage: connection= is one of Django's, which belong to the thread that uses them. "
                        "Call hub.sync.… there; from a coroutine, inside sync_to_async."
                    )
                with _translated(), transaction.atomic(using=self._using):
                    return self._on_lent(lambda c: statements(c, *args, **kwargs))

        try:
            with translated(self.remedy):
                # Where `hub.sync` runs this, it stays in the calling thread, and so in its transaction.
                return await asyncio.to_thread(work)
        except TryAgain as error:
            # The transaction is the host's: it alone can run it again.
            raise StorageConflict from error


class _Held:
    """The connections that worker threads have, so that they can be closed from elsewhere."""

    def __init__(self, using: str) -> None:
        self._using = using
        self._mine = threading.local()
        self._all: dict[int, list[_Entry]] = {}
        """By process: those of a parent are not a child's to use, nor to close by losing them."""

    @contextlib.contextmanager
    def connection(self) -> Iterator[None]:
        """Around each use: what became unusable, or older than CONN_MAX_AGE, is closed before and after."""
        entry: _Entry | None = getattr(self._mine, "entry", None)
        if entry is None:
            entry = self._mine.entry = _Entry(connections[self._using])
            self._all.setdefault(os.getpid(), []).append(entry)
        with entry.busy:
            entry.wrapper.close_if_unusable_or_obsolete()
            try:
                yield
            finally:
                saw_error = entry.wrapper.errors_occurred
                if entry.is_over:
                    entry.wrapper.close()  # it was to be closed meanwhile
                else:
                    entry.wrapper.close_if_unusable_or_obsolete()
                if saw_error and entry.wrapper.connection is None:
                    # The server ended it, and so most likely the others; their next use is not to fail too.
                    for other in self._all.get(os.getpid(), []):
                        other.close_if_idle()

    def close(self) -> None:
        """Close those that are idle now, and each of the others after its use."""
        for entry in self._all.pop(os.getpid(), []):
            entry.is_over = True
            entry.close_if_idle()


class _Entry:
    """One thread's connection."""

    def __init__(self, wrapper: Any) -> None:
        self.wrapper = wrapper
        self.busy = threading.Lock()
        self.is_over = False

    def close_if_idle(self) -> None:
        """From any thread; the next use opens it anew."""
        if not self.busy.acquire(blocking=False):
            return
        self.wrapper.inc_thread_sharing()
        try:
            with _no_loop():  # it says goodbye to the server, and waits for nothing
                self.wrapper.close()
        finally:
            self.wrapper.dec_thread_sharing()
            self.busy.release()


@contextlib.contextmanager
def _translated() -> Iterator[None]:
    """Turn what Django raises where it connects, begins and commits into the storage port's errors."""
    try:
        yield
    except Error as error:
        if error.__cause__ is not None and may_run_again(error.__cause__):
            raise TryAgain from error
        raise StorageUnavailable from error
    except ImproperlyConfigured as error:
        raise ConfigurationError(f"storage: {error}") from error


@contextlib.contextmanager
def _no_loop() -> Iterator[None]:
    """Let Django work in a thread whose event loop waits for it and runs nothing else meanwhile.

    Django refuses a database where a loop runs, since others would wait; under `hub.sync` there are none.
    """
    loop = asyncio.events._get_running_loop()
    asyncio.events._set_running_loop(None)
    try:
        yield
    finally:
        asyncio.events._set_running_loop(loop)
