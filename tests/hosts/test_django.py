"""The hub around a Django project: its pages, its cookies, and a refusal of the host's."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from types import ModuleType

import httpx2
import pytest
from sqlalchemy.ext.asyncio import create_async_engine

from connect_hub import Event, LinkRefused, SQLStorage, Transaction
from connect_hub.errors import ConfigurationError
from connect_hub.hosts.asgi import ConnectHubMiddleware
from connect_hub.portal import current_portal
from tests import django_host
from tests.customer import Customer
from tests.hubs import API_KEY, Hub, make_hub

django_host.ready()

from django.apps import apps  # noqa: E402  # needs a Django that is set up
from django.core.asgi import get_asgi_application  # noqa: E402
from django.core.handlers.wsgi import WSGIHandler, WSGIRequest  # noqa: E402
from django.core.wsgi import get_wsgi_application  # noqa: E402
from django.db import connections  # noqa: E402
from django.urls import include, path  # noqa: E402

from connect_hub.hosts.django.storage import DjangoStorage  # noqa: E402
from connect_hub.hosts.django.urls import hub_urls  # noqa: E402
from tests.django_host.databases import with_tables  # noqa: E402
from tests.django_host.models import Tool  # noqa: E402


@pytest.fixture
def alias(tmp_path: Path) -> str:
    return with_tables(ENGINE="django.db.backends.sqlite3", NAME=str(tmp_path / "host.db"))


@pytest.fixture
async def made(tmp_path: Path, alias: str) -> AsyncIterator[Hub]:
    made = make_hub(tmp_path, storage=DjangoStorage(alias))
    yield made
    await made.hub.aclose()


def counted(made: Hub) -> dict[str, int]:
    using = made.hub.storage.using  # type: ignore[attr-defined]
    named = {name: apps.get_model("connect_hub", name) for name in ("Account", "Delivery")}
    try:
        return {name: model.objects.using(using).count() for name, model in {**named, "Tool": Tool}.items()}
    finally:
        connections[using].close()


def events(made: Hub) -> list[str]:
    using = made.hub.storage.using  # type: ignore[attr-defined]
    try:
        return list(
            apps.get_model("connect_hub", "Event").objects.using(using).values_list("name", flat=True)
        )
    finally:
        connections[using].close()


async def test_a_refusal_leaves_nothing(made: Hub) -> None:
    """R1: a callback that writes a model and then refuses leaves no row, no account and no event, and
    the customer reads the host's words. The next try leaves one of each."""
    using = made.hub.storage.using  # type: ignore[attr-defined]
    refusing = [True]

    @made.hub.on("account.created", in_transaction=True)
    def linked(event: Event, tx: Transaction) -> None:
        Tool.objects.using(using).create(account_id="of the host")
        if refusing:
            raise LinkRefused("Your plan has no room for more tools.")

    link = await made.hub.links.create(origin_owner_id="42", origin_owner_name="Acme", provider="simulated")
    customer = Customer(made.hub)
    form = await customer.enter(link.url)
    leaving = await customer.press(form, "Connect Acme Login")
    assert leaving.refresh is not None
    seen = await customer.get(made.provider.approve(leaving.refresh, user="ada"))
    assert "Your plan has no room for more tools." in seen.text
    assert await asyncio.to_thread(counted, made) == {"Account": 0, "Delivery": 0, "Tool": 0}
    assert await asyncio.to_thread(events, made) == []
    refusing.clear()
    again = await customer.press(seen, "Connect Acme Login")
    assert again.refresh is not None
    done = await customer.get(made.provider.approve(again.refresh, user="ada"))
    assert done.heading == "Acme Login is connected"
    assert "account.created" in await asyncio.to_thread(events, made)
    kept = await asyncio.to_thread(counted, made)
    assert (kept["Account"], kept["Tool"]) == (1, 1)


def test_beside_django_under_wsgi(tmp_path: Path, alias: str) -> None:
    """T35: the hub has its path; every answer of Django's is as without the hub, header for header."""
    hub = make_hub(tmp_path, storage=DjangoStorage(alias)).hub
    bare = get_wsgi_application()
    with (
        httpx2.Client(transport=httpx2.WSGITransport(app=bare), base_url="https://hub.test") as without,
        httpx2.Client(
            transport=httpx2.WSGITransport(app=hub.wsgi_middleware(get_wsgi_application(), "/connect")),
            base_url="https://hub.test",
        ) as around,
    ):
        assert 'action="/connect/link/open"' in around.get("/connect/").text
        for path in ("/", "/connected", "/nowhere"):
            expected, got = without.get(path), around.get(path)
            assert (got.status_code, got.content) == (expected.status_code, expected.content)
            assert got.headers.multi_items() == expected.headers.multi_items()
    current_portal().run(hub.aclose())


async def test_beside_django_under_asgi(made: Hub) -> None:
    """T35: the same under ASGI."""
    bare = get_asgi_application()
    app = ConnectHubMiddleware(get_asgi_application(), hub=made.hub, prefix="/connect")
    async with (
        httpx2.AsyncClient(transport=httpx2.ASGITransport(app=bare), base_url="https://hub.test") as without,
        httpx2.AsyncClient(transport=httpx2.ASGITransport(app=app), base_url="https://hub.test") as around,
    ):
        assert 'action="/connect/link/open"' in (await around.get("/connect/")).text
        for path in ("/", "/connected", "/nowhere"):
            expected, got = await without.get(path), await around.get(path)
            assert (got.status_code, got.content) == (expected.status_code, expected.content)
            assert got.headers.multi_items() == expected.headers.multi_items()


def test_in_urls_the_hub_keeps_its_headers(tmp_path: Path, alias: str) -> None:
    """T29, T30: in `urls.py`, inside Django's middleware, pages and refusals of the hub are, header for
    header, what the hub itself sends. An AsyncEngine is refused."""
    made = make_hub(tmp_path, storage=DjangoStorage(alias))
    project = ModuleType("urls")
    project.urlpatterns = [path("connect/", include(hub_urls(made.hub)))]  # type: ignore[attr-defined]
    handler = WSGIHandler()
    handler.request_class = type("Request", (WSGIRequest,), {"urlconf": project})
    alone = made.hub.wsgi_middleware(get_wsgi_application(), "/connect")
    link = made.hub.sync.links.create(origin_owner_id="42", origin_owner_name="Acme")
    sent = []
    for app in (alone, handler):
        transport = httpx2.WSGITransport(app=app)
        with httpx2.Client(transport=transport, base_url="https://hub.test") as http:
            page = http.get("/connect/link?lang=de")
            wrong = http.post("/connect/link/open", data={"token": link.url.partition("#t=")[2]})
            chosen = http.get("/connect/link", params={"lang": "fr"})
            missing = http.get("/connect/nothing", headers={"Accept": "application/json"})
            listed = http.get("/connect/accounts", auth=(API_KEY, ""))
        answers = (page, wrong, chosen, missing, listed)
        sent.append([(one.status_code, sorted(one.headers.multi_items())) for one in answers])
        assert listed.json() == []
    assert sent[0] == sent[1]
    with pytest.raises(ConfigurationError, match="AsyncEngine"):
        hub_urls(make_hub(tmp_path, storage=SQLStorage(create_async_engine("sqlite+aiosqlite:///x.db"))).hub)
    current_portal().run(made.hub.aclose())
