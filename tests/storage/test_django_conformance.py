"""The storage contract on Django's connections, and the tables that its migrations make."""

from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import create_engine, inspect

from connect_hub.storage.protocol import Storage
from connect_hub.storage.sql import Tables
from connect_hub.testing.storage import StorageConformance
from tests import django_host
from tests.peers.database_server import Database
from tests.peers.mariadb import MariadbServer
from tests.peers.postgres import PostgresServer

django_host.ready()

from django.core.management import call_command  # noqa: E402  # needs a Django that is set up
from django.db import connections  # noqa: E402

from connect_hub.hosts.django.storage import DjangoStorage  # noqa: E402
from tests.django_host.databases import database_on, sqlite_copy, with_tables  # noqa: E402


@pytest.fixture(scope="session")
def sqlite_alias(tmp_path_factory: pytest.TempPathFactory) -> str:
    path = tmp_path_factory.mktemp("django") / "template.db"
    return with_tables(ENGINE="django.db.backends.sqlite3", NAME=str(path))


@pytest.fixture(scope="session")
def postgres_alias(postgres: PostgresServer) -> Iterator[str]:
    with database_on(postgres, CONN_MAX_AGE=None) as alias:
        yield alias


@pytest.fixture(scope="session")
def mariadb_alias(mariadb: MariadbServer) -> Iterator[str]:
    with database_on(mariadb) as alias:
        yield alias


async def over(alias: str) -> AsyncIterator[Storage]:
    storage = DjangoStorage(alias)
    yield storage
    await storage.aclose()


def emptied(alias: str) -> str:
    with connections[alias].cursor() as cursor:
        for table in Tables().all():
            cursor.execute(f"DELETE FROM {table.name}")  # noqa: S608  # a name of ours
    connections[alias].close()
    return alias


class TestSqlite(StorageConformance):
    @pytest.fixture
    async def storage(self, sqlite_alias: str, tmp_path: Path) -> AsyncIterator[Storage]:
        async for storage in over(sqlite_copy(sqlite_alias, tmp_path / "host.db")):
            yield storage


class TestPostgres(StorageConformance):
    @pytest.fixture
    def emptied(self, postgres_alias: str) -> str:
        return emptied(postgres_alias)

    @pytest.fixture
    async def storage(self, emptied: str) -> AsyncIterator[Storage]:
        async for storage in over(emptied):
            yield storage


class TestMariadb(StorageConformance):
    """Through PyMySQL in mysqlclient's place."""

    @pytest.fixture
    def emptied(self, mariadb_alias: str) -> str:
        return emptied(mariadb_alias)

    @pytest.fixture
    async def storage(self, emptied: str) -> AsyncIterator[Storage]:
        async for storage in over(emptied):
            yield storage


def schema(url: str) -> dict[str, Any]:
    """What a database says of the hub's tables: columns, keys, indexes."""
    engine = create_engine(url)
    inspector = inspect(engine)
    found = {}
    for name in sorted(n for n in inspector.get_table_names() if n.startswith("connect_hub_")):
        unique = {tuple(u["column_names"]) for u in inspector.get_unique_constraints(name)}
        if engine.name == "sqlite":  # SQLAlchemy overlooks a UNIQUE that stands behind a column's type
            indexes = inspector.get_indexes(name, include_auto_indexes=True)
            unique |= {tuple(filter(None, i["column_names"])) for i in indexes if i["unique"]}
            unique -= {tuple(inspector.get_pk_constraint(name)["constrained_columns"])}
        found[name] = {
            "columns": {
                c["name"]: (repr(c["type"]), c["nullable"], c["default"]) for c in inspector.get_columns(name)
            },
            "key": inspector.get_pk_constraint(name)["constrained_columns"],
            "unique": unique,
            "indexes": {
                (i["name"], tuple(i["column_names"]), bool(i["unique"]))
                for i in inspector.get_indexes(name)
                if tuple(i["column_names"]) not in unique
            },
        }
    engine.dispose()
    return found


def test_migrate_makes_the_same_tables_on_sqlite(sqlite_alias: str, database: Path) -> None:
    """Column for column, key for key and index for index they are those that `create_all` makes."""
    made = schema(f"sqlite:///{connections[sqlite_alias].settings_dict['NAME']}")
    assert made == schema(f"sqlite:///{database}")
    assert len(made) == len(Tables().all())


def test_migrate_makes_the_same_tables_on_postgresql(
    postgres: PostgresServer, postgres_alias: str, postgres_with_tables: Database
) -> None:
    """The same on PostgreSQL: Django adds no index of its own."""
    made = schema(postgres.database(connections[postgres_alias].settings_dict["NAME"]).url("psycopg"))
    assert made == schema(postgres_with_tables.url("psycopg"))


def test_migrate_makes_the_same_tables_on_mariadb(
    mariadb: MariadbServer, mariadb_alias: str, mariadb_with_tables: Database
) -> None:
    """The same on MariaDB: keys are compared byte by byte."""
    made = schema(mariadb.database(connections[mariadb_alias].settings_dict["NAME"]).url("pymysql"))
    assert made == schema(mariadb_with_tables.url("pymysql"))


def test_no_migration_is_missing() -> None:
    """`makemigrations --check` has nothing to do: the models are what the migrations make."""
    call_command("makemigrations", "connect_hub", check=True, dry_run=True, verbosity=0)
