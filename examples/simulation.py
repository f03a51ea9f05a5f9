"""Tools to connect on your own machine: a simulated provider, for when there is no real one at hand."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from connect_hub import Connector, NetworkConfig, OAuth, Secret
from connect_hub.testing.provider import ProviderClient, SimulatedProvider
from connect_hub.testing.provider.connectors import key_connector, oauth_connector

_SECRET = "a-secret-between-example-and-simulation"


@dataclass(frozen=True)
class Simulation:
    """A provider that runs, and what a hub needs to reach it."""

    provider: SimulatedProvider
    connectors: list[OAuth | Connector]
    api_key: Secret
    """To type into the form of `Acme Key`."""
    network: NetworkConfig
    """Plain http on this machine, which a hub refuses elsewhere."""


@contextmanager
def simulation(public_url: str) -> Iterator[Simulation]:
    """Run a provider with two connectors, one for sign-in and one for a key; `public_url` is the hub's."""
    provider = SimulatedProvider()
    with provider.serve() as base_url:
        secret = Secret(_SECRET)
        redirect_uri = f"{public_url}/oauth/callback/simulated"
        provider.add_client(
            ProviderClient(client_id="example", client_secret=secret, redirect_uris=(redirect_uri,))
        )
        yield Simulation(
            provider=provider,
            connectors=[
                OAuth(provider.connector(), client_id="example", client_secret=secret.reveal()),
                provider.key_connector(),
            ],
            api_key=provider.add_api_key(user="Ada Lovelace"),
            network=_network(base_url),
        )


def reached_at(base_url: str) -> tuple[list[OAuth | Connector], NetworkConfig]:
    """The two connectors of a simulation that runs in another process."""
    sign_in = OAuth(oauth_connector(base_url=base_url), client_id="example", client_secret=_SECRET)
    return [sign_in, key_connector(base_url=base_url)], _network(base_url)


def _network(base_url: str) -> NetworkConfig:
    return NetworkConfig(insecure_dev=True, allow_private_hosts=frozenset({base_url.partition("//")[2]}))
