"""On PostgreSQL the hub reads and claims without a transaction around its statements, on a host's connections
that stay as they were."""

import asyncio
from collections.abc import Callable
from datetime import timedelta

import pytest
from sqlalchemy import Connection, Engine, create_engine, event, exc, text
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine

from connect_hub.errors import MissingTables, StorageUnavailable
from connect_hub.storage.protocol import Delivery
from connect_hub.storage.sql import SQLStorage
from connect_hub.testing.storage.values import NOW
from connect_hub.testing.storage.values import event as new_event
from tests.peers.database_server import Database

PATIENCE = 60.0
STRICT = "REPEATABLE READ"
ONE_CONNECTION: dict[str, int] = {"pool_size": 1, "max_overflow": 0}
Make = Callable[[Database], Engine | AsyncEngine]


@pytest.fixture(params=["psycopg", "psycopg_async", "asyncpg"])
def make(request: pytest.FixtureRequest) -> Make:
    """An engine with a single connection, by each driver."""
    match request.param:
        case "psycopg":
            return lambda database: create_engine(database.url("psycopg"), **ONE_CONNECTION)
        case "psycopg_async":
            return lambda database: create_async_engine(database.url("psycopg"), **ONE_CONNECTION)
    return lambda database: create_async_engine(database.url("asyncpg"), **ONE_CONNECTION)


def _sync(engine: Engine | AsyncEngine) -> Engine:
    return engine.sync_engine if isinstance(engine, AsyncEngine) else engine


async def _on(engine: Engine | AsyncEngine, work: Callable[[Connection], object]) -> object:
    if isinstance(engine, AsyncEngine):
        async with engine.connect() as connection:
            return await connection.run_sync(work)
    with engine.connect() as connection:
        return work(connection)


async def _end(storage: SQLStorage) -> None:
    await storage.aclose()
    if isinstance(storage.engine, AsyncEngine):
        await storage.engine.dispose()
    else:
        storage.engine.dispose()


async def _claim(storage: SQLStorage, *targets: str) -> list[Delivery]:
    room = dict.fromkeys(targets or ("webhook:one",), 8)
    return await storage.claim_deliveries(room, limit=64, lease=timedelta(hours=1), now=NOW)


async def test_a_hosts_connection_comes_back_as_it_was(make: Make, postgres_tables: Database) -> None:
    """R14, T35: after reads and claims, those that failed and those that were cut off, the connection begins
    transactions again, with the isolation that the host's listener has set on it."""
    engine = make(postgres_tables)

    @event.listens_for(_sync(engine), "connect")
    def set_up(driver: object, _record: object) -> None:
        cursor = driver.cursor()  # type: ignore[attr-defined]
        cursor.execute(f"SET SESSION CHARACTERISTICS AS TRANSACTION ISOLATION LEVEL {STRICT}")
        cursor.close()
        driver.commit()  # type: ignore[attr-defined]

    def settings(connection: Connection) -> list[object]:
        driver = connection.connection.dbapi_connection
        found: list[object] = [getattr(driver, "isolation_level", None), driver.autocommit]  # type: ignore[union-attr]
        found.append(connection.execute(text("SHOW transaction_isolation")).scalar())
        connection.execute(text("CREATE TABLE gone (id integer)"))
        connection.rollback()
        return [*found, connection.execute(text("SELECT to_regclass('gone')")).scalar()]

    before = await _on(engine, settings)
    storage = SQLStorage(engine)
    await storage.record([new_event(record_id="a"), new_event(record_id="b")])
    assert len(await _claim(storage)) == 2
    await storage.backlog()
    assert await _on(engine, settings) == before
    absent = SQLStorage(engine, prefix="absent_")
    for failing in (absent.backlog(), _claim(absent)):
        with pytest.raises(MissingTables):
            await failing
        assert await _on(engine, settings) == before
    other = create_engine(postgres_tables.url("psycopg"))
    for cut_off in (storage.backlog, lambda: _claim(storage)):
        with other.begin() as locking:
            locking.execute(text(f"LOCK TABLE {storage.tables.deliveries.name}"))
            task = asyncio.ensure_future(cut_off())
            await _until_one_waits(locking)
            task.cancel()
            await asyncio.wait([task])
        assert await _on(engine, settings) == before
    other.dispose()
    await absent.aclose()
    await _end(storage)


async def _until_one_waits(connection: Connection) -> None:
    waiting = text("SELECT count(*) FROM pg_locks WHERE NOT granted")
    async with asyncio.timeout(PATIENCE):
        while not connection.execute(waiting).scalar():  # noqa: ASYNC110  # the server tells nobody
            await asyncio.sleep(0.01)


@pytest.fixture
def elsewhere(postgres_database: Database) -> Database:
    """A database with the tables in a schema that a connection finds when the host has set it."""
    engine = create_engine(postgres_database.url("psycopg"))
    with engine.begin() as connection:
        connection.execute(text("CREATE SCHEMA elsewhere"))
    event.listen(engine, "begin", lambda c: c.execute(text("SET LOCAL search_path TO elsewhere")))
    SQLStorage.create_all(engine)
    engine.dispose()
    return postgres_database


@pytest.mark.parametrize("when", ["begin", "checkout"])
async def test_what_a_host_sets_where_it_begins_is_set(make: Make, elsewhere: Database, when: str) -> None:
    """R14: where a host's listener sets a search path (or a role) for each transaction, or begins one when a
    connection leaves the pool, it is set for everything that the hub does."""
    engine = make(elsewhere)
    if when == "begin":
        event.listen(_sync(engine), "begin", lambda c: c.execute(text("SET LOCAL search_path TO elsewhere")))
    else:

        @event.listens_for(_sync(engine), "checkout")
        def set_path(driver: object, *_: object) -> None:
            cursor = driver.cursor()  # type: ignore[attr-defined]
            cursor.execute("SET LOCAL search_path TO elsewhere")
            cursor.close()

    storage = SQLStorage(engine)
    await storage.record([new_event(record_id="a"), new_event(record_id="b")])
    assert len(await _claim(storage)) == 2
    assert (await storage.backlog()).oldest_pending is not None
    assert await _claim(storage) == []
    await _end(storage)


async def test_what_was_leased_before_the_database_failed_is_given_out(postgres_tables: Database) -> None:
    """R2: a claim that leased something, and then failed, gives that out; one that leased nothing says so."""
    engine = create_engine(postgres_tables.url("psycopg"))
    storage, leases, failing_at = SQLStorage(engine), 0, 2

    @event.listens_for(engine, "before_cursor_execute")
    def fail(_connection: object, _cursor: object, statement: str, *_: object) -> None:
        nonlocal leases
        leases += "RETURNING" in statement
        if leases == failing_at:
            raise exc.OperationalError(statement, {}, Exception("the server went away"))

    for target in ("webhook:one", "webhook:two"):
        await storage.record([new_event(record_id=target, targets=(target,))])
    (first,) = await _claim(storage, "webhook:one", "webhook:two")
    leases, failing_at = 0, 1
    with pytest.raises(StorageUnavailable):
        await _claim(storage, "webhook:one", "webhook:two")
    failing_at = 0
    (second,) = await _claim(storage, "webhook:one", "webhook:two")
    assert (first.target, second.target) == ("webhook:one", "webhook:two")
    assert (first.epoch, second.epoch) == (1, 1)
    await _end(storage)
