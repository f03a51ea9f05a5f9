"""An engine on connections that somebody else opens, commits and closes: another library's own."""

from collections.abc import Callable
from typing import Any

from sqlalchemy import Engine, NullPool, make_url
from sqlalchemy.engine import Dialect

from connect_hub.errors import ConfigurationError

__all__ = ["initialize", "lent_engine"]


def lent_engine(driver: str, lend: Callable[[], Any]) -> Engine:
    """An engine of `driver`, such as "postgresql+psycopg", on what `lend()` returns in the calling thread.

    A connection of it marks where a transaction begins and ends, and does nothing: their owner does. Nothing
    is set up on the driver's connection, so that its owner's converters, functions and adapters stay as
    they are. Call `initialize` before its first use. Raises ConfigurationError if SQLAlchemy cannot use the
    driver.
    """
    url = make_url(f"{driver}://")
    try:
        dialect: Any = url.get_dialect()
        made = _lent(dialect)(dbapi=dialect.import_dbapi(), **_options(driver))
    except ImportError as error:
        raise ConfigurationError(
            f"storage: SQLAlchemy needs the driver {error.name!r} for {driver}. Install it."
        ) from None
    return Engine(NullPool(lend, dialect=made, reset_on_return=None), made, url)


def initialize(engine: Engine) -> None:
    """Let the dialect look at the server's version and defaults, as SQLAlchemy does at a first connection."""
    with engine.connect() as connection:
        engine.dialect.initialize(connection)


def _options(driver: str) -> dict[str, bool]:
    # With it the dialect would register adapters on connections that are not its own.
    return {"use_native_hstore": False} if driver.startswith("postgresql") else {}


def _lent(dialect: type[Dialect]) -> Any:
    def nothing(_self: Dialect, _connection: object) -> None:
        return None

    names = ("do_begin", "do_commit", "do_rollback", "do_close", "do_terminate")
    return type("Lent", (dialect,), {"supports_statement_cache": True, **dict.fromkeys(names, nothing)})
