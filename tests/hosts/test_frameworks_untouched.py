"""T35: what Flask and Quart applications answer, and what they are made of, is as without the hub."""

import itertools
from collections.abc import Callable
from pathlib import Path
from typing import Any

import flask
import httpx2
import pytest
import quart
from flask import Flask
from quart import Quart

from connect_hub.hosts.asgi import ConnectHubMiddleware
from tests.hosts.mounted import ORIGIN, _InThread
from tests.hubs import make_hub

MADE_OF = (
    "after_request_funcs",
    "before_request_funcs",
    "blueprints",
    "config",
    "error_handler_spec",
    "shell_context_processors",
    "teardown_appcontext_funcs",
    "teardown_request_funcs",
    "template_context_processors",
    "url_default_functions",
    "url_value_preprocessors",
    "view_functions",
)
ASKED = [
    ("GET", "/visit"),
    ("GET", "/visit"),
    ("GET", "/nothing"),
    ("GET", "/broken"),
    ("GET", "/refused"),
    ("POST", "/echo?a=%C3%A4"),
    ("PUT", "/echo"),
    ("OPTIONS", "/visit"),
    ("HEAD", "/visit"),
    ("GET", "/connected"),
]


def flask_host() -> Flask:
    """With a session, functions around each request, error pages, and a middleware of its own."""
    app, seen = Flask("host"), itertools.count()
    app.secret_key = "made up"

    @app.before_request
    def before() -> None:
        flask.g.before = "before"

    @app.after_request
    def after(response: flask.Response) -> flask.Response:
        response.headers["X-Host"] = f"{flask.g.before} {next(seen)}"
        return response

    @app.errorhandler(404)
    def missing(error: Exception) -> tuple[str, int]:
        return "<h1>The host has no such page</h1>", 404

    @app.errorhandler(ZeroDivisionError)
    def broken(error: Exception) -> tuple[str, int]:
        return "<h1>The host is broken</h1>", 500

    @app.get("/visit")
    def visit() -> str:
        flask.session["visits"] = flask.session.get("visits", 0) + 1
        return str(flask.session["visits"])

    @app.get("/broken")
    def breaks() -> str:
        raise ZeroDivisionError

    @app.get("/refused")
    def refused() -> str:
        flask.abort(403)

    @app.post("/echo")
    def echo() -> bytes:
        return flask.request.full_path.encode() + flask.request.get_data()

    inner = app.wsgi_app

    def middleware(environ: Any, start_response: Any) -> Any:
        def start(status: str, headers: list[tuple[str, str]], exc_info: Any = None) -> Any:
            return start_response(status, [*headers, ("X-Middleware", environ["PATH_INFO"])], exc_info)

        return inner(environ, start)

    app.wsgi_app = middleware  # type: ignore[method-assign]
    return app


def quart_host() -> Quart:
    """The same, with a start and an end."""
    app, seen = Quart("host"), itertools.count()
    app.secret_key = "made up"

    @app.before_request
    async def before() -> None:
        quart.g.before = "before"

    @app.after_request
    async def after(response: Any) -> Any:
        response.headers["X-Host"] = f"{quart.g.before} {next(seen)}"
        return response

    @app.errorhandler(404)
    async def missing(error: Exception) -> tuple[str, int]:
        return "<h1>The host has no such page</h1>", 404

    @app.errorhandler(ZeroDivisionError)
    async def broken(error: Exception) -> tuple[str, int]:
        return "<h1>The host is broken</h1>", 500

    @app.get("/visit")
    async def visit() -> str:
        quart.session["visits"] = quart.session.get("visits", 0) + 1
        return str(quart.session["visits"])

    @app.get("/broken")
    async def breaks() -> str:
        raise ZeroDivisionError

    @app.get("/refused")
    async def refused() -> str:
        quart.abort(403)

    @app.post("/echo")
    async def echo() -> str:
        return f"{quart.request.full_path} {await quart.request.get_data(as_text=True)!r}"

    return app


async def answers(transport: httpx2.AsyncBaseTransport) -> list[tuple[int, list[tuple[bytes, bytes]], bytes]]:
    """What one browser gets from the host, to the byte."""
    got = []
    async with httpx2.AsyncClient(transport=transport, base_url=ORIGIN) as http:
        for method, path in ASKED:
            answer = await http.request(method, path, content=b"hello" if method == "POST" else None)
            got.append((answer.status_code, answer.headers.raw, answer.content))
    return got


def made_of(app: Any) -> dict[str, Any]:
    """Its functions, handlers, routes and settings, each the object that it is."""
    found: dict[str, Any] = {}
    for name in MADE_OF:
        value = getattr(app, name)
        # Quart notes an empty list where it has looked for functions and found none.
        found[name] = {k: v for k, v in value.items() if v != []} if isinstance(value, dict) else list(value)
    found["rules"] = [repr(rule) for rule in app.url_map.iter_rules()]
    found["sessions"] = app.session_interface
    found["serving"] = [*getattr(app, "before_serving_funcs", []), *getattr(app, "after_serving_funcs", [])]
    return found


@pytest.fixture
def _standing_clock(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("itsdangerous.TimestampSigner.get_timestamp", lambda self: 1_700_000_000)
    monkeypatch.setattr("itsdangerous.timed.time.time", lambda: 1_700_000_000.0)


@pytest.mark.usefixtures("_standing_clock")
async def test_flask_is_as_without_the_hub(tmp_path: Path) -> None:
    """Session cookies, functions around requests, error pages and the host's own middleware: the answers are
    the same to the byte. The application has one extension more, and its `wsgi_app` is wrapped."""
    plain = await answers(_InThread(httpx2.WSGITransport(app=flask_host())))
    app, hub = flask_host(), make_hub(tmp_path, public_url=f"{ORIGIN}/connect").hub
    before, extensions = made_of(app), dict(app.extensions)
    hub.init_app(app, "/connect")
    transport = _InThread(httpx2.WSGITransport(app=app))
    async with httpx2.AsyncClient(transport=transport, base_url=ORIGIN) as http:
        assert 'action="/connect/link/open"' in (await http.get("/connect/")).text
    assert await answers(transport) == plain
    _check(plain)
    assert made_of(app) == before
    assert app.extensions == {**extensions, "connect_hub": hub}
    await hub.aclose()


@pytest.mark.usefixtures("_standing_clock")
async def test_quart_is_as_without_the_hub(tmp_path: Path) -> None:
    """The same under ASGI."""
    plain = await answers(httpx2.ASGITransport(app=quart_host()))  # type: ignore[arg-type]
    app, hub = quart_host(), make_hub(tmp_path, public_url=f"{ORIGIN}/connect").hub
    before, extensions = made_of(app), dict(app.extensions)
    around: Callable[..., Any] = ConnectHubMiddleware(app.asgi_app, hub=hub, prefix="/connect")  # type: ignore[arg-type]
    app.asgi_app = around  # type: ignore[method-assign]
    transport = httpx2.ASGITransport(app=app)  # type: ignore[arg-type]
    async with httpx2.AsyncClient(transport=transport, base_url=ORIGIN) as http:
        assert 'action="/connect/link/open"' in (await http.get("/connect/")).text
    assert await answers(transport) == plain
    _check(plain)
    assert made_of(app) == before
    assert app.extensions == extensions
    await hub.aclose()


def _check(plain: list[tuple[int, list[tuple[bytes, bytes]], bytes]]) -> None:
    """The host does all of that: its answers would show a difference."""
    assert [status for status, _, _ in plain] == [200, 200, 404, 500, 403, 200, 405, 200, 200, 404]
    assert plain[1][2] == b"2"
    assert b"The host has no such page" in plain[-1][2]
    names = {name.lower() for _, headers, _ in plain for name, _ in headers}
    assert {b"set-cookie", b"x-host"} <= names
