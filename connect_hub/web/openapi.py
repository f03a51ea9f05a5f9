"""The OpenAPI document of the REST API."""

import json

from starlette.requests import Request
from starlette.responses import Response

from connect_hub.web.site import Site

__all__ = ["OpenApi"]


class OpenApi:
    """Handler of `/openapi.json`."""

    def __init__(self, site: Site) -> None:
        self._site = site

    async def document(self, request: Request) -> Response:
        """The document, which needs no key."""
        return Response(json.dumps({"openapi": "3.1.0"}), media_type="application/json")
