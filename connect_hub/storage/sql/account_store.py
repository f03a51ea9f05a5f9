"""What `SQLStorage` has for accounts: their credentials, and the triggers that point at them."""

from collections.abc import Callable
from datetime import datetime, timedelta

from connect_hub.models import Account, Trigger
from connect_hub.storage.protocol import (
    AccountQuery,
    Announce,
    LinkRequest,
    LinkResult,
    Noting,
    Sealed,
    StoredCredentials,
)
from connect_hub.storage.sql import (
    accounts,
    linking,
    triggers,
)
from connect_hub.storage.sql.tables import Tables
from connect_hub.storage.sql.transactions import Transactions

__all__ = ["SQLAccounts"]


class SQLAccounts:
    """`AccountStore` and `TriggerStore` over SQLAlchemy."""

    _transactions: Transactions
    tables: Tables

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
