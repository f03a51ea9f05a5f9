"""The main job on real parts: a host's link, a person's browser, a real OAuth server, a real database.

Every host walks the same way; see `apps` for how each is built.
"""

import json
import secrets
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

import httpx2
import pytest
from playwright.sync_api import Page, expect
from standardwebhooks.webhooks import Webhook as StandardWebhook

from connect_hub.keys import new_key_text
from connect_hub.webhooks import generate_secret
from tests.hosts.servers import serving
from tests.journey.connectors import write_connectors
from tests.peers.browser import Observed
from tests.peers.keyed_api import KeyedApi
from tests.peers.oidc import OidcPeer
from tests.peers.receiver import RawReceiver

pytestmark = [pytest.mark.browser, pytest.mark.node]

HOSTS = [
    pytest.param(("starlette_app", "uvicorn", "/connect"), id="starlette at /connect"),
    pytest.param(("fastapi_app", "uvicorn", "/a/b"), id="fastapi at /a/b"),
    pytest.param(("flask_app", "gunicorn", "/connect"), id="flask at /connect"),
    pytest.param(("alone", "uvicorn", ""), id="alone at /"),
]


@dataclass(frozen=True)
class Host:
    """A running host application."""

    origin: str
    public_url: str
    api_key: str
    webhook_secret: str
    database: Path
    has_call_page: bool

    def api(self, method: str, path: str, **options: object) -> httpx2.Response:
        """A call of the REST API with the project's key."""
        with httpx2.Client(base_url=self.public_url, auth=(self.api_key, ""), trust_env=False) as http:
            return http.request(method, self.public_url + path, **options)  # type: ignore[arg-type]

    def create_link(self, **fields: object) -> str:
        """An auth link, made over HTTP."""
        answer = self.api(
            "POST",
            "/connect_sessions",
            json={"origin_owner_id": "acme-42", "origin_owner_name": "Acme Corp", **fields},
        )
        assert answer.status_code == 201, answer.text
        link: str = answer.json()["auth_link_url"]
        return link


@pytest.fixture
def host(
    request: pytest.FixtureRequest,
    tmp_path: Path,
    keyed_api: KeyedApi,
    oidc: OidcPeer,
    receiver: RawReceiver,
) -> Iterator[Host]:
    app, server, prefix = request.param
    api_key, webhook_secret = secrets.token_urlsafe(32), generate_secret().reveal()
    staffbook, deskly = write_connectors(tmp_path, keyed_api, oidc)
    peers = [keyed_api.origin, oidc.issuer, receiver.origin]
    database = tmp_path / "hub.db"

    def environment(port: int) -> dict[str, str]:
        public_url = f"http://127.0.0.1:{port}{prefix}"
        client = oidc.add_client(redirect_uris=[f"{public_url}/oauth/callback/deskly"])
        given = {
            "public_url": public_url,
            "database": str(database),
            "api_key": api_key,
            "webhook_url": receiver.url,
            "webhook_secret": webhook_secret,
            "connectors": [
                [str(staffbook), None, None],
                [str(deskly), client.client_id, client.client_secret],
            ],
            "private_hosts": [urlsplit(peer).netloc for peer in peers],
        }
        return {"JOURNEY": json.dumps(given), "CONNECT_HUB_KEYS": new_key_text()}

    # A factory: the application is built in the worker process, as in production.
    options = ["--factory"] if server == "uvicorn" else ["--threads", "4"]
    target = f"tests.journey.apps:{app}" + ("()" if server == "gunicorn" else "")
    with serving(server, target, *options, env=environment) as running:
        yield Host(
            origin=running.url,
            public_url=running.url + prefix,
            api_key=api_key,
            webhook_secret=webhook_secret,
            database=database,
            has_call_page=app != "alone",
        )


def open_link(page: Page, link: str) -> None:
    """Open the link and confirm."""
    page.goto(link)
    expect(page.get_by_role("heading", level=1)).to_contain_text("127.0.0.1")
    page.get_by_role("button", name="Continue").click()


def verified(host: Host, receiver: RawReceiver, count: int) -> list[dict[str, object]]:
    """The first `count` webhooks, each verified by the standardwebhooks package."""
    verifier = StandardWebhook(host.webhook_secret)
    return [verifier.verify(r.body, dict(r.headers)) for r in receiver.wait_for(count)]


@pytest.mark.parametrize("host", HOSTS, indirect=True)
def test_a_customer_connects_by_key_and_by_oauth(
    host: Host, page: Page, observed: Observed, receiver: RawReceiver, oidc: OidcPeer
) -> None:
    """A link made over HTTP leads a person in a browser to two sealed accounts, two verified webhooks, and
    calls of the providers' APIs with the accounts' credentials; nothing leaks and nothing is blocked (T5,
    T20, T30, T44)."""
    open_link(page, host.create_link())

    # The list: search, then pick.
    page.get_by_role("searchbox").fill("staff book")
    expect(page.get_by_role("link", name="Deskly")).to_be_hidden()
    page.get_by_role("link", name="Staffbook").click()

    # A wrong key is refused in words, and what was typed is kept.
    page.get_by_label("API key").fill("key-wrong")
    page.get_by_role("button", name="Connect Staffbook").click()
    expect(page.get_by_role("alert").first).to_be_visible()
    expect(page.get_by_label("API key")).to_have_value("key-wrong")
    assert host.api("GET", "/accounts").json() == []

    # The right one is tested, then stored.
    page.get_by_label("API key").fill(KeyedApi.GOOD)
    page.get_by_role("button", name="Connect Staffbook").click()
    expect(page.get_by_role("heading", name="Staffbook is connected")).to_be_visible()
    expect(page.get_by_text("Ada Lovelace")).to_be_visible()

    # The next one signs in at the OAuth server, which insists on PKCE.
    page.get_by_role("link", name="Connect another tool").click()
    page.get_by_role("link", name="Deskly").click()
    page.get_by_role("button", name="Connect Deskly").click()
    page.wait_for_url(f"{oidc.issuer}/**")
    sign_in_at(page)
    expect(page.get_by_role("heading", name="Deskly is connected")).to_be_visible()

    accounts = {account["provider"]: account for account in host.api("GET", "/accounts").json()}
    assert set(accounts) == {"staffbook", "deskly"}
    assert all(a["status"] == "active" and a["origin_owner_id"] == "acme-42" for a in accounts.values())

    events = verified(host, receiver, 2)
    assert [e["event"] for e in events] == ["account.created", "account.created"]
    assert {e["account_id"] for e in events} == {a["id"] for a in accounts.values()}

    if host.has_call_page:
        for account in accounts.values():
            called = httpx2.get(f"{host.origin}/call/{account['id']}", trust_env=False).json()
            assert called["status"] == 200
            assert called["body"]["id"] == account["identity"]["id"]

    # Chromium itself notes the refused form; nothing else may stand there.
    observed.console_errors = [e for e in observed.console_errors if "422" not in e]
    observed.assert_clean()
    assert observed.origins() == {host.origin, oidc.issuer}
    assert_sealed(host)


def sign_in_at(page: Page) -> None:
    """Sign in and consent on the OAuth server's own pages."""
    page.locator("input[name=login]").fill("ada")
    page.locator("input[name=password]").fill("x")
    page.get_by_role("button").first.click()
    page.get_by_role("button", name="Continue").click()


def assert_sealed(host: Host) -> None:
    """No credential stands in plain text in any file of the database."""
    for file in host.database.parent.glob(host.database.name + "*"):
        stored = file.read_bytes()
        assert KeyedApi.GOOD.encode() not in stored
        assert b"key-wrong" not in stored
