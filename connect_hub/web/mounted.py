"""`hub.app`: what a host mounts, made before any page of it is."""

from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Receive, Scope, Send

__all__ = ["MountedApp"]


class MountedApp:
    """An object, as servers tell an ASGI application by its `__call__`.

    `web` gives the application that answers, at each request. A server that asks for a lifespan gets
    `lifespan`.
    """

    def __init__(
        self, web: "Callable[[], ASGIApp]", lifespan: Callable[[], AbstractAsyncContextManager[None]]
    ) -> None:
        self._web = web
        self._lifespan = lifespan

    async def __call__(self, scope: "Scope", receive: "Receive", send: "Send") -> None:
        if scope["type"] == "lifespan":
            await self._answer_lifespan(receive, send)
        else:
            await self._web()(scope, receive, send)

    async def _answer_lifespan(self, receive: "Receive", send: "Send") -> None:
        await receive()
        try:
            async with self._lifespan():
                await send({"type": "lifespan.startup.complete"})
                await receive()
        except Exception as error:
            await send({"type": "lifespan.startup.failed", "message": str(error)})
            raise
        await send({"type": "lifespan.shutdown.complete"})
