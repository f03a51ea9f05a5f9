"""`SQLStorage`: the storage ports over SQLAlchemy."""

import logging
import os
import shlex
from collections.abc import Callable, Collection, Sequence
from datetime import datetime, timedelta
from pathlib import Path
from typing import overload

from sqlalchemy import Connection, Engine
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from connect_hub.audit import AuditEntry
from connect_hub.errors import ConfigurationError, MissingTables
from connect_hub.models import Account, ApiKey, Attempt, OAuthState, Session, Step, StepKind, Trigger, Visit
from connect_hub.operators import OperatorSession, OperatorToken
from connect_hub.storage.protocol import (
    AccountQuery,
    Announce,
    AuditQuery,
    Erased,
    Failure,
    FailureQuery,
    Figures,
    FunnelQuery,
    FunnelRow,
    Idempotency,
    LinkRequest,
    LinkResult,
    NewEvent,
    Noting,
    Purged,
    Retention,
    Sealed,
    SessionQuery,
    StoredCredentials,
    WebhookEndpoint,
)
from connect_hub.storage.sql import (
    accounts,
    api_keys,
    audit,
    figures,
    linking,
    migrations,
    operators,
    sessions,
    steps,
    triggers,
    upkeep,
    visits,
)
from connect_hub.storage.sql.activity_store import SQLActivity
from connect_hub.storage.sql.connector_store import SQLConnectors
from connect_hub.storage.sql.events import SQLEvents
from connect_hub.storage.sql.own_file import findings, own_file
from connect_hub.storage.sql.remedy import remedy
from connect_hub.storage.sql.tables import Tables
from connect_hub.storage.sql.transactions import Transactions

__all__ = ["SUPPORTED", "SQLStorage"]

log = logging.getLogger("connect_hub")

SUPPORTED = ("sqlite", "postgresql", "mysql", "mariadb")
"""As SQLAlchemy names them."""


class SQLStorage(SQLEvents, SQLConnectors, SQLActivity):
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

    # --- visits, attempts, states ---

    async def open_visit(
        self, visit: Visit, *, now: datetime, announce: Callable[[Session], Sequence[NewEvent]] | None = None
    ) -> Session:
        return await self._transactions.write(visits.open_visit, self.tables, visit, now, announce)

    async def visit(self, secret_hash: bytes) -> tuple[Visit, Session] | None:
        return await self._transactions.read(visits.get, self.tables, secret_hash)

    async def end_visit(self, secret_hash: bytes) -> None:
        await self._transactions.write(visits.end, self.tables, secret_hash)

    async def touch_visit(self, secret_hash: bytes, *, now: datetime, subject: str | None = None) -> None:
        await self._transactions.write(visits.touch, self.tables, secret_hash, now, subject)

    async def save_attempt(
        self,
        attempt: Attempt,
        *,
        expected: Collection[str] | None = None,
        step: StepKind | None = None,
        events: Sequence[NewEvent] = (),
    ) -> bool:
        return await self._transactions.write(
            visits.save_attempt, self.tables, attempt, expected, step, events
        )

    async def attempt(self, attempt_id: str) -> Attempt | None:
        return await self._transactions.read(visits.attempt, self.tables, attempt_id)

    async def attempts(self, session_id: int, *, limit: int = 50) -> list[Attempt]:
        return await self._transactions.read(visits.attempts, self.tables, session_id, limit)

    async def save_state(self, state: OAuthState) -> None:
        await self._transactions.write(visits.save_state, self.tables, state)

    async def state(self, state_hash: bytes) -> OAuthState | None:
        return await self._transactions.read(visits.state, self.tables, state_hash)

    async def state_of_attempt(self, attempt_id: str) -> OAuthState | None:
        return await self._transactions.read(visits.state_of_attempt, self.tables, attempt_id)

    async def use_state(self, state_hash: bytes, *, now: datetime) -> OAuthState | None:
        return await self._transactions.write(visits.use_state, self.tables, state_hash, now)

    # --- steps ---

    async def record_step(self, step: Step, *, once: bool = False) -> None:
        await self._transactions.write(steps.record, self.tables, step, once)

    async def steps(self, project_id: str, session_id: int, *, limit: int = 200) -> list[Step]:
        return await self._transactions.read(steps.listing, self.tables, project_id, session_id, limit)

    async def funnel(self, query: FunnelQuery) -> list[FunnelRow]:
        return await self._transactions.read(steps.funnel, self.tables, query)

    async def failures(self, query: FailureQuery) -> list[Failure]:
        return await self._transactions.read(figures.failures, self.tables, query)

    async def accounts_by_provider(self, project_id: str, providers: Collection[str]) -> dict[str, int]:
        return await self._transactions.read(figures.accounts_by_provider, self.tables, project_id, providers)

    async def figures(self, project_id: str, *, since: datetime) -> Figures:
        return await self._transactions.read(figures.figures, self.tables, project_id, since)

    # --- accounts ---

    async def link(self, request: LinkRequest) -> LinkResult:
        return await self._transactions.write(linking.link, self.tables, request)

    async def account(self, account_id: str, *, project_id: str | None = None) -> Account | None:
        return await self._transactions.read(accounts.get, self.tables, account_id, project_id)

    async def accounts(self, query: AccountQuery) -> list[Account]:
        return await self._transactions.read(accounts.listing, self.tables, query)

    async def change_account(
        self,
        project_id: str,
        account_id: str,
        change: Callable[[Account], Account],
        *,
        announce: Announce,
        note: Noting | None = None,
    ) -> Account | None:
        return await self._transactions.write(
            accounts.change, self.tables, project_id, account_id, change, announce, note
        )

    async def delete_account(
        self, project_id: str, account_id: str, *, announce: Announce, note: Noting | None = None
    ) -> StoredCredentials | None:
        return await self._transactions.write(
            accounts.remove, self.tables, project_id, account_id, announce, note
        )

    async def stored_credentials(
        self, account_id: str, *, project_id: str | None = None
    ) -> StoredCredentials | None:
        return await self._transactions.read(accounts.stored, self.tables, account_id, project_id)

    async def claim_refresh(self, account_id: str, *, generation: int, lease: timedelta) -> int | None:
        return await self._transactions.write(
            accounts.claim_refresh, self.tables, account_id, generation, lease
        )

    async def settle_refresh(
        self,
        account_id: str,
        *,
        epoch: int,
        change: Callable[[Account], Account],
        seal: Callable[[str, int], Sealed] | None,
        announce: Announce,
    ) -> Account | None:
        return await self._transactions.write(
            accounts.settle_refresh, self.tables, account_id, epoch, change, seal, announce
        )

    async def touch_account(self, account_id: str, *, now: datetime) -> None:
        await self._transactions.write(accounts.touch, self.tables, account_id, now)

    # --- triggers ---

    async def put_trigger(
        self, trigger: Trigger, *, replace: bool, note: Noting | None = None
    ) -> Trigger | None:
        return await self._transactions.write(triggers.put, self.tables, trigger, replace, note)

    async def pull_trigger(self, token_hash: bytes, *, announce: Announce) -> Account | None:
        return await self._transactions.write(triggers.pull, self.tables, token_hash, announce)

    # --- API keys ---

    async def create_api_key(self, key: ApiKey, *, note: AuditEntry | None = None) -> None:
        await self._transactions.write(api_keys.create, self.tables, key, note)

    async def api_key(self, key_id: str) -> ApiKey | None:
        return await self._transactions.read(api_keys.get, self.tables, key_id)

    async def api_keys(self, project_id: str) -> list[ApiKey]:
        return await self._transactions.read(api_keys.listing, self.tables, project_id)

    async def revoke_api_key(
        self, project_id: str, key_id: str, *, now: datetime, note: AuditEntry | None = None
    ) -> ApiKey | None:
        return await self._transactions.write(api_keys.revoke, self.tables, project_id, key_id, now, note)

    async def touch_api_key(self, key_id: str, *, now: datetime) -> None:
        await self._transactions.write(api_keys.touch, self.tables, key_id, now)

    # --- operators and the audit log ---

    async def create_operator(self, operator: OperatorToken, *, note: AuditEntry | None = None) -> None:
        await self._transactions.write(operators.create, self.tables, operator, note)

    async def operator(self, operator_id: str) -> OperatorToken | None:
        return await self._transactions.read(operators.get, self.tables, operator_id)

    async def operators(self) -> list[OperatorToken]:
        return await self._transactions.read(operators.listing, self.tables)

    async def revoke_operator(
        self, operator_id: str, *, now: datetime, note: AuditEntry | None = None
    ) -> OperatorToken | None:
        return await self._transactions.write(operators.revoke, self.tables, operator_id, now, note)

    async def open_operator_session(
        self, session: OperatorSession, *, replaces: bytes | None = None, note: AuditEntry | None = None
    ) -> bool:
        return await self._transactions.write(operators.open_session, self.tables, session, replaces, note)

    async def operator_session(self, secret_hash: bytes) -> tuple[OperatorSession, OperatorToken] | None:
        return await self._transactions.read(operators.session, self.tables, secret_hash)

    async def touch_operator_session(self, secret_hash: bytes, *, now: datetime) -> None:
        await self._transactions.write(operators.touch_session, self.tables, secret_hash, now)

    async def end_operator_session(self, secret_hash: bytes, *, note: AuditEntry | None = None) -> None:
        await self._transactions.write(operators.end_session, self.tables, secret_hash, note)

    async def note(self, entry: AuditEntry) -> None:
        await self._transactions.write(audit.note, self.tables, entry)

    async def audit_entries(self, query: AuditQuery) -> list[AuditEntry]:
        return await self._transactions.read(audit.listing, self.tables, query)

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
