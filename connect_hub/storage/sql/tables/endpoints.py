"""The table of webhook endpoints."""

from sqlalchemy import BigInteger, Boolean, Column, Integer, Table

from connect_hub.storage.sql.tables.columns import MakeTable, blob, instant, key, text

__all__ = ["endpoints"]


def endpoints(table: MakeTable) -> Table:
    """Where events are posted to, as it was set over the API."""
    return table(
        "endpoints",
        Column("id", key(64), primary_key=True),
        Column("project_id", key(64), nullable=False),
        Column("url", text(), nullable=False),
        Column("description", text()),
        Column("events", text()),
        Column("providers", text()),
        Column("enabled", Boolean, nullable=False),
        instant("disabled_at"),
        Column("disabled_reason", key(32)),
        instant("failing_since"),
        instant("last_failure_at"),
        Column("generation", Integer, nullable=False),
        Column("key_id", key(32), nullable=False),
        Column("sealed", blob(), nullable=False),
        instant("created_at", nullable=False),
        instant("updated_at", nullable=False),
        instant("deleted_at"),
        Column("session_id", BigInteger),
        indexes={
            "newest": ("project_id", "created_at", "id"),
            "key_id": ("key_id",),
            "session": ("session_id",),
        },
    )
