"""A hub in real servers: forks, several workers, no lifespan, and a clean end."""

import asyncio
import contextlib
import json
import os
import signal
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx2
import pytest
from sqlalchemy import create_engine, text

from connect_hub import SQLStorage
from connect_hub.keys import new_key_text
from connect_hub.secret import Secret
from connect_hub.testing.provider import SimulatedProvider
from connect_hub.testing.receiver import WebhookReceiver
from connect_hub.webhooks.signing import generate_secret
from tests.customer import Customer
from tests.hosts import hub_apps
from tests.hosts.mounted import HostedCustomer
from tests.hosts.servers import Server, serving
from tests.hubs import API_KEY, GOOD_KEY
from tests.peers.database_server import Database
from tests.peers.nginx import Proxy, proxying

ORIGIN = "https://app.example.com"
GTHREAD = ("--worker-class", "gthread", "--threads", "4")
SETUPS: dict[str, tuple[str, ...]] = {
    "flask, gunicorn": ("gunicorn", "flask_app()", *GTHREAD),
    "flask, gunicorn preloaded": ("gunicorn", "flask_app()", *GTHREAD, "--preload", "--workers", "2"),
    "fastapi mount, uvicorn": ("uvicorn", "fastapi_mount", "--factory"),
    "fastapi mount, uvicorn without lifespan": ("uvicorn", "fastapi_mount", "--factory", "--lifespan", "off"),
    "fastapi mount, two uvicorns": ("uvicorn", "fastapi_mount", "--factory", "--workers", "2"),
    "middleware, uvicorn": ("uvicorn", "fastapi_middleware", "--factory"),
    "flask, gunicorn sync": ("gunicorn", "flask_app()", "--worker-class", "sync"),
    "flask, waitress": ("waitress", "flask_app()"),
    "quart, uvicorn": ("uvicorn", "quart_app", "--factory"),
    "the other way round, uvicorn": ("uvicorn", "inverted", "--factory"),
    # What is shown to work, and no more:
    "flask, gunicorn gevent": ("gunicorn", "flask_app()", "--worker-class", "gevent"),
    "flask, granian": ("granian", "flask_app", "--factory", "--interface", "wsgi"),
    "quart, hypercorn": ("hypercorn", "quart_app()"),
    "fastapi mount, gunicorn asgi": ("gunicorn", "fastapi_mount()", "--worker-class", "asgi"),
    "fastapi mount, granian": ("granian", "fastapi_mount", "--factory", "--interface", "asgi"),
}
OTHERS = {
    "two hubs, gunicorn gevent": ("gunicorn", "flask_two()", "--worker-class", "gevent"),
    "flask behind a proxy, gunicorn": ("gunicorn", "flask_behind_proxy()", *GTHREAD),
}
PATIENCE = 30.0


@pytest.fixture
def surroundings(tmp_path: Path) -> Iterator[tuple[dict[str, Any], WebhookReceiver]]:
    secret = generate_secret()
    provider, receiver = SimulatedProvider(), WebhookReceiver(secrets=[secret])
    provider.add_api_key(user="ada", key=Secret(GOOD_KEY))
    with provider.serve() as provider_url, receiver.serve() as receiver_url:
        yield (
            {
                "public_url": f"{ORIGIN}/connect",
                "keys": new_key_text(),
                "database": str(tmp_path / "hub.db"),
                "provider": provider_url,
                "receiver": f"{receiver_url}/",
                "secret": secret.reveal(),
                "api_key": API_KEY,
                "private": [url.partition("//")[2] for url in (provider_url, receiver_url)],
            },
            receiver,
        )


@contextlib.contextmanager
def started(
    setup: str, given: dict[str, Any], *more: str, unix: bool = False, mount: str = "/connect"
) -> Iterator[Server]:
    kind, factory, *options = SETUPS.get(setup) or OTHERS[setup]
    environment = {"HUB_TEST": json.dumps(given), "HUB_MOUNT": mount}
    target = f"tests.hosts.hub_apps:{factory}"
    with serving(kind, target, *options, *more, env=environment, unix=unix) as server:
        yield server


async def connect(customer: Customer, link: str) -> None:
    seen = await customer.enter(link)
    seen = await customer.press(seen, "Connect", {"f.api_key": GOOD_KEY})
    assert seen.heading == "Acme Key is connected", seen.text


def open_files(pid: int) -> set[str]:
    found = set()
    for entry in Path(f"/proc/{pid}/fd").iterdir():
        with contextlib.suppress(FileNotFoundError):
            found.add(os.readlink(entry))
    return found


@pytest.mark.parametrize("setup", SETUPS)
async def test_a_customer_connects_and_the_event_arrives(
    setup: str, surroundings: tuple[dict[str, Any], WebhookReceiver]
) -> None:
    """R18, R19: under each server, forked before or after the import, with one worker or two, any of which
    may serve any step, the whole way works, the event is delivered once, and SIGTERM ends it cleanly."""
    given, receiver = surroundings
    with started(setup, given) as server:
        for number in range(2):
            customer = HostedCustomer(hub_apps.make(given), Through(server))
            await connect(customer, await link_of(server, str(number)))
        await receiver.arrived(2, PATIENCE)
        if "preloaded" in setup:
            assert not any(given["database"] in name for name in open_files(server.pid))
        assert server.stop() in {0, -signal.SIGTERM}  # uvicorn passes the signal on when it is done
        assert "Finished server process" in server.output() or not setup.endswith("uvicorn")
        assert "Traceback" not in server.output(), server.output()
        assert "ERROR" not in server.output(), server.output()
    assert len({delivery.id for delivery in receiver.deliveries}) == len(receiver.deliveries) == 2


@pytest.mark.parametrize("setup", ["flask, gunicorn preloaded", "middleware, uvicorn"])
async def test_deliveries_begin_with_the_hosts_first_request(
    setup: str, surroundings: tuple[dict[str, Any], WebhookReceiver]
) -> None:
    """R2, R19: what an earlier process left in the outbox goes out although nobody ever visits the hub: any
    request of the host's is enough."""
    given, receiver = surroundings
    left = hub_apps.make(given, dispatch=False)
    link = await left.links.create(origin_owner_id="42", origin_owner_name="Acme")
    await connect(Customer(left), link.url)
    await left.aclose()
    assert receiver.deliveries == ()
    with started(setup, given) as server:
        async with httpx2.AsyncClient(base_url=server.url) as http:
            assert (await http.get("/")).text.strip('"').isdigit()
        await receiver.arrived(1, PATIENCE)
        await asyncio.to_thread(server.stop)
    assert [event["event"] for event in receiver.events()] == ["account.created"]


@pytest.mark.parametrize("setup", ["middleware, uvicorn", "flask, gunicorn"])
async def test_a_unix_socket_serves_as_a_port_does(
    setup: str, surroundings: tuple[dict[str, Any], WebhookReceiver]
) -> None:
    """R19: on a Unix socket, where no client has an address, the whole way works and the event arrives."""
    given, receiver = surroundings
    with started(setup, given, unix=True) as server:
        customer = HostedCustomer(hub_apps.make(given), Through(server))
        await connect(customer, await link_of(server, "42"))
        await receiver.arrived(1, PATIENCE)
        assert server.stop() in {0, -signal.SIGTERM}
        assert "Traceback" not in server.output(), server.output()


async def until(holds: Callable[[], bool]) -> None:
    """Look again and again, as nothing here tells of it."""
    async with asyncio.timeout(4 * PATIENCE):
        while not await asyncio.to_thread(holds):  # noqa: ASYNC110
            await asyncio.sleep(0.05)


@pytest.mark.parametrize("setup", ["flask, gunicorn", "flask, gunicorn preloaded"])
async def test_a_reload_leaves_nothing_behind(
    setup: str, surroundings: tuple[dict[str, Any], WebhookReceiver], postgres_database: Database
) -> None:
    """R18: at SIGHUP gunicorn puts new workers in the place of the old ones. Those end, loop, threads and
    all; the new ones serve the hub; and at the end no connection to the database is left."""
    given, receiver = surroundings
    customer = hub_apps.make(given)  # which looks at its address alone
    given = {**given, "database": postgres_database.url("psycopg")}
    engine = create_engine(given["database"])
    SQLStorage.create_all(engine)
    others = text(
        "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()"
    )

    def connected() -> int:
        with engine.connect() as c:
            return int(c.execute(others).scalar_one())

    def workers() -> set[int]:
        return {int(httpx2.get(server.url, timeout=2 * PATIENCE, trust_env=False).text) for _ in range(20)}

    with started(setup, given) as server:
        await link_of(server, "1")
        old = await asyncio.to_thread(workers)
        server.process.send_signal(signal.SIGHUP)
        await until(lambda: not any(Path(f"/proc/{pid}").exists() for pid in old))
        assert not await asyncio.to_thread(workers) & old
        await connect(HostedCustomer(customer, Through(server)), await link_of(server, "2"))
        await receiver.arrived(1, PATIENCE)
        assert connected() > 0
        assert server.stop() == 0
        assert "Traceback" not in server.output(), server.output()
    await until(lambda: connected() == 0)
    engine.dispose()


@dataclass(frozen=True)
class Behind:
    """A host behind nginx, which has the hub at /app/connect."""

    setup: str
    keeps: bool
    """Whether nginx passes on the whole path, or strips /app."""
    unix: bool = False
    options: tuple[str, ...] = ()
    headers: str = ""
    mount: str = "/connect"
    warns: bool = False


BEHIND = {
    "the path is kept": Behind("fastapi mount, uvicorn", keeps=True, mount="/app/connect"),
    "/app is stripped, --root-path": Behind(
        "fastapi mount, uvicorn", keeps=False, options=("--root-path", "/app")
    ),
    "/app is stripped, middleware, Unix socket": Behind(
        "middleware, uvicorn", keeps=False, unix=True, options=("--root-path", "/app")
    ),
    "/app is stripped, nothing is told": Behind("fastapi mount, uvicorn", keeps=False, warns=True),
    "/app is kept, SCRIPT_NAME, Unix socket": Behind(
        "flask, gunicorn", keeps=True, unix=True, headers="proxy_set_header SCRIPT_NAME /app;"
    ),
    "/app is stripped, ProxyFix": Behind(
        "flask behind a proxy, gunicorn", keeps=False, headers="proxy_set_header X-Forwarded-Prefix /app;"
    ),
}


@pytest.mark.parametrize("name", BEHIND)
async def test_nginx_stands_in_front(
    name: str, tmp_path: Path, surroundings: tuple[dict[str, Any], WebhookReceiver]
) -> None:
    """T33, T34: behind nginx, whether it keeps the whole path or strips a part, a customer connects and the
    event arrives; only where nobody was told what is stripped one warning says which setting is missing."""
    behind, (given, receiver) = BEHIND[name], surroundings
    given = {**given, "public_url": f"{ORIGIN}/app/connect"}
    with started(behind.setup, given, *behind.options, unix=behind.unix, mount=behind.mount) as server:
        upstream = f"unix:{server.address}:" if behind.unix else f"127.0.0.1:{server.port}"
        target = f"http://{upstream}{'' if behind.keeps else '/'}"
        location = f"location /app/ {{ {behind.headers} proxy_pass {target}; }}"
        if behind.headers:  # nginx drops those of the server block where a location has its own
            location = location.replace("proxy_pass", "proxy_set_header Host $host; proxy_pass")
        with proxying(tmp_path, location) as proxy:
            customer = HostedCustomer(hub_apps.make(given), Through(proxy))
            await connect(customer, await link_of(proxy, "42", "/app/connect"))
            await receiver.arrived(1, PATIENCE)
        assert server.output().count("the hub is mounted at") == behind.warns
        assert ("--root-path /app" in server.output()) == behind.warns


async def test_two_mounts_under_gevent(surroundings: tuple[dict[str, Any], WebhookReceiver]) -> None:
    """R18: two hubs in one gevent worker share the one event loop that a process may have there: requests to
    both, made together, are answered, both deliver, and the worker ends in good order."""
    given, receiver = surroundings
    with started("two hubs, gunicorn gevent", given) as server:
        async with httpx2.AsyncClient(base_url=server.url, timeout=PATIENCE) as http:
            paths = ["/connect/healthz", "/partners/healthz", "/"] * 8
            answers = await asyncio.gather(*(http.get(path) for path in paths))
            assert {answer.status_code for answer in answers} == {200}
        for prefix in ("/connect", "/partners"):
            given = {**given, "public_url": ORIGIN + prefix}
            customer = HostedCustomer(hub_apps.make(given), Through(server))
            await connect(customer, await link_of(server, "42", prefix))
        await receiver.arrived(2, PATIENCE)
        assert server.stop() == 0
        assert "Traceback" not in server.output(), server.output()


async def test_the_other_way_round_a_view_calls_the_hub(
    surroundings: tuple[dict[str, Any], WebhookReceiver],
) -> None:
    """R19: where the server's event loop serves the hub, and the WSGI application has threads beside it, its
    views call hub.sync: many together, and the links that they make are the hub's."""
    given, _ = surroundings
    with started("the other way round, uvicorn", given) as server:
        async with httpx2.AsyncClient(base_url=server.url, timeout=PATIENCE) as http:
            answers = await asyncio.gather(*(http.post("/invite") for _ in range(24)))
        links = {answer.text for answer in answers}
        assert len(links) == 24
        seen = await HostedCustomer(hub_apps.make(given), Through(server)).open(links.pop())
        assert seen.status == 200


async def link_of(server: Server | Proxy, owner: str, prefix: str = "/connect") -> str:
    """A link, made over HTTP: where it leads."""
    async with httpx2.AsyncClient(
        base_url=ORIGIN, auth=(API_KEY, ""), transport=Through(server), timeout=PATIENCE
    ) as http:
        answer = await http.post(
            f"{prefix}/connect_sessions", json={"origin_owner_id": owner, "origin_owner_name": "Acme"}
        )
    assert answer.status_code == 201, answer.text
    link: str = answer.json()["auth_link_url"]
    return link


class Through(httpx2.AsyncBaseTransport):
    """A proxy in front of the server: takes requests to the public origin there."""

    def __init__(self, server: Server | Proxy) -> None:
        self._server = server

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        address = self._server.address
        if isinstance(address, str):
            url, uds = request.url.copy_with(scheme="http"), address
        else:
            url, uds = request.url.copy_with(scheme="http", host=address[0], port=address[1]), None
        headers = {**request.headers, "x-forwarded-proto": "https"}
        forwarded = httpx2.Request(request.method, url, headers=headers, content=await request.aread())
        async with httpx2.AsyncHTTPTransport(uds=uds) as inner:
            response = await inner.handle_async_request(forwarded)
            await response.aread()
        return response
