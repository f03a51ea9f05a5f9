"""A host's requests while its database server crashes under them, again and again."""

import asyncio
import gc
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import httpx2
import pytest
from sqlalchemy import Engine, create_engine, select

from connect_hub.storage.protocol import DeliveryState
from connect_hub.storage.sql import SQLStorage, Tables
from connect_hub.testing.receiver import WebhookReceiver
from tests.customer import Customer, Seen
from tests.hosts import hub_apps
from tests.hosts.mounted import HostedCustomer
from tests.hosts.test_hub_servers import PATIENCE, Through, started
from tests.hosts.test_hub_servers import surroundings as surroundings
from tests.hubs import API_KEY, GOOD_KEY
from tests.journey.test_matrix import told
from tests.peers.database_server import DatabaseServer
from tests.peers.mariadb import MariadbServer
from tests.peers.postgres import PostgresServer
from tests.soak import FACTOR, rounds
from tests.worker.leases import let_a_minute_pass

CUSTOMERS = 4
IN_A_SOAK = pytest.mark.skipif(FACTOR == 1, reason="scripts/soak runs it")
SYNC_DRIVERS: dict[type[DatabaseServer], str] = {PostgresServer: "psycopg", MariadbServer: "pymysql"}


@dataclass
class Front:
    """The host's server, to which the same is said until the hub is well enough to hear it."""

    inner: httpx2.AsyncBaseTransport
    answers: Counter[int] = field(default_factory=Counter)

    async def ask(self, request: Callable[[], Any]) -> Any:
        """A 503 says when to come again, and is the only thing that a database which is away may cause."""
        while True:
            answer = await request()
            status = answer.status if isinstance(answer, Seen) else answer.status_code
            self.answers[status] += 1
            if status != 503:
                assert status < 500, answer.text
                return answer
            assert int(answer.headers["retry-after"]) > 0
            await asyncio.sleep(0.02)


class PatientCustomer(HostedCustomer):
    """Presses again what was answered by 503."""

    front: Front

    async def request(
        self, method: str, url: str, data: Mapping[str, str] | None = None, /, **headers: str
    ) -> Seen:
        once = super().request
        seen: Seen = await self.front.ask(lambda: once(method, url, data, **headers))
        return seen


async def connected(given: dict[str, Any], front: Front, owner: str) -> None:
    """The whole way of one owner: a link by the API, the customer's key, the account by the API; owners of
    an even number are disconnected again."""
    async with httpx2.AsyncClient(
        base_url=given["public_url"], auth=(API_KEY, ""), transport=front.inner, timeout=None
    ) as http:
        asked = {"origin_owner_id": owner, "origin_owner_name": "Acme"}
        key = {"Idempotency-Key": owner}
        made = await front.ask(lambda: http.post("/connect_sessions", json=asked, headers=key))
        assert made.status_code == 201, made.text
        customer = PatientCustomer(hub_apps.make({**given, "database": "never-opened.db"}), front.inner)
        customer.front = front
        await connect(customer, made.json()["auth_link_url"])
        listed = await front.ask(lambda: http.get("/accounts", params={"origin_owner_id": owner}))
        [account] = listed.json()
        if int(owner.rpartition("-")[2]) % 2 == 0:
            gone = await front.ask(lambda: http.delete(f"/accounts/{account['id']}"))
            assert gone.status_code in {200, 204, 404}, gone.text  # 404: it was done, and the answer lost


async def connect(customer: Customer, link: str) -> None:
    seen = await customer.enter(link)
    done = await customer.press(seen, "Connect", {"f.api_key": GOOD_KEY})
    assert done.heading == "Acme Key is connected", done.text


@pytest.mark.soak
# PyMySQL forgets the Unix socket on which nobody answered.
@pytest.mark.filterwarnings("ignore:Exception ignored in. <socket:pytest.PytestUnraisableExceptionWarning")
@pytest.mark.filterwarnings("ignore:unclosed <socket:ResourceWarning")
@pytest.mark.parametrize(
    ("setup", "kind", "driver"),
    [
        ("fastapi mount, uvicorn", PostgresServer, "asyncpg"),
        ("flask, gunicorn", MariadbServer, "pymysql"),
        pytest.param("flask, waitress", PostgresServer, "psycopg", marks=IN_A_SOAK),
        pytest.param("quart, uvicorn", MariadbServer, "aiomysql", marks=IN_A_SOAK),
    ],
)
async def test_requests_are_told_to_come_again_while_the_database_crashes(
    setup: str,
    kind: type[DatabaseServer],
    driver: str,
    surroundings: tuple[dict[str, Any], WebhookReceiver],
    say: Callable[[str], None],
) -> None:
    """R13: the server is restarted as after a crash, again and again, while customers connect through a host
    and its hub delivers: a request is answered as ever, or by 503 and a time to come again; whoever says the
    same again gets where they wanted to. Each owner has one session, one account and one event of each kind.
    """
    given, receiver = surroundings
    server = kind(durable=True)
    try:
        server.execute("CREATE DATABASE hub")
        database = server.database("hub")
        engine = create_engine(database.url(SYNC_DRIVERS[kind]))
        SQLStorage.create_all(engine)
        given = {**given, "database": database.url(driver)}
        crashes, owners = rounds(2), list[str]()
        crashed = asyncio.Event()
        with started(setup, given) as host, told(host):
            front = Front(Through(host))

            async def come(number: int) -> None:
                made = 0
                while not crashed.is_set() or not made:
                    made += 1
                    owner = f"{number}-{made}"
                    await connected(given, front, owner)
                    owners.append(owner)

            async def crash() -> None:
                for _ in range(crashes):
                    least = len(owners) + CUSTOMERS
                    await asyncio.to_thread(server.restart)
                    while len(owners) < least:  # noqa: ASYNC110  # the host works again, on its own
                        await asyncio.sleep(0.05)
                crashed.set()

            async with asyncio.timeout(4 * PATIENCE * FACTOR), asyncio.TaskGroup() as group:
                for number in range(CUSTOMERS):
                    group.create_task(come(number))
                group.create_task(crash())
            let_a_minute_pass(engine)
            storage = SQLStorage(engine)
            async with asyncio.timeout(4 * PATIENCE):
                while (await storage.backlog()).by_state[DeliveryState.PENDING]:  # noqa: ASYNC110
                    await asyncio.sleep(0.1)
            await storage.aclose()
            assert front.answers[503], "no request was under way when the server crashed"
        heard = {(event["origin_owner_id"], event["event"]): event for event in receiver.events()}
        gone = {owner for owner in owners if int(owner.rpartition("-")[2]) % 2 == 0}
        assert sessions(engine) == dict.fromkeys(owners, 1)
        assert set(accounts(engine)) == set(owners) - gone
        assert set(heard) == {
            *((owner, "account.created") for owner in owners),
            *((owner, "account.deleted") for owner in gone),
        }
        assert len({delivery.id for delivery in receiver.deliveries}) == len(heard)
        say(f"{engine.dialect.name}, {driver}, {setup}: {crashes} crashes, {len(owners)} owners,")
        say(f"    answers {dict(front.answers)}, {len(receiver.deliveries) - len(heard)} delivered again")
        engine.dispose()
    finally:
        server.close()
        gc.collect()  # while what is ignored above is ignored


def sessions(engine: Engine) -> Counter[str]:
    """How many sessions each owner has."""
    with engine.connect() as c:
        return Counter(c.execute(select(Tables().sessions.c.origin_owner_id)).scalars())


def accounts(engine: Engine) -> list[str]:
    with engine.connect() as c:
        return list(c.execute(select(Tables().accounts.c.origin_owner_id)).scalars())
