"""Schemathesis reads the hub's OpenAPI document and tries to catch the hub in a lie."""

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from starlette.types import ASGIApp, Receive, Scope, Send

from connect_hub import ConnectHub, RateConfig
from tests.contract.conftest import HubServer, serve_hub
from tests.peers.node import ROOT

CONFIG = """
[parameters]
"path.provider" = "{provider}"

[[operations]]
include-tag = "accounts"
exclude-method = "DELETE"
parameters = {{ "path.account_id" = "{account}" }}
"""


def at_connect(hub: ConnectHub) -> ASGIApp:
    """Everything below /connect is the hub's; Starlette's own Mount keeps paths with a line break from it."""

    async def host(scope: Scope, receive: Receive, send: Send) -> None:
        assert scope["type"] == "lifespan" or scope["path"].startswith("/connect/")
        await hub.app({**scope, "root_path": "/connect"}, receive, send)

    return host


@pytest.fixture
def unlimited(tmp_path: Path) -> Iterator[HubServer]:
    """A hub without rate limits, as schemathesis wants to hear 401 where it sends no key, not 429."""
    rates = RateConfig(per_api_key=None, failed_api_keys=None)
    with serve_hub(tmp_path, mounted=at_connect, rates=rates) as server:
        yield server


def test_schemathesis_finds_nothing(unlimited: HubServer, tmp_path: Path) -> None:
    """Every check, on examples, boundary values, valid and invalid data, and sequences of calls."""
    config = tmp_path / "schemathesis.toml"
    config.write_text(
        CONFIG.format(account=unlimited.link("schemathesis"), provider=unlimited.provider), "utf-8"
    )
    outcome = subprocess.run(
        [
            *(sys.executable, "-m", "schemathesis.cli", "--config-file", str(config)),
            *("run", f"{unlimited.url}/openapi.json", "--auth", f"{unlimited.api_key}:"),
            *("--mode", "all", "--checks", "all", "--max-examples", "8"),
            *("--seed", "20261123", "--generation-database", "none"),
        ],
        cwd=tmp_path,
        env={
            **os.environ,
            "PYTHONPATH": str(ROOT),
            "SCHEMATHESIS_HOOKS": "tests.contract.fitting",
            "CONTRACT_PROVIDER": unlimited.provider,
        },
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert outcome.returncode == 0, outcome.stdout[-20_000:] + outcome.stderr[-2_000:]
    assert "Tested: 33" in outcome.stdout
