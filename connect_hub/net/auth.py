"""`RefreshingAuth`: an account's live credentials on each request, renewed once when they are refused."""

from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping

import httpx2

__all__ = ["RefreshingAuth"]

HeadersOf = Callable[[bool], Awaitable[Mapping[str, str]]]
"""Gives the headers to send; True: those given last were refused. May raise, and so end the request."""


class RefreshingAuth(httpx2.Auth):
    """Asks for the headers at each request, and once more when the answer is 401.

    If the second ask gives the same headers, the 401 stands. Runs on the event loop alone.
    """

    requires_request_body = True  # so that the request can be sent a second time

    def __init__(self, headers_of: HeadersOf) -> None:
        self._headers_of = headers_of

    async def async_auth_flow(
        self, request: httpx2.Request
    ) -> AsyncGenerator[httpx2.Request, httpx2.Response]:
        headers = await self._headers_of(False)
        request.headers.update(headers)
        response = yield request
        if response.status_code != 401:
            return
        renewed = await self._headers_of(True)
        if renewed != headers:
            request.headers.update(renewed)
            yield request
