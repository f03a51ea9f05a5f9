"""A database as its operator sees it: where it is, whether its tables are there, how it keeps them."""

import os
import sqlite3
from dataclasses import dataclass

from sqlalchemy import Connection, NullPool, create_engine, make_url
from sqlalchemy.engine import URL
from sqlalchemy.exc import ArgumentError, NoSuchModuleError
from sqlalchemy.ext.asyncio import create_async_engine

from connect_hub.errors import ConfigurationError
from connect_hub.storage.sql.drivers import DRIVERS, missing_driver
from connect_hub.storage.sql.migrations import Found, look, upgrade
from connect_hub.storage.sql.migrations.fitting import refuse_newer, refuse_strangers
from connect_hub.storage.sql.own_file import is_of_others, refuse_without_folder, wal_is_safe
from connect_hub.storage.sql.storage import SUPPORTED, SQLStorage

__all__ = ["Condition", "explain_schema", "inspect_schema", "open_url", "upgrade_schema"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Condition:
    """What `inspect_schema` found."""

    dialect: str
    found: Found
    missing: tuple[str, ...]
    """The hub's tables that are not there."""
    journal_mode: str | None
    """Of SQLite, such as `delete` or `wal`; None elsewhere, and where there is no file yet."""
    risky_wal: bool = False
    """Write-ahead logging, with a SQLite library in which several connections can corrupt the file."""

    @property
    def is_newer(self) -> bool:
        """Whether a newer release made these tables."""
        return self.found.is_newer


def open_url(
    url: str, *, prefix: str = "connect_hub_", schema: str | None = None, any_file: bool = False
) -> SQLStorage:
    """The storage at a database URL such as `postgresql://user:password@host/name`.

    `sqlite:///file` is a file of the hub's own, made with its tables at first use; with `any_file`
    also one that an application made, which is then used as it is. Other databases get a pool
    of connections; their tables are made by `connect-hub db upgrade`. Opens nothing. Raises
    ConfigurationError, which never repeats the URL: it may hold a password.
    """
    parsed = _parse(url)
    if parsed.get_backend_name() not in SUPPORTED:
        raise ConfigurationError(
            f"{parsed.get_backend_name()!r} is no database that the hub works on. Use one of "
            f"{', '.join(SUPPORTED)}: sqlite:///file or postgresql://user:password@host/name."
        )
    if parsed.drivername in {"sqlite", "sqlite+pysqlite"}:
        if parsed.database in {None, "", ":memory:"}:
            raise ConfigurationError(
                "the database has no file, so nothing would be kept. Write sqlite:///connect_hub.db."
            )
        if not parsed.query and (prefix, schema) == ("connect_hub_", None):
            file = os.fspath(parsed.database or "")
            if not (any_file and is_of_others(file)):
                return SQLStorage.sqlite(file)
    try:
        if parsed.get_dialect().is_async:
            engine = create_async_engine(parsed, pool_pre_ping=True)
            return SQLStorage(engine, prefix=prefix, schema=schema)
        return SQLStorage(create_engine(parsed, pool_pre_ping=True), prefix=prefix, schema=schema)
    except NoSuchModuleError:
        raise ConfigurationError(
            f"SQLAlchemy knows no driver {parsed.get_driver_name()!r} of {parsed.get_backend_name()}. "
            f"Leave it out: {parsed.get_backend_name()}://user:password@host/name."
        ) from None
    except ModuleNotFoundError as error:
        fix = missing_driver(error.name) or f"the driver {error.name!r} is not installed. Install it."
        raise ConfigurationError(fix) from None
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
    return parsed.set(drivername=DRIVERS.get(parsed.drivername, parsed.drivername))


async def inspect_schema(storage: SQLStorage) -> Condition:
    """Look, and change nothing; a SQLite file that is not there is not made.

    Raises StorageUnavailable, also where such a file could not be made.
    """
    file = storage._own_file
    if file is None:
        return await storage._transactions.read(_look, storage)
    if not file.exists():
        refuse_without_folder(file)
        missing = tuple(table.name for table in storage.tables.all())
        return Condition(dialect="sqlite", found=Found(), missing=missing, journal_mode=None)
    # Not through its own engine, which would upgrade it.
    looking = SQLStorage(create_engine(URL.create("sqlite", database=str(file)), poolclass=NullPool))
    try:
        return await looking._transactions.read(_look, looking)
    finally:
        await looking.aclose()


async def explain_schema(storage: SQLStorage) -> list[str]:
    """Why this release cannot work on the tables, what they lack, and what to do; nothing if all is well."""
    condition = await inspect_schema(storage)
    found, tables = condition.found, storage.tables
    refuse_strangers(tables, found)
    said = []
    if found.is_too_new:
        said.append(f"version {found.version}: a newer release made these tables; install that one")
    elif found.upgrading is not None:
        said.append("an upgrade was begun and did not end; run again, it goes on where it stopped")
    said += [f"missing: {one}" for one in found.missing(tables)]
    return said if found.is_too_new or not said else [*said, storage.remedy]


async def upgrade_schema(storage: SQLStorage) -> tuple[str, ...]:
    """Create what is missing; what was done, in words.

    Raises WrongSchema where a newer release made the tables, ConfigurationError where one of them is somebody
    else's, or where something lacks that other migrations make, and StorageUnavailable.
    """
    if storage.has_own_migrations:
        if await explain_schema(storage):
            raise ConfigurationError(
                f"the tables in {storage.place} are not made by this command. {storage.remedy}"
            )
        return ()
    if storage._own_file is not None:
        condition = await inspect_schema(storage)
        refuse_newer(condition.found)
        missing = [f"created {name}" for name in sorted(condition.missing)]
        if storage.tables.meta.name in condition.missing:
            await storage.check()  # it makes its own file itself, readable by its owner alone
            return tuple(missing)
    return tuple(await storage._transactions.write(upgrade, storage.tables))


def _look(connection: Connection, storage: SQLStorage) -> Condition:
    found, dialect = look(connection, storage.tables), connection.dialect.name
    journal = connection.exec_driver_sql("PRAGMA journal_mode").scalar() if dialect == "sqlite" else None
    return Condition(
        dialect=dialect,
        found=found,
        missing=found.missing_tables(storage.tables),
        journal_mode=None if journal is None else str(journal).lower(),
        risky_wal=str(journal).lower() == "wal" and not wal_is_safe(sqlite3.sqlite_version_info),
    )
