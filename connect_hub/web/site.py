"""`Site`: what the handlers work with."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from starlette.requests import Request
from starlette.responses import HTMLResponse, Response

from connect_hub.connectors.registry import EnabledConnector
from connect_hub.flows.accounts import Accounts, Owners
from connect_hub.flows.activity import Activity
from connect_hub.flows.api_keys import ApiKeys
from connect_hub.flows.attempts import Attempts
from connect_hub.flows.audit import AuditLog
from connect_hub.flows.connecting import Connecting
from connect_hub.flows.connector_settings import ConnectorsOfProject
from connect_hub.flows.core import Core
from connect_hub.flows.embedding import Embedding
from connect_hub.flows.endpoints import Endpoints
from connect_hub.flows.event_history import Events
from connect_hub.flows.links import Links
from connect_hub.flows.managing import Managing
from connect_hub.flows.operators import Operators
from connect_hub.flows.popups import Popups
from connect_hub.flows.sessions import Sessions
from connect_hub.flows.triggers import Triggers
from connect_hub.flows.visits import Visits
from connect_hub.web.contexts import (
    PAGES,
    Bounce,
    Form,
    LanguageSwitch,
    Leaving,
    Page,
    Problem,
    ProviderView,
)
from connect_hub.web.cookies import chosen_language
from connect_hub.web.faults import Faults
from connect_hub.web.guards import RateLimiter, client_address
from connect_hub.web.languages import Language
from connect_hub.web.static import Assets
from connect_hub.web.templating import Templating
from connect_hub.web.urls import Urls

__all__ = ["Flows", "Limiters", "Site"]

_LOCALE = "connect_hub.locale"
"""Where a request's scope says which language its session forces."""

_CHOSEN = "connect_hub.language"
"""Where it says which one its reader asks for in this very request."""

_LONGEST_QUERY = 2000
"""Of an address to come back to."""

_SWITCHED = frozenset(PAGES) - {Leaving, Bounce, Problem}
"""The pages that are there long enough, and can be come back to."""


@dataclass(frozen=True, slots=True)
class Flows:
    """The use cases."""

    sessions: Sessions
    links: Links
    api_keys: ApiKeys
    attempts: Attempts
    audit: AuditLog
    operators: Operators
    accounts: Accounts
    activity: Activity
    owners: Owners
    triggers: Triggers
    connector_settings: ConnectorsOfProject
    endpoints: Endpoints
    events: Events
    visits: Visits
    connecting: Connecting
    embedding: Embedding
    popups: Popups
    managing: Managing


@dataclass(frozen=True, slots=True)
class Limiters:
    """One token bucket for each kind of caller, and for what one link may do."""

    api_keys: RateLimiter
    failed_api_keys: RateLimiter
    visits: RateLimiter
    clients: RateLimiter
    openings: RateLimiter
    renewals: RateLimiter
    sign_ins: RateLimiter
    operators: RateLimiter
    triggers: RateLimiter

    @classmethod
    def of(cls, core: Core) -> "Limiters":
        """As configured."""
        rates = core.config.network.rates
        return cls(
            RateLimiter(rates.per_api_key),
            RateLimiter(rates.failed_api_keys),
            RateLimiter(rates.per_visit),
            RateLimiter(rates.per_client),
            RateLimiter(rates.openings),
            RateLimiter(rates.renewals),
            RateLimiter(rates.sign_ins),
            RateLimiter(rates.per_operator),
            RateLimiter(rates.triggers),
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
    faults: Faults = field(default_factory=Faults, repr=False)

    @property
    def framed(self) -> bool:
        """Whether its pages stand in frames of the host's page."""
        return False

    def client_address(self, request: Request) -> str:
        """From where a request comes, for rates and the audit log, as the trusted proxies tell it."""
        return client_address(request, self.core.config.network.trusted_proxies)

    def limit(self, request: Request) -> None:
        """Count a request of a page by its client's address. Raises RateLimited after too many."""
        self.limiters.clients.spend(self.client_address(request))

    def provider_view(self, connector: EnabledConnector) -> ProviderView:
        """A connector as pages show it."""
        return ProviderView(connector.key, connector.name, self.assets.logo_url(connector.key))

    def force_language(self, request: Request, locale: str | None) -> None:
        """Answer `request` in its session's language, whatever the browser asks for; errors too.

        One that the pages do not come in decides nothing.
        """
        has = self.templating.languages.has
        request.scope[_LOCALE] = locale if locale is not None and has(locale) else None

    def is_forced(self, request: Request) -> bool:
        """Whether the session has decided the language."""
        return request.scope.get(_LOCALE) is not None

    def choose_language(self, request: Request, tag: str) -> bool:
        """Answer `request` in a language that its reader asks for here; False where it is not there."""
        if tag not in self.templating.languages.tags:
            return False
        request.scope[_CHOSEN] = tag
        return True

    def language(self, request: Request) -> Language:
        """The language to answer in: the session's, else the reader's choice, else the browser's, else
        English."""
        forced = request.scope.get(_LOCALE) or request.scope.get(_CHOSEN) or chosen_language(request)
        accepted = ",".join(request.headers.getlist("accept-language"))
        return self.templating.languages.negotiate(accepted, forced)

    def language_form(self, back: str) -> Form:
        """Where a choice of a language is posted, to come back to the path `back`."""
        return Form(self.urls.path("language"), (("back", back),))

    def switch(self, request: Request, form: Form | None = None, *, query: str = "") -> LanguageSwitch | None:
        """The choice of a language that leads back to the page of `request`, by `form` if that was a POST.

        With `query`, where the page has one in which nothing is secret. None where the session has decided,
        where coming back would lose what the page shows, and in a frame, to which the cookie of a choice does
        not come.
        """
        if self.framed or self.is_forced(request) or len(self.templating.languages.tags) < 2:
            return None
        if form is None:
            if request.method not in {"GET", "HEAD"} or len(query) > _LONGEST_QUERY:
                return None
            form = self.language_form(self.urls.of(request, query))
        return LanguageSwitch(form, self.templating.languages.named)

    def page(
        self, request: Request, page: Page, status: int = 200, headers: Mapping[str, str] | None = None
    ) -> Response:
        """The answer that shows `page` in the reader's language."""
        language = self.language(request)
        # A refusal says the same whatever it was asked for, so it names no address to come back to.
        if page.switch is None and page.embedding is None and status == 200 and type(page) in _SWITCHED:
            switch = self.switch(request)
            page = page if switch is None else replace(page, switch=switch)
        spoken = {"Content-Language": language.tag, "Vary": "Accept-Language, Cookie"}
        return HTMLResponse(
            self.templating.render(page, language), status_code=status, headers={**spoken, **(headers or {})}
        )
