"""Whoever sent a request, as the host's own functions see them."""

from starlette.requests import Request

from connect_hub.identity import Visitor
from connect_hub.web.cookies import SentCookies

__all__ = ["visitor_of"]


def visitor_of(request: Request) -> Visitor:
    """The browser as the host's identity function sees it."""
    return Visitor(dict(request.headers), SentCookies(request.headers.getlist("cookie")), request.scope)
