"""`ConnectHubMiddleware`: what it passes on, what it takes, and how it ends."""

import asyncio
from collections.abc import AsyncIterator, MutableMapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx2
import pytest
from starlette.applications import Starlette
from starlette.types import Receive, Scope, Send

from connect_hub import ConnectHub
from connect_hub.hosts.asgi import ConnectHubMiddleware
from tests.hosts.mounted import bare, mounted

PATIENCE = 5.0


class Seen:
    """An ASGI application that keeps what it is called with."""

    def __init__(self) -> None:
        self.calls: list[tuple[Scope, Receive, Send]] = []

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        self.calls.append((scope, receive, send))


def hub_of(tmp_path: Path) -> ConnectHub:
    return mounted(tmp_path, "middleware").hub


async def nothing() -> MutableMapping[str, Any]:
    raise AssertionError("nothing is read")


async def nowhere(message: MutableMapping[str, Any]) -> None:
    raise AssertionError(f"nothing is sent: {message}")


@pytest.mark.parametrize("kind", ["http", "websocket", "something-new"])
@pytest.mark.parametrize("path", ["/", "/connected", "/x/connect/", "", "/connec"])
async def test_the_hosts_requests_pass_as_they_came(tmp_path: Path, kind: str, path: str) -> None:
    """T35: scope, receive and send of a request that is not the hub's are the very same objects."""
    inner, hub = Seen(), hub_of(tmp_path)
    scope = {"type": kind, "path": path, "headers": [], "state": {}}
    await ConnectHubMiddleware(inner, hub=hub, prefix="/connect")(scope, nothing, nowhere)
    ((got, receive, send),) = inner.calls
    assert got is scope
    assert scope == {"type": kind, "path": path, "headers": [], "state": {}}
    assert (receive, send) == (nothing, nowhere)
    await hub.aclose()


async def test_a_websocket_to_the_hub_is_closed(tmp_path: Path) -> None:
    """The hub has no websocket: one to its prefix is closed, and the host does not see it."""
    inner, hub = Seen(), hub_of(tmp_path)
    sent: list[MutableMapping[str, Any]] = []

    async def send(message: MutableMapping[str, Any]) -> None:
        sent.append(message)

    scope = {"type": "websocket", "path": "/connect/hub", "headers": []}
    await ConnectHubMiddleware(inner, hub=hub, prefix="/connect")(scope, nothing, send)
    assert [message["type"] for message in sent] == ["websocket.close"]
    assert inner.calls == []
    await hub.aclose()


async def test_the_hosts_lifespan_is_its_own(tmp_path: Path) -> None:
    """The host's start and end run once, with its own state; before it says that it is down, deliveries have
    ended."""
    said: list[str] = []
    place = mounted(tmp_path, "middleware")
    hub = place.hub

    @asynccontextmanager
    async def lifespan(app: Starlette) -> AsyncIterator[dict[str, str]]:
        said.append("up")
        yield {"mine": "kept"}
        said.append("down")

    app = ConnectHubMiddleware(Starlette(lifespan=lifespan), hub=hub, prefix="/connect")
    messages: asyncio.Queue[MutableMapping[str, Any]] = asyncio.Queue()
    answers: asyncio.Queue[MutableMapping[str, Any]] = asyncio.Queue()
    state: dict[str, Any] = {}
    running = asyncio.ensure_future(
        app({"type": "lifespan", "asgi": {}, "state": state}, messages.get, answers.put)
    )
    messages.put_nowait({"type": "lifespan.startup"})
    assert (await answers.get())["type"] == "lifespan.startup.complete"
    assert (said, state) == (["up"], {"mine": "kept"})
    async with httpx2.AsyncClient(transport=httpx2.ASGITransport(app=app), base_url="https://x") as http:
        assert (await http.get("/connect/")).status_code == 200
    dispatcher: Any = hub._runtime._dispatcher
    task = dispatcher._task
    assert not task.done()
    messages.put_nowait({"type": "lifespan.shutdown"})
    assert (await answers.get())["type"] == "lifespan.shutdown.complete"
    await running
    assert said == ["up", "down"]
    assert task.done()


async def test_a_host_without_a_lifespan_stays_without(tmp_path: Path) -> None:
    """An application that does not know the lifespan says so to the server, as before."""
    app = ConnectHubMiddleware(bare, hub=hub_of(tmp_path), prefix="/connect")
    with pytest.raises(LookupError, match="lifespan"):
        await app({"type": "lifespan"}, nothing, nowhere)


async def test_deliveries_begin_with_the_hosts_own_requests(tmp_path: Path) -> None:
    """R19: a request to the host's page starts them, and waits for nothing."""
    hub = hub_of(tmp_path)
    app = ConnectHubMiddleware(bare, hub=hub, prefix="/connect")
    async with httpx2.AsyncClient(transport=httpx2.ASGITransport(app=app), base_url="https://x") as http:
        assert (await http.get("/")).text == "host"
    assert hub._runtime._dispatcher is None
    starting: Any = hub._runtime._starting
    await asyncio.wait_for(starting, PATIENCE)
    assert hub._runtime._dispatcher is not None
    await hub.aclose()
