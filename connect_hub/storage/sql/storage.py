"""`SQLStorage`: the storage ports over SQLAlchemy."""

import logging
import os
import shlex
from datetime import datetime
from pathlib import Path
from typing import overload

from sqlalchemy import Connection, Engine
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from connect_hub.audit import AuditEntry
from connect_hub.errors import ConfigurationError, MissingTables
from connect_hub.models import ApiKey, Session
from connect_hub.storage.protocol import (
    Announce,
    Erased,
    Idempotency,
    Purged,
    Retention,
    SessionQuery,
    WebhookEndpoint,
)
from connect_hub.storage.sql import (
    migrations,
    sessions,
    upkeep,
)
from connect_hub.storage.sql.account_store import SQLAccounts
from connect_hub.storage.sql.activity_store import SQLActivity
from connect_hub.storage.sql.connector_store import SQLConnectors
from connect_hub.storage.sql.events import SQLEvents
from connect_hub.storage.sql.operator_store import SQLOperators
from connect_hub.storage.sql.own_file import findings, own_file
from connect_hub.storage.sql.remedy import remedy
from connect_hub.storage.sql.tables import Tables
from connect_hub.storage.sql.transactions import Transactions
from connect_hub.storage.sql.visit_store import SQLVisits

__all__ = ["SUPPORTED", "SQLStorage"]

log = logging.getLogger("connect_hub")

SUPPORTED = ("sqlite", "postgresql", "mysql", "mariadb")
"""As SQLAlchemy names them."""


class SQLStorage(SQLVisits, SQLAccounts, SQLActivity, SQLEvents, SQLConnectors, SQLOperators):
    """Keeps the hub's rows through an `Engine` or an `AsyncEngine` that the host has.

    The engine is used as it is: no listener, pragma or setting of it is changed. The tables must be there;
    see `create_all`. Raises ConfigurationError for a database that is not supported.
    """

    has_own_migrations = False
    """Whether something else than `connect-hub db upgrade` makes the tables and brings them up to date."""

    def __init__(
        self, engine: Engine | AsyncEngine, *, prefix: str = "connect_hub_", schema: str | None = None
    ) -> None:
        if not isinstance(engine, Engine | AsyncEngine):
            raise ConfigurationError(
                f"storage: SQLStorage takes a SQLAlchemy Engine or AsyncEngine, not {type(engine).__name__}."
            )
        self.tables = Tables(prefix=prefix, schema=schema)
        self._transactions = Transactions(engine, remedy=remedy(self.tables))
        if self._transactions.dialect not in SUPPORTED:
            raise ConfigurationError(
                f"storage: the database {self._transactions.dialect!r} is not supported. "
                f"Use one of {', '.join(SUPPORTED)}."
            )
        self._own_file: Path | None = None
        self._said = False

    @property
    def engine(self) -> Engine | AsyncEngine:
        """The engine it was given."""
        return self._transactions.engine

    @property
    def place(self) -> str:
        """Where the rows are, for people: without a password."""
        return self.engine.url.render_as_string(hide_password=True)

    @property
    def remedy(self) -> str:
        """What to do about tables that are missing, or older than this release, in a sentence."""
        return self._transactions.remedy

    @classmethod
    def sqlite(cls, path: str | os.PathLike[str]) -> "SQLStorage":
        """A SQLite file of the hub's own, made with its tables at first use, readable by its owner alone.

        Commits are durable (`synchronous=FULL`). Write-ahead logging is used only with a SQLite library in
        which it is safe for several connections: 3.51.3 or newer, 3.50.7 or 3.44.6. A file that something
        else made is refused at first use, with ConfigurationError.
        """
        storage = cls.__new__(cls)
        storage.tables = Tables()
        engine, create_tables = own_file(path, storage.tables)
        storage._own_file = Path(path).absolute()
        storage._transactions = Transactions(
            engine,
            remedy=f"Run `connect-hub db upgrade --database-url {shlex.quote(str(engine.url))}`.",
            prepare=create_tables,
        )
        storage._said = True
        return storage

    @overload
    @classmethod
    def create_all(cls, engine: Engine, *, prefix: str = ..., schema: str | None = ...) -> None: ...

    @overload
    @classmethod
    async def create_all(
        cls, engine: AsyncEngine, *, prefix: str = ..., schema: str | None = ...
    ) -> None: ...

    @classmethod
    def create_all(cls, engine, *, prefix="connect_hub_", schema=None):  # type: ignore[no-untyped-def]  # typed by the overloads
        """Create the tables that are missing, and bring those of an earlier release up to date.

        With an AsyncEngine, await it. Raises WrongSchema for tables of a newer release, and
        ConfigurationError for a prefix with which a table of somebody else's is there.
        """
        tables = Tables(prefix=prefix, schema=schema)
        if isinstance(engine, AsyncEngine):

            async def create() -> None:
                async with engine.begin() as connection:
                    await connection.run_sync(migrations.upgrade, tables)

            return create()
        with engine.begin() as connection:
            migrations.upgrade(connection, tables)
        return None

    # --- sessions ---

    async def create_session(
        self,
        session: Session,
        *,
        idempotency: Idempotency | None = None,
        connection: Connection | AsyncConnection | None = None,
        note: AuditEntry | None = None,
        endpoint: WebhookEndpoint | None = None,
    ) -> Session:
        if connection is not None:
            return await self._transactions.run_on(
                connection, sessions.create, self.tables, session, idempotency, note, endpoint
            )
        return await self._transactions.write(
            sessions.create, self.tables, session, idempotency, note, endpoint
        )

    async def session(self, project_id: str, session_id: int) -> Session | None:
        return await self._transactions.read(sessions.get, self.tables, project_id, session_id)

    async def session_for_token(
        self, jti: str, *, api_key_id: str | None = None
    ) -> tuple[Session | None, ApiKey | None]:
        return await self._transactions.read(sessions.for_token, self.tables, jti, api_key_id)

    async def sessions(self, query: SessionQuery) -> list[Session]:
        return await self._transactions.read(sessions.listing, self.tables, query)

    async def sessions_expired(self, *, after: datetime, until: datetime, limit: int = 500) -> list[Session]:
        return await self._transactions.read(sessions.expired, self.tables, after, until, limit)

    async def revoke_session(
        self, project_id: str, session_id: int, *, now: datetime, note: AuditEntry | None = None
    ) -> Session | None:
        return await self._transactions.write(sessions.revoke, self.tables, project_id, session_id, now, note)

    # --- upkeep ---

    async def check(self) -> None:
        try:
            await self._transactions.read(migrations.refuse_unless_fitting, self.tables, self.remedy)
        except MissingTables as error:
            raise await self._transactions.read(migrations.explain, self.tables, self.remedy) from error
        if not self._said:
            self._said = True
            for finding in await self.findings():
                log.warning("storage: %s", finding)

    async def findings(self) -> list[str]:
        """What is doubtful in the settings of the database, each with what to do about it."""
        if self._transactions.dialect != "sqlite":
            return []
        return await self._transactions.read(findings)

    async def canary(self, proposed: bytes) -> bytes:
        return await self._transactions.write(upkeep.canary, self.tables, proposed)

    async def erase_owner(
        self, project_id: str, origin_owner_id: str, *, announce: Announce, note: AuditEntry | None = None
    ) -> Erased:
        return await self._transactions.write(
            upkeep.erase_owner, self.tables, project_id, origin_owner_id, announce, note
        )

    async def purge(self, retention: Retention) -> Purged:
        return await self._transactions.write(upkeep.purge, self.tables, retention)

    async def aclose(self) -> None:
        self._transactions.close()
        if self._own_file is not None:
            engine = self._transactions.engine
            assert isinstance(engine, Engine)
            engine.dispose()
