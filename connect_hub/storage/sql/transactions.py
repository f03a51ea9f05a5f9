"""Running plain functions of a Connection, each in a transaction of its own, on any engine.

With an AsyncEngine they run on the event loop through `run_sync`; with an Engine, in a small pool of worker
threads: one for SQLite, which has one writer anyway, four elsewhere.
"""

import asyncio
import contextlib
import contextvars
import os
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Concatenate, ParamSpec, TypeVar

from sqlalchemy import Connection, Engine, exc
from sqlalchemy.ext.asyncio import AsyncEngine

from connect_hub.errors import ConnectHubError, MissingTables, StorageConflict, StorageUnavailable

__all__ = ["HostError", "Transactions"]

P = ParamSpec("P")
T = TypeVar("T")
Statements = Callable[Concatenate[Connection, P], T]

_MISSING_TABLE = (
    "no such table",
    "undefinedtable",
    "doesn't exist",
    "does not exist",
    "unknown table",
    "1146",
)
_RETRIES = 3


class HostError(Exception):
    """Carries an exception of the host's own code out of a transaction, so that it is not taken for ours."""

    def __init__(self, original: BaseException) -> None:
        self.original = original
        super().__init__()


class Transactions:
    """Reads and writes on one engine. Makes no thread and no connection before its first use in a process."""

    def __init__(self, engine: Engine | AsyncEngine) -> None:
        self.engine = engine
        self._sync_engine = engine.sync_engine if isinstance(engine, AsyncEngine) else engine
        self.dialect: str = self._sync_engine.dialect.name
        self._is_sqlite = self.dialect == "sqlite"
        self._threads: ThreadPoolExecutor | None = None
        self._pid = 0
        self._lock = threading.Lock()

    async def read(self, statements: Statements[P, T], /, *args: P.args, **kwargs: P.kwargs) -> T:
        """Run `statements` on a connection; nothing it does is kept."""
        return await self._run(self._reading, lambda c: statements(c, *args, **kwargs))

    async def write(self, statements: Statements[P, T], /, *args: P.args, **kwargs: P.kwargs) -> T:
        """Run `statements` in a write transaction and commit it.

        Tried again when the database asks for it (serialization failure, deadlock) or when another
        transaction inserted a row meanwhile, so `statements` must be free of other effects.
        """
        for attempt in range(_RETRIES):
            last = attempt == _RETRIES - 1
            try:
                return await self._run(self._writing, lambda c: statements(c, *args, **kwargs))
            except StorageConflict:
                if last:
                    raise
            except StorageUnavailable as error:
                if last or not _is_contention(error.__cause__):
                    raise
        raise AssertionError("unreachable")

    async def _run(
        self,
        within: Callable[[Connection], contextlib.AbstractContextManager[None]],
        work: Callable[[Connection], T],
    ) -> T:
        def run(connection: Connection) -> T:
            with within(connection):
                return work(connection)

        def run_in_thread() -> T:
            with self._sync_engine.connect() as connection:
                return run(connection)

        with _translated():
            if isinstance(self.engine, AsyncEngine):
                async with self.engine.connect() as connection:
                    return await connection.run_sync(run)
            context = contextvars.copy_context()
            return await asyncio.get_running_loop().run_in_executor(self._pool(), context.run, run_in_thread)

    def run_on(
        self, connection: Connection, statements: Statements[P, T], *args: P.args, **kwargs: P.kwargs
    ) -> T:
        """Run `statements` in the transaction that `connection`'s owner holds and will commit."""
        with _translated():
            return statements(connection, *args, **kwargs)

    @contextlib.contextmanager
    def _reading(self, connection: Connection) -> Iterator[None]:
        yield

    @contextlib.contextmanager
    def _writing(self, connection: Connection) -> Iterator[None]:
        with connection.begin():
            if self._is_sqlite:
                # Take the write lock first: a transaction that reads before it writes could not be upgraded
                # while another one writes, whatever the busy time-out.
                if getattr(connection.connection.driver_connection, "in_transaction", False):
                    connection.exec_driver_sql("ROLLBACK")
                connection.exec_driver_sql("BEGIN IMMEDIATE")
            yield

    def _pool(self) -> ThreadPoolExecutor:
        with self._lock:
            if self._threads is None or self._pid != os.getpid():
                size = 1 if self._is_sqlite else 4
                self._threads = ThreadPoolExecutor(size, thread_name_prefix="connect-hub-storage")
                self._pid = os.getpid()
            return self._threads

    def close(self) -> None:
        """End the worker threads; the next call makes new ones."""
        with self._lock:
            threads, self._threads = self._threads, None
            if threads is not None and self._pid == os.getpid():
                threads.shutdown(wait=False)


@contextlib.contextmanager
def _translated() -> Iterator[None]:
    """Turn SQLAlchemy's errors into the storage port's."""
    try:
        yield
    except HostError as error:
        raise error.original from None
    except ConnectHubError:
        raise
    except exc.IntegrityError as error:
        raise StorageConflict from error
    except (exc.OperationalError, exc.ProgrammingError) as error:
        said = f"{type(error.orig).__name__} {error.orig}".lower()
        if any(mark in said for mark in _MISSING_TABLE):
            raise MissingTables from error
        if isinstance(error, exc.ProgrammingError):
            raise
        raise StorageUnavailable from error
    except (exc.InterfaceError, exc.TimeoutError, ConnectionError) as error:
        raise StorageUnavailable from error
    except exc.DBAPIError as error:
        if error.connection_invalidated:
            raise StorageUnavailable from error
        raise


def _is_contention(error: BaseException | None) -> bool:
    """Whether the database says that the same transaction may succeed when tried again."""
    original = getattr(error, "orig", None)
    code = getattr(original, "sqlstate", None) or getattr(original, "pgcode", None)
    number = original.args[0] if original is not None and original.args else None
    return code in {"40001", "40P01"} or number in {1205, 1213}
