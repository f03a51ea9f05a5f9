"""The hub inside any ASGI application, as a middleware of pure ASGI.

    app.add_middleware(ConnectHubMiddleware, hub=hub, prefix="/connect")     # Starlette, FastAPI
    app = ConnectHubMiddleware(app, hub=hub, prefix="/connect")              # any other

Compared with `app.mount("/connect", hub.app)`: deliveries begin with the host's first request of any kind
instead of the hub's, end in good order at the host's shutdown, and `/connect` without a slash is served.
"""

from typing import TYPE_CHECKING

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from connect_hub.hosts.mounting import check_prefix

if TYPE_CHECKING:
    from connect_hub.hub import ConnectHub

__all__ = ["ConnectHubMiddleware"]


class ConnectHubMiddleware:
    """Serves the hub under `prefix`, and passes on everything else as it came."""

    def __init__(self, app: ASGIApp, *, hub: "ConnectHub", prefix: str) -> None:
        """`prefix`: a path such as "/connect": /connect and /connect/… are the hub's, /connected the host's.

        Raises ConfigurationError if the hub's `public_url` does not end in it.
        """
        check_prefix(prefix, hub.public_url)
        self._app = app
        self._hub = hub
        self._prefix = prefix

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await self._app(scope, receive, self._stopping(send))
            return
        self._hub.start_soon()
        ours = self._ours(scope)
        if ours is None:
            await self._app(scope, receive, send)
        else:
            await self._hub.app(ours, receive, send)

    def _ours(self, scope: Scope) -> Scope | None:
        """The scope as the hub sees it; None for a request of the host's.

        A server that was told a root path has it in front of the path, one that was not has none.
        """
        path, root = scope["path"], scope.get("root_path", "").rstrip("/")
        below = path[len(root) :] if path == root or path.startswith(f"{root}/") else path
        if below != self._prefix and not below.startswith(f"{self._prefix}/"):
            return None
        mounted = root + self._prefix
        rest = below[len(self._prefix) :] or "/"
        return {**scope, "root_path": mounted, "path": mounted + rest}

    def _stopping(self, send: Send) -> Send:
        """The host's own lifespan, word for word; before it says that it is down, the hub is too."""

        async def sent(message: Message) -> None:
            if message["type"].startswith("lifespan.shutdown."):
                await self._hub.aclose()
            await send(message)

        return sent
