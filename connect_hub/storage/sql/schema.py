"""A database as its operator sees it: where it is, whether its tables are there, how it keeps them."""

import os
from dataclasses import dataclass

from sqlalchemy import Connection, create_engine, insert, inspect, make_url, select
from sqlalchemy.engine import URL
from sqlalchemy.exc import ArgumentError, NoSuchModuleError
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine

from connect_hub.errors import ConfigurationError
from connect_hub.storage.sql.storage import SQLStorage, _wal_is_safe
from connect_hub.storage.sql.tables import SCHEMA_VERSION

__all__ = ["Condition", "inspect_schema", "open_url", "upgrade_schema"]

_VERSION = "schema_version"

# What a bare scheme means, whatever release of SQLAlchemy reads it: the drivers of our extras.
_DRIVERS = {
    "postgres": "postgresql+psycopg",
    "postgresql": "postgresql+psycopg",
    "mysql": "mysql+pymysql",
    "mariadb": "mariadb+pymysql",
}
_EXTRAS = {
    "psycopg": "postgres",
    "pymysql": "mysql",
    "aiomysql": "mysql",
    "aiosqlite": "sqlite-async",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Condition:
    """What `inspect_schema` found."""

    dialect: str
    missing: tuple[str, ...]
    """The hub's tables that are not there."""
    version: int
    """Of the tables; 1 where none is noted."""
    journal_mode: str | None
    """Of SQLite, such as `delete` or `wal`; None elsewhere."""
    risky_wal: bool = False
    """Write-ahead logging, with a SQLite library in which several connections can corrupt the file."""

    @property
    def is_newer(self) -> bool:
        """Whether a newer release made these tables."""
        return self.version > SCHEMA_VERSION


def open_url(url: str) -> SQLStorage:
    """The storage at a database URL such as `postgresql://user:password@host/name`.

    `sqlite:///file` is a file of the hub's own, made with its tables at first use. Other databases get a pool
    of connections; their tables are made by `connect-hub db upgrade`. Opens nothing. Raises
    ConfigurationError, which never repeats the URL: it may hold a password.
    """
    parsed = _parse(url)
    if parsed.drivername in {"sqlite", "sqlite+pysqlite"}:
        if parsed.database in {None, "", ":memory:"}:
            raise ConfigurationError(
                "the database has no file, so nothing would be kept. Write sqlite:///connect_hub.db."
            )
        if not parsed.query:
            return SQLStorage.sqlite(os.fspath(parsed.database or ""))
    try:
        if parsed.get_dialect().is_async:
            return SQLStorage(create_async_engine(parsed, pool_pre_ping=True))
        return SQLStorage(create_engine(parsed, pool_pre_ping=True))
    except NoSuchModuleError:
        raise ConfigurationError(
            f"{parsed.drivername!r} is no database that SQLAlchemy knows. Write sqlite:///file or "
            "postgresql://user:password@host/name."
        ) from None
    except ModuleNotFoundError as error:
        extra = _EXTRAS.get((error.name or "").partition(".")[0])
        fix = f'Run: pip install "connect-hub[{extra}]"' if extra else "Install it."
        raise ConfigurationError(f"the driver {error.name!r} is not installed. {fix}") from None
    except (ArgumentError, TypeError):
        raise ConfigurationError(
            "the driver does not take these options. Check what follows the '?'."
        ) from None


def _parse(url: str) -> URL:
    try:
        parsed = make_url(url)
    except (ArgumentError, ValueError):
        raise ConfigurationError(
            "this is not a database URL. Write sqlite:///connect_hub.db or "
            "postgresql://user:password@host/name, with odd characters of the password percent-encoded."
        ) from None
    return parsed.set(drivername=_DRIVERS.get(parsed.drivername, parsed.drivername))


async def inspect_schema(storage: SQLStorage) -> Condition:
    """Look, and change nothing; a SQLite file that is not there is not made. Raises StorageUnavailable."""
    file = storage._own_file
    if file is not None and not file.exists():
        missing = tuple(table.name for table in storage.tables.all())
        return Condition(dialect="sqlite", missing=missing, version=SCHEMA_VERSION, journal_mode=None)
    return await storage._transactions.read(_look, storage)


async def upgrade_schema(storage: SQLStorage) -> tuple[str, ...]:
    """Create the tables that are missing; their names.

    Raises ConfigurationError where a newer release made the others, and StorageUnavailable.
    """
    condition = await inspect_schema(storage)
    if condition.is_newer:
        raise ConfigurationError(
            f"These tables are of version {condition.version}; this release of connect-hub knows "
            f"{SCHEMA_VERSION}. Install a newer one: pip install --upgrade connect-hub"
        )
    if storage._own_file is not None and storage.tables.meta.name in condition.missing:
        await storage.check()  # it makes its own file itself, readable by its owner alone
    engine = storage.engine
    metadata = storage.tables.metadata
    if isinstance(engine, AsyncEngine):
        async with engine.begin() as connection:
            await connection.run_sync(metadata.create_all)
    else:
        await storage._transactions.write(lambda connection: metadata.create_all(connection))
    await storage._transactions.write(_note_version, storage)
    return condition.missing


def _look(connection: Connection, storage: SQLStorage) -> Condition:
    inspector = inspect(connection)
    t = storage.tables
    missing = tuple(
        table.name for table in t.all() if not inspector.has_table(table.name, schema=table.schema)
    )
    noted = None
    if t.meta.name not in missing:
        noted = connection.execute(select(t.meta.c.value).where(t.meta.c.name == _VERSION)).scalar()
    dialect = connection.dialect.name
    journal = connection.exec_driver_sql("PRAGMA journal_mode").scalar() if dialect == "sqlite" else None
    return Condition(
        dialect=dialect,
        missing=missing,
        version=1 if noted is None else int(bytes(noted)),
        journal_mode=None if journal is None else str(journal).lower(),
        risky_wal=str(journal).lower() == "wal" and not _wal_is_safe(),
    )


def _note_version(connection: Connection, storage: SQLStorage) -> None:
    meta = storage.tables.meta
    if connection.execute(select(meta.c.name).where(meta.c.name == _VERSION)).first() is None:
        connection.execute(insert(meta).values(name=_VERSION, value=str(SCHEMA_VERSION).encode()))
