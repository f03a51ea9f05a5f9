"""`hub.sync` after a bare fork: the child has a working hub, whatever its parent's loop was at."""

import asyncio
import os
import select
import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from sqlalchemy import create_engine

from connect_hub import ConnectHub, SQLStorage
from connect_hub.portal import current_portal
from tests.hubs import make_hub

PATIENCE = 60.0

pytestmark = pytest.mark.filterwarnings("ignore:.*multi-threaded.*fork:DeprecationWarning")


def work(hub: ConnectHub) -> str:
    """Make a link, read it, and list the accounts, as a task would."""
    made = hub.sync.links.create(origin_owner_id="42", origin_owner_name="Acme")
    known = hub.sync.sessions.get(made.session.id).session
    return f"{known.origin_owner_id}: {hub.sync.accounts.list()}"


def in_child(call: Callable[[], object]) -> str:
    """Fork, `call` in the child, and return what it returned or raised, as text; a child that hangs fails."""
    read_end, write_end = os.pipe()
    pid = os.fork()
    if pid == 0:
        try:
            try:
                said = str(call())
            except BaseException as error:
                said = repr(error)
            os.write(write_end, said.encode())
        finally:
            os._exit(0)
    os.close(write_end)
    with os.fdopen(read_end) as pipe:
        ready, _, _ = select.select([pipe], [], [], PATIENCE)
        if not ready:
            os.kill(pid, signal.SIGKILL)
        os.waitpid(pid, 0)
        assert ready, "the child hangs"
        return pipe.read()


@contextmanager
def loop_in_a_thread() -> Iterator[asyncio.AbstractEventLoop]:
    """An event loop that runs elsewhere, as a server's does."""
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever)
    thread.start()
    try:
        yield loop
    finally:
        loop.call_soon_threadsafe(loop.stop)
        thread.join(PATIENCE)
        loop.close()


def test_after_the_portal_was_used(tmp_path: Path) -> None:
    """R18: the parent's calls ran on its portal; child and grandchild have portals of their own, and the
    parent's goes on."""
    hub = make_hub(tmp_path).hub
    assert work(hub) == "42: []"
    parents = current_portal().loop()

    def child() -> str:
        first = work(hub)
        return f"{first} {work(hub)} {in_child(lambda: work(hub))} {current_portal().loop() is parents}"

    for _ in range(2):
        assert in_child(child) == "42: [] 42: [] 42: [] False"
        assert work(hub) == "42: []"
    assert current_portal().loop() is parents
    current_portal().run(hub.aclose())


def test_after_a_loop_of_the_hosts_was_used(tmp_path: Path) -> None:
    """R18: the parent's calls run on its host's loop in another thread, which the child does not have."""
    hub = make_hub(tmp_path).hub
    with loop_in_a_thread() as loop:
        asyncio.run_coroutine_threadsafe(hub.check(), loop).result(PATIENCE)
        assert work(hub) == "42: []"
        assert in_child(lambda: work(hub)) == "42: []"
        assert work(hub) == "42: []"
        asyncio.run_coroutine_threadsafe(hub.aclose(), loop).result(PATIENCE)


async def test_forked_where_a_loop_runs(tmp_path: Path) -> None:
    """R18: forked from inside a coroutine of the hub's loop, which does not run in the child: there
    `hub.sync` works, and in the parent its flows are awaited as before."""
    hub = make_hub(tmp_path).hub
    await hub.check()
    assert in_child(lambda: work(hub)) == "42: []"
    made = await hub.links.create(origin_owner_id="42", origin_owner_name="Acme")
    assert (await hub.sessions.get(made.session.id)).session.origin_owner_id == "42"
    await hub.aclose()


def test_with_an_engine_of_the_hosts(tmp_path: Path) -> None:
    """R18: the host's own pool is the child's too, until that lets go of it, as SQLAlchemy advises; the hub
    works then, and the parent's connections are as they were."""
    engine = create_engine(f"sqlite:///{tmp_path}/host.db")
    SQLStorage.create_all(engine)
    hub = make_hub(tmp_path, storage=SQLStorage(engine)).hub
    assert work(hub) == "42: []"

    def child() -> str:
        engine.dispose(close=False)
        return work(hub)

    assert in_child(child) == "42: []"
    assert work(hub) == "42: []"
    current_portal().run(hub.aclose())
    engine.dispose()
