"""One address: its methods, and what becomes of an error in it."""

import logging
import re
import secrets
from collections.abc import Awaitable, Callable, Mapping

from starlette.datastructures import Headers
from starlette.requests import ClientDisconnect, Request
from starlette.responses import HTMLResponse, Response
from starlette.types import Receive, Scope, Send

from connect_hub.audit import acting_as
from connect_hub.errors import (
    ConfigurationError,
    ConnectHubError,
    CrossSiteRequest,
    MethodNotAllowed,
    NotFound,
)
from connect_hub.secret_paths import without_secrets
from connect_hub.web.errors import error_response, status_of
from connect_hub.web.problems import problem_response
from connect_hub.web.site import Site

__all__ = ["Endpoint", "Handler", "is_for_a_person"]

log = logging.getLogger("connect_hub.web")

_PLAIN = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>Something went wrong</title></head>
<body><h1>Something went wrong on our side</h1><p>Try again in a moment. Reference: {reference}</p></body>
</html>
"""

_LONGEST_ACCEPT = 1000
_CHECKED = {"account_id", "origin_owner_id", "session_id"}
"""Parameters of paths whose handlers refuse a NUL in their own words."""
_MOST_ACCEPTED = 20

Handler = Callable[[Request], Awaitable[Response]]


class Endpoint:
    """Answers one address. `page` says whether errors are shown to a person or to a program.

    A `HEAD` is answered as its `GET`, but where `head` is False, as what changes something must not be
    asked for by it (RFC 9110, 9.2.1). No error leaves the hub, so a host's handlers never see one of
    ours, but for what breaks off a download that has begun.
    """

    def __init__(self, site: Site, methods: Mapping[str, Handler], *, page: bool, head: bool = True) -> None:
        self._site = site
        self._methods = {**methods, **({"HEAD": methods["GET"]} if head and "GET" in methods else {})}
        self._page = page

    @property
    def methods(self) -> frozenset[str]:
        """What it answers."""
        return frozenset(self._methods)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        request = Request(scope, receive)
        try:
            with acting_as(None):  # who it is, the handler finds out
                response = await self._answer(request)
        except ClientDisconnect:
            return
        except ConnectHubError as error:
            response = self._refusal(request, error, cause=error)
        except Exception as error:
            response = self._refusal(request, ConnectHubError(), cause=error)
        await response(scope, receive, send)

    async def _answer(self, request: Request) -> Response:
        handler = self._methods.get(request.method)
        if handler is None:
            raise MethodNotAllowed
        if "\x00" in request.scope["path"] and _CHECKED.isdisjoint(request.path_params):
            raise NotFound  # nothing has it in its name, and a database may choke on it
        await self._site.core.ready()
        response = await handler(request)
        self._site.faults.works(self)
        return response

    def _refusal(self, request: Request, error: ConnectHubError, *, cause: Exception) -> Response:
        reference = secrets.token_hex(4)
        status = status_of(error)
        if isinstance(error, CrossSiteRequest) and self._page:
            self._tell_origin(request)
        if status >= 500:
            # The query, which may have a token, is left out. Whoever asks chose the path: `%a` lets no line
            # break or control character of it into the log.
            line = "%s %.200a failed [%s]: %s"
            told = (request.method, without_secrets(request.scope["path"]), reference, error.code)
            if status == 503 and isinstance(error, ConfigurationError):
                # Its message says what to do, and a traceback nothing more.
                if self._site.faults.is_news(error, self):
                    log.error(f"{line}: %s", *told, error.message)
                else:
                    log.error(line, *told)
            else:
                is_told = status != 503 or self._site.faults.is_story(
                    error.code, self, self._site.core.clock.now()
                )
                log.error(line, *told, exc_info=cause if is_told else None)
        response: Response
        if self._shows_page(request):
            try:
                response = self._problem(request, error, reference)
            except Exception:
                # A host's own layout is at fault, and the page of an error has the same layout.
                log.exception("the page of an error could not be rendered [%s]", reference)
                response = HTMLResponse(_PLAIN.format(reference=reference), status_code=500)
        else:
            response = error_response(error, self._site.core.clock)
        if isinstance(error, MethodNotAllowed):
            response.headers["Allow"] = ", ".join(sorted(self._methods))
        return response

    def _tell_origin(self, request: Request) -> None:
        """Say once where a refused form came from: with a wrong `public_url` none is let in."""
        origin, public_url = request.headers.get("origin", "null"), self._site.core.public_url
        if origin not in {"null", public_url.origin} and self._site.faults.is_first("origin", origin):
            log.warning(
                "a form from the origin %.200a was refused, as public_url is %s. If that origin is where "
                "your customers see the hub, correct public_url.",
                origin,
                public_url,
            )

    def _shows_page(self, request: Request) -> bool:
        """Whether an error is shown to a person."""
        return self._page

    def _problem(self, request: Request, error: ConnectHubError, reference: str) -> Response:
        return problem_response(self._site, request, error, reference=reference)


def is_for_a_person(scope: Scope) -> bool:
    """Whether an unknown address is answered with a page: a browser goes there, or Accept prefers HTML.

    Of Accept, 1,000 characters and 20 parts count.
    """
    headers = Headers(scope=scope)
    if headers.get("sec-fetch-mode") == "navigate":
        return True
    html = json = 0.0
    accept = ",".join(headers.getlist("accept"))[:_LONGEST_ACCEPT]
    for part in accept.split(",")[:_MOST_ACCEPTED]:
        media_type, *parameters = (piece.strip().lower() for piece in part.split(";"))
        quality = next((_quality(p.removeprefix("q=")) for p in parameters if p.startswith("q=")), 1.0)
        if media_type in {"text/html", "application/xhtml+xml"}:
            html = max(html, quality)
        elif media_type in {"application/json", "application/*"}:
            json = max(json, quality)
    return html > json


def _quality(text: str) -> float:
    return float(text) if re.fullmatch(r"[01](\.[0-9]{0,3})?", text) else 0.0
