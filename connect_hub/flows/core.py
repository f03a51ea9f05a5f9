"""What every flow works with, built once by the hub."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from connect_hub.auth.engine import Engines
from connect_hub.callbacks import Callbacks
from connect_hub.clock import Clock
from connect_hub.config import HubConfig, Project, PublicUrl
from connect_hub.connectors.registry import ConnectorRegistry, EnabledConnector
from connect_hub.errors import ConnectorInactive, NotFound
from connect_hub.nonce import Nonces
from connect_hub.storage.protocol import Storage
from connect_hub.tokens import LinkTokens
from connect_hub.vault import Vault
from connect_hub.webhooks.targets import webhook_target

__all__ = ["Core"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Core:
    """The parts that a hub is made of, shared by its flows."""

    config: HubConfig
    public_url: PublicUrl
    storage: Storage
    clock: Clock
    tokens: LinkTokens
    vault: Vault
    nonces: Nonces
    connectors: ConnectorRegistry
    engines: Engines
    callbacks: Callbacks
    ready: Callable[[], Awaitable[None]]
    """Awaited first by whatever a host or a request calls. Sets the hub up at its first use in a process;
    raises CallInsideTransaction, MissingTables, StorageUnavailable or WrongKeys."""
    wake: Callable[[], None]
    """Called after a commit that wrote deliveries, so that the dispatcher need not wait for its next look."""

    def project(self, project_id: str) -> Project:
        """The configuration of a project. Raises NotFound."""
        try:
            return self.config.projects[project_id]
        except KeyError:
            raise NotFound(f"There is no project {project_id!r}.") from None

    def enabled(self, project_id: str) -> frozenset[str]:
        """The keys of the connectors that are enabled on the project."""
        allowed = self.project(project_id).connectors
        return frozenset(key for key in self.connectors if allowed is None or key in allowed)

    def connector(self, project_id: str, key: str) -> EnabledConnector:
        """An enabled connector. Raises ConnectorNotFound, or ConnectorInactive if the project disabled it."""
        connector = self.connectors.get(key)
        if key not in self.enabled(project_id):
            raise ConnectorInactive(f"The connector {key!r} is not enabled on this project.")
        return connector

    def targets(self, project_id: str, event: str, provider: str | None) -> tuple[str, ...]:
        """Who gets an event of this name; see `connect_hub.events.Targets`."""
        project = self.config.projects.get(project_id)
        webhooks = () if project is None else project.webhooks
        return (
            *(
                webhook_target(project_id, webhook.name)
                for webhook in webhooks
                if event in webhook.events and (webhook.providers is None or provider in webhook.providers)
            ),
            *self.callbacks.targets(event),
        )
