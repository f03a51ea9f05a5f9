"""The tables of version 1, as the release before had them. Not to be changed.

Instants are whole milliseconds since 1970 as integers, so that every database compares and orders them alike
and none converts them. Hashes are hexadecimal text, structured values JSON text.
"""

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    Text,
    UniqueConstraint,
)
from sqlalchemy.dialects.mysql import LONGTEXT, MEDIUMBLOB, VARCHAR
from sqlalchemy.schema import SchemaItem
from sqlalchemy.types import TypeEngine

__all__ = ["PreviousTables"]


def _key(length: int) -> TypeEngine[str]:
    """Text that is compared byte by byte; MariaDB's and MySQL's default would fold case."""
    return String(length).with_variant(VARCHAR(length, collation="utf8mb4_bin"), "mysql", "mariadb")


def _text() -> TypeEngine[str]:
    return Text().with_variant(LONGTEXT(), "mysql", "mariadb")


def _bytes() -> TypeEngine[bytes]:
    return LargeBinary().with_variant(MEDIUMBLOB(), "mysql", "mariadb")


def _instant(name: str, *, nullable: bool = True) -> "Column[int]":
    return Column(name, BigInteger, nullable=nullable)


class PreviousTables:
    """The hub's tables in one MetaData, named with a prefix and, where given, in a schema."""

    def __init__(
        self, metadata: MetaData | None = None, *, prefix: str = "connect_hub_", schema: str | None = None
    ) -> None:
        self.metadata = MetaData() if metadata is None else metadata
        self._prefix = prefix
        self._schema = schema

        self.meta = self._table(
            "meta", Column("name", _key(64), primary_key=True), Column("value", _bytes(), nullable=False)
        )
        self.sessions = self._table(
            "sessions",
            Column("id", BigInteger, primary_key=True, autoincrement=False),
            Column("project_id", _key(64), nullable=False),
            Column("jti", _key(64), nullable=False, unique=True),
            Column("origin_owner_id", _key(255), nullable=False),
            Column("origin_owner_name", _text(), nullable=False),
            Column("origin_username", _text()),
            Column("categories", _text()),
            Column("provider", _key(255)),
            Column("providers", _text()),
            Column("account_id", _key(64)),
            Column("label", _text()),
            Column("metadata", _text()),
            Column("setup_information", _text()),
            Column("multiple", Boolean, nullable=False),
            Column("type", _key(16), nullable=False),
            Column("return_url", _text()),
            Column("state", _text()),
            Column("max_connects", Integer),
            Column("binding", _key(32), nullable=False),
            Column("manage", Boolean, nullable=False),
            Column("locale", _key(40)),
            Column("opens", Integer, nullable=False),
            Column("connects", Integer, nullable=False),
            _instant("created_at", nullable=False),
            _instant("expires_at", nullable=False),
            _instant("used_at"),
            _instant("revoked_at"),
            indexes={
                "newest": ("project_id", "created_at", "id"),
                "owner": ("project_id", "origin_owner_id", "created_at", "id"),
                "expiry": ("expires_at",),
            },
        )
        self.idempotency = self._table(
            "idempotency",
            Column("scope", _key(64), primary_key=True),
            Column("key", _key(255), primary_key=True),
            Column("body_hash", _key(64), nullable=False),
            Column("session_id", BigInteger, nullable=False),
            _instant("created_at", nullable=False),
            indexes={"age": ("created_at",)},
        )
        self.visits = self._table(
            "visits",
            Column("secret_hash", _key(64), primary_key=True),
            Column("name", _key(16), nullable=False),
            Column("session_id", BigInteger, nullable=False),
            Column("subject", _text()),
            _instant("created_at", nullable=False),
            _instant("last_seen_at", nullable=False),
            indexes={"session": ("session_id",), "age": ("created_at",)},
        )
        self.attempts = self._table(
            "attempts",
            Column("id", _key(64), primary_key=True),
            Column("session_id", BigInteger, nullable=False),
            Column("project_id", _key(64), nullable=False),
            Column("provider", _key(255), nullable=False),
            Column("method", _key(64)),
            Column("status", _key(32), nullable=False),
            Column("visit_name", _key(16)),
            Column("values", _text(), nullable=False),
            Column("error_code", _key(64)),
            Column("error_description", _text()),
            Column("account_id", _key(64)),
            Column("held", _bytes()),
            _instant("created_at", nullable=False),
            _instant("updated_at", nullable=False),
            indexes={"session": ("session_id", "created_at", "id"), "age": ("updated_at",)},
        )
        self.states = self._table(
            "oauth_states",
            Column("state_hash", _key(64), primary_key=True),
            Column("attempt_id", _key(64), nullable=False),
            Column("session_id", BigInteger, nullable=False),
            Column("project_id", _key(64), nullable=False),
            Column("provider", _key(255), nullable=False),
            Column("method", _key(64), nullable=False),
            Column("visit_name", _key(16), nullable=False),
            Column("redirect_uri", _text(), nullable=False),
            Column("sealed", _bytes(), nullable=False),
            Column("issuer", _text()),
            _instant("created_at", nullable=False),
            _instant("expires_at", nullable=False),
            _instant("used_at"),
            indexes={"attempt": ("attempt_id",), "session": ("session_id",), "expiry": ("expires_at",)},
        )
        self.accounts = self._table(
            "accounts",
            Column("id", _key(64), primary_key=True),
            Column("project_id", _key(64), nullable=False),
            Column("provider", _key(255), nullable=False),
            Column("method", _key(64), nullable=False),
            Column("origin_owner_id", _key(255), nullable=False),
            Column("origin_owner_name", _text(), nullable=False),
            Column("origin_username", _text()),
            Column("type", _key(16), nullable=False),
            Column("slot", _key(16)),
            Column("label", _text()),
            Column("metadata", _text(), nullable=False),
            Column("setup_information", _text(), nullable=False),
            Column("status", _key(16), nullable=False),
            Column("status_reasons", _text(), nullable=False),
            Column("identity_id", _key(255)),
            Column("identity_name", _text()),
            Column("identity_email", _text()),
            Column("session_id", BigInteger),
            Column("generation", Integer, nullable=False),
            Column("key_id", _key(32)),
            Column("sequence", BigInteger, nullable=False),
            Column("asked_scopes", _text(), nullable=False),
            Column("granted_scopes", _text(), nullable=False),
            Column("refresh_epoch", BigInteger, nullable=False),
            _instant("refresh_lease_until"),
            _instant("expires_at"),
            _instant("last_refreshed_at"),
            _instant("last_used_at"),
            _instant("created_at", nullable=False),
            _instant("updated_at", nullable=False),
            Column("sealed", _bytes()),
            unique={"owner_slot": ("project_id", "origin_owner_id", "provider", "type", "slot")},
            indexes={"newest": ("project_id", "created_at", "id"), "key_id": ("key_id",)},
        )
        self.events = self._table(
            "events",
            Column("id", _key(64), primary_key=True),
            Column("project_id", _key(64), nullable=False),
            Column("name", _key(64), nullable=False),
            Column("record_id", _key(64), nullable=False),
            Column("owner_id", _key(255), nullable=False),
            Column("sequence", BigInteger, nullable=False),
            Column("body", _bytes(), nullable=False),
            _instant("created_at", nullable=False),
            indexes={
                "owner": ("project_id", "owner_id"),
                "record": ("record_id", "sequence"),
                "age": ("created_at",),
            },
        )
        self.deliveries = self._table(
            "deliveries",
            Column("id", _key(64), primary_key=True),
            Column("event_id", _key(64), nullable=False),
            Column("record_id", _key(64), nullable=False),
            Column("sequence", BigInteger, nullable=False),
            Column("target", _key(255), nullable=False),
            Column("state", _key(16), nullable=False),
            Column("attempts", Integer, nullable=False),
            Column("epoch", BigInteger, nullable=False),
            Column("last_error", _text()),
            _instant("next_at", nullable=False),
            _instant("lease_until"),
            _instant("created_at", nullable=False),
            _instant("settled_at"),
            indexes={
                "due": ("state", "next_at"),
                "event": ("event_id",),
                "order": ("record_id", "target", "state", "sequence"),
            },
        )
        self.api_keys = self._table(
            "api_keys",
            Column("id", _key(32), primary_key=True),
            Column("project_id", _key(64), nullable=False),
            Column("secret_hash", _key(64), nullable=False),
            Column("name", _text(), nullable=False),
            _instant("created_at", nullable=False),
            _instant("last_used_at"),
            _instant("revoked_at"),
            indexes={"project": ("project_id",)},
        )

    def _table(
        self,
        name: str,
        *columns: SchemaItem,
        unique: dict[str, tuple[str, ...]] | None = None,
        indexes: dict[str, tuple[str, ...]] | None = None,
    ) -> Table:
        full = self._prefix + name
        return Table(
            full,
            self.metadata,
            *columns,
            *(UniqueConstraint(*on, name=f"{full}_{key}") for key, on in (unique or {}).items()),
            *(Index(f"{full}_{key}_ix", *on) for key, on in (indexes or {}).items()),
            schema=self._schema,
        )

    def all(self) -> list[Table]:
        """The hub's own tables, and no other of the MetaData."""
        return [
            self.meta,
            self.sessions,
            self.idempotency,
            self.visits,
            self.attempts,
            self.states,
            self.accounts,
            self.events,
            self.deliveries,
            self.api_keys,
        ]
