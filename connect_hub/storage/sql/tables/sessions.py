"""Tables of sessions, and of what browsers do with their links."""

from sqlalchemy import BigInteger, Boolean, Column, Integer, Table, false

from connect_hub.storage.sql.tables.columns import MakeTable, blob, exact, instant, key, text

__all__ = ["attempts", "idempotency", "sessions", "states", "steps", "visits"]


def sessions(table: MakeTable) -> Table:
    """What the host made for one owner."""
    return table(
        "sessions",
        Column("id", BigInteger, primary_key=True, autoincrement=False),
        Column("project_id", key(64), nullable=False),
        Column("jti", key(64), nullable=False, unique=True),
        Column("origin_owner_id", exact(255), nullable=False),
        Column("origin_owner_name", text(), nullable=False),
        Column("origin_username", text()),
        Column("categories", text()),
        Column("provider", key(255)),
        Column("providers", text()),
        Column("account_id", key(64)),
        Column("label", text()),
        Column("metadata", text()),
        Column("setup_information", text()),
        Column("multiple", Boolean, nullable=False),
        Column("type", key(16), nullable=False),
        Column("return_url", text()),
        Column("state", text()),
        Column("max_connects", Integer),
        Column("binding", key(32), nullable=False),
        Column("manage", Boolean, nullable=False),
        Column("locale", key(40)),
        Column("opens", Integer, nullable=False),
        Column("connects", Integer, nullable=False),
        instant("created_at", nullable=False),
        instant("expires_at", nullable=False),
        instant("used_at"),
        instant("revoked_at"),
        indexes={
            "newest": ("project_id", "created_at", "id"),
            "owner": ("project_id", "origin_owner_id", "created_at", "id"),
            "expiry": ("expires_at",),
        },
    )


def idempotency(table: MakeTable) -> Table:
    """Which Idempotency-Key made which session."""
    return table(
        "idempotency",
        Column("scope", key(64), primary_key=True),
        Column("key", key(255), primary_key=True),
        Column("body_hash", key(64), nullable=False),
        Column("session_id", BigInteger, nullable=False),
        instant("created_at", nullable=False),
        indexes={"age": ("created_at",)},
    )


def visits(table: MakeTable) -> Table:
    """Browsers that opened a link and confirmed."""
    return table(
        "visits",
        Column("secret_hash", key(64), primary_key=True),
        Column("name", key(16), nullable=False),
        Column("session_id", BigInteger, nullable=False),
        Column("subject", text()),
        instant("created_at", nullable=False),
        instant("last_seen_at", nullable=False),
        Column("embedded", Boolean, nullable=False, server_default=false()),
        Column("attempt_id", key(64)),
        indexes={"session": ("session_id",), "age": ("created_at",)},
    )


def attempts(table: MakeTable) -> Table:
    """Tries at one provider."""
    return table(
        "attempts",
        Column("id", key(64), primary_key=True),
        Column("session_id", BigInteger, nullable=False),
        Column("project_id", key(64), nullable=False),
        Column("provider", key(255), nullable=False),
        Column("method", key(64)),
        Column("status", key(32), nullable=False),
        Column("visit_name", key(16)),
        Column("values", text(), nullable=False),
        Column("error_code", key(64)),
        Column("error_description", text()),
        Column("account_id", key(64)),
        Column("held", blob()),
        instant("created_at", nullable=False),
        instant("updated_at", nullable=False),
        indexes={"session": ("session_id", "created_at", "id"), "age": ("updated_at",)},
    )


def steps(table: MakeTable) -> Table:
    """How far customers came."""
    return table(
        "attempt_steps",
        Column("session_id", BigInteger, primary_key=True, autoincrement=False),
        Column("number", Integer, primary_key=True, autoincrement=False),
        Column("project_id", key(64), nullable=False),
        Column("kind", key(16), nullable=False),
        Column("visit_name", key(16)),
        Column("provider", key(255)),
        Column("method", key(64)),
        Column("attempt_id", key(64)),
        Column("error_code", key(64)),
        Column("took", BigInteger),
        instant("at", nullable=False),
        indexes={
            # Everything that a funnel reads, of all providers and of one, so that it reads no row.
            "funnel": ("project_id", "at", "session_id", "provider", "kind", "took"),
            "provider": ("project_id", "provider", "at", "session_id", "kind", "took"),
            "kind": ("project_id", "kind", "at", "session_id", "number"),
            "age": ("at",),
        },
    )


def states(table: MakeTable) -> Table:
    """Sign-ins under way at a provider."""
    return table(
        "oauth_states",
        Column("state_hash", key(64), primary_key=True),
        Column("attempt_id", key(64), nullable=False),
        Column("session_id", BigInteger, nullable=False),
        Column("project_id", key(64), nullable=False),
        Column("provider", key(255), nullable=False),
        Column("method", key(64), nullable=False),
        Column("visit_name", key(16), nullable=False),
        Column("redirect_uri", text(), nullable=False),
        Column("sealed", blob(), nullable=False),
        Column("issuer", text()),
        instant("created_at", nullable=False),
        instant("expires_at", nullable=False),
        instant("used_at"),
        indexes={"attempt": ("attempt_id",), "session": ("session_id",), "expiry": ("expires_at",)},
    )
