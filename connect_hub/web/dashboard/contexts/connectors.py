"""Connectors: the list, one, and its OAuth client."""

from dataclasses import dataclass
from typing import ClassVar

from connect_hub.web.contexts import ProviderView
from connect_hub.web.dashboard.contexts.page import Action, Affected, DashboardPage, Fact, FormPage, StateView

__all__ = ["ClientForm", "ConnectorDetail", "ConnectorList", "ConnectorRow"]


@dataclass(frozen=True, slots=True)
class ConnectorRow:
    """One connector, as it is on the project."""

    url: str
    provider: ProviderView
    state: StateView
    category: str
    methods: tuple[str, ...]
    client_id: str
    has_oauth: bool
    has_secret: bool
    in_code: bool
    """The client is of the configuration, and changed there."""
    accounts: str
    """How many accounts are of it, in words."""
    accounts_url: str


@dataclass(frozen=True, kw_only=True)
class ConnectorList(DashboardPage):
    """Connectors."""

    template: ClassVar[str] = "dashboard/connectors.html"

    rows: tuple[ConnectorRow, ...]


@dataclass(frozen=True, kw_only=True)
class ConnectorDetail(DashboardPage):
    """One connector: what is set, by whom, and what can be done."""

    template: ClassVar[str] = "dashboard/connector.html"

    provider: ProviderView
    state: StateView
    facts: tuple[Fact, ...]
    redirect_uri: str
    """Empty: it is not signed in to with OAuth."""
    register_url: str | None
    """The provider's page where the client is made."""
    client_facts: tuple[Fact, ...]
    notes: tuple[str, ...]
    """What stands in the way, or is without effect."""
    actions: tuple[Action, ...]
    list_url: str


@dataclass(frozen=True, kw_only=True)
class ClientForm(FormPage):
    """The form of an OAuth client. A secret goes in, and never comes out."""

    template: ClassVar[str] = "dashboard/connector_client.html"

    provider: ProviderView
    redirect_uri: str
    register_url: str | None
    public: bool
    affected: Affected | None
    """The accounts whose tokens another client id could not refresh."""
    confirmed: bool
    unconfirmed: str
    """What to say where another client id was not confirmed; empty: nothing."""
