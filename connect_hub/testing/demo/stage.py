"""Everything that takes part in the demonstration, set up on loopback and gone without a trace."""

import secrets
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from starlette.applications import Starlette

from connect_hub.config import Brand, HubConfig, LinkConfig, NetworkConfig, Project, Webhook
from connect_hub.connectors.registry import OAuth
from connect_hub.events import Event
from connect_hub.hub import ConnectHub
from connect_hub.keys import KeyRing, new_key_text
from connect_hub.secret import Secret
from connect_hub.storage.sql import SQLStorage
from connect_hub.testing.demo.acme import acme_hr
from connect_hub.testing.provider import ProviderClient, SimulatedProvider
from connect_hub.testing.receiver import Delivery, WebhookReceiver
from connect_hub.webhooks import generate_secret

__all__ = ["Stage", "set_stage"]

WRONG_KEY = "sim_key_this_one_is_wrong"


@dataclass(frozen=True, slots=True, kw_only=True)
class Stage:
    """The host application with its hub, the provider, and the receiver of webhooks."""

    address: str
    """Of the host application."""
    app: Starlette
    hub: ConnectHub
    provider: SimulatedProvider
    receiver: WebhookReceiver
    right_key: Secret
    """The provider's API key that works."""
    wrong_key: str = WRONG_KEY


@contextmanager
def set_stage(address: str, *, say: Callable[[str], None]) -> Iterator[Stage]:
    """All of it, for an application that will be served at `address`; `say` gets what happens, line by line.

    Provider and receiver are served when the block begins. The database is a file in a temporary folder.
    """

    def verified(delivery: Delivery) -> None:
        say(f"webhook verified: {delivery.type} {delivery.event['provider']} {delivery.event['account_id']}")

    def heard(event: Event) -> None:
        say(f"Acme HR was called: {event.name} {event.data['provider']}")

    webhook_secret, client_secret = generate_secret(), Secret(secrets.token_urlsafe(32))
    provider = SimulatedProvider(name="Simulated")
    receiver = WebhookReceiver(secrets=[webhook_secret], on_delivery=verified)
    with (
        TemporaryDirectory(prefix="connect-hub-demo-") as folder,
        provider.serve() as provider_url,
        receiver.serve() as receiver_url,
    ):
        own_hosts = frozenset(url.removeprefix("http://") for url in (provider_url, receiver_url))
        webhook = Webhook(url=f"{receiver_url}/", secrets=[webhook_secret])
        hub = ConnectHub(
            public_url=f"{address}/connect",
            keys=KeyRing.from_text(new_key_text()),
            storage=SQLStorage.sqlite(Path(folder) / "connect_hub.db"),
            connectors=[
                provider.key_connector(),
                OAuth(provider.connector(), client_id="acme-hr", client_secret=client_secret),
            ],
            brand=Brand(name="Acme HR"),
            config=HubConfig(
                projects={"default": Project(webhooks=[webhook])},
                links=LinkConfig(return_urls=frozenset({f"{address}/"})),
                network=NetworkConfig(insecure_dev=True, allow_private_hosts=own_hosts),
            ),
        )
        provider.add_client(
            ProviderClient(
                client_id="acme-hr",
                client_secret=client_secret,
                redirect_uris=tuple(hub.redirect_uris.values()),
                name="Acme HR",
            )
        )
        hub.on("account.created", name="demo")(heard)
        yield Stage(
            address=address,
            app=acme_hr(hub),
            hub=hub,
            provider=provider,
            receiver=receiver,
            right_key=provider.add_api_key(),
        )
