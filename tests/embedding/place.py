"""A host's page on one origin, and the hub that it embeds on the same origin or on another."""

import secrets
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

import httpx2
from playwright.sync_api import Locator
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.middleware.gzip import GZipMiddleware
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Mount, Route
from starlette.types import ASGIApp, Receive, Scope, Send

from connect_hub import Connector, HubConfig, KeyRing, OAuth, Project, Secret, SQLStorage
from connect_hub.config import NetworkConfig
from connect_hub.hub import ConnectHub
from connect_hub.keys import new_key_text
from connect_hub.testing.provider import ProviderClient, SimulatedProvider
from connect_hub.testing.serving import serving

__all__ = ["API_KEY", "Late", "Place", "closing", "place_of", "press_escape"]

API_KEY = "test-api-key-0123456789-0123456789-abc"
_TYPES = {".js": "text/javascript", ".mjs": "text/javascript", ".css": "text/css"}


@dataclass
class Place:
    """A host and a hub that run. `pages` are the host's, by path; texts are HTML."""

    host: str
    """The origin of the host's pages."""
    hub_url: str
    hub: ConnectHub
    provider: SimulatedProvider
    key: str
    """Ada's API key at the provider."""
    pages: dict[str, str | Path]
    headers: dict[str, str]
    """Of the host's pages."""
    folder: Path
    """For files of this place."""

    def session(self, **fields: object) -> dict[str, object]:
        """A connect session, made over HTTP as by the host's server."""
        wanted = {"origin_owner_id": "acme-42", "origin_owner_name": "Acme Corp", **fields}
        answer = self.api("POST", "/connect_sessions", json=wanted)
        assert answer.status_code == 201, answer.text
        return dict(answer.json())

    def token(self, **fields: object) -> str:
        """The token of a new session."""
        return str(self.session(**fields)["token"])

    def api(self, method: str, path: str, **options: object) -> httpx2.Response:
        """A call of the REST API."""
        with httpx2.Client(auth=(API_KEY, ""), trust_env=False) as http:
            hub = urlsplit(self.hub_url)  # whose name may be one that browsers alone know
            return http.request(method, f"http://127.0.0.1:{hub.port}{hub.path}{path}", **options)  # type: ignore[arg-type]

    def accounts(self) -> list[dict[str, object]]:
        return list(self.api("GET", "/accounts").json())


class Late:
    """An application that is known once its address is."""

    app: ASGIApp

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await self.app(scope, receive, send)


@contextmanager
def closing(late: Late, hub: ConnectHub, origin: str) -> Iterator[None]:
    """Close the hub at the end, on its own loop, or its connections to the provider would be left open."""
    served = late.app

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["path"] == "/-/close":
            await hub.aclose()
            await Response()(scope, receive, send)
        else:
            await served(scope, receive, send)

    late.app = app
    try:
        yield
    finally:
        httpx2.get(f"{origin}/-/close", trust_env=False)


@contextmanager
def place_of(
    folder: Path,
    *,
    same_origin: bool = False,
    host_name: str = "localhost",
    prefix: str = "/connect",
    allowed: bool = True,
    more: Callable[[str], Connector | OAuth] | None = None,
    connectors: Sequence[Connector] = (),
    around: Callable[[ASGIApp], ASGIApp] = lambda app: app,
    compressed: bool = False,
    configured: Callable[[HubConfig], HubConfig] = lambda config: config,
) -> Iterator[Place]:
    """Run both. The host is `localhost`, or a name below it, and the hub `127.0.0.1`: two sites to a browser.

    `allowed`: the host's origin is one that may embed the hub. `more`: another connector, of the provider's
    address. `around`: what stands before the hub.
    `connectors`: some that nobody connects. `compressed`: both answer with gzip, as behind a proxy.
    `configured`: the hub's configuration, changed.
    """
    pages: dict[str, str | Path] = {}
    headers: dict[str, str] = {}

    async def page(request: Request) -> Response:
        content = pages.get(request.url.path)
        if content is None:
            return Response(status_code=404)
        if isinstance(content, Path):
            return Response(content.read_bytes(), media_type=_TYPES[content.suffix])
        return Response(content, media_type="text/html", headers=headers)

    host_app, hub_app, provider = Late(), Late(), SimulatedProvider()
    with (
        provider.serve() as provider_url,
        serving(host_app, before_stop=lambda: None) as host_url,
        serving(hub_app, before_stop=lambda: None) as other_url,
    ):
        host = host_url.replace("127.0.0.1", host_name)
        hub_url = (host if same_origin else other_url) + prefix
        client_secret = secrets.token_urlsafe(24)
        provider.add_client(
            ProviderClient(
                client_id="hub",
                client_secret=Secret(client_secret),
                redirect_uris=(f"{hub_url}/oauth/callback/simulated",),
            )
        )
        hub = ConnectHub(
            public_url=hub_url,
            keys=KeyRing.from_text(new_key_text()),
            storage=SQLStorage.sqlite(folder / "hub.db"),
            connectors=[
                OAuth(provider.connector(), client_id="hub", client_secret=client_secret),
                provider.key_connector(),
                *([] if more is None else [more(provider_url)]),
                *connectors,
            ],
            config=configured(
                HubConfig(
                    dispatch=False,
                    projects={"default": Project(api_keys=[Secret(API_KEY)])},
                    network=NetworkConfig(
                        insecure_dev=True,
                        allow_private_hosts=frozenset({urlsplit(provider_url).netloc}),
                        embed_origins=frozenset({host if allowed else "https://other.example"}),
                    ),
                )
            ),
        )
        hubs_own = [Mount(prefix, app=around(hub.app))]
        hosts_own = Route("/{path:path}", page)
        middleware = [Middleware(GZipMiddleware, minimum_size=500, compresslevel=6)] if compressed else []
        host_routes = [*hubs_own, hosts_own] if same_origin else [hosts_own]
        host_app.app = Starlette(routes=host_routes, middleware=middleware)
        hub_app.app = Starlette(routes=hubs_own, middleware=middleware)
        key = provider.add_api_key(user="Ada Lovelace").reveal()
        with closing(host_app if same_origin else hub_app, hub, host_url if same_origin else other_url):
            yield Place(host, hub_url, hub, provider, key, pages, headers, folder)


_SCRIPTS_RAN = """async () => {
  const [loading] = performance.getEntriesByType("navigation");
  while (loading.domContentLoadedEventEnd === 0) await new Promise(setTimeout);
}"""


def press_escape(inside: Locator) -> None:
    """Press Escape at `inside`, once its page's scripts have run: before, nothing hears a key."""
    inside.focus(timeout=30_000)
    inside.evaluate(_SCRIPTS_RAN)
    inside.press("Escape")
