"""A SQLite file of the hub's own, and what is said about one of the host's."""

import os
import sqlite3
from collections.abc import Callable
from pathlib import Path

from sqlalchemy import URL, Connection, Engine, create_engine, event

from connect_hub.errors import ConfigurationError, StorageUnavailable
from connect_hub.storage.sql.migrations import upgrade
from connect_hub.storage.sql.migrations.versions import VERSION, notes
from connect_hub.storage.sql.tables import SCHEMA_VERSION, Tables

__all__ = ["findings", "is_of_others", "own_file", "refuse_without_folder", "wal_is_safe"]

_BUSY_TIMEOUT = 10_000
"""Milliseconds that a statement waits for another writer."""
_LEAST_BUSY_TIMEOUT = 5_000
_MARK = 0x43485542
"""`PRAGMA application_id` of a file that the hub made: "CHUB"."""
_HEADER = 100
_WAL_SAFE_FROM = (3, 51, 3)
_WAL_SAFE_BACKPORTS = ((3, 50, 7), (3, 44, 6))


def is_of_others(path: str | os.PathLike[str]) -> bool:
    """Whether this is a SQLite file that something else made (https://sqlite.org/fileformat2.html, 1.3)."""
    try:
        with open(path, "rb") as file:
            header = file.read(_HEADER)
    except OSError:
        return False
    return len(header) == _HEADER and int.from_bytes(header[68:72]) != _MARK


def wal_is_safe(version: tuple[int, ...]) -> bool:
    """Whether write-ahead logging cannot corrupt a file with several connections in this SQLite.

    Fixed in 3.51.3, and in 3.50.7 and 3.44.6 (https://sqlite.org/wal.html, "the WAL-reset bug").
    """
    return version >= _WAL_SAFE_FROM or any(
        version[:2] == backport[:2] and version >= backport for backport in _WAL_SAFE_BACKPORTS
    )


def refuse_without_folder(file: Path) -> None:
    """Raise StorageUnavailable unless the file can be made, as far as its folder is concerned.

    The folder may be a volume that is not mounted yet, so this is not final: it is looked at again.
    """
    folder = file.parent
    if not os.path.isdir(folder):
        raise StorageUnavailable(
            f"storage: there is no folder {str(folder)!r} to keep {file.name} in. Make it, or choose another "
            "path."
        )
    if not os.access(folder, os.W_OK | os.X_OK):
        raise StorageUnavailable(
            f"storage: no file may be made in the folder {str(folder)!r}, where {file.name} is to be kept. "
            "Let this user write there, or choose another path."
        )


def own_file(path: str | os.PathLike[str], tables: Tables) -> tuple[Engine, Callable[[Connection], None]]:
    """An engine on the file, and what makes its tables. Nothing is opened before the first connection."""
    if "://" in str(path):
        raise ConfigurationError(
            f"storage: SQLStorage.sqlite takes the path of a file, not a URL such as {str(path)!r}. "
            "For another database: SQLStorage(create_engine(url))."
        )
    file = Path(path).absolute()
    engine = create_engine(
        URL.create("sqlite", database=str(file)), connect_args={"timeout": _BUSY_TIMEOUT / 1000}
    )

    @event.listens_for(engine, "do_connect")
    def make_readable_by_owner(*_arguments: object) -> None:
        try:
            os.close(os.open(file, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
        except FileExistsError:
            return
        except OSError:
            refuse_without_folder(file)  # else SQLite will say why it cannot be

    @event.listens_for(engine, "connect")
    def prepare(connection: sqlite3.Connection, _record: object) -> None:
        (mark,) = connection.execute("PRAGMA application_id").fetchone()
        (version,) = connection.execute("PRAGMA schema_version").fetchone()
        if mark != _MARK and version != 0:
            raise ConfigurationError(
                f"storage: {file} is a SQLite file that connect_hub did not make, so it will not change its "
                "settings. Choose another path, or pass an engine: "
                f"SQLStorage(create_engine('sqlite:///{file}'))."
            )
        safe = wal_is_safe(sqlite3.sqlite_version_info)
        connection.execute(f"PRAGMA journal_mode = {'WAL' if safe else 'DELETE'}")
        connection.execute("PRAGMA synchronous = FULL")

    def create_tables(connection: Connection) -> None:
        if connection.exec_driver_sql("PRAGMA application_id").scalar() != _MARK:
            connection.exec_driver_sql(f"PRAGMA application_id = {_MARK}")
        elif notes(connection, tables).get(VERSION, 0) >= SCHEMA_VERSION:
            return
        upgrade(connection, tables)

    return engine, create_tables


def findings(connection: Connection) -> list[str]:
    """What is doubtful in the settings of a SQLite database of the host's; they are read, never changed."""
    found = []

    def pragma(name: str) -> object:
        return connection.exec_driver_sql(f"PRAGMA {name}").scalar()

    if pragma("journal_mode") == "wal" and not wal_is_safe(sqlite3.sqlite_version_info):
        found.append(
            f"SQLite {sqlite3.sqlite_version} can corrupt a file in WAL mode when it has several "
            "connections. Use 3.51.3 or newer (or 3.50.7, 3.44.6), or PRAGMA journal_mode = DELETE."
        )
    synchronous = pragma("synchronous")
    if isinstance(synchronous, int) and synchronous < 2:
        found.append(
            "A power cut can undo commits of this SQLite database, events included. "
            "Set PRAGMA synchronous = FULL on its connections."
        )
    busy = pragma("busy_timeout")
    if isinstance(busy, int) and busy < _LEAST_BUSY_TIMEOUT:
        found.append(
            f"This SQLite database gives up after {busy} ms when another process writes. "
            "Set a busy timeout of 5 s or more: create_engine(…, connect_args={'timeout': 10})."
        )
    return found
