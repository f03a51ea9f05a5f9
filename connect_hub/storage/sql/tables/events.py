"""Tables of events and of their deliveries."""

from sqlalchemy import BigInteger, Boolean, Column, Integer, Table

from connect_hub.storage.sql.tables.columns import MakeTable, blob, exact, instant, key, text

__all__ = ["deliveries", "delivery_attempts", "events"]


def events(table: MakeTable) -> Table:
    """Facts, as the bytes to deliver."""
    return table(
        "events",
        Column("id", key(64), primary_key=True),
        Column("project_id", key(64), nullable=False),
        Column("name", key(64), nullable=False),
        Column("record_id", key(64), nullable=False),
        Column("owner_id", exact(255), nullable=False),
        Column("sequence", BigInteger, nullable=False),
        Column("body", blob(), nullable=False),
        instant("created_at", nullable=False),
        Column("provider", key(255)),
        Column("directed", Boolean),
        indexes={
            "newest": ("project_id", "created_at", "id"),
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
        Column("endpoint_id", key(64)),
        indexes={
            "endpoint": ("endpoint_id", "state", "next_at"),
            "newest": ("target", "created_at", "id"),
            "state": ("target", "state", "created_at", "id"),
            "due": ("state", "next_at"),
            "ready": ("state", "target", "next_at", "event_id", "record_id"),
            "event": ("event_id",),
            "turn": ("state", "target", "record_id", "sequence", "created_at", "event_id"),
            "order": ("record_id", "target", "state", "sequence"),
        },
    )


def delivery_attempts(table: MakeTable) -> Table:
    """Each try of a delivery, and what was answered."""
    return table(
        "delivery_attempts",
        Column("delivery_id", key(64), primary_key=True),
        Column("epoch", BigInteger, primary_key=True, autoincrement=False),
        Column("event_id", key(64), nullable=False),
        instant("started_at", nullable=False),
        Column("duration_ms", BigInteger, nullable=False),
        Column("status", Integer),
        Column("request_headers", text(), nullable=False),
        Column("response_headers", text(), nullable=False),
        Column("response_body", blob(), nullable=False),
        Column("error", text()),
        indexes={"event": ("event_id",), "age": ("started_at",)},
    )
