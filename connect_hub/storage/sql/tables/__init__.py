"""The tables, alike on SQLite, PostgreSQL, MariaDB and MySQL."""

from connect_hub.storage.sql.tables.tables import SCHEMA_VERSION, Tables

__all__ = ["SCHEMA_VERSION", "Tables"]
