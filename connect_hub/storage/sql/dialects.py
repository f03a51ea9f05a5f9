"""The few expressions that databases spell differently."""

from functools import cache

from sqlalchemy import BigInteger, ColumnElement, Connection, literal_column

__all__ = ["is_autocommit", "now_milliseconds"]

_NOW = {
    "sqlite": "CAST((julianday('now') - 2440587.5) * 86400000 AS INTEGER)",
    "postgresql": "CAST(EXTRACT(EPOCH FROM clock_timestamp()) * 1000 AS BIGINT)",
    "mysql": "CAST(UNIX_TIMESTAMP(NOW(3)) * 1000 AS SIGNED)",
    "mariadb": "CAST(UNIX_TIMESTAMP(NOW(3)) * 1000 AS SIGNED)",
}


@cache
def now_milliseconds(dialect: str) -> ColumnElement[int]:
    """The database's own clock, in milliseconds since 1970. KeyError: a database that is not supported."""
    return literal_column(_NOW[dialect], BigInteger)


def is_autocommit(connection: Connection) -> bool:
    """Whether the driver commits every statement by itself; False where it does not say."""
    driver = connection.connection.dbapi_connection
    if driver is None:
        return False
    try:
        return connection.dialect.detect_autocommit_setting(driver)
    except NotImplementedError:
        return False
