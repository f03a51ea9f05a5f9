"""How fast one worker delivers, and what one endpoint that hangs costs the others.

`python -m bench.delivering [sqlite] [postgres]`: deliveries per second of one worker to a receiver on
loopback, beside a bare loop of the same HTTP client that posts the same bodies, signed, as many at a time;
aim: 0.6. And the CPU of each post, which swings less with what else the machine does: the ratio is the bare
loop's by the worker's, the rate that one busy core would give.
`python -m bench.delivering tarpit`: the time from an event's commit to its arrival at 20 endpoints, and at 19
of them while one never answers; aim for the 95th percentile: less than twice.
"""

import asyncio
import multiprocessing
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import partial
from multiprocessing.connection import Connection
from pathlib import Path
from statistics import median, quantiles

import httpx2
from sqlalchemy import create_engine

from connect_hub import ConnectHub, HubConfig, KeyRing, NetworkConfig, Project, SQLStorage, Webhook
from connect_hub.clock import SystemClock
from connect_hub.flows.lanes import LANE
from connect_hub.keys import new_key_text
from connect_hub.secret import Secret
from connect_hub.storage.protocol import DeliveryState, NewEvent
from connect_hub.webhooks import generate_secret, sign
from connect_hub.worker.dispatcher import Jobs
from connect_hub.worker.embedded import EmbeddedDispatcher
from tests.peers.postgres import PostgresServer

EVENTS, ROUNDS = 2000, 3
ENDPOINTS, SPARKS, PAUSE = 20, 60, 0.2


async def _receive(pipe: Connection) -> None:
    """Answers every POST with 204, but those to /tar, and notes when each came."""
    came: list[tuple[str, int, float]] = []

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while head := await reader.readuntil(b"\r\n\r\n"):
                lines = head.decode().split("\r\n")
                path = lines[0].split(" ")[1]
                headers = dict(line.lower().split(": ", 1) for line in lines[1:] if line)
                body = await reader.readexactly(int(headers["content-length"]))
                if path == "/tar":
                    await asyncio.Event().wait()
                came.append((path, int(body.split(b'"n":')[1].split(b"}")[0]), time.monotonic()))
                writer.write(b"HTTP/1.1 204 No Content\r\n\r\n")
        except (asyncio.IncompleteReadError, ConnectionError):
            writer.close()

    server = await asyncio.start_server(talk, "127.0.0.1", 0)
    pipe.send(server.sockets[0].getsockname()[1])
    while await asyncio.to_thread(pipe.recv):
        pipe.send(list(came))
        came.clear()


def _receiver(pipe: Connection) -> None:
    asyncio.run(_receive(pipe))


class Receiver:
    """A receiver in a process of its own."""

    def __init__(self) -> None:
        self._pipe, theirs = multiprocessing.get_context("spawn").Pipe()
        self._process = multiprocessing.get_context("spawn").Process(target=_receiver, args=(theirs,))
        self._process.start()
        self.url = f"http://127.0.0.1:{self._pipe.recv()}"

    def came(self) -> list[tuple[str, int, float]]:
        """(path, number, when) of what has come since the last call."""
        self._pipe.send(True)
        found: list[tuple[str, int, float]] = self._pipe.recv()
        return found

    def close(self) -> None:
        self._process.terminate()
        self._process.join()


def event(number: int, targets: int) -> NewEvent:
    return NewEvent(
        id=f"msg_{number:08}{time.monotonic_ns()}",
        project_id="default",
        name="account.updated",
        record_id=f"acc_{number}",
        owner_id="42",
        sequence=1,
        body=b'{"type":"account.updated","filler":"%s","n":%d}' % (b"x" * 600, number),
        targets=tuple(f"webhook:default/n{n}" for n in range(targets)),
        created_at=datetime.now(UTC).replace(microsecond=0),
    )


def hub_for(storage: SQLStorage, receiver: Receiver, paths: list[str], secret: Secret) -> ConnectHub:
    webhooks = [
        Webhook(url=receiver.url + path, secrets=[secret], name=f"n{n}") for n, path in enumerate(paths)
    ]
    own = frozenset({receiver.url.removeprefix("http://")})
    return ConnectHub(
        public_url="https://host.example/c",
        keys=KeyRing.from_text(new_key_text()),
        storage=storage,
        connectors=["bamboohr"],
        config=HubConfig(
            projects={"default": Project(webhooks=webhooks)},
            network=NetworkConfig(insecure_dev=True, allow_private_hosts=own),
            dispatch=False,
        ),
    )


@dataclass(frozen=True)
class Speed:
    rate: float
    """Posts a second."""
    cpu: float
    """Milliseconds of CPU that this process, all its threads, spent on each."""

    @classmethod
    def since(cls, wall: float, cpu: float) -> "Speed":
        return cls(EVENTS / (time.perf_counter() - wall), (time.process_time() - cpu) / EVENTS * 1000)


class Counted:
    """`Jobs` that say when so many have ended, without a question to the database meanwhile."""

    def __init__(self, jobs: Jobs, expected: int) -> None:
        self._jobs = jobs
        self._left = expected
        self.all_ended = asyncio.Event()

    async def claim(self) -> Sequence[Callable[[], Awaitable[None]]]:
        return [partial(self._run, job) for job in await self._jobs.claim()]

    async def _run(self, job: Callable[[], Awaitable[None]]) -> None:
        await job()
        self._left -= 1
        if not self._left:
            self.all_ended.set()


async def bare(receiver: Receiver, secret: Secret) -> Speed:
    """The HTTP client alone."""
    numbers = iter(range(EVENTS))

    async def post(client: httpx2.AsyncClient) -> None:
        for number in numbers:
            one = event(number, 1)
            signed = sign(message_id=one.id, timestamp=SystemClock().now(), body=one.body, secrets=[secret])
            headers = {"content-type": "application/json; charset=utf-8", **signed}
            answer = await client.post(f"{receiver.url}/0", content=one.body, headers=headers)
            assert answer.status_code == 204

    async with httpx2.AsyncClient() as client:
        wall, cpu = time.perf_counter(), time.process_time()
        await asyncio.gather(*(post(client) for _ in range(LANE)))
        return Speed.since(wall, cpu)


async def worker(storage: SQLStorage, receiver: Receiver, secret: Secret) -> Speed:
    """One worker that finds all of them due, until each has its outcome in the database."""
    hub = hub_for(storage, receiver, ["/0"], secret)
    for first in range(0, EVENTS, 500):
        await storage.record([event(number, 1) for number in range(first, first + 500)])
    jobs = Counted(hub.deliveries, EVENTS)
    dispatcher = EmbeddedDispatcher(jobs, interval=timedelta(seconds=1))
    wall, cpu = time.perf_counter(), time.process_time()
    dispatcher.start()
    await jobs.all_ended.wait()
    speed = Speed.since(wall, cpu)
    await dispatcher.stop()
    await hub.aclose()
    assert (await storage.backlog()).by_state[DeliveryState.PENDING] == 0
    return speed


async def latencies(storage: SQLStorage, receiver: Receiver, secret: Secret, *, tarpit: bool) -> list[float]:
    """Seconds from commit to arrival at the endpoints that answer."""
    paths = [f"/{n}" for n in range(ENDPOINTS)]
    hub = hub_for(storage, receiver, ["/tar", *paths[1:]] if tarpit else paths, secret)
    dispatcher = EmbeddedDispatcher(hub.deliveries)
    dispatcher.start()
    receiver.came()
    written: dict[int, float] = {}
    for number in range(SPARKS):
        await storage.record([event(number, ENDPOINTS)])
        written[number] = time.monotonic()
        dispatcher.wake()
        await asyncio.sleep(PAUSE)
    expected = SPARKS * (ENDPOINTS - 1)
    came = [one for one in receiver.came() if one[0] != "/0"]
    while len(came) < expected:
        await asyncio.sleep(0.2)
        came += [one for one in receiver.came() if one[0] != "/0"]
    stopping = asyncio.create_task(dispatcher.stop())
    await stopping
    await hub.aclose()
    return [at - written[number] for _, number, at in came]


@contextmanager
def storages(wanted: list[str]) -> Iterator[list[tuple[str, SQLStorage]]]:
    with ExitStack() as stack:
        made = []
        if "sqlite" in wanted:
            folder = stack.enter_context(tempfile.TemporaryDirectory())
            made.append(("sqlite", SQLStorage.sqlite(Path(folder) / "hub.db")))
        if "postgres" in wanted:
            server = PostgresServer()
            stack.callback(server.close)
            engine = create_engine(stack.enter_context(server.fresh_database()).url("psycopg"))
            SQLStorage.create_all(engine)
            made.append(("postgres", SQLStorage(engine)))
        yield made


async def throughput(storage: SQLStorage, receiver: Receiver, name: str) -> None:
    await storage.check()
    secret, ratios, costs = generate_secret(), [], []
    for _ in range(ROUNDS):
        floor, ours = await bare(receiver, secret), await worker(storage, receiver, secret)
        ratios.append(ours.rate / floor.rate)
        costs.append(floor.cpu / ours.cpu)
        print(
            f"{name:9} bare {floor.rate:6.0f}/s {floor.cpu:.2f} ms CPU   "
            f"worker {ours.rate:6.0f}/s {ours.cpu:.2f} ms CPU   "
            f"ratio {ratios[-1]:.2f}, of the CPU {costs[-1]:.2f}",
            flush=True,
        )
    print(f"{name:9} median ratio {median(ratios):.2f}, of the CPU {median(costs):.2f}", flush=True)


async def tar(storage: SQLStorage, receiver: Receiver) -> None:
    await storage.check()
    secret, p95 = generate_secret(), []
    for tarpit in (False, True):
        found = await latencies(storage, receiver, secret, tarpit=tarpit)
        p95.append(quantiles(found, n=20)[-1] * 1000)
        what = "with one that hangs" if tarpit else "all answer"
        print(f"{what:20} median {median(found) * 1000:6.1f} ms   p95 {p95[-1]:6.1f} ms", flush=True)
    print(f"ratio of the p95: {p95[1] / p95[0]:.2f}", flush=True)


def main() -> None:
    wanted = sys.argv[1:] or ["sqlite", "postgres"]
    receiver = Receiver()
    try:
        with storages(["sqlite"] if "tarpit" in wanted else wanted) as made:
            for name, storage in made:
                asyncio.run(
                    tar(storage, receiver) if "tarpit" in wanted else throughput(storage, receiver, name)
                )
    finally:
        receiver.close()


if __name__ == "__main__":
    main()
