"""Tables of API keys, and of facts about the database itself."""

from sqlalchemy import Column, Table

from connect_hub.storage.sql.tables.columns import MakeTable, blob, instant, key, text

__all__ = ["api_keys", "meta"]


def api_keys(table: MakeTable) -> Table:
    """Keys of the REST API."""
    return table(
        "api_keys",
        Column("id", key(32), primary_key=True),
        Column("project_id", key(64), nullable=False),
        Column("secret_hash", key(64), nullable=False),
        Column("name", text(), nullable=False),
        instant("created_at", nullable=False),
        instant("last_used_at"),
        instant("revoked_at"),
        indexes={"project": ("project_id",), "newest": ("project_id", "created_at", "id")},
    )


def meta(table: MakeTable) -> Table:
    """Facts about the database itself."""
    return table("meta", Column("name", key(64), primary_key=True), Column("value", blob(), nullable=False))
