"""Tables of linked accounts."""

from sqlalchemy import BigInteger, Column, Integer, Table

from connect_hub.storage.sql.tables.columns import MakeTable, blob, exact, instant, key, text

__all__ = ["account_days", "accounts", "triggers"]


def accounts(table: MakeTable) -> Table:
    """Linked accounts, with their sealed credentials."""
    return table(
        "accounts",
        Column("id", key(64), primary_key=True),
        Column("project_id", key(64), nullable=False),
        Column("provider", key(255), nullable=False),
        Column("method", key(64), nullable=False),
        Column("origin_owner_id", exact(255), nullable=False),
        Column("origin_owner_name", text(), nullable=False),
        Column("origin_username", text()),
        Column("type", key(16), nullable=False),
        Column("slot", key(16)),
        Column("label", text()),
        Column("metadata", text(), nullable=False),
        Column("setup_information", text(), nullable=False),
        Column("status", key(16), nullable=False),
        Column("status_reasons", text(), nullable=False),
        Column("identity_id", exact(255)),
        Column("identity_name", text()),
        Column("identity_email", text()),
        Column("session_id", BigInteger),
        Column("generation", Integer, nullable=False),
        Column("key_id", key(32)),
        Column("sequence", BigInteger, nullable=False),
        Column("asked_scopes", text(), nullable=False),
        Column("granted_scopes", text(), nullable=False),
        Column("refresh_epoch", BigInteger, nullable=False),
        instant("refresh_lease_until"),
        instant("expires_at"),
        instant("last_refreshed_at"),
        instant("last_used_at"),
        instant("created_at", nullable=False),
        instant("updated_at", nullable=False),
        Column("sealed", blob()),
        unique={"owner_slot": ("project_id", "origin_owner_id", "provider", "type", "slot")},
        indexes={
            "newest": ("project_id", "created_at", "id"),
            # With what accounts of a status are counted by, so that counting reads no row.
            "status": ("project_id", "status", "created_at", "id", "provider", "method"),
            "provider": ("project_id", "provider", "created_at", "id"),
            "key_id": ("key_id",),
        },
    )


def account_days(table: MakeTable) -> Table:
    """Calls and refreshes of accounts, counted by the day."""
    return table(
        "account_days",
        Column("account_id", key(64), primary_key=True),
        Column("day", BigInteger, primary_key=True, autoincrement=False),
        Column("project_id", key(64), nullable=False),
        Column("calls", BigInteger, nullable=False),
        Column("calls_failed", BigInteger, nullable=False),
        instant("last_call_at"),
        Column("last_status", Integer),
        Column("refreshes", BigInteger, nullable=False),
        Column("refreshes_failed", BigInteger, nullable=False),
        instant("last_refresh_at"),
        Column("last_error", key(64)),
        indexes={"age": ("day",)},
    )


def triggers(table: MakeTable) -> Table:
    """Addresses for the providers' own webhooks, one an account."""
    return table(
        "triggers",
        Column("account_id", key(64), primary_key=True),
        Column("project_id", key(64), nullable=False),
        Column("token_hash", key(64), nullable=False),
        Column("nonce", key(32), nullable=False),
        Column("key_id", key(32), nullable=False),
        instant("created_at", nullable=False),
        unique={"token": ("token_hash",)},
    )
