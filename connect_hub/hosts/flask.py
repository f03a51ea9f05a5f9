"""The hub inside a Flask application: `hub.init_app(app, "/connect")`, and who is signed in to it."""

import asyncio
import io
import sys
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, TypeVar

from flask import Flask

from connect_hub.errors import ConfigurationError
from connect_hub.identity import SignIn, Subject, Visitor

if TYPE_CHECKING:
    from connect_hub.hub import ConnectHub

__all__ = ["asking", "identity", "init_app"]

T = TypeVar("T")

EXTENSION = "connect_hub"

_NOT_OURS = frozenset({"content-length", "content-type", "host", "transfer-encoding", "x-forwarded-host"})
"""What a rebuilt request has not: a body, and names of hosts that the visitor could choose."""


def init_app(hub: "ConnectHub", app: Flask, prefix: str, *, exclusive_engine: bool = False) -> None:
    """See `ConnectHub.init_app`, which calls this."""
    name = EXTENSION if EXTENSION not in app.extensions else f"{EXTENSION}:{prefix}"
    if name in app.extensions or hub in app.extensions.values():
        raise ConfigurationError(f"init_app: this application has a hub at {prefix!r}, or this hub, already.")
    inner = hub.wsgi_middleware(app.wsgi_app, prefix, exclusive_engine=exclusive_engine)
    app.wsgi_app = inner  # type: ignore[method-assign,assignment]  # as Flask's documentation has it
    app.extensions[name] = hub
    hub.callbacks.surroundings = app.app_context


def identity(
    app: Flask, function: Callable[[], Subject | SignIn]
) -> Callable[[Visitor], Awaitable[Subject | SignIn]]:
    """For `PageConfig(identity=identity(app, who))`: `who()` says who is signed in to the Flask application.

    It runs in a request context of `app` with the visitor's headers, cookies and address, so that
    `flask.session` and flask-login's `current_user` work; and in a thread, so that it may use a database. No
    view, `before_request` function or error handler runs, and a change to the session is not sent. In a hub
    of several projects it must name the owner's: `Subject(owner_id, project=…)`.
    """

    return asking(app, function)


def asking(app: Flask, function: Callable[[], T]) -> Callable[[Visitor], Awaitable[T]]:
    """What `function()` returns in a request context of `app` with the visitor's headers, in a thread."""

    def ask(visitor: Visitor) -> T:
        with app.request_context(_environ(visitor)):
            return function()

    async def answer(visitor: Visitor) -> T:
        return await asyncio.to_thread(ask, visitor)

    return answer


def _environ(visitor: Visitor) -> dict[str, object]:
    """A GET of `/` by this visitor (PEP 3333)."""
    client, scheme = visitor.scope.get("client"), str(visitor.scope.get("scheme", "https"))
    headers = {
        f"HTTP_{name.upper().replace('-', '_')}": value
        for name, value in visitor.headers.items()
        # Of X-User and X_User, WSGI makes one name; a gateway takes the first alone from what visitors send.
        if name not in _NOT_OURS and "_" not in name
    }
    return {
        **headers,
        "REQUEST_METHOD": "GET",
        "SCRIPT_NAME": "",
        "PATH_INFO": "/",
        "QUERY_STRING": "",
        "SERVER_NAME": "localhost",
        "SERVER_PORT": "443" if scheme == "https" else "80",
        "SERVER_PROTOCOL": "HTTP/1.1",
        "REMOTE_ADDR": str(client[0]) if isinstance(client, tuple | list) and client else "",
        "wsgi.version": (1, 0),
        "wsgi.url_scheme": scheme,
        "wsgi.input": io.BytesIO(),
        "wsgi.errors": sys.stderr,
        "wsgi.multithread": True,
        "wsgi.multiprocess": True,
        "wsgi.run_once": False,
    }
