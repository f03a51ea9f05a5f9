"""Deliveries that several workers claim at the same moment, on databases that lock rows."""

import asyncio
import threading
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import URL, Engine, create_engine, event, select, update

from connect_hub.storage.protocol import Delivery, DeliveryState, Settlement
from connect_hub.storage.sql import SQLStorage, Tables, claiming
from connect_hub.testing.storage.values import NOW, later
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
    is lost. On PostgreSQL a claim is a transaction only where a host listens to what begins."""
    database: Database = request.getfixturevalue(f"{server}_tables")
    engines = [create_engine(database.url(driver)) for _ in range(WORKERS)]
    for engine in engines:
        event.listen(engine, "begin", lambda _connection: None)
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


@pytest.mark.parametrize(("server", "driver"), [("postgres", "psycopg"), ("mariadb", "pymysql")])
async def test_what_somebody_has_locked_is_passed_by(
    server: str, driver: str, request: pytest.FixtureRequest
) -> None:
    """R3: while another transaction has the oldest rows locked, a claim takes those behind them, without
    waiting; and the oldest when they are let go, but for what was leased meanwhile."""
    database: Database = request.getfixturevalue(f"{server}_tables")
    engine, deliveries = create_engine(database.url(driver)), Tables().deliveries
    storage, d = SQLStorage(engine), deliveries.c
    await storage.record(
        [new_event(id=f"msg_{n:03}", record_id=f"acc_{n}", created_at=later(n - 100)) for n in range(100)]
    )

    async def claim() -> set[str]:
        async with asyncio.timeout(PATIENCE):
            claimed = await storage.claim_deliveries({TARGET: 5}, limit=5, lease=timedelta(hours=1), now=NOW)
        return {one.event_id for one in claimed}

    oldest = [f"msg_{n:03}" for n in range(20)]
    with engine.begin() as other:
        other.execute(select(d.id).where(d.event_id.in_(oldest)).with_for_update()).all()
        assert await claim() == {f"msg_{n:03}" for n in range(20, 25)}
        taken = update(deliveries).where(d.event_id.in_(oldest[:3]))
        other.execute(taken.values(lease_until=2**50, epoch=1))
    assert await claim() == {f"msg_{n:03}" for n in range(3, 8)}
    await _end([storage], [engine])


@pytest.mark.parametrize(("server", "driver"), [("postgres", "psycopg"), ("mariadb", "pymysql")])
async def test_those_that_want_the_same_never_both_get_it(
    server: str, driver: str, request: pytest.FixtureRequest
) -> None:
    """R3, R6: workers that claim, and settle at once, from few records as fast as they can: each delivery is
    given out once, and each record's in their order."""
    database: Database = request.getfixturevalue(f"{server}_tables")
    engines = [create_engine(database.url(driver)) for _ in range(WORKERS)]
    storages = [SQLStorage(engine) for engine in engines]
    await storages[0].record(
        [
            new_event(id=f"msg_{record}_{n:02}", record_id=f"acc_{record}", sequence=n)
            for n in range(20)
            for record in range(3)
        ]
    )
    got: list[Delivery] = []

    async def work(storage: SQLStorage) -> None:
        while len(got) < 60:
            claimed = await storage.claim_deliveries({TARGET: 2}, limit=2, lease=timedelta(hours=1), now=NOW)
            got.extend(claimed)
            ended = [
                Settlement(
                    delivery_id=one.id,
                    epoch=one.epoch,
                    state=DeliveryState.DELIVERED,
                    next_at=None,
                    error=None,
                    now=NOW,
                )
                for one in claimed
            ]
            assert await storage.settle_deliveries(ended) == [True] * len(claimed)

    async with asyncio.timeout(PATIENCE):
        await asyncio.gather(*map(work, storages))
    assert {one.epoch for one in got} == {1}
    for record in range(3):
        ids = [one.event_id for one in got if one.record_id == f"acc_{record}"]
        assert ids == [f"msg_{record}_{n:02}" for n in range(20)]
    await _end(storages, engines)


async def _end(storages: list[SQLStorage], engines: list[Engine]) -> None:
    for storage, engine in zip(storages, engines, strict=True):
        await storage.aclose()
        engine.dispose()


def _statements(engine: Engine) -> list[str]:
    seen: list[str] = []

    def note(_connection: object, _cursor: object, statement: str, *_: object) -> None:
        seen.append(statement)

    event.listen(engine, "before_cursor_execute", note)
    return seen


async def test_what_waits_behind_one_record_hides_no_other(tmp_path: Path) -> None:
    """A thousand events of one account, of which one is under way, cost a claim no more than a few, and the
    account that comes after them all does not wait for them."""
    engine = create_engine(f"sqlite:///{tmp_path / 'hub.db'}")
    SQLStorage.create_all(engine)
    storage = SQLStorage(engine)
    seen = _statements(engine)

    async def claim() -> list[str]:
        hour = timedelta(hours=1)
        claimed = await storage.claim_deliveries({TARGET: 8}, limit=8, lease=hour, now=NOW)
        return [one.event_id for one in claimed]

    async def cost_of(count: int, first: int) -> int:
        await storage.record(
            [new_event(id=f"msg_{n:04}", record_id="acc_a", sequence=n) for n in range(first, first + count)]
        )
        seen.clear()
        assert await claim() == ([] if first else ["msg_0000"])
        return len(seen)

    few, many = await cost_of(30, 0), await cost_of(1000, 30)
    assert many <= few
    await storage.record([new_event(id="msg_9999", record_id="acc_b")])
    assert await claim() == ["msg_9999"]
    await _end([storage], [engine])


@pytest.mark.parametrize(
    ("server", "driver"), [("postgres", "psycopg"), ("mariadb", "pymysql"), ("sqlite", "")]
)
async def test_each_record_gets_its_turn_however_few_are_looked_at(
    server: str, driver: str, tmp_path: Path, request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where more records have something waiting than one look takes in, and the oldest are under way, the
    others are found all the same."""
    monkeypatch.setattr(claiming, "_RECORDS", 3)
    if server == "sqlite":
        url: str | URL = f"sqlite:///{tmp_path / 'hub.db'}"
    else:
        url = request.getfixturevalue(f"{server}_tables").url(driver)
    engine = create_engine(url)
    if server == "sqlite":
        SQLStorage.create_all(engine)
    storage = SQLStorage(engine)
    records = [f"{kind}_{n}" for kind in ("acc", "ses") for n in "0aZ9z"]
    await storage.record(
        [
            new_event(id=f"msg_{record}_{n:03}", record_id=record, sequence=n)
            for record in records
            for n in range(20)
        ]
    )
    got: list[str] = []
    for _ in range(200):
        claimed = await storage.claim_deliveries({TARGET: 2}, limit=2, lease=timedelta(hours=1), now=NOW)
        got += [one.event_id for one in claimed]
    assert sorted(got) == sorted(f"msg_{record}_000" for record in records)
    await _end([storage], [engine])
