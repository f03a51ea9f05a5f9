"""Linked accounts: read, changed, converted, paused, deleted."""

import hashlib
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, TypeVar, Unpack

from connect_hub.audit import AuditAction
from connect_hub.connectors.offer import Offer
from connect_hub.errors import AccountNotFound, FieldError, ValidationFailed
from connect_hub.events import account_event, change_name
from connect_hub.flows.audit import AuditLog
from connect_hub.flows.core import Core
from connect_hub.flows.owner_doubts import OwnerDoubts, owner_doubts
from connect_hub.flows.requests import (
    AccountChange,
    AccountFields,
    ChangeAccount,
    OwnerName,
    SuspendAccount,
    parse,
)
from connect_hub.flows.revocation import Revocation
from connect_hub.models import Account, AccountStatus, AccountType, StatusReason
from connect_hub.storage.protocol import AccountQuery, Announce, Change, Erased, NewEvent

__all__ = ["AccountFilter", "Accounts", "Owners", "seen_in"]

T = TypeVar("T")


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountFilter:
    """Which accounts a page is of; an empty set: all, as a parameter that a request leaves out."""

    account_ids: frozenset[str] = frozenset()
    origin_owner_ids: frozenset[str] = frozenset()
    providers: frozenset[str] = frozenset()
    statuses: frozenset[AccountStatus] = frozenset()


class Accounts:
    """What a host does with accounts. Every account returned has the status that the outside sees."""

    def __init__(self, core: Core, revocation: Revocation) -> None:
        self._core = core
        self._revocation = revocation
        self._audit = AuditLog(core)

    async def seen(self, account: Account) -> Account:
        """`account` with status `inactive` if its connector is disabled on its project."""
        return seen_in(await self._core.offer(account.project_id), account)

    async def get(self, account_id: str, *, project: str = "default") -> Account:
        """Raises AccountNotFound, for another project's account as well."""
        await self._core.ready()
        account = await self._core.storage.account(account_id, project_id=project)
        if account is None:
            raise AccountNotFound
        return await self.seen(account)

    async def list(
        self,
        *,
        project: str = "default",
        account_ids: Collection[str] | None = None,
        origin_owner_ids: Collection[str] | None = None,
        providers: Collection[str] | None = None,
        statuses: Collection[AccountStatus] | None = None,
        limit: int = 25,
        before: tuple[datetime, str] | None = None,
    ) -> list[Account]:
        """Accounts, newest first, that are among all of what is given; an empty collection has none.

        `before` is (created_at, id) of the last one of the page before. Raises TypeError for a text in the
        place of a collection.
        """
        where = AccountFilter(
            account_ids=_among("account_ids", account_ids),
            origin_owner_ids=_among("origin_owner_ids", origin_owner_ids),
            providers=_among("providers", providers),
            statuses=_among("statuses", statuses),
        )
        if any(
            wanted is not None and not wanted
            for wanted in (account_ids, origin_owner_ids, providers, statuses)
        ):
            return []
        return [*await self.page_of(where, project=project, limit=limit, before=before)]

    async def page_of(
        self,
        where: AccountFilter,
        *,
        project: str,
        limit: int,
        offset: int = 0,
        before: tuple[datetime, str] | None = None,
        also_hidden: frozenset[AccountStatus] = frozenset(),
    ) -> Sequence[Account]:
        """One page: by place (`offset`) or by where the one before ended (`before`). `also_hidden`: statuses
        by which an account is found also where `inactive` hides them (`Account.hidden_status`)."""
        await self._core.ready()
        offer = await self._core.offer(project)
        query = AccountQuery(
            project_id=project,
            account_ids=where.account_ids,
            origin_owner_ids=where.origin_owner_ids,
            providers=where.providers,
            statuses=where.statuses,
            also_hidden=also_hidden,
            enabled_providers=offer.enabled,
            unusable_methods=offer.unusable,
            limit=limit,
            offset=offset,
            before=before,
        )
        return [seen_in(offer, account) for account in await self._core.storage.accounts(query)]

    async def change(
        self, account_id: str, *, project: str = "default", **fields: Unpack[AccountFields]
    ) -> Account:
        """Change the fields that are named and leave the rest; see `AccountFields`.

        Raises ValidationFailed, naming each field that is wrong; AccountNotFound; AccountConflict if the
        owner has such an account already.
        """
        wanted = parse(AccountChange, fields)
        changes = {name: getattr(wanted, name) for name in wanted.model_fields_set}
        return await self._change(account_id, self._changing(changes), project, AuditAction.ACCOUNT_CHANGED)

    async def change_from(
        self, account_id: str, request: ChangeAccount, *, project: str = "default"
    ) -> Account:
        """Change what a client's `request` names, without what clients send unasked.

        Raises AccountNotFound; AccountConflict if the owner has such an account already; ValidationFailed for
        another provider.
        """
        changes: dict[str, Any] = {
            name: getattr(request, name)
            for name in ("origin_owner_id", "origin_owner_name", "origin_username", "label", "metadata")
            if name in request.model_fields_set
        }
        for required in ("origin_owner_id", "origin_owner_name"):
            if changes.get(required, "") is None:
                del changes[required]  # an account has an owner; a client sends null for what it leaves out
        if request.type is AccountType.TEST:
            changes["type"] = AccountType.TEST
        change = self._changing(changes)

        def apply(account: Account) -> Account:
            if request.provider is not None and request.provider != account.provider:
                raise ValidationFailed(
                    FieldError("provider", f"must be {account.provider!r}; an account cannot change provider")
                )
            return change(account)

        return await self._change(account_id, apply, project, AuditAction.ACCOUNT_CHANGED)

    def _changing(self, changes: dict[str, Any]) -> Callable[[Account], Account]:
        if "metadata" in changes:
            changes["metadata"] = changes["metadata"] or {}
        return lambda account: self._touched(account, replace(account, **changes))

    async def count_by_provider(self, *, project: str = "default") -> dict[str, int]:
        """How many accounts each of the hub's connectors has; a count ends at 3,000."""
        await self._core.ready()
        return await self._core.storage.accounts_by_provider(project, sorted(self._core.connectors))

    async def convert(self, account_id: str, type: AccountType, *, project: str = "default") -> Account:  # noqa: A002  # the wire's word
        """Make it a test or a production account. Raises AccountNotFound, AccountConflict."""
        return await self._change(
            account_id,
            lambda a: self._touched(a, replace(a, type=type)),
            project,
            AuditAction.ACCOUNT_CONVERTED,
        )

    async def suspend(self, account_id: str, *, reason: str = "", project: str = "default") -> Account:
        """Pause it: its credentials are kept and not used.

        `reason`, of at most 200 characters, stands at the account while it is suspended; of one that is
        suspended already it takes the place of the one before. Raises ValidationFailed, AccountNotFound.
        """
        reason = parse(SuspendAccount, {"reason": reason}).reason
        why = StatusReason("suspended", reason or "Suspended by hand.", self._core.clock.now())

        def apply(account: Account) -> Account:
            if account.status is AccountStatus.SUSPENDED and not reason:
                return account
            return self._touched(
                account, replace(account, status=AccountStatus.SUSPENDED, status_reasons=(why,))
            )

        return await self._change(account_id, apply, project, AuditAction.ACCOUNT_SUSPENDED, reason=reason)

    async def resume(self, account_id: str, *, project: str = "default") -> Account:
        """End a suspension; an account in another status is left as it is."""

        def apply(account: Account) -> Account:
            if account.status is not AccountStatus.SUSPENDED:
                return account
            return self._touched(account, replace(account, status=AccountStatus.ACTIVE, status_reasons=()))

        return await self._change(account_id, apply, project, AuditAction.ACCOUNT_RESUMED)

    def _touched(self, before: Account, after: Account) -> Account:
        """`after`, stamped, if anything changed."""
        return before if after == before else replace(after, updated_at=self._core.clock.now())

    async def _change(
        self,
        account_id: str,
        change: Callable[[Account], Account],
        project: str,
        action: AuditAction,
        *,
        reason: str = "",
    ) -> Account:
        await self._core.ready()
        offer = await self._core.offer(project)
        account = await self._core.storage.change_account(
            project,
            account_id,
            change,
            announce=self.announcing(offer),
            note=self._audit.noting(action, reason=reason),
        )
        if account is None:
            raise AccountNotFound
        self._core.wake()
        return seen_in(offer, account)

    async def delete(self, account_id: str, *, project: str = "default") -> Account:
        """Destroy its credentials and remove it, then revoke them at the provider, best effort.

        Returns the account as it was. Raises AccountNotFound.
        """
        await self._core.ready()
        offer = await self._core.offer(project)
        removed = await self._core.storage.delete_account(
            project,
            account_id,
            announce=self.announcing(offer),
            note=self._audit.noting(AuditAction.ACCOUNT_DELETED),
        )
        if removed is None:
            raise AccountNotFound
        self._core.wake()
        self._revocation.begin(removed)
        return seen_in(offer, removed.account)

    def announcing(self, offer: Offer) -> Announce:
        """Makes the event that tells of a change to an account of the offer's project."""

        def announce(account: Account, change: Change, before: Account | None) -> Sequence[NewEvent]:
            return [
                account_event(
                    change_name(change),
                    account,
                    targets=self._core.targets,
                    now=self._core.clock.now(),
                    status=seen_in(offer, account).status,
                )
            ]

        return announce


class Owners:
    """Everything of one customer."""

    def __init__(self, core: Core, accounts: Accounts, revocation: Revocation) -> None:
        self._core = core
        self._accounts = accounts
        self._revocation = revocation

    async def doubts(
        self, origin_owner_id: str, *, origin_owner_name: str, project: str = "default"
    ) -> OwnerDoubts:
        """What to ask whoever typed this id and name, before a link is made for them."""
        return await owner_doubts(self._core, origin_owner_id, origin_owner_name, project=project)

    async def erase(self, origin_owner_id: str, *, project: str = "default") -> Erased:
        """Remove all accounts, credentials, sessions and attempts of an owner, and its data in past events.

        Each account's `account.deleted` is still delivered; it is the last that is kept, until it is purged.
        Raises ValidationFailed for an id that no owner can have.
        """
        parse(OwnerName, {"origin_owner_id": origin_owner_id})
        await self._core.ready()
        erased = await self._core.storage.erase_owner(
            project,
            origin_owner_id,
            announce=self._accounts.announcing(await self._core.offer(project)),
            # Which customer it was can be shown to whoever knows the id; the log itself forgets it.
            note=AuditLog(self._core).entry(
                project, AuditAction.OWNER_ERASED, hashlib.sha256(origin_owner_id.encode()).hexdigest()[:32]
            ),
        )
        self._core.wake()
        for removed in erased.accounts:
            self._revocation.begin(removed)
        return erased


def seen_in(offer: Offer, account: Account) -> Account:
    """`account`, which is of the offer's project, with the status that the outside sees."""
    usable = offer.is_usable(account.provider, account.method)
    if usable:
        return account
    hidden = account.hidden_status or account.status
    return replace(account, status=AccountStatus.INACTIVE, hidden_status=hidden)


def _among(name: str, wanted: Collection[T] | None) -> frozenset[T]:
    if isinstance(wanted, str):
        raise TypeError(f"{name} is a collection, such as [{wanted!r}], not one text")
    return frozenset(() if wanted is None else wanted)
