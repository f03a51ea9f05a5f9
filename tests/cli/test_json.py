"""`--json`: what was done, for programs."""

import json

import pytest

from tests.cli.conftest import Run
from tests.cli.test_help import ALL

OWNER = ("--origin-owner-id", "42", "--origin-owner-name", "Example Ltd")
RUNNING = {"db", "doctor", "preview", "serve", "worker"}
"""Commands that print a report, or run on."""
ONE_TEXT = {("connectors", "redirect-uri"), ("triggers", "rotate"), ("triggers", "show")}
"""Those that print one address, and nothing else."""


@pytest.mark.parametrize("words", [words for words in ALL if words], ids=" ".join)
def test_every_command_that_works_on_a_hub_has_it(words: tuple[str, ...]) -> None:
    names = {parameter.name for parameter in ALL[words].params}
    if "app" in names and words[0] not in RUNNING and words not in ONE_TEXT:
        assert "as_json" in names


def test_what_was_done_is_one_line(run: Run) -> None:
    """The line names what it was done to, and has what is shown this once."""

    def done(*arguments: str) -> dict[str, object]:
        [line] = run(*arguments, "--json").stdout.splitlines()
        row: dict[str, object] = json.loads(line)
        return row

    link = done("links", "create", *OWNER)
    assert done("links", "revoke", str(link["id"]))["status"] == "revoked"
    key = done("api-keys", "create", "--name", "payroll")
    assert str(key["key"]).startswith("chk_live_")
    assert done("api-keys", "revoke", str(key["id"]), "--yes")["revoked_at"] is not None
    operator = done("operators", "add", "--name", "Ada", "--role", "viewer")
    assert str(operator["token"]).startswith("cho_")
    assert done("operators", "revoke", str(operator["id"]))["name"] == "Ada"
    endpoint = done("webhooks", "create", "--url", "https://hooks.example.com/in")
    endpoint_id = str(endpoint["id"])
    sent = done("webhooks", "test", endpoint_id)
    assert done("events", "resend", str(sent["id"]))["event_id"] == sent["event_id"]
    assert done("webhooks", "disable", endpoint_id) == {"id": endpoint_id, "done": "disabled"}
    assert done("webhooks", "enable", endpoint_id) == {"id": endpoint_id, "done": "enabled", "events": None}
    assert done("webhooks", "replay", endpoint_id, "--since", "2026-11-26")["events"] == 0
    assert done("webhooks", "delete", endpoint_id, "--yes")["done"] == "deleted"
    assert done("owners", "erase", "42", "--yes") == {"accounts": 0, "sessions": 1}
    assert done("purge")["sessions"] == 0
