"""An account as its owner sees it."""

from typing import Literal

from connect_hub.flows.connecting import shown_identity
from connect_hub.flows.managing import Managed
from connect_hub.models import Account, AccountStatus
from connect_hub.web import contexts
from connect_hub.web.site import Site
from connect_hub.web.untrusted import Untrusted

__all__ = ["account_view", "state_of"]

_STATES: dict[AccountStatus, Literal["connected", "attention"]] = {
    AccountStatus.ACTIVE: "connected",
    AccountStatus.EXPIRED: "attention",
    AccountStatus.ERROR: "attention",
}


def state_of(account: Account) -> Literal["connected", "attention", "paused"]:
    """In words for its owner: what is neither well nor the customer's to mend is paused."""
    return _STATES.get(account.status, "paused")


def account_view(site: Site, visit: str, managed: Managed) -> contexts.AccountView:
    """An account as its owner sees it."""
    account = managed.account
    reason = account.status_reasons[0].description if account.status_reasons else ""
    return contexts.AccountView(
        provider=site.provider_view(managed.connector),
        url=site.urls.path("managed", visit=visit, account=account.id),
        account_name=None if account.identity is None else Untrusted(shown_identity(account.identity)),
        state=state_of(account),
        connected_at=account.created_at,
        connected_by=None if account.origin_username is None else Untrusted(account.origin_username),
        last_used_at=account.last_used_at,
        reason=Untrusted(reason, limit=200) if reason else None,
    )
