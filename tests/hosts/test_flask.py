"""Flask: `init_app`, the application's context around callbacks, and who is signed in to it."""

import asyncio
import threading
from concurrent.futures import Future
from pathlib import Path
from typing import Any

import flask
import pytest
from flask import Flask
from sqlalchemy.ext.asyncio import create_async_engine

from connect_hub import Event, Secret, SignIn, SQLStorage, Subject, Transaction, Visitor
from connect_hub.errors import ConfigurationError
from connect_hub.hosts.flask import identity
from connect_hub.portal import current_portal
from tests.hosts.mounted import HostedCustomer, mounted
from tests.hubs import GOOD_KEY, make_hub

PATIENCE = 5.0
OWNER: dict[str, Any] = {"origin_owner_id": "42", "origin_owner_name": "Acme"}


def test_the_hub_is_an_extension(tmp_path: Path) -> None:
    """A hub is found by the application's name for it, a second one by its prefix; both serve."""
    (tmp_path / "1").mkdir()
    (tmp_path / "2").mkdir()
    app = Flask("host")
    first = make_hub(tmp_path / "1", public_url="https://app.test/connect").hub
    second = make_hub(tmp_path / "2", public_url="https://app.test/partners").hub
    first.init_app(app, "/connect")
    second.init_app(app, "/partners")
    assert (app.extensions["connect_hub"], app.extensions["connect_hub:/partners"]) == (first, second)
    client = app.test_client()
    for prefix in ("/connect", "/partners"):
        answer = client.get(f"{prefix}/")
        assert answer.status_code == 200
        assert f'action="{prefix}/link/open"' in answer.text
    for hub in (first, second):
        current_portal().run(hub.aclose())


def test_a_hub_is_not_put_in_twice(tmp_path: Path) -> None:
    """The same hub twice in an application is a mistake; in another application, as tests make them, it is
    not."""
    hub, app = make_hub(tmp_path).hub, Flask("host")
    hub.init_app(app, "/connect")
    with pytest.raises(ConfigurationError, match="already"):
        hub.init_app(app, "/connect")
    hub.init_app(Flask("another"), "/connect")


def test_what_cannot_work_is_refused_at_once(tmp_path: Path) -> None:
    """A prefix that public_url does not have, and an AsyncEngine that the host uses too, are refused, and
    the application is left as it was."""
    app = Flask("host")
    with pytest.raises(ConfigurationError, match="Change prefix to '/connect'"):
        make_hub(tmp_path).hub.init_app(app, "/hub")
    engine = create_async_engine(f"sqlite+aiosqlite:///{tmp_path}/hub.db")
    with pytest.raises(ConfigurationError, match="With an Engine nothing is bound to a loop"):
        make_hub(tmp_path, storage=SQLStorage(engine)).hub.init_app(app, "/connect")
    assert "connect_hub" not in app.extensions
    assert "wsgi_app" not in vars(app)


async def test_deliveries_begin_with_any_request(tmp_path: Path) -> None:
    """R19: a request to the application's own page begins deliveries on the portal; it does not wait."""
    app = Flask("host")
    app.add_url_rule("/", view_func=lambda: "host")
    hub = mounted(tmp_path, "flask").hub
    hub.init_app(app, "/connect")
    assert hub._runtime._starting is None
    assert (await asyncio.to_thread(app.test_client().get, "/")).text == "host"
    starting = hub._runtime._starting
    assert isinstance(starting, Future)
    await asyncio.to_thread(starting.result, PATIENCE)
    assert hub._runtime._dispatcher_loop is current_portal().loop()
    await hub.aclose()


async def test_callbacks_have_the_applications_context(tmp_path: Path) -> None:
    """Inside the transaction and after the commit, `current_app` is the application; no request is there."""
    place = mounted(tmp_path, "flask")
    seen: dict[str, tuple[str, bool]] = {}
    done = threading.Event()

    @place.hub.on("account.created", in_transaction=True)
    def inside(event: Event, tx: Transaction) -> None:
        seen["inside"] = (flask.current_app.name, flask.has_request_context())

    @place.hub.on("account.created", name="after")
    def after(event: Event) -> None:
        seen["after"] = (flask.current_app.name, flask.has_request_context())
        done.set()

    link = await asyncio.to_thread(lambda: place.hub.sync.links.create(**OWNER))
    place.provider.add_api_key(user="ada", key=Secret(GOOD_KEY))
    customer = HostedCustomer(place.hub, place.transport)
    await customer.press(await customer.pick(link.url, "Acme Key"), "Connect", {"f.api_key": GOOD_KEY})
    assert await asyncio.to_thread(done.wait, PATIENCE)
    assert seen == {"inside": ("host", False), "after": ("host", False)}
    await place.hub.aclose()


# --- who is signed in ---


async def test_the_session_of_flask_says_who_it_is() -> None:
    """The function reads flask.session as a view would, in the visitor's name, off the event loop; a forged
    cookie is nobody."""
    app = Flask("host")
    app.secret_key = "made up"
    threads: list[int] = []

    @app.get("/sign-in/<tenant>")
    def sign_in(tenant: str) -> str:
        flask.session["tenant"] = tenant
        return "in"

    def who() -> Subject | SignIn:
        threads.append(threading.get_ident())
        assert flask.request.remote_addr == "198.51.100.7"
        assert flask.request.host == "localhost"
        tenant = flask.session.get("tenant")
        return SignIn("https://app.test/login") if tenant is None else Subject(tenant)

    client = app.test_client()
    client.get("/sign-in/acme")
    cookie = client.get_cookie("session")
    assert cookie is not None
    ask = identity(app, who)

    def visitor(value: str) -> Visitor:
        headers = {"cookie": f"session={value}", "host": "evil.example", "user-agent": "x"}
        scope = {"client": ("198.51.100.7", 1234), "scheme": "https"}
        return Visitor(headers, {"session": value}, scope)

    assert await ask(visitor(cookie.value)) == Subject("acme")
    assert await ask(visitor(cookie.value + "x")) == SignIn("https://app.test/login")
    assert await ask(visitor("")) == SignIn("https://app.test/login")
    assert threading.get_ident() not in threads
    assert not flask.has_request_context()
