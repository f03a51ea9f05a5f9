"""A WSGI server of a dozen lines, strict: every call goes through `wsgiref.validate`."""

import io
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import IO, cast
from wsgiref.types import WSGIApplication
from wsgiref.validate import validator

__all__ = ["Reply", "call", "environ_of", "open_call"]


@dataclass
class Reply:
    status: int
    headers: list[tuple[str, str]]
    body: bytes

    def header(self, name: str) -> list[str]:
        return [value for key, value in self.headers if key.lower() == name]


def environ_of(
    method: str = "GET", path: str = "/", body: bytes = b"", extra: Mapping[str, object] | None = None
) -> dict[str, object]:
    """The environ of a small, old server: no port of the client, no raw path, an input that does not end."""
    path, _, query = path.partition("?")
    environ: dict[str, object] = {
        "REQUEST_METHOD": method,
        "SCRIPT_NAME": "",
        "PATH_INFO": path,
        "QUERY_STRING": query,
        "SERVER_NAME": "127.0.0.1",
        "SERVER_PORT": "80",
        "SERVER_PROTOCOL": "HTTP/1.1",
        "REMOTE_ADDR": "192.0.2.7",
        "wsgi.version": (1, 0),
        "wsgi.url_scheme": "http",
        "wsgi.input": io.BytesIO(body),
        "wsgi.errors": io.StringIO(),
        "wsgi.multithread": True,
        "wsgi.multiprocess": False,
        "wsgi.run_once": False,
    }
    if body:
        environ["CONTENT_LENGTH"] = str(len(body))
    environ.update(extra or {})
    return environ


def open_call(app: WSGIApplication, environ: dict[str, object]) -> tuple[Reply, Iterable[bytes]]:
    """Call `app` and return the head with an empty body, and the iterable, not yet begun."""
    heads: list[Reply] = []

    def start_response(
        status: str, headers: list[tuple[str, str]], exc_info: object = None, /
    ) -> Callable[[bytes], object]:
        heads.append(Reply(int(status[:3]), headers, b""))
        return lambda _: None

    content = validator(app)(environ, start_response)
    (head,) = heads
    return head, content


def call(
    app: WSGIApplication,
    method: str = "GET",
    path: str = "/",
    body: bytes = b"",
    extra: Mapping[str, object] | None = None,
) -> Reply:
    """Call `app` as a server does: head, every part of the body, close."""
    head, content = open_call(app, environ_of(method, path, body, extra))
    try:
        head.body = b"".join(content)
    finally:
        cast("IO[bytes]", content).close()
    return head
