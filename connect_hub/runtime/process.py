"""What lives in a process: the home loop, the set-up at first use, the dispatcher.

A library that is mounted cannot count on a lifespan, and a WSGI server may fork after it was imported. So
everything here begins at the first use in a process, and a child of a fork begins anew.

The **home loop** is the event loop that first used the hub, for as long as it runs; callers that do not await
are served on it. Without one they are served on the process's portal, which is the home loop from then on.
"""

import asyncio
import concurrent.futures
import contextvars
import logging
import os
import threading
import weakref
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Sequence
from contextlib import asynccontextmanager
from typing import TypeVar

from connect_hub.errors import ConfigurationError, ConnectHubError
from connect_hub.outbound import LazyOutbound
from connect_hub.portal import current_portal
from connect_hub.runtime.waiting import Elsewhere, Here, refuse_event_loop
from connect_hub.storage.protocol import Storage
from connect_hub.storage.transaction import refuse_inside_transaction
from connect_hub.vault import Vault
from connect_hub.worker.dispatcher import Dispatcher

__all__ = ["Runtime"]

T = TypeVar("T")

log = logging.getLogger("connect_hub.runtime")

_LONGEST_PAUSE = 60.0
"""Seconds between two tries to set up, at most."""

_OTHER_LOOP = (
    "storage: its AsyncEngine belongs to the event loop on which the hub was used first, and this is another "
    "one. Pass an Engine, with which nothing is bound to a loop; or an AsyncEngine with poolclass=NullPool; "
    "or use the hub on one loop alone (hub.sync before the server has started counts as another one)."
)

_within_host_transaction: contextvars.ContextVar[bool] = contextvars.ContextVar(
    "connect_hub_within_host_transaction", default=False
)


class Runtime:
    """One hub's part of a process. Every method may be called from any thread."""

    def __init__(
        self,
        *,
        storage: Storage,
        vault: Vault,
        outbound: Sequence[LazyOutbound],
        dispatcher: Callable[[], Dispatcher],
        finish: Callable[[], Awaitable[None]],
        dispatch: bool = True,
    ) -> None:
        """`dispatcher` makes one. `finish` is awaited before connections are closed: it carries out what was
        left to do behind a caller's back. `dispatch`: False where another process delivers."""
        self._storage = storage
        self._vault = vault
        self._outbound = outbound
        self._new_dispatcher = dispatcher
        self._finish = finish
        self._dispatch = dispatch
        self._begin_process()
        _runtimes.add(self)

    def _begin_process(self) -> None:
        """Forget a parent's loop, threads and tasks; its lock may have been held by a thread that is gone."""
        self._lock = threading.Lock()
        self._pid = os.getpid()
        self._home: asyncio.AbstractEventLoop | None = None
        self._portal_loop: asyncio.AbstractEventLoop | None = None
        self._checked = False
        self._check: asyncio.Task[None] | None = None
        self._starting: concurrent.futures.Future[None] | asyncio.Task[None] | None = None
        self._dispatcher: Dispatcher | None = None
        self._dispatcher_loop: asyncio.AbstractEventLoop | None = None
        self._running = 0
        self._said = ""

    @property
    def is_loop_bound(self) -> bool:
        """Whether the storage may be used on one event loop alone: it has an AsyncEngine that pools."""
        pool = getattr(getattr(getattr(self._storage, "engine", None), "sync_engine", None), "pool", None)
        return pool is not None and type(pool).__name__ != "NullPool"

    # --- set-up at first use ---

    async def ready(self, *, deliver: bool = True) -> None:
        """See `Core.ready`. Costs next to nothing once it has succeeded; what failed is tried again.

        `deliver`: whether deliveries begin, too; not for upkeep, which shall take none from the workers.
        """
        refuse_inside_transaction()
        loop = asyncio.get_running_loop()
        if not self._checked or self._home is not loop:
            if _within_host_transaction.get():
                return  # see `run_here`
            self._find_home(loop)
            if not self._checked:
                await self._check_once(loop)
        if deliver and self._home is loop:
            self._start_dispatcher(loop)

    def _find_home(self, loop: asyncio.AbstractEventLoop) -> None:
        with self._lock:
            home = self._home
            if home is loop:
                return
            if home is None or not home.is_running():
                self._home = loop
            elif self.is_loop_bound:
                raise ConfigurationError(_OTHER_LOOP)

    async def _check_once(self, loop: asyncio.AbstractEventLoop) -> None:
        """First requests that come together share one check, and its failure; the next one tries anew."""
        check = self._check
        if check is None or check.done() or check.get_loop() is not loop:
            # A context of its own: it must not be cut short with, nor see, the request that came first.
            check = loop.create_task(self._check_storage(), context=contextvars.Context())
            check.add_done_callback(lambda task: task.cancelled() or task.exception())
            self._check = check
        await asyncio.shield(check)

    async def _check_storage(self) -> None:
        await self._storage.check()
        self._vault.check_canary(await self._storage.canary(self._vault.canary()))
        self._checked, self._said = True, ""

    def _start_dispatcher(self, loop: asyncio.AbstractEventLoop) -> None:
        if not self._dispatch or self._dispatcher_loop is loop:
            return
        self._dispatcher_loop = loop
        self._dispatcher = self._new_dispatcher()
        # In an empty context, or the callbacks of all times would see the first request.
        contextvars.Context().run(self._dispatcher.start)

    def wake(self) -> None:
        """See `Core.wake`."""
        if self._dispatcher is not None:
            self._dispatcher.wake()

    # --- deliveries without a request to the hub ---

    def start_soon(self) -> None:
        """Set the hub up and begin deliveries without waiting for it; with an event loop or without.

        For every request of a host: it costs next to nothing once it has succeeded. What failed (the database
        is away) is logged and tried again, less and less often.
        """
        running = self._dispatcher_loop
        if not self._dispatch or (running is not None and running.is_running()):
            return
        with self._lock:
            if self._starting is not None and not self._starting.done():
                return
            self._starting = contextvars.Context().run(self._begin)

    def _begin(self) -> concurrent.futures.Future[None] | asyncio.Task[None]:
        home = self._home
        try:
            return asyncio.get_running_loop().create_task(self._keep_trying())
        except RuntimeError:
            pass
        loop = home if home is not None and home.is_running() else self._portal()
        return asyncio.run_coroutine_threadsafe(self._keep_trying(), loop)

    async def _keep_trying(self) -> None:
        pause = 1.0
        while True:
            try:
                return await self.ready()
            except ConnectHubError as error:
                self._say(error)
            await asyncio.sleep(pause)
            pause = min(2 * pause, _LONGEST_PAUSE)

    def _say(self, error: ConnectHubError) -> None:
        """Once, until it is another fault, or the set-up has succeeded."""
        if error.message != self._said:
            log.error("the hub is not ready: %s", error.message)
        self._said = error.message

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Set up, then stopped at the end; for a lifespan.

        The host starts also while the database is away: until it is back, requests to the hub are 503.
        """
        self._running += 1
        try:
            try:
                await self.ready()
            except ConnectHubError as error:
                self._say(error)
                self.start_soon()
            yield
        finally:
            await self._leave()

    @asynccontextmanager
    async def working(self, *, dispatch: bool) -> AsyncIterator[None]:
        """Set up, then stopped at the end; for a program that does one thing and knows whether to deliver.

        `dispatch`: whether events are delivered meanwhile, whatever was configured. Raises what `ready` does.
        """
        self._running += 1
        before, self._dispatch = self._dispatch, dispatch
        try:
            await self.ready()
            yield
        finally:
            await self._leave()
            self._dispatch = before

    async def _leave(self) -> None:
        self._running -= 1
        if self._running == 0:
            await self.stop()

    async def stop(self) -> None:
        """Stop the dispatcher, and close what belongs to this loop. A later use begins anew."""
        with self._lock:
            starting, self._starting = self._starting, None
            dispatcher, self._dispatcher = self._dispatcher, None
            loop, self._dispatcher_loop = self._dispatcher_loop, None
            self._home = None
        if starting is not None:
            starting.cancel()
        if dispatcher is not None and loop is not None:
            if loop is asyncio.get_running_loop():
                await dispatcher.stop()
            elif loop.is_running():
                await asyncio.wrap_future(asyncio.run_coroutine_threadsafe(dispatcher.stop(), loop))
        await self._finish()
        for outbound in self._outbound:
            await outbound.aclose()
        await self._storage.aclose()

    # --- callers that do not await ---

    def run(self, coroutine: Coroutine[object, object, T], *, name: str | None = None) -> T:
        """Run a coroutine on the home loop, or on the process's portal if there is none, and wait for it.

        `name`: what to await instead, for the message. Raises what the coroutine raises; SyncOnEventLoop when
        called where an event loop runs; CallInsideTransaction.
        """
        try:
            refuse_inside_transaction()
            refuse_event_loop(name or str(getattr(coroutine, "__qualname__", "the coroutine")))
        except BaseException:
            coroutine.close()
            raise
        home = self._home
        if home is not None and home is not self._portal_loop and home.is_running():
            elsewhere = Elsewhere(coroutine, home)
            if elsewhere.finish():
                return elsewhere.result()
        self._portal()
        return current_portal().run(coroutine)

    def run_here(self, coroutine: Coroutine[object, object, T], *, name: str | None = None) -> T:
        """Run a coroutine in the calling thread, which holds a transaction of its own on a connection.

        The set-up is left to another time: it may need the lock that the caller's transaction holds. Raises
        what `run` raises.
        """
        try:
            refuse_inside_transaction()
            refuse_event_loop(name or str(getattr(coroutine, "__qualname__", "the coroutine")))
        except BaseException:
            coroutine.close()
            raise
        context = contextvars.copy_context()
        context.run(_within_host_transaction.set, True)
        loop = asyncio.new_event_loop()
        loop.set_default_executor(Here())
        try:
            return loop.run_until_complete(loop.create_task(coroutine, context=context))
        finally:
            loop.close()

    def _portal(self) -> asyncio.AbstractEventLoop:
        """The portal's loop; what the hub has on it is closed with it."""
        portal = current_portal()
        loop = portal.loop()
        if self._portal_loop is not loop:
            self._portal_loop = loop
            reference = weakref.ref(self)

            async def close() -> None:
                runtime = reference()
                if runtime is not None:
                    await runtime.stop()

            portal.on_close(close)
        return loop


def _after_fork_in_child() -> None:
    for runtime in list(_runtimes):
        runtime._begin_process()


_runtimes: "weakref.WeakSet[Runtime]" = weakref.WeakSet()
if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_after_fork_in_child)
