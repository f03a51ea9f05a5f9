"""uvicorn, as `serve` and `demo` run it: no query string in any log, and a shutdown in good order."""

import logging
import os
import signal
import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from connect_hub.errors import ConfigurationError
from connect_hub.secret_paths import without_secrets

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

__all__ = ["Front", "Server", "listen"]

access = logging.getLogger("connect_hub.access")

_STOP_WITHIN = 10
"""Seconds that requests under way may take once it is told to stop."""


def listen(host: str, port: int, *, options: str = "--host or --port") -> socket.socket:
    """A listening socket. Raises ConfigurationError that says why there is none, and which of the command's
    `options` to change."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        return socket.create_server((host, port), family=family)
    except (OSError, UnicodeError) as error:
        number = getattr(error, "errno", None)
        reason = os.strerror(number) if number and number > 0 else "there is no such address"
        raise ConfigurationError(
            f"Cannot listen on {host} port {port}: {reason}. Choose another with {options}; "
            "--port 0 takes any free one."
        ) from None


class Front:
    """Tells an application where it is mounted, and writes one line a request: method, path, status, time."""

    def __init__(self, app: "ASGIApp", *, path: str) -> None:
        self._app = app
        self._path = path

    async def __call__(self, scope: "Scope", receive: "Receive", send: "Send") -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        status, begun = 500, time.monotonic()

        async def sent(message: "Message") -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        try:
            # /connect alone is the index, which is at /connect/.
            whole = f"{self._path}/" if scope["path"] == self._path else scope["path"]
            await self._app({**scope, "root_path": self._path, "path": whole}, receive, sent)
        finally:
            # As it was sent: percent-encoded, so that it is one line; and without the query, which may hold a
            # token, a code or a state, and the token of a trigger (T5).
            sent_path = bytes(scope.get("raw_path") or b"?").partition(b"?")[0].decode("latin-1")
            path = without_secrets(sent_path)
            took = round((time.monotonic() - begun) * 1000)
            access.info("%s %s %d %dms", scope["method"], path, status, took)


class Server:
    """One application on one listening socket."""

    def __init__(self, app: "ASGIApp", *, path: str, listener: socket.socket, logs: bool = True) -> None:
        """`path`: where `app` is mounted. `logs`: whether each request is a line in the log."""
        import uvicorn

        host, port = listener.getsockname()[:2]
        self.address = f"http://{f'[{host}]' if ':' in host else host}:{port}"
        self._listener = listener
        self._server = uvicorn.Server(
            uvicorn.Config(
                Front(app, path=path) if logs else app,
                access_log=False,
                log_config=None,
                log_level="warning",
                lifespan="off",
                ws="none",
                loop="asyncio",
                server_header=False,
                # The hub counts proxies itself (CONNECT_HUB_TRUSTED_PROXIES).
                proxy_headers=False,
                timeout_graceful_shutdown=_STOP_WITHIN,
            )
        )

    async def run(self) -> None:
        """Serve until `stop`: to a signal it listens only within `stops_on_signals`."""
        await self._server.serve(sockets=[self._listener])

    def stop(self) -> None:
        """Take no more requests and let those under way finish; if it does not run yet, do not begin."""
        self._server.should_exit = True

    @contextmanager
    def stops_on_signals(self) -> Iterator[None]:
        """SIGTERM and SIGINT stop it in good order, also before it runs and while uvicorn is being loaded.

        uvicorn listens only while it runs, and raises a signal again when it has stopped: there is nothing
        left to do then.
        """
        numbers = (signal.SIGTERM, signal.SIGINT)
        before = {number: signal.signal(number, lambda *_: self.stop()) for number in numbers}
        try:
            yield
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)
