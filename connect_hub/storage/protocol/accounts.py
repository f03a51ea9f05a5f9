"""Linked accounts and their sealed credentials."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol

from connect_hub.models import Account, AccountStatus, ProviderIdentity, Session
from connect_hub.storage.protocol.audit import Noting
from connect_hub.storage.protocol.changes import Announce, InTransaction, Sealed

__all__ = ["AccountQuery", "AccountStore", "LinkRequest", "LinkResult", "StoredCredentials"]


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountQuery:
    """Which accounts to list: newest first, by (created_at, id). Empty collections: all."""

    project_id: str
    account_ids: frozenset[str] = frozenset()
    origin_owner_ids: frozenset[str] = frozenset()
    providers: frozenset[str] = frozenset()
    methods: frozenset[str] = frozenset()
    """By which they signed in."""
    statuses: frozenset[AccountStatus] = frozenset()
    """`INACTIVE` selects accounts whose provider is not in `enabled_providers`, or is there with their method
    in `unusable_methods`; the others select by stored status among the rest."""
    also_hidden: frozenset[AccountStatus] = frozenset()
    """Of the statuses, those that select by stored status among all accounts."""
    enabled_providers: frozenset[str] = frozenset()
    unusable_methods: frozenset[tuple[str, str]] = frozenset()
    """(provider, method)."""
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
           of this project, owner and provider); else the attempt's, likewise, and it must be of the session's
           type as well; else, if the session is `multiple`, a new one with slot
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
           gets its status and account_id, and its `held` is removed. The step is recorded.
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
        note: Noting | None = None,
    ) -> Account | None:
        """Replace the account by `change(account)`, under its lock, and write `announce`'s events.

        `change` is pure. If it returns an equal account nothing is written at all. Its id,
        project, sequence, generation, key id, refresh lease and epoch, and the sealed credentials are the
        storage's own. Raises AccountConflict if the new
        owner, provider, type and slot are another account's; None if there is no such account.
        """
        ...

    async def delete_account(
        self, project_id: str, account_id: str, *, announce: Announce, note: Noting | None = None
    ) -> StoredCredentials | None:
        """Remove the account with its credentials and pending refresh; returns what was removed.

        Its event is the last one of the account. `note` gets the account twice.
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
