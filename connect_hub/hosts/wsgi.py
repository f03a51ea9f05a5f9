"""Any ASGI application in a WSGI server: the way into Flask, Django and every other WSGI host.

    application = wsgi_middleware(flask_app.wsgi_app, hub.app, "/connect")

The application runs on the process's portal (`connect_hub.portal`); the server's thread reads the request,
waits, and hands back the response. How each thing that can go wrong ends:

| what happens | what the client gets |
|---|---|
| the body is larger than `max_body_size` | the application's own refusal, if its limit is lower; else 413 |
| the body is shorter than its Content-Length | the application sees `http.disconnect`; 400 |
| a chunked body that the server cannot end | 411, the application is not called |
| the application raises before its response | the exception is raised to the server, as any WSGI view's |
| it raises within a stream | the exception is raised to the server, which breaks the connection off |
| it returns without a response | 500 |
| no response, or no more of a stream, in `timeout` | 504, or the stream is broken off; it is cancelled |
| the client leaves a stream | the application is cancelled |
| it raises after its response | a line in the log `connect_hub.wsgi` |
"""

import asyncio
import json
import logging
from collections.abc import Callable, Iterable, Iterator
from datetime import UTC, datetime
from http import HTTPStatus
from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

from connect_hub.hosts.wsgi_exchange import Exchange
from connect_hub.hosts.wsgi_lifespan import ASGIApp, Lifespan
from connect_hub.hosts.wsgi_request import Answer, Scope, build_scope, read_body
from connect_hub.portal import Portal, current_portal
from connect_hub.secret_paths import without_secrets

__all__ = ["ASGIToWSGI", "hub_middleware", "wsgi_middleware"]

logger = logging.getLogger("connect_hub.wsgi")

_HOP_BY_HOP = frozenset(
    {
        b"connection",
        b"keep-alive",
        b"proxy-authenticate",
        b"proxy-authorization",
        b"proxy-connection",
        b"te",
        b"trailer",
        b"trailers",
        b"transfer-encoding",
        b"upgrade",
    }
)
"""What belongs to one connection (RFC 9110, 7.6.1) is the server's to say; PEP 3333 forbids it to us."""

_LINE_BREAKS = frozenset("\r\n\0")
_GRACE = 5.0
"""Seconds that requests and background tasks have at exit before they are cancelled."""

_GUARDS = (
    ("cache-control", "no-store"),
    ("x-content-type-options", "nosniff"),
    ("x-frame-options", "DENY"),
    ("content-security-policy", "default-src 'none'; frame-ancestors 'none'"),
    ("referrer-policy", "no-referrer"),
)
"""On the bridge's own answers, as the hub has them on its own; the application's are not touched."""

_REASONS = {status.value: f"{status.value} {status.phrase}" for status in HTTPStatus}


class ASGIToWSGI:
    """An ASGI application as a WSGI application.

    Its lifespan runs once a process: up before the first request, down at exit, after what still runs in the
    background has had its time. Nothing happens before the first request, so that the object may be made
    before a fork (`gunicorn --preload`).
    """

    def __init__(
        self,
        app: ASGIApp,
        *,
        portal: Portal | None = None,
        max_body_size: int = 1024 * 1024,
        timeout: float | None = 60.0,
    ) -> None:
        """`portal`: where the application runs; the process's own by default.

        `max_body_size`: bytes of a request body that are read at most; they are held in memory.
        `timeout`: seconds until the response must be there, or the next part of a stream; None: for ever.
        """
        if max_body_size < 0:
            raise ValueError("max_body_size: a number of bytes, 0 or more.")
        if timeout is not None and timeout <= 0:
            raise ValueError("timeout: seconds, more than 0; None waits for ever.")
        self._app = app
        self._portal = current_portal() if portal is None else portal
        self._max_body_size = max_body_size
        self._timeout = timeout
        self._served: _Served | None = None

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        body = read_body(environ, self._max_body_size)
        if body.fault is not None and body.is_refused:
            return _answer(body.fault, environ, start_response)
        loop = self._portal.loop()
        scope = build_scope(environ)
        exchange = Exchange(body=body, signal=self._portal.signal(), head_only=scope["method"] == "HEAD")
        loop.call_soon_threadsafe(self._serve, loop, scope, exchange)  # in a copy of the caller's context
        stream = _Stream(exchange, loop, self._timeout)
        try:
            if not exchange.wait(self._timeout):
                logger.error("%s did not answer in %s seconds; cancelled.", _named(scope), self._timeout)
                fault = Answer(504, "timeout", "The application did not answer in time.")
            elif exchange.answer is not None:
                fault = exchange.answer
            elif exchange.error is not None:
                raise exchange.take_error()
            elif exchange.is_complete or exchange.is_streaming:
                status, headers, content = _response(exchange, scope["method"] == "HEAD", loop)
                start_response(status, headers)
                if content is None:
                    return stream
                exchange.close()
                return [content] if content else []
            else:
                logger.error("%s returned without completing its response.", _named(scope))
                fault = Answer(500, "internal_error", "The application gave no response.")
        except BaseException:
            stream.close()
            raise
        stream.close()
        return _answer(fault, environ, start_response)

    def _serve(self, loop: asyncio.AbstractEventLoop, scope: Scope, exchange: Exchange) -> None:
        served = self._served
        if served is None or served.loop is not loop:  # the first request of this process
            served = self._served = _Served(self._app, loop)
            self._portal.on_close(served.stop)
        served.begin(scope, exchange)


class _Served:
    """The application on one event loop: its lifespan, and the requests at work. Used on that loop only."""

    def __init__(self, app: ASGIApp, loop: asyncio.AbstractEventLoop) -> None:
        self.loop = loop
        self._app = app
        self._lifespan = Lifespan(app)
        self._tasks: set[asyncio.Task[None]] = set()  # the loop itself holds tasks weakly

    def begin(self, scope: Scope, exchange: Exchange) -> None:
        async def serve() -> None:
            if not self._lifespan.is_started:
                await self._lifespan.ensure_started()
            scope["state"] = self._lifespan.state.copy()
            await self._app(scope, exchange.receive, exchange.send)

        task = self.loop.create_task(exchange.run(serve))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def stop(self) -> None:
        if self._tasks:
            await asyncio.wait(self._tasks, timeout=_GRACE)
        await self._lifespan.stop()


class _Stream(Iterator[bytes]):
    """What is sent as it comes. A class, since a generator that was never begun does not hear `close`."""

    def __init__(self, exchange: Exchange, loop: asyncio.AbstractEventLoop, timeout: float | None) -> None:
        self._exchange = exchange
        self._loop = loop
        self._timeout = timeout

    def __next__(self) -> bytes:
        exchange = self._exchange
        while True:
            has_ended = exchange.has_ended  # before `take`: what is put in between is found by the next turn
            content = exchange.take(self._loop)
            if content:
                return content
            if has_ended:
                if exchange.error is not None:
                    raise exchange.take_error()
                if not exchange.is_complete:
                    raise RuntimeError("The application ended within its response.")
                raise StopIteration
            if not exchange.wait(self._timeout):
                self.close()
                raise TimeoutError(f"The application sent nothing for {self._timeout} seconds.")

    def close(self) -> None:
        """The server is done, whether all was sent or the client left."""
        self._exchange.abandon(self._loop)
        self._exchange.close()


def wsgi_middleware(
    host_app: WSGIApplication, hub_asgi: ASGIApp | ASGIToWSGI, prefix: str
) -> WSGIApplication:
    """Return a WSGI application that serves `hub_asgi` under `prefix`, and `host_app` everywhere else.

    `prefix` is a path such as "/connect": /connect and /connect/… are the hub's, /connected is the host's.
    The host's requests are passed on as they came, its responses and exceptions are not touched.
    """
    if not prefix.startswith("/") or prefix.endswith("/") or "//" in prefix or "?" in prefix or "#" in prefix:
        raise ValueError(
            f"prefix: {prefix!r} must be a path such as '/connect', without a slash at its end. "
            "To serve the hub alone, use the hub's own WSGI application."
        )
    bridge = hub_asgi if isinstance(hub_asgi, ASGIToWSGI) else ASGIToWSGI(hub_asgi)
    mount = prefix.encode("utf-8").decode("latin-1")  # as PEP 3333 has paths
    mount_slash = mount + "/"

    def application(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        path = str(environ.get("PATH_INFO") or "")
        if path != mount and not path.startswith(mount_slash):
            return host_app(environ, start_response)
        # A copy: servers write their access log from the environ that they gave.
        ours = {
            **environ,
            "SCRIPT_NAME": str(environ.get("SCRIPT_NAME") or "").rstrip("/") + mount,
            "PATH_INFO": path[len(mount) :],
        }
        return bridge(ours, start_response)

    return application


def hub_middleware(
    host_app: WSGIApplication, hub_asgi: ASGIApp, prefix: str, start_soon: Callable[[], None]
) -> WSGIApplication:
    """The same for a whole hub: any request begins its deliveries, and `prefix` alone is its start page."""
    inner = wsgi_middleware(host_app, hub_asgi, prefix)
    mount = prefix.encode("utf-8").decode("latin-1")  # as PEP 3333 has paths

    def application(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        start_soon()
        if environ.get("PATH_INFO") == mount:
            environ = {**environ, "PATH_INFO": f"{mount}/"}
        return inner(environ, start_response)

    return application


def _named(scope: Scope) -> str:
    """A request for the log: never its query, which may hold a token, nor a secret of its path."""
    return f"{scope['method']} {without_secrets(str(scope['path']))!r}"


def _response(
    exchange: Exchange, head_only: bool, loop: asyncio.AbstractEventLoop
) -> tuple[str, list[tuple[str, str]], bytes | None]:
    """Status line, headers and the whole content; None for the content when it must be streamed."""
    status = exchange.status or 0
    headers = [
        (name.decode("latin-1"), value.decode("latin-1"))
        for name, value in exchange.headers
        if name.lower() not in _HOP_BY_HOP
    ]
    for name, value in headers:
        if not _LINE_BREAKS.isdisjoint(name) or not _LINE_BREAKS.isdisjoint(value):
            raise ValueError(f"The application sent a line break in its header {name!r}.")
    content = exchange.take(loop) if exchange.is_complete else None
    has_length = any(name.lower() == "content-length" for name, _ in headers)
    if content is not None and not has_length and not head_only and status not in (204, 304):
        headers.append(("content-length", str(len(content))))
    return _REASONS.get(status, f"{status} Unknown"), headers, content


def _answer(fault: Answer, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
    """The bridge's own word: JSON as the hub's API has it; a sentence for a browser."""
    if "text/html" in str(environ.get("HTTP_ACCEPT") or ""):
        media_type, content = "text/plain; charset=utf-8", fault.message
    else:
        media_type = "application/json"
        content = json.dumps(
            {
                "statusCode": fault.status,
                "message": fault.message,
                "timestamp": datetime.now(UTC).isoformat(timespec="milliseconds"),
                "errorCode": fault.code,
            }
        )
    body = content.encode("utf-8")
    headers = [
        ("content-type", media_type),
        ("content-length", str(len(body))),
        *_GUARDS,
    ]
    start_response(_REASONS[fault.status], headers)
    return [] if environ.get("REQUEST_METHOD") == "HEAD" else [body]
