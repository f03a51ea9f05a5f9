"""What an operator's browser may ask for, how often, and what keeps its sign-in alive."""

from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path
from urllib.parse import urlencode

import pytest
from starlette.routing import Route

from connect_hub.config import NetworkConfig, Rate, RateConfig
from connect_hub.web.dashboard import guard
from tests.customer import Form
from tests.dashboard.desk import DESK, make_desk
from tests.dashboard.test_authorisation import address, everything, methods, routes


async def test_an_operator_s_pages_are_counted(tmp_path: Path) -> None:
    """T39: past the rate every page, form and download of this operator is a 429 that says when to come back,
    in each of their browsers; another operator's go on."""
    rates = RateConfig(per_client=None, per_operator=Rate(0.001, 7))
    staff = await make_desk(tmp_path, network=NetworkConfig(rates=rates))
    # Signing in ends at the front door, and at the page behind it.
    browser, again = await staff.browser("viewer"), await staff.browser("viewer")
    assert [(await browser.get(f"{DESK}/links")).status for _ in range(3)] == [200, 200, 200]
    for path in ("", "/accounts", "/accounts.csv", "/links"):
        seen = await again.get(f"{DESK}{path}")
        assert (seen.status, "retry-after" in seen.headers) == (429, True), path
    assert (await again.send(Form(f"{DESK}/sign-out"))).status == 429
    other = await staff.browser("operator")
    assert (await other.get(f"{DESK}/links")).status == 200


async def test_whoever_is_not_signed_in_is_counted_by_address(tmp_path: Path) -> None:
    """T39: neither the front door, nor a page, nor the sign-in's page, nor what is none of them is a way to
    ask without end."""
    rates = RateConfig(per_client=Rate(0.001, 4), per_operator=None)
    staff = await make_desk(tmp_path, network=NetworkConfig(rates=rates))
    browser = await staff.browser("nobody")
    statuses = [
        (await browser.request("GET", path)).status
        for path in (
            "/connect/dashboard",
            f"{DESK}/accounts",
            "/connect/dashboard/sign-in",
            "/connect/dashboard/none",
            "/connect/dashboard/none",
            f"{DESK}/links",
        )
    ]
    assert statuses == [303, 303, 200, 404, 429, 429]


async def test_a_page_that_watches_keeps_nobody_signed_in(tmp_path: Path) -> None:
    """What a page's script asks by itself, and the page that it loads anew, do not count as use: a browser
    that nobody sits at is signed out after half an hour. Reading a page does count."""
    staff = await make_desk(tmp_path)
    names = await everything(staff)
    states = [
        f"{DESK}/links/{names['session_id']}/state",
        f"{DESK}/webhooks/{names['endpoint_id']}/state",
    ]
    watching, reading = await staff.browser("viewer"), await staff.browser("viewer")
    for _ in range(2):
        staff.made.clock.advance(timedelta(minutes=14))
        assert [(await watching.request("GET", url)).status for url in states] == [200, 200]
        anew = [url.replace("/state", "?watching=1") for url in states]
        assert [(await watching.request("GET", url)).status for url in anew] == [200, 200]
        assert (await reading.get(f"{DESK}/links")).heading == "Links"
    staff.made.clock.advance(timedelta(minutes=3))
    for url in states:
        asked = await watching.request("GET", url, accept="application/json")
        assert (asked.status, "operator_required" in asked.text) == (403, True)
    assert (await reading.get(f"{DESK}/links")).heading == "Links"


def odd(route: Route, names: dict[str, str], text: str) -> list[str]:
    """The addresses of a route, with `text` in the place of one name after the other."""
    found = [name for name in names if f"{{{name}}}" in route.path]
    return [address(route, {**names, name: text}) for name in found]


async def test_an_address_that_names_nothing_is_not_found(tmp_path: Path) -> None:
    """T41: what no project, row or action is called is a 404 by every route and method, and reaches no
    database: one would choke on a NUL."""
    staff = await make_desk(tmp_path)
    names, browser = await everything(staff), await staff.browser("admin")
    nonce = (await browser.get(f"{DESK}/links/new")).form("Create link").fields["nonce"]
    asked = 0
    for route in routes(staff):
        for text in ("a%00b", "%0d%0a", "x" * 300):
            for url in odd(route, names, text):
                for method in methods(route):
                    seen = (
                        await browser.request("GET", url)
                        if method == "GET"
                        else await browser.send(Form(url, {"nonce": nonce}))
                    )
                    assert seen.status == 404, (method, url)
                    asked += 1
    assert asked > 100
    assert (await browser.get(f"{DESK}/links/new?account=a%00b")).status == 404
    kept = {"nonce": nonce, "account": "a\x00b", "origin_owner_id": "4", "origin_owner_name": "A"}
    assert (await browser.send(Form(f"{DESK}/links/new"), {**kept, "days": "5"})).status == 422


async def test_a_form_that_is_held_back_is_looked_at_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """T36: whoever begins to send a form and is removed before its end gets nothing done with it."""
    monkeypatch.setattr(guard, "_PROMPT", 0.0)
    staff = await make_desk(tmp_path)
    browser, hub = await staff.browser("admin"), staff.made.hub
    form = (await browser.get(f"{DESK}/keys")).form("Create key")
    body = urlencode({**form.fields, "name": "payroll"}).encode()
    [admin] = [one for one in await hub.operators.list() if one.name == "Admin"]

    async def held() -> AsyncIterator[bytes]:
        yield body[:-3]
        await hub.operators.revoke(admin.id)
        yield body[-3:]

    answer = await browser._http.post(
        form.action,
        content=held(),
        headers={
            "content-type": "application/x-www-form-urlencoded",
            "origin": browser.origin,
            "sec-fetch-site": "same-origin",
            "cookie": "; ".join(f"{name}={value}" for name, value in browser.cookies.items()),
        },
    )
    assert answer.status_code != 200
    assert await hub.api_keys.list() == []
