"""`Site`: what the handlers work with."""

from dataclasses import dataclass, field

from connect_hub.connectors.registry import EnabledConnector
from connect_hub.flows.accounts import Accounts, Owners
from connect_hub.flows.api_keys import ApiKeys
from connect_hub.flows.connecting import Connecting
from connect_hub.flows.core import Core
from connect_hub.flows.sessions import Sessions
from connect_hub.flows.visits import Visits
from connect_hub.web.contexts import ProviderView
from connect_hub.web.guards import RateLimiter
from connect_hub.web.static import Assets
from connect_hub.web.templating import Templating
from connect_hub.web.urls import Urls

__all__ = ["Flows", "Limiters", "Site"]


@dataclass(frozen=True, slots=True)
class Flows:
    """The use cases."""

    sessions: Sessions
    api_keys: ApiKeys
    accounts: Accounts
    owners: Owners
    visits: Visits
    connecting: Connecting


@dataclass(frozen=True, slots=True)
class Limiters:
    """One token bucket for each kind of caller."""

    api_keys: RateLimiter
    failed_api_keys: RateLimiter
    visits: RateLimiter
    clients: RateLimiter

    @classmethod
    def of(cls, core: Core) -> "Limiters":
        """As configured."""
        rates = core.config.network.rates
        return cls(
            RateLimiter(rates.per_api_key),
            RateLimiter(rates.failed_api_keys),
            RateLimiter(rates.per_visit),
            RateLimiter(rates.per_client),
        )


@dataclass(frozen=True, slots=True)
class Site:
    """One hub's web application, as its handlers see it."""

    core: Core
    flows: Flows
    templating: Templating
    assets: Assets
    limiters: Limiters
    urls: Urls = field(repr=False)

    def provider_view(self, connector: EnabledConnector) -> ProviderView:
        """A connector as pages show it."""
        return ProviderView(connector.key, connector.name, self.assets.logo_url(connector.key))
