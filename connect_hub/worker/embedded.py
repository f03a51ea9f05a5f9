"""The embedded dispatcher: a task in the host's own process, on the hub's home loop."""

import asyncio
import logging
import random
from collections.abc import Awaitable, Callable
from datetime import timedelta

__all__ = ["EmbeddedDispatcher"]

log = logging.getLogger("connect_hub.worker")

_FINISH_WITHIN = timedelta(seconds=8)
_GIVE_UP_WITHIN = timedelta(seconds=2)
"""Together the ten seconds of the port: to finish what runs, then to hand it back."""


class EmbeddedDispatcher:
    """Calls `run_due` whenever woken, and at least every `interval`, until it returns 0."""

    def __init__(
        self, run_due: Callable[[], Awaitable[int]], *, interval: timedelta = timedelta(seconds=5)
    ) -> None:
        self._run_due = run_due
        self._interval = interval
        self._loop: asyncio.AbstractEventLoop | None = None
        self._task: asyncio.Task[None] | None = None
        self._due = asyncio.Event()
        self._stopping = False

    def start(self) -> None:
        loop = asyncio.get_running_loop()
        if self._loop is loop and self._task is not None and not self._task.done():
            return
        self._loop = loop
        self._stopping = False
        self._due = asyncio.Event()
        self._due.set()
        self._task = loop.create_task(self._run(), name="connect_hub dispatcher")

    def wake(self) -> None:
        loop = self._loop
        if loop is None or loop.is_closed():
            return
        try:
            loop.call_soon_threadsafe(self._due.set)
        except RuntimeError:  # it was closed just now; what is due waits for the next dispatcher
            return

    async def stop(self) -> None:
        task, self._task = self._task, None
        if task is None:
            return
        self._stopping = True
        self._due.set()
        done, _ = await asyncio.wait({task}, timeout=_FINISH_WITHIN.total_seconds())
        if not done:
            task.cancel()
            done, _ = await asyncio.wait({task}, timeout=_GIVE_UP_WITHIN.total_seconds())
        if not done:
            log.warning("a callback does not let itself be cancelled; stopping without it")

    async def _run(self) -> None:
        while not self._stopping:
            try:
                # Jitter, so that the processes of one host do not all look at once.
                wait = self._interval.total_seconds() * random.uniform(0.8, 1.2)  # noqa: S311  # no secret
                async with asyncio.timeout(wait):
                    await self._due.wait()
            except TimeoutError:
                pass
            self._due.clear()
            await self._drain()

    async def _drain(self) -> None:
        try:
            while not self._stopping and await self._run_due() > 0:
                pass
        except Exception:
            # The database may be away for a while: the next round tries again.
            log.exception("could not run what is due; trying again")
