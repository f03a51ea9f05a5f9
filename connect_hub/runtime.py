"""What lives in a process: the home loop, the set-up at first use, the dispatcher.

A library that is mounted cannot count on a lifespan, and a WSGI server may fork after it was imported. So
everything here begins at the first use in a process, and a child of a fork begins anew.
"""

import asyncio
import os
import threading
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager
from typing import TypeVar

from connect_hub.errors import SyncOnEventLoop
from connect_hub.outbound import LazyOutbound
from connect_hub.portal import current_portal
from connect_hub.storage.protocol import Storage
from connect_hub.storage.transaction import refuse_inside_transaction
from connect_hub.vault import Vault
from connect_hub.worker.dispatcher import Dispatcher

__all__ = ["Runtime"]

T = TypeVar("T")


class Runtime:
    """One hub's part of a process."""

    def __init__(
        self,
        *,
        storage: Storage,
        vault: Vault,
        outbound: LazyOutbound,
        dispatcher: Callable[[], Dispatcher] | None,
    ) -> None:
        """`dispatcher` makes one; None: another process delivers."""
        self._storage = storage
        self._vault = vault
        self._outbound = outbound
        self._new_dispatcher = dispatcher
        self._lock = threading.Lock()
        self._begin_process()
        _after_fork(self)

    def _begin_process(self) -> None:
        self._pid = os.getpid()
        self._home: asyncio.AbstractEventLoop | None = None
        self._checked = False
        self._dispatcher: Dispatcher | None = None
        self._dispatcher_loop: asyncio.AbstractEventLoop | None = None

    # --- set-up at first use ---

    async def ready(self) -> None:
        """See `Core.ready`. Costs next to nothing once it has succeeded."""
        refuse_inside_transaction()
        loop = asyncio.get_running_loop()
        if self._checked and self._home is loop:
            return
        with self._lock:
            if self._home is None or self._home.is_closed() or not self._home.is_running():
                self._home = loop
        if not self._checked:
            await self._storage.check()
            self._vault.check_canary(await self._storage.canary(self._vault.canary()))
            self._checked = True
        if self._home is loop:
            self._start_dispatcher(loop)

    def _start_dispatcher(self, loop: asyncio.AbstractEventLoop) -> None:
        if self._new_dispatcher is None or self._dispatcher_loop is loop:
            return
        self._dispatcher_loop = loop
        self._dispatcher = self._new_dispatcher()
        self._dispatcher.start()

    def wake(self) -> None:
        """See `Core.wake`."""
        if self._dispatcher is not None:
            self._dispatcher.wake()

    def start_soon(self) -> None:
        """Set the hub up without waiting for it, from a thread without an event loop."""
        if self._home is None:
            current_portal().submit(self.ready())

    async def stop(self) -> None:
        """Stop the dispatcher, and close what belongs to this loop."""
        dispatcher, self._dispatcher, self._dispatcher_loop = self._dispatcher, None, None
        if dispatcher is not None:
            await dispatcher.stop()
        await self._outbound.aclose()
        await self._storage.aclose()
        self._home = None

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Set up, then stopped at the end; for a lifespan."""
        await self.ready()
        try:
            yield
        finally:
            await self.stop()

    # --- callers that do not await ---

    def run(self, coroutine: Coroutine[object, object, T]) -> T:
        """Run a coroutine on the home loop, or on the process's portal if there is none, and wait for it.

        Raises SyncOnEventLoop when called where an event loop runs, and CallInsideTransaction.
        """
        try:
            refuse_inside_transaction()
            self._refuse_event_loop(coroutine)
        except BaseException:
            coroutine.close()
            raise
        home = self._home
        if home is not None and home.is_running():
            return asyncio.run_coroutine_threadsafe(coroutine, home).result()
        return current_portal().run(coroutine)

    @staticmethod
    def _refuse_event_loop(coroutine: Coroutine[object, object, object]) -> None:
        try:
            asyncio.get_running_loop()
        except RuntimeError:
            return
        name = getattr(coroutine, "__qualname__", "the coroutine")
        raise SyncOnEventLoop(
            f"hub.sync was called on an event loop, which it would block. Await {name} instead."
        )


def _after_fork(runtime: Runtime) -> None:
    """Let a child of a fork begin anew: its parent's loop, threads and tasks are not there."""

    def begin() -> None:
        runtime._lock = threading.Lock()
        runtime._begin_process()

    os.register_at_fork(after_in_child=begin)
