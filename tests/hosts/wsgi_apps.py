"""What the servers of test_wsgi_servers.py run: a plain WSGI host with an ASGI application under /connect.

Facts go to stdout, which the test reads: which process started a lifespan and which ended it.
"""

import asyncio
import os
import sys
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from wsgiref.types import StartResponse, WSGIEnvironment

from starlette.applications import Starlette
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, PlainTextResponse, Response, StreamingResponse
from starlette.routing import Mount, Route
from starlette.types import Receive, Scope, Send

from connect_hub.hosts.wsgi import ASGIToWSGI, wsgi_middleware

__all__ = ["application"]


def say(word: str) -> None:
    sys.stdout.write(f"<{word} {os.getpid()}>\n")
    sys.stdout.flush()


@asynccontextmanager
async def lifespan(app: Starlette) -> AsyncIterator[None]:
    say("startup")
    yield
    await asyncio.sleep(0)
    say("shutdown")


async def echo(request: Request) -> Response:
    try:
        body = await request.body()
    except ClientDisconnect:
        say("disconnect")
        raise
    return PlainTextResponse(body)


async def about(request: Request) -> Response:
    assert request.client is not None
    return JSONResponse(
        {
            "pid": os.getpid(),
            "path": request.scope["path"],
            "root_path": request.scope["root_path"],
            "raw_path": request.scope["raw_path"].decode(),
            "client": request.client.host,
            "version": request.scope["http_version"],
        }
    )


async def stream(request: Request) -> Response:
    async def parts() -> AsyncIterator[bytes]:
        try:
            for number in range(int(request.query_params.get("parts", "1000000000"))):
                yield b"%08d" % number * 128
        finally:
            say("stream-ended")

    return StreamingResponse(parts(), media_type="text/plain")


async def cookies(request: Request) -> Response:
    response = PlainTextResponse("two")
    response.set_cookie("a", "1")
    response.set_cookie("b", "2")
    return response


async def fails(request: Request) -> Response:
    raise LookupError("mine")


async def silent(scope: Scope, receive: Receive, send: Send) -> None:
    """Return without a response."""


async def raises(scope: Scope, receive: Receive, send: Send) -> None:
    raise LookupError("mine")


async def hangs(scope: Scope, receive: Receive, send: Send) -> None:
    await asyncio.Event().wait()


hub = Starlette(
    lifespan=lifespan,
    routes=[
        Route("/echo", echo, methods=["POST"]),
        Route("/about", about),
        Route("/stream", stream),
        Route("/cookies", cookies),
        Route("/fails", fails),
        Mount("/silent", silent),
        Mount("/hangs", hangs),
    ],
)


def host(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
    start_response("200 OK", [("Content-Type", "text/plain"), ("Content-Length", "4")])
    return [b"host"]


application = wsgi_middleware(
    wsgi_middleware(host, ASGIToWSGI(raises), "/raises"),
    ASGIToWSGI(hub, max_body_size=100_000, timeout=2.0),
    "/connect",
)
