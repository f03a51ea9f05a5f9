"""The manage view: what a customer has connected, for a session with `manage`."""

from collections.abc import Sequence
from dataclasses import dataclass

from connect_hub.connectors.offer import Offer
from connect_hub.connectors.registry import EnabledConnector
from connect_hub.errors import AccountNotFound
from connect_hub.flows.accounts import Accounts, seen_in
from connect_hub.flows.choosing import Choosing
from connect_hub.flows.core import Core
from connect_hub.flows.visits import LiveVisit
from connect_hub.models import Account

__all__ = ["Managed", "Managing"]


@dataclass(frozen=True, slots=True)
class Managed:
    """One account as its owner sees it."""

    account: Account
    """With the status that the outside sees."""
    connector: EnabledConnector
    renewable: bool
    """Whether it can be renewed in this visit."""


class Managing:
    """Everything here is for sessions with `manage` alone, and for the accounts of their owner and type.

    Any other account is not found, and so is every account for any other session (T51).
    """

    def __init__(self, core: Core, choosing: Choosing, accounts: Accounts) -> None:
        self._core = core
        self._choosing = choosing
        self._accounts = accounts

    async def accounts(self, live: LiveVisit) -> Sequence[Managed]:
        """The accounts, newest first; those of connectors that the hub no longer knows are left out."""
        if not is_managing(live):
            return ()
        found = await self._choosing.visible(live)
        offer = await self._core.offer(live.session.project_id)
        return [
            await self._managed(live, offer, account)
            for account in found
            if account.provider in self._core.connectors
        ]

    async def account(self, live: LiveVisit, account_id: str) -> Managed:
        """Raises AccountNotFound."""
        if not is_managing(live):
            raise AccountNotFound
        for account in await self._choosing.visible(live):
            if account.id == account_id and account.provider in self._core.connectors:
                offer = await self._core.offer(live.session.project_id)
                return await self._managed(live, offer, account)
        raise AccountNotFound

    def nonce(self, live: LiveVisit, account_id: str) -> str:
        """Proof that the question was asked in this visit, of this account."""
        return self._core.nonces.make("disconnect", live.visit.secret_hash.hex(), account_id)

    async def disconnect(self, live: LiveVisit, account_id: str, nonce: str) -> Account:
        """Remove the account with its credentials, and revoke them at the provider, best effort.

        Returns it as it was. Raises AccountNotFound; FormExpired unless `nonce` is of this question.
        """
        managed = await self.account(live, account_id)
        self._core.nonces.check(
            nonce,
            "disconnect",
            live.visit.secret_hash.hex(),
            account_id,
            max_age=self._core.config.links.visit_absolute,
        )
        return await self._accounts.delete(managed.account.id, project=live.session.project_id)

    async def _managed(self, live: LiveVisit, offer: Offer, account: Account) -> Managed:
        renewable = await self._choosing.renews(live, offer, account)
        return Managed(seen_in(offer, account), offer.get(account.provider), renewable)


def is_managing(live: LiveVisit) -> bool:
    """Whether the visit may manage what its owner has connected."""
    return live.session.manage and live.session.account_id is None
