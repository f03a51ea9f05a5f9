"""What is particular to SQL: the host's engine and transaction, failures, threads and forks."""

import asyncio
import os
import re
import sqlite3
import threading
import traceback
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from sqlalchemy import Connection, Engine, StaticPool, create_engine, event, exc, text
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine
from sqlalchemy.orm import Session as OrmSession

from connect_hub.errors import (
    CallInsideTransaction,
    ConfigurationError,
    ConnectHubError,
    IdempotencyKeyReused,
    MissingTables,
    StorageConflict,
    StorageUnavailable,
)
from connect_hub.storage import account_rows, api_key_rows, attempt_rows, session_rows
from connect_hub.storage.protocol import Idempotency
from connect_hub.storage.sql import SQLStorage, Tables
from connect_hub.storage.sql.failures import TryAgain, translated
from connect_hub.storage.sql.schema import inspect_schema
from connect_hub.storage.sql.transactions import Transactions
from connect_hub.storage.transaction import callbacks_running
from connect_hub.testing.storage.values import (
    NOW,
    api_key,
    attempt,
    digest,
    later,
    linked,
    session,
    state,
    visit,
)
from tests.peers.database_server import Database


@pytest.fixture
async def engine(database: Path) -> AsyncIterator[Engine]:
    engine = create_engine(f"sqlite:///{database}", connect_args={"timeout": 0.05})
    yield engine
    engine.dispose()


@pytest.fixture
async def async_engine(database: Path) -> AsyncIterator[AsyncEngine]:
    engine = create_async_engine(f"sqlite+aiosqlite:///{database}")
    yield engine
    await engine.dispose()


def test_rows_are_in_the_order_of_the_columns() -> None:
    """Rows are read by position, so a table's columns stand in the order of its row."""
    t = Tables()
    made = session()
    tried = attempt(made)
    pairs = [
        (t.sessions, session_rows.session_row(made)),
        (t.visits, session_rows.visit_row(visit(made))),
        (t.attempts, attempt_rows.attempt_row(tried)),
        (t.states, attempt_rows.state_row(state(tried))),
        (t.api_keys, api_key_rows.api_key_row(api_key())),
    ]
    for table, row in pairs:
        assert list(row) == [column.name for column in table.columns]
    assert [column.name for column in t.accounts.columns][-1] == "sealed"


async def test_accounts_are_in_the_order_of_the_columns(engine: Engine) -> None:
    """The same for accounts, whose last column is not in the row."""
    made = await linked(SQLStorage(engine))
    row = account_rows.account_row(made)
    assert [*row, "sealed"] == [column.name for column in Tables().accounts.columns]


# --- joining the host's transaction ---


@pytest.mark.parametrize("kept", [True, False])
async def test_a_session_joins_the_hosts_transaction(
    engine: Engine, async_engine: AsyncEngine, kept: bool
) -> None:
    """With connection=, the host's commit makes the session and its rollback unmakes it, for both engines
    and for the connection of an ORM session."""
    storage = SQLStorage(engine)
    remembered = Idempotency("s", "k", digest("b"), later(-60))
    first, second, third = session(), session(), session()
    with engine.connect() as connection:
        assert await storage.create_session(first, idempotency=remembered, connection=connection) == first
        assert await storage.create_session(session(), idempotency=remembered, connection=connection) == first
        (connection.commit if kept else connection.rollback)()
    async with async_engine.connect() as other:
        await SQLStorage(async_engine).create_session(second, connection=other)
        await (other.commit() if kept else other.rollback())
    with OrmSession(engine) as orm:
        await storage.create_session(third, connection=orm.connection())
        (orm.commit if kept else orm.rollback)()
    for made in (first, second, third):
        assert await storage.session("default", made.id) == (made if kept else None)
    await storage.aclose()


async def test_a_refused_session_leaves_the_hosts_transaction_usable(engine: Engine) -> None:
    """A conflict undoes what the hub wrote and no more: the host may go on and commit."""
    storage = SQLStorage(engine)
    taken = await storage.create_session(session())
    remembered = Idempotency("s", "k", digest("b"), later(-60))
    with engine.begin() as connection:
        connection.execute(text("CREATE TABLE mine (x INTEGER)"))
        connection.execute(text("INSERT INTO mine VALUES (1)"))
        with pytest.raises(StorageConflict):
            await storage.create_session(session(id=taken.id), idempotency=remembered, connection=connection)
        made = await storage.create_session(session(), idempotency=remembered, connection=connection)
        different = Idempotency("s", "k", digest("c"), later(-60))
        with pytest.raises(IdempotencyKeyReused):
            await storage.create_session(session(), idempotency=different, connection=connection)
    with engine.connect() as connection:
        assert connection.execute(text("SELECT x FROM mine")).scalar() == 1
    assert await storage.session("default", made.id) == made
    await storage.aclose()


async def test_what_is_no_connection_is_refused(engine: Engine, async_engine: AsyncEngine) -> None:
    """An ORM session, or the inner connection of an AsyncConnection, is a ConfigurationError with the fix."""
    storage = SQLStorage(engine)
    with OrmSession(engine) as orm, pytest.raises(ConfigurationError, match=r"session\.connection\(\)"):
        await storage.create_session(session(), connection=orm)  # type: ignore[arg-type]
    async with async_engine.connect() as connection:
        with pytest.raises(ConfigurationError, match="AsyncConnection"):
            await storage.create_session(session(), connection=connection.sync_connection)
    with callbacks_running(), pytest.raises(CallInsideTransaction):
        await storage.create_session(session())


# --- failures ---


async def test_missing_tables_say_so(tmp_path: Path) -> None:
    """Tables or columns that are not there are MissingTables, from any method. It names the command, with the
    prefix and schema of this storage, and the other ways."""
    engine = create_engine(f"sqlite:///{tmp_path / 'empty.db'}")
    for given, options in (({}, ""), ({"prefix": "", "schema": "main"}, " --prefix '' --schema main")):
        storage = SQLStorage(engine, **given)
        command = re.escape(f"Run `connect-hub db upgrade --database-url …{options}`")
        for calling in (storage.check(), storage.session("default", 1), storage.touch_account("x", now=NOW)):
            with pytest.raises(MissingTables, match=f"{command}.*create_all.*Alembic"):
                await calling
        await storage.aclose()
    storage = SQLStorage(engine)
    SQLStorage.create_all(engine)
    await storage.check()
    with engine.begin() as connection:
        connection.execute(text("ALTER TABLE connect_hub_accounts DROP COLUMN label"))
    with pytest.raises(MissingTables):
        await storage.account("x")
    await storage.aclose()
    engine.dispose()


async def test_a_locked_database_is_unavailable(engine: Engine, database: Path) -> None:
    """R13: a database that another process keeps locked is StorageUnavailable; afterwards all is well."""
    storage = SQLStorage(engine)
    other = sqlite3.connect(database, isolation_level=None)
    other.execute("BEGIN EXCLUSIVE")
    with pytest.raises(StorageUnavailable):
        await storage.create_session(session())
    with pytest.raises(StorageUnavailable):
        await storage.session("default", 1)
    other.execute("ROLLBACK")
    other.close()
    made = await storage.create_session(session())
    assert await storage.session("default", made.id) == made
    await storage.aclose()


@pytest.mark.parametrize("driver", ["psycopg", "asyncpg"])
async def test_what_the_server_gives_up_is_unavailable(driver: str, postgres_tables: Database) -> None:
    """R13: by whichever driver, a statement that PostgreSQL gives up (here as another one has the lock too
    long) is StorageUnavailable, and so is what it says while it starts, ends or has no room; afterwards all
    is well."""
    looking = create_engine(postgres_tables.url("psycopg"))
    engine = create_async_engine(postgres_tables.url(driver))
    limited = "SET SESSION lock_timeout = '50ms'"
    event.listen(engine.sync_engine, "connect", lambda c, _: c.cursor().execute(limited))
    storage = SQLStorage(engine)
    with looking.begin() as other:
        other.execute(text("LOCK TABLE connect_hub_sessions"))
        with pytest.raises(StorageUnavailable):
            await storage.create_session(session())
    made = await storage.create_session(session())
    assert await storage.session("default", made.id) == made
    for sqlstate in ("57P03", "57P01", "53300", "08006"):
        orig = type("Nameless", (Exception,), {"sqlstate": sqlstate})()
        with pytest.raises(StorageUnavailable), translated(""):
            raise exc.DBAPIError("", (), orig)
    await storage.aclose()
    await engine.dispose()
    looking.dispose()


async def test_an_absent_or_broken_database_is_unavailable(tmp_path: Path) -> None:
    """A file that cannot be opened, or is no database, is StorageUnavailable."""
    (tmp_path / "broken.db").write_bytes(b"this is not a database" * 100)
    storages = [
        *(SQLStorage(create_engine(f"sqlite:///{tmp_path}/{name}")) for name in ("no/such.db", "broken.db")),
        SQLStorage.sqlite(tmp_path / "broken.db"),
    ]
    for storage in storages:
        with pytest.raises(StorageUnavailable):
            await storage.check()
        await storage.aclose()


async def test_errors_do_not_tell_what_was_stored(engine: Engine, database: Path) -> None:
    """T46: an error of the database that is logged with its cause names no value of a statement."""
    storage = SQLStorage(engine)
    made = await storage.create_session(session(origin_owner_name="CANARY"))
    for failing in (session(id=made.id, origin_owner_name="CANARY"), session(origin_owner_name=b"CANARY")):
        other = sqlite3.connect(database, isolation_level=None)
        if failing.id != made.id:
            other.execute("BEGIN EXCLUSIVE")
        with pytest.raises(ConnectHubError) as caught:
            await storage.create_session(failing)
        other.close()
        assert "CANARY" not in "".join(traceback.format_exception(caught.value))
    await storage.aclose()


async def test_a_reader_is_not_held_up_by_a_writer(engine: Engine, database: Path) -> None:
    """While a write waits for another process's lock, reads go on: they have a thread of their own."""
    storage = SQLStorage(create_engine(f"sqlite:///{database}", connect_args={"timeout": 30}))
    other = sqlite3.connect(database, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    writing = asyncio.ensure_future(storage.create_session(session()))
    assert await storage.session("default", 1) is None
    assert not writing.done()
    other.execute("ROLLBACK")
    other.close()
    await writing
    await storage.aclose()


async def test_a_host_that_only_read_cannot_fail_a_write(database: Path) -> None:
    """R14: writers take the lock first, also on a driver that begins by itself: no write fails because its
    transaction had read before another one wrote."""
    engine = create_engine(f"sqlite:///{database}", connect_args={"timeout": 30})
    seen: list[str] = []
    engines: list[Engine] = [engine, create_engine(f"sqlite:///{database}", isolation_level="AUTOCOMMIT")]
    for one in engines:
        event.listen(one, "before_cursor_execute", lambda *a: seen.append(a[2]))
        storage = SQLStorage(one)
        await asyncio.gather(*(linked(storage) for _ in range(5)))
        await storage.aclose()
        one.dispose()
    begins = [n for n, statement in enumerate(seen) if statement == "BEGIN IMMEDIATE"]
    assert len(begins) >= 30
    with sqlite3.connect(database) as connection:
        assert connection.execute("SELECT generation FROM connect_hub_accounts").fetchall() == [(10,)]
    connection.close()


async def test_only_a_race_runs_again(engine: Engine) -> None:
    """A conflict that would repeat itself is raised at once; a race is tried again, and given up at last."""
    calls: list[str] = []

    def taken(_: Connection) -> None:
        calls.append("taken")
        raise exc.IntegrityError("", (), Exception("UNIQUE"))

    def race(_: Connection, wins_at: int) -> str:
        calls.append("race")
        if calls.count("race") == wins_at:
            return "won"
        raise TryAgain

    transactions = Transactions(engine, remedy="")
    with pytest.raises(StorageConflict):
        await transactions.write(taken)
    assert calls == ["taken"]
    assert await transactions.write(race, 3) == "won"
    assert calls.count("race") == 3
    with pytest.raises(StorageUnavailable):
        await transactions.write(race, 1000)
    transactions.close()


# --- the host's engine is left as it was ---


async def test_the_hosts_engine_is_left_as_it_was(database: Path, caplog: pytest.LogCaptureFixture) -> None:
    """R14: no listener is put on an engine that was passed, and no setting of its connections is changed;
    what is doubtful is said once."""
    engine = create_engine(f"sqlite:///{database}", connect_args={"timeout": 1})

    @event.listens_for(engine, "connect")
    def risky(connection: sqlite3.Connection, _record: object) -> None:
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA synchronous = NORMAL")

    def pragmas() -> list[object]:
        names = ("journal_mode", "synchronous", "busy_timeout", "application_id")
        with engine.connect() as connection:
            return [connection.exec_driver_sql(f"PRAGMA {name}").scalar() for name in names]

    before = pragmas()
    listening = (engine._has_events, list(engine.pool.dispatch.connect))
    assert not engine._has_events
    storage = SQLStorage(engine)
    await storage.check()
    await storage.check()
    await linked(storage)
    said = [record.message for record in caplog.records if record.levelname == "WARNING"]
    assert len(said) == len(set(said)) == len(await storage.findings())
    assert any("synchronous" in one for one in said)
    assert any("1000 ms" in one for one in said)
    assert any("WAL" in one for one in said) is (sqlite3.sqlite_version_info < (3, 44, 6))
    assert pragmas() == before
    assert (engine._has_events, list(engine.pool.dispatch.connect)) == listening
    await storage.aclose()
    engine.dispose()


async def test_a_database_in_memory_is_refused() -> None:
    """A shared SQLite connection would let the hub roll back the host's work; the message has the fix."""
    with pytest.raises(ConfigurationError, match="MemoryStorage"):
        SQLStorage(create_engine("sqlite://"))
    with pytest.raises(ConfigurationError, match="MemoryStorage"):
        SQLStorage(
            create_engine("sqlite://", poolclass=StaticPool, connect_args={"check_same_thread": False})
        )
    with pytest.raises(ConfigurationError, match="MemoryStorage"):
        SQLStorage(create_async_engine("sqlite+aiosqlite://"))
    with pytest.raises(ConfigurationError, match="Engine"):
        SQLStorage("sqlite://")  # type: ignore[arg-type]


# --- threads and forks ---


async def test_threads_are_few_and_end(engine: Engine) -> None:
    """Nothing runs before first use; on SQLite one thread reads and one writes; aclose ends both."""

    def running() -> list[str]:
        return [t.name for t in threading.enumerate() if t.name.startswith("connect-hub-storage")]

    before = len(running())
    storage = SQLStorage(engine)
    assert len(running()) == before
    await asyncio.gather(*(storage.create_session(session()) for _ in range(9)))
    await asyncio.gather(*(storage.session("default", n) for n in range(9)))
    assert len(running()) == before + 2
    workers = [t for t in threading.enumerate() if t.name.startswith("connect-hub-storage")]
    await storage.aclose()
    for worker in workers:
        worker.join(5)
    assert len(running()) <= before


async def test_a_forked_child_starts_afresh(tmp_path: Path) -> None:
    """R18: after a fork, the child makes its own threads and connections to the hub's own file; the parent's
    go on."""
    storage = SQLStorage.sqlite(tmp_path / "hub.db")
    made = await storage.create_session(session(id=1, jti="parent"))
    child = os.fork()
    if child == 0:
        status = 1
        try:
            asyncio._set_running_loop(None)  # the parent's, which does not run here
            runner = asyncio.new_event_loop()
            found = runner.run_until_complete(storage.session("default", 1))
            runner.run_until_complete(storage.create_session(session(id=2, jti="child")))
            status = 0 if found == made else 2
        finally:
            os._exit(status)
    _, status = await asyncio.to_thread(os.waitpid, child, 0)
    assert os.waitstatus_to_exitcode(status) == 0
    assert await storage.session("default", 2) is not None
    assert await storage.create_session(session(id=3, jti="after")) is not None
    await storage.aclose()


# --- a file of the hub's own ---


async def test_the_hubs_own_file(tmp_path: Path) -> None:
    """R14: made at first use, readable by its owner alone, durable, and sound for several connections."""
    path = tmp_path / "it's a ?#% name.db"
    storage = SQLStorage.sqlite(path)
    assert not path.exists()
    await storage.check()
    assert path.stat().st_mode & 0o777 == 0o600
    engine = storage.engine
    assert isinstance(engine, Engine)
    with engine.connect() as connection:
        assert connection.exec_driver_sql("PRAGMA synchronous").scalar() == 2
        assert connection.exec_driver_sql("PRAGMA busy_timeout").scalar() == 10_000
        mode = connection.exec_driver_sql("PRAGMA journal_mode").scalar()
    assert mode == ("wal" if _is_sound(sqlite3.sqlite_version_info) else "delete")
    assert await storage.findings() == []
    made = await linked(storage)
    await storage.aclose()
    again = SQLStorage.sqlite(path)
    assert await again.account(made.id) == made
    await again.aclose()


def _is_sound(version: tuple[int, int, int]) -> bool:
    return version >= (3, 51, 3) or (version[:2] in {(3, 50), (3, 44)} and version[2] >= 6)


async def test_two_hubs_may_make_the_file_at_once(tmp_path: Path) -> None:
    """Several workers that start together on no file end up with one set of tables."""
    storages = [SQLStorage.sqlite(tmp_path / "hub.db") for _ in range(5)]
    await asyncio.gather(*(storage.check() for storage in storages))
    made = await storages[0].create_session(session())
    for storage in storages:
        assert await storage.session("default", made.id) == made
        await storage.aclose()


async def test_a_file_without_its_folder_is_refused_by_name(tmp_path: Path) -> None:
    """Waiting alone mends a volume that is mounted late, and nothing else: so the folder is named. Once it is
    there, the same storage works."""
    storage = SQLStorage.sqlite(tmp_path / "none" / "hub.db")
    for work in (storage.check, lambda: inspect_schema(storage)):
        with pytest.raises(StorageUnavailable, match=f"no folder '{tmp_path / 'none'}' to keep hub.db in"):
            await work()
    (tmp_path / "none").mkdir()
    await storage.check()
    await storage.aclose()


async def test_a_file_of_somebody_elses_is_refused(tmp_path: Path) -> None:
    """R14: a database that the hub did not make keeps its settings, and gets no tables."""
    path = tmp_path / "host.db"
    with sqlite3.connect(path) as connection:
        connection.execute("CREATE TABLE mine (x)")
    connection.close()
    before = path.read_bytes()
    storage = SQLStorage.sqlite(path)
    with pytest.raises(ConfigurationError, match="did not make"):
        await storage.check()
    await storage.aclose()
    assert path.read_bytes() == before
    with pytest.raises(ConfigurationError, match="path of a file"):
        SQLStorage.sqlite("sqlite:///hub.db")
