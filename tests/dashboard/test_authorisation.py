"""T41: who may do what, for every route of the dashboard, method, caller and kind of answer."""

import json
import re
from collections.abc import Mapping
from itertools import product
from pathlib import Path

import pytest
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from connect_hub.dashboard import DashboardConfig
from connect_hub.identity import Visitor
from connect_hub.operators import Operator, Role
from connect_hub.web.dashboard.endpoint import DashboardEndpoint, Open, Read
from connect_hub.web.dashboard.guard import Guard
from tests.customer import Customer, Form, Seen
from tests.dashboard.desk import DESK, Staff, make_desk

V, O, A = Role.VIEWER, Role.OPERATOR, Role.ADMIN  # noqa: E741  # a table to be read in columns

# What docs/dashboard.md promises: by route, each method and action that is not a viewer's to see. The rest of
# what there is, a viewer may look at, and nobody may do.
PROMISED: dict[str, dict[str, Role]] = {
    "dashboard_account_action": {
        "suspend": O,
        "resume": O,
        "convert-to-test": O,
        "convert-to-production": O,
        "disconnect": O,
    },
    "dashboard_sign_out": {"": V},
    "dashboard_new_link": {"": O},
    "dashboard_link_action": {"renew": O, "revoke": O},
    "dashboard_connector_client": {"": A},
    "dashboard_connector_action": {"enable": A, "disable": A, "remove-client": A},
    "dashboard_new_webhook": {"": A},
    "dashboard_webhook_change": {"": A},
    "dashboard_webhook_action": {
        "test": O,
        "replay": O,
        "rotate": A,
        "disable": A,
        "enable": A,
        "delete": A,
    },
    "dashboard_delivery_action": {"resend": O},
    "dashboard_keys": {"": A},
    "dashboard_key_action": {"revoke": A},
    "dashboard_audit": {"": A},
    "dashboard_audit_csv": {"": A},
}
IN_NO_PROJECT = {"dashboard", "dashboard_sign_in", "dashboard_elsewhere"}
OPEN = {"dashboard_sign_in", "dashboard_elsewhere"}
"""For whoever is not signed in; tests/dashboard/test_signing_in.py and test_dead_ends.py have it."""
CALLERS = ("nobody", "visitor", "viewer", "operator", "admin", "stranger")
ROLES = {"viewer": V, "operator": O, "admin": A}


async def everything(staff: Staff) -> dict[str, str]:
    """What the parameters of the routes name: one of each in the project."""
    hub = staff.made.hub
    account_id = await staff.connected()
    [session] = await hub.sessions.list()
    key = await hub.api_keys.create(name="worker")
    endpoint = (await hub.endpoints.create(url="https://example.com/hook")).endpoint
    delivery = await hub.endpoints.test(endpoint.id)
    return {
        "project": "default",
        "account_id": account_id,
        "session_id": str(session.id),
        "key_id": key.key.id,
        "endpoint_id": endpoint.id,
        "delivery_id": delivery.id,
        "provider": "later",
    }


def address(route: Route, names: dict[str, str]) -> str:
    named = {"action": actions(route)[0], **names}
    return "/connect" + re.sub(r"\{(\w+)\}", lambda m: named[m[1]], route.path)


def routes(staff: Staff) -> list[Route]:
    found = [
        route
        for route in staff.made.hub._web._site.urls._routes
        if isinstance(route, Route) and route.path.startswith("/dashboard")
    ]
    assert len(found) > 25
    return [route for route in found if route.name not in OPEN]


def endpoint(route: Route) -> DashboardEndpoint:
    assert isinstance(route.endpoint, DashboardEndpoint)
    return route.endpoint


def methods(route: Route) -> set[str]:
    return set(endpoint(route).methods) - {"HEAD"}


def actions(route: Route) -> list[str]:
    """What the last part of its path may say; a single empty one for a route that has no actions."""
    least = endpoint(route).least("GET") if "GET" in methods(route) else None
    return list(least) if isinstance(least, Mapping) else [""]


def role(route: Route, method: str, action: str) -> Role | None:
    """The least that may, as the route table says."""
    least = endpoint(route).least(method)
    return least[action] if isinstance(least, Mapping) else least


async def ask(browser: Customer, method: str, url: str, accept: str) -> Seen:
    if method == "GET":
        return await browser.request("GET", url, accept=accept)
    own = {"origin": browser.origin, "sec_fetch_site": "same-origin"}
    return await browser.request("POST", url, {"nonce": ""}, accept=accept, **own)


def code(seen: Seen) -> str:
    return str(json.loads(seen.text)["errorCode"])


async def callers(staff: Staff) -> dict[str, Customer]:
    browsers = {who: await staff.browser(who) for who in CALLERS if who != "visitor"}
    link = await staff.made.hub.links.create(origin_owner_id="7", origin_owner_name="Visitor")
    visitor = Customer(staff.made.hub)
    await visitor.enter(link.url)
    assert visitor.cookies
    return {**browsers, "visitor": visitor}


async def test_the_route_table_says_what_the_docs_promise(tmp_path: Path) -> None:
    """T41: a viewer may look at everything but what is promised to be an operator's or an administrator's;
    whatever changes something is promised to one of these."""
    staff = await make_desk(tmp_path)
    inside = {route.name: route for route in routes(staff) if route.name not in IN_NO_PROJECT}
    assert set(inside) >= set(PROMISED)
    for name, route in inside.items():
        for action, method in product(actions(route), methods(route)):
            promised = PROMISED.get(name, {}).get(action, V if method == "GET" else None)
            assert role(route, method, action) is promised, (method, name, action)
        assert set(PROMISED.get(name, [""])) == set(actions(route)), name
    for name in IN_NO_PROJECT - OPEN:
        [route] = [route for route in routes(staff) if route.name == name]
        assert "{project}" not in route.path


async def test_no_handler_stands_in_a_project_without_a_role(tmp_path: Path) -> None:
    """T41: neither an address in a project that is open, nor one in none that asks for a role, is built."""
    site = (await make_desk(tmp_path)).made.hub._web._site

    async def forgets(request: Request, *_: object) -> Response:
        return Response()

    for path, row in (("/dashboard/in/{project}/new", Open(forgets)), ("/dashboard/new", Read(V, forgets))):
        with pytest.raises(TypeError, match="least role"):
            DashboardEndpoint(site, Guard(site), row).at(path, "new")


@pytest.mark.parametrize("accept", ["text/html", "application/json"])
async def test_every_route_lets_in_whom_it_says(tmp_path: Path, accept: str) -> None:
    """T41: nobody and a customer's visit cookie are sent to sign in, a lower role is refused, another
    project's admin finds nothing; a form without the page's own nonce changes nothing, whoever sends it."""
    staff = await make_desk(tmp_path)
    names, browsers = await everything(staff), await callers(staff)
    before = await staff.made.hub.accounts.get(names["account_id"])
    checked = 0
    for route in routes(staff):
        for action, method, who in product(actions(route), sorted(methods(route)), CALLERS):
            least = role(route, method, action)
            seen = await ask(browsers[who], method, address(route, {**names, "action": action}), accept)
            check(seen, who, least, method, accept, f"{method} {route.name} {action} as {who}: {seen.status}")
            checked += 1
    assert checked > 250
    assert await staff.made.hub.accounts.get(names["account_id"]) == before


def check(seen: Seen, who: str, least: Role | None, method: str, accept: str, where: str) -> None:
    in_json = accept == "application/json"
    if who in {"nobody", "visitor"}:
        if in_json:
            assert (seen.status, code(seen)) == (403, "operator_required"), where
        else:
            assert seen.status == 303, where
            assert seen.headers["location"].startswith("/connect/dashboard/sign-in?next="), where
        return
    if least is None:
        assert seen.status == 303, where
    elif who == "stranger":
        assert seen.status == 404, where
    elif not ROLES[who].covers(least):
        assert seen.status == 403, where
        assert "role_required" in seen.text, where
    elif method == "GET":
        assert seen.status == 200, where
    else:
        assert seen.status == 403, where
        assert "form_expired" in seen.text, where


async def test_a_foreign_project_is_as_absent_as_an_unknown_one(tmp_path: Path) -> None:
    """T41: the answers are the same bytes, but for the time and the reference."""
    staff = await make_desk(tmp_path)
    names = await everything(staff)
    browser = await staff.browser("stranger")
    for route in routes(staff):
        if "{project}" not in route.path:
            continue
        answers = set()
        for project in ("default", "nowhere"):
            url = address(route, {**names, "project": project})
            for method in methods(route):
                seen = await ask(browser, method, url, "text/html")
                body = re.sub(r"Reference:</?[^<]*<code>\w+|Reference: <code>\w+", "", seen.text)
                answers.add((seen.status, body.replace(project, "")))
        assert len(answers) == 1, route.name


async def test_what_belongs_to_another_project_is_not_found_here(tmp_path: Path) -> None:
    """T41: an account, link and key of another project, asked for under one's own, is a 404; so is acting."""
    staff = await make_desk(tmp_path)
    names = await everything(staff)
    browser = await staff.browser("stranger")
    own = "/connect/dashboard/in/other"
    nonce = (await browser.get(f"{own}/links/new")).form("Create link").fields["nonce"]
    for path in (
        f"accounts/{names['account_id']}/suspend",
        f"links/{names['session_id']}/revoke",
        f"keys/{names['key_id']}/revoke",
        f"webhooks/{names['endpoint_id']}/delete",
        f"deliveries/{names['delivery_id']}/resend",
    ):
        assert (await browser.get(f"{own}/{path}")).status == 404, path
        assert (await browser.send(Form(f"{own}/{path}", {"nonce": nonce}))).status == 404, path
    hub = staff.made.hub
    assert (await hub.accounts.get(names["account_id"])).status.value == "active"
    assert [key.revoked_at for key in await hub.api_keys.list()] == [None]


@pytest.mark.parametrize("action", ["rotate", "disable", "enable", "delete"])
async def test_an_operator_may_not_change_an_endpoint(tmp_path: Path, action: str) -> None:
    """T41: of the actions behind one address, an operator may test and replay; the rest is an admin's."""
    staff = await make_desk(tmp_path)
    names = await everything(staff)
    browser = await staff.browser("operator")
    desk = "/connect/dashboard/in/default"
    nonce = (await browser.get(f"{desk}/links/new")).form("Create link").fields["nonce"]
    url = f"{desk}/webhooks/{names['endpoint_id']}/{action}"
    assert (await browser.get(url)).status == 403
    refused = await browser.send(Form(url, {"nonce": nonce}))
    assert (refused.status, "Nothing was done." in refused.text) == (403, True)
    [endpoint] = await staff.made.hub.endpoints.list()
    assert endpoint.enabled


async def test_a_nonce_is_of_one_browser_and_project(tmp_path: Path) -> None:
    """T28: the nonce of another operator, of another browser and of another project is refused."""
    staff = await make_desk(tmp_path)
    chief = await staff.browser("chief")
    form = (await chief.get("/connect/dashboard/in/default/keys")).form("Create key")
    assert (await chief.send(form, {"name": "fine"})).heading == "The key is ready"
    for who, url in (("admin", form.action), ("chief", form.action)):
        other = await staff.browser(who)
        seen = await other.send(Form(url, form.fields), {"name": "x"})
        assert (seen.status, "form_expired" in seen.text) == (403, True)
    elsewhere = form.action.replace("/default/", "/other/")
    assert (await chief.send(Form(elsewhere, form.fields), {"name": "x"})).status == 403
    cross = await chief.send(form, {"name": "x"}, sec_fetch_site="cross-site")
    assert (cross.status, "cross_site_request" in cross.text) == (403, True)
    assert len(await staff.made.hub.api_keys.list()) == 1


async def test_the_host_is_asked_once_a_request(tmp_path: Path) -> None:
    """Who is signed in is a question to the host's own database: once for each page and each form."""
    asked = 0

    def auth(_: Visitor) -> Operator:
        nonlocal asked
        asked += 1
        return Operator("ada", "Ada", {"*": A})

    staff = await make_desk(tmp_path, dashboard=DashboardConfig(auth=auth))
    names, browser = await everything(staff), await staff.browser("nobody")
    for route in routes(staff):
        for action, method in product(actions(route), methods(route)):
            asked = 0
            seen = await ask(browser, method, address(route, {**names, "action": action}), "text/html")
            assert asked == 1, (method, route.name, action, seen.status)


async def test_what_is_not_an_action_does_nothing(tmp_path: Path) -> None:
    """T41: an address that ends with what nobody can do is a 404, asked for and sent, whatever the row."""
    staff = await make_desk(tmp_path)
    names, browser = await everything(staff), await staff.browser("admin")
    nonce = (await browser.get(f"{DESK}/keys")).form("Create key").fields["nonce"]
    account, [endpoint] = await staff.made.hub.accounts.list(), await staff.made.hub.endpoints.list()
    for route in routes(staff):
        if route.path.endswith("{action}"):
            url = address(route, {**names, "action": "nothing"})
            assert (await browser.get(url)).status == 404, url
            assert (await browser.send(Form(url, {"nonce": nonce}))).status == 404, url
    assert await staff.made.hub.accounts.list() == account
    assert await staff.made.hub.endpoints.list() == [endpoint]
