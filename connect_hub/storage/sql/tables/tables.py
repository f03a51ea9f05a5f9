"""All tables of the hub in one MetaData."""

import re

from sqlalchemy import Index, MetaData, Select, Table, UniqueConstraint, bindparam, select
from sqlalchemy.schema import SchemaItem

from connect_hub.errors import ConfigurationError
from connect_hub.storage.sql.tables import (
    accounts,
    connectors,
    endpoints,
    events,
    operators,
    sessions,
    upkeep,
)
from connect_hub.storage.sql.tables.columns import key

__all__ = ["OLDEST_VERSION", "SCHEMA_VERSION", "Tables"]

SCHEMA_VERSION = 2
"""Of the tables as they are here; `migrations.steps` says what it added."""
OLDEST_VERSION = 1
"""The version that the oldest release knows which works on these tables: the one before."""

_PREFIX = re.compile(r"([A-Za-z_][A-Za-z0-9_]{0,29})?")


class Tables:
    """The hub's tables in one MetaData, named with a prefix and, where given, in a schema.

    With a MetaData of the host's they join it, for its own migrations and foreign keys. Raises
    ConfigurationError for a prefix that cannot be one, and for one with which a table is there already.
    """

    def __init__(
        self, metadata: MetaData | None = None, *, prefix: str = "connect_hub_", schema: str | None = None
    ) -> None:
        self.metadata = MetaData() if metadata is None else metadata
        if not _PREFIX.fullmatch(prefix):
            raise ConfigurationError(
                f"storage: {prefix!r} cannot be the prefix of a table. Take up to 30 letters, digits and "
                "underscores, such as 'hub_'."
            )
        self.prefix = prefix
        self._schema = schema

        self.meta = upkeep.meta(self._table)
        self.sessions = sessions.sessions(self._table)
        self.idempotency = sessions.idempotency(self._table)
        self.visits = sessions.visits(self._table)
        self.attempts = sessions.attempts(self._table)
        self.steps = sessions.steps(self._table)
        self.states = sessions.states(self._table)
        self.accounts = accounts.accounts(self._table)
        self.triggers = accounts.triggers(self._table)
        self.account_days = accounts.account_days(self._table)
        self.events = events.events(self._table)
        self.deliveries = events.deliveries(self._table)
        self.delivery_attempts = events.delivery_attempts(self._table)
        self.endpoints = endpoints.endpoints(self._table)
        self.connector_settings = connectors.connector_settings(self._table)
        self.api_keys = upkeep.api_keys(self._table)
        self.operators = operators.operators(self._table)
        self.operator_sessions = operators.operator_sessions(self._table)
        self.audit = operators.audit(self._table)
        # The statements of every visit's page and authenticated call, built once: building costs more than
        # running.
        self.select_visit = select(self.visits).where(self.visits.c.secret_hash == bindparam("secret_hash"))
        self.select_session = select(self.sessions).where(self.sessions.c.id == bindparam("session_id"))
        self.select_api_key = select(self.api_keys).where(self.api_keys.c.id == bindparam("key_id"))
        self.select_for_token = self._for_token()
        self.session_width = len(self.sessions.c)

    def _for_token(self) -> Select[tuple[object, ...]]:
        """A session by its jti and an API key by its id in one row, each with NULLs where it is not there."""
        wanted = select(
            bindparam("jti", type_=key(64)).label("jti"), bindparam("key_id", type_=key(32)).label("key_id")
        ).subquery("wanted")
        return select(*self.sessions.c, *self.api_keys.c).select_from(
            wanted.outerjoin(self.sessions, self.sessions.c.jti == wanted.c.jti).outerjoin(
                self.api_keys, self.api_keys.c.id == wanted.c.key_id
            )
        )

    def _table(
        self,
        name: str,
        /,
        *columns: SchemaItem,
        unique: dict[str, tuple[str, ...]] | None = None,
        indexes: dict[str, tuple[str, ...]] | None = None,
    ) -> Table:
        full = self.prefix + name
        whole = full if self._schema is None else f"{self._schema}.{full}"
        if whole in self.metadata.tables:
            raise ConfigurationError(
                f"storage: the MetaData has a table {whole!r} already, so the prefix {self.prefix!r} "
                "clashes. Choose another: Tables(metadata, prefix=…), and the same for SQLStorage."
            )
        return Table(
            full,
            self.metadata,
            *columns,
            *(UniqueConstraint(*on, name=f"{full}_{key}") for key, on in (unique or {}).items()),
            *(Index(f"{full}_{key}_ix", *on) for key, on in (indexes or {}).items()),
            schema=self._schema,
            mysql_charset="utf8mb4",
            mariadb_charset="utf8mb4",
        )

    def named(self, name: str) -> Table:
        """The table of that name, which is without its prefix. KeyError: there is none."""
        return {table.name.removeprefix(self.prefix): table for table in self.all()}[name]

    def all(self) -> list[Table]:
        """The hub's own tables, and no other of the MetaData."""
        return [
            self.meta,
            self.sessions,
            self.idempotency,
            self.visits,
            self.attempts,
            self.steps,
            self.states,
            self.accounts,
            self.triggers,
            self.account_days,
            self.events,
            self.deliveries,
            self.delivery_attempts,
            self.endpoints,
            self.connector_settings,
            self.api_keys,
            self.operators,
            self.operator_sessions,
            self.audit,
        ]
