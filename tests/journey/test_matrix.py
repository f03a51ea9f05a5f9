"""The journey over hosts, servers and databases, in the pairs that the documentation promises."""

import contextlib
import json
import secrets
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import httpx2
import pytest
from playwright.sync_api import Page, expect
from sqlalchemy import MetaData, create_engine, select
from standardwebhooks.webhooks import Webhook as StandardWebhook

from connect_hub import SQLStorage
from connect_hub.keys import new_key_text
from connect_hub.webhooks import generate_secret
from tests.contract.sdk import Sdk
from tests.hosts.servers import Server, serving
from tests.journey.connectors import write_connectors
from tests.journey.matrix import DATABASES, HOSTS, SERVERS, Row, promised, rows, table
from tests.journey.test_journey import open_link, sign_in_at
from tests.peers.database_server import Database
from tests.peers.keyed_api import KeyedApi
from tests.peers.oidc import OidcPeer
from tests.peers.receiver import RawReceiver

DOCS = Path(__file__).resolve().parents[2] / "docs" / "hosting.md"
SYNC_DRIVERS = {"sqlite": "pysqlite", "postgresql": "psycopg", "mariadb": "pymysql"}


def test_the_documentation_has_the_table() -> None:
    """docs/hosting.md shows the rows that are walked, and no others."""
    assert table() in DOCS.read_text("utf-8"), table()


def test_the_rows_show_every_promise() -> None:
    """Each host, server and database has a row, and so has each promised pair."""
    shown = {claim for row in rows() for claim in row.claims()}
    assert promised() <= shown
    assert {row.host for row in rows()} == set(HOSTS)
    assert {row.server for row in rows()} == set(SERVERS)
    assert {row.database for row in rows()} == set(DATABASES)


@pytest.mark.browser
@pytest.mark.node
@pytest.mark.parametrize("row", rows(), ids=lambda row: f"{row.host}, {row.server}, {row.database}")
def test_the_journey(
    row: Row,
    request: pytest.FixtureRequest,
    tmp_path: Path,
    keyed_api: KeyedApi,
    oidc: OidcPeer,
    receiver: RawReceiver,
    page: Page,
) -> None:
    """R18, R19: StackOne's client makes a link, a person in a browser connects by key and by OAuth, both
    webhooks verify, the host calls both providers, and no table holds a secret in plain text."""
    kind, driver, _ = DATABASES[row.database]
    if kind == "sqlite":
        database = Database(str(tmp_path / "hub.db"), "sqlite+{driver}:///{name}")
    else:
        fixture = {"postgresql": "postgres_database", "mariadb": "mariadb_database"}[kind]
        database = request.getfixturevalue(fixture)
    engine = create_engine(database.url(SYNC_DRIVERS[kind]))
    SQLStorage.create_all(engine)
    api_key, secret = secrets.token_urlsafe(32), generate_secret().reveal()
    staffbook, deskly = write_connectors(tmp_path, keyed_api, oidc)

    def environment(port: int) -> dict[str, str]:
        public_url = f"http://127.0.0.1:{port}/connect"
        client = oidc.add_client(redirect_uris=[f"{public_url}/oauth/callback/deskly"])
        peers = [keyed_api.origin, oidc.issuer, receiver.origin]
        given = {
            "public_url": public_url,
            "database": database.url(driver),
            "api_key": api_key,
            "webhook_url": receiver.url,
            "webhook_secret": secret,
            "connectors": [
                [str(staffbook), None, None],
                [str(deskly), client.client_id, client.client_secret],
            ],
            "private_hosts": [urlsplit(peer).netloc for peer in peers],
        }
        return {"JOURNEY": json.dumps(given), "CONNECT_HUB_KEYS": new_key_text()}

    server, factory = SERVERS[row.server], HOSTS[row.host][0]
    target = f"tests.journey.apps:{factory}" + ("" if "--factory" in server.options else "()")
    with serving(server.kind, target, *server.options, env=environment) as running, told(running):
        with Sdk(url=f"{running.url}/connect", api_key=api_key) as sdk:
            owner = {"originOwnerId": "acme-42", "originOwnerName": "Acme Corp"}
            created = sdk.done("connectSessions.createConnectSession", owner).value
            assert isinstance(created, dict)
            connect_both(page, created["authLinkUrl"], oidc)
            listed = sdk.done("accounts.listLinkedAccounts").value
        assert isinstance(listed, list)
        assert {account["provider"] for account in listed} == {"staffbook", "deskly"}

        verifier = StandardWebhook(secret)
        events = [verifier.verify(r.body, dict(r.headers)) for r in receiver.wait_for(2)]
        assert {(e["event"], e["account_id"]) for e in events} == {
            ("account.created", account["id"]) for account in listed
        }
        for account in listed:
            called = httpx2.get(f"{running.url}/call/{account['id']}", trust_env=False, timeout=30)
            assert called.status_code == called.json()["status"] == 200
        assert "Traceback" not in running.output(), running.output()

    tables = MetaData()
    with engine.connect() as connection:
        tables.reflect(connection)
        stored = repr([connection.execute(select(t)).all() for t in tables.sorted_tables])
    engine.dispose()
    assert listed[0]["id"] in stored
    assert KeyedApi.GOOD not in stored


@contextlib.contextmanager
def told(server: Server) -> Iterator[None]:
    """Add to a failure what the server printed."""
    try:
        yield
    except BaseException as error:
        error.add_note(server.output())
        raise


def connect_both(page: Page, link: str, oidc: OidcPeer) -> None:
    """Connect Staffbook with a key, then Deskly by signing in."""
    open_link(page, link)
    page.get_by_role("link", name="Staffbook").click()
    page.get_by_label("API key").fill(KeyedApi.GOOD)
    page.get_by_role("button", name="Connect Staffbook").click()
    expect(page.get_by_role("heading", name="Staffbook is connected")).to_be_visible()
    page.get_by_role("link", name="Connect another tool").click()
    page.get_by_role("link", name="Deskly").click()
    page.get_by_role("button", name="Connect Deskly").click()
    page.wait_for_url(f"{oidc.issuer}/**")
    sign_in_at(page)
    expect(page.get_by_role("heading", name="Deskly is connected")).to_be_visible()
