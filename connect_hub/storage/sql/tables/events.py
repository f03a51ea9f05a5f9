"""Tables of events and of their deliveries."""

from sqlalchemy import BigInteger, Column, Integer, Table

from connect_hub.storage.sql.tables.columns import MakeTable, blob, instant, key, text

__all__ = ["deliveries", "events"]


def events(table: MakeTable) -> Table:
    """Facts, as the bytes to deliver."""
    return table(
        "events",
        Column("id", key(64), primary_key=True),
        Column("project_id", key(64), nullable=False),
        Column("name", key(64), nullable=False),
        Column("record_id", key(64), nullable=False),
        Column("owner_id", key(255), nullable=False),
        Column("sequence", BigInteger, nullable=False),
        Column("body", blob(), nullable=False),
        instant("created_at", nullable=False),
        indexes={
            "owner": ("project_id", "owner_id"),
            "record": ("record_id", "sequence"),
            "age": ("created_at",),
        },
    )


def deliveries(table: MakeTable) -> Table:
    """Each event on its way to each target."""
    return table(
        "deliveries",
        Column("id", key(64), primary_key=True),
        Column("event_id", key(64), nullable=False),
        Column("record_id", key(64), nullable=False),
        Column("sequence", BigInteger, nullable=False),
        Column("target", key(255), nullable=False),
        Column("state", key(16), nullable=False),
        Column("attempts", Integer, nullable=False),
        Column("epoch", BigInteger, nullable=False),
        Column("last_error", text()),
        instant("next_at", nullable=False),
        instant("lease_until"),
        instant("created_at", nullable=False),
        instant("settled_at"),
        indexes={
            "due": ("state", "next_at"),
            "ready": ("state", "target", "next_at", "event_id", "record_id"),
            "event": ("event_id",),
            "order": ("record_id", "target", "state", "sequence"),
        },
    )
