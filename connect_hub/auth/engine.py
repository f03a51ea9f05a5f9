"""The interface of the engines, one for each kind of auth method, and how to get one."""

from typing import TYPE_CHECKING, Protocol

from connect_hub.clock import Clock
from connect_hub.connectors.registry import EnabledConnector
from connect_hub.connectors.values import FieldValues
from connect_hub.credentials import Credentials
from connect_hub.models import ProviderIdentity

if TYPE_CHECKING:
    from connect_hub.auth.calls import HttpSender
    from connect_hub.auth.oauth2 import OAuth2Engine

__all__ = ["AuthEngine", "Engines", "FormSignIn"]


class AuthEngine(Protocol):
    """One auth method of one connector: what can be done with an account's credentials."""

    def base_url(self, credentials: Credentials) -> str:
        """Where this account's API lives. Raises WrongAddress."""
        ...

    def request_headers(self, credentials: Credentials) -> dict[str, str]:
        """The headers of an authenticated API call. Raises RejectedCredentials for unusable values."""
        ...

    async def probe(self, credentials: Credentials) -> ProviderIdentity | None:
        """Try the credentials, and say whose they are; None: the provider does not tell.

        Raises RejectedCredentials, MissingPermission, WrongAddress, ProviderUnavailable or CouldNotCheck.
        """
        ...

    def can_refresh(self, credentials: Credentials) -> bool:
        """Whether `refresh` can lead to anything."""
        ...

    async def refresh(self, credentials: Credentials) -> Credentials:
        """New credentials in place of these; the caller holds the account's lease.

        Raises CredentialsExpired only where the provider said so in due form, ClientRejected where the hub's
        own OAuth client is at fault, else RefreshFailed, after which the old ones may still be good.
        """
        ...

    async def revoke(self, credentials: Credentials) -> bool:
        """End the grant at the provider, best effort; whether the provider said yes. Raises nothing."""
        ...


class FormSignIn(AuthEngine, Protocol):
    """An engine whose credentials come from a form."""

    async def obtain(self, values: FieldValues) -> Credentials:
        """Credentials from a form's values, not tried yet. Raises ProviderErrors, ValidationFailed."""
        ...


class Engines:
    """Makes the engine for a method; cheap, keeps nothing."""

    def __init__(self, *, sender: "HttpSender", clock: Clock) -> None:
        self._sender = sender
        self._clock = clock

    def of(self, connector: EnabledConnector, method: str | None = None) -> "FormSignIn | OAuth2Engine":
        """The engine of the method called `method`; None: the one offered first.

        An OAuth2Engine where a browser has to go to the provider, else one with `obtain`. Raises KeyError for
        a method that is not offered.
        """
        # Imported here, so that a hub is imported and built without the models of definitions.
        from connect_hub.auth.client_credentials import ClientCredentialsEngine
        from connect_hub.auth.form import FormEngine
        from connect_hub.auth.oauth2 import OAuth2Engine
        from connect_hub.auth.sign_in import SignIn

        sign_in = SignIn(connector, connector.method(method), self._sender, self._clock)
        if sign_in.method.type == "oauth2":
            return OAuth2Engine(sign_in)
        if sign_in.method.type == "client_credentials":
            return ClientCredentialsEngine(sign_in)
        return FormEngine(sign_in)
