"""The table of what operators set for connectors."""

from sqlalchemy import Boolean, Column, Integer, Table

from connect_hub.storage.sql.tables.columns import MakeTable, blob, instant, key, text

__all__ = ["connector_settings"]


def connector_settings(table: MakeTable) -> Table:
    """Each connector of a project that operators set something for."""
    return table(
        "connector_settings",
        Column("project_id", key(64), primary_key=True),
        Column("provider", key(64), primary_key=True),
        Column("enabled", Boolean, nullable=False),
        Column("client_id", text()),
        Column("scopes", text()),
        Column("generation", Integer, nullable=False),
        Column("key_id", key(32)),
        Column("sealed", blob()),
        instant("secret_set_at"),
        Column("secret_set_by", text()),
        instant("updated_at", nullable=False),
    )
