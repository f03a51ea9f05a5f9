"""Live credentials on requests: asked for at each one, and once more when they are refused."""

import contextlib
from collections.abc import Mapping

import httpx2

from connect_hub.net.auth import RefreshingAuth


async def test_a_late_refusal_is_of_what_that_request_sent() -> None:
    """R8: a 401 that comes after another request has brought newer credentials reports the old ones, so
    that the new ones are not thrown away and fetched again."""
    current = "token-1"
    refused: list[str | None] = []

    async def headers_of(sent: str | None) -> tuple[Mapping[str, str], str]:
        refused.append(sent)
        return {"Authorization": f"Bearer {current}"}, current

    auth = RefreshingAuth(headers_of)
    flow = auth.async_auth_flow(httpx2.Request("GET", "https://api.example.com/me"))
    first = await anext(flow)
    assert first.headers["authorization"] == "Bearer token-1"
    current = "token-2"  # another request was refused first, and refreshed
    second = await flow.asend(httpx2.Response(401))
    assert second.headers["authorization"] == "Bearer token-2"
    assert refused == [None, "token-1"]
    await flow.aclose()


async def test_the_same_headers_again_end_it() -> None:
    """If nothing newer can be had, the 401 is the answer, and nothing is sent twice."""

    async def headers_of(sent: str | None) -> tuple[Mapping[str, str], str]:
        return {"Authorization": "Bearer token-1"}, "token-1"

    flow = RefreshingAuth(headers_of).async_auth_flow(httpx2.Request("GET", "https://api.example.com/me"))
    sent = [await anext(flow)]
    with contextlib.suppress(StopAsyncIteration):
        sent.append(await flow.asend(httpx2.Response(401)))
    assert len(sent) == 1
