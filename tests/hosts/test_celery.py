"""The hub in Celery's tasks: `hub.sync` in the children of a prefork worker."""

import json
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from connect_hub.keys import new_key_text

PATIENCE = 60.0
ROOT = Path(__file__).resolve().parents[2]
WORKER = [
    *(sys.executable, "-m", "celery", "--app", "tests.hosts.celery_app", "worker"),
    *("--pool", "prefork", "--concurrency", "2", "--loglevel", "INFO"),
    *("--without-gossip", "--without-mingle", "--without-heartbeat"),
]
ASK = """
import json
from tests.hosts.celery_app import PATIENCE, link
sent = [link.delay(owner) for owner in ("a", "b", "c", "d")]
print(json.dumps([one.get(timeout=PATIENCE) for one in sent]))
"""


def test_tasks_in_forked_children_use_the_hub_of_their_parent(tmp_path: Path) -> None:
    """R18: two children at once make links and list accounts, with a hub that was made and used before they
    were forked; each has a loop of its own, the parent's goes on, and the worker ends when it is asked."""
    given: dict[str, Any] = {"folder": str(tmp_path), "keys": new_key_text()}
    log = tmp_path / "output"
    with log.open("wb") as output:
        worker = subprocess.Popen(
            WORKER,
            cwd=ROOT,
            env=environment({**given, "worker": True}),
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    try:
        asked = subprocess.run(
            [sys.executable, "-c", ASK],
            cwd=ROOT,
            env=environment(given),
            capture_output=True,
            text=True,
            timeout=2 * PATIENCE,
            check=False,
        )
        if asked.returncode != 0:
            pytest.fail(f"{asked.stderr}\n{log.read_text()}")
        worker.send_signal(signal.SIGTERM)
        assert worker.wait(PATIENCE) == 0, log.read_text()
    finally:
        if worker.poll() is None:
            os.killpg(worker.pid, signal.SIGKILL)
            worker.wait()
    results = json.loads(asked.stdout)
    assert [one["known"] for one in results] == ["a", "b", "c", "d"]
    assert len({one["pid"] for one in results}) == 2
    assert len({one["session"] for one in results}) == 4
    for one in results:
        assert one["url"].startswith("https://hub.test/connect/link#t=")
        assert (one["accounts"], one["own loop"], one["parent"]) == ([], True, worker.pid)
    parent = json.loads((tmp_path / "parent.json").read_text())
    assert parent.pop("session") not in {one["session"] for one in results}
    assert parent == {"pid": worker.pid, "accounts": [], "same loop": True, "threads": []}
    said = log.read_text()
    assert "Traceback" not in said
    assert " ERROR" not in said


def environment(given: dict[str, Any]) -> dict[str, str]:
    return {**os.environ, "PYTHONPATH": str(ROOT), "HUB_TEST": json.dumps(given)}
