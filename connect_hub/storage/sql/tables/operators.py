"""Tables of operators, of where they are signed in, and of what anybody did."""

from sqlalchemy import Column, Table

from connect_hub.storage.sql.tables.columns import MakeTable, exact, instant, key, text

__all__ = ["audit", "operator_sessions", "operators"]


def operators(table: MakeTable) -> Table:
    """Operators who sign in to the dashboard with a token."""
    return table(
        "operators",
        Column("id", key(32), primary_key=True),
        Column("name", text(), nullable=False),
        Column("secret_hash", key(64), nullable=False),
        Column("roles", text(), nullable=False),
        instant("created_at", nullable=False),
        instant("last_used_at"),
        instant("revoked_at"),
    )


def operator_sessions(table: MakeTable) -> Table:
    """Browsers in which an operator is signed in."""
    return table(
        "operator_sessions",
        Column("secret_hash", key(64), primary_key=True),
        Column("operator_id", key(32), nullable=False),
        instant("created_at", nullable=False),
        instant("last_seen_at", nullable=False),
        indexes={"operator": ("operator_id",), "age": ("last_seen_at",)},
    )


def audit(table: MakeTable) -> Table:
    """Who did what."""
    return table(
        "audit",
        Column("id", key(64), primary_key=True),
        Column("project_id", key(64), nullable=False),
        instant("at", nullable=False),
        Column("actor_kind", key(16), nullable=False),
        Column("actor_id", exact(255), nullable=False),
        Column("actor_name", text(), nullable=False),
        Column("source", text(), nullable=False),
        Column("action", key(64), nullable=False),
        Column("subject", key(255), nullable=False),
        Column("owner_id", exact(255)),
        Column("before", text()),
        Column("after", text()),
        indexes={
            "newest": ("project_id", "at", "id"),
            "subject": ("project_id", "subject", "at", "id"),
            "owner": ("project_id", "owner_id"),
            "age": ("at",),
        },
    )
