"""Processes that change accounts and deliver the events, and are killed at a point that was armed before.

`python -m tests.worker.crashing DATABASE RECEIVER SECRET KEYS LOG RUNS SEED`: for each run a child that
serves the pages to a customer and then changes the account, and a child that delivers, at the same time. Each
kills itself with SIGKILL at the armed point; one that has not come to it is killed from outside. Before each
run the leases of the dead are let run out, as a minute would. LOG gets a line before and after each change.
At the end one child delivers what is left, unharmed.
"""

import asyncio
import json
import os
import random
import signal
import sys
import time
from collections.abc import Coroutine, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from sqlalchemy import Engine, create_engine, event

from connect_hub import ConnectHub, HubConfig, KeyRing, NetworkConfig, Project, Secret, SQLStorage, Webhook
from connect_hub.clock import FixedClock
from connect_hub.net import Answer, Limits, Outbound, OutboundPolicy
from connect_hub.testing import InProcessTransport, SimulatedProvider
from connect_hub.worker.embedded import EmbeddedDispatcher
from tests.customer import Customer
from tests.hubs import GOOD_KEY
from tests.worker.leases import let_a_minute_pass

NOW = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
LABELS = ("one", "two", "three")
IDLE = 0.2
"""Seconds that a worker gets to come to its point once nothing more is being written."""


@dataclass(frozen=True)
class Place:
    """Where it all happens."""

    database: str
    """The path of a SQLite file, or a URL."""
    receiver: str
    secret: str
    keys: str
    log: str

    def note(self, word: str, owner: str, change: str) -> None:
        handle = os.open(self.log, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
        os.write(handle, (json.dumps([word, owner, change]) + "\n").encode())
        os.close(handle)


class Armed:
    """Kills this process when a kind of point has been reached so many times."""

    def __init__(self, kind: str = "", count: int = 0) -> None:
        self.kind = kind
        self.left = count

    def reached(self, kind: str) -> None:
        if kind == self.kind:
            self.left -= 1
            if self.left == 0:
                os.kill(os.getpid(), signal.SIGKILL)

    def watch(self, engine: Engine) -> None:
        event.listen(engine, "before_cursor_execute", lambda *_: self.reached("statement"))
        event.listen(engine, "commit", lambda *_: self.reached("commit"))
        event.listen(engine, "checkin", lambda *_: self.reached("returned"))


class Wires(InProcessTransport):
    """The provider is in this process; the receiver of webhooks is a real server."""

    def __init__(self, place: Place, provider: SimulatedProvider, armed: Armed) -> None:
        super().__init__(provider)
        self._place = place
        self._armed = armed
        host = place.receiver.removeprefix("http://")
        self._outbound = Outbound(
            policy=OutboundPolicy(allow_private_hosts=frozenset({host}), allow_http=True)
        )

    async def send(
        self,
        method: str,
        url: str,
        *,
        headers: Mapping[str, str | Secret] | None = None,
        content: bytes | Secret | None = None,
        limits: Limits | None = None,
    ) -> Answer:
        if not url.startswith(self._place.receiver):
            return await super().send(method, url, headers=headers, content=content, limits=limits)
        self._armed.reached("send")
        answer = await self._outbound.send(method, url, headers=headers, content=content, limits=limits)
        self._armed.reached("answer")
        return answer


def build(place: Place, armed: Armed) -> ConnectHub:
    """A hub on the place's database, with its points armed. The clock of all of them stands still."""
    provider = SimulatedProvider(clock=FixedClock(NOW))
    provider.add_api_key(user="ada", key=Secret(GOOD_KEY))
    host = place.receiver.removeprefix("http://")
    webhook = Webhook(url=f"{place.receiver}/in", secrets=[Secret(place.secret)], name="in")
    if "://" in place.database:
        storage = SQLStorage(create_engine(place.database))
    else:
        storage = SQLStorage.sqlite(place.database)
    assert isinstance(storage.engine, Engine)
    armed.watch(storage.engine)
    return ConnectHub(
        public_url="https://hub.test/connect",
        keys=KeyRing.from_text(place.keys),
        storage=storage,
        connectors=[provider.key_connector()],
        config=HubConfig(
            projects={"default": Project(webhooks=[webhook])},
            network=NetworkConfig(insecure_dev=True, allow_private_hosts=frozenset({host})),
            clock=FixedClock(NOW),
            transport=Wires(place, provider, armed),
            dispatch=False,
        ),
    )


async def serve_and_change(place: Place, armed: Armed, run: int) -> None:
    """Link accounts by the hub's pages and change them, until the point is reached."""
    hub = build(place, armed)
    for number in range(1000):
        owner = f"{run}-{number}"
        link = await hub.links.create(
            origin_owner_id=owner, origin_owner_name=owner, provider="simulated-key"
        )
        customer = Customer(hub)
        form = await customer.enter(link.url)
        place.note("asked", owner, "created")
        done = await customer.press(form, "Connect Acme Key", {"f.api_key": GOOD_KEY})
        assert done.status == 200
        place.note("done", owner, "created")
        [account] = await hub.accounts.list(origin_owner_ids=[owner])
        for label in LABELS:
            place.note("asked", owner, label)
            await hub.accounts.change(account.id, label=label)
            place.note("done", owner, label)
        if number % 2:
            place.note("asked", owner, "deleted")
            await hub.accounts.delete(account.id)
            place.note("done", owner, "deleted")


async def deliver(place: Place, armed: Armed) -> None:
    """Work until the point is reached, or somebody ends it."""
    dispatcher = EmbeddedDispatcher(build(place, armed).deliveries, interval=timedelta(milliseconds=20))
    dispatcher.start()
    await asyncio.Event().wait()


async def drain(place: Place) -> None:
    """Deliver all that is left."""
    hub = build(place, Armed())
    while await hub.deliveries.run_due():
        continue
    await hub.aclose()


def let_the_leases_run_out(place: Place) -> None:
    storage = build(place, Armed()).storage
    assert isinstance(storage, SQLStorage)
    assert isinstance(storage.engine, Engine)
    let_a_minute_pass(storage.engine)
    storage.engine.dispose()


def child(work: Coroutine[object, object, None]) -> int:
    """Fork; the child does the work and ends with 0, or 1 and a traceback."""
    pid = os.fork()
    if pid:
        work.close()
        return pid
    status = 1
    try:
        asyncio.run(work)
        status = 0
    except BaseException:
        sys.excepthook(*sys.exc_info())
    finally:
        sys.stderr.flush()
        os._exit(status)


def died_by_kill(pid: int) -> None:
    _, status = os.waitpid(pid, 0)
    assert os.WTERMSIG(status) == signal.SIGKILL, f"ended with {status}"


def main(place: Place, runs: int, chance: random.Random) -> None:
    for run in range(runs):
        writing = Armed(chance.choice(["statement", "commit", "returned"]), chance.randint(15, 100))
        working = Armed(
            *chance.choice(
                [
                    ("statement", chance.randint(1, 60)),
                    ("commit", chance.randint(1, 12)),
                    ("returned", chance.randint(1, 12)),
                    ("send", chance.randint(1, 6)),
                    ("answer", chance.randint(1, 6)),
                ]
            )
        )
        web, worker = child(serve_and_change(place, writing, run)), child(deliver(place, working))
        try:
            died_by_kill(web)
        except AssertionError:
            os.kill(worker, signal.SIGKILL)
            raise
        _end_when_idle(worker)
        let_the_leases_run_out(place)
    last = child(drain(place))
    _, status = os.waitpid(last, 0)
    assert status == 0, f"the last worker ended with {status}"


def _end_when_idle(worker: int) -> None:
    """Give the worker some time to come to its point, and kill it if it has not."""
    until = time.monotonic() + IDLE
    while time.monotonic() < until:
        ended, status = os.waitpid(worker, os.WNOHANG)
        if ended:
            assert os.WTERMSIG(status) == signal.SIGKILL, f"the worker ended with {status}"
            return
        time.sleep(0.01)
    os.kill(worker, signal.SIGKILL)
    died_by_kill(worker)


if __name__ == "__main__":
    database, receiver, secret, keys, log, runs, seed = sys.argv[1:]
    main(
        Place(database, receiver, secret, keys, log),
        int(runs),
        random.Random(int(seed)),
    )
