"""The one refresh, at a real OAuth server that ends a sign-in whose refresh token is used twice."""

import json
import os
import subprocess
import sys
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from connect_hub.keys import new_key_text
from connect_hub.models import AccountStatus
from connect_hub.webhooks import generate_secret
from tests.customer import Customer
from tests.journey.apps import _hub
from tests.journey.connectors import write_connectors
from tests.peers.keyed_api import KeyedApi
from tests.peers.oidc import OidcPeer

pytestmark = pytest.mark.node

PROCESSES, CALLS = 4, 20


async def test_one_token_request_over_processes(
    tmp_path: Path, oidc: OidcPeer, keyed_api: KeyedApi, monkeypatch: pytest.MonkeyPatch
) -> None:
    """R8, R18: 4 processes × 20 concurrent calls on one expired account, on one SQLite file, at
    oidc-provider with rotation: one token request, no error, and the account refreshes again afterwards."""
    public_url = "http://127.0.0.1:9/connect"
    client = oidc.add_client(redirect_uris=[f"{public_url}/oauth/callback/deskly"])
    staffbook, deskly = write_connectors(tmp_path, keyed_api, oidc)
    given = {
        "public_url": public_url,
        "database": str(tmp_path / "hub.db"),
        "api_key": "k" * 40,
        "webhook_url": "http://127.0.0.1:9/in",
        "webhook_secret": generate_secret().reveal(),
        "connectors": [
            [str(staffbook), "", ""],
            [str(deskly), client.client_id, client.client_secret],
        ],
        "private_hosts": [oidc.issuer.removeprefix("http://"), "127.0.0.1:9"],
    }
    monkeypatch.setenv("JOURNEY", json.dumps(given))
    monkeypatch.setenv("CONNECT_HUB_KEYS", new_key_text())
    hub = _hub()
    link = await hub.links.create(origin_owner_id="42", origin_owner_name="Acme", provider="deskly")
    customer = Customer(hub)
    leaving = await customer.press(await customer.enter(link.url), "Connect Deskly")
    assert leaving.refresh is not None
    done = await customer.get(oidc.complete_login(leaving.refresh))
    assert done.heading == "Deskly is connected"
    [account] = await hub.accounts.list()
    past = datetime.now(UTC) - timedelta(hours=1)
    await hub._credentials._core.storage.change_account(
        "default", account.id, lambda a: replace(a, expires_at=past), announce=lambda *_: ()
    )
    oidc.reset()
    await hub._runtime.stop()

    results = _asked_at_once(account.id)
    assert [result["errors"] for result in results] == [[]] * PROCESSES
    assert len({token for result in results for token in result["tokens"]}) == 1
    assert oidc.counts().requests["token"] == 1
    assert oidc.counts().granted("refresh_token") == 1

    first = await hub._credentials.live(account.id)
    again = await hub._credentials.live(account.id, refused=first.credentials)
    assert oidc.counts().granted("refresh_token") == 2
    assert (await hub.accounts.get(account.id)).status is AccountStatus.ACTIVE
    async with hub.client(account.id) as http:
        assert (await http.get("me")).status_code == 200
    assert again.account.generation == 3
    await hub._runtime.stop()


def _asked_at_once(account_id: str) -> list[dict[str, list[str]]]:
    """What each process got, all of them told to go when all of them are ready."""
    command = [sys.executable, "-m", "tests.flows.refresh_worker", account_id, str(CALLS)]
    workers = [
        subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=os.environ)
        for _ in range(PROCESSES)
    ]
    try:
        for worker in workers:
            assert worker.stdout is not None
            assert worker.stdout.readline() == "ready\n"
        for worker in workers:
            assert worker.stdin is not None
            worker.stdin.write("go\n")
            worker.stdin.flush()
        return [json.loads(worker.communicate(timeout=60)[0]) for worker in workers]
    finally:
        for worker in workers:
            worker.kill()
            worker.wait()
