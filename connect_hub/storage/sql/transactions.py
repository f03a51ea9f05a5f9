"""Where statements run: in which thread or greenlet, within what transaction, and what a failure becomes.

Statements are plain functions of a `sqlalchemy.Connection`. With an `AsyncEngine` they run in its greenlet,
with an `Engine` in a worker thread; there is no second version of them.
"""

import asyncio
import contextlib
import contextvars
import random
from collections.abc import Callable, Iterator
from typing import Concatenate, ParamSpec, TypeVar

from sqlalchemy import Connection, Engine, NullPool, StaticPool, exc
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine
from sqlalchemy.pool import Pool, SingletonThreadPool

from connect_hub.errors import ConfigurationError, StorageConflict, StorageUnavailable
from connect_hub.storage.sql.callbacks import CALLBACKS_RAN
from connect_hub.storage.sql.dialects import is_autocommit
from connect_hub.storage.sql.failures import HostError, TryAgain, is_contention, translated
from connect_hub.storage.sql.forks import no_fork_meanwhile, say_if_forked_amid
from connect_hub.storage.sql.singly import singly
from connect_hub.storage.sql.threads import WorkerThreads
from connect_hub.storage.transaction import refuse_inside_transaction

__all__ = ["Transactions"]

P = ParamSpec("P")
T = TypeVar("T")
Statements = Callable[Concatenate[Connection, P], T]

_TRIES = 8
_PAUSE = 0.005
"""Seconds; the longest pause before the second try. It doubles with each."""


class Transactions:
    """Reads and writes on one engine. Makes no thread and no connection before its first use in a process.

    `remedy` says what to do where tables are missing. `prepare`, if given, runs once in a process, in a write
    transaction, before anything else.
    """

    def __init__(
        self,
        engine: Engine | AsyncEngine,
        *,
        remedy: str,
        prepare: Callable[[Connection], None] | None = None,
    ) -> None:
        self.engine = engine
        self.remedy = remedy
        self._sync_engine = engine.sync_engine if isinstance(engine, AsyncEngine) else engine
        self.dialect: str = self._sync_engine.dialect.name
        self._is_sqlite = self.dialect == "sqlite"
        if self._is_sqlite and isinstance(self._sync_engine.pool, SingletonThreadPool | StaticPool):
            raise ConfigurationError(
                "storage: a SQLite database in memory has one connection, which the host and the hub cannot "
                "share. Use MemoryStorage(), or a file."
            )
        self._threads = WorkerThreads(
            readers=1 if self._is_sqlite else 4, writers=1 if self._is_sqlite else None
        )
        self._prepare = prepare
        self._prepared_in: int | None = None
        self._inherited: list[Pool] = []
        self._pool_of: tuple[Pool, asyncio.AbstractEventLoop] | None = None

    async def read(self, statements: Statements[P, T], /, *args: P.args, **kwargs: P.kwargs) -> T:
        """Run `statements`, which only read. On PostgreSQL each is a transaction of its own."""

        def work(connection: Connection) -> T:
            with singly(connection):
                return statements(connection, *args, **kwargs)

        return await self._run(work, writing=False)

    async def write(self, statements: Statements[P, T], /, *args: P.args, **kwargs: P.kwargs) -> T:
        """Run `statements` in a write transaction and commit it.

        It runs again when the database asks for it (serialization failure, deadlock) or when another
        transaction inserted a row meanwhile, so it must have no other effects; never after a host's callback
        was called.
        """

        def work(connection: Connection) -> T:
            return self._writing(connection, lambda c: statements(c, *args, **kwargs))

        return await self._again(work)

    async def write_singly(self, statements: Statements[P, T], /, *args: P.args, **kwargs: P.kwargs) -> T:
        """The same, but on PostgreSQL each statement is a transaction of its own, as in `read`. So what it
        does must be right, and worth keeping, after each of them."""

        def work(connection: Connection) -> T:
            with singly(connection) as is_so:
                if is_so:
                    with connection.begin():
                        return statements(connection, *args, **kwargs)
            return self._writing(connection, lambda c: statements(c, *args, **kwargs))

        return await self._again(work)

    async def _again(self, work: Callable[[Connection], T]) -> T:
        """Do it, and do it again as often as the database asks for it, within reason."""
        for attempt in range(_TRIES):
            try:
                return await self._run(work, writing=True)
            except (TryAgain, StorageUnavailable) as error:
                if not is_contention(error):
                    raise
                if attempt == _TRIES - 1:
                    raise StorageUnavailable from error
            await asyncio.sleep(random.uniform(0, _PAUSE * 2**attempt))  # noqa: S311  # spreads tries, no secret
        raise AssertionError("unreachable")

    async def _run(self, work: Callable[[Connection], T], *, writing: bool) -> T:
        # From inside a callback this would wait for the lock, or the thread, that its own caller holds.
        refuse_inside_transaction()
        try:
            with self._of_one_loop(), translated(self.remedy):
                if isinstance(self.engine, AsyncEngine):
                    async with self.engine.connect() as connection:
                        return await connection.run_sync(work)
                context = contextvars.copy_context()
                pool = self._threads.pool(writing=writing)
                return await asyncio.get_running_loop().run_in_executor(
                    pool, context.run, self._in_thread_whole, work
                )
        except HostError as error:
            original = error.original
        except StorageUnavailable:
            if self._is_sqlite:
                say_if_forked_amid()
            raise
        # Outside the handler, so that the host's exception keeps its own context and cause.
        try:
            raise original
        finally:
            del original

    @contextlib.contextmanager
    def _of_one_loop(self) -> Iterator[None]:
        """Say so where an AsyncEngine fails because its connections belong to another event loop, which may
        be closed by now. Disposing of the engine makes a new pool, which belongs to whoever uses it next."""
        loop, pool = asyncio.get_running_loop(), self._sync_engine.pool
        if self._pool_of is None or self._pool_of[0] is not pool:
            self._pool_of = (pool, loop)
        first = self._pool_of[1]
        try:
            yield
        except (RuntimeError, StorageUnavailable) as error:
            if not isinstance(self.engine, AsyncEngine) or isinstance(pool, NullPool) or first is loop:
                raise
            state = "closed" if first.is_closed() else "another one"
            raise ConfigurationError(
                f"storage: the connections of this AsyncEngine belong to a loop that is {state}. Pass "
                "an Engine, with which nothing is bound to one; or an AsyncEngine with poolclass=NullPool; "
                "or await engine.dispose() before its loop ends."
            ) from error

    def _in_thread_whole(self, work: Callable[[Connection], T]) -> T:
        with no_fork_meanwhile() if self._is_sqlite else contextlib.nullcontext():
            return self._in_thread(work)

    def _in_thread(self, work: Callable[[Connection], T]) -> T:
        if self._prepare is not None:
            self._prepare_once(self._prepare)
        with self._sync_engine.connect() as connection:
            return work(connection)

    def _prepare_once(self, prepare: Callable[[Connection], None]) -> None:
        if self._prepared_in == self._threads.process:
            return
        with self._threads.preparing:
            if self._prepared_in == self._threads.process:
                return
            if self._prepared_in is not None:
                # Connections that the parent process made are not ours to use, nor to close by losing them.
                self._inherited.append(self._sync_engine.pool)
                self._sync_engine.dispose(close=False)
            with self._sync_engine.connect() as connection:
                self._writing(connection, prepare)
            self._prepared_in = self._threads.process

    def _writing(self, connection: Connection, work: Callable[[Connection], T]) -> T:
        with connection.begin() as transaction:
            connection.info.pop(CALLBACKS_RAN, None)
            if self._is_sqlite:
                # Take the write lock first: a transaction that reads before it writes could not be upgraded
                # while another one writes, whatever the busy time-out.
                if getattr(connection.connection.driver_connection, "in_transaction", False):
                    connection.exec_driver_sql("ROLLBACK")
                connection.exec_driver_sql("BEGIN IMMEDIATE")
            elif is_autocommit(connection):
                raise ConfigurationError(
                    "storage: this engine commits every statement by itself (AUTOCOMMIT). "
                    'Pass engine.execution_options(isolation_level="READ COMMITTED").'
                )
            result = work(connection)
            if connection.info.pop(CALLBACKS_RAN, False):
                try:
                    transaction.commit()
                except exc.IntegrityError as error:
                    # A deferred constraint of the host's own tables.
                    raise HostError(error) from error
                except exc.DBAPIError as error:
                    # Not to be run again: the callbacks may have had other effects.
                    raise StorageUnavailable from HostError(error)
            return result

    async def run_on(
        self,
        connection: Connection | AsyncConnection,
        statements: Statements[P, T],
        /,
        *args: P.args,
        **kwargs: P.kwargs,
    ) -> T:
        """Run `statements` in the transaction of `connection`, which its owner commits; a failure undoes only
        them."""
        refuse_inside_transaction()
        synchronous = connection.sync_connection if isinstance(connection, AsyncConnection) else connection
        if not isinstance(synchronous, Connection):
            raise ConfigurationError(
                f"storage: connection= takes a SQLAlchemy Connection or AsyncConnection, not "
                f"{type(connection).__name__}. Of an ORM session that is session.connection()."
            )
        if synchronous.dialect.name != self.dialect:
            raise ConfigurationError(
                f"storage: connection= is one of {synchronous.dialect.name}, but the hub's tables are in "
                f"{self.dialect}."
            )
        if isinstance(connection, Connection) and connection.dialect.is_async:
            raise ConfigurationError(
                "storage: this Connection belongs to an AsyncConnection. Pass that one as connection=."
            )

        def work(c: Connection) -> T:
            if not c.in_transaction():
                c.begin()  # now, so that a listener of the host's may do it in its own way
            begun = self._is_sqlite and getattr(c.connection.driver_connection, "in_transaction", False)
            if not begun and is_autocommit(c):
                raise ConfigurationError(
                    "storage: connection= is one that commits every statement by itself (AUTOCOMMIT), so "
                    "there is no transaction to join. Pass one without that, from engine.begin()."
                )
            if self._is_sqlite and not begun:
                # The driver would begin at the first INSERT, but not at a SAVEPOINT, which would then commit.
                c.exec_driver_sql("BEGIN IMMEDIATE")
            with c.begin_nested():
                return statements(c, *args, **kwargs)

        with translated(self.remedy), _no_second_try():
            if isinstance(connection, AsyncConnection):
                return await connection.run_sync(work)
            # Not on the loop: a statement may wait for a row that only a call through this loop will let go.
            context, loop = contextvars.copy_context(), asyncio.get_running_loop()
            return await _to_the_end(loop.run_in_executor(None, context.run, work, connection))

    def close(self) -> None:
        """End the worker threads; the next call makes new ones."""
        self._threads.close()


async def _to_the_end(thread: "asyncio.Future[T]") -> T:
    """Its result. A caller that is cancelled goes on when the thread is done, and not while it still works on
    the caller's connection."""
    try:
        return await asyncio.shield(thread)
    except asyncio.CancelledError:
        while not thread.done():
            with contextlib.suppress(asyncio.CancelledError):
                await asyncio.wait([thread])
        if not thread.cancelled():
            thread.exception()  # or asyncio would log it as never retrieved
        raise


@contextlib.contextmanager
def _no_second_try() -> Iterator[None]:
    """The transaction is the host's: it alone can run it again."""
    try:
        yield
    except TryAgain as error:
        raise StorageConflict from error
