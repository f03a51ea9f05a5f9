"""Linked accounts: read, changed, converted, paused, deleted."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from connect_hub.errors import AccountNotFound, FieldError, ValidationFailed
from connect_hub.events import account_event, change_name
from connect_hub.flows.core import Core
from connect_hub.flows.requests import ChangeAccount, OwnerName, parse
from connect_hub.flows.revocation import Revocation
from connect_hub.models import Account, AccountStatus, AccountType, StatusReason
from connect_hub.storage.protocol import AccountQuery, Change, Erased, NewEvent

__all__ = ["AccountFilter", "Accounts", "Owners"]


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountFilter:
    """Which accounts to list; empty: all."""

    account_ids: frozenset[str] = frozenset()
    origin_owner_ids: frozenset[str] = frozenset()
    providers: frozenset[str] = frozenset()
    statuses: frozenset[AccountStatus] = frozenset()


class Accounts:
    """What a host does with accounts. Every account returned has the status that the outside sees."""

    def __init__(self, core: Core, revocation: Revocation) -> None:
        self._core = core
        self._revocation = revocation

    def seen(self, account: Account) -> Account:
        """`account` with status `inactive` if its connector is disabled on its project."""
        if account.provider in self._core.enabled(account.project_id):
            return account
        return replace(account, status=AccountStatus.INACTIVE)

    async def get(self, account_id: str, *, project: str = "default") -> Account:
        """Raises AccountNotFound, for another project's account as well."""
        await self._core.ready()
        account = await self._core.storage.account(account_id, project_id=project)
        if account is None:
            raise AccountNotFound
        return self.seen(account)

    async def list(
        self,
        where: AccountFilter | None = None,
        *,
        project: str = "default",
        limit: int = 25,
        offset: int = 0,
        before: tuple[datetime, str] | None = None,
    ) -> list[Account]:
        """Accounts, newest first; `before` is (created_at, id) of the last one of the page before."""
        await self._core.ready()
        where = AccountFilter() if where is None else where
        query = AccountQuery(
            project_id=project,
            account_ids=where.account_ids,
            origin_owner_ids=where.origin_owner_ids,
            providers=where.providers,
            statuses=where.statuses,
            enabled_providers=self._core.enabled(project),
            limit=limit,
            offset=offset,
            before=before,
        )
        return [self.seen(account) for account in await self._core.storage.accounts(query)]

    async def change(self, account_id: str, request: ChangeAccount, *, project: str = "default") -> Account:
        """Change what `request` names and leave the rest.

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
        if "metadata" in changes:
            changes["metadata"] = changes["metadata"] or {}
        if request.type is AccountType.TEST:
            changes["type"] = AccountType.TEST

        def apply(account: Account) -> Account:
            if request.provider is not None and request.provider != account.provider:
                raise ValidationFailed(
                    FieldError("provider", f"must be {account.provider!r}; an account cannot change provider")
                )
            return self._touched(account, replace(account, **changes))

        return await self._change(account_id, apply, project)

    async def convert(self, account_id: str, type: AccountType, *, project: str = "default") -> Account:  # noqa: A002  # the wire's word
        """Make it a test or a production account. Raises AccountNotFound, AccountConflict."""
        return await self._change(account_id, lambda a: self._touched(a, replace(a, type=type)), project)

    async def suspend(self, account_id: str, *, reason: str = "", project: str = "default") -> Account:
        """Pause it: its credentials are kept and not used."""
        why = StatusReason("suspended", reason or "Suspended by hand.", self._core.clock.now())

        def apply(account: Account) -> Account:
            if account.status is AccountStatus.SUSPENDED:
                return account
            return self._touched(
                account, replace(account, status=AccountStatus.SUSPENDED, status_reasons=(why,))
            )

        return await self._change(account_id, apply, project)

    async def resume(self, account_id: str, *, project: str = "default") -> Account:
        """End a suspension; an account in another status is left as it is."""

        def apply(account: Account) -> Account:
            if account.status is not AccountStatus.SUSPENDED:
                return account
            return self._touched(account, replace(account, status=AccountStatus.ACTIVE, status_reasons=()))

        return await self._change(account_id, apply, project)

    def _touched(self, before: Account, after: Account) -> Account:
        """`after`, stamped, if anything changed."""
        return before if after == before else replace(after, updated_at=self._core.clock.now())

    async def _change(self, account_id: str, change: Callable[[Account], Account], project: str) -> Account:
        await self._core.ready()
        account = await self._core.storage.change_account(project, account_id, change, announce=self.announce)
        if account is None:
            raise AccountNotFound
        self._core.wake()
        return self.seen(account)

    async def delete(self, account_id: str, *, project: str = "default") -> Account:
        """Destroy its credentials and remove it, then revoke them at the provider, best effort.

        Returns the account as it was. Raises AccountNotFound.
        """
        await self._core.ready()
        removed = await self._core.storage.delete_account(project, account_id, announce=self.announce)
        if removed is None:
            raise AccountNotFound
        self._core.wake()
        self._revocation.begin(removed)
        return self.seen(removed.account)

    def announce(self, account: Account, change: Change, before: Account | None) -> Sequence[NewEvent]:
        """An `Announce`: the event that tells of a change to an account."""
        return [
            account_event(
                change_name(change),
                account,
                targets=self._core.targets,
                now=self._core.clock.now(),
                status=self.seen(account).status,
            )
        ]


class Owners:
    """Everything of one customer."""

    def __init__(self, core: Core, accounts: Accounts, revocation: Revocation) -> None:
        self._core = core
        self._accounts = accounts
        self._revocation = revocation

    async def erase(self, origin_owner_id: str, *, project: str = "default") -> Erased:
        """Remove all accounts, credentials, sessions and attempts of an owner, and its data in past events.

        Each account's `account.deleted` is still delivered; it is the last that is kept, until it is purged.
        Raises ValidationFailed for an id that no owner can have.
        """
        parse(OwnerName, {"origin_owner_id": origin_owner_id})
        await self._core.ready()
        erased = await self._core.storage.erase_owner(
            project, origin_owner_id, announce=self._accounts.announce
        )
        self._core.wake()
        for removed in erased.accounts:
            self._revocation.begin(removed)
        return erased
