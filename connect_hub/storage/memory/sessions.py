"""Sessions, visits, attempts and OAuth states, in memory."""

from collections.abc import Callable, Collection, Sequence
from dataclasses import replace
from datetime import datetime
from typing import TYPE_CHECKING

from connect_hub.audit import AuditEntry
from connect_hub.errors import IdempotencyKeyReused, LinkNotFound, StorageConflict
from connect_hub.models import ApiKey, Attempt, AttemptStatus, OAuthState, Session, StepKind, Visit
from connect_hub.storage import rules, step_rules
from connect_hub.storage.api_key_rows import api_key_of
from connect_hub.storage.attempt_rows import attempt_of, attempt_row, state_of, state_row
from connect_hub.storage.endpoint_rows import endpoint_row
from connect_hub.storage.memory.operators import MemoryAudit
from connect_hub.storage.memory.outbox import MemoryEvents
from connect_hub.storage.memory.shelves import pick
from connect_hub.storage.memory.steps import MemorySteps
from connect_hub.storage.protocol import Idempotency, NewEvent, SessionQuery, WebhookEndpoint
from connect_hub.storage.rows import Row, milliseconds
from connect_hub.storage.session_rows import session_of, session_row, visit_of, visit_row

if TYPE_CHECKING:
    from sqlalchemy import Connection
    from sqlalchemy.ext.asyncio import AsyncConnection

__all__ = ["MemorySessions", "MemoryVisits"]


class MemorySessions(MemoryAudit):
    """`SessionStore` in memory."""

    async def create_session(
        self,
        session: Session,
        *,
        idempotency: Idempotency | None = None,
        connection: "Connection | AsyncConnection | None" = None,
        note: AuditEntry | None = None,
        endpoint: WebhookEndpoint | None = None,
    ) -> Session:
        self._refuse_connection(connection)
        with self._transaction():
            if idempotency is not None:
                made = self._made_before(session, idempotency)
                if made is not None:
                    return made
            row = session_row(session)
            if session.id in self._sessions or any(r["jti"] == session.jti for r in self._sessions.values()):
                raise StorageConflict
            self._refuse_noted(note)
            if idempotency is not None:
                self._idempotency[idempotency.scope, idempotency.key] = {
                    "body_hash": idempotency.body_hash.hex(),
                    "session_id": session.id,
                    "created_at": milliseconds(session.created_at),
                }
            self._sessions[session.id] = row
            if endpoint is not None:
                self._endpoints[endpoint.id] = endpoint_row(endpoint)
            self._note(note)
            return session_of(pick(row))

    def _made_before(self, session: Session, idempotency: Idempotency) -> Session | None:
        entry = self._idempotency.get((idempotency.scope, idempotency.key))
        if entry is None or entry["created_at"] < milliseconds(idempotency.forget_before):
            return None
        if entry["body_hash"] != idempotency.body_hash.hex():
            raise IdempotencyKeyReused
        return self._found(session.project_id, entry["session_id"])

    def _found(self, project_id: str, session_id: int) -> Session | None:
        row = self._sessions.get(session_id)
        return session_of(pick(row)) if row is not None and row["project_id"] == project_id else None

    async def session(self, project_id: str, session_id: int) -> Session | None:
        with self._transaction():
            return self._found(project_id, session_id)

    async def session_for_token(
        self, jti: str, *, api_key_id: str | None = None
    ) -> tuple[Session | None, ApiKey | None]:
        with self._transaction():
            session = next((row for row in self._sessions.values() if row["jti"] == jti), None)
            key = None if api_key_id is None else self._api_keys.get(api_key_id)
            return (
                None if session is None else session_of(pick(session)),
                None if key is None else api_key_of(pick(key)),
            )

    async def sessions(self, query: SessionQuery) -> list[Session]:
        with self._transaction():
            rows = [row for row in self._sessions.values() if _is_wanted(row, query)]
        rows.sort(key=lambda row: (row["created_at"], row["id"]), reverse=True)
        found = [session_of(pick(row)) for row in rows]
        if query.statuses:
            found = [session for session in found if session.status(query.now) in query.statuses]
        return found[: query.limit]

    async def sessions_expired(self, *, after: datetime, until: datetime, limit: int = 500) -> list[Session]:
        first, last = milliseconds(after), milliseconds(until)
        with self._transaction():
            rows = [
                row
                for row in self._sessions.values()
                if first < row["expires_at"] <= last and row["used_at"] is row["revoked_at"] is None
            ]
        rows.sort(key=lambda row: (row["expires_at"], row["id"]))
        return [session_of(pick(row)) for row in rows[:limit]]

    async def revoke_session(
        self, project_id: str, session_id: int, *, now: datetime, note: AuditEntry | None = None
    ) -> Session | None:
        with self._transaction():
            session = self._found(project_id, session_id)
            if session is None:
                return None
            if session.revoked_at is None:
                self._refuse_noted(note)
                self._note(note)
                row = {**self._sessions[session_id], "revoked_at": milliseconds(now)}
                self._sessions[session_id] = row
            for shelf in (self._visits, self._states):
                for key in [key for key, row in shelf.items() if row["session_id"] == session_id]:
                    del shelf[key]
            return session_of(pick(self._sessions[session_id]))


def _is_wanted(row: Row, query: SessionQuery) -> bool:
    if row["project_id"] != query.project_id:
        return False
    if query.origin_owner_id is not None and row["origin_owner_id"] != query.origin_owner_id:
        return False
    if query.provider is not None and row["provider"] != query.provider:
        return False
    if query.before is not None:
        at, session_id = query.before
        return bool((row["created_at"], row["id"]) < (milliseconds(at), session_id))
    return True


class MemoryVisits(MemoryEvents, MemorySteps):
    """`VisitStore` in memory."""

    async def open_visit(
        self, visit: Visit, *, now: datetime, announce: Callable[[Session], Sequence[NewEvent]] | None = None
    ) -> Session:
        with self._transaction():
            stored = self._sessions.get(visit.session_id)
            if stored is None:
                raise LinkNotFound
            session = session_of(pick(stored))
            rules.refuse_unless_open(session, now)
            row = visit_row(visit)
            if row["secret_hash"] in self._visits:
                raise StorageConflict
            opened = replace(session, opens=session.opens + 1)
            events = () if announce is None else announce(opened)
            self._refuse_taken(events)
            self._sessions[session.id] = session_row(opened)
            self._visits[row["secret_hash"]] = row
            self._add_step(step_rules.opening(visit, session, now))
            self._record(events)
            return opened

    async def visit(self, secret_hash: bytes) -> tuple[Visit, Session] | None:
        with self._transaction():
            row = self._visits.get(secret_hash.hex())
            session = None if row is None else self._sessions.get(row["session_id"])
            if row is None or session is None:
                return None
            return visit_of(pick(row)), session_of(pick(session))

    async def end_visit(self, secret_hash: bytes) -> None:
        with self._transaction():
            self._visits.pop(secret_hash.hex(), None)

    async def touch_visit(self, secret_hash: bytes, *, now: datetime, subject: str | None = None) -> None:
        with self._transaction():
            row = self._visits.get(secret_hash.hex())
            if row is not None:
                named = {} if subject is None else {"subject": subject}
                self._visits[secret_hash.hex()] = {**row, "last_seen_at": milliseconds(now), **named}

    async def save_attempt(
        self,
        attempt: Attempt,
        *,
        expected: Collection[str] | None = None,
        step: StepKind | None = None,
        events: Sequence[NewEvent] = (),
    ) -> bool:
        with self._transaction():
            stored = self._attempts.get(attempt.id)
            if stored is None and expected is None and attempt.session_id not in self._sessions:
                raise LinkNotFound
            if expected is not None and (stored is None or stored["status"] not in expected):
                return False
            self._refuse_taken(events)
            self._attempts[attempt.id] = attempt_row(attempt)
            self._record(events)
            if step is not None:
                self._add_step(step_rules.step_of_attempt(attempt, step))
            return True

    async def attempt(self, attempt_id: str) -> Attempt | None:
        with self._transaction():
            row = self._attempts.get(attempt_id)
            return None if row is None else attempt_of(pick(row))

    async def attempts(
        self, session_id: int, *, status: AttemptStatus | None = None, limit: int = 50
    ) -> list[Attempt]:
        with self._transaction():
            rows = [
                row
                for row in self._attempts.values()
                if row["session_id"] == session_id and status in {None, row["status"]}
            ]
        rows.sort(key=lambda row: (row["created_at"], row["id"]), reverse=True)
        return [attempt_of(pick(row)) for row in rows[:limit]]

    async def save_state(self, state: OAuthState) -> None:
        with self._transaction():
            row = state_row(state)
            if state.session_id not in self._sessions:
                raise LinkNotFound
            superseded = [
                key
                for key, other in self._states.items()
                if other["attempt_id"] == state.attempt_id and other["used_at"] is None
            ]
            if row["state_hash"] in self._states and row["state_hash"] not in superseded:
                raise StorageConflict
            for key in superseded:
                del self._states[key]
            self._states[row["state_hash"]] = row

    async def state(self, state_hash: bytes) -> OAuthState | None:
        with self._transaction():
            row = self._states.get(state_hash.hex())
            return None if row is None else state_of(pick(row))

    async def state_of_attempt(self, attempt_id: str) -> OAuthState | None:
        with self._transaction():
            unused = (r for r in self._states.values() if r["used_at"] is None)
            row = next((r for r in unused if r["attempt_id"] == attempt_id), None)
            return None if row is None else state_of(pick(row))

    async def use_state(self, state_hash: bytes, *, now: datetime) -> OAuthState | None:
        with self._transaction():
            row = self._states.get(state_hash.hex())
            if row is None or row["used_at"] is not None or row["expires_at"] <= milliseconds(now):
                return None
            self._states[state_hash.hex()] = used = {**row, "used_at": milliseconds(now)}
            return state_of(pick(used))
