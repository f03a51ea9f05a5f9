"""Triggers over HTTP: their addresses for the host, and the address that a provider calls."""

import hashlib

from starlette.requests import Request
from starlette.responses import Response

from connect_hub.errors import TriggerNotFound
from connect_hub.flows.triggers import TriggerAddress
from connect_hub.web.body import read_bytes
from connect_hub.web.callers import Callers
from connect_hub.web.documents import Document, json_response
from connect_hub.web.guards import refuse_browser
from connect_hub.web.ids import account_id_of
from connect_hub.web.site import Site

__all__ = ["TOKEN", "TriggerApi"]

TOKEN = "external_trigger_token"  # noqa: S105  # its name
"""The path's parameter whose value is a secret: it stands in no log (`connect_hub.secret_paths`)."""


class TriggerApi:
    """Handlers of triggers. A provider has no API key: it comes with the token in its address."""

    def __init__(self, site: Site) -> None:
        self._site = site
        self._callers = Callers(site)

    async def show(self, request: Request) -> Response:
        caller = await self._callers.identify(request)
        found = await self._site.flows.triggers.get(account_id_of(request), project=caller.project_id)
        return json_response(_document(found))

    async def rotate(self, request: Request) -> Response:
        caller = await self._callers.identify(request)
        made = await self._site.flows.triggers.rotate(account_id_of(request), project=caller.project_id)
        return json_response(_document(made), 201)

    async def receive(self, request: Request) -> Response:
        refuse_browser(request)
        token: str = request.path_params[TOKEN]
        # By its hash, as what remembers the rates is no place for a secret.
        self._site.limiters.triggers.spend(hashlib.sha256(token.encode()).hexdigest())
        body = await read_bytes(request)
        try:
            await self._site.flows.triggers.receive(token, headers=_headers(request), body=body)
        except TriggerNotFound:
            self._callers.count_refusal(request)
            raise
        return Response(status_code=202)


def _document(address: TriggerAddress) -> Document:
    return {TOKEN: address.token, "url": address.url}


def _headers(request: Request) -> dict[str, str]:
    """A field that comes several times is one with its values joined by commas (RFC 9110, 5.3)."""
    joined: dict[str, str] = {}
    for name, value in request.headers.items():
        joined[name] = f"{joined[name]}, {value}" if name in joined else value
    return joined
