"""Databases with the hub's tables in them, and nothing else."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import create_engine, delete

from connect_hub.storage.sql import SQLStorage, Tables
from tests.peers.database_server import Database, DatabaseServer
from tests.peers.mariadb import MariadbServer
from tests.peers.postgres import PostgresServer


@pytest.fixture(scope="session")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("storage") / "template.db"
    engine = create_engine(f"sqlite:///{path}")
    SQLStorage.create_all(engine)
    engine.dispose()
    return path


@pytest.fixture
def database(template: Path, tmp_path: Path) -> Path:
    """A SQLite file with empty tables."""
    return Path(shutil.copy(template, tmp_path / "host.db"))


def _with_tables(server: DatabaseServer, driver: str) -> Iterator[Database]:
    with server.fresh_database() as database:
        engine = create_engine(database.url(driver))
        SQLStorage.create_all(engine)
        engine.dispose()
        yield database


def _emptied(database: Database, driver: str) -> Database:
    # Faster than tables of its own for each test.
    engine = create_engine(database.url(driver))
    with engine.begin() as connection:
        for table in Tables().all():
            connection.execute(delete(table))
    engine.dispose()
    return database


@pytest.fixture(scope="session")
def postgres_with_tables(postgres: PostgresServer) -> Iterator[Database]:
    yield from _with_tables(postgres, "psycopg")


@pytest.fixture(scope="session")
def mariadb_with_tables(mariadb: MariadbServer) -> Iterator[Database]:
    yield from _with_tables(mariadb, "pymysql")


@pytest.fixture
def postgres_tables(postgres_with_tables: Database) -> Database:
    """A PostgreSQL database with empty tables."""
    return _emptied(postgres_with_tables, "psycopg")


@pytest.fixture
def mariadb_tables(mariadb_with_tables: Database) -> Database:
    """A MariaDB database with empty tables."""
    return _emptied(mariadb_with_tables, "pymysql")
