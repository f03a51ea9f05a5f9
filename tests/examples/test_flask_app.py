"""The Flask example: its own rows with the hub's, a refusal, a delivery, and the whole way of a customer."""

import asyncio
import json
import os
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx2
import pytest
from flask import Flask
from sqlalchemy import create_engine, delete, text
from sqlalchemy.exc import IntegrityError

from connect_hub import ConnectHub, KeyRing
from connect_hub.keys import new_key_text
from connect_hub.portal import current_portal
from examples.flask_app import create_app
from examples.flask_app.models import Tenant, db
from examples.settings import Settings
from examples.simulation import Simulation, simulation
from tests.examples.browsing import Browser, FlaskTestClient
from tests.hosts.servers import serving

ORIGIN = "https://roster.example"


@dataclass
class Roster:
    """The example, running on a simulated provider."""

    app: Flask
    hub: ConnectHub
    tools: Simulation
    database: str

    def browser(self) -> Browser:
        return Browser(self.hub, FlaskTestClient(self.app))

    def rows(self, table: str) -> list[Any]:
        engine = create_engine(self.database)
        with engine.connect() as c:
            rows = list(c.execute(text(f"SELECT * FROM {table}")))  # noqa: S608  # a name of this module's
        engine.dispose()
        return rows


@pytest.fixture
def roster(tmp_path: Path) -> Iterator[Roster]:
    database = f"sqlite:///{tmp_path / 'roster.db'}"
    with simulation(f"{ORIGIN}/connect") as tools:
        app = create_app(
            Settings(
                secret_key="made up",
                database_url=database,
                origin=ORIGIN,
                keys=KeyRing.from_text(new_key_text()),
                connectors=tools.connectors,
                network=tools.network,
            )
        )
        app.test_cli_runner().invoke(args=["init-db"])
        hub: ConnectHub = app.extensions["connect_hub"]
        yield Roster(app, hub, tools, database)
        current_portal().run(hub.aclose())


async def notices(browser: Browser, count: int) -> list[str]:
    """The notices on the settings page, once there are so many: they come after the commit."""
    async with asyncio.timeout(10):
        while True:
            found = re.findall(r"<li>([^<]*was connected[^<]*)</li>", (await browser.get("/settings")).text)
            if len(found) >= count:
                return found


async def test_a_customer_connects_and_their_employees_are_shown(roster: Roster) -> None:
    """The whole way: sign in, connect by key and by sign-in, see both, use one, disconnect it."""
    browser = roster.browser()
    assert (await browser.sign_in("ada@acme.example")).heading == "Settings"
    link = await browser.ask_for_link()
    done = await browser.connect_with_key(link, roster.tools.api_key.reveal())
    assert done.heading == "Acme Key is connected", done.text
    assert "Ada Lovelace" in done.text
    done = await browser.connect_with_sign_in(link, roster.tools.provider)
    assert done.heading == "Acme Login is connected", done.text
    assert f"{ORIGIN}/settings?result=success" in done.text
    seen = await browser.get("/settings")
    assert "simulated-key, as Ada Lovelace" in " ".join(seen.text.split())
    employees = await browser.get(seen.link("Employees"))
    assert "Grace Hopper" in employees.text
    assert await notices(browser, 2) == [
        "simulated-key was connected by Ada Lovelace.",
        "simulated was connected by Ada Lovelace.",
    ]
    await browser.press(seen, "Disconnect")
    assert len(roster.rows("connections")) == 1
    assert len(roster.rows("connect_hub_accounts")) == 1


async def test_another_tenant_sees_nothing_of_it(roster: Roster) -> None:
    """T41: Globex neither sees Acme's connection nor reads its employees by its address."""
    ada, bob = roster.browser(), roster.browser()
    await ada.sign_in("ada@acme.example")
    await ada.connect_with_key(await ada.ask_for_link(), roster.tools.api_key.reveal())
    address = (await ada.get("/settings")).link("Employees")
    await bob.sign_in("bob@globex.example")
    assert "None yet." in (await bob.get("/settings")).text
    assert (await bob.get(address)).status == 404
    assert (await bob.request("POST", address.replace("employees", "disconnect"), {})).status == 404
    assert (await ada.get(address)).status == 200


@pytest.mark.parametrize("way", ["key", "sign-in"])
async def test_a_refusal_stores_nothing(roster: Roster, way: str) -> None:
    """A suspended tenant's connection is refused in the application's words; neither database has a row of
    it, and a grant that was just obtained is revoked."""
    browser = roster.browser()
    await browser.sign_in("eve@initech.example")
    link = await browser.ask_for_link()
    if way == "key":
        seen = await browser.connect_with_key(link, roster.tools.api_key.reveal())
    else:
        seen = await browser.connect_with_sign_in(link, roster.tools.provider)
    assert "Initech is suspended. Pay the open invoice, then open the link again." in seen.text
    assert roster.rows("connections") == []
    assert roster.rows("connect_hub_accounts") == []
    assert roster.rows("connect_hub_events") == []
    if way == "sign-in":
        async with asyncio.timeout(5):
            while roster.tools.provider.calls["revoke"] == 0:
                await browser.get("/settings")  # it happens behind the customer's back


async def test_who_is_not_signed_in_gets_no_link(roster: Roster) -> None:
    """The settings page is for users; the hub's pages are for who has a link."""
    browser = roster.browser()
    seen = await browser.request("POST", "/settings/connect", {})
    assert seen.headers["location"] == "/login"
    assert roster.rows("connect_hub_sessions") == []
    assert (await browser.sign_in("ada@acme.example", path="/login")).heading == "Settings"


async def test_a_tenant_is_erased_with_all_that_is_its(roster: Roster) -> None:
    """Accounts refer to the application's tenants: erasing tells of each and revokes it, then the tenant goes
    with the rest of its rows; another's stay. One that is deleted past the hub takes its accounts along."""
    for email in ("ada@acme.example", "bob@globex.example"):
        browser = roster.browser()
        await browser.sign_in(email)
        await browser.connect_with_key(await browser.ask_for_link(), roster.tools.api_key.reveal())
    done = await asyncio.to_thread(roster.app.test_cli_runner().invoke, args=["erase-tenant", "acme"])
    assert done.output == "erased acme, with 1 accounts\n"
    assert [row.tenant_id for row in roster.rows("connections")] == ["globex"]
    assert [row.origin_owner_id for row in roster.rows("connect_hub_accounts")] == ["globex"]
    about_acme = [row.name for row in roster.rows("connect_hub_events") if row.owner_id == "acme"]
    assert about_acme == ["account.deleted"]
    with roster.app.app_context():
        with pytest.raises(IntegrityError):
            db.session.execute(text("UPDATE connect_hub_accounts SET origin_owner_id = 'nobody'"))
        db.session.rollback()
        db.session.execute(delete(Tenant).where(Tenant.id == "globex"))
        db.session.commit()
    assert roster.rows("connect_hub_accounts") == roster.rows("connections") == []


async def test_it_runs_under_gunicorn(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The same under a real server with two workers that were forked from it, made from the environment."""
    database = f"sqlite:///{tmp_path / 'roster.db'}"
    keys = new_key_text()
    with simulation(f"{ORIGIN}/connect") as tools:
        env = {
            "ROSTER": json.dumps({"base_url": tools.provider.base_url, "database": database, "keys": keys}),
            "PYTHONWARNINGS": "ignore",
        }
        options = ("--worker-class", "gthread", "--threads", "2", "--workers", "2", "--preload")
        monkeypatch.setenv("ROSTER", env["ROSTER"])
        made = served_app()
        made.test_cli_runner().invoke(args=["init-db"])
        with serving("gunicorn", "tests.examples.test_flask_app:served_app()", *options, env=env) as server:
            browser = Browser(made.extensions["connect_hub"], _Proxy(server.url))
            await browser.sign_in("ada@acme.example")
            done = await browser.connect_with_sign_in(await browser.ask_for_link(), tools.provider)
            assert done.heading == "Acme Login is connected", done.text + server.output()
            seen = await browser.get("/settings")
            assert "Grace Hopper" in (await browser.get(seen.link("Employees"))).text
            assert await notices(browser, 1) == ["simulated was connected by Ada Lovelace."]
            assert server.stop() == 0
            assert "Traceback" not in server.output()


def served_app() -> Flask:
    """The example on a provider of another process."""
    from connect_hub import NetworkConfig, OAuth
    from connect_hub.testing.provider.connectors import oauth_connector

    given = json.loads(os.environ["ROSTER"])
    return create_app(
        Settings(
            secret_key="made up",
            database_url=given["database"],
            origin=ORIGIN,
            keys=KeyRing.from_text(given["keys"]),
            connectors=[
                OAuth(
                    oauth_connector(base_url=given["base_url"]),
                    client_id="example",
                    client_secret="a-secret-between-example-and-simulation",
                ),
                "bamboohr",
            ],
            network=NetworkConfig(
                insecure_dev=True, allow_private_hosts=frozenset({given["base_url"].partition("//")[2]})
            ),
        )
    )


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
