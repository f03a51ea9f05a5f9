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


def test_the_table_of_errors_is_true() -> None:
    """Each errorCode of the page has the status that the page gives it."""
    rows = re.findall(r"^\| ([0-9, ]+) \| (`[a-z_`, ]+) \|", PAGE, re.M)
    assert len(rows) >= 10
    for statuses, codes in rows:
        for code in re.findall(r"[a-z_]+", codes):
            assert str(STATUS.get(code, 500)) in statuses.split(", "), code
