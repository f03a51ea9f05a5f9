"""What every answer carries and refuses, swept over the whole route table, errors included."""

import itertools
import re
from collections.abc import Iterator, Mapping
from pathlib import Path

import httpx2
import pytest
from starlette.routing import Route

from connect_hub import HubConfig, NetworkConfig, RateConfig
from connect_hub.dashboard import DashboardConfig, OperatorTokens
from connect_hub.web.endpoint import Endpoint
from connect_hub.web.headers import PAGE_POLICY
from tests.customer import Customer, Seen
from tests.hubs import GOOD_KEY, Hub, make_hub
from tests.web.stored import fingerprint

METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "BREW")
UNKNOWN = (
    "/nothing",
    "/visit",
    "/link/",
    "/connect_sessions/",
    "//",
    "/static/none.css",
    "/embed/x",
    "/%2e%2e/x",
)
CANARY = "canary-9f3a.example"


def table(made: Hub) -> list[Route]:
    """The route table that the hub answers from."""
    found = [r for r in made.hub._web._site.urls._routes if isinstance(r, Route)]
    assert len(found) > 20
    return found


def endpoint(route: Route) -> Endpoint:
    assert isinstance(route.endpoint, Endpoint)
    return route.endpoint


def methods_of(route: Route) -> set[str]:
    return set(endpoint(route).methods)


def is_page(route: Route) -> bool:
    return endpoint(route)._page


def address(route: Route) -> str:
    """The route's path with something in its parameters."""
    filled = re.sub(r"\{(\w+)(:\w+)?\}", lambda m: {"visit": "0a1b2c3d"}.get(m[1], "some"), route.path)
    return "/connect" + filled


async def sweep(made: Hub, **headers: str) -> list[tuple[str, str, Seen]]:
    """Every route by every method, unknown addresses, and a fault of our own: (method, address, answer)."""
    customer = Customer(made.hub)
    answers = []
    paths = [address(route) for route in table(made)] + [f"/connect{path}" for path in UNKNOWN]
    for path, method in itertools.product(paths, METHODS):
        answers.append((method, path, await customer.request(method, path, **headers)))
    return answers


@pytest.fixture
def made(tmp_path: Path) -> Hub:
    # These tests ask for every address by every method, from one client.
    network = NetworkConfig(rates=RateConfig(per_client=None, sign_ins=None))
    dashboard = DashboardConfig(auth=OperatorTokens())
    return make_hub(tmp_path, config=HubConfig(dashboard=dashboard, network=network))


def is_static(path: str) -> bool:
    return path.startswith("/connect/static/") or path == "/connect/connect.js"


async def test_every_answer_is_closed(made: Hub) -> None:
    """T29, T30, T31: every route by every method, 404, 405 and unknown addresses included: no frame, no
    sniffing, no store, no opener, no inline code; pages with the full policy, data with an empty one."""
    seen_statuses = set()
    for accept in ("text/html", "application/json"):
        for method, path, seen in await sweep(made, accept=accept):
            where = f"{method} {path} {seen.status}"
            seen_statuses.add(seen.status)
            closed(seen, where, stored=is_static(path) and seen.status in {200, 304})
    assert {200, 303, 403, 404, 405} & seen_statuses >= {200, 403, 404, 405}
    assert 500 not in seen_statuses


def closed(seen: Seen, where: str, *, stored: bool = False) -> None:
    headers = seen.headers
    assert headers["x-frame-options"] == "DENY", where
    assert headers["x-content-type-options"] == "nosniff", where
    assert headers["cross-origin-opener-policy"] == "same-origin", where
    assert stored or headers["cache-control"] == "no-store", where
    assert "frame-ancestors 'none'" in headers["content-security-policy"], where
    assert "clear-site-data" not in headers, where
    assert not [name for name in headers if name.startswith("access-control-")], where
    assert "server" not in headers, where
    assert "x-powered-by" not in headers, where
    if headers.get("content-type", "").startswith("text/html"):
        assert headers["content-security-policy"] == PAGE_POLICY, where
        assert headers["referrer-policy"] == "strict-origin", where
        assert "permissions-policy" in headers, where
        assert not re.search(r"<script(?![^>]*\bsrc=)|\son\w+=|<style|\sstyle=", seen.text), where
    else:
        assert parsed(headers["content-security-policy"])["default-src"] == "'none'", where


def parsed(policy: str) -> dict[str, str]:
    """A Content-Security-Policy, by directive."""
    found = {}
    for part in policy.split(";"):
        name, _, value = part.strip().partition(" ")
        found[name] = value
    return found


async def test_fault_of_our_own_is_closed_too(made: Hub, monkeypatch: pytest.MonkeyPatch) -> None:
    """T29, T30, T31, T35: a 500 has the same headers and tells nothing of the fault, as page and as JSON; no
    error leaves the hub for the host's handlers."""

    async def broken(*args: object, **kwargs: object) -> object:
        raise ZeroDivisionError(CANARY)

    core = made.hub.deliveries._core
    monkeypatch.setattr(core.storage, "session_for_token", broken)
    link = await made.hub.links.create(origin_owner_id="42", origin_owner_name="Acme")
    page = await Customer(made.hub).open(link.url)
    assert (page.status, page.headers["content-type"]) == (500, "text/html; charset=utf-8")
    monkeypatch.setattr(made.hub._runtime, "_checked", False)
    monkeypatch.setattr(core.storage, "check", broken)
    data = await Customer(made.hub).request("GET", "/connect/accounts")
    assert (data.status, data.headers["content-type"]) == (500, "application/json")
    for seen in (page, data):
        closed(seen, "500")
        assert CANARY not in seen.text
        assert "ZeroDivision" not in seen.text


async def test_policy_lets_nothing_in(made: Hub) -> None:
    """T30: parsed, the policy of pages allows this origin alone, no inline code and no frame."""
    policy = parsed(PAGE_POLICY)
    assert policy.pop("default-src") == "'none'"
    assert policy.pop("base-uri") == policy.pop("frame-ancestors") == "'none'"
    assert set(policy.values()) == {"'self'"}
    assert {"script-src", "form-action", "connect-src", "style-src", "img-src", "font-src"} == set(policy)


async def test_no_answer_repeats_the_host_that_was_asked(made: Hub) -> None:
    """T33: whatever Host, X-Forwarded-Host, Forwarded or the request line say, no answer to any route names
    it, in a header or a body."""
    lies = {
        "host": CANARY,
        "x_forwarded_host": CANARY,
        "x_forwarded_server": CANARY,
        "x_forwarded_proto": CANARY,
        "x_original_url": f"/{CANARY}",
        "x_rewrite_url": f"/{CANARY}",
        "forwarded": f"host={CANARY};proto=https",
        "referer": f"https://{CANARY}/",
        "accept": "text/html",
    }
    for method, path, seen in await sweep(made, **lies):
        assert CANARY not in str(seen.headers), f"{method} {path}"
        assert CANARY not in seen.text, f"{method} {path}"


async def test_links_do_not_follow_the_host_header(made: Hub) -> None:
    """T33: along the whole way, every address that a page, redirect or answer gives comes from public_url."""
    lies = {"host": CANARY, "x-forwarded-host": CANARY, "x-forwarded-proto": "http"}
    link = await made.hub.links.create(origin_owner_id="42", origin_owner_name="Acme", provider="simulated")
    customer = Customer(made.hub, headers=lies)
    landing = await customer.open(link.url)
    form = await customer.press(landing, "Continue")
    leaving = await customer.press(form, "Connect Acme Login")
    assert leaving.refresh is not None
    done = await customer.get(made.provider.approve(leaving.refresh, user="ada"))
    assert done.heading == "Acme Login is connected"
    for seen in (landing, form, leaving, done):
        assert CANARY not in seen.text + str(seen.headers)
        for target in (*seen.links.values(), *(f.action for f in seen.forms)):
            assert target.startswith(("/connect/", "#", "https://provider.test/")), target
    assert "redirect_uri=https%3A%2F%2Fhub.test%2Fconnect%2Foauth" in leaving.refresh


# --- T28 ---

SITES = (None, "same-origin", "none", "same-site", "cross-site", "")
ORIGINS = (None, "https://hub.test", "https://hub.test.evil.example", "http://hub.test", "null", "")


def origins() -> Iterator[tuple[dict[str, str], bool]]:
    """Headers, and whether a form with them is ours: Sec-Fetch-Site decides where it is sent, else Origin."""
    for site, origin in itertools.product(SITES, ORIGINS):
        headers = {}
        if site is not None:
            headers["sec_fetch_site"] = site
        if origin is not None:
            headers["origin"] = origin
        yield headers, site in {"same-origin", "none"} if site is not None else origin == "https://hub.test"


async def test_forms_of_other_sites_are_refused(made: Hub, tmp_path: Path) -> None:
    """T28: every POST route of the pages refuses a form whose Sec-Fetch-Site, or else Origin, is not ours,
    with 403 before anything is read, for a browser that has the cookie; the route for providers' own POSTs
    does nothing but hand the answer back, and that for pages around a frame (tests/embedding) is not there.
    """
    link = await made.hub.links.create(origin_owner_id="42", origin_owner_name="Acme")
    customer = Customer(made.hub)
    listed = await customer.enter(link.url)
    visit = listed.url.rpartition("/")[2]
    posts = [r for r in table(made) if "POST" in methods_of(r) and is_page(r)]
    assert len(posts) >= 9
    before = fingerprint(tmp_path)
    for route in posts:
        path = address(route).replace("0a1b2c3d", visit)
        for headers, ours in origins():
            seen = await customer.request("POST", path, {"token": "x"}, **headers)
            refused = "cross_site_request" in seen.text  # in customers' words, or in operators'
            if route.name in {"callback", "embed_start"}:
                # These two are for forms of other sites; here no page may stand around a frame.
                assert not refused
                assert seen.status in {404, 405}
            else:
                assert refused is not ours, f"{path} {headers} {seen.status}"
                assert not refused or seen.status == 403
    assert fingerprint(tmp_path) == before


async def test_api_is_not_called_by_pages(made: Hub, tmp_path: Path) -> None:
    """T28, T38: every writing route of the API refuses a browser's request from any page, and a form's body,
    although Basic credentials come along."""
    await made.hub.check()
    before = fingerprint(tmp_path)
    auth = httpx2.BasicAuth("test-api-key-0123456789-0123456789-abc", "")
    basic = next(auth.auth_flow(httpx2.Request("GET", "https://hub.test/"))).headers["authorization"]
    for route in table(made):
        for method in {"POST", "PATCH", "DELETE", "PUT"} & methods_of(route):
            if is_page(route):
                continue
            for site in ("cross-site", "same-site", "same-origin"):
                seen = await Customer(made.hub).request(
                    method, address(route), {"a": "b"}, sec_fetch_site=site, authorization=basic
                )
                assert seen.status in {403, 410, 415}, f"{method} {route.path} {seen.status}"
            if method in {"POST", "PATCH"}:
                seen = await Customer(made.hub).request(
                    method, address(route), {"a": "b"}, authorization=basic
                )
                assert seen.status in {404, 410, 415}, f"{method} {route.path} {seen.status}"
    assert fingerprint(tmp_path) == before


async def test_redirects_are_303_and_stay_here(made: Hub) -> None:
    """T19, T30: along both ways, every redirect is a 303 to a path of the hub: never 307 or 308, which would
    carry a form's credentials on, and never off the origin."""
    redirects: list[tuple[int, str]] = []

    class Watching(Customer):
        async def request(
            self, method: str, url: str, data: Mapping[str, str] | None = None, /, **headers: str
        ) -> Seen:
            seen = await super().request(method, url, data, **headers)
            if 300 <= seen.status < 400:
                redirects.append((seen.status, seen.headers["location"]))
            return seen

    for provider in ("simulated", "simulated-key"):
        link = await made.hub.links.create(origin_owner_id="42", origin_owner_name="Acme", provider=provider)
        customer = Watching(made.hub)
        form = await customer.enter(link.url)
        if provider == "simulated":
            leaving = await customer.press(form, "Connect")
            assert leaving.refresh is not None
            done = await customer.get(made.provider.approve(leaving.refresh, user="ada"))
        else:
            done = await customer.press(form, "Connect", {"f.api_key": GOOD_KEY})
        await customer.press(done, "Done")
    assert len(redirects) >= 6
    for status, location in redirects:
        assert status == 303
        assert re.match(r"/connect/(?!/)", location), location
