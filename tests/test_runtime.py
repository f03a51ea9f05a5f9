"""What lives in a process: set-up at first use, the home loop, the dispatcher, forks and several loops."""

import asyncio
import contextvars
import gc
import os
import threading
from collections.abc import Callable, Coroutine, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TypeVar, cast

import httpx2
import pytest
from sqlalchemy import NullPool
from sqlalchemy.ext.asyncio import create_async_engine

from connect_hub.config import NetworkConfig, configured_policy
from connect_hub.errors import (
    CallInsideTransaction,
    ConfigurationError,
    ConnectHubError,
    StorageUnavailable,
    SyncOnEventLoop,
)
from connect_hub.keys import KeyRing, new_key_text
from connect_hub.outbound import LazyOutbound
from connect_hub.portal import current_portal
from connect_hub.runtime import Runtime
from connect_hub.storage.protocol import Storage
from connect_hub.storage.sql import SQLStorage
from connect_hub.storage.transaction import callbacks_running
from connect_hub.vault import Vault
from tests.hubs import make_hub

T = TypeVar("T")
PATIENCE = 5.0


class Shelf:
    """As much of a storage as a runtime needs; it fails while there is something in `failures`."""

    def __init__(self) -> None:
        self.failures: list[Exception] = []
        self.checks = 0
        self.closed = 0
        self.gate: asyncio.Event | None = None

    async def check(self) -> None:
        self.checks += 1
        if self.gate is not None:
            await self.gate.wait()
        if self.failures:
            raise self.failures.pop(0)

    async def canary(self, proposed: bytes) -> bytes:
        return proposed

    async def aclose(self) -> None:
        self.closed += 1


class Desk:
    """A dispatcher that says where it was started and stopped."""

    def __init__(self) -> None:
        self.started = threading.Event()
        self.loop: asyncio.AbstractEventLoop | None = None
        self.context: dict[str, object] = {}
        self.stopped_on: asyncio.AbstractEventLoop | None = None

    def start(self) -> None:
        self.loop = asyncio.get_running_loop()
        self.context = {variable.name: value for variable, value in contextvars.copy_context().items()}
        self.started.set()

    def wake(self) -> None:
        return None

    async def stop(self) -> None:
        self.stopped_on = asyncio.get_running_loop()


async def _nothing_left() -> None:
    """Nothing was left to do behind a caller's back."""


class Process:
    """A runtime and what it is made of."""

    def __init__(self, storage: object | None = None) -> None:
        self.shelf = Shelf()
        self.desks: list[Desk] = []
        self.desk_made = threading.Event()
        self.runtime = Runtime(
            storage=cast("Storage", self.shelf if storage is None else storage),
            vault=Vault(keys=KeyRing.from_text(new_key_text())),
            outbound=[LazyOutbound(configured_policy(NetworkConfig()))],
            dispatcher=self._new_desk,
            finish=_nothing_left,
        )

    def _new_desk(self) -> Desk:
        desk = Desk()
        self.desks.append(desk)
        self.desk_made.set()
        return desk


@pytest.fixture
def process() -> Process:
    return Process()


@contextmanager
def other_loop() -> Iterator[asyncio.AbstractEventLoop]:
    """An event loop that runs in another thread, as a server's does."""
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever)
    thread.start()
    try:
        yield loop
    finally:
        loop.call_soon_threadsafe(loop.stop)
        thread.join(PATIENCE)
        loop.close()


def on(loop: asyncio.AbstractEventLoop, coroutine: Coroutine[object, object, T]) -> T:
    return asyncio.run_coroutine_threadsafe(coroutine, loop).result(PATIENCE)


async def where() -> asyncio.AbstractEventLoop:
    return asyncio.get_running_loop()


# --- first use ---


async def test_first_requests_that_come_together_share_one_check(process: Process) -> None:
    """Fifty first requests at once check the storage once, and one dispatcher begins."""
    await asyncio.gather(*(process.runtime.ready() for _ in range(50)))
    assert (process.shelf.checks, len(process.desks)) == (1, 1)
    await process.runtime.ready()
    assert process.shelf.checks == 1


async def test_what_failed_at_first_is_tried_again(process: Process) -> None:
    """All who wait for a check that fails are told; the next request checks anew, and then it is done."""
    process.shelf.failures = [StorageUnavailable(), StorageUnavailable()]
    outcomes = await asyncio.gather(*(process.runtime.ready() for _ in range(5)), return_exceptions=True)
    assert [type(outcome) for outcome in outcomes] == [StorageUnavailable] * 5
    assert (process.shelf.checks, process.desks) == (1, [])
    with pytest.raises(StorageUnavailable):
        await process.runtime.ready()
    await process.runtime.ready()
    await process.runtime.ready()
    assert (process.shelf.checks, len(process.desks)) == (3, 1)


async def test_a_first_request_that_is_cancelled_takes_no_other_with_it(process: Process) -> None:
    """The check belongs to nobody: the browser that came first may leave."""
    process.shelf.gate = asyncio.Event()
    first, second = (asyncio.ensure_future(process.runtime.ready()) for _ in range(2))
    await asyncio.sleep(0)
    first.cancel()
    await asyncio.sleep(0)
    process.shelf.gate.set()
    await second
    assert (process.shelf.checks, len(process.desks)) == (1, 1)


async def test_the_database_may_be_away_at_first(tmp_path: Path) -> None:
    """A hub whose database is away answers 503 and, when it is back, what was asked; it is not restarted."""
    there = tmp_path / "not-yet"
    hub = make_hub(tmp_path, storage=SQLStorage.sqlite(there / "hub.db")).hub
    transport = httpx2.ASGITransport(app=hub.app, root_path="/connect")
    async with httpx2.AsyncClient(transport=transport, base_url="https://hub.test") as http:
        away = await http.get("/connect/")
        assert (away.status_code, away.headers["retry-after"]) == (503, "5")
        assert "Please try again in a moment" in away.text
        there.mkdir()
        assert (await http.get("/connect/")).status_code == 200
    await hub.aclose()


async def test_a_host_starts_while_the_database_is_away(
    process: Process, caplog: pytest.LogCaptureFixture
) -> None:
    """A lifespan does not fail for the hub's sake: it says once what is wrong, and deliveries begin later."""
    process.shelf.failures = [StorageUnavailable("The database is away.") for _ in range(2)]
    async with process.runtime.running():
        assert [record.levelname for record in caplog.records] == ["ERROR"]
        assert "The database is away." in caplog.text
        await asyncio.to_thread(process.desk_made.wait, PATIENCE)
        assert process.desks[0].loop is asyncio.get_running_loop()
        assert len([record for record in caplog.records if record.levelname == "ERROR"]) == 1
    assert process.desks[0].stopped_on is asyncio.get_running_loop()


# --- deliveries without a request to the hub ---


def test_deliveries_begin_on_the_portal_where_there_is_no_loop(process: Process) -> None:
    """A WSGI host's request starts them without waiting; the next thousand start nothing more."""
    process.runtime.start_soon()
    assert process.desk_made.wait(PATIENCE)
    assert process.desks[0].started.wait(PATIENCE)
    assert process.desks[0].loop is current_portal().loop()
    for _ in range(1000):
        process.runtime.start_soon()
    assert (process.shelf.checks, len(process.desks)) == (1, 1)
    process.runtime.run(process.runtime.stop())


async def test_deliveries_begin_on_the_hosts_own_loop(process: Process) -> None:
    """In an ASGI host they begin on its loop, however many requests come before they have."""
    for _ in range(10):
        process.runtime.start_soon()
    await asyncio.to_thread(process.desk_made.wait, PATIENCE)
    assert process.desks[0].loop is asyncio.get_running_loop()
    assert (process.shelf.checks, len(process.desks)) == (1, 1)
    await process.runtime.stop()


async def test_deliveries_do_not_see_the_first_request(process: Process) -> None:
    """The dispatcher lives as long as the process, and so not in the context of one request."""
    mine = contextvars.ContextVar[str]("the_first_request")
    mine.set("somebody's session")
    await process.runtime.ready()
    assert "the_first_request" not in process.desks[0].context
    await process.runtime.stop()


def test_a_process_that_does_not_deliver_starts_nothing() -> None:
    """With dispatch=False a host's request begins nothing at all."""
    runtime = Runtime(
        storage=cast("Storage", Shelf()),
        vault=Vault(keys=KeyRing.from_text(new_key_text())),
        outbound=[LazyOutbound(configured_policy(NetworkConfig()))],
        dispatcher=Desk,
        dispatch=False,
        finish=_nothing_left,
    )
    runtime.start_soon()
    assert runtime._starting is None


async def test_a_program_says_itself_whether_it_delivers(process: Process) -> None:
    """Whatever was configured, and until it ends: afterwards it is as it was. What is wrong is raised."""
    async with process.runtime.working(dispatch=False):
        await process.runtime.ready()
        process.runtime.start_soon()
        assert process.desks == []
    async with process.runtime.working(dispatch=True):
        assert len(process.desks) == 1
    assert process.desks[0].stopped_on is asyncio.get_running_loop()
    await process.runtime.ready()
    assert len(process.desks) == 2
    await process.runtime.stop()
    failing = Process()
    failing.shelf.failures = [StorageUnavailable()]
    with pytest.raises(StorageUnavailable):
        async with failing.runtime.working(dispatch=True):
            raise AssertionError
    assert (failing.desks, failing.shelf.closed) == ([], 1)


# --- the home loop ---


def test_a_second_run_of_asyncio_is_a_new_home(process: Process) -> None:
    """asyncio.run twice: the second loop takes over, with a dispatcher of its own."""
    asyncio.run(process.runtime.ready())
    asyncio.run(process.runtime.ready())
    assert process.shelf.checks == 1
    assert len({desk.loop for desk in process.desks}) == 2


def test_callers_that_do_not_await_go_to_the_home_loop(process: Process) -> None:
    """While the loop that first used the hub runs, hub.sync runs there; then on the portal."""
    with other_loop() as loop:
        on(loop, process.runtime.ready())
        assert process.runtime.run(where()) is loop
    assert process.runtime.run(where()) is current_portal().loop()


def test_many_threads_wait_for_the_home_loop_at_once(process: Process) -> None:
    """Callers in forty threads are served by one home loop, and none waits for another one's thread."""
    everybody = threading.Barrier(40)
    answers: list[int] = []

    async def answer(number: int) -> int:
        await asyncio.sleep(0)
        return number

    def ask(number: int) -> None:
        everybody.wait(PATIENCE)
        answers.append(process.runtime.run(answer(number)))

    with other_loop() as loop:
        on(loop, process.runtime.ready())
        threads = [threading.Thread(target=ask, args=(number,)) for number in range(40)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(PATIENCE)
    assert sorted(answers) == list(range(40))


async def test_a_thread_of_the_home_loop_may_wait_for_it(process: Process) -> None:
    """A plain function that the home loop runs in a thread calls hub.sync without a deadlock."""
    await process.runtime.ready()
    loop = asyncio.get_running_loop()
    found = await asyncio.wait_for(asyncio.to_thread(process.runtime.run, where()), PATIENCE)
    assert found is loop
    await process.runtime.stop()


async def test_on_an_event_loop_it_says_what_to_await(process: Process) -> None:
    """Called where a loop runs, hub.sync would block it: the error names the coroutine to await."""
    with pytest.raises(SyncOnEventLoop, match=r"Await hub\.links\.create instead"):
        process.runtime.run(where(), name="hub.links.create")


def test_on_the_portals_own_loop_too(process: Process) -> None:
    """A coroutine handler that runs on the portal is told the same, and the portal goes on."""

    async def handler() -> None:
        process.runtime.run(where(), name="hub.accounts.get")

    with pytest.raises(SyncOnEventLoop, match=r"hub\.accounts\.get"):
        current_portal().run(handler())
    assert process.runtime.run(where()) is current_portal().loop()


def test_a_home_loop_that_ends_does_not_keep_its_callers(process: Process) -> None:
    """A caller whose work was cut off by the end of the loop gets an error, and does not wait for ever."""
    begun = threading.Event()
    outcome: list[BaseException] = []

    async def long() -> None:
        begun.set()
        await asyncio.Event().wait()

    def ask() -> None:
        try:
            process.runtime.run(long())
        except BaseException as error:
            outcome.append(error)

    async def serve() -> None:
        await process.runtime.ready()
        asker.start()
        await asyncio.to_thread(begun.wait, PATIENCE)

    asker = threading.Thread(target=ask)
    asyncio.run(serve())
    asker.join(PATIENCE)
    assert not asker.is_alive()
    assert type(outcome[0]) is ConnectHubError
    assert "has ended before it answered" in str(outcome[0])


def test_what_had_not_begun_runs_elsewhere(process: Process) -> None:
    """Work that a loop accepted and never began is done on the portal instead, once."""
    loop = asyncio.new_event_loop()
    runs: list[asyncio.AbstractEventLoop] = []

    async def work() -> None:
        runs.append(asyncio.get_running_loop())

    def stop_when_asked() -> None:
        # The caller's work is in the queue by now, behind this: the loop stops before it.
        loop.call_soon(loop.stop)
        asked.set()
        queued.wait(PATIENCE)

    asked, queued = threading.Event(), threading.Event()
    server = threading.Thread(target=loop.run_forever)
    server.start()
    on(loop, process.runtime.ready())
    loop.call_soon_threadsafe(stop_when_asked)
    assert asked.wait(PATIENCE)
    asker = threading.Thread(target=lambda: process.runtime.run(work()))
    asker.start()
    while not loop._ready or len(loop._ready) < 2:  # type: ignore[attr-defined]
        os.sched_yield()
    queued.set()
    server.join(PATIENCE)
    loop._ready.clear()  # type: ignore[attr-defined]  # as the end of a process would
    asker.join(PATIENCE)
    loop.close()
    assert not asker.is_alive()
    assert runs == [current_portal().loop()]
    gc.collect()  # what was never awaited would warn, and fail


def test_inside_a_transaction_nothing_is_waited_for(process: Process) -> None:
    """A callback inside the hub's transaction that calls the hub, by whatever way, is refused at once."""
    with other_loop() as loop:
        on(loop, process.runtime.ready())
        with callbacks_running():
            with pytest.raises(CallInsideTransaction):
                process.runtime.run(where())
            with pytest.raises(CallInsideTransaction):
                asyncio.run(process.runtime.ready())
            with pytest.raises(CallInsideTransaction):
                on(loop, process.runtime.ready())
            with pytest.raises(CallInsideTransaction):
                current_portal().run(process.runtime.ready())
        on(loop, process.runtime.ready())


def test_an_engine_of_one_loop_is_not_used_on_another(tmp_path: Path) -> None:
    """An AsyncEngine that pools belongs to the home loop: a second one is told what to do instead."""
    engine = create_async_engine(f"sqlite+aiosqlite:///{tmp_path}/hub.db")
    asyncio.run(_create(engine))
    process = Process(SQLStorage(engine))
    with other_loop() as loop:
        on(loop, process.runtime.ready())
        with pytest.raises(ConfigurationError, match="Pass an Engine"):
            asyncio.run(process.runtime.ready())
        assert process.runtime.run(where()) is loop  # routed, as the home loop runs
        on(loop, process.runtime.stop())
        on(loop, engine.dispose())


def test_an_engine_without_a_pool_is_used_on_every_loop(tmp_path: Path) -> None:
    """NullPool makes a connection for each use, so that nothing is bound to a loop."""
    engine = create_async_engine(f"sqlite+aiosqlite:///{tmp_path}/hub.db", poolclass=NullPool)
    asyncio.run(_create(engine))
    process = Process(SQLStorage(engine))
    with other_loop() as loop:
        on(loop, process.runtime.ready())
        asyncio.run(process.runtime.ready())
        on(loop, process.runtime.stop())


async def _create(engine: object) -> None:
    await SQLStorage.create_all(engine)  # type: ignore[call-overload]
    await engine.dispose()  # type: ignore[attr-defined]


# --- the end ---


async def test_the_last_lifespan_stops_what_the_first_began(process: Process) -> None:
    """A host's lifespan and the bridge's may both hold the hub: it ends with the last one."""
    async with process.runtime.running():
        async with process.runtime.running():
            pass
        assert (process.shelf.closed, process.desks[0].stopped_on) == (0, None)
    assert (process.shelf.closed, len(process.desks)) == (1, 1)


async def test_a_dispatcher_is_stopped_on_its_own_loop(process: Process) -> None:
    """Deliveries that began on the portal, by hub.sync before the server started, end there."""
    await asyncio.to_thread(process.runtime.run, process.runtime.ready())
    async with process.runtime.running():
        assert [desk.loop for desk in process.desks] == [current_portal().loop()]
    assert process.desks[0].stopped_on is current_portal().loop()


def test_what_is_on_the_portal_is_closed_with_it(process: Process) -> None:
    """A script that used hub.sync leaves nothing open: the portal's end stops the dispatcher and closes."""
    process.runtime.run(process.runtime.ready())
    portal_loop = current_portal().loop()
    current_portal().close()
    assert process.desks[0].stopped_on is portal_loop
    assert process.shelf.closed == 1
    assert process.runtime.run(where()) is current_portal().loop()


# --- forks ---


def test_a_child_begins_anew(process: Process) -> None:
    """R18: a child of a fork checks and delivers by itself, whatever its parent's loop and locks were at."""

    def work() -> tuple[int, int, bool]:
        process.runtime.run(process.runtime.ready())
        return process.shelf.checks, len(process.desks), process.desks[-1].started.wait(PATIENCE)

    process.runtime.run(process.runtime.ready())
    with process.runtime._lock:
        said = in_child(work)
    assert said == "(2, 2, True)"
    assert process.runtime._home is current_portal().loop()
    process.runtime.run(process.runtime.stop())


def in_child(work: Callable[[], object]) -> str:
    """Fork, do `work` in the child, and return what it returned or raised, as text."""
    read_end, write_end = os.pipe()
    pid = os.fork()
    if pid == 0:
        try:
            try:
                said = repr(work())
            except BaseException as error:
                said = repr(error)
            os.write(write_end, said.encode())
        finally:
            os._exit(0)
    os.close(write_end)
    with os.fdopen(read_end) as pipe:
        said = pipe.read()
    os.waitpid(pid, 0)
    return said
