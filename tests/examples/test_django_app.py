"""The Django example under real servers: models with the hub's rows, Django's users, staff and commands."""

import asyncio
import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx2
import pytest
from sqlalchemy import create_engine, text

from connect_hub import ConnectHub, KeyRing
from connect_hub.keys import new_key_text
from connect_hub.storage.memory import MemoryStorage
from examples.simulation import Simulation, simulation
from tests.customer import Seen
from tests.examples.browsing import Browser
from tests.hosts.servers import Server, serving

ORIGIN = "https://roster.example"
ROOT = Path(__file__).resolve().parents[2]
SERVERS = {
    "gunicorn": (
        "examples.django_app.wsgi:application",
        ("--worker-class", "gthread", "--threads", "2", "--workers", "2", "--preload"),
    ),
    "uvicorn": ("examples.django_app.asgi:application", ("--lifespan", "off")),
}


class DjangoBrowser(Browser):
    """Signs in with Django's own form."""

    def __init__(self, url: str) -> None:
        # The hub is in the server's process: of this one, its address alone is used.
        hub = ConnectHub(
            public_url=f"{ORIGIN}/connect",
            keys=KeyRing.from_text(new_key_text()),
            storage=MemoryStorage(),
            connectors=["bamboohr"],
        )
        super().__init__(hub, _Proxy(url))

    async def sign_in(self, email: str, *, path: str = "/login") -> Seen:
        seen = await self.get(path)
        return await self.press(seen, "Sign in", {"username": email, "password": "demo"})


@dataclass
class Roster:
    """The example, served on a simulated provider."""

    server: Server
    tools: Simulation
    database: str
    environment: Mapping[str, str]

    async def browser(self, user: str) -> DjangoBrowser:
        browser = DjangoBrowser(self.server.url)
        seen = await browser.sign_in(user)
        assert seen.headers["location"] == "/settings", seen.text + self.server.output()
        return browser

    def rows(self, table: str) -> list[Any]:
        engine = create_engine(self.database)
        with engine.connect() as c:
            rows = list(c.execute(text(f"SELECT * FROM {table}")))  # noqa: S608  # a name of this module's
        engine.dispose()
        return rows

    def manage(self, *arguments: str) -> str:
        return python(self.environment, "-m", "examples.django_app.manage", *arguments)


def python(environment: Mapping[str, str], *arguments: str) -> str:
    done = subprocess.run(
        [sys.executable, *arguments],
        cwd=ROOT,
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@contextmanager
def running(kind: str, folder: Path) -> Iterator[Roster]:
    database = f"sqlite:///{folder / 'roster.db'}"
    with simulation(f"{ORIGIN}/connect") as tools:
        environment = {
            "DJANGO_SETTINGS_MODULE": "tests.examples.django_settings",
            "SECRET_KEY": "made up",
            "DATABASE_URL": database,
            "ORIGIN": ORIGIN,
            "CONNECT_HUB_KEYS": new_key_text(),
            "SIMULATED": tools.provider.base_url,
        }
        python(environment, "-m", "examples.django_app.manage", "migrate", "--verbosity", "0")
        demo = "import django; django.setup()\nfrom examples.django_app.demo import *\nadd_demo_users()"
        python(environment, "-c", demo)
        app, options = SERVERS[kind]
        with serving(kind, app, *options, env=environment) as server:
            yield Roster(server, tools, database, environment)


@pytest.mark.parametrize("kind", SERVERS)
async def test_a_customer_connects_and_their_employees_are_shown(kind: str, tmp_path: Path) -> None:
    """The whole way under WSGI and ASGI: sign in, connect both ways, use one, disconnect it; another tenant
    gets nowhere (T41), a suspended one leaves nothing (R1), staff see the dashboard and customers do not."""
    with running(kind, tmp_path) as roster:
        ada = await roster.browser("ada")
        link = await ada.ask_for_link()
        bob = await roster.browser("bob")
        await refused(bob, link)
        done = await ada.connect_with_key(link, roster.tools.api_key.reveal())
        assert done.heading == "Acme Key is connected", done.text + roster.server.output()
        assert "Roster shows your employees, and changes nothing in your tool." in done.text
        done = await ada.connect_with_sign_in(link, roster.tools.provider)
        assert done.heading == "Acme Login is connected", done.text
        assert f"{ORIGIN}/settings?result=success" in done.text
        seen = await ada.get("/settings")
        assert "simulated-key, as Ada Lovelace" in " ".join(seen.text.split())
        address = seen.link("Employees")
        assert "Grace Hopper" in (await ada.get(address)).text
        assert await notices(ada, 2) == {
            "simulated-key was connected by Ada Lovelace.",
            "simulated was connected by Ada Lovelace.",
        }
        assert "None yet." in (await bob.get("/settings")).text
        assert (await bob.get(address)).status == 404
        await ada.press(seen, "Disconnect")
        assert len(roster.rows("roster_connection")) == len(roster.rows("connect_hub_accounts")) == 1

        eve = await roster.browser("eve")
        seen = await eve.connect_with_key(await eve.ask_for_link(), roster.tools.api_key.reveal())
        assert "Initech is suspended. Pay the open invoice, then open the link again." in seen.text
        assert len(roster.rows("roster_connection")) == len(roster.rows("connect_hub_accounts")) == 1

        sam = await roster.browser("sam")
        overview = await sam.get("/connect/dashboard")
        assert (overview.status, '<a href="/admin/">Back to the application</a>' in overview.text) == (
            200,
            True,
        )
        assert (await sam.get("/connect/dashboard/in/default/audit")).status == 200
        pat = await roster.browser("pat")
        assert (await pat.get("/connect/dashboard/in/default/accounts")).status == 200
        assert (await pat.get("/connect/dashboard/in/default/audit")).status == 403
        assert (await ada.request("GET", "/connect/dashboard")).status != 200
        stranger = await DjangoBrowser(roster.server.url).request("GET", "/connect/dashboard")
        assert "/admin/login/" in stranger.headers["location"]

        assert "ada" in roster.manage("connect_hub", "links", "list", "--json")
        assert "No changes detected" in roster.manage("makemigrations", "--check")
        assert roster.server.stop() in {0, -signal.SIGTERM}  # uvicorn ends by the signal it was sent
        assert "Traceback" not in roster.server.output(), roster.server.output()


async def refused(browser: Browser, link: str) -> None:
    """A link for another tenant opens nothing."""
    seen = await browser.open(link)
    if any("Continue" in label for form in seen.forms for label in form.buttons):
        seen = await browser.press(seen, "Continue")
    assert "Acme Key" not in seen.text, seen.text


async def notices(browser: Browser, count: int) -> set[str]:
    """The notices on the settings page, once there are so many: they come after the commit."""
    async with asyncio.timeout(30):
        while True:
            found = re.findall(r"<li>([^<]*was connected[^<]*)</li>", (await browser.get("/settings")).text)
            if len(found) >= count:
                return set(found)


class _Proxy(httpx2.AsyncBaseTransport):
    """In front of the server: takes requests to the public origin there."""

    def __init__(self, url: str) -> None:
        self._url = httpx2.URL(url)

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        url = request.url.copy_with(scheme=self._url.scheme, host=self._url.host, port=self._url.port)
        forwarded = httpx2.Request(
            request.method, url, headers=request.headers, content=await request.aread()
        )
        async with httpx2.AsyncHTTPTransport() as inner:
            response = await inner.handle_async_request(forwarded)
            await response.aread()
        return response
