"""Statements that are a transaction each, so that none is open while nothing is asked of the database."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from sqlalchemy import Connection

from connect_hub.storage.sql.dialects import is_autocommit

__all__ = ["is_singly", "singly"]


def is_singly(connection: Connection) -> bool:
    """Whether each statement commits by itself. SQLite has transactions also where its driver begins none."""
    return connection.dialect.name == "postgresql" and is_autocommit(connection)


@contextmanager
def singly(connection: Connection) -> Iterator[bool]:
    """Within, each statement commits by itself, on PostgreSQL; yields whether it is so. The connection, which
    has no transaction yet, is handed back as it came.

    It is not so where the host listens to what begins: it may set something for that transaction, such as a
    role or a search path, without which nothing may run.
    """
    if connection.dialect.name != "postgresql" or connection.dispatch.begin:
        yield False
        return
    if is_autocommit(connection):
        yield True
        return
    # Not the isolation level of SQLAlchemy's: giving that back would put its default in place of what a
    # listener of the host's has set on the driver's connection.
    driver: Any = connection.connection.dbapi_connection
    errors = connection.dialect.loaded_dbapi.Error
    try:
        driver.autocommit = True
    except errors:  # a listener of the host's has begun something when the connection left its pool
        yield False
        return
    try:
        yield True
    finally:
        try:
            driver.autocommit = False
        except errors:  # it broke, or was cut off amid a statement
            connection.invalidate()
