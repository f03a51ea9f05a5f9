"""What one project offers: the hub's connectors, as code and operators have set them.

Code comes first. It alone says which connectors there are, and may leave some of them out of a project; an
OAuth client or scopes that it gives stand. What it leaves open, operators set: whether a connector is on, and
the client and scopes of one that code has none for.
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace

from connect_hub.connectors.registry import ConnectorRegistry, EnabledConnector, OAuth
from connect_hub.errors import ConnectorInactive
from connect_hub.secret import Secret
from connect_hub.storage.protocol import ConnectorSettings

__all__ = ["Offer"]


class Offer:
    """The connectors of one project, at one moment.

    Iterating gives the keys of those that can be connected, in the order of configuration.
    """

    def __init__(
        self,
        registry: ConnectorRegistry,
        *,
        allowed: frozenset[str] | None,
        settings: Iterable[ConnectorSettings],
        open_secret: Callable[[ConnectorSettings], Secret | None],
    ) -> None:
        """`allowed`: the connectors that code leaves on the project; None: all.

        `open_secret` gives a stored client secret, None where there is none, and raises LookupError where it
        cannot be opened: then there is no client.
        """
        self._registry = registry
        self._allowed = allowed
        self._settings = {one.provider: one for one in settings}
        self._open_secret = open_secret
        self._clients: dict[str, OAuth | None] = {}
        self._unusable: frozenset[tuple[str, str]] | None = None

    def __iter__(self) -> Iterator[str]:
        return (key for key in self._registry if key in self)

    def __contains__(self, key: object) -> bool:
        """Whether it is enabled, and there is a way to sign in to it."""
        if not isinstance(key, str) or not self.is_allowed(key):
            return False
        settings = self._settings.get(key)
        if settings is not None and not settings.enabled:
            return False
        return not self._registry.needs_client(key) or self._client(key) is not None

    @property
    def unusable(self) -> frozenset[tuple[str, str]]:
        """(key, method) of what cannot be used although its connector is enabled, by another method: signing
        in with OAuth where there is no client any more."""
        if self._unusable is None:
            self._unusable = frozenset(
                (key, method.name)
                for key in self
                if self._registry.has_oauth(key) and self._client(key) is None
                for method in self._registry.get(key).definition.methods
                if method.type == "oauth2"
            )
        return self._unusable

    def is_usable(self, key: str, method: str) -> bool:
        """Whether accounts of this connector that were signed in to by this method can be used."""
        return key in self and (key, method) not in self.unusable

    @property
    def enabled(self) -> frozenset[str]:
        """The keys of those that can be connected."""
        return frozenset(self)

    def is_allowed(self, key: str) -> bool:
        """Whether code leaves it on the project."""
        return key in self._registry and (self._allowed is None or key in self._allowed)

    def settings(self, key: str) -> ConnectorSettings | None:
        """What operators set; None: nothing."""
        return self._settings.get(key)

    def get(self, key: str) -> EnabledConnector:
        """The connector with the client of this project, enabled or not. Raises ConnectorNotFound."""
        connector = self._registry.get(key)
        client = self._client(key)
        return connector if client is connector.client else replace(connector, client=client)

    def connector(self, key: str) -> EnabledConnector:
        """An enabled one. Raises ConnectorNotFound, or ConnectorInactive."""
        connector = self.get(key)
        if key not in self:
            raise ConnectorInactive(f"The connector {key!r} is not enabled on this project.")
        return connector

    def _client(self, key: str) -> OAuth | None:
        if key not in self._clients:
            self._clients[key] = self._client_of(key)
        return self._clients[key]

    def _client_of(self, key: str) -> OAuth | None:
        given, settings = self._registry.given(key), self._settings.get(key)
        if given.client_id:
            return given
        if settings is None or settings.client_id is None:
            return None
        try:
            secret = self._open_secret(settings)
        except LookupError:
            return None
        scopes = settings.scopes if given.scopes is None else given.scopes
        return OAuth(given.connector, settings.client_id, secret, scopes)
