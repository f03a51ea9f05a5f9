"""Callers that do not await: how they wait for a coroutine."""

import asyncio
import contextlib
from collections.abc import Callable, Coroutine
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Generic, ParamSpec, TypeVar

from connect_hub.errors import ConnectHubError, SyncOnEventLoop
from connect_hub.portal import current_portal

__all__ = ["Elsewhere", "Here", "refuse_event_loop"]

P = ParamSpec("P")
T = TypeVar("T")

_LOOK_AGAIN = 1.0
"""Seconds after which a caller that waits for another thread's loop looks whether that still runs."""


class Elsewhere(Generic[T]):
    """A coroutine on the loop of another thread, and the caller who waits for it."""

    def __init__(self, coroutine: Coroutine[object, object, T], loop: asyncio.AbstractEventLoop) -> None:
        self._coroutine = coroutine
        self._loop = loop
        self._began = False
        self._future: Future[T] | None = None

    async def _run(self) -> T:
        self._began = True
        return await self._coroutine

    def finish(self) -> bool:
        """Wait until it is done; False if the loop ended before it began, so that it can run elsewhere.

        Raises ConnectHubError if the loop ends while it runs: nobody would ever answer.
        """
        wrapped = self._run()
        try:
            future = self._future = asyncio.run_coroutine_threadsafe(wrapped, self._loop)
        except RuntimeError:  # it was closed just now
            wrapped.close()
            return False
        signal = current_portal().signal()
        future.add_done_callback(lambda _: signal.set())
        try:
            while not signal.wait(_LOOK_AGAIN):
                if not self._loop.is_running():
                    break
        except BaseException:
            future.cancel()
            raise
        finally:
            signal.close()
        if future.done() and not future.cancelled():
            return True
        if self._began:
            raise ConnectHubError(
                "The event loop on which the hub ran has ended before it answered. Whether this was done is "
                "not known."
            )
        wrapped.close()
        return False

    def result(self) -> T:
        assert self._future is not None
        return self._future.result()


class Here(ThreadPoolExecutor):
    """Runs at once, in the thread that asks: what goes "to a thread" stays in the one that waits for it."""

    def submit(self, fn: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> Future[T]:
        future: Future[T] = Future()
        try:
            future.set_result(fn(*args, **kwargs))
        except BaseException as error:
            future.set_exception(error)
        return future


def refuse_event_loop(name: str) -> None:
    """Raise SyncOnEventLoop, which says to await `name`, where an event loop runs."""
    with contextlib.suppress(RuntimeError):
        asyncio.get_running_loop()
        raise SyncOnEventLoop(
            f"hub.sync was called on an event loop, which it would block. Await {name} instead."
        )
