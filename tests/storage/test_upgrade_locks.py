"""Two upgrades of one database at once: the second one sees all that the first one did."""

import threading
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from sqlalchemy import Engine, create_engine, event, exc, inspect, text

from connect_hub.errors import ConfigurationError
from connect_hub.storage.sql import SQLStorage, Tables
from connect_hub.storage.sql.migrations.versions import OLDEST, VERSION, notes
from connect_hub.storage.sql.tables import OLDEST_VERSION, SCHEMA_VERSION
from tests.peers.database_server import Database

PATIENCE = 120
WAITING = "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND NOT granted"
Make = Callable[..., Engine]


@pytest.fixture
def make(request: pytest.FixtureRequest) -> Iterator[Make]:
    made: list[Engine] = []

    def engine(database: Database, driver: str, **settings: Any) -> Engine:
        made.append(create_engine(database.url(driver), **settings))
        return made[-1]

    yield engine
    for one in made:
        one.dispose()


def at(engine: Engine, part: str, do: Callable[[], object]) -> None:
    """Call `do` before each statement that has `part` in it."""

    def look(_c: object, _cursor: object, statement: str, *_: object) -> None:
        if part in statement:
            do()

    event.listen(engine, "before_cursor_execute", look)


@pytest.mark.parametrize("isolation", ["READ COMMITTED", "REPEATABLE READ", "SERIALIZABLE"])
def test_the_second_sees_what_the_first_did(make: Make, postgres_database: Database, isolation: str) -> None:
    """On PostgreSQL, whatever the isolation of the host's engine: the one that waited finds nothing to do,
    also if it asked for the lock before there was a table."""
    first, second = (make(postgres_database, "psycopg", isolation_level=isolation) for _ in range(2))
    watching = make(postgres_database, "psycopg", isolation_level="AUTOCOMMIT")
    begun, go_on = threading.Event(), threading.Event()
    failed: list[BaseException] = []

    def stop() -> None:
        begun.set()
        assert go_on.wait(PATIENCE)

    at(first, "CREATE TABLE connect_hub_visits", stop)

    def upgrade(engine: Engine) -> None:
        try:
            SQLStorage.create_all(engine)
        except BaseException as error:
            failed.append(error)

    threads = [threading.Thread(target=upgrade, args=[one]) for one in (first, second)]
    threads[0].start()
    assert begun.wait(PATIENCE)
    threads[1].start()
    try:
        with watching.connect() as c:
            while not c.execute(text(WAITING)).scalar() and threads[1].is_alive():
                threads[1].join(0.02)
    finally:
        go_on.set()
        for thread in threads:
            thread.join(PATIENCE)
    assert failed == []
    with second.connect() as c:
        assert notes(c, Tables()) == {VERSION: SCHEMA_VERSION, OLDEST: OLDEST_VERSION}
        assert c.execute(text("SHOW transaction_isolation")).scalar() == isolation.lower()


def test_the_lock_is_held_until_all_is_kept(make: Make, mariadb_database: Database) -> None:
    """On MariaDB: when the lock is let go, another connection sees the version, and no sign of an upgrade
    under way. If letting go fails, the upgrade has been, and the lock ends with the connection."""
    engine, other = make(mariadb_database, "pymysql"), make(mariadb_database, "pymysql")
    seen: list[dict[str, int]] = []

    def look() -> None:
        with other.connect() as c:
            seen.append(notes(c, Tables()))

    at(engine, "RELEASE_LOCK", look)
    SQLStorage.create_all(engine)
    assert seen == [{VERSION: SCHEMA_VERSION, OLDEST: OLDEST_VERSION}]

    def lost() -> None:
        raise exc.OperationalError("SELECT RELEASE_LOCK(…)", (), Exception("gone"))

    at(engine, "RELEASE_LOCK", lost)
    SQLStorage.create_all(engine)
    free, end = text("SELECT IS_FREE_LOCK('connect_hub_schema')"), time.monotonic() + PATIENCE
    with other.connect() as c:  # the server hears of the closed connection a moment later
        while c.execute(free).scalar() != 1:
            assert time.monotonic() < end, "the connection was given back with it"
            time.sleep(0.02)


def test_what_went_wrong_is_said_before_what_followed(make: Make, mariadb_database: Database) -> None:
    """An upgrade that fails raises its own error, not that of letting the lock go."""
    engine = make(mariadb_database, "pymysql")

    def fail(error: Exception) -> Callable[[], object]:
        def do() -> None:
            raise error

        return do

    at(engine, "CREATE TABLE connect_hub_visits", fail(RuntimeError("the first")))
    at(engine, "RELEASE_LOCK", fail(exc.OperationalError("", (), Exception("the second"))))
    with pytest.raises(RuntimeError, match="the first"):
        SQLStorage.create_all(engine)


def test_an_engine_without_transactions(
    make: Make, postgres_database: Database, mariadb_database: Database
) -> None:
    """With AUTOCOMMIT PostgreSQL would keep half an upgrade, and let two at once collide: refused, with the
    fix, and nothing made. MariaDB keeps each statement anyway, and has its lock: all is made."""
    engine = make(postgres_database, "psycopg", isolation_level="AUTOCOMMIT")
    with pytest.raises(ConfigurationError, match=r"AUTOCOMMIT.*execution_options"):
        SQLStorage.create_all(engine)
    assert inspect(engine).get_table_names() == []
    SQLStorage.create_all(engine.execution_options(isolation_level="READ COMMITTED"))
    other = make(mariadb_database, "pymysql", isolation_level="AUTOCOMMIT")
    SQLStorage.create_all(other)
    for one in (engine, other):
        with one.connect() as c:
            assert notes(c, Tables()) == {VERSION: SCHEMA_VERSION, OLDEST: OLDEST_VERSION}
