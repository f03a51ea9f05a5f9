"""Deliveries that several workers claim at the same moment, on databases that lock rows."""

import asyncio
import threading
from datetime import timedelta

import pytest
from sqlalchemy import Engine, create_engine, event

from connect_hub.storage.protocol import Delivery
from connect_hub.storage.sql import SQLStorage
from connect_hub.testing.storage.values import NOW
from connect_hub.testing.storage.values import event as new_event
from tests.peers.database_server import Database

PATIENCE = 60
WORKERS = 4
TARGET = "webhook:one"


@pytest.mark.parametrize(("server", "driver"), [("postgres", "psycopg"), ("mariadb", "pymysql")])
async def test_no_worker_waits_for_another_one(
    server: str, driver: str, request: pytest.FixtureRequest
) -> None:
    """R3: four workers that claim at once all come to their commit while none has committed: each passes by
    the rows that another one has locked (SKIP LOCKED). None of them gets what another one got, and nothing
    is lost."""
    database: Database = request.getfixturevalue(f"{server}_tables")
    engines = [create_engine(database.url(driver)) for _ in range(WORKERS)]
    storages = [SQLStorage(engine) for engine in engines]
    await storages[0].record([new_event(id=f"msg_{n:03}", record_id=f"acc_{n}") for n in range(100)])
    together = threading.Barrier(WORKERS)

    def wait_for_the_others(_connection: object) -> None:
        together.wait(PATIENCE)

    async def claim(storage: SQLStorage) -> list[Delivery]:
        return await storage.claim_deliveries({TARGET: 5}, limit=5, lease=timedelta(hours=1), now=NOW)

    def on_commit(change: object) -> None:
        for engine in engines:
            change(engine, "commit", wait_for_the_others)  # type: ignore[operator]

    on_commit(event.listen)
    got = [one.event_id for claimed in await asyncio.gather(*map(claim, storages)) for one in claimed]
    on_commit(event.remove)
    assert got
    while more := [one.event_id for one in await claim(storages[0])]:
        got += more
    assert sorted(got) == [f"msg_{n:03}" for n in range(100)]
    await _end(storages, engines)


async def _end(storages: list[SQLStorage], engines: list[Engine]) -> None:
    for storage, engine in zip(storages, engines, strict=True):
        await storage.aclose()
        engine.dispose()
