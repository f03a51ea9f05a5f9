"""What a customer has connected, for sessions that may manage it."""

from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar, Literal

from connect_hub.web.contexts.page import Form, Page, ProviderView
from connect_hub.web.untrusted import Untrusted

__all__ = ["AccountView", "Disconnect", "ManagedAccount"]


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountView:
    """One account that the customer has connected."""

    provider: ProviderView
    """The provider."""
    url: str
    """Its own page."""
    account_name: Untrusted | None = None
    """Who it is at the provider, where that is known."""
    state: Literal["connected", "attention", "paused"] = "connected"
    """How it is: `attention` needs the customer, `paused` needs the product."""
    connected_at: datetime
    """When it was connected first; aware, UTC."""
    connected_by: Untrusted | None = None
    """`origin_username` of who connected it, as the requester wrote it."""
    last_used_at: datetime | None = None
    """When the product used it last; None: not yet, or not known."""
    reason: Untrusted | None = None
    """Why it needs attention or is paused, where somebody said so."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ManagedAccount(Page):
    """One account: how it is, and what can be done."""

    template: ClassVar[str] = "pages/account.html"

    account: AccountView
    """The account."""
    disconnect_url: str
    """The question whether to disconnect it."""
    reconnect_url: str | None = None
    """The form that renews it; None: not offered."""
    back_url: str
    """The list."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Disconnect(Page):
    """Asks whether the account is really to be disconnected, and says what that does."""

    template: ClassVar[str] = "pages/disconnect.html"

    account: AccountView
    """The account."""
    confirm: Form
    """Disconnects it."""
    back_url: str
    """Back to the account."""
