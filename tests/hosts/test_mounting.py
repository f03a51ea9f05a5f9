"""The hub under every kind of mount: its addresses, its walls, and the host around it left as it was."""

import asyncio
import html
import logging
import re
import threading
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx2
import pytest
from fastapi import FastAPI, Request
from fastapi.responses import JSONResponse
from sqlalchemy.ext.asyncio import create_async_engine
from starlette.applications import Starlette
from starlette.routing import Host, Mount, Route, Router

from connect_hub import ConnectHub, HubConfig, Project, Secret, SQLStorage
from connect_hub.config import PageConfig, PublicUrl
from connect_hub.dashboard import DashboardConfig, OperatorTokens
from connect_hub.errors import ConfigurationError
from connect_hub.hosts.asgi import ConnectHubMiddleware
from connect_hub.operators import Role
from connect_hub.web.mount import mount_fault
from tests.customer import Seen
from tests.hosts.mounted import HOSTS, ORIGIN, HostedCustomer, Mounted, bare, mounted
from tests.hubs import API_KEY, GOOD_KEY, Hub, make_hub

PATIENCE = 60.0
CANARY = "canary.evil"
FORGED = {
    "Host": CANARY,
    "X-Forwarded-Host": CANARY,
    "X-Forwarded-Server": CANARY,
    "X-Original-Host": CANARY,
    "X-Host": CANARY,
    "Forwarded": f"host={CANARY};proto=http",
    "X-Forwarded-Prefix": f"//{CANARY}",
    "X-Forwarded-Proto": "http",
    "X-Original-URL": f"//{CANARY}/",
    "Referer": f"https://{CANARY}/",
}
_ADDRESS = re.compile(r'\s(?:href|src|action|srcset|formaction)="([^"]*)"')


def addresses(seen: Seen) -> list[str]:
    """Every address in a page."""
    return [html.unescape(found) for found in _ADDRESS.findall(seen.text)]


def check_addresses(seen: Seen, public_path: str) -> None:
    for address in addresses(seen):
        if not address.startswith(("#", "https://provider.test/", "mailto:")):
            assert address.startswith((f"{public_path}/", f"{ORIGIN}{public_path}/")), address


async def walk(place: Mounted, headers: dict[str, str] | None = None) -> None:
    """The whole way, checking each page's addresses: link, list, form, hop, callback, success."""
    hub, path = place.hub, place.hub.public_url.path
    customer = HostedCustomer(hub, place.transport, headers=headers)
    link = (await _link(place))["auth_link_url"]
    assert link.startswith(f"{ORIGIN}{path}/link#t=")
    pages = [await customer.open(link)]
    static = [address for address in addresses(pages[0]) if "/static/" in address]
    assert static
    for address in static:
        assert (await customer.request("GET", address)).status == 200
    pages.append(await customer.press(pages[0], "Continue"))
    pages.append(await customer.get(pages[1].link("Acme Login")))
    pages.append(await customer.press(pages[2], "Connect Acme Login"))
    onward = pages[3].refresh
    assert onward is not None
    assert parse_qs(urlsplit(onward).query)["redirect_uri"] == [f"{ORIGIN}{path}/oauth/callback/simulated"]
    back = place.provider.approve(onward)
    assert back.startswith(f"{ORIGIN}{path}/oauth/callback/simulated?")
    pages.append(await customer.get(back))
    for seen in pages:
        assert seen.status == 200, seen.text
        check_addresses(seen, path)
    assert "Acme Login" in pages[-1].heading


async def _link(place: Mounted) -> dict[str, Any]:
    """Made over HTTP, so that a WSGI host's hub lives on the portal, as it does there."""
    async with httpx2.AsyncClient(transport=place.transport, base_url=ORIGIN) as http:
        answer = await http.post(
            f"{place.hub.public_url.path}/connect_sessions",
            json={"origin_owner_id": "42", "origin_owner_name": "Acme"},
            auth=(API_KEY, ""),
        )
    assert answer.status_code == 201, answer.text
    document: dict[str, Any] = answer.json()
    return document


async def _stop(place: Mounted) -> None:
    await place.hub.aclose()


# --- addresses ---


@pytest.mark.parametrize("host", HOSTS)
async def test_the_way_is_right_in_every_mount(
    tmp_path: Path, host: str, caplog: pytest.LogCaptureFixture
) -> None:
    """T34, R19: links, redirects, redirect URIs and static files lead to the mount, and the event flows; no
    lifespan runs here, and no root path disagrees."""
    place = mounted(tmp_path, host)
    await walk(place)
    assert await _arrived(place)
    assert [record.getMessage() for record in caplog.records if record.levelno >= logging.WARNING] == []
    await _stop(place)


@pytest.mark.parametrize("host", HOSTS)
async def test_no_forged_host_is_believed(tmp_path: Path, host: str) -> None:
    """T33: whatever Host and X-Forwarded-* say, no answer of the hub repeats it: pages, redirects, errors."""
    place = mounted(tmp_path, host)
    await walk(place, FORGED)
    path = place.hub.public_url.path
    async with httpx2.AsyncClient(transport=place.transport, base_url=ORIGIN, headers=FORGED) as http:
        for method, below in [
            ("GET", "/nothing"),
            ("PUT", "/link"),
            ("GET", "/link?t=x.y.z"),
            ("GET", "/oauth/callback/simulated?state=x&code=y"),
            ("GET", "/oauth/callback/nobody"),
            ("GET", "/visit/00000000"),
            ("GET", "/accounts"),
            ("GET", "/openapi.json"),
            ("GET", "/"),
        ]:
            for accept in ("text/html", "application/json"):
                await http.request(method, path + below, headers={"Accept": accept})
    assert len(place.transport.answers) > 20
    assert [answer for answer in place.transport.answers if CANARY in answer] == []
    await _stop(place)


async def _arrived(place: Mounted) -> bool:
    return await asyncio.to_thread(place.created.wait, PATIENCE)


@pytest.mark.parametrize(
    "host", [name for name in HOSTS if not name.startswith(("starlette", "django")) and name != "fastapi"]
)
async def test_the_mount_itself_is_served_without_a_slash(tmp_path: Path, host: str) -> None:
    """`/connect` is the hub's root as `/connect/` is, without a redirect."""
    place = mounted(tmp_path, host)
    async with httpx2.AsyncClient(transport=place.transport, base_url=ORIGIN) as http:
        path = place.hub.public_url.path
        with_slash, without = await http.get(f"{path}/"), await http.get(path or "/")
    assert (with_slash.status_code, without.status_code) == (200, 200)
    assert "<h1" in without.text
    await _stop(place)


# --- walls ---

ODD = [
    "/connect/../accounts",
    "/connect/%2e%2e/accounts",
    "/connect/./accounts",
    "/connect//accounts",
    "//connect/accounts",
    "/connect/@evil.example",
    "/connect@evil.example/accounts",
    "/connect/accounts/",
    "/connect/%2faccounts",
    "/connect/%00",
    "/connect/accounts%3f",
    "/connect/healthz/../accounts",
    "/connect/static/../../accounts",
    "/connect/static/%2e%2e/%2e%2e/accounts",
    "/connected/accounts",
    "/connect;x/accounts",
    "/CONNECT/accounts",
]


@pytest.mark.parametrize("host", ["starlette", "fastapi", "middleware", "flask", "wsgi"])
async def test_no_odd_path_goes_around_the_key(tmp_path: Path, host: str) -> None:
    """T34: however a path is spelt, without a key it is an error of the hub's or the host's, never data, and
    never a redirect to another host."""
    place = mounted(tmp_path, host)
    async with httpx2.AsyncClient(transport=place.transport, base_url=ORIGIN) as http:
        assert (await http.get("/connect/accounts")).status_code == 401
        assert (await http.get("/connect/accounts", auth=(API_KEY, ""))).json() == []
        for path in ODD:
            request = http.build_request("GET", ORIGIN)
            request.url = httpx2.URL(ORIGIN).copy_with(raw_path=path.encode())
            answer = await http.send(request)
            assert answer.status_code in {401, 404} or answer.text == "host", (path, answer.status_code)
            assert "evil" not in answer.headers.get("location", "")
    await _stop(place)


async def test_two_hubs_side_by_side_do_not_mix(tmp_path: Path) -> None:
    """T12, T34: /a and /ab are two hubs: links of one are not of the other, nor is its key."""
    (tmp_path / "a").mkdir()
    (tmp_path / "ab").mkdir()
    a = make_hub(tmp_path / "a", public_url=f"{ORIGIN}/a").hub
    ab = make_hub(tmp_path / "ab", public_url=f"{ORIGIN}/ab").hub
    app = Starlette(routes=[Mount("/a", a.app, name="hub"), Mount("/ab", ab.app, name="hub2")])
    inner = ConnectHubMiddleware(ConnectHubMiddleware(bare, hub=a, prefix="/a"), hub=ab, prefix="/ab")
    for transport in (httpx2.ASGITransport(app=app), httpx2.ASGITransport(app=inner)):
        for own, other in ((a, ab), (ab, a)):
            link = await own.links.create(origin_owner_id="1", origin_owner_name="Acme")
            seen = await HostedCustomer(own, transport).open(link.url)
            assert seen.status == 200
            check_addresses(seen, own.public_url.path)
            assert (await HostedCustomer(other, transport).open(link.url)).status == 404
    await a.aclose()
    await ab.aclose()


@dataclass
class _Tenant:
    """A hub with a key, a storage, a mark on its pages and an operator of its own."""

    path: str
    key: str
    mark: str
    made: Hub
    token: str


async def _tenant(folder: Path, path: str) -> _Tenant:
    mark, key = f"marked-by{path.replace('/', '-')}", f"api-key-of{path}-".ljust(40, "0")
    pages = folder / "templates" / "pages"
    pages.mkdir(parents=True)
    for page, block in (
        ("landing", "actions_before"),
        ("connect", "heading_before"),
        ("success", "heading_before"),
    ):
        extends = '{% extends "@connect_hub/pages/' + page + '.html" %}'
        pages.joinpath(f"{page}.html").write_text(
            f"{extends}{{% block {block} %}}<p class={mark!r}></p>{{% endblock %}}"
        )
    config = HubConfig(
        projects={"default": Project(api_keys=[Secret(key)])},
        pages=PageConfig(templates=[folder / "templates"]),
        dashboard=DashboardConfig(auth=OperatorTokens()),
    )
    made = make_hub(folder, public_url=ORIGIN + path, config=config)
    added = await made.hub.operators.add(name="Olga", roles={"default": Role.ADMIN})
    return _Tenant(path, key, mark, made, added.token)


async def test_two_hubs_of_one_app_share_nothing(tmp_path: Path) -> None:
    """T35: two hubs of one app, each with a storage, a prefix, templates, keys and operators of its own. In
    one browser each shows its own templates; no cookie, token, key or account of one counts at the other."""
    first, second = await _tenant(tmp_path / "a", "/a"), await _tenant(tmp_path / "b", "/b")
    app = Starlette(routes=[Mount(one.path, one.made.hub.app) for one in (first, second)])
    transport = httpx2.ASGITransport(app=app)
    cookies: dict[str, str] = {}

    def browser(tenant: _Tenant, sends: dict[str, str]) -> HostedCustomer:
        made = HostedCustomer(tenant.made.hub, transport, headers={"Accept": "text/html"})
        made.cookies = sends
        return made

    # One browser, which sends to both hubs what either of them set: they have one origin.
    forms: dict[str, Seen] = {}
    own: dict[str, dict[str, str]] = {}
    for one, other in ((first, second), (second, first)):
        had = dict(cookies)
        link = await one.made.hub.links.create(origin_owner_id=one.path, origin_owner_name="Acme")
        landing = await browser(one, cookies).open(link.url)
        seen = await browser(one, cookies).press(landing, "Continue")
        forms[one.path] = await browser(one, cookies).get(seen.link("Acme Key"))
        for page in (landing, forms[one.path]):
            assert (page.status, one.mark in page.text, other.mark in page.text) == (200, True, False)
        desk = await browser(one, cookies).get(f"{one.path}/dashboard")
        desk = await browser(one, cookies).press(desk, "Sign in", {"token": one.token})
        assert (desk.status, desk.heading) == (200, "Overview")
        own[one.path] = {name: value for name, value in cookies.items() if had.get(name) != value}
        assert sorted(name.rpartition("_")[0] for name in own[one.path]) == ["__Host-chub", "__Host-chubop"]

    for one, other in ((first, second), (second, first)):
        mine, others = (own[tenant.path] for tenant in (one, other))
        # The other's cookies, as they are and under the names of this hub's own.
        renamed = dict(zip(sorted(mine), (others[name] for name in sorted(others)), strict=True))
        for sent in (others, renamed):
            theirs = one.path + urlsplit(forms[other.path].url).path.removeprefix(other.path)
            for address in (forms[one.path].url, theirs):
                seen = await browser(one, dict(sent)).get(address)
                assert seen.status in {403, 404, 410}, address
                assert "f.api_key" not in seen.text
            for below in ("", "/in/default", "/in/default/accounts"):
                seen = await browser(one, dict(sent)).get(f"{one.path}/dashboard{below}")
                assert (seen.status, seen.heading) == (200, "Sign in to the dashboard"), below
        desk = await browser(one, {}).get(f"{one.path}/dashboard")
        refused = await browser(one, {}).press(desk, "Sign in", {"token": other.token})
        assert refused.heading == "Sign in to the dashboard"

    for one, other in ((first, second), (second, first)):
        done = await browser(one, cookies).press(forms[one.path], "Connect Acme Key", {"f.api_key": GOOD_KEY})
        assert done.heading == "Acme Key is connected"
        assert (one.mark in done.text, other.mark in done.text) == (True, False)
    async with httpx2.AsyncClient(transport=transport, base_url=ORIGIN) as http:
        for one, other in ((first, second), (second, first)):
            listed = (await http.get(f"{one.path}/accounts", auth=(one.key, ""))).json()
            assert [account["origin_owner_id"] for account in listed] == [one.path]
            [account] = await other.made.hub.accounts.list()
            answer = await http.get(f"{one.path}/accounts/{account.id}", auth=(one.key, ""))
            assert answer.status_code == 404
            for below in ("accounts", f"accounts/{listed[0]['id']}"):
                answer = await http.get(f"{one.path}/{below}", auth=(other.key, ""))
                assert answer.status_code == 401
    for one in (first, second):
        await one.made.hub.aclose()


async def test_a_mount_elsewhere_is_said_once(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """A root path that disagrees with public_url is logged once, with the fix, and believed by no link."""
    hub = make_hub(tmp_path, public_url=f"{ORIGIN}/connect").hub
    app = Starlette(routes=[Mount("/elsewhere", hub.app)])
    async with httpx2.AsyncClient(transport=httpx2.ASGITransport(app=app), base_url=ORIGIN) as http:
        for _ in range(3):
            answer = await http.get("/elsewhere/")
            assert "/elsewhere" not in answer.text
    said = [record.getMessage() for record in caplog.records if "mounted at" in record.getMessage()]
    assert len(said) == 1
    assert "'/elsewhere'" in said[0]
    assert "'/connect'" in said[0]
    await hub.aclose()


@pytest.mark.parametrize(
    ("public_path", "mounted", "forwarded", "expected"),
    [
        ("/app/connect", "/connect", None, ["strips '/app'", "--root-path /app", "x_prefix=1)."]),
        ("/app/connect", "/connect", "/app/", ["X-Forwarded-Prefix, which nothing here reads"]),
        ("/app/connect", "/connect", "/old", ["X-Forwarded-Prefix is '/old', which is not it"]),
        ("/app", "", None, ["strips '/app'", "mount the hub at '/app'"]),
        (
            "/connect",
            "/app/connect",
            None,
            ["root_path, SCRIPT_NAME", "adds '/app'", "/app/connect'; if not"],
        ),
        ("/connect", "/hub", None, ["Mount the hub at '/connect'", f"public_url to '{ORIGIN}/hub'"]),
        ("", "/hub", None, ["adds '/hub'"]),
        ("/app/connect", "/connect", "x\n" * 200, [repr("x\n" * 50)]),
        ("/connect", "/connect/", "/old", None),
        ("/app/connect", "/app/connect", None, None),
    ],
)
def test_a_root_path_that_differs_names_the_setting(
    public_path: str, mounted: str, forwarded: str | None, expected: list[str] | None
) -> None:
    """T33: where root path and public_url disagree, the log says which setting or header is wrong."""
    headers = [] if forwarded is None else [(b"x-forwarded-prefix", forwarded.encode())]
    said = mount_fault({"root_path": mounted, "headers": headers}, PublicUrl(ORIGIN + public_path))
    assert (said is None) == (expected is None)
    for part in expected or ():
        assert part in str(said)
    assert "\n" not in str(said)


@pytest.mark.parametrize(
    ("public", "mounts", "said"),
    [
        ("/connect", ["/connect"], None),
        ("/connect", ["/conect"], "mounted at '/conect', but public_url is 'https://hub.test/connect'"),
        ("/connect", ["/api", "/connect"], "adds '/api'"),
        ("/connect", [""], None),  # behind a proxy that strips it
        ("/app/connect", ["/connect"], None),
        ("/app/connect", ["/api", "/connect"], "Mount the hub at '/app/connect', or change public_url"),
        ("/app/connect", ["/app", "/connect"], None),
        ("/acme/connect", ["/{tenant}", "/connect"], None),
    ],
)
@pytest.mark.parametrize("kind", [Starlette, FastAPI])
async def test_a_mount_elsewhere_is_told_at_the_start(
    tmp_path: Path,
    public: str,
    mounts: list[str],
    said: str | None,
    kind: type[Starlette],
    caplog: pytest.LogCaptureFixture,
) -> None:
    """`lifespan=hub.lifespan` finds the hub among the application's mounts, however deep, and warns before
    anybody looks for it in vain."""
    hub = make_hub(tmp_path, public_url=f"https://hub.test{public}").hub
    app = kind(lifespan=hub.lifespan)
    inner: Starlette = app
    for path in mounts[:-1]:
        outer, inner = inner, Starlette()
        outer.mount(path, inner)
    inner.mount(mounts[-1], hub.app)
    async with app.router.lifespan_context(app):
        warnings = [record.getMessage() for record in caplog.records if record.levelno >= logging.WARNING]
    assert len(warnings) == (0 if said is None else 1)
    assert said is None or said in warnings[0]


async def test_two_mounts_of_which_one_is_right(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """A hub that is mounted twice needs one mount that is right; other routes and mounts mean nothing, and
    what is no application neither."""
    hub = make_hub(tmp_path).hub
    routes = [Route("/", bare), Mount("/old", hub.app), Host("x.test", Router([Mount("/connect", hub.app)]))]
    for app in (Starlette(routes=routes), Starlette(routes=[Mount("/x", bare)]), None, object()):
        async with hub.lifespan(app):
            assert caplog.records == []


@pytest.mark.parametrize("prefix", ["/connect/", "connect", "connect/", "//connect"])
def test_a_prefix_that_is_misspelt_is_told_how_to_be_spelt(tmp_path: Path, prefix: str) -> None:
    """A slash too many or too few is refused with the right spelling."""
    with pytest.raises(ConfigurationError, match=r"Write '/connect'\."):
        make_hub(tmp_path).hub.wsgi_middleware(lambda environ, start: [], prefix)


def test_a_hub_that_is_alone_at_its_origin_has_no_prefix(tmp_path: Path) -> None:
    """For a public_url without a path the message proposes nothing that would be refused as well."""
    hub = make_hub(tmp_path, public_url="https://hub.test").hub
    for prefix in ("/connect", "/"):
        with pytest.raises(ConfigurationError) as refused:
            hub.wsgi_middleware(lambda environ, start: [], prefix)
        assert "prefix to" not in refused.value.message
        assert "to serve the hub alone, use hub.app or hub.wsgi" in refused.value.message.replace(
            "To ", "to "
        )
    with pytest.raises(ConfigurationError, match=r"Change public_url to 'https://hub.test/connect'"):
        ConnectHubMiddleware(bare, hub=hub, prefix="/connect")


@pytest.mark.parametrize("prefix", ["/hub", "/connect/", "connect", "/", "", "/a//connect", "/../connect"])
def test_a_prefix_that_leads_elsewhere_is_refused(tmp_path: Path, prefix: str) -> None:
    """A prefix in which public_url does not end is refused where it is given, and the message says what to
    change."""
    hub = make_hub(tmp_path).hub
    with pytest.raises(ConfigurationError, match="prefix"):
        ConnectHubMiddleware(bare, hub=hub, prefix=prefix)
    with pytest.raises(ConfigurationError, match="prefix"):
        hub.wsgi_middleware(lambda environ, start: [], prefix)
    with pytest.raises(ConfigurationError, match=r"Change prefix to '/connect', or public_url to '.*/hub'"):
        ConnectHubMiddleware(bare, hub=hub, prefix="/hub")


async def test_an_engine_with_a_loop_is_refused_by_wsgi(tmp_path: Path) -> None:
    """A WSGI host that shares its AsyncEngine with the hub would use it on two loops: it is refused, unless
    the engine is the hub's alone."""
    engine = create_async_engine(f"sqlite+aiosqlite:///{tmp_path}/hub.db")
    hub = make_hub(tmp_path, storage=SQLStorage(engine)).hub
    with pytest.raises(ConfigurationError, match="sync hosts pass an Engine"):
        hub.wsgi_middleware(lambda environ, start: [], "/connect")
    with pytest.raises(ConfigurationError, match="sync hosts pass an Engine"):
        _ = hub.wsgi
    hub.wsgi_middleware(lambda environ, start: [], "/connect", exclusive_engine=True)
    await engine.dispose()


# --- the host ---


def host_application() -> FastAPI:
    """A host with a session cookie, headers, a middleware, and handlers for its errors of its own."""
    from starlette.middleware.sessions import SessionMiddleware

    app = FastAPI()
    app.add_middleware(SessionMiddleware, secret_key="host-secret", https_only=True)

    @app.middleware("http")
    async def marked(request: Request, call_next: Any) -> Any:
        response = await call_next(request)
        response.headers["x-host"] = "mine"
        return response

    @app.exception_handler(404)
    async def missing(request: Request, error: Exception) -> JSONResponse:
        return JSONResponse({"host": "no such page"}, 404)

    @app.exception_handler(ZeroDivisionError)
    async def broken(request: Request, error: Exception) -> JSONResponse:
        return JSONResponse({"host": "broken"}, 500)

    @app.get("/sign-in")
    async def sign_in(request: Request) -> dict[str, str]:
        request.session["user"] = "ada"
        return {"user": "ada"}

    @app.get("/me")
    async def me(request: Request) -> dict[str, str | None]:
        return {"user": request.session.get("user")}

    @app.get("/broken")
    async def fails() -> None:
        raise ZeroDivisionError

    @app.post("/echo")
    async def echo(request: Request) -> dict[str, str]:
        return {"body": (await request.body()).decode()}

    return app


async def visit_host(app: Any) -> list[tuple[int, list[tuple[bytes, bytes]], bytes]]:
    """What a browser gets from the host's own pages, to the byte."""
    got = []
    transport = httpx2.ASGITransport(app=app, raise_app_exceptions=False)
    async with httpx2.AsyncClient(transport=transport, base_url=ORIGIN) as http:
        for method, path in [
            ("GET", "/sign-in"),
            ("GET", "/me"),
            ("GET", "/nothing"),
            ("GET", "/broken"),
            ("POST", "/echo"),
            ("OPTIONS", "/me"),
            ("HEAD", "/me"),
            ("GET", "/openapi.json"),
            ("GET", "/connected"),
        ]:
            answer = await http.request(method, path, content=b"hello" if method == "POST" else None)
            got.append((answer.status_code, answer.headers.raw, answer.content))
    return got


async def test_the_host_is_left_as_it_was(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """T35: cookies, headers, bodies and error handlers of the host are byte for byte the same without the
    hub, with it mounted, and with its middleware."""
    monkeypatch.setattr("itsdangerous.TimestampSigner.get_timestamp", lambda self: 1_700_000_000)
    monkeypatch.setattr("itsdangerous.timed.time.time", lambda: 1_700_000_000.0)
    plain = await visit_host(host_application())
    hub = make_hub(tmp_path, public_url=f"{ORIGIN}/connect").hub
    with_mount = host_application()
    with_mount.mount("/connect", hub.app)
    assert await visit_host(with_mount) == plain
    assert await visit_host(ConnectHubMiddleware(host_application(), hub=hub, prefix="/connect")) == plain
    assert plain[1][2] == b'{"user":"ada"}'
    await hub.aclose()


async def test_the_hub_answers_its_own_errors(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """T35: an error inside the hub is its own page with nothing of the traceback, and no cookie of the
    host's is set or read there; the host's handlers never see it."""
    hub = make_hub(tmp_path, public_url=f"{ORIGIN}/connect").hub
    await hub.check()

    async def breaks(*_: object, **__: object) -> None:
        raise ZeroDivisionError("a secret of the hub's")

    monkeypatch.setattr(type(hub.accounts), "page_of", breaks)
    app = host_application()
    app.mount("/connect", hub.app)
    async with httpx2.AsyncClient(transport=httpx2.ASGITransport(app=app), base_url=ORIGIN) as http:
        answer = await http.get("/connect/accounts", auth=(API_KEY, ""))
        missing = await http.get("/connect/nothing")
    assert (answer.status_code, answer.json()["errorCode"]) == (500, "internal_error")
    assert "secret" not in answer.text
    assert missing.json()["errorCode"] == "not_found"
    assert "set-cookie" not in answer.headers
    await hub.aclose()


async def test_the_hub_keeps_its_hands_off_the_application(tmp_path: Path) -> None:
    """Making a hub and mounting it adds one route, no middleware, no handler, and no lifespan."""
    app = host_application()
    before = (len(app.routes), list(app.user_middleware), dict(app.exception_handlers))
    lifespan = app.router.lifespan_context
    hub = make_hub(tmp_path).hub
    app.mount("/connect", hub.app)
    assert (len(app.routes) - 1, list(app.user_middleware), dict(app.exception_handlers)) == before
    assert app.router.lifespan_context is lifespan


def test_a_hub_is_made_without_work(tmp_path: Path) -> None:
    """Constructing one, and every mount of it, opens no file and makes no thread."""
    threads = threading.active_count()
    hub: ConnectHub = make_hub(tmp_path).hub
    hub.wsgi_middleware(lambda environ, start: [], "/connect")
    ConnectHubMiddleware(bare, hub=hub, prefix="/connect")
    _ = hub.wsgi, hub.app, hub.redirect_uris
    assert threading.active_count() == threads
    assert list(tmp_path.iterdir()) == []
