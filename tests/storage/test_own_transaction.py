"""`connection=`: what the hub does on a connection of the host's, and leaves alone on it."""

import asyncio
import threading
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from sqlalchemy import create_engine, event, text
from sqlalchemy.ext.asyncio import create_async_engine

from connect_hub.errors import ConfigurationError
from connect_hub.storage.sql import SQLStorage
from connect_hub.testing.storage.values import session
from tests.peers.database_server import Database

PATIENCE = 30


@pytest.fixture
async def storage(database: Path) -> AsyncIterator[SQLStorage]:
    engine = create_engine(f"sqlite:///{database}")
    storage = SQLStorage(engine)
    yield storage
    await storage.aclose()
    engine.dispose()


async def test_a_caller_that_is_cancelled_has_its_connection_back(
    storage: SQLStorage, database: Path
) -> None:
    """However often it is cancelled, it goes on only when no thread works on the connection any more; what
    the thread raised then is not told."""
    engine = create_engine(f"sqlite:///{database}")
    begun, go_on = asyncio.Event(), threading.Event()
    loop, fatal = asyncio.get_running_loop(), False

    def stop(_c: object, _cursor: object, statement: str, *_: object) -> None:
        if statement.startswith("INSERT INTO connect_hub_sessions"):
            loop.call_soon_threadsafe(begun.set)
            assert go_on.wait(PATIENCE)
            if fatal:
                raise RuntimeError("nobody hears of it")

    event.listen(engine, "before_cursor_execute", stop)
    for fatal in (False, True):
        begun.clear()
        go_on.clear()
        given = session()
        with engine.connect() as connection:
            task = asyncio.create_task(storage.create_session(given, connection=connection))
            await asyncio.wait_for(begun.wait(), PATIENCE)
            for _ in range(2):
                task.cancel()
                for _ in range(20):
                    await asyncio.sleep(0)
                assert not task.done()
            go_on.set()
            with pytest.raises(asyncio.CancelledError):
                await task
            count = text("SELECT count(*) FROM connect_hub_sessions WHERE id = :id")
            assert connection.execute(count, {"id": given.id}).scalar() == (not fatal)
        assert await storage.session("default", given.id) is None, "and undoes it"
    engine.dispose()


@pytest.mark.parametrize("driver", ["pysqlite", "aiosqlite", "psycopg", "asyncpg", "pymysql", "aiomysql"])
async def test_a_connection_that_commits_by_itself_is_refused(
    driver: str, request: pytest.FixtureRequest, database: Path
) -> None:
    """There is no transaction to join: it says so, and writes nothing."""
    if driver.endswith("sqlite"):
        url = f"sqlite+{driver}:///{database}"
    else:
        server = "postgres" if driver in {"psycopg", "asyncpg"} else "mariadb"
        found: Database = request.getfixturevalue(f"{server}_tables")
        url = found.url(driver)
    given, count = session(), text("SELECT count(*) FROM connect_hub_sessions")
    refused = pytest.raises(ConfigurationError, match=r"connection=.*AUTOCOMMIT.*begin")
    if driver in {"aiosqlite", "asyncpg", "aiomysql"}:
        later = create_async_engine(url)
        async with later.connect() as c:
            await c.execution_options(isolation_level="AUTOCOMMIT")
            with refused:
                await SQLStorage(later).create_session(given, connection=c)
            assert (await c.execute(count)).scalar() == 0
        await later.dispose()
        return
    engine = create_engine(url)
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        with refused:
            await SQLStorage(engine).create_session(given, connection=connection)
        assert connection.execute(count).scalar() == 0
    engine.dispose()


async def test_a_transaction_that_the_host_begins_by_a_statement(storage: SQLStorage, database: Path) -> None:
    """SQLite's driver switched to no transactions of its own, and BEGIN by a listener, as SQLAlchemy advises:
    that is a transaction to join."""
    engine = create_engine(f"sqlite:///{database}")

    @event.listens_for(engine, "connect")
    def no_implicit_begin(connection: object, _record: object) -> None:
        connection.isolation_level = None  # type: ignore[attr-defined]  # sqlite3's

    @event.listens_for(engine, "begin")
    def begin(connection: object) -> None:
        connection.exec_driver_sql("BEGIN")  # type: ignore[attr-defined]  # SQLAlchemy's

    kept, lost = session(), session()
    for given, end in ((kept, "commit"), (lost, "rollback")):
        with engine.connect() as connection:
            await storage.create_session(given, connection=connection)
            getattr(connection, end)()
    assert await storage.session("default", kept.id) == kept
    assert await storage.session("default", lost.id) is None
    engine.dispose()
