"""What is wrong with a request for a session, as far as its form alone does not tell."""

from urllib.parse import urlsplit

from connect_hub.connectors.offer import Offer
from connect_hub.errors import ConnectorInactive, FieldError
from connect_hub.flows.core import Core
from connect_hub.flows.endpoint_addresses import EndpointAddresses
from connect_hub.flows.requests import CreateSession
from connect_hub.message import Message
from connect_hub.models import Binding

__all__ = ["SessionProblems"]


class SessionProblems:
    """Collects what is wrong with a request in view of the hub's configuration and its accounts."""

    def __init__(self, core: Core, offer: Offer, project: str, request: CreateSession) -> None:
        self._core = core
        self._project = project
        self._request = request
        self._offer = offer
        self.found: list[FieldError] = []

    def _add(self, name: str, message: str) -> None:
        self.found.append(FieldError(name, message))

    def check_plain(self) -> None:
        """Everything that needs no database. Raises ConnectorInactive."""
        request, links = self._request, self._core.config.links
        self._check_providers()
        longest = int(links.max_lifetime.total_seconds())
        if request.expires_in is not None and not 60 <= request.expires_in <= longest:
            self._add("expires_in", f"must be from 60 to {longest} seconds")
        if request.return_url is not None and not self._may_return_to(request.return_url):
            self._add(
                "return_url", "is not one of the configured return URLs; add it to LinkConfig.return_urls"
            )
        if request.state is not None and request.return_url is None:
            self._add("state", "is only used with return_url")
        self._check_webhook()
        stronger = request.binding is Binding.HOST_IDENTITY
        if request.binding is Binding.CONFIRM and links.binding is Binding.HOST_IDENTITY:
            self._add("binding", "may only be stronger than the hub's own, which is host_identity")
        if stronger and self._core.config.pages.identity is None:
            self._add("binding", "host_identity needs PageConfig(identity=…)")
        if request.manage and not (stronger or links.binding is Binding.HOST_IDENTITY):
            self._add("manage", "needs binding: host_identity")

    def _check_webhook(self) -> None:
        url, config = self._request.webhook_url, self._core.config
        if url is None:
            return
        if self._core.project(self._project).session_webhook_secret is None:
            self._add(
                "webhook_url", "is for development; to allow it set Project(session_webhook_secret='whsec_…')"
            )
            return
        problem = EndpointAddresses(config.network).problem(url)
        if problem is not None:
            self._add("webhook_url", problem)

    def _check_providers(self) -> None:
        for index, key in enumerate(self._request.providers or ()):
            self._check_provider(f"providers.{index}", key)
        provider = self._request.provider
        if provider is None:
            return
        self._check_provider("provider", provider)
        if self._request.providers is not None and provider not in self._request.providers:
            self._add("provider", "is not among providers")
        wanted = self._request.categories
        if wanted is not None and provider in self._offer:
            categories = self._core.connectors.get(provider).definition.categories
            if not set(categories) & set(wanted):
                self._add(
                    "provider",
                    Message("%(provider)s is of none of these categories", provider=repr(provider)),
                )

    def _check_provider(self, name: str, key: str) -> None:
        if key in self._offer:
            return
        if key in self._core.connectors:
            raise ConnectorInactive(f"The connector {key!r} is not enabled on this project.")
        near = self._core.connectors.nearest(key)
        hint = f"; did you mean {near!r}?" if near else ""
        self._add(name, f"there is no connector {key[:64]!r}{hint}")

    def _may_return_to(self, address: str) -> bool:
        return any(_same_page(address, allowed) for allowed in self._core.config.links.return_urls)

    async def check_account(self) -> None:
        """That the account exists and is this owner's, and of the provider that was named."""
        request = self._request
        if request.account_id is None:
            return
        account = await self._core.storage.account(request.account_id, project_id=self._project)
        if account is None or account.origin_owner_id != request.origin_owner_id:
            self._add("account_id", "this owner has no such account")
        elif request.provider is not None and account.provider != request.provider:
            self._add("provider", f"the account is of {account.provider!r}")
        elif account.provider not in self._offer:
            raise ConnectorInactive(f"The connector {account.provider!r} is not enabled on this project.")


def _same_page(address: str, allowed: str) -> bool:
    """Whether two absolute URLs agree in scheme, host, port and path, and the first has nothing odd in it."""
    if any(ord(character) <= 32 or character in "\\\x7f" for character in address):
        return False
    try:
        given, known = urlsplit(address), urlsplit(allowed)
        return (
            given.username is None
            and given.password is None
            and not given.fragment
            and (given.scheme, given.hostname, given.port, given.path)
            == (known.scheme, known.hostname, known.port, known.path)
        )
    except ValueError:
        return False
