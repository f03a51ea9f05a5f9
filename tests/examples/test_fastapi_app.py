"""The FastAPI example: pages of its own, links for the right tenant alone, the whole way of a customer."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

import httpx2
import pytest
from fastapi import FastAPI

from connect_hub import ConnectHub, KeyRing
from connect_hub.keys import new_key_text
from examples.fastapi_app import create_app
from examples.fastapi_app.app import _own_path
from examples.settings import Settings
from examples.simulation import Simulation, simulation
from tests.examples.browsing import Browser

ORIGIN = "https://payday.example"


@dataclass
class Payday:
    """The example, running on a simulated provider."""

    app: FastAPI
    hub: ConnectHub
    tools: Simulation

    def browser(self) -> Browser:
        return Browser(self.hub, httpx2.ASGITransport(app=self.app))


@pytest.fixture
async def payday(tmp_path: Path) -> AsyncIterator[Payday]:
    with simulation(f"{ORIGIN}/connect") as tools:
        app = create_app(
            Settings(
                secret_key="made up",
                database_url=f"sqlite:///{tmp_path / 'payday.db'}",
                origin=ORIGIN,
                keys=KeyRing.from_text(new_key_text()),
                connectors=tools.connectors,
                network=tools.network,
            )
        )
        async with app.router.lifespan_context(app):
            yield Payday(app, app.state.hub, tools)


async def test_a_customer_connects_and_their_employees_are_shown(payday: Payday) -> None:
    """The whole way: sign in, connect by key and by sign-in, see both, use one, disconnect it."""
    browser = payday.browser()
    assert (await browser.sign_in("ada@acme.example")).heading == "Settings"
    link = await browser.ask_for_link()
    done = await browser.connect_with_key(link, payday.tools.api_key.reveal())
    assert done.heading == "Acme Key is connected", done.text
    done = await browser.connect_with_sign_in(link, payday.tools.provider)
    assert done.heading == "Acme Login is connected", done.text
    assert f"{ORIGIN}/settings?result=success" in done.text
    seen = await browser.get("/settings")
    assert "simulated-key, as Ada Lovelace (active)" in " ".join(seen.text.split())
    employees = await browser.get(seen.link("Employees"))
    assert "Rear admiral" in employees.text
    await browser.press(seen, "Disconnect")
    assert len(await payday.hub.accounts.list()) == 1


async def test_another_tenant_cannot_use_the_link(payday: Payday) -> None:
    """T1: Bob, signed in at another tenant, opens Ada's link: 403 at its first button and at every later
    step, the provider is asked for no token, and nothing is stored."""
    ada, bob = payday.browser(), payday.browser()
    await ada.sign_in("ada@acme.example")
    await bob.sign_in("bob@globex.example")
    link = await ada.ask_for_link()
    landing = await bob.open(link)
    refused = await bob.press(landing, "Continue")
    assert (refused.status, refused.heading) == (403, "This link is not for you")
    # Even with all of Ada's hub cookies, and the provider's answer to his own sign-in.
    onward = await ada.hop(link)
    back = payday.tools.provider.approve(onward, user="Bob")
    bob.cookies.update({name: value for name, value in ada.cookies.items() if name.startswith("__Host-")})
    returned = await bob.get(back)
    assert returned.status == 403
    assert payday.tools.provider.calls["token"] == 0
    assert await payday.hub.accounts.list() == []


async def test_nobody_is_sent_to_the_sign_in_and_comes_back(payday: Payday) -> None:
    """A link opened without a session leads to the application's own sign-in, and from there to the list."""
    ada, later = payday.browser(), payday.browser()
    await ada.sign_in("ada@acme.example")
    link = await ada.ask_for_link()
    leaving = await later.enter(link)
    assert leaving.refresh is not None
    assert leaving.refresh.startswith(f"{ORIGIN}/login?next=")
    assert "t=" not in leaving.refresh.partition("next=")[2]
    back = await later.sign_in("ada@acme.example", path=leaving.refresh)
    assert back.link("Acme Key").startswith("/connect/visit/")
    wrong = payday.browser()
    leaving = await wrong.enter(await ada.ask_for_link())
    assert leaving.refresh is not None
    assert (await wrong.sign_in("bob@globex.example", path=leaving.refresh)).status == 403


async def test_its_own_page_block_and_element_are_shown(payday: Payday) -> None:
    """The overridden block, element and page take the place of the hub's; the rest is the hub's own."""
    browser = payday.browser()
    await browser.sign_in("ada@acme.example")
    landing = await browser.open(await browser.ask_for_link())
    assert "Payday reads names and titles, once a night." in landing.text
    assert '<span class="payday-button"><button type="submit"' in landing.text
    assert landing.heading == "Connect to Payday"
    asked = await browser.press(landing, "This was not meant for me")
    declined = await browser.send(asked.forms[0])
    assert declined.heading == "Thank you for telling us"


async def test_another_tenants_account_is_not_found(payday: Payday) -> None:
    """T41: Globex neither sees Acme's account nor reads its employees, nor can it disconnect it."""
    ada, bob = payday.browser(), payday.browser()
    await ada.sign_in("ada@acme.example")
    await ada.connect_with_key(await ada.ask_for_link(), payday.tools.api_key.reveal())
    address = (await ada.get("/settings")).link("Employees")
    await bob.sign_in("bob@globex.example")
    assert "None yet." in (await bob.get("/settings")).text
    assert (await bob.get(address)).status == 404
    assert (await bob.request("POST", address.replace("employees", "disconnect"), {})).status == 404
    assert (await ada.get(address)).status == 200


@pytest.mark.parametrize(
    "address", ["//evil.example/", "https://evil.example/", "/\\evil.example", "javascript:x", "evil", ""]
)
def test_the_sign_in_leads_to_its_own_pages_alone(address: str) -> None:
    """T19: whatever `next` says, the sign-in of the example goes to no other site."""
    assert _own_path(address, ORIGIN) == "/settings"
    assert _own_path(f"{ORIGIN}/connect/visit/x", ORIGIN) == "/connect/visit/x"
