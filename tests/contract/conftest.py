"""A hub under uvicorn, with an API-key connector whose provider really checks the key."""

import threading
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from socket import create_server

import pytest
import uvicorn
from sqlalchemy import create_engine
from starlette.applications import Starlette

from connect_hub import ConnectHub, HubConfig, KeyRing, NetworkConfig, Project, SQLStorage
from connect_hub.connectors.catalog import parse
from connect_hub.flows.accounts import AccountFilter
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
        (account,) = self.hub.sync.accounts.list(AccountFilter(origin_owner_ids=frozenset({origin_owner_id})))
        return account.id


@pytest.fixture(scope="module")
def hub_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[HubServer]:
    """A hub at /connect of a Starlette application, on SQLite, with two projects."""
    keys = {name: f"{name}-key-of-the-contract-tests-0123456789" for name in ("default", "other")}
    database = Path(tmp_path_factory.mktemp("hub")) / "hub.db"
    engine = create_engine(f"sqlite:///{database}")
    SQLStorage.create_all(engine)
    listener = create_server(("127.0.0.1", 0))
    origin = f"http://127.0.0.1:{listener.getsockname()[1]}"
    with KeyedApi() as api:
        hub = ConnectHub(
            public_url=f"{origin}/connect",
            keys=KeyRing.from_text(new_key_text("k1")),
            storage=SQLStorage(engine),
            connectors=[parse(CONNECTOR.format(base_url=api.base_url), source="keyed.toml")],
            config=HubConfig(
                projects={name: Project(api_keys=[Secret(key)]) for name, key in keys.items()},
                network=NetworkConfig(
                    insecure_dev=True, allow_private_hosts=frozenset({api.origin.removeprefix("http://")})
                ),
            ),
        )
        application = Starlette()
        application.mount("/connect", hub.app)
        server = uvicorn.Server(uvicorn.Config(application, lifespan="off", loop="asyncio", log_config=None))
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]})
        thread.start()
        yield HubServer(hub, f"{origin}/connect", keys["default"], keys["other"])
        server.should_exit = True
        thread.join()
    listener.close()
    engine.dispose()


@pytest.fixture(scope="module")
def sdk(hub_server: HubServer) -> Iterator[Sdk]:
    """The published client, with the key of the project `default`."""
    with Sdk(url=hub_server.url, api_key=hub_server.api_key) as client:
        yield client
