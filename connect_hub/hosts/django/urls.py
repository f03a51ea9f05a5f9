"""The hub in a Django project's `urls.py`, inside its middleware."""

import io
from collections.abc import ItemsView, Iterable
from typing import TYPE_CHECKING, Any

from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.urls import URLPattern, re_path
from django.views.decorators.csrf import csrf_exempt

if TYPE_CHECKING:
    from wsgiref.types import WSGIApplication

    from connect_hub.hub import ConnectHub

__all__ = ["hub_urls"]

_PASSED_ON = frozenset(
    {
        "QUERY_STRING",
        "REMOTE_ADDR",
        "REMOTE_PORT",
        "REQUEST_METHOD",
        "SERVER_NAME",
        "SERVER_PORT",
        "SERVER_PROTOCOL",
        "SERVER_SOFTWARE",
    }
)
"""Beside the header fields, what the hub is told of a request."""


def hub_urls(hub: "ConnectHub") -> list[URLPattern]:
    """For `urlpatterns = [path("connect/", include(hub_urls(hub))), …]`.

    What stands in MIDDLEWARE stands around the hub as around any view; the hub has guards of its own against
    forged forms and frames. Under ASGI each request takes a thread. Raises ConfigurationError for an
    AsyncEngine.
    """
    application = hub.wsgi

    @csrf_exempt
    def serve(request: HttpRequest, rest: str) -> HttpResponse | StreamingHttpResponse:
        return _answered(application, request, rest)

    return [re_path(r"^(?P<rest>.*)$", serve)]


def _answered(
    application: "WSGIApplication", request: HttpRequest, rest: str
) -> HttpResponse | StreamingHttpResponse:
    started: list[tuple[str, list[tuple[str, str]]]] = []

    def start_response(status: str, headers: list[tuple[str, str]], exc_info: object = None) -> Any:
        started[:] = [(status, headers)]

    content: Iterable[bytes] = application(_environ(request, rest), start_response)
    status, headers = started[0]
    # Under ASGI Django would collect a plain iterator by itself, and warn.
    if isinstance(content, list) or hasattr(request, "scope"):
        response: _Whole | _Streamed = _Whole(b"".join(content), status=int(status[:3]))
    else:
        response = _Streamed(content, status=int(status[:3]))
    response.sends(headers)
    return response


def _environ(request: HttpRequest, rest: str) -> dict[str, Any]:
    """The request as WSGI has it, whatever server Django itself runs in."""
    told = {
        name: str(value)
        for name, value in request.META.items()
        if name in _PASSED_ON or (name.startswith("HTTP_") and name != "HTTP_TRANSFER_ENCODING")
    }
    mount = request.path.removesuffix(rest).rstrip("/")
    return {
        **told,
        "SCRIPT_NAME": mount.encode().decode("latin-1"),  # as PEP 3333 has paths
        "PATH_INFO": f"/{rest}".encode().decode("latin-1"),
        "CONTENT_TYPE": request.META.get("CONTENT_TYPE", ""),
        "CONTENT_LENGTH": str(len(request.body)),
        "wsgi.url_scheme": request.scheme,
        "wsgi.input": io.BytesIO(request.body),
    }


class _Sent:
    """Header fields as the hub sends them: Django has one of each name, and cookies of its own making."""

    headers: Any
    xframe_options_exempt = True
    """The hub says itself who may frame its pages."""

    def sends(self, fields: list[tuple[str, str]]) -> None:
        self._cookies = [(name, value) for name, value in fields if name.lower() == "set-cookie"]
        del self.headers["Content-Type"]
        for name, value in fields:
            if name.lower() != "set-cookie":
                self.headers[name] = f"{self.headers[name]}, {value}" if name in self.headers else value

    def items(self) -> Iterable[tuple[str, str]]:
        plain: ItemsView[str, str] = self.headers.items()
        return [*plain, *self._cookies]


class _Whole(_Sent, HttpResponse):
    """What is there at once."""


class _Streamed(_Sent, StreamingHttpResponse):
    """What comes bit by bit, such as an export."""
