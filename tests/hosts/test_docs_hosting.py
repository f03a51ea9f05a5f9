"""docs/hosting.md: every block of code in it runs, and serves what it says."""

import re
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import httpx2
import pytest
from django.core.handlers.wsgi import WSGIHandler, WSGIRequest

from connect_hub import ConnectHub, HubConfig
from connect_hub.keys import new_key_text
from connect_hub.portal import current_portal
from tests import django_host

DOCS = Path(__file__).resolve().parents[2] / "docs" / "hosting.md"
BLOCKS = {
    match[1].partition("\n")[0].removeprefix("# "): match[1]
    for match in re.finditer(r"```python\n(.*?)```", DOCS.read_text("utf-8"), re.DOTALL)
}


@pytest.fixture
def names(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """What the first block leaves, in a folder of its own."""
    django_host.ready()
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("CONNECT_HUB_KEYS", new_key_text())
    block = BLOCKS["the hub"]
    names = run(block, {"__name__": "the_host"})  # a name that no installed package has
    project, module = ModuleType("shop"), ModuleType("shop.connect")
    module.hub = names["hub"]  # type: ignore[attr-defined]  # where the page says to put it
    monkeypatch.setitem(sys.modules, "shop", project)
    monkeypatch.setitem(sys.modules, "shop.connect", module)
    return names


def run(block: str, names: dict[str, Any]) -> dict[str, Any]:
    names = dict(names)
    # The connectors that need a client of the reader's are left out.
    exec(block.replace('["bamboohr", "slack"]', '["bamboohr"]'), names)  # noqa: S102  # our own documentation
    return names


def test_the_blocks_are_known() -> None:
    """A block that is added has to be run below."""
    assert set(BLOCKS) == {
        "the hub",
        "starlette",
        "fastapi",
        "asgi",
        "quart",
        "flask",
        "flask identity",
        "django wsgi",
        "django asgi",
        "django urls",
        "wsgi",
        "alone",
        "own transaction",
    }


@pytest.mark.parametrize("block", ["starlette", "fastapi", "asgi", "quart", "django asgi"])
async def test_asgi_hosts(names: dict[str, Any], block: str) -> None:
    """Mounted so, the hub answers under its path."""
    made = run(BLOCKS[block], names)
    app = made.get("app") or made["application"]
    async with httpx2.AsyncClient(transport=httpx2.ASGITransport(app=app), base_url="https://x") as http:
        answer = await http.get("/connect/")
    assert answer.status_code == 200
    assert 'action="/connect/link/open"' in answer.text
    await names["hub"].aclose()


@pytest.mark.parametrize(
    ("block", "application"),
    [("flask", "app"), ("wsgi", "application"), ("django wsgi", "application")],
)
def test_wsgi_hosts(names: dict[str, Any], block: str, application: str) -> None:
    """The same under WSGI, where the host answers everything else."""
    app = run(BLOCKS[block], names)[application]
    with httpx2.Client(transport=httpx2.WSGITransport(app=app), base_url="https://x") as http:
        answer = http.get("/connect/")
        assert answer.status_code == 200
        assert 'action="/connect/link/open"' in answer.text
        assert http.get("/").status_code in {200, 404}
    current_portal().run(names["hub"].aclose())


def test_django_urls(names: dict[str, Any]) -> None:
    """The pattern takes what is below the prefix, and the hub answers it."""
    made = run(BLOCKS["django urls"], names)
    handler = WSGIHandler()
    urls = ModuleType("urls")
    urls.urlpatterns = made["urlpatterns"]  # type: ignore[attr-defined]
    handler.request_class = type("Request", (WSGIRequest,), {"urlconf": urls})
    with httpx2.Client(transport=httpx2.WSGITransport(app=handler), base_url="https://x") as http:
        assert 'action="/connect/link/open"' in http.get("/connect/").text
        assert http.get("/elsewhere").status_code == 404
    current_portal().run(names["hub"].aclose())


async def test_alone(names: dict[str, Any]) -> None:
    """By itself it answers at the root."""
    made = run(BLOCKS["alone"], names)
    async with httpx2.AsyncClient(
        transport=httpx2.ASGITransport(app=made["app"]), base_url="https://x"
    ) as http:
        answer = await http.get("/")
    assert 'action="/link/open"' in answer.text
    hub: ConnectHub = made["hub"]
    await hub.aclose()


def test_an_identity_and_a_transaction(names: dict[str, Any]) -> None:
    """The function is taken by the configuration, and the link is there when the transaction is over."""
    assert HubConfig(pages=run(BLOCKS["flask identity"], names)["pages"]).pages.identity is not None
    hub: ConnectHub = names["hub"]
    hub.sync.check()
    made = run(BLOCKS["own transaction"], names)
    assert hub.sync.sessions.get(made["link"].session.id).session.origin_owner_id == "42"
    made["engine"].dispose()
    current_portal().run(hub.aclose())
