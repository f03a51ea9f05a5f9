"""`connect-hub serve` and `connect-hub worker` as processes: they start, work, log and stop."""

import base64
import json
import signal
import subprocess
import sys
import urllib.error
import urllib.request
from datetime import UTC, datetime
from pathlib import Path

import pytest

from connect_hub import SQLStorage
from connect_hub.keys import new_key_text
from connect_hub.storage.protocol import NewEvent
from tests.cli.process import COMMAND, running, variables

CANARY = "canary-in-the-query"


def _configuration() -> dict[str, str]:
    return variables(
        CONNECT_HUB_PUBLIC_URL="http://127.0.0.1:8000/hub",
        CONNECT_HUB_INSECURE_DEV="1",
        CONNECT_HUB_KEYS=new_key_text("k1"),
        CONNECT_HUB_CONNECTORS="bamboohr,slack",
        CONNECT_HUB_CONNECTOR_SLACK_CLIENT_ID="the-client-id",
        CONNECT_HUB_CONNECTOR_SLACK_CLIENT_SECRET="the-secret-of-the-client",
        CONNECT_HUB_PRODUKT_NAME="Acme",
        CONNECT_HUB_EMBED_ORIGINS="https://app.example.com",
    )


def _post(url: str, body: object, *, key: str) -> tuple[int, dict[str, object]]:
    request = urllib.request.Request(
        url,
        json.dumps(body).encode(),
        {
            "content-type": "application/json",
            "authorization": "Basic " + base64.b64encode(f"{key}:".encode()).decode(),
        },
    )
    with urllib.request.urlopen(request, timeout=10) as answer:
        return answer.status, json.load(answer)


def _get(url: str) -> int:
    try:
        with urllib.request.urlopen(url, timeout=10) as answer:
            return int(answer.status)
    except urllib.error.HTTPError as refused:
        refused.close()
        return refused.code


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_the_service_serves_and_stops(tmp_path: Path, number: signal.Signals) -> None:
    """R18, T5: a session is made over HTTP with a key of `api-keys create`; a signal ends the process in good
    order with code 0; and nothing that it printed holds a query string, a key or any token."""
    env = _configuration()
    made = subprocess.run(
        [COMMAND, "api-keys", "create"], cwd=tmp_path, env=env, capture_output=True, text=True, check=True
    )
    key = made.stdout.strip()
    with running([COMMAND, "serve", "--port", "0"], cwd=tmp_path, env=env) as service:
        address = service.wait_for(r"serves http://127\.0\.0\.1:8000/hub on (http://\S+)")[1]
        service.wait_for(r"register at slack: http://127\.0\.0\.1:8000/hub/oauth/callback/slack$")
        body = {"origin_owner_id": "42", "origin_owner_name": "Example Ltd"}
        status, session = _post(f"{address}/hub/connect_sessions?secret={CANARY}", body, key=key)
        assert status == 201
        assert str(session["auth_link_url"]).startswith("http://127.0.0.1:8000/hub/link#t=")
        # A proxy may keep the path or strip it, and a person may leave out the last slash.
        for path in ("/hub", "/hub/healthz", "/healthz", f"/hub/link?t={CANARY}%0Aforged"):
            assert _get(address + path) == (404 if "link" in path else 200)
        for path in (f"/hub/triggers/{CANARY}", f"/hub%2F%74riggers/{CANARY}/"):
            assert _get(address + path) in {404, 405}
        assert service.end(number) == 0
    assert "Did you mean CONNECT_HUB_PRODUCT_NAME?" in service.output
    assert "POST /hub/connect_sessions 201" in service.output
    assert service.output.count("GET /hub/triggers/*** 40") == 2
    assert service.output.rstrip().endswith("stopping")
    for secret in (CANARY, key, str(session["token"]), "the-secret-of-the-client", "Traceback", "forged"):
        assert secret not in service.output


@pytest.mark.parametrize("missing", ["CONNECT_HUB_KEYS", "CONNECT_HUB_PUBLIC_URL"])
def test_without_its_fundamentals_it_does_not_start(tmp_path: Path, missing: str) -> None:
    """T44: no key or no public URL, no start; one line says what to set, and nothing is left on disk."""
    env = _configuration()
    del env[missing]
    ended = subprocess.run(
        [COMMAND, "serve", "--port", "0"], cwd=tmp_path, env=env, capture_output=True, text=True, check=False
    )
    assert ended.returncode == 2
    assert ended.stderr.count("\n") == 1
    assert f"{missing} is not set" in ended.stderr
    assert list(tmp_path.iterdir()) == []


HOST = """
from connect_hub import ConnectHub, HubConfig, KeyRing, SQLStorage

hub = ConnectHub(public_url="https://host.example/c", keys=KeyRing.from_env(),
    storage=SQLStorage.sqlite("host.db"), connectors=["bamboohr"], config=HubConfig(dispatch={dispatch}))

@hub.on("account.created", name="welcome")
def welcome(event):
    print("welcomed", event.id, flush=True)
"""


@pytest.mark.parametrize("dispatch", [False, True])
async def test_a_worker_runs_a_hosts_callbacks(tmp_path: Path, dispatch: bool) -> None:
    """R18: what waits in the database is handed to the callbacks of the module that --app names, also when
    the web processes leave deliveries to workers; SIGTERM ends the worker with code 0."""
    (tmp_path / "host_with_callback.py").write_text(HOST.format(dispatch=dispatch))
    storage = SQLStorage.sqlite(tmp_path / "host.db")
    await storage.check()
    event = NewEvent(
        id="msg_0001",
        project_id="default",
        name="account.created",
        record_id="acc_1",
        owner_id="42",
        sequence=1,
        body=b'{"event": "account.created", "project_id": "default", "account_id": "acc_1"}',
        targets=("handler:welcome",),
        created_at=datetime.now(UTC).replace(microsecond=0),
    )
    await storage.record([event])
    env = variables(CONNECT_HUB_KEYS=new_key_text("k1"))
    with running([COMMAND, "worker", "--app", "host_with_callback:hub"], cwd=tmp_path, env=env) as worker:
        worker.wait_for("delivering to handler:welcome")
        worker.wait_for("welcomed msg_0001")
        assert worker.end() == 0
    assert sum((await storage.backlog()).pending_by_target.values()) == 0
    await storage.aclose()


def test_it_imports_nothing_heavy_for_small_commands() -> None:
    """`connect-hub keys new` loads no database, no HTTP client, no server."""
    program = (
        "import sys\nfrom connect_hub.cli import main\n"
        "try: main(['keys', 'new'])\nexcept SystemExit: pass\n"
        "print(sorted({'sqlalchemy', 'httpx2', 'uvicorn', 'pydantic_settings'} & set(sys.modules)))"
    )
    ended = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert ended.stdout.splitlines()[-1] == "[]"
