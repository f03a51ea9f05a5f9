"""`hub.sync` after a bare fork: the child has a working hub, whatever its parent's loop was at."""

import asyncio
import contextvars
import logging
import os
import select
import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from sqlalchemy import Engine, create_engine, event

from connect_hub import ConnectHub, SQLStorage
from connect_hub.errors import StorageUnavailable
from connect_hub.portal import current_portal
from connect_hub.testing.storage.values import linked, session
from tests.hubs import make_hub

PATIENCE = 60.0

pytestmark = pytest.mark.filterwarnings("ignore:.*multi-threaded.*fork:DeprecationWarning")


def work(hub: ConnectHub) -> str:
    """Make a link, read it, and list the accounts, as a task would."""
    made = hub.sync.links.create(origin_owner_id="42", origin_owner_name="Acme")
    known = hub.sync.sessions.get(made.session.id).session
    return f"{known.origin_owner_id}: {hub.sync.accounts.list()}"


def in_child(call: Callable[[], object], and_then: Callable[[], object] = lambda: None) -> str:
    """Fork, `call` in the child, and return what it returned or raised, as text; a child that hangs fails.

    `and_then` is called in the parent, when it was forked."""
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
    and_then()
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


@pytest.mark.parametrize("statement", ["INSERT INTO connect_hub_sessions", "SELECT connect_hub_sessions"])
def test_a_fork_waits_for_what_is_under_way_on_sqlite(tmp_path: Path, statement: str) -> None:
    """R18: a child that was forked amid a transaction on SQLite would take the file for locked as long as it
    lives. So the fork waits for that, be it a write or a read, and the child works; so does its parent."""
    hub = make_hub(tmp_path, storage=SQLStorage.sqlite(tmp_path / "hub.db")).hub
    assert work(hub) == "42: []"
    assert isinstance(hub.storage, SQLStorage)
    assert isinstance(hub.storage.engine, Engine)
    under_way, forked = threading.Event(), threading.Event()
    seen: list[bool] = []
    parent = os.getpid()

    def stop(_c: object, _cursor: object, text: str, *_: object) -> None:
        if os.getpid() == parent and text.startswith(statement) and not seen:
            under_way.set()
            seen.append(forked.wait(1))

    event.listen(hub.storage.engine, "after_cursor_execute", stop)
    parents = threading.Thread(target=work, args=(hub,))
    parents.start()
    assert under_way.wait(PATIENCE)
    assert in_child(lambda: work(hub), forked.set) == "42: []"
    parents.join(PATIENCE)
    assert seen == [False]
    assert work(hub) == "42: []"
    current_portal().run(hub.aclose())


def test_a_fork_in_a_callback_on_sqlite_is_told(tmp_path: Path) -> None:
    """There nothing can wait: the child's first use says `storage_unavailable`, and its log says why."""
    engine = create_engine(f"sqlite:///{tmp_path}/host.db", connect_args={"timeout": 0.1})
    SQLStorage.create_all(engine)
    storage, said = SQLStorage(engine), []

    def child() -> str:
        engine.dispose(close=False)
        asyncio._set_running_loop(None)
        records: list[logging.LogRecord] = []
        handler = logging.Handler()
        handler.emit = records.append  # type: ignore[assignment]
        logging.getLogger("connect_hub.storage").addHandler(handler)
        loop = asyncio.new_event_loop()
        # A copy of the context without the mark of the callback: the child's own work.
        with pytest.raises(StorageUnavailable):
            contextvars.Context().run(loop.run_until_complete, storage.create_session(session()))
        return " ".join(record.getMessage() for record in records)

    def callback(*_: object) -> None:
        said.append(in_child(child))

    async def linking() -> None:
        await linked(storage, in_transaction=callback)
        await storage.aclose()

    asyncio.run(linking())
    assert "forked in the middle of a transaction" in said[0]
    engine.dispose()
