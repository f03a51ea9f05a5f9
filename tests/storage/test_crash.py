"""What a process that is killed while it links an account leaves behind."""

import sqlite3
import sys
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import anyio

from connect_hub.models import AttemptStatus
from connect_hub.storage.protocol import AccountQuery
from connect_hub.storage.sql import SQLStorage
from connect_hub.testing.storage.values import NOW, link_request, session
from tests.storage.crashing import ACCOUNT, ATTEMPT, SESSION, announce

ROOT = Path(__file__).resolve().parents[2]


async def test_a_crash_leaves_both_or_neither(tmp_path: Path) -> None:
    """R1, R14: killed before any statement or the commit of a link, the file is sound and holds neither
    account nor event nor anything else of it, and the same attempt can be made again; after the commit it
    holds all."""
    whole = tmp_path / "hub.db"
    template = SQLStorage.sqlite(whole)
    await template.check()
    await template.aclose()
    run = await anyio.run_process([sys.executable, "-m", "tests.storage.crashing", str(whole)], cwd=ROOT)
    last = int(run.stdout)
    assert last > 8  # there were points to die at
    for fatal in range(1, last + 1):
        file = Path(f"{whole}.{fatal}")
        storage = SQLStorage.sqlite(file)
        accounts = await storage.accounts(AccountQuery(project_id="default"))
        backlog = await storage.backlog()
        made = await storage.session("default", SESSION)
        tried = await storage.attempt(ATTEMPT)
        assert made is not None
        assert tried is not None
        if fatal < last:
            assert accounts == []
            assert backlog.pending_by_target == {}
            assert (made.connects, made.used_at, tried.status) == (0, None, AttemptStatus.PENDING)
            again = replace(session(), id=SESSION)
            result = await storage.link(link_request(again, tried, new_account_id=ACCOUNT, announce=announce))
            assert result.created
        else:
            assert [one.id for one in accounts] == [ACCOUNT]
            assert (made.connects, tried.status) == (1, AttemptStatus.AUTHENTICATED)
        claimed = await storage.claim_deliveries(
            {"webhook:one": 9}, limit=9, lease=timedelta(hours=1), now=NOW
        )
        assert [one.event_id for one in claimed] == ["msg"]
        await storage.aclose()
        with sqlite3.connect(file) as connection:
            assert connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
        connection.close()
