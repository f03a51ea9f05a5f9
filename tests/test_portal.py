"""The portal: one loop a process, for callers that are not on a loop."""

import asyncio
import contextvars
import os
import signal
import subprocess
import sys
import threading
from collections.abc import AsyncIterator, Callable, Iterator

import pytest

from connect_hub.errors import SyncOnEventLoop
from connect_hub.portal import Portal, current_portal

WHO = contextvars.ContextVar("WHO", default="nobody")


@pytest.fixture
def portal() -> Iterator[Portal]:
    portal = Portal(close_timeout=5.0)
    yield portal
    portal.close()


async def answer() -> int:
    await asyncio.sleep(0)
    return 42


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


def python(code: str, *options: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-W", "error", *options, "-c", code],
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )


def test_importing_starts_nothing() -> None:
    """Importing the portal and asking for it starts no thread and opens no descriptor."""
    done = python(
        "import os, threading\n"
        "before = os.listdir('/proc/self/fd')\n"
        "from connect_hub.portal import current_portal\n"
        "assert current_portal() is current_portal()\n"
        "assert threading.active_count() == 1, threading.enumerate()\n"
        "print(os.listdir('/proc/self/fd') == before)"
    )
    assert (done.returncode, done.stdout.strip(), done.stderr) == (0, "True", "")


def test_run_returns_and_raises_what_the_coroutine_does(portal: Portal) -> None:
    """`run` is a call: the result comes back, and so does the very exception."""
    error = LookupError("not there")

    async def fails() -> None:
        raise error

    assert portal.run(answer()) == 42
    with pytest.raises(LookupError) as caught:
        portal.run(fails())
    assert caught.value is error


def test_the_callers_context_is_carried(portal: Portal) -> None:
    """A coroutine sees the context variables of the thread that runs it, and cannot change them."""

    async def who() -> str:
        seen = WHO.get()
        WHO.set("changed")
        return seen

    def under(name: str) -> tuple[str, str, str]:
        WHO.set(name)
        return portal.run(who()), portal.submit(who()).result(5), WHO.get()

    assert contextvars.copy_context().run(under, "ada") == ("ada", "ada", "ada")
    assert portal.run(who()) == "nobody"


def test_a_call_that_would_wait_for_itself_is_refused(portal: Portal) -> None:
    """On the portal's own loop `run` raises SyncOnEventLoop, names the coroutine and closes it."""

    async def nested() -> int:
        return portal.run(answer())

    with pytest.raises(SyncOnEventLoop, match=r"answer.*Await it"):
        portal.run(nested())
    assert portal.run(answer()) == 42


def test_threads_that_come_first_together_share_one_loop(portal: Portal) -> None:
    """Sixteen first callers at once get one loop and one thread."""
    barrier = threading.Barrier(16)
    loops: list[asyncio.AbstractEventLoop] = []

    def first() -> None:
        barrier.wait()
        loops.append(portal.loop())

    threads = [threading.Thread(target=first) for _ in range(16)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(loops) == 16
    assert len({id(loop) for loop in loops}) == 1


def test_a_child_makes_a_loop_of_its_own(portal: Portal) -> None:
    """After a fork the child's portal works, on another loop, and the parent's goes on (R18)."""
    parents = portal.loop()

    def work() -> tuple[int, bool]:
        return portal.run(answer()), portal.loop() is parents

    assert in_child(work) == "(42, False)"
    assert portal.run(answer()) == 42
    assert portal.loop() is parents


def test_a_lock_held_at_the_fork_does_not_hang_the_child(portal: Portal) -> None:
    """The child can start its loop although another thread was starting the parent's at the fork (R18)."""
    with portal._lock:
        said = in_child(lambda: portal.run(answer()))
    assert said == "42"


def test_closing_in_a_child_leaves_the_parents_loop_alone(portal: Portal) -> None:
    """A child that closes its portal, used or not, runs none of the parent's closers (R18)."""
    closed: list[int] = []

    async def close() -> None:
        closed.append(os.getpid())

    portal.on_close(close)

    def work() -> list[int]:
        portal.close()
        portal.run(answer())
        portal.close()
        return closed

    assert in_child(work) == "[]"
    assert portal.run(answer()) == 42
    portal.close()
    assert closed == [os.getpid()]


def test_an_interrupt_cancels_the_coroutine(portal: Portal) -> None:
    """Ctrl-C while waiting raises KeyboardInterrupt in the caller and cancels what it waited for."""
    cancelled = threading.Event()
    caller, interrupts = threading.get_ident(), 0

    def interrupt(*_: object) -> None:
        nonlocal interrupts
        interrupts += 1
        if interrupts == 1:
            raise KeyboardInterrupt

    async def never() -> None:
        while sys._current_frames()[caller].f_code.co_name != "wait":  # noqa: ASYNC110  # it has no event for that
            await asyncio.sleep(0)
        try:
            # More than once: one that comes between the letting go of the interpreter's lock and the system's
            # wait is heard by nobody until the wait ends.
            while True:
                signal.pthread_kill(caller, signal.SIGINT)
                await asyncio.sleep(0.2)
        finally:
            cancelled.set()

    before = signal.signal(signal.SIGINT, interrupt)
    try:
        with pytest.raises(KeyboardInterrupt):
            portal.run(never())
        assert cancelled.wait(5)
    finally:
        signal.signal(signal.SIGINT, before)
    assert portal.run(answer()) == 42


def test_an_exit_reaches_the_caller_and_not_the_loop(portal: Portal) -> None:
    """A coroutine that calls sys.exit() exits its caller; the loop goes on serving the others."""

    async def leaves() -> None:
        sys.exit(3)

    with pytest.raises(SystemExit, match="3"):
        portal.run(leaves())
    assert portal.run(answer()) == 42


def test_closing_runs_the_closers_and_cancels_the_rest(portal: Portal) -> None:
    """`close` awaits the closers, last first, though one fails; then the tasks end, and the loop."""
    told: list[str] = []
    started = threading.Event()

    def closer(name: str) -> Callable[[], object]:
        async def close() -> None:
            told.append(name)
            if name == "second":
                raise LookupError(name)

        return close

    async def numbers() -> AsyncIterator[int]:
        try:
            while True:
                yield 1
        finally:
            told.append("generator")

    async def lasts() -> None:
        async for _ in numbers():
            started.set()
            try:
                await asyncio.Event().wait()
            finally:
                told.append("task")

    for name in ("first", "second", "third"):
        portal.on_close(closer(name))  # type: ignore[arg-type]
    future = portal.submit(lasts())
    assert started.wait(5)
    loop = portal.loop()
    portal.close()
    portal.close()
    assert told == ["third", "second", "first", "task", "generator"]
    assert future.cancelled()
    assert loop.is_closed()
    assert portal.run(answer()) == 42
    assert portal.loop() is not loop


def test_a_closer_that_hangs_is_left_behind() -> None:
    """A closer that never ends holds the exit for no longer than `close_timeout`."""
    portal = Portal(close_timeout=0.05)

    async def hangs() -> None:
        await asyncio.Event().wait()

    loop = portal.loop()
    portal.on_close(hangs)
    portal.close()
    assert loop.is_closed()


def test_it_closes_by_itself_at_exit() -> None:
    """At the interpreter's exit closers and `finally` blocks run, and nothing is printed on the way (R18)."""
    done = python(
        "import asyncio, threading\n"
        "from connect_hub.portal import current_portal\n"
        "portal = current_portal()\n"
        "started = threading.Event()\n"
        "async def lasts():\n"
        "    try:\n"
        "        started.set()\n"
        "        await asyncio.sleep(60)\n"
        "    finally:\n"
        "        print('cancelled')\n"
        "async def close():\n"
        "    print('closed')\n"
        "portal.on_close(close)\n"
        "portal.submit(lasts())\n"
        "started.wait()\n",
        "-X",
        "dev",
    )
    assert (done.returncode, done.stdout.split(), done.stderr) == (0, ["closed", "cancelled"], "")


def test_there_is_one_portal_in_a_process() -> None:
    """Two callers of `current_portal` get the same portal, so that two mounts share one loop."""
    assert current_portal() is current_portal()


def test_greenlets_wait_together() -> None:
    """Under gevent twenty greenlets wait side by side, threads work, and a second loop can run."""
    done = python(
        "from gevent import monkey; monkey.patch_all()\n"
        "import asyncio, gevent\n"
        "from connect_hub.portal import current_portal\n"
        "there = 0\n"
        "async def meets(all_there=asyncio.Event()):\n"
        "    global there\n"
        "    there += 1\n"
        "    if there == 20: all_there.set()\n"
        "    await all_there.wait()\n"
        "    return await asyncio.to_thread(lambda: 1)\n"
        "jobs = [gevent.spawn(lambda: current_portal().run(meets())) for _ in range(20)]\n"
        "assert sum(job.get(timeout=30) for job in jobs) == 20\n"
        "async def one(): return await asyncio.to_thread(lambda: 1)\n"
        "assert asyncio.run(one()) == 1\n"
        "assert current_portal().run(one()) == 1\n"
        "try:\n"
        "    with gevent.Timeout(0.05): current_portal().run(asyncio.sleep(60))\n"
        "except gevent.Timeout: print('timed out')\n"
    )
    assert (done.returncode, done.stdout.strip(), done.stderr) == (0, "timed out", "")
