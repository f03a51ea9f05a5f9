"""An environment for commands: an empty working folder, a valid configuration, nothing of the developer's."""

import os
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from connect_hub.cli import main
from connect_hub.keys import new_key_text

Run = Callable[..., Result]


@pytest.fixture
def environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    """A configuration that is right, to be spoilt by `setenv`; the working folder is `tmp_path`."""
    for name in [name for name in os.environ if name.startswith("CONNECT_HUB_")]:
        monkeypatch.delenv(name)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("CONNECT_HUB_PUBLIC_URL", "https://connect.example.com/hub")
    monkeypatch.setenv("CONNECT_HUB_KEYS", new_key_text("k1"))
    monkeypatch.setenv("CONNECT_HUB_CONNECTORS", "bamboohr, slack")
    return monkeypatch


@pytest.fixture
def run(environment: pytest.MonkeyPatch) -> Run:
    """Runs `connect-hub` with the given arguments; an exception that is no exit fails the test."""

    def invoke(*arguments: str) -> Result:
        return CliRunner().invoke(main, list(arguments), catch_exceptions=False)

    return invoke
