"""Bring the tables of a database up to date."""

import contextlib
from collections.abc import Iterator

from sqlalchemy import Column, Connection, Table, exc, text

from connect_hub.errors import ConfigurationError, StorageUnavailable, WrongSchema
from connect_hub.storage.sql.dialects import is_autocommit
from connect_hub.storage.sql.migrations.ddl import Operation, operations
from connect_hub.storage.sql.migrations.fitting import refuse_newer, refuse_strangers
from connect_hub.storage.sql.migrations.found import look
from connect_hub.storage.sql.migrations.versions import OLDEST, UPGRADING, VERSION, note, unnote
from connect_hub.storage.sql.tables import OLDEST_VERSION, SCHEMA_VERSION, Tables

__all__ = ["upgrade"]

_LOCK = "connect_hub_schema"
_LOCK_NUMBER = 0x63687562
_PATIENCE = 600
"""Seconds that an upgrade waits for another one."""


def upgrade(c: Connection, t: Tables, *, joins: bool = False) -> list[str]:
    """Create what is missing, in the transaction of `c`; what was done, in words.

    `joins`: somebody else began that transaction, and has its isolation in hand.

    Looks at what is there rather than at its version, so that it goes on where another one stopped: MariaDB
    and MySQL keep each statement, the other databases all or nothing. Two at once wait for each other. Raises
    WrongSchema where a newer release made the tables, and ConfigurationError where a table is not the hub's,
    or the engine leaves PostgreSQL no transaction.
    """
    with _alone(c, joins=joins):
        found = look(c, t)
        refuse_newer(found)
        refuse_strangers(t, found)
        for name, columns in found.lost(t).items():
            raise WrongSchema(
                f"The table {name} has lost {', '.join(columns)}, which no upgrade can bring back. "
                "Restore it from a backup."
            )
        todo = [operation for operation in operations(t, c.dialect.name) if not operation.is_done(found)]
        created = {one.made.name for one in todo if isinstance(one.made, Table)}
        # A new table comes with the columns that later versions gave it.
        todo = [one for one in todo if not _comes_with(one, created)]
        if t.meta.name in created:
            c.execute(todo.pop(0).ddl)
        if todo:
            note(c, t, UPGRADING, SCHEMA_VERSION)
        for operation in todo:
            c.execute(operation.ddl)
        if (found.version, found.oldest) != (SCHEMA_VERSION, OLDEST_VERSION):
            note(c, t, VERSION, SCHEMA_VERSION)
            note(c, t, OLDEST, OLDEST_VERSION)
        if todo or found.upgrading is not None:
            unnote(c, t, UPGRADING)
    done = [f"created {name}" for name in sorted(created)]
    return done + [
        str(one) for one in todo if not isinstance(one.made, Table) and _table(one).name not in created
    ]


def _table(operation: Operation) -> Table:
    table = operation.made if isinstance(operation.made, Table) else operation.made.table
    assert isinstance(table, Table)
    return table


def _comes_with(operation: Operation, created: set[str]) -> bool:
    return isinstance(operation.made, Column) and _table(operation).name in created


@contextlib.contextmanager
def _alone(c: Connection, *, joins: bool) -> Iterator[None]:
    """Keep other upgrades of this database waiting, until what this one did can be seen."""
    if c.dialect.name == "sqlite":
        # The driver would begin at the first INSERT, and keep every CREATE before it.
        if not getattr(c.connection.driver_connection, "in_transaction", False):
            c.exec_driver_sql("BEGIN IMMEDIATE")
        yield
    elif c.dialect.name == "postgresql":
        if not joins:
            if is_autocommit(c):
                raise ConfigurationError(
                    "storage: this engine commits every statement by itself (AUTOCOMMIT), so an upgrade "
                    "would be neither alone nor whole. Pass "
                    'engine.execution_options(isolation_level="READ COMMITTED").'
                )
            # A stricter one would go on seeing what was there before it waited for the lock.
            c.execute(text("SET TRANSACTION ISOLATION LEVEL READ COMMITTED"))
        c.execute(text("SELECT pg_advisory_xact_lock(:number)"), {"number": _LOCK_NUMBER})
        yield
    else:
        lock = {"name": _LOCK, "patience": _PATIENCE}
        if c.execute(text("SELECT GET_LOCK(:name, :patience)"), lock).scalar() != 1:
            raise StorageUnavailable
        try:
            yield
            # Each CREATE and ALTER has committed by itself; what was noted after the last one has not.
            c.exec_driver_sql("COMMIT")
        finally:
            with contextlib.suppress(exc.SQLAlchemyError):
                _release(c)


def _release(c: Connection) -> None:
    try:
        c.execute(text("SELECT RELEASE_LOCK(:name)"), {"name": _LOCK})
    except exc.SQLAlchemyError:
        c.detach()  # closed at its end, and the lock with it, instead of given back to the pool
        raise
