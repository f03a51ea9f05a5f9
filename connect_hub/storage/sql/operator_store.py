"""What `SQLStorage` has for those who may call and operate the hub, and for what they did."""

from datetime import datetime

from connect_hub.audit import AuditEntry
from connect_hub.models import ApiKey
from connect_hub.operators import OperatorSession, OperatorToken
from connect_hub.storage.protocol import (
    AuditQuery,
)
from connect_hub.storage.sql import (
    api_keys,
    audit,
    operators,
)
from connect_hub.storage.sql.tables import Tables
from connect_hub.storage.sql.transactions import Transactions

__all__ = ["SQLOperators"]


class SQLOperators:
    """`ApiKeyStore`, `OperatorStore` and `AuditStore` over SQLAlchemy."""

    _transactions: Transactions
    tables: Tables

    # --- API keys ---

    async def create_api_key(self, key: ApiKey, *, note: AuditEntry | None = None) -> None:
        await self._transactions.write(api_keys.create, self.tables, key, note)

    async def api_key(self, key_id: str) -> ApiKey | None:
        return await self._transactions.read(api_keys.get, self.tables, key_id)

    async def api_keys(
        self, project_id: str, *, limit: int | None = None, before: tuple[datetime, str] | None = None
    ) -> list[ApiKey]:
        return await self._transactions.read(api_keys.listing, self.tables, project_id, limit, before)

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
