"""The embedded dispatcher: tasks in the host's own process, on the hub's home loop."""

import asyncio
import logging
import random
from collections.abc import Awaitable, Callable
from datetime import timedelta

from connect_hub.errors import ConfigurationError
from connect_hub.worker.dispatcher import Jobs

__all__ = ["EmbeddedDispatcher"]

log = logging.getLogger("connect_hub.worker")

_FINISH_WITHIN = timedelta(seconds=8)
_GIVE_UP_WITHIN = timedelta(seconds=2)
"""Together the ten seconds of the port: to finish what runs, then to hand it back."""


class EmbeddedDispatcher:
    """A `Dispatcher`: takes jobs whenever it is woken or one has ended, and at least every `interval`.

    Each job is a task of its own, so that none waits for another one.
    """

    def __init__(self, jobs: Jobs, *, interval: timedelta = timedelta(seconds=5)) -> None:
        self._jobs = jobs
        self._interval = interval
        self._loop: asyncio.AbstractEventLoop | None = None
        self._task: asyncio.Task[None] | None = None
        self._running: set[asyncio.Task[None]] = set()
        self._due = asyncio.Event()
        self._stopping = False
        self._said = ""

    def start(self) -> None:
        loop = asyncio.get_running_loop()
        if self._loop is loop and self._task is not None and not self._task.done():
            return
        self._loop = loop
        self._stopping = False
        self._running = set()
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
        # The loop first: it may be about to take jobs, and those are to be waited for, too.
        begun = asyncio.get_running_loop().time()
        pending = {task}
        await asyncio.wait(pending, timeout=_FINISH_WITHIN.total_seconds())
        left = _FINISH_WITHIN.total_seconds() - (asyncio.get_running_loop().time() - begun)
        pending = {each for each in (task, *self._running) if not each.done()}
        if pending:
            _, pending = await asyncio.wait(pending, timeout=max(0.0, left))
        for each in pending:
            each.cancel()
        if pending:
            _, pending = await asyncio.wait(pending, timeout=_GIVE_UP_WITHIN.total_seconds())
        if pending:
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
            await self._take()

    async def _take(self) -> None:
        """Take jobs until none is due or there is no room; a job that ends looks again."""
        try:
            while not self._stopping:
                claimed = await self._jobs.claim()
                for job in claimed:
                    task = asyncio.get_running_loop().create_task(_carried_out(job), name="connect_hub job")
                    self._running.add(task)
                    task.add_done_callback(self._ended)
                self._said = ""
                if not claimed:
                    return
        except ConfigurationError as error:
            # Its message says what to do; it may be long until somebody does it.
            if error.message != self._said:
                log.error("could not take what is due, trying again: %s", error.message)
            self._said = error.message
        except Exception:
            # The database may be away for a while: the next round tries again.
            log.exception("could not take what is due; trying again")

    def _ended(self, task: "asyncio.Task[None]") -> None:
        self._running.discard(task)
        self._due.set()


async def _carried_out(job: Callable[[], Awaitable[None]]) -> None:
    try:
        await job()
    except Exception:
        log.exception("a job's outcome could not be written down; it will be run again")
