"""A hub inside each kind of host, in process, and a customer who comes in by the host's own door."""

import asyncio
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import ModuleType
from typing import Any

import httpx2
from fastapi import FastAPI
from flask import Flask
from starlette.applications import Starlette
from starlette.routing import Mount
from starlette.types import Receive, Scope, Send

from connect_hub import ConnectHub, Event, HubConfig, KeyRing, OAuth, Project, Secret, SQLStorage
from connect_hub.hosts.asgi import ConnectHubMiddleware
from connect_hub.keys import new_key_text
from connect_hub.testing import InProcessTransport
from connect_hub.testing.provider import ProviderClient, SimulatedProvider
from tests import django_host
from tests.customer import Customer, Seen
from tests.hubs import API_KEY

__all__ = ["HOSTS", "ORIGIN", "HostedCustomer", "Mounted", "Recorder", "bare", "mounted"]

ORIGIN = "https://app.example.com"
CLIENT_SECRET = "hub-secret-0123456789"


@dataclass
class Mounted:
    """A hub that delivers to one callback, and the host around it."""

    hub: ConnectHub
    provider: SimulatedProvider
    created: threading.Event = field(default_factory=threading.Event)
    """Set once `account.created` has been delivered."""
    transport: "Recorder" = field(init=False)


def mounted(tmp_path: Path, host: str, *, storage: Any = None) -> Mounted:
    """The hub under `host`, one of HOSTS, by its public path."""
    path, build = HOSTS[host]
    provider = SimulatedProvider()
    hub = ConnectHub(
        public_url=ORIGIN + path,
        keys=KeyRing.from_text(new_key_text()),
        storage=SQLStorage.sqlite(tmp_path / "hub.db") if storage is None else storage,
        connectors=[
            OAuth(provider.connector(), client_id="hub", client_secret=CLIENT_SECRET),
            provider.key_connector(),
        ],
        config=HubConfig(
            projects={"default": Project(api_keys=[Secret(API_KEY)])}, transport=InProcessTransport(provider)
        ),
    )
    provider.add_client(
        ProviderClient(
            client_id="hub",
            client_secret=Secret(CLIENT_SECRET),
            redirect_uris=(f"{ORIGIN}{path}/oauth/callback/simulated",),
        )
    )
    made = Mounted(hub, provider)
    made.transport = Recorder(build(hub))

    @hub.on("account.created", name="seen")
    def seen(event: Event) -> None:
        made.created.set()

    return made


# --- the hosts ---


def _starlette(*routes: Mount) -> httpx2.AsyncBaseTransport:
    return httpx2.ASGITransport(app=Starlette(routes=list(routes)))


def _fastapi(hub: ConnectHub) -> httpx2.AsyncBaseTransport:
    app = FastAPI()
    app.mount("/connect", hub.app)
    return httpx2.ASGITransport(app=app)


def _middleware(hub: ConnectHub) -> httpx2.AsyncBaseTransport:
    app = FastAPI()
    app.add_middleware(ConnectHubMiddleware, hub=hub, prefix="/connect")
    return httpx2.ASGITransport(app=app)


def _stripped(hub: ConnectHub) -> httpx2.AsyncBaseTransport:
    """A proxy in front strips /app, and the server was told so: the path has it, as uvicorn passes it on."""
    return httpx2.ASGITransport(
        app=ConnectHubMiddleware(FastAPI(), hub=hub, prefix="/connect"), root_path="/app"
    )


def _alone(hub: ConnectHub) -> httpx2.AsyncBaseTransport:
    return httpx2.ASGITransport(app=hub.app)


def _flask(hub: ConnectHub) -> httpx2.AsyncBaseTransport:
    app = Flask("host")
    hub.init_app(app, "/connect")
    return _InThread(httpx2.WSGITransport(app=app))


def _flask_deep(hub: ConnectHub) -> httpx2.AsyncBaseTransport:
    app = Flask("host")
    hub.init_app(app, "/a/b")
    return _InThread(httpx2.WSGITransport(app=app))


def _wsgi(hub: ConnectHub) -> httpx2.AsyncBaseTransport:
    def host(environ: Any, start_response: Any) -> list[bytes]:
        start_response("200 OK", [("Content-Type", "text/plain")])
        return [b"host"]

    return _InThread(httpx2.WSGITransport(app=hub.wsgi_middleware(host, "/connect")))


def _wsgi_alone(hub: ConnectHub) -> httpx2.AsyncBaseTransport:
    return _InThread(httpx2.WSGITransport(app=hub.wsgi))


def _django(hub: ConnectHub, *, asgi: bool = False) -> httpx2.AsyncBaseTransport:
    """In `urls.py`, inside all of Django's middleware."""
    django_host.ready()
    from django.core.handlers.asgi import ASGIHandler, ASGIRequest
    from django.core.handlers.wsgi import WSGIHandler, WSGIRequest
    from django.urls import include, path

    from connect_hub.hosts.django.urls import hub_urls

    urls = ModuleType("urls")
    urls.urlpatterns = [path("connect/", include(hub_urls(hub)))]  # type: ignore[attr-defined]
    handler = ASGIHandler() if asgi else WSGIHandler()
    kind = ASGIRequest if asgi else WSGIRequest
    handler.request_class = type("Request", (kind,), {"urlconf": urls})
    return httpx2.ASGITransport(app=handler) if asgi else _InThread(httpx2.WSGITransport(app=handler))


ASGI_HOSTS: dict[str, tuple[str, Callable[[ConnectHub], httpx2.AsyncBaseTransport]]] = {
    "starlette": ("/connect", lambda hub: _starlette(Mount("/connect", hub.app))),
    "starlette, named": ("/connect", lambda hub: _starlette(Mount("/connect", hub.app, name="hub"))),
    "starlette, deep": ("/a/b", lambda hub: _starlette(Mount("/a/b", hub.app))),
    "starlette, nested": (
        "/a/b",
        lambda hub: _starlette(Mount("/a", routes=[Mount("/b", hub.app, name="x")], name="y")),
    ),
    "starlette, in an application": (
        "/a/b",
        lambda hub: _starlette(Mount("/a", Starlette(routes=[Mount("/b", hub.app)]))),
    ),
    "fastapi": ("/connect", _fastapi),
    "middleware": ("/connect", _middleware),
    "middleware, below a root path": ("/app/connect", _stripped),
    "django, urls, ASGI": ("/connect", lambda hub: _django(hub, asgi=True)),
    "alone": ("", _alone),
}
WSGI_HOSTS: dict[str, tuple[str, Callable[[ConnectHub], httpx2.AsyncBaseTransport]]] = {
    "flask": ("/connect", _flask),
    "flask, deep": ("/a/b", _flask_deep),
    "wsgi": ("/connect", _wsgi),
    "django, urls": ("/connect", _django),
    "wsgi, alone": ("", _wsgi_alone),
}
HOSTS = {**ASGI_HOSTS, **WSGI_HOSTS}


# --- who comes in ---


class Recorder(httpx2.AsyncBaseTransport):
    """Keeps every answer, as text: status, headers and body."""

    def __init__(self, inner: httpx2.AsyncBaseTransport) -> None:
        self._inner = inner
        self.answers: list[str] = []

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        response = await self._inner.handle_async_request(request)
        body = await response.aread()
        head = "\n".join(f"{name}: {value}" for name, value in response.headers.items())
        self.answers.append(f"{response.status_code}\n{head}\n\n{body.decode('utf-8', 'replace')}")
        return response


class _InThread(httpx2.AsyncBaseTransport):
    """A WSGI application, called from a thread, as its server would."""

    def __init__(self, inner: httpx2.WSGITransport) -> None:
        self._inner = inner

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        def call() -> httpx2.Response:
            copy = httpx2.Request(request.method, request.url, headers=request.headers, content=content)
            response = self._inner.handle_request(copy)
            response.read()
            return httpx2.Response(response.status_code, headers=response.headers, content=response.content)

        content = await request.aread()
        return await asyncio.to_thread(call)


class HostedCustomer(Customer):
    """A customer whose browser reaches the hub through the host."""

    def __init__(
        self,
        hub: ConnectHub,
        transport: httpx2.AsyncBaseTransport,
        *,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(hub, headers=headers)
        self._http = httpx2.AsyncClient(transport=transport, base_url=hub.public_url.origin)

    async def connect_by_sign_in(self, link: str, provider: SimulatedProvider) -> Seen:
        """The whole way by OAuth, as Ada: the last page."""
        seen = await self.pick(link, "Acme Login")
        seen = await self.press(seen, "Connect Acme Login")
        assert seen.refresh is not None, seen.text
        return await self.get(provider.approve(seen.refresh))


async def bare(scope: Scope, receive: Receive, send: Send) -> None:
    """The smallest ASGI application: it has no lifespan."""
    if scope["type"] != "http":
        raise LookupError(scope["type"])
    await send({"type": "http.response.start", "status": 200, "headers": [(b"x-host", b"1")]})
    await send({"type": "http.response.body", "body": b"host"})
