"""Hubs for tests: in one process, on a simulated provider that is called without a socket."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from connect_hub import Brand, ConnectHub, HubConfig, KeyRing, OAuth, Secret, SQLStorage, Storage
from connect_hub.clock import FixedClock
from connect_hub.keys import new_key_text
from connect_hub.net import Transport
from connect_hub.testing import InProcessTransport, ProviderClient, SimulatedProvider

__all__ = ["API_KEY", "GOOD_KEY", "OTHER_KEY", "Hub", "deliver_by", "make_hub"]

API_KEY = "test-api-key-0123456789-0123456789-abc"
GOOD_KEY = "sim-key-good-0123456789"
OTHER_KEY = "sim-key-other-0123456789"


@dataclass
class Hub:
    """A hub and its surroundings."""

    hub: ConnectHub
    provider: SimulatedProvider
    clock: FixedClock
    transport: InProcessTransport

    def token_calls(self) -> int:
        """How often the provider's token endpoint was called."""
        return self.provider.calls["token"]


def make_hub(
    tmp_path: Path,
    *,
    config: HubConfig | None = None,
    storage: Storage | None = None,
    connectors: Sequence[Any] = (),
    public_url: str = "https://hub.test/connect",
    brand: Brand | None = None,
    keys: KeyRing | None = None,
) -> Hub:
    """A hub with the connectors `simulated` (OAuth, 'Acme Login') and `simulated-key` ('Acme Key').

    The clock stands still. API_KEY is the project's key; GOOD_KEY is Ada's key at the provider, OTHER_KEY
    is Bob's. Nothing is delivered unless `hub.deliveries.run_due()` is awaited.
    """
    clock = FixedClock(datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC))
    provider = SimulatedProvider(clock=clock)
    transport = InProcessTransport(provider)
    config = HubConfig() if config is None else config
    only = config.projects.get("default")
    if len(config.projects) == 1 and only is not None and not only.api_keys:
        config = replace(config, projects={"default": replace(only, api_keys=[Secret(API_KEY)])})
    config = replace(config, clock=clock, transport=transport, dispatch=False)
    hub = ConnectHub(
        public_url=public_url,
        keys=KeyRing.from_text(new_key_text()) if keys is None else keys,
        storage=SQLStorage.sqlite(tmp_path / "hub.db") if storage is None else storage,
        connectors=[
            OAuth(provider.connector(), client_id="hub", client_secret="hub-secret-0123456789"),
            provider.key_connector(),
            *connectors,
        ],
        config=config,
        brand=brand,
    )
    provider.add_client(
        ProviderClient(
            client_id="hub",
            client_secret=Secret("hub-secret-0123456789"),
            redirect_uris=(hub.redirect_uris["simulated"],),
        )
    )
    provider.add_api_key(user="ada", key=Secret(GOOD_KEY))
    provider.add_api_key(user="bob", key=Secret(OTHER_KEY))
    return Hub(hub, provider, clock, transport)


def deliver_by(made: Hub, transport: Transport) -> None:
    """Post webhooks with it, to endpoints of the configuration and of the database alike."""
    made.hub.deliveries._transport = made.hub.deliveries._outside = transport
