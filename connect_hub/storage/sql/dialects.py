"""The few expressions that databases spell differently."""

from sqlalchemy import BigInteger, ColumnElement, literal_column

__all__ = ["now_milliseconds"]

_NOW = {
    "sqlite": "CAST((julianday('now') - 2440587.5) * 86400000 AS INTEGER)",
    "postgresql": "CAST(EXTRACT(EPOCH FROM clock_timestamp()) * 1000 AS BIGINT)",
    "mysql": "CAST(UNIX_TIMESTAMP(NOW(3)) * 1000 AS SIGNED)",
    "mariadb": "CAST(UNIX_TIMESTAMP(NOW(3)) * 1000 AS SIGNED)",
}


def now_milliseconds(dialect: str) -> ColumnElement[int]:
    """The database's own clock, in milliseconds since 1970. KeyError: a database that is not supported."""
    return literal_column(_NOW[dialect], BigInteger)
