"""What every flow works with, built once by the hub."""

import hashlib
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

from connect_hub.auth.engine import Engines
from connect_hub.callbacks import Callbacks
from connect_hub.clock import Clock
from connect_hub.config import HubConfig, Project, PublicUrl
from connect_hub.connectors.offer import Offer
from connect_hub.connectors.registry import ConnectorRegistry
from connect_hub.errors import NotFound
from connect_hub.flows.client_secrets import open_secret
from connect_hub.nonce import Nonces
from connect_hub.storage.protocol import ConnectorSettings, Storage
from connect_hub.tokens import LinkTokens
from connect_hub.vault import Vault
from connect_hub.webhooks.targets import webhook_target

if TYPE_CHECKING:
    from sqlalchemy import Connection
    from sqlalchemy.ext.asyncio import AsyncConnection

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

    async def offer(
        self, project_id: str, *, connection: "Connection | AsyncConnection | None" = None
    ) -> Offer:
        """What the project offers now: what operators set is read anew. Raises NotFound.

        With `connection` it is read in the host's transaction on it.
        """
        self.project(project_id)
        settings = await self.storage.connector_settings(project_id, connection=connection)
        return self._offer(project_id, settings)

    async def offers(self) -> Callable[[str], Offer]:
        """The same for whichever project it turns out to be."""
        settings = await self.storage.connector_settings(None)
        return lambda project_id: self._offer(
            project_id, [one for one in settings if one.project_id == project_id]
        )

    def _offer(self, project_id: str, settings: Sequence[ConnectorSettings]) -> Offer:
        return Offer(
            self.connectors,
            allowed=self.project(project_id).connectors,
            settings=settings,
            open_secret=partial(open_secret, self.vault),
        )

    def cookie_hash(self, secret: str) -> bytes:
        """What is kept of a cookie's secret. It is of this hub's address alone: another hub of the same host,
        to which browsers send the cookie as well, does not know it, whatever database and keys they share."""
        return hashlib.sha256(f"{self.public_url.text}\n{secret}".encode()).digest()

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
