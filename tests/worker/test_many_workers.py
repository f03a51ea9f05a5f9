"""Any number of `connect-hub worker` processes on one database, also on one that crashes under them."""

import asyncio
import gc
import itertools
from collections import Counter, defaultdict
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import ExitStack, asynccontextmanager, contextmanager
from datetime import UTC, datetime
from pathlib import Path

import pytest
from sqlalchemy import create_engine

from connect_hub import SQLStorage
from connect_hub.errors import StorageConflict, StorageUnavailable
from connect_hub.keys import new_key_text
from connect_hub.storage.protocol import DeliveryState, NewEvent
from connect_hub.testing.receiver import Answer, WebhookReceiver
from connect_hub.testing.receiver import Delivery as Received
from connect_hub.testing.tally import Hold
from connect_hub.webhooks import generate_secret
from tests.cli.process import COMMAND, Process, running, variables
from tests.peers.database_server import DatabaseServer
from tests.peers.mariadb import MariadbServer
from tests.peers.postgres import PostgresServer
from tests.soak import FACTOR, rounds
from tests.worker.conftest import Place
from tests.worker.leases import let_a_minute_pass

PATIENCE = 120.0 * FACTOR
ENDPOINTS = 3
ACCOUNTS = 50
HOST = """
import os
from sqlalchemy import create_engine
from connect_hub import ConnectHub, HubConfig, KeyRing, NetworkConfig, Project, Secret, SQLStorage, Webhook

address, receiver = os.environ["DATABASE"], os.environ["RECEIVER"]
secrets = [Secret(os.environ["SECRET"])]
webhooks = [Webhook(url=f"{receiver}/{n}", secrets=secrets, name=f"n{n}") for n in range(3)]
own = frozenset({receiver.removeprefix("http://")})
hub = ConnectHub(
    public_url="https://host.example/c",
    keys=KeyRing.from_env(),
    storage=SQLStorage(create_engine(address)) if "://" in address else SQLStorage.sqlite(address),
    connectors=["bamboohr"],
    config=HubConfig(
        projects={"default": Project(webhooks=webhooks)},
        network=NetworkConfig(insecure_dev=True, allow_private_hosts=own),
    ),
)
"""


def event(number: int) -> NewEvent:
    """One of many, of 50 accounts in turn."""
    account = f"acc_{number % ACCOUNTS}"
    body = f'{{"type":"account.updated","account_id":"{account}","sequence":{number}}}'
    return NewEvent(
        id=f"msg_{number:06}",
        project_id="default",
        name="account.updated",
        record_id=account,
        owner_id="42",
        sequence=number,
        body=body.encode(),
        targets=tuple(f"webhook:default/n{n}" for n in range(ENDPOINTS)),
        created_at=datetime.now(UTC).replace(microsecond=0),
    )


class Crew:
    """`connect-hub worker --app …` as processes of their own."""

    def __init__(
        self, address: str, folder: Path, on_delivery: Callable[[Received], None] | None = None
    ) -> None:
        self.secret = generate_secret()
        self.receiver = WebhookReceiver(secrets=[self.secret], on_delivery=on_delivery)
        self._address = address
        self._folder = folder
        (folder / "host_of_many.py").write_text(HOST)

    @contextmanager
    def working(self, count: int) -> Iterator[list[Process]]:
        with ExitStack() as stack:
            environment = variables(
                CONNECT_HUB_KEYS=new_key_text("k1"),
                DATABASE=self._address,
                RECEIVER=stack.enter_context(self.receiver.serve()),
                SECRET=self.secret.reveal(),
            )
            command: list[str | Path] = [COMMAND, "worker", "--app", "host_of_many:hub"]
            crew = [
                stack.enter_context(running(command, cwd=self._folder, env=environment)) for _ in range(count)
            ]
            for worker in crew:
                worker.wait_for("delivering to webhook:default/n0")
            yield crew


async def drained(storage: SQLStorage) -> None:
    """Wait until nothing is pending."""
    async with asyncio.timeout(PATIENCE):
        # Other processes deliver: nothing here tells of it.
        while (await storage.backlog()).by_state[DeliveryState.PENDING]:  # noqa: ASYNC110
            await asyncio.sleep(0.1)


@pytest.mark.soak
async def test_four_workers_deliver_each_event_once(
    place: Place, tmp_path: Path, say: Callable[[str], None]
) -> None:
    """R3, R6: four worker processes, three endpoints, hundreds of events (5,000 in a soak): without a fault
    each endpoint gets each event once, and each account's in their order. Each POST comes after its claim was
    committed, and when all is done no transaction is left open; on PostgreSQL no session is ever seen `idle
    in transaction`. SIGTERM ends each with code 0."""
    count, numbers, uncommitted, seen = rounds(500), itertools.count(), list[str](), Counter[str]()

    def look(one: Received) -> None:
        # On SQLite a claim that is not committed would keep all others out, and who reads there, too.
        # Elsewhere a look costs the receiver time: one of 25 deliveries says enough.
        if place.name == "sqlite" or next(numbers) % 25:
            return
        if not place.is_claimed(f"webhook:default/n{one.path[1:]}", one.id):
            uncommitted.append(one.id)

    crew = Crew(place.address, tmp_path, look)
    storage = SQLStorage(place.engine)
    for first in range(0, count, 100):
        await storage.record([event(number) for number in range(first, first + 100)])
    with crew.working(4) as workers:
        async with sampling(place, seen):
            await drained(storage)
        await no_transaction_open(place)
        assert [worker.end() for worker in workers] == [0] * 4
    assert uncommitted == []
    assert place.states() == {DeliveryState.DELIVERED.value}
    assert crew.receiver.refusals == ()
    arrived = crew.receiver.deliveries
    again = {(f"/{target[-1]}", event_id): why for (target, event_id), why in place.claimed_again().items()}
    came = Counter((one.path, one.id) for one in arrived)
    assert set(came) == {(f"/{n}", f"msg_{number:06}") for n in range(ENDPOINTS) for number in range(count)}
    assert {one for one, times in came.items() if times > 1} <= set(again)
    # What was given out once was sent once, and after all that was before it had been tried.
    order: dict[tuple[str, object], list[str]] = defaultdict(list)
    for one in arrived:
        if (one.path, one.id) not in again:
            order[one.path, one.event["account_id"]].append(one.id)  # numbered as their sequence
    for (path, account), ids in order.items():
        assert ids == sorted(ids), f"{path} {account}: {again}"
    say(f"{place.name}: 4 workers made {len(arrived)} deliveries of {count} events; given out again: {again}")
    assert {state for state in seen if state.startswith("idle")} == set()
    if seen:
        say(f"{place.name}: sessions with an open transaction in {seen.pop('looks')} looks: {dict(seen)}")


@asynccontextmanager
async def sampling(place: Place, seen: Counter[str]) -> AsyncIterator[None]:
    """On PostgreSQL, counts meanwhile what sessions with an open transaction are doing."""

    async def look() -> None:
        while True:
            seen.update(["looks", *await asyncio.to_thread(place.transactions)])
            await asyncio.sleep(0.02)

    task = asyncio.create_task(look()) if place.name == "postgresql" else None
    try:
        yield
    finally:
        if task is not None:
            task.cancel()
            await asyncio.wait([task])


async def no_transaction_open(place: Place) -> None:
    """Wait until a look finds none. A worker may look for more at any moment; what stays open is found."""
    open_ones = place.transactions if place.name == "postgresql" else list[str]
    async with asyncio.timeout(PATIENCE):
        while len(await asyncio.to_thread(open_ones)):  # noqa: ASYNC110  # other processes end them
            await asyncio.sleep(0.05)


async def test_no_transaction_is_open_while_an_endpoint_is_asked(
    postgres: PostgresServer, tmp_path: Path
) -> None:
    """R3: a claim is committed before the POST: while endpoints keep every request of four workers waiting,
    no session of the database is `idle in transaction`."""
    with postgres.fresh_database() as database:
        engine = create_engine(database.url("psycopg"))
        SQLStorage.create_all(engine)
        crew, storage, hold = Crew(database.url("psycopg"), tmp_path), SQLStorage(engine), Hold()
        crew.receiver.answer(Answer(hold=hold))
        await storage.record([event(number) for number in range(40)])
        with crew.working(4):
            await crew.receiver.arrived(4 * ENDPOINTS, PATIENCE)
            await no_transaction_open(Place(database.url("psycopg"), engine))
            assert (await storage.backlog()).by_state[DeliveryState.PENDING] == 40 * ENDPOINTS
            hold.release()
            await drained(storage)
        engine.dispose()


@pytest.mark.soak
# PyMySQL forgets the Unix socket on which nobody answered.
@pytest.mark.filterwarnings("ignore:Exception ignored in. <socket:pytest.PytestUnraisableExceptionWarning")
@pytest.mark.filterwarnings("ignore:unclosed <socket:ResourceWarning")
@pytest.mark.parametrize(
    ("kind", "driver"), [(PostgresServer, "psycopg"), (MariadbServer, "pymysql")], ids=["postgres", "mariadb"]
)
async def test_nothing_is_lost_when_the_database_crashes_under_load(
    kind: type[DatabaseServer], driver: str, tmp_path: Path, say: Callable[[str], None]
) -> None:
    """R13: the server is restarted as after a crash, again and again, while events are written and workers
    deliver: every event that was written arrives, and no other; no worker ends."""
    server = kind(durable=True)
    try:
        with server.fresh_database() as database:
            engine = create_engine(database.url(driver))
            SQLStorage.create_all(engine)
            place, storage = Place(database.url(driver), engine), SQLStorage(engine)
            crew = Crew(place.address, tmp_path)
            crashes, written = rounds(2), 0
            with crew.working(2) as workers:
                for _ in range(crashes):
                    crashing = asyncio.create_task(asyncio.to_thread(server.restart))
                    least = written + 30
                    while written < least or not crashing.done():
                        await _written(storage, event(written))
                        written += 1
                    await crashing
                    await crew.receiver.arrived(len(crew.receiver.deliveries) + 1, PATIENCE)
                let_a_minute_pass(engine)
                await drained(storage)
                assert [worker.end() for worker in workers] == [0, 0]
            assert place.states() == {DeliveryState.DELIVERED.value}
            arrived = Counter((one.path, one.id) for one in crew.receiver.deliveries)
            assert set(arrived) == {
                (f"/{n}", f"msg_{number:06}") for n in range(ENDPOINTS) for number in range(written)
            }
            again = arrived.total() - len(arrived)
            counted = f"{len(arrived)} deliveries of {written} events, {again} made again"
            say(f"{place.name}: {crashes} crashes: {counted}")
            engine.dispose()
    finally:
        server.close()
        gc.collect()  # while what is ignored above is ignored


async def _written(storage: SQLStorage, new: NewEvent) -> None:
    """Write it for certain, as a host would that gets an error and asks again."""
    while True:
        try:
            await storage.record([new])
        except StorageUnavailable:
            await asyncio.sleep(0.05)
        except StorageConflict:
            return  # it was written, and the answer was lost
        else:
            return
