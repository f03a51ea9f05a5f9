"""Accounts."""

from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar

from connect_hub.web.contexts import OptionView, ProviderView
from connect_hub.web.dashboard.contexts.page import Action, DashboardPage, Fact, ListPage, Moment, StateView
from connect_hub.web.untrusted import Untrusted

__all__ = ["AccountDetail", "AccountList", "AccountRow"]


@dataclass(frozen=True, slots=True)
class AccountRow:
    """One account in the list."""

    url: str
    id: str
    owner_name: Untrusted
    owner_id: Untrusted
    provider: ProviderView
    states: tuple[StateView, ...]
    """Two where it is suspended and its connector is off."""
    is_test: bool
    created_at: datetime
    actions: tuple[Action, ...]


@dataclass(frozen=True, kw_only=True)
class AccountList(ListPage):
    """Accounts."""

    template: ClassVar[str] = "dashboard/accounts.html"
    filters: ClassVar[tuple[str, ...]] = ("query", "provider", "status")

    rows: tuple[AccountRow, ...]
    query: str = ""
    provider: str = ""
    status: str = ""
    providers: tuple[OptionView, ...] = ()
    statuses: tuple[OptionView, ...] = ()
    new_link_url: str | None = None
    """None: the operator's role does not allow it."""
    export_url: str = ""


@dataclass(frozen=True, kw_only=True)
class AccountDetail(DashboardPage):
    """One account: what is known, what happened, what can be done."""

    template: ClassVar[str] = "dashboard/account.html"

    id: str
    owner_name: Untrusted
    provider: ProviderView
    states: tuple[StateView, ...]
    """Two where it is suspended and its connector is off."""
    is_test: bool
    reasons: tuple[Untrusted, ...]
    notes: tuple[str, ...]
    """What stands in the way."""
    facts: tuple[Fact, ...]
    history: tuple[Moment, ...]
    actions: tuple[Action, ...]
    list_url: str
