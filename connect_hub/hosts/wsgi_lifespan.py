"""The lifespan of an ASGI application on one event loop, for hosts that run none."""

import asyncio
import contextvars
import logging
from collections.abc import Awaitable, Callable, MutableMapping

__all__ = ["Lifespan"]

Message = MutableMapping[str, object]
ASGIApp = Callable[
    [MutableMapping[str, object], Callable[[], Awaitable[Message]], Callable[[Message], Awaitable[None]]],
    Awaitable[None],
]

logger = logging.getLogger("connect_hub.wsgi")


class Lifespan:
    """Started once, at the first `ensure_started`, and stopped by `stop`; both run on the loop.

    An application that raises or returns at the lifespan scope has none, which is fine. One that answers
    `lifespan.startup.failed` is asked again by the next `ensure_started`: here the first request is the
    start, and what it needed may be up a moment later.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app
        self._starting: asyncio.Task[None] | None = None
        self._running: asyncio.Task[None] | None = None
        self._inbox: asyncio.Queue[Message] = asyncio.Queue()
        self._failure: str | None = None
        self._started = asyncio.Event()
        self.state: dict[str, object] = {}
        """What the application put into `scope["state"]` at start; each request gets a copy."""

    @property
    def is_started(self) -> bool:
        """True once start-up is over, for an application without a lifespan too."""
        return self._starting is not None and _has_succeeded(self._starting)

    async def ensure_started(self) -> None:
        """Wait until the application has started. Raises RuntimeError when it says that it cannot."""
        starting = self._starting
        if starting is None:
            # A context of its own: what lives as long as the process must not carry the first caller's.
            loop = asyncio.get_running_loop()
            starting = self._starting = loop.create_task(self._start(), context=contextvars.Context())
        try:
            await asyncio.shield(starting)
        finally:
            if self._starting is starting and starting.done() and not _has_succeeded(starting):
                self._starting = None

    async def stop(self) -> None:
        """Tell the application to shut down, and wait until it has."""
        running = self._running
        if running is None or running.done():
            return
        await self._inbox.put({"type": "lifespan.shutdown"})
        await asyncio.wait([running])
        if not running.cancelled() and running.exception() is not None:
            logger.error("The application failed at shutdown.", exc_info=running.exception())

    async def _start(self) -> None:
        self._failure = None
        self._started.clear()
        self._inbox = asyncio.Queue()
        self._inbox.put_nowait({"type": "lifespan.startup"})
        self.state.clear()
        asgi = {"version": "3.0", "spec_version": "2.0"}
        scope: dict[str, object] = {"type": "lifespan", "asgi": asgi, "state": self.state}
        self._running = asyncio.ensure_future(self._call(scope))
        await self._started.wait()
        if self._failure is not None:
            raise RuntimeError(f"The application did not start: {self._failure or 'it gave no reason'}")

    async def _call(self, scope: MutableMapping[str, object]) -> None:
        try:
            await self._app(scope, self._inbox.get, self._send)
        except Exception:
            if self._started.is_set() and self._failure is None:
                raise
            logger.debug("The application has no lifespan, or could not start.", exc_info=True)
        finally:
            self._started.set()

    async def _send(self, message: Message) -> None:
        if message["type"] == "lifespan.startup.failed":
            self._failure = str(message.get("message", ""))
        elif message["type"] == "lifespan.shutdown.failed":
            logger.error("The application failed at shutdown: %s", message.get("message", ""))
        if str(message["type"]).startswith("lifespan.startup."):
            self._started.set()


def _has_succeeded(task: asyncio.Task[None]) -> bool:
    return task.done() and not task.cancelled() and task.exception() is None
