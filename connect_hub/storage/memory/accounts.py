"""Linked accounts and their credentials, in memory."""

from collections.abc import Callable
from datetime import datetime, timedelta

from connect_hub.errors import (
    AccountConflict,
    AccountNotFound,
    AttemptNotFound,
    LinkNotFound,
    StorageConflict,
)
from connect_hub.models import Account, AccountStatus, Attempt, AttemptStatus, Session, StepKind
from connect_hub.storage import rules, step_rules
from connect_hub.storage.account_rows import account_of, account_row
from connect_hub.storage.attempt_rows import attempt_of, attempt_row
from connect_hub.storage.memory.outbox import MemoryEvents
from connect_hub.storage.memory.shelves import MemoryTransaction, pick
from connect_hub.storage.memory.steps import MemorySteps
from connect_hub.storage.protocol import (
    AccountQuery,
    Announce,
    Change,
    LinkRequest,
    LinkResult,
    Noting,
    Sealed,
    StoredCredentials,
)
from connect_hub.storage.rows import Row, milliseconds
from connect_hub.storage.session_rows import session_of, session_row

__all__ = ["MemoryAccounts"]

_OWNER_SLOT = ("project_id", "origin_owner_id", "provider", "type", "slot")


class MemoryAccounts(MemoryEvents, MemorySteps):
    """`AccountStore` in memory."""

    async def link(self, request: LinkRequest) -> LinkResult:
        with self._transaction():
            row = self._sessions.get(request.session_id)
            if row is None or row["project_id"] != request.project_id:
                raise LinkNotFound
            session = session_of(pick(row))
            stored = self._attempts.get(request.attempt_id)
            if stored is None or stored["session_id"] != session.id:
                raise AttemptNotFound
            attempt = attempt_of(pick(stored))
            if attempt.status is AttemptStatus.AUTHENTICATED and attempt.account_id is not None:
                made = self._stored(attempt.account_id, session.project_id)
                if made is None:
                    raise AccountNotFound
                return LinkResult(made.account, session, created=False, repeated=True)
            rules.refuse_unless_connectable(
                session,
                provider=request.provider,
                connected_before=self._connected_before(session, request.provider),
            )
            done = rules.connected(session, request, self._existing(session, attempt, request))
            account = {**account_row(done.account), "sealed": bytes(done.sealed)}
            if self._is_taken(account) or (done.created and done.account.id in self._accounts):
                raise StorageConflict
            self._refuse_taken(done.events)
            request.in_transaction(done.events, done.account, MemoryTransaction())
            self._accounts[done.account.id] = account
            self._sessions[session.id] = session_row(done.session)
            succeeded = rules.authenticated(attempt, done.account.id, request.now)
            self._attempts[attempt.id] = attempt_row(succeeded)
            self._add_step(step_rules.step_of_attempt(succeeded, StepKind.CONNECTED))
            self._record(done.events)
            return LinkResult(account_of(pick(account))[0], done.session, done.created, repeated=False)

    def _connected_before(self, session: Session, provider: str) -> bool:
        return any(
            row["session_id"] == session.id
            and row["provider"] == provider
            and row["status"] == AttemptStatus.AUTHENTICATED.value
            for row in self._attempts.values()
        )

    def _existing(self, session: Session, attempt: Attempt, request: LinkRequest) -> Account | None:
        named = session.account_id or attempt.account_id
        if named is not None:
            found = self._stored(named, session.project_id)
            return rules.named_account(None if found is None else found.account, session, request)
        if session.multiple:
            return None
        key = (session.project_id, session.origin_owner_id, request.provider, session.type.value)
        same_key = [row for row in self._accounts.values() if tuple(row[k] for k in _OWNER_SLOT[:-1]) == key]
        found_rows = [row for row in same_key if row["slot"] == ""]
        if not found_rows and request.identity is not None:
            same_person = [row for row in same_key if row["identity_id"] == request.identity.id]
            found_rows = sorted(same_person, key=lambda row: (row["created_at"], row["id"]))
        return account_of(pick(found_rows[0]))[0] if found_rows else None

    def _is_taken(self, row: Row) -> bool:
        """Whether another account has the owner, provider, type and slot of `row`."""
        key = tuple(row[k] for k in _OWNER_SLOT)
        return row["slot"] is not None and any(
            tuple(other[k] for k in _OWNER_SLOT) == key and other["id"] != row["id"]
            for other in self._accounts.values()
        )

    def _stored(self, account_id: str, project_id: str | None) -> StoredCredentials | None:
        row = self._accounts.get(account_id)
        if row is None or (project_id is not None and row["project_id"] != project_id):
            return None
        return StoredCredentials(*account_of(pick(row)))

    async def account(self, account_id: str, *, project_id: str | None = None) -> Account | None:
        with self._transaction():
            found = self._stored(account_id, project_id)
            return None if found is None else found.account

    async def accounts(self, query: AccountQuery) -> list[Account]:
        with self._transaction():
            rows = [row for row in self._accounts.values() if _is_wanted(row, query)]
        rows.sort(key=lambda row: (row["created_at"], row["id"]), reverse=True)
        page = rows[query.offset : query.offset + query.limit]
        return [account_of(pick(row))[0] for row in page]

    async def change_account(
        self,
        project_id: str,
        account_id: str,
        change: Callable[[Account], Account],
        *,
        announce: Announce,
        note: Noting | None = None,
    ) -> Account | None:
        with self._transaction():
            found = self._stored(account_id, project_id)
            if found is None:
                return None
            after = rules.changed(found.account, change)
            if after == found.account:
                return after
            after, events = rules.announced(after, Change.UPDATED, found.account, announce)
            row = {**account_row(after), "sealed": found.sealed}
            if self._is_taken(row):
                raise AccountConflict
            self._refuse_taken(events)
            entry = None if note is None else note(found.account, after)
            self._refuse_noted(entry)
            self._accounts[account_id] = row
            self._record(events)
            self._note(entry)
            return account_of(pick(row))[0]

    async def delete_account(
        self, project_id: str, account_id: str, *, announce: Announce, note: Noting | None = None
    ) -> StoredCredentials | None:
        with self._transaction():
            found = self._stored(account_id, project_id)
            if found is None:
                return None
            _, events = rules.announced(found.account, Change.DELETED, found.account, announce)
            self._refuse_taken(events)
            entry = None if note is None else note(found.account, found.account)
            self._refuse_noted(entry)
            self._remove_account(account_id)
            self._record(events)
            self._note(entry)
            return found

    async def stored_credentials(
        self, account_id: str, *, project_id: str | None = None
    ) -> StoredCredentials | None:
        with self._transaction():
            return self._stored(account_id, project_id)

    async def claim_refresh(self, account_id: str, *, generation: int, lease: timedelta) -> int | None:
        with self._transaction():
            row = self._accounts.get(account_id)
            clock = self._lease_clock()
            if row is None or row["generation"] != generation:
                return None
            if row["refresh_lease_until"] is not None and row["refresh_lease_until"] > clock:
                return None
            epoch: int = row["refresh_epoch"] + 1
            until = clock + lease // timedelta(milliseconds=1)
            self._accounts[account_id] = {**row, "refresh_epoch": epoch, "refresh_lease_until": until}
            return epoch

    async def settle_refresh(
        self,
        account_id: str,
        *,
        epoch: int,
        change: Callable[[Account], Account],
        seal: Callable[[str, int], Sealed] | None,
        announce: Announce,
    ) -> Account | None:
        with self._transaction():
            found = self._stored(account_id, None)
            if found is None or found.account.refresh_epoch != epoch:
                return None
            after, sealed, events = rules.refreshed(found.account, change, seal, announce)
            row = {**account_row(after), "sealed": found.sealed if sealed is None else bytes(sealed.data)}
            if self._is_taken(row):
                raise AccountConflict
            self._refuse_taken(events)
            self._accounts[account_id] = row
            self._record(events)
            return account_of(pick(row))[0]

    async def touch_account(self, account_id: str, *, now: datetime) -> None:
        with self._transaction():
            row = self._accounts.get(account_id)
            if row is not None:
                self._accounts[account_id] = {**row, "last_used_at": milliseconds(now)}


def _is_wanted(row: Row, query: AccountQuery) -> bool:
    if row["project_id"] != query.project_id:
        return False
    for column, wanted in (
        ("id", query.account_ids),
        ("origin_owner_id", query.origin_owner_ids),
        ("provider", query.providers),
        ("method", query.methods),
    ):
        if wanted and row[column] not in wanted:
            return False
    if query.statuses:
        enabled = (
            row["provider"] in query.enabled_providers
            and (row["provider"], row["method"]) not in query.unusable_methods
        )
        stored = AccountStatus(row["status"])
        shown = stored if enabled else AccountStatus.INACTIVE
        found = shown in query.statuses and not (enabled and shown is AccountStatus.INACTIVE)
        if not found and stored not in query.also_hidden:
            return False
    if query.before is not None:
        at, account_id = query.before
        return bool((row["created_at"], row["id"]) < (milliseconds(at), account_id))
    return True
