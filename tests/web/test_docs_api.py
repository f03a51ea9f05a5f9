"""The examples of docs/api.md are run as they stand there, against a hub under uvicorn."""

import json
import os
import re
import subprocess
from pathlib import Path
from typing import Any

from connect_hub.testing.serving import serving
from connect_hub.web.errors import STATUS
from tests.hubs import API_KEY, make_hub
from tests.web.api import linked

PAGE = (Path(__file__).resolve().parents[2] / "docs" / "api.md").read_text("utf-8")


def block(name: str) -> str:
    """The one code block that begins with a comment of this name."""
    [found] = re.findall(rf"```(?:bash|python)\n# {name}\n(.*?)```", PAGE, re.S)
    return str(found)


def run(name: str, **variables: str) -> Any:
    """What a curl example answers."""
    outcome = subprocess.run(
        ["bash", "-c", block(name)], env=os.environ | variables, capture_output=True, text=True, check=True
    )
    return json.loads(outcome.stdout)


async def test_the_examples_work(tmp_path: Path, anyio_backend: str) -> None:
    """Each curl command and the Python block answers what the page says."""
    from anyio import to_thread

    made = make_hub(tmp_path)
    account = await linked(made)

    def try_them() -> None:
        with serving(made.hub.app, before_stop=lambda: None) as hub_url:
            shell = {"HUB": hub_url, "KEY": API_KEY}
            created = run("create", **shell)
            assert created["auth_link_url"].endswith(created["token"])
            assert run("create", **shell) == created
            assert run("authenticate", **shell, TOKEN=created["token"])["id"] == created["id"]
            assert [found["id"] for found in run("list", **shell)] == [account]
            assert run("change", **shell, ACCOUNT=account)["label"] == "Payroll"
            assert run("endpoint", **shell)["secret"].startswith("whsec_")
            names: dict[str, Any] = {}
            exec(compile(block("paging"), "docs/api.md", "exec"), names)  # noqa: S102 - our own page
            assert [found["id"] for found in names["all_accounts"](hub_url, API_KEY)] == [account]

    await to_thread.run_sync(try_them)


ELSEWHERE = {
    # Of pages, and of the JSON surface of embedded hubs, which docs/embedding.md describes.
    "attempt_not_found binding_refused client_rejected connector_read_only cookie_missing could_not_check",
    "form_expired",
    "identity_changed link_expired link_not_found link_refused link_revoked link_used missing_permission",
    "operator_required operator_token_refused origin_refused provider_error provider_refused",
    "provider_unavailable rejected_credentials role_required session_ended state_invalid visit_expired",
    "wrong_address",
    # Of Python: what `hub.client` and `hub.credentials` raise, and `connect_hub.webhooks.verify`.
    "account_inactive account_suspended answer_too_large credentials_expired outbound_failed",
    "outbound_refused refresh_failed webhook_invalid",
    # Told as `storage_unavailable`.
    "missing_tables wrong_keys wrong_schema",
}


def test_the_table_of_errors_is_true_and_whole() -> None:
    """Each errorCode of the page has the status that the page gives it; each error is on the page, or known
    not to come from the REST API."""
    rows = re.findall(r"^\| ([0-9, ]+) \| (`[a-z_`, ]+) \|", PAGE, re.M)
    told = [
        (code, statuses.split(", ")) for statuses, codes in rows for code in re.findall(r"[a-z_]+", codes)
    ]
    for code, statuses in told:
        assert str(STATUS.get(code, 500)) in statuses, code
    codes, elsewhere = {code for code, _ in told}, set(" ".join(ELSEWHERE).split())
    assert len(codes) == len(told)
    assert not codes & elsewhere
    assert codes | elsewhere == {code for code, status in STATUS.items() if status != 500} | {
        "internal_error"
    }
