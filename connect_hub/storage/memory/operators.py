"""Operators and the audit log, in memory."""

from datetime import datetime

from connect_hub.audit import AuditEntry
from connect_hub.errors import StorageConflict
from connect_hub.operators import OperatorSession, OperatorToken
from connect_hub.storage.memory.shelves import Shelves, pick
from connect_hub.storage.operator_rows import (
    audit_of,
    audit_row,
    operator_of,
    operator_row,
    operator_session_of,
    operator_session_row,
)
from connect_hub.storage.protocol import AuditQuery
from connect_hub.storage.rows import milliseconds

__all__ = ["MemoryAudit", "MemoryOperators"]


class MemoryAudit(Shelves):
    """`AuditStore` in memory."""

    async def note(self, entry: AuditEntry) -> None:
        with self._transaction():
            self._refuse_noted(entry)
            self._note(entry)

    async def audit_entries(self, query: AuditQuery) -> list[AuditEntry]:
        exact = {"action": query.action, "subject": query.subject, "actor_id": query.actor_id}
        wanted = {name: value for name, value in exact.items() if value is not None}
        with self._transaction():
            rows = [
                row
                for row in self._audit.values()
                if row["project_id"] == query.project_id
                and all(row[name] == value for name, value in wanted.items())
            ]
        if query.before is not None:
            end = (milliseconds(query.before[0]), query.before[1])
            rows = [row for row in rows if (row["at"], row["id"]) < end]
        rows.sort(key=lambda row: (row["at"], row["id"]), reverse=True)
        return [audit_of(pick(row)) for row in rows[: query.limit]]

    def _refuse_noted(self, entry: AuditEntry | None) -> None:
        if entry is not None and entry.id in self._audit:
            raise StorageConflict

    def _note(self, entry: AuditEntry | None) -> None:
        if entry is not None:
            self._audit[entry.id] = audit_row(entry)


class MemoryOperators(MemoryAudit):
    """`OperatorStore` in memory."""

    async def create_operator(self, operator: OperatorToken, *, note: AuditEntry | None = None) -> None:
        with self._transaction():
            if operator.id in self._operators:
                raise StorageConflict
            self._refuse_noted(note)
            self._operators[operator.id] = operator_row(operator)
            self._note(note)

    async def operator(self, operator_id: str) -> OperatorToken | None:
        with self._transaction():
            row = self._operators.get(operator_id)
            return None if row is None else operator_of(pick(row))

    async def operators(self) -> list[OperatorToken]:
        with self._transaction():
            rows = list(self._operators.values())
        rows.sort(key=lambda row: (row["created_at"], row["id"]), reverse=True)
        return [operator_of(pick(row)) for row in rows]

    async def revoke_operator(
        self, operator_id: str, *, now: datetime, note: AuditEntry | None = None
    ) -> OperatorToken | None:
        with self._transaction():
            row = self._operators.get(operator_id)
            if row is None:
                return None
            if row["revoked_at"] is None:
                self._refuse_noted(note)
                row = self._operators[operator_id] = {**row, "revoked_at": milliseconds(now)}
                self._note(note)
            for key in [k for k, s in self._operator_sessions.items() if s["operator_id"] == operator_id]:
                del self._operator_sessions[key]
            return operator_of(pick(row))

    async def open_operator_session(
        self, session: OperatorSession, *, replaces: bytes | None = None, note: AuditEntry | None = None
    ) -> bool:
        with self._transaction():
            row = self._operators.get(session.operator_id)
            if row is None or row["revoked_at"] is not None:
                return False
            key = session.secret_hash.hex()
            if key in self._operator_sessions:
                raise StorageConflict
            self._refuse_noted(note)
            if replaces is not None:
                self._operator_sessions.pop(replaces.hex(), None)
            self._operator_sessions[key] = operator_session_row(session)
            self._operators[row["id"]] = {**row, "last_used_at": milliseconds(session.created_at)}
            self._note(note)
            return True

    async def operator_session(self, secret_hash: bytes) -> tuple[OperatorSession, OperatorToken] | None:
        with self._transaction():
            row = self._operator_sessions.get(secret_hash.hex())
            if row is None:
                return None
            return operator_session_of(pick(row)), operator_of(pick(self._operators[row["operator_id"]]))

    async def touch_operator_session(self, secret_hash: bytes, *, now: datetime) -> None:
        with self._transaction():
            row = self._operator_sessions.get(secret_hash.hex())
            if row is not None:
                self._operator_sessions[secret_hash.hex()] = {**row, "last_seen_at": milliseconds(now)}

    async def end_operator_session(self, secret_hash: bytes, *, note: AuditEntry | None = None) -> None:
        with self._transaction():
            self._refuse_noted(note)
            if self._operator_sessions.pop(secret_hash.hex(), None) is not None:
                self._note(note)
