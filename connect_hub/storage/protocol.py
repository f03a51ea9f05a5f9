"""The storage ports: what the hub needs of a database.

`Storage` is the sum of six small ports. Every method is one intent and atomic: it happens entirely or not
at all, whatever else runs at the same time, in this process or in another. Values go in and come out as
the frozen objects of `connect_hub.models`; a storage keeps no reference to what it was given, and never
hands out an object that it will change.

Four rules hold for all of them:

- Where a method takes `project_id`, a row of another project is as if absent.
- Leases are compared with the storage's own clock (the database's), so that workers whose clocks differ
  agree. Every other instant comes from the caller.
- A lost connection is `StorageUnavailable`; missing tables are `MissingTables`; an id, hash or jti that is
  taken is `StorageConflict`. Then nothing was written.
- Called from a host's callback inside the transaction, every method is `CallInsideTransaction`.

`connect_hub.testing.StorageConformance` checks all of this; subclass it for a storage of your own.
"""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import TYPE_CHECKING, Protocol

from connect_hub.models import (
    Account,
    AccountStatus,
    ApiKey,
    Attempt,
    OAuthState,
    ProviderIdentity,
    Session,
    SessionStatus,
    Visit,
)
from connect_hub.storage.transaction import Transaction

if TYPE_CHECKING:
    from sqlalchemy import Connection
    from sqlalchemy.ext.asyncio import AsyncConnection

__all__ = [
    "AccountQuery",
    "AccountStore",
    "Announce",
    "ApiKeyStore",
    "Backlog",
    "Change",
    "Delivery",
    "DeliveryState",
    "Erased",
    "EventStore",
    "Idempotency",
    "InTransaction",
    "LinkRequest",
    "LinkResult",
    "NewEvent",
    "Purged",
    "Retention",
    "Sealed",
    "SessionQuery",
    "SessionStore",
    "Storage",
    "StoredCredentials",
    "Upkeep",
    "VisitStore",
]


class Change(StrEnum):
    """What happened to an account."""

    CREATED = "created"
    UPDATED = "updated"
    DELETED = "deleted"


@dataclass(frozen=True, slots=True)
class Sealed:
    """Credentials as the vault sealed them, and the id of the key it used."""

    data: bytes
    key_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class NewEvent:
    """An event to be written with the change that it tells of."""

    id: str
    """Unique; `msg_` and 128 random bits or more. It is the webhook-id on the wire."""
    project_id: str
    name: str
    """Such as `account.created`."""
    record_id: str
    """The account's id, or the session's as text."""
    owner_id: str
    """The origin_owner_id, so that everything of one owner can be erased."""
    sequence: int
    """The account's sequence; 0 for events that are not about an account."""
    body: bytes
    """The exact bytes to deliver."""
    targets: tuple[str, ...]
    """Who gets it: `webhook:<endpoint>` and `handler:<name>`. One delivery each, due at once."""
    created_at: datetime


Announce = Callable[[Account, Change, Account | None], Sequence[NewEvent]]
"""Builds the events of a change from (the account after it, the change, the account before it, None if
there was none). Called inside the transaction with the `sequence` already raised by one; if it
returns no event, the sequence stays as it was. Pure: it may be called again when a transaction is retried."""

InTransaction = Callable[[Sequence[NewEvent], Account, Transaction], None]
"""Runs the host's callbacks, last in the transaction, within `callbacks_running()`. If it raises, nothing is
kept and the exception passes through. If it ended the transaction itself: `TransactionEnded`."""


# --- sessions -----------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Idempotency:
    """An Idempotency-Key. `scope` is who sent it (an API key's id), `body_hash` the SHA-256 of the body."""

    scope: str
    key: str
    body_hash: bytes
    forget_before: datetime
    """An entry made before this instant no longer counts."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionQuery:
    """Which sessions to list: newest first, by (created_at, id)."""

    project_id: str
    now: datetime
    origin_owner_id: str | None = None
    provider: str | None = None
    statuses: frozenset[SessionStatus] = frozenset()
    """Empty: all."""
    limit: int = 25
    before: tuple[datetime, int] | None = None
    """(created_at, id) of the last session of the page before."""


class SessionStore(Protocol):
    """Connect sessions."""

    async def create_session(
        self,
        session: Session,
        *,
        idempotency: Idempotency | None = None,
        connection: "Connection | AsyncConnection | None" = None,
    ) -> Session:
        """Insert `session` and return it.

        With `idempotency`: if the same scope and key made a session before, that one is returned as it is
        now and nothing is written; with another `body_hash`, IdempotencyKeyReused. Calls at the same time
        make one session. The scope belongs to one project.
        With `connection`, a SQL storage writes on it and leaves commit and rollback to its owner; a refusal
        undoes only what the call wrote. Another storage raises ConfigurationError.
        Raises StorageConflict if the id or the jti is taken.
        """
        ...

    async def session(self, project_id: str, session_id: int) -> Session | None: ...

    async def session_for_token(
        self, jti: str, *, api_key_id: str | None = None
    ) -> tuple[Session | None, ApiKey | None]:
        """The session that a token names, of any project, and the API key of that id, in one transaction."""
        ...

    async def sessions(self, query: SessionQuery) -> list[Session]: ...

    async def revoke_session(self, project_id: str, session_id: int, *, now: datetime) -> Session | None:
        """Revoke it and end its visits and pending OAuth states; linked accounts stay.

        Idempotent: the first `revoked_at` stays. None if there is no such session.
        """
        ...


# --- visits, attempts and OAuth states ----------------------------------------------------------------


class VisitStore(Protocol):
    """The facts of a customer's way through the hub."""

    async def open_visit(self, visit: Visit, *, now: datetime) -> Session:
        """Insert `visit` and count an opening of its session; returns the session.

        Raises LinkRevoked, LinkUsed or LinkExpired (by the session's status at `now`), or LinkNotFound if the
        session is gone; then nothing is written.
        """
        ...

    async def visit(self, secret_hash: bytes) -> tuple[Visit, Session] | None:
        """The visit whose cookie hashes to this, with its session. Revoking a session removes its visits."""
        ...

    async def touch_visit(self, secret_hash: bytes, *, now: datetime, subject: str | None = None) -> None:
        """Set `last_seen_at`, and `subject` where given: a record by which nothing is decided."""
        ...

    async def save_attempt(self, attempt: Attempt, *, expected: Collection[str] | None = None) -> bool:
        """Insert the attempt, or replace it by id.

        With `expected`, replace it only if its stored status is one of these; False if it is another, or if
        there is no such attempt. Raises LinkNotFound for a new attempt of a session that is gone.
        """
        ...

    async def attempt(self, attempt_id: str) -> Attempt | None: ...

    async def attempts(self, session_id: int, *, limit: int = 50) -> list[Attempt]:
        """The session's attempts, newest first by (created_at, id)."""
        ...

    async def save_state(self, state: OAuthState) -> None:
        """Insert the state and end earlier unused ones of the same attempt.

        Raises LinkNotFound if its session is gone.
        """
        ...

    async def state(self, state_hash: bytes) -> OAuthState | None: ...

    async def state_of_attempt(self, attempt_id: str) -> OAuthState | None:
        """The attempt's newest unused state."""
        ...

    async def use_state(self, state_hash: bytes, *, now: datetime) -> OAuthState | None:
        """Mark it used and return it; None if it is absent, used or expired. One caller wins."""
        ...


# --- accounts -----------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountQuery:
    """Which accounts to list: newest first, by (created_at, id). Empty collections: all."""

    project_id: str
    account_ids: frozenset[str] = frozenset()
    origin_owner_ids: frozenset[str] = frozenset()
    providers: frozenset[str] = frozenset()
    statuses: frozenset[AccountStatus] = frozenset()
    """`INACTIVE` selects accounts whose provider is not in `enabled_providers`; the others select by stored
    status among those whose provider is."""
    enabled_providers: frozenset[str] = frozenset()
    limit: int = 25
    offset: int = 0
    before: tuple[datetime, str] | None = None
    """(created_at, id) of the last account of the page before."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LinkRequest:
    """A connection that passed its test and is to become, or renew, an account."""

    session_id: int
    project_id: str
    attempt_id: str
    provider: str
    method: str
    new_account_id: str
    """The id to use if an account is made."""
    setup_information: Mapping[str, str]
    identity: ProviderIdentity | None
    expires_at: datetime | None
    asked_scopes: tuple[str, ...]
    granted_scopes: tuple[str, ...]
    accept_other_identity: bool
    """The customer said that another account at the provider may replace the one before."""
    seal: Callable[[str, int], Sealed]
    """Seals the credentials to (account id, generation). Pure; called inside the transaction."""
    announce: Announce
    in_transaction: InTransaction
    now: datetime


@dataclass(frozen=True, slots=True)
class LinkResult:
    """What `link` did."""

    account: Account
    session: Session
    created: bool
    repeated: bool
    """The attempt had succeeded before; nothing was written now."""


@dataclass(frozen=True, slots=True)
class StoredCredentials:
    """An account and its sealed credentials; `sealed` is None once they were destroyed."""

    account: Account
    sealed: bytes | None


class AccountStore(Protocol):
    """Linked accounts and their sealed credentials."""

    async def link(self, request: LinkRequest) -> LinkResult:
        """Create or update the account, mark the attempt authenticated, count the session's connection,
        and write the events, all or nothing.

        In this order, under a lock of the session's row:

        1. If the attempt is `authenticated`, its account is the answer (`repeated`), AccountNotFound if that
           was deleted since. An attempt that is not there, or is another session's, is AttemptNotFound.
        2. A session that is gone, or another project's, is LinkNotFound (before step 1); revoked is
           LinkRevoked; used, or at its `max_connects` (without one: 1 if it names a provider or an account),
           is LinkUsed; one that connected this provider before is LinkUsed too, unless it is `multiple`.
           Expiry is not checked: a visit opened in time lives its own life.
        3. Which account: the session's `account_id` if it has one (AccountNotFound if it is gone, or is not
           of this project, owner and provider); else, if the session is `multiple`, a new one with slot
           None; else the one with slot '' of this project, owner, provider and type; else the oldest of the
           same key with the same `identity.id`; else a new one with slot ''. Calls at the same time make one.
        4. An account whose stored identity id differs from the request's, both known, is
           IdentityChanged(before, after) unless `accept_other_identity`.
        5. Write. A new account has generation 1. An update keeps id, created_at, type and slot; raises
           generation by one; sets status active without reasons; takes the request's values, the session's
           owner name, and its username, label and metadata where the session has them; keeps the identity
           if the request has none; clears the refresh lease and raises refresh_epoch. The account's
           session_id is this session's, `updated_at` is `now`.
        6. The session's `connects` rises by one; `used_at` is set when that reaches its limit. The attempt
           gets its status and account_id, and its `held` is removed.
        7. Events and their deliveries, then `in_transaction`.
        """
        ...

    async def account(self, account_id: str, *, project_id: str | None = None) -> Account | None:
        """The account; with `project_id`, only if it is that project's."""
        ...

    async def accounts(self, query: AccountQuery) -> list[Account]: ...

    async def change_account(
        self,
        project_id: str,
        account_id: str,
        change: Callable[[Account], Account],
        *,
        announce: Announce,
    ) -> Account | None:
        """Replace the account by `change(account)`, under its lock, and write `announce`'s events.

        `change` is pure. If it returns an equal account nothing is written and no event made. Its id,
        project, sequence, generation, key id, refresh lease and epoch, and the sealed credentials are the
        storage's own. Raises AccountConflict if the new
        owner, provider, type and slot are another account's; None if there is no such account.
        """
        ...

    async def delete_account(
        self, project_id: str, account_id: str, *, announce: Announce
    ) -> StoredCredentials | None:
        """Remove the account with its credentials and pending refresh; returns what was removed.

        Its event is the last one of the account.
        """
        ...

    async def stored_credentials(
        self, account_id: str, *, project_id: str | None = None
    ) -> StoredCredentials | None: ...

    async def claim_refresh(self, account_id: str, *, generation: int, lease: timedelta) -> int | None:
        """Take the right to refresh: raises and returns `refresh_epoch`.

        None if another holds a live lease, the account is gone, or its generation is another by now.
        """
        ...

    async def settle_refresh(
        self,
        account_id: str,
        *,
        epoch: int,
        change: Callable[[Account], Account],
        seal: Callable[[str, int], Sealed] | None,
        announce: Announce,
    ) -> Account | None:
        """Write a refresh's outcome and end its lease, if `epoch` is still the account's.

        With `seal`, generation rises by one and the credentials are replaced. Events as in `change_account`,
        but only if `status` changed. None if the epoch is not ours any more, or the account is gone: then
        nothing is written.
        """
        ...

    async def touch_account(self, account_id: str, *, now: datetime) -> None:
        """Set `last_used_at`."""
        ...


# --- events -------------------------------------------------------------------------------------------


class DeliveryState(StrEnum):
    """Where a delivery stands."""

    PENDING = "pending"
    DELIVERED = "delivered"
    DEAD = "dead"
    """Given up after the last attempt."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivery:
    """One event on its way to one target, as claimed."""

    id: str
    event_id: str
    event_name: str
    project_id: str
    record_id: str
    target: str
    body: bytes
    attempts: int
    """How many were made before this claim."""
    epoch: int
    """Fencing number of this claim."""
    created_at: datetime


@dataclass(frozen=True, slots=True)
class Backlog:
    """What waits: deliveries by state, the oldest pending one, and pending ones by target."""

    by_state: Mapping[DeliveryState, int]
    oldest_pending: datetime | None
    pending_by_target: Mapping[str, int]


class EventStore(Protocol):
    """The outbox."""

    async def record(self, events: Sequence[NewEvent]) -> None:
        """Write events that no other change carries."""
        ...

    async def claim_deliveries(
        self, targets: Collection[str], *, limit: int, lease: timedelta, now: datetime
    ) -> list[Delivery]:
        """Lease up to `limit` pending deliveries to `targets` that are due at `now`, oldest first.

        Committed when it returns. No delivery is held by two live leases. Of one target and record, only the
        earliest pending delivery (by sequence, then age) is given out, unless that one is waiting for a later
        try: one that is due again is the first again.
        """
        ...

    async def settle_delivery(
        self,
        delivery_id: str,
        *,
        epoch: int,
        state: DeliveryState,
        next_at: datetime | None,
        error: str | None,
        now: datetime,
    ) -> bool:
        """Record the outcome of one try, count it, and end the lease. PENDING needs `next_at`.

        False if the claim was lost meanwhile: then nothing is written.
        """
        ...

    async def backlog(self) -> Backlog: ...


# --- API keys and upkeep ------------------------------------------------------------------------------


class ApiKeyStore(Protocol):
    """API keys made with the command line or in Python."""

    async def create_api_key(self, key: ApiKey) -> None: ...

    async def api_key(self, key_id: str) -> ApiKey | None: ...

    async def api_keys(self, project_id: str) -> list[ApiKey]: ...

    async def revoke_api_key(self, project_id: str, key_id: str, *, now: datetime) -> ApiKey | None: ...

    async def touch_api_key(self, key_id: str, *, now: datetime) -> None: ...


@dataclass(frozen=True, slots=True)
class Erased:
    """What `erase_owner` removed."""

    sessions: int
    accounts: tuple[StoredCredentials, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Retention:
    """What is old enough to be removed: rows that ended before these instants."""

    sessions_before: datetime
    attempts_before: datetime
    events_before: datetime
    """Events are removed when none of their deliveries is pending."""
    visits_before: datetime
    """Visits by creation, OAuth states by expiry, and `held` credentials of attempts by `updated_at`."""
    idempotency_before: datetime
    batch: int = 1000
    """At most so many rows of each kind in one call."""


@dataclass(frozen=True, slots=True)
class Purged:
    """How many rows of each kind one `purge` removed."""

    sessions: int
    attempts: int
    events: int
    visits: int
    states: int
    idempotency: int
    held: int
    """Attempts that lost their `held` credentials."""


class Upkeep(Protocol):
    """What keeps a storage sound."""

    async def check(self) -> None:
        """Raise MissingTables or StorageUnavailable if the storage cannot be used."""
        ...

    async def canary(self, proposed: bytes) -> bytes:
        """The stored canary; `proposed` is stored and returned if there was none."""
        ...

    async def erase_owner(self, project_id: str, origin_owner_id: str, *, announce: Announce) -> Erased:
        """Remove everything of one owner: sessions, visits, attempts, states, accounts, credentials, and the
        bodies of earlier events (pending deliveries of them end). `announce` is called for each account."""
        ...

    async def purge(self, retention: Retention) -> Purged:
        """Remove one batch of what is old enough. Call again until it removes nothing."""
        ...

    async def aclose(self) -> None:
        """Let go of connections and threads that the storage made itself. It may be used again."""
        ...


class Storage(SessionStore, VisitStore, AccountStore, EventStore, ApiKeyStore, Upkeep, Protocol):
    """All of the above."""
