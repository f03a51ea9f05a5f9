"""What a host's own middleware adds to the hub's pages, beside what a bare answer of the same bytes takes.

    .venv/bin/python -m bench.base_http_middleware [--rounds 15] [--requests 150]

The hub's health check and its list page with 8 connectors, in memory, in a Starlette host: bare, under one
middleware of pure ASGI, and under one and three of Starlette's `BaseHTTPMiddleware`. Each adds one header, as
a host's would. The floor is a route in the same host, with nothing around it, that answers the same bytes.
All are called in this process through a minimal ASGI driver, in turns.
"""

import argparse
import asyncio
import statistics
from collections.abc import Callable
from dataclasses import replace

from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.middleware.base import BaseHTTPMiddleware, RequestResponseEndpoint
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Mount, Route
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from bench.list_page import Case, ask, cpu, list_page
from connect_hub import MemoryStorage


class PureASGI:
    """Adds a header, and nothing between the application and the server."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def sent(message: Message) -> None:
            if message["type"] == "http.response.start":
                message["headers"] = [*message["headers"], (b"x-host", b"1")]
            await send(message)

        await self._app(scope, receive, sent)


class Based(BaseHTTPMiddleware):
    """Adds a header, by Starlette's class for middleware."""

    async def dispatch(self, request: Request, call_next: RequestResponseEndpoint) -> Response:
        response = await call_next(request)
        response.headers["x-host"] = "1"
        return response


STACKS: dict[str, list[Callable[[ASGIApp], ASGIApp]]] = {
    "bare": [],
    "pure ASGI": [PureASGI],
    "one BaseHTTPMiddleware": [Based],
    "three BaseHTTPMiddleware": [Based] * 3,
}


def under(stack: str, case: Case, route: BaseRoute) -> Case:
    """A host with that route and those middlewares."""
    app = Starlette(routes=[route], middleware=[Middleware(made) for made in STACKS[stack]])
    return replace(case, name=stack, app=app)


async def cases_of(page: Case) -> list[Case]:
    """The floor, then the hub's page under each stack; all answer the same bytes."""
    status, headers, body = await ask(page)
    assert status == 200

    async def same(request: Request) -> Response:
        return Response(body, media_type=headers["content-type"])

    floor = replace(under("bare", page, Route(page.path, same)), name="floor")
    cases = [floor, *(under(stack, page, Mount("", page.app)) for stack in STACKS)]
    for case in cases:
        _, _, answered = await ask(case)
        assert len(answered) == len(body), case.name
    return cases


async def compare(title: str, page: Case, rounds: int, requests: int) -> None:
    cases = await cases_of(page)
    times: dict[str, list[float]] = {case.name: [] for case in cases}
    for _ in range(rounds):
        for case in cases:
            times[case.name].append(await cpu(case, requests))
    print(title)
    for name, spent in times.items():
        added = statistics.median(a - b for a, b in zip(spent, times["bare"], strict=True))
        ratio = statistics.median(a / b for a, b in zip(spent, times["bare"], strict=True))
        floors = statistics.median(a / b for a, b in zip(spent, times["floor"], strict=True))
        print(
            f"  {name:26} best {min(spent):7.1f} us   {added:+7.1f} us to bare, "
            f"{ratio:.2f} of bare, {floors:.2f} of the floor"
        )


async def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--rounds", type=int, default=15)
    parser.add_argument("--requests", type=int, default=150)
    options = parser.parse_args()
    page = await list_page(MemoryStorage(), "memory", 8)
    await compare("list page, 8 connectors", page, options.rounds, options.requests)
    health = replace(page, path="/healthz", cookie="")
    await compare("health check", health, options.rounds, options.requests)


if __name__ == "__main__":
    asyncio.run(main())
