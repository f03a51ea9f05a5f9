"""A hub under uvicorn, with an API-key connector whose provider really checks the key."""

import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from socket import create_server

import pytest
import uvicorn
from sqlalchemy import create_engine
from starlette.applications import Starlette
from starlette.types import ASGIApp

from connect_hub import ConnectHub, HubConfig, KeyRing, NetworkConfig, Project, RateConfig, SQLStorage
from connect_hub.connectors.catalog import parse
from connect_hub.keys import new_key_text
from connect_hub.secret import Secret
from tests.contract.sdk import Sdk
from tests.peers.customer import Customer
from tests.peers.keyed_api import KeyedApi

CONNECTOR = """
version = 1
key = "keyed"
name = "Keyed"
categories = ["hris"]
base_url = "{base_url}"
allow_http = true

[[methods]]
type = "api_key"
label = "API key"
request.basic = {{ username = "{{api_key}}" }}
fields = [{{ key = "api_key", label = "API key", type = "password" }}]

[methods.probe]
url = "/me"

[methods.identity]
id = "id"
name = "name"
email = "email"
"""


@dataclass(frozen=True)
class HubServer:
    """A running hub with one API-key connector."""

    hub: ConnectHub
    url: str
    """Its public_url."""
    api_key: str
    """Of the project `default`."""
    foreign_api_key: str
    """Of the project `other`."""
    provider: str = "keyed"
    """The connector's key."""
    disabled_provider: str = "greenhouse"
    """The key of one that `default` has not enabled."""

    def link(self, origin_owner_id: str) -> str:
        """Connect an account of this owner, over the hub's own pages as a customer does; the account's id."""
        link = self.hub.sync.links.create(
            origin_owner_id=origin_owner_id, origin_owner_name="Acme", provider=self.provider
        )
        with Customer() as customer:
            landing = customer.open_link(link.url)
            form = customer.submit(landing, "/link/confirm")
            done = customer.submit(form, f"/connect/{self.provider}", {"f.api_key": KeyedApi.GOOD})
        assert done.status == 200, done.text
        (account,) = self.hub.sync.accounts.list(origin_owner_ids=[origin_owner_id])
        return account.id


@contextmanager
def serve_hub(
    folder: Path, *, mounted: Callable[[ConnectHub], ASGIApp], rates: RateConfig, more: Sequence[str] = ()
) -> Iterator[HubServer]:
    """A hub at /connect of the application that `mounted` makes, on SQLite, with two projects.

    The connector `keyed` is enabled on both; each of `more` is on `other` alone.
    """
    keys = {name: f"{name}-key-of-the-contract-tests-0123456789" for name in ("default", "other")}
    engine = create_engine(f"sqlite:///{folder / 'hub.db'}")
    SQLStorage.create_all(engine)
    listener = create_server(("127.0.0.1", 0))
    origin = f"http://127.0.0.1:{listener.getsockname()[1]}"
    with KeyedApi() as api:
        hub = ConnectHub(
            public_url=f"{origin}/connect",
            keys=KeyRing.from_text(new_key_text("k1")),
            storage=SQLStorage(engine),
            connectors=[
                parse(CONNECTOR.format(base_url=api.base_url), source="keyed.toml"),
                *more,
            ],
            config=HubConfig(
                projects={
                    "default": Project(api_keys=[Secret(keys["default"])], connectors=frozenset({"keyed"})),
                    "other": Project(api_keys=[Secret(keys["other"])]),
                },
                network=NetworkConfig(
                    insecure_dev=True,
                    allow_private_hosts=frozenset({api.origin.removeprefix("http://")}),
                    rates=rates,
                ),
            ),
        )
        config = uvicorn.Config(mounted(hub), loop="asyncio", log_config=None)
        server = uvicorn.Server(config)
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]})
        thread.start()
        yield HubServer(hub, f"{origin}/connect", keys["default"], keys["other"])
        server.should_exit = True
        thread.join()
    listener.close()
    engine.dispose()


def in_starlette(hub: ConnectHub) -> ASGIApp:
    """The hub in a host of Starlette's."""
    application = Starlette(lifespan=hub.lifespan)
    application.mount("/connect", hub.app)
    return application


@pytest.fixture(scope="module")
def hub_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[HubServer]:
    """A hub in Starlette; the connector `greenhouse` is disabled on the project `default`."""
    with serve_hub(
        tmp_path_factory.mktemp("hub"),
        mounted=in_starlette,
        rates=RateConfig(),
        more=["greenhouse"],
    ) as server:
        yield server


@pytest.fixture(scope="module")
def sdk(hub_server: HubServer) -> Iterator[Sdk]:
    """The published client, with the key of the project `default`."""
    with Sdk(url=hub_server.url, api_key=hub_server.api_key) as client:
        yield client
