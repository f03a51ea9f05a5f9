"""docs/deploying.md: its code, commands and blocks for nginx run, and what it says of servers holds."""

import contextlib
import os
import re
import shlex
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextvars import ContextVar
from pathlib import Path
from textwrap import dedent
from typing import Any

import httpx2
import pytest
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.middleware.base import BaseHTTPMiddleware, RequestResponseEndpoint
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Mount
from starlette.types import ASGIApp, Message, Scope
from uvicorn.middleware.proxy_headers import ProxyHeadersMiddleware
from waitress.adjustments import Adjustments  # type: ignore[import-untyped]
from waitress.proxy_headers import proxy_headers_middleware  # type: ignore[import-untyped]
from werkzeug.middleware.proxy_fix import ProxyFix

from connect_hub import Binding, HubConfig, LinkConfig, PageConfig, SignIn, Subject
from connect_hub.identity import Visitor
from connect_hub.keys import new_key_text
from connect_hub.web.guards import client_address
from tests.hosts.mounted import HostedCustomer
from tests.hosts.servers import Server, serving
from tests.hubs import make_hub
from tests.peers.nginx import proxying

ROOT = Path(__file__).resolve().parents[2]
TEXT = (ROOT / "docs" / "deploying.md").read_text("utf-8")
PATIENCE = 30.0
CANARY = "trg_canary"


def blocks(language: str) -> dict[str, str]:
    found = re.findall(rf"^ *```{language}\n(.*?)^ *```", TEXT, re.DOTALL | re.MULTILINE)
    return {dedent(text).partition("\n")[0].removeprefix("# "): dedent(text) for text in found}


PYTHON, NGINX, SHELL = blocks("python"), blocks("nginx"), blocks("sh")
LOCATIONS = ["kept", "stripped", "script name"]
TABLES = "connect-hub db upgrade --app shop:hub"
COMMANDS = [
    line
    for name in ("asgi", "wsgi")
    for line in SHELL[name].splitlines()
    if line.startswith(("uvicorn", "gunicorn")) and not line.endswith((" asgi", " gevent"))
]
"""The servers that are tested in full; the others' commands are those that test_hub_servers runs."""


def test_the_blocks_are_known() -> None:
    """A block that is added has to be run below."""
    assert set(PYTHON) == {"shop", "the other way round", "pure asgi", "access log"}
    assert set(NGINX) == {*LOCATIONS, "access log"}
    assert set(SHELL) == {TABLES, "asgi", "wsgi"}
    assert TEXT.count("```") == 2 * (len(PYTHON) + len(NGINX) + len(SHELL))


@pytest.fixture(scope="module")
def deployed(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """What every process of a deployment is given; the tables are made as the document says."""
    folder = tmp_path_factory.mktemp("deployed")
    given = {
        "CONNECT_PUBLIC_URL": "https://app.example.com/connect",
        "CONNECT_HUB_KEYS": new_key_text(),
        "DATABASE_URL": f"sqlite:///{folder / 'shop.db'}",
    }
    write_shop(folder)
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    subprocess.run(
        ["sh", "-e", "-c", SHELL[TABLES]], env={**os.environ, **given, "PATH": path}, cwd=folder, check=True
    )
    return given


@pytest.fixture
def environment(tmp_path: Path, deployed: dict[str, str]) -> dict[str, str]:
    """The same, for a `shop` in a folder of the test's own."""
    return {**deployed, "PYTHONPATH": f"{tmp_path}{os.pathsep}{ROOT}"}


def write_shop(folder: Path, *, wsgi: bool = False, mount: str = "/connect") -> None:
    """`shop`, as the document has it, or changed as it says."""
    code = PYTHON["shop"].replace('"/connect"', f'"{mount}"')
    if wsgi:
        assert code.count("FastAPI(lifespan=hub.lifespan)") == code.count(".mount(") == 1
        code = code.replace("FastAPI(lifespan=hub.lifespan)", 'Flask("shop")')
        code = code.replace("from fastapi import FastAPI", "from flask import Flask")
        code = code.replace(f'app.mount("{mount}", hub.app)', f'hub.init_app(app, "{mount}")')
    (folder / "shop.py").write_text(code)


def load_shop(environment: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    names: dict[str, Any] = {"__name__": "shop"}
    exec(PYTHON["shop"], names)  # noqa: S102  # our own documentation
    return names


# --- code ---


@pytest.mark.parametrize("block", ["shop", "the other way round", "pure asgi"])
async def test_the_code_serves_the_hub(
    environment: dict[str, str], monkeypatch: pytest.MonkeyPatch, block: str
) -> None:
    """With tables made by the shell's block, each application is healthy, and its host answers as well."""
    names = load_shop(environment, monkeypatch)
    if block != "shop":
        exec(PYTHON[block], names)  # noqa: S102
    transport = httpx2.ASGITransport(app=names["app"])
    async with httpx2.AsyncClient(transport=transport, base_url="https://app.example.com") as http:
        healthy = await http.get("/connect/healthz")
        assert (healthy.status_code, healthy.json()) == (200, {"status": "ok"})
        assert healthy.headers.get("x-request-id") == ("1" if block == "pure asgi" else None)
        if block == "the other way round":
            link = (await http.post("/invite")).text
            assert link.startswith("https://app.example.com/connect/link#t=")
    await names["hub"].aclose()
    names["hub"].storage.engine.dispose()


# --- commands ---


@contextlib.contextmanager
def get(server: Server) -> Iterator[httpx2.Client]:
    uds = server.address if isinstance(server.address, str) else None
    url = "http://localhost" if uds else server.url
    with httpx2.Client(
        transport=httpx2.HTTPTransport(uds=uds), base_url=url, timeout=PATIENCE, trust_env=False
    ) as http:
        yield http


def split(command: str) -> tuple[str, list[str], bool]:
    """The server, its options without where to listen, and whether that is a Unix socket."""
    kind, *words = shlex.split(command)
    words.remove("shop:app")
    for name in ("--bind", "--uds", "--port"):
        if name in words:
            at = words.index(name)
            unix = name == "--uds" or words[at + 1].startswith("unix:")
            return kind, words[:at] + words[at + 2 :], unix
    raise AssertionError(f"{command} listens nowhere")


@pytest.mark.parametrize("command", COMMANDS)
def test_the_commands_serve(tmp_path: Path, environment: dict[str, str], command: str) -> None:
    """Each command, listening on what the test gives it, serves a healthy hub."""
    write_shop(tmp_path, wsgi=command in SHELL["wsgi"])
    kind, options, unix = split(command)
    with serving(kind, "shop:app", *options, env=environment, unix=unix) as server, get(server) as http:
        assert http.get("/connect/healthz").json() == {"status": "ok"}, server.output()
        assert "Traceback" not in server.output(), server.output()


def waitress_settings() -> dict[str, Any]:
    (command,) = [line for line in SHELL["wsgi"].splitlines() if line.startswith("waitress-serve ")]
    options, app = Adjustments.parse_args(shlex.split(command)[1:])
    assert app == ["shop:app"]
    return {name: value for name, value in options.items() if name not in {"help", "call"}}


# --- nginx ---


@pytest.mark.parametrize("name", LOCATIONS)
def test_nginx_stands_in_front(tmp_path: Path, environment: dict[str, str], name: str) -> None:
    """T33, T34: behind each block the hub is healthy, its addresses are those of public_url, and the log has
    no warning about where it is mounted."""
    given = {**environment, "CONNECT_PUBLIC_URL": "https://app.example.com/app/connect"}
    unix = name == "script name"
    write_shop(tmp_path, wsgi=unix, mount="/app/connect" if name == "kept" else "/connect")
    kind, options = ("gunicorn", []) if unix else ("uvicorn", [])
    options += ["--root-path", "/app"] if name == "stripped" else []
    with serving(kind, "shop:app", *options, env=given, unix=unix) as server:
        place = "unix:/run/shop.sock" if unix else "127.0.0.1:8000"
        assert NGINX[name].count(place) == 1
        here = f"unix:{server.address}" if unix else f"127.0.0.1:{server.port}"
        with proxying(tmp_path, NGINX[name].replace(place, here)) as proxy:
            base = f"http://127.0.0.1:{proxy.address[1]}/app/connect"
            assert httpx2.get(f"{base}/healthz", timeout=PATIENCE, trust_env=False).status_code == 200
            page = httpx2.get(f"{base}/", timeout=PATIENCE, trust_env=False)
        assert 'action="/app/connect/link/open"' in page.text
        assert "mounted at" not in server.output()


def test_access_logs_hold_no_secret(tmp_path: Path, environment: dict[str, str]) -> None:
    """T5: neither nginx nor uvicorn, set up as the document says, logs a query or the token of a trigger."""
    write_shop(tmp_path, mount="/app/connect")
    with (tmp_path / "shop.py").open("a") as shop:
        shop.write(PYTHON["access log"])
    log = tmp_path / "access.log"
    to_the_test = NGINX["access log"].replace("/var/log/nginx/access.log", str(log))
    assert str(log) in to_the_test
    with serving("uvicorn", "shop:app", env=environment) as server:
        here = NGINX["kept"].replace("127.0.0.1:8000", f"127.0.0.1:{server.port}")
        with proxying(tmp_path, here, http=to_the_test) as proxy:
            base = f"http://127.0.0.1:{proxy.address[1]}/app/connect"
            for path in (f"triggers/{CANARY}", f"%74riggers/{CANARY}", f"link?t={CANARY}"):
                httpx2.post(f"{base}/{path}", timeout=PATIENCE, trust_env=False)
            # nginx writes a line when its answer has gone, so perhaps after it has come.
            deadline = time.monotonic() + PATIENCE
            while log.read_text().count("\n") < 3 and time.monotonic() < deadline:
                time.sleep(0.02)
        texts = log.read_text(), server.output()
    for text in texts:
        assert text.count("/app/connect/triggers/***") == 2
        assert "POST /app/connect/link" in text
        assert CANARY not in text


# --- the client's address ---

VISITOR, FORGED, PROXY = "203.0.113.2", "198.51.100.9", "127.0.0.1"
SENT = f"{FORGED}, {VISITOR}"
"""What a proxy passes on that appended the visitor's address to what the visitor had made up."""


async def seen_by_uvicorn(trusted: str, peer: str | None) -> Request:
    seen: list[Scope] = []

    async def hub(scope: Any, receive: Any, send: Any) -> None:
        seen.append(scope)

    scope: Any = {
        "type": "http",
        "client": (peer, 1) if peer else None,
        "headers": [(b"x-forwarded-for", SENT.encode())],
    }
    inner: Any = ProxyHeadersMiddleware(hub, trusted)
    await inner(scope, None, None)
    return Request(seen[0])


@pytest.mark.parametrize(
    ("trusted", "peer", "without"),
    [("127.0.0.1", PROXY, VISITOR), ("*", PROXY, FORGED), ("127.0.0.1", None, "unknown")],
)
async def test_what_uvicorn_does_with_the_address(trusted: str, peer: str | None, without: str) -> None:
    """T39: one trusted proxy names the visitor, whatever uvicorn believes; without one uvicorn does."""
    seen = await seen_by_uvicorn(trusted, peer)
    assert client_address(seen, 1) == VISITOR
    assert client_address(seen, 0) == without


def seen_below(wrap: Callable[[Any], Any]) -> Request:
    seen: list[dict[str, Any]] = []

    def hub(environ: Any, start_response: Any) -> list[bytes]:
        seen.append(environ)
        return []

    environ = {"REMOTE_ADDR": PROXY, "HTTP_X_FORWARDED_FOR": SENT, "wsgi.url_scheme": "http"}
    wrap(hub)(environ, lambda *_: None)
    told = seen[0]
    told_for = told.get("HTTP_X_FORWARDED_FOR")
    headers = [] if told_for is None else [(b"x-forwarded-for", told_for.encode())]
    return Request({"type": "http", "client": (told["REMOTE_ADDR"], 0), "headers": headers})


def test_waitress_removes_the_header_unless_told() -> None:
    """T39: by itself waitress leaves the proxy's address alone; with the settings of the document's command
    the visitor's."""
    assert client_address(seen_below(proxy_headers_middleware), 1) == PROXY
    told = Adjustments(**waitress_settings())

    def wrap(app: Any) -> Any:
        return proxy_headers_middleware(
            app,
            trusted_proxy=told.trusted_proxy,
            trusted_proxy_count=told.trusted_proxy_count,
            trusted_proxy_headers=told.trusted_proxy_headers,
        )

    assert client_address(seen_below(wrap), 1) == VISITOR


def test_proxy_fix_names_the_visitor() -> None:
    """T39: either setting will do."""
    seen = seen_below(lambda app: ProxyFix(app, x_for=1))
    assert client_address(seen, 0) == client_address(seen, 1) == VISITOR


def test_gunicorn_leaves_the_peer() -> None:
    """T39: gunicorn names who it is connected to, also where it trusts the proxy."""
    app = "tests.hosts.wsgi_apps:application"
    with serving("gunicorn", app) as server, get(server) as http:
        about = http.get("/connect/about", headers={"X-Forwarded-For": SENT}).json()
    assert about["client"] == PROXY


# --- a host's own middleware ---

WHO: ContextVar[str] = ContextVar("WHO", default="nobody")


class Based(BaseHTTPMiddleware):
    async def dispatch(self, request: Request, call_next: RequestResponseEndpoint) -> Response:
        WHO.set("42")
        response = await call_next(request)
        response.headers["x-who"] = WHO.get()
        return response


async def test_context_variables_go_down_and_not_up(tmp_path: Path) -> None:
    """Under BaseHTTPMiddleware the hub's functions see what it has set, and it sees nothing of theirs."""
    seen: list[str] = []

    async def identity(visitor: Visitor) -> Subject | SignIn:
        seen.append(WHO.get())
        WHO.set("changed below")
        return Subject("42")

    links, pages = LinkConfig(binding=Binding.HOST_IDENTITY), PageConfig(identity=identity)
    hub = make_hub(tmp_path, config=HubConfig(links=links, pages=pages)).hub
    app = Starlette(routes=[Mount("/connect", hub.app)], middleware=[Middleware(Based)])
    link = await hub.links.create(origin_owner_id="42", origin_owner_name="Acme")
    page = await HostedCustomer(hub, httpx2.ASGITransport(app=app)).enter(link.url)
    assert page.status == 200
    assert page.headers["x-who"] == "42"
    assert set(seen) == {"42"}
    await hub.aclose()


async def test_the_answer_is_the_same_in_one_message_more(tmp_path: Path) -> None:
    """Headers and bytes are those of a bare mount; the body comes as a stream."""
    hub = make_hub(tmp_path).hub

    async def answer(*middleware: Callable[[ASGIApp], ASGIApp]) -> tuple[list[Any], list[bytes]]:
        sent: list[Message] = []

        async def receive() -> Message:
            return {"type": "http.request", "body": b"", "more_body": False}

        async def send(message: Message) -> None:
            sent.append(message)

        app: ASGIApp = Starlette(
            routes=[Mount("/connect", hub.app)], middleware=[Middleware(kind) for kind in middleware]
        )
        path = "/connect/healthz"
        scope = {
            "type": "http",
            "method": "GET",
            "path": path,
            "raw_path": path.encode(),
            "root_path": "",
            "query_string": b"",
            "headers": [],
            "scheme": "https",
            "client": (PROXY, 1),
            "server": ("x", 443),
        }
        await app(scope, receive, send)
        own = {b"x-who", b"x-request-id"}
        headers = [pair for pair in sent[0]["headers"] if pair[0] not in own]
        return [sent[0]["status"], headers], [message.get("body", b"") for message in sent[1:]]

    names: dict[str, Any] = {"app": Starlette()}
    exec(PYTHON["pure asgi"], names)  # noqa: S102
    bare, pure, based = await answer(), await answer(names["RequestId"]), await answer(Based)
    assert bare[1] == [b'{"status":"ok"}']
    assert pure == bare
    assert based == (bare[0], [*bare[1], b""])
    await hub.aclose()
