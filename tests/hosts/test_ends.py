"""How a process that is served by no event loop of its own ends: what it was delivering is delivered."""

import asyncio
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

from sqlalchemy import create_engine, select

from connect_hub.storage.sql import Tables
from connect_hub.testing.receiver import Answer, WebhookReceiver
from connect_hub.testing.tally import Hold
from tests.customer import Customer
from tests.hosts import hub_apps
from tests.hosts.test_hub_servers import PATIENCE, connect
from tests.hosts.test_hub_servers import surroundings as surroundings

ROOT = Path(__file__).resolve().parents[2]
PROGRAM = """
import json, sys, threading
from tests.hosts.hub_apps import make

hub = make(json.loads(sys.argv[1]))
hub.sync.check()
sys.stdin.readline()
threading._register_atexit(lambda: print("ends", flush=True))
"""


async def test_what_is_under_way_at_the_end_is_written_down(
    surroundings: tuple[dict[str, Any], WebhookReceiver],
) -> None:
    """R2, R19: a process ends while an endpoint has not answered yet: it waits for the answer, writes it
    down, and says nothing; so nothing is delivered again."""
    given, receiver = surroundings
    left = hub_apps.make(given, dispatch=False)
    link = await left.links.create(origin_owner_id="42", origin_owner_name="Acme")
    await connect(Customer(left), link.url)
    await left.aclose()
    hold = Hold()
    receiver.answer(Answer(hold=hold))

    def run() -> tuple[str, str]:
        with subprocess.Popen(
            [sys.executable, "-c", PROGRAM, json.dumps(given)],
            cwd=ROOT,
            env={**os.environ, "PYTHONPATH": str(ROOT)},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        ) as process:
            assert process.stdin is not None
            assert process.stdout is not None
            receiver.wait_for(1, PATIENCE)
            process.stdin.write("\n")
            process.stdin.flush()
            assert process.stdout.readline() == "ends\n"
            hold.release()
            _, said = process.communicate(timeout=2 * PATIENCE)
            return str(process.returncode), said

    assert await asyncio.to_thread(run) == ("0", "")
    d, engine = Tables().deliveries.c, create_engine(f"sqlite:///{given['database']}")
    with engine.connect() as c:
        assert c.execute(select(d.state, d.attempts)).all() == [("delivered", 1)]
    engine.dispose()
