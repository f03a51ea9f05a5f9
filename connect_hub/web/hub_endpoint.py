"""One address of the hub's JSON surface: who may call it from a page, and that it never says 401 or 403."""

import logging
from collections.abc import Mapping

from starlette.datastructures import Headers
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Message, Receive, Scope, Send

from connect_hub.errors import ConnectHubError, OriginRefused, SessionEnded
from connect_hub.web.endpoint import Endpoint, Handler
from connect_hub.web.errors import status_of
from connect_hub.web.guards import refuse_foreign_page
from connect_hub.web.site import Site

__all__ = ["HubEndpoint"]

log = logging.getLogger("connect_hub.web")

_ALLOWED = {
    "Access-Control-Allow-Methods": "GET, POST, PATCH, DELETE",
    "Access-Control-Allow-Headers": "content-type, x-hub-session-token, x-hub-version",
    "Access-Control-Max-Age": "600",
}


class HubEndpoint(Endpoint):
    """Answers scripts of the hub's own origin and of the configured ones, and programs; no other page.

    Clients of the contract take 401 and 403 for "nothing here", so whatever may not act is 410.
    """

    def __init__(self, site: Site, methods: Mapping[str, Handler]) -> None:
        super().__init__(site, methods, page=False)
        self._embedders = site.core.config.network.embed_origins
        self._allowed = self._embedders | {site.core.public_url.origin}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        origin = Headers(scope=scope).get("origin")
        answered = [(b"vary", b"Origin")]
        if origin in self._embedders:
            # The very origin, and no credentials: cookies of ours are not read here (T35).
            answered.append((b"access-control-allow-origin", origin.encode("latin-1")))

        async def shared(message: Message) -> None:
            if message["type"] == "http.response.start":
                message["headers"] = [*message["headers"], *answered]
            await send(message)

        await super().__call__(scope, receive, shared)

    async def _answer(self, request: Request) -> Response:
        refuse_foreign_page(request, self._allowed)
        if request.method == "OPTIONS":
            return self._preflight(request)
        return await super()._answer(request)

    def _preflight(self, request: Request) -> Response:
        if request.headers.get("origin") not in self._embedders:
            raise OriginRefused
        return Response(status_code=204, headers=_ALLOWED)

    def _refusal(self, request: Request, error: ConnectHubError, *, cause: Exception) -> Response:
        self._tell(request, error)
        if status_of(error) in {401, 403} or isinstance(error, SessionEnded):
            error = SessionEnded()  # whatever is wrong, the answer is the same
        return super()._refusal(request, error, cause=cause)

    def _tell(self, request: Request, error: ConnectHubError) -> None:
        """Say to the log why a caller may not act, which it is not told. What comes again is at INFO."""
        if isinstance(error, OriginRefused):
            kind, reason = "page", request.headers.get("origin", "")
            line = "a script of a page of %.200a was refused: add that origin to embed_origins if it is yours"
        elif isinstance(error, SessionEnded):
            kind, reason = "session", error.reason
            line = "a call to /hub/… was refused: %s"
        else:
            return
        level = logging.WARNING if self._site.faults.is_first(kind, reason) else logging.INFO
        log.log(level, line, reason)
