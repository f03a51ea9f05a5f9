"""The embedded dispatcher: it looks when woken, goes on after a fault, and stops in time."""

import asyncio
import logging
import threading
from collections.abc import Awaitable, Callable, Sequence
from datetime import timedelta
from pathlib import Path
from typing import ClassVar

import pytest

from connect_hub import Event, HubConfig
from connect_hub.errors import MissingTables
from connect_hub.testing.tally import Tally
from connect_hub.worker import embedded
from connect_hub.worker.embedded import EmbeddedDispatcher
from tests.customer import Customer
from tests.hubs import GOOD_KEY, Hub, make_hub

NEVER = timedelta(days=1)


class Jobs:
    """What is due, as a count; each look at it and each run is noted."""

    def __init__(self, *results: int | Exception) -> None:
        self.results = list(results)
        self.looks = Tally()
        self.runs = Tally()

    async def claim(self) -> Sequence[Callable[[], Awaitable[None]]]:
        self.looks.add()
        result = self.results.pop(0) if self.results else 0
        if isinstance(result, Exception):
            raise result
        return [self.run] * result

    async def run(self) -> None:
        self.runs.add()


async def test_it_looks_at_once_and_until_nothing_is_due() -> None:
    """A started dispatcher needs no first wake: it looks at once, and again until nothing is due."""
    jobs = Jobs(20, 20, 3, 0)
    dispatcher = EmbeddedDispatcher(jobs, interval=NEVER)
    dispatcher.start()
    await jobs.runs.reached(43, 5)
    await jobs.looks.reached(4, 5)
    await dispatcher.stop()
    assert jobs.runs.count == 43


async def test_a_job_that_hangs_holds_up_no_other() -> None:
    """R20: while one job hangs, others are taken and run; one that ends brings the next look; one that raises
    ends nothing."""
    gate, hung, others = asyncio.Event(), asyncio.Event(), Tally()

    async def hang() -> None:
        hung.set()
        await gate.wait()

    async def fail() -> None:
        raise ConnectionError("the outcome was not written")

    async def quick() -> None:
        others.add()

    class Queue:
        jobs: ClassVar[list[list[Callable[[], Awaitable[None]]]]] = [
            [hang, quick],
            [],
            [fail, quick],
            [],
            [quick],
        ]

        async def claim(self) -> Sequence[Callable[[], Awaitable[None]]]:
            return self.jobs.pop(0) if self.jobs else ()

    dispatcher = EmbeddedDispatcher(Queue(), interval=NEVER)
    dispatcher.start()
    await others.reached(3, 30)
    assert hung.is_set()
    gate.set()
    await dispatcher.stop()


async def test_it_can_be_woken_from_any_thread() -> None:
    """`wake` from another thread, or before the start, or after the stop, neither blocks nor raises; while it
    runs it brings a look without waiting for the interval."""
    jobs = Jobs()
    dispatcher = EmbeddedDispatcher(jobs, interval=NEVER)
    dispatcher.wake()
    dispatcher.start()
    dispatcher.start()
    await jobs.looks.reached(1, 5)
    await asyncio.to_thread(dispatcher.wake)
    await jobs.looks.reached(2, 5)
    await dispatcher.stop()
    await dispatcher.stop()
    dispatcher.wake()
    dispatcher.start()
    await jobs.looks.reached(3, 5)
    await dispatcher.stop()


async def test_it_looks_by_itself() -> None:
    """What falls due later is found without a wake, at the interval."""
    jobs = Jobs()
    dispatcher = EmbeddedDispatcher(jobs, interval=timedelta(milliseconds=10))
    dispatcher.start()
    await jobs.looks.reached(5, 5)
    await dispatcher.stop()


async def test_a_database_that_is_away_does_not_end_it(caplog: pytest.LogCaptureFixture) -> None:
    """R13: a look that fails is logged, and the next one is made."""
    jobs = Jobs(ConnectionError("gone"), 1, 0)
    dispatcher = EmbeddedDispatcher(jobs, interval=NEVER)
    dispatcher.start()
    await jobs.looks.reached(1, 5)
    dispatcher.wake()
    await jobs.looks.reached(3, 5)
    await dispatcher.stop()
    assert "ConnectionError: gone" in caplog.text


async def test_what_a_message_explains_is_said_once(caplog: pytest.LogCaptureFixture) -> None:
    """A database without tables is one line of the log, however often it is looked at, and one more the next
    time that it happens."""
    gone = MissingTables("Run the command.")
    jobs = Jobs(gone, gone, gone, 0, gone, 0)
    dispatcher = EmbeddedDispatcher(jobs, interval=timedelta(milliseconds=1))
    dispatcher.start()
    await jobs.looks.reached(6, 5)
    await dispatcher.stop()
    assert [record.getMessage() for record in caplog.records if record.levelno == logging.ERROR] == 2 * [
        "could not take what is due, trying again: Run the command."
    ]
    assert not [record for record in caplog.records if record.exc_info]


def test_a_loop_that_ended_is_no_fault() -> None:
    """R18: woken after its loop was closed, it does nothing; started on another loop, it works there."""
    jobs = Jobs()
    dispatcher = EmbeddedDispatcher(jobs, interval=NEVER)

    async def once(count: int) -> None:
        dispatcher.start()
        await jobs.looks.reached(count, 5)

    asyncio.run(once(1))
    dispatcher.wake()
    thread = threading.Thread(target=dispatcher.wake)
    thread.start()
    thread.join()
    asyncio.run(once(2))


async def account_created(made: Hub) -> None:
    link = await made.hub.links.create(
        origin_owner_id="42", origin_owner_name="Acme", provider="simulated-key"
    )
    customer = Customer(made.hub)
    await customer.press(await customer.enter(link.url), "Connect", {"f.api_key": GOOD_KEY})


def dispatching(tmp_path: Path) -> tuple[Hub, EmbeddedDispatcher]:
    """A hub, and a dispatcher for it as the hub would make one."""
    made = make_hub(tmp_path, config=HubConfig())
    return made, EmbeddedDispatcher(made.hub.deliveries, interval=NEVER)


async def test_stop_lets_what_runs_finish(tmp_path: Path) -> None:
    """R18: a delivery that runs when the stop comes is finished and counted; nothing more is taken."""
    made, dispatcher = dispatching(tmp_path)
    began, gate, done = asyncio.Event(), asyncio.Event(), []

    @made.hub.on("account.created", name="slow")
    async def slow(event: Event) -> None:
        began.set()
        await gate.wait()
        done.append(event.id)

    await account_created(made)
    dispatcher.start()
    await began.wait()
    stopping = asyncio.create_task(dispatcher.stop())
    await asyncio.sleep(0)
    await account_created(made)
    gate.set()
    await stopping
    assert len(done) == 1
    assert await made.hub.deliveries.run_due() == 0


@pytest.mark.parametrize("stubborn", [False, True])
async def test_stop_does_not_wait_for_ever(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, stubborn: bool
) -> None:
    """R18: a callback that hangs, and even one that will not be cancelled, keeps no process from ending; its
    delivery is free for the next worker at once."""
    monkeypatch.setattr(embedded, "_FINISH_WITHIN", timedelta(milliseconds=20))
    monkeypatch.setattr(embedded, "_GIVE_UP_WITHIN", timedelta(milliseconds=200))
    made, dispatcher = dispatching(tmp_path)
    began, gate, calls = asyncio.Event(), asyncio.Event(), 0

    @made.hub.on("account.created", name="hanging")
    async def hanging(event: Event) -> None:
        nonlocal calls
        calls += 1
        if calls > 1:
            return
        began.set()
        while not gate.is_set():
            try:
                await gate.wait()
            except asyncio.CancelledError:
                if not stubborn:
                    raise

    await account_created(made)
    dispatcher.start()
    await began.wait()
    async with asyncio.timeout(5):
        await dispatcher.stop()
    if not stubborn:
        assert await made.hub.deliveries.run_due() == 1
        assert calls == 2
    gate.set()
    running = [task for task in asyncio.all_tasks() if task.get_name() == "connect_hub job"]
    await asyncio.gather(*running, return_exceptions=True)
