"""A hub with its dashboard on a socket, and the first steps of those who use it in a browser."""

import secrets
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeVar
from urllib.parse import urlsplit

import httpx2
from playwright.sync_api import Page, expect
from starlette.applications import Starlette
from starlette.routing import Mount

from connect_hub import ConnectHub, HubConfig, KeyRing, NetworkConfig, Project, Secret, SQLStorage, Webhook
from connect_hub.config import RateConfig
from connect_hub.dashboard import DashboardConfig, OperatorTokens
from connect_hub.keys import new_key_text
from connect_hub.operators import Role
from connect_hub.testing.serving import serving
from connect_hub.webhooks import generate_secret
from tests.journey.connectors import write_connectors
from tests.peers.keyed_api import KeyedApi
from tests.peers.oidc import OidcPeer
from tests.peers.receiver import RawReceiver

__all__ = ["Running", "connect", "running", "sign_in"]

T = TypeVar("T")


@dataclass
class Running:
    """A hub on a socket, in a thread with a loop of its own."""

    hub: ConnectHub
    url: str
    api_key: str = field(repr=False)
    token: str = field(default="", repr=False)

    def do(self, call: Callable[[], T]) -> T:
        """What `call` of `hub.sync` returns; in this thread a loop is seen, for Playwright."""
        with ThreadPoolExecutor(1) as pool:
            return pool.submit(call).result()

    def accounts(self) -> list[dict[str, object]]:
        """What `GET /accounts` has."""
        answer = httpx2.get(f"{self.url}/accounts", auth=(self.api_key, ""), trust_env=False)
        assert answer.status_code == 200
        found: list[dict[str, object]] = answer.json()
        return found

    @property
    def desk(self) -> str:
        return f"{self.url}/dashboard/in/default"


@contextmanager
def running(tmp_path: Path, keyed_api: KeyedApi, oidc: OidcPeer, receiver: RawReceiver) -> Iterator[Running]:
    app = Starlette()
    staffbook, _ = write_connectors(tmp_path, keyed_api, oidc)
    closed = threading.Event()

    def close() -> None:
        with ThreadPoolExecutor(1) as pool:
            pool.submit(lambda: hub._runtime.run(hub.aclose(), name="aclose")).result()
        closed.set()

    with serving(app, before_stop=close) as origin:
        peers = [keyed_api.origin, receiver.origin]
        api_key = secrets.token_urlsafe(32)
        webhook = Webhook(url=receiver.url, secrets=[generate_secret()], name="payroll")
        hub = ConnectHub(
            public_url=f"{origin}/connect",
            keys=KeyRing.from_text(new_key_text()),
            storage=SQLStorage.sqlite(tmp_path / "hub.db"),
            connectors=[staffbook],
            config=HubConfig(
                projects={
                    "default": Project(api_keys=[Secret(api_key)], webhooks=[webhook]),
                    "staging": Project(),
                },
                dashboard=DashboardConfig(auth=OperatorTokens()),
                network=NetworkConfig(
                    insecure_dev=True,
                    allow_private_hosts=frozenset(urlsplit(peer).netloc for peer in peers),
                    rates=RateConfig(per_client=None, sign_ins=None),
                ),
            ),
        )
        app.router.routes.append(Mount("/connect", app=hub.app))
        # The first use makes the server's loop the hub's home: what is opened there is closed there.
        assert httpx2.get(f"{origin}/connect/healthz", trust_env=False).status_code == 200
        made = Running(hub, f"{origin}/connect", api_key)
        made.token = made.do(lambda: hub.sync.operators.add(name="Ada", roles={"*": Role.ADMIN})).token
        yield made
    assert closed.is_set()


def connect(page: Page, link: str) -> None:
    """The customer's way, in a browser of their own."""
    page.goto(link)
    page.get_by_role("button", name="Continue").click()
    page.get_by_label("API key").fill(KeyedApi.GOOD)
    page.get_by_role("button", name="Connect Staffbook").click()
    expect(page.get_by_role("heading", name="Staffbook is connected")).to_be_visible()


def sign_in(page: Page, desk: Running) -> None:
    page.goto(f"{desk.url}/dashboard")
    page.get_by_label("Operator token").fill(desk.token)
    page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_role("heading", level=1, name="Overview")).to_be_visible()
