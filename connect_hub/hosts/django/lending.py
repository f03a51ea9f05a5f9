"""An engine on a connection of Django's, and what it costs to have one: the name of the driver."""

from typing import TYPE_CHECKING, Any

from django.core.exceptions import ImproperlyConfigured
from django.db import connections
from django.db.utils import ConnectionDoesNotExist

from connect_hub.errors import ConfigurationError
from connect_hub.storage.sql.lent import initialize, lent_engine

if TYPE_CHECKING:
    from collections.abc import Callable

    from sqlalchemy import Connection

__all__ = ["driver_of", "on_lent"]

_DRIVERS = {
    "sqlite3": "sqlite+pysqlite",
    "psycopg": "postgresql+psycopg",
    "psycopg2": "postgresql+psycopg2",
    "MySQLdb": "mysql+mysqldb",
    "pymysql": "mysql+pymysql",
}
"""How SQLAlchemy calls the module that a database backend of Django's speaks through."""


def driver_of(using: str) -> str:
    """SQLAlchemy's name for the driver of `DATABASES[using]`. Raises ConfigurationError if it has none."""
    try:
        module = connections[using].Database.__name__
    except ConnectionDoesNotExist:
        raise ConfigurationError(
            f"storage: DjangoStorage(using={using!r}), but DATABASES has {', '.join(map(repr, connections))}."
        ) from None
    except ImproperlyConfigured as error:
        raise ConfigurationError(f"storage: {error}") from None
    driver = _DRIVERS.get(module.partition(".")[0])
    if driver is None:
        raise ConfigurationError(
            f"storage: DATABASES[{using!r}] is of {connections[using].display_name}, which is not supported. "
            "Use PostgreSQL, MariaDB, MySQL or SQLite."
        )
    return driver


def on_lent(wrapper: Any, work: "Callable[[Connection], object]") -> None:
    """Run `work` on a connection of Django's, in whatever transaction it is; nothing is committed here."""

    def lend() -> object:
        wrapper.ensure_connection()
        return wrapper.connection

    engine = lent_engine(driver_of(wrapper.alias), lend)
    initialize(engine)
    with engine.connect() as connection:
        work(connection)
