"""The tables, alike on SQLite, PostgreSQL, MariaDB and MySQL."""

from connect_hub.storage.sql.tables.tables import OLDEST_VERSION, SCHEMA_VERSION, Tables

__all__ = ["OLDEST_VERSION", "SCHEMA_VERSION", "Tables"]
