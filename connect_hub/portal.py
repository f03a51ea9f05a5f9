"""The portal: one event loop a process, in a thread of its own, for callers that are not on a loop.

`hub.sync` and the WSGI bridge run coroutines here and wait for them. There is one portal in a process,
because engines and HTTP clients belong to the loop that first used them; two mounts share it.

Nothing happens before the first use: no thread, no loop. After a fork the child finds the portal unused and
makes a loop of its own (`gunicorn --preload`). At exit what was registered with `on_close` runs, the rest is
cancelled, and the loop is closed.

Under gevent the loop still lives in a real thread, since two event loops in one thread cannot be; a greenlet
that waits for it lets the others run.
"""

import asyncio
import atexit
import contextlib
import logging
import os
import sys
import threading
import weakref
from collections.abc import Awaitable, Callable, Coroutine
from concurrent.futures import Future
from dataclasses import dataclass
from typing import ClassVar, Protocol, TypeVar

from connect_hub.errors import SyncOnEventLoop

__all__ = ["Portal", "Signal", "current_portal"]

T = TypeVar("T")

logger = logging.getLogger("connect_hub.portal")


def current_portal() -> "Portal":
    """Return the process's one portal. It starts at its first use, not here."""
    return _PORTAL


class Signal(Protocol):
    """What one thread or greenlet waits for and another thread sets; after a `wait` it can be set again."""

    def set(self) -> None:
        """Wake the waiter, or let its next `wait` return at once. Any thread may call this."""

    def wait(self, timeout: float | None = None) -> bool:
        """Wait at most `timeout` seconds, for ever by default; False says that the time ran out."""

    def close(self) -> None:
        """Give back what the signal holds. The waiter calls this, once, when it will wait no more."""


class Portal:
    """An event loop in a daemon thread. Every method may be called from any thread."""

    def __init__(self, *, name: str = "connect-hub-portal", close_timeout: float = 10.0) -> None:
        """`close_timeout`: seconds that `close` gives to what `on_close` registered, then to the rest."""
        self._name = name
        self._close_timeout = close_timeout
        self._lock = _new_lock()
        self._running: _Running | None = None
        self._exit_registered = False
        _portals.add(self)

    def run(self, coroutine: Coroutine[object, object, T]) -> T:
        """Run `coroutine` on the loop, in the caller's context variables, and return its result.

        Interrupting the wait (KeyboardInterrupt, gevent's Timeout) cancels the coroutine. Raises what the
        coroutine raises; SyncOnEventLoop, and the coroutine is closed, when called on the portal's own loop.
        """
        running = self._start()
        if running.thread_id == threading.get_ident():
            name = getattr(coroutine, "__qualname__", "the coroutine")
            coroutine.close()
            raise SyncOnEventLoop(
                f"{name} was called synchronously on the event loop it would wait for. Await it instead."
            )
        signal, future = self.signal(), None
        try:
            future = self.submit(coroutine)
            future.add_done_callback(lambda _: signal.set())
            signal.wait()
        except BaseException:
            if future is not None:
                future.cancel()
            raise
        finally:
            signal.close()
        return future.result()

    def submit(self, coroutine: Coroutine[object, object, T]) -> Future[T]:
        """Start `coroutine` on the loop, in the caller's context; cancelling the future cancels it."""
        return asyncio.run_coroutine_threadsafe(coroutine, self._start().loop)

    def loop(self) -> asyncio.AbstractEventLoop:
        """Return the running loop of this process; starts it on first use."""
        return self._start().loop

    def signal(self) -> Signal:
        """Return a new signal that the calling thread, or greenlet, can wait for and the loop can set."""
        return _GreenletSignal() if _gevent_is_patched() else _ThreadSignal()

    def on_close(self, callback: Callable[[], Awaitable[object]]) -> None:
        """Await `callback` on the loop when this process's portal closes: last registered, first called."""
        self._start().closers.append(callback)

    def close(self) -> None:
        """Run what `on_close` registered, cancel every task, close the loop, end the thread.

        Called by itself at exit. Without a running loop it does nothing; a later use starts a new one.
        """
        with self._lock:
            running, self._running = self._running, None
        if running is None or running.pid != os.getpid():
            return
        if running.thread_id == threading.get_ident():
            raise SyncOnEventLoop("A portal cannot be closed on its own event loop.")
        running.loop.call_soon_threadsafe(running.loop.stop)
        if not running.ended.wait(2 * self._close_timeout + 1.0):
            logger.warning("The portal's loop did not end; a task on it blocks its thread.")

    def _start(self) -> "_Running":
        running = self._running
        if running is not None and running.pid == os.getpid():
            return running
        with self._lock:
            if self._running is None or self._running.pid != os.getpid():
                self._running = _Running.start(self._name, self._close_timeout)
                if not self._exit_registered:
                    self._exit_registered = True
                    _call_at_exit(self.close)
            return self._running

    def _after_fork_in_child(self) -> None:
        """Forget the parent's loop; the lock may have been held by a thread that the child does not have."""
        self._lock = _new_lock()
        self._running = None


@dataclass(frozen=True, slots=True, eq=False)
class _Running:
    """One started loop: in which process, in which thread."""

    loop: asyncio.AbstractEventLoop
    pid: int
    thread_id: int
    ended: Signal
    closers: list[Callable[[], Awaitable[object]]]

    kept: ClassVar[list["_Running"]] = []
    """Every one that runs, or ran at a fork. A child must not let its parent's loop be collected: that would
    unregister its descriptors from the epoll that parent and child share, and make the parent deaf."""

    @classmethod
    def start(cls, name: str, close_timeout: float) -> "_Running":
        started: Future[_Running] = Future()

        def serve() -> None:
            # Made here, not by the caller: under gevent a selector belongs to the thread that made it.
            try:
                loop = asyncio.new_event_loop()
            except BaseException as error:
                return started.set_exception(error)
            running = cls(loop, os.getpid(), threading.get_ident(), _ThreadSignal(), [])
            cls.kept.append(running)
            started.set_result(running)
            try:
                _run_until_stopped(loop)
                _wind_up(loop, running.closers, close_timeout)
            finally:
                cls.kept.remove(running)
                running.ended.set()
            return None

        ready = _ThreadSignal()
        started.add_done_callback(lambda _: ready.set())
        _start_thread(serve, name)
        ready.wait()
        return started.result()


def _run_until_stopped(loop: asyncio.AbstractEventLoop) -> None:
    while True:
        try:
            return loop.run_forever()
        except (KeyboardInterrupt, SystemExit):
            # asyncio lets these two out of the loop. Whoever waits gets it from the task; the loop goes on.
            logger.warning("A coroutine on the portal asked the interpreter to exit.", exc_info=True)


def _wind_up(
    loop: asyncio.AbstractEventLoop, closers: list[Callable[[], Awaitable[object]]], seconds: float
) -> None:
    try:
        loop.run_until_complete(_run_closers(closers, seconds))
        tasks = asyncio.all_tasks(loop)
        for task in tasks:
            task.cancel()
        if tasks:
            loop.run_until_complete(asyncio.wait(tasks, timeout=seconds))
        loop.run_until_complete(loop.shutdown_asyncgens())
        loop.run_until_complete(loop.shutdown_default_executor())
    finally:
        loop.close()


async def _run_closers(closers: list[Callable[[], Awaitable[object]]], seconds: float) -> None:
    try:
        async with asyncio.timeout(seconds):
            while closers:
                try:
                    await closers.pop()()
                except Exception:
                    logger.exception("Something that had to be closed with the portal failed.")
    except TimeoutError:
        logger.warning("What had to be closed with the portal did not end within %s seconds.", seconds)


class _ThreadSignal:
    """A signal on one lock of the operating system: held while unset."""

    __slots__ = ("_lock",)

    def __init__(self) -> None:
        self._lock = _new_lock()
        self._lock.acquire()

    def set(self) -> None:
        with contextlib.suppress(RuntimeError):  # it was set already
            self._lock.release()

    def wait(self, timeout: float | None = None) -> bool:
        return self._lock.acquire(timeout=-1 if timeout is None else max(timeout, 0.0))

    def close(self) -> None:
        return None


class _GreenletSignal:
    """A signal that a greenlet waits for: only an `async_` watcher may be touched from a foreign thread."""

    __slots__ = ("_closed", "_event", "_guard", "_watcher")

    def __init__(self) -> None:
        self._event = sys.modules["gevent.event"].Event()
        self._watcher = sys.modules["gevent"].get_hub().loop.async_()
        self._watcher.start(self._event.set)
        self._guard = _new_lock()
        self._closed = False

    def set(self) -> None:
        with self._guard:
            if not self._closed:
                self._watcher.send()

    def wait(self, timeout: float | None = None) -> bool:
        is_set = self._event.wait(timeout)
        self._event.clear()
        return bool(is_set)

    def close(self) -> None:
        with self._guard:
            if not self._closed:
                self._closed = True
                self._watcher.stop()
                self._watcher.close()


def _gevent_is_patched() -> bool:
    monkey = sys.modules.get("gevent.monkey")
    return monkey is not None and bool(monkey.is_module_patched("threading"))


def _new_lock() -> threading.Lock:
    if _gevent_is_patched():
        return sys.modules["gevent.monkey"].get_original("_thread", "allocate_lock")()  # type: ignore[no-any-return]
    return threading.Lock()


def _start_thread(target: Callable[[], None], name: str) -> None:
    if _gevent_is_patched():
        sys.modules["gevent.monkey"].get_original("_thread", "start_new_thread")(target, ())
    else:
        threading.Thread(target=target, name=name, daemon=True).start()


def _call_at_exit(close: Callable[[], None]) -> None:
    """Before the executors' own exit hook: what is under way needs their threads to write down how it ended.

    Under gevent their "threads" are greenlets of the portal's thread: it would wait for them for ever.
    """
    register = getattr(threading, "_register_atexit", atexit.register)  # private, and the only way there is
    try:
        register(close)
    except RuntimeError:  # the end has begun already
        atexit.register(close)


def _after_fork_in_child() -> None:
    for portal in list(_portals):
        portal._after_fork_in_child()


_portals: "weakref.WeakSet[Portal]" = weakref.WeakSet()
_PORTAL = Portal()
if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_after_fork_in_child)
