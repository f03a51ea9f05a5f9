"""`RefreshingAuth`: an account's live credentials on each request, renewed once when they are refused."""

from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping
from typing import Generic, TypeVar

import httpx2

__all__ = ["RefreshingAuth"]

T = TypeVar("T")

HeadersOf = Callable[[T | None], Awaitable[tuple[Mapping[str, str], T]]]
"""Gives the headers to send and the credentials they are made of; called with credentials, those were just
refused. May raise, and so end the request."""


class RefreshingAuth(httpx2.Auth, Generic[T]):
    """Asks for the headers at each request, and once more when the answer is 401.

    If the second ask gives the same headers, the 401 stands. Runs on the event loop alone.
    """

    requires_request_body = True  # so that the request can be sent a second time

    def __init__(self, headers_of: HeadersOf[T]) -> None:
        self._headers_of = headers_of

    async def async_auth_flow(
        self, request: httpx2.Request
    ) -> AsyncGenerator[httpx2.Request, httpx2.Response]:
        # Kept by the request itself: others of the same client may have newer ones when this is refused.
        headers, sent = await self._headers_of(None)
        request.headers.update(headers)
        response = yield request
        if response.status_code != 401:
            return
        renewed, _ = await self._headers_of(sent)
        if renewed != headers:
            request.headers.update(renewed)
            yield request
