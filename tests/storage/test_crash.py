"""What a process that is killed while it links an account leaves behind."""

import sqlite3
import sys
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import anyio
import pytest
from sqlalchemy import Engine

from connect_hub.models import AttemptStatus
from connect_hub.storage.protocol import AccountQuery
from connect_hub.storage.sql import SQLStorage
from connect_hub.storage.sql.schema import open_url
from connect_hub.testing.storage.values import NOW, link_request, session
from tests.peers.database_server import Database
from tests.storage.crashing import announce, names

ROOT = Path(__file__).resolve().parents[2]


async def died_everywhere(where: str) -> int:
    """How many points there were: at each but the last a child has died."""
    run = await anyio.run_process([sys.executable, "-m", "tests.storage.crashing", where], cwd=ROOT)
    last = int(run.stdout)
    assert last > 8
    return last


async def both_or_neither(storage: SQLStorage, fatal: int, last: int, others: int = 0) -> None:
    """Account, event and all else of the child's link are there, or nothing of it is, and it can be made.

    `others`: events that are there already.
    """
    session_id, attempt_id, account_id = names(fatal)
    query = AccountQuery(project_id="default", origin_owner_ids=frozenset({f"owner-{fatal}"}))
    accounts = await storage.accounts(query)
    backlog = await storage.backlog()
    made = await storage.session("default", session_id)
    tried = await storage.attempt(attempt_id)
    assert made is not None
    assert tried is not None
    if fatal < last:
        assert accounts == []
        assert (made.connects, made.used_at, tried.status) == (0, None, AttemptStatus.PENDING)
        again = replace(session(), id=session_id, origin_owner_id=made.origin_owner_id)
        request = link_request(again, tried, new_account_id=account_id, announce=announce)
        assert (await storage.link(request)).created
    else:
        assert [one.id for one in accounts] == [account_id]
        assert (made.connects, tried.status) == (1, AttemptStatus.AUTHENTICATED)
    assert sum(backlog.pending_by_target.values()) == others + (fatal == last)
    claimed = await storage.claim_deliveries({"webhook:one": 9}, limit=9, lease=timedelta(hours=1), now=NOW)
    assert [one.event_id for one in claimed] == [account_id.replace("acc", "msg")]


async def test_a_crash_leaves_both_or_neither(tmp_path: Path) -> None:
    """R1, R14: killed before any statement or the commit of a link, the file is sound and holds neither
    account nor event nor anything else of it, and the same attempt can be made again; after the commit it
    holds all."""
    whole = tmp_path / "hub.db"
    template = SQLStorage.sqlite(whole)
    await template.check()
    await template.aclose()
    last = await died_everywhere(str(whole))
    for fatal in range(1, last + 1):
        file = Path(f"{whole}.{fatal}")
        storage = SQLStorage.sqlite(file)
        await both_or_neither(storage, fatal, last)
        await storage.aclose()
        with sqlite3.connect(file) as connection:
            assert connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
        connection.close()


@pytest.mark.parametrize(("server", "driver"), [("postgres", "psycopg"), ("mariadb", "pymysql")])
async def test_a_crash_leaves_both_or_neither_on_a_server(
    server: str, driver: str, request: pytest.FixtureRequest
) -> None:
    """R1: the same on PostgreSQL and MariaDB, where the server ends what its client has left open."""
    database: Database = request.getfixturevalue(f"{server}_tables")
    last = await died_everywhere(database.url(driver))
    storage = open_url(database.url(driver))
    # From the last one on: what is claimed stays so, and each has to find its own event alone.
    for fatal in range(last, 0, -1):
        await both_or_neither(storage, fatal, last, last - fatal)
    await storage.aclose()
    assert isinstance(storage.engine, Engine)
    storage.engine.dispose()
