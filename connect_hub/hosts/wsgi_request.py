"""A request as WSGI has it, told as ASGI wants it: the scope and the body."""

import re
from collections.abc import MutableMapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Protocol
from urllib.parse import quote, unquote_to_bytes
from wsgiref.types import WSGIEnvironment

__all__ = ["Answer", "RequestBody", "Scope", "build_scope", "read_body"]

Scope = MutableMapping[str, object]

_PIECE = 64 * 1024
_ABSOLUTE_FORM = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*://[^/?#]*")
_PATH_SAFE = "/:@!$&'()*+,;=~-._"


class _Input(Protocol):
    def read(self, size: int, /) -> bytes: ...


@dataclass(frozen=True, slots=True)
class Answer:
    """What the bridge says by itself where the application cannot: a status and a sentence."""

    status: int
    code: str
    message: str


@dataclass(frozen=True, slots=True)
class RequestBody:
    """A body that was read, in whole or in part."""

    content: bytes = b""
    fault: Answer | None = None
    """Why the body ends early: the application gets what there is, then `http.disconnect`, and if it needed
    more, this is the answer. None: the body is whole."""
    is_refused: bool = False
    """`fault` is the answer at once, and the application is not called: where the body ends is unknown."""


def read_body(environ: WSGIEnvironment, limit: int) -> RequestBody:
    """Read the body in the calling thread, never more than `limit` + 1 bytes of it.

    An error of the input itself (a malformed chunk, a connection reset) is the server's, and is raised
    unchanged before the application is called.
    """
    declared = str(environ.get("CONTENT_LENGTH") or "")
    ends_by_itself = bool(environ.get("wsgi.input_terminated"))
    expected: int | None
    if environ.get("HTTP_TRANSFER_ENCODING"):
        if not ends_by_itself:
            # PEP 3333 knows no chunks: without the flag, nothing says where this body ends.
            fault = Answer(411, "length_required", "Send the body with a Content-Length.")
            return RequestBody(fault=fault, is_refused=True)
        expected = None
    elif not declared:
        expected = None if ends_by_itself else 0
    elif declared.isascii() and declared.isdigit() and len(declared) <= 18:
        expected = int(declared)
    else:
        fault = Answer(400, "bad_content_length", "Content-Length must be a number of bytes.")
        return RequestBody(fault=fault, is_refused=True)

    source: _Input = environ["wsgi.input"]
    wanted = limit + 1 if expected is None else min(expected, limit + 1)
    pieces: list[bytes] = []
    while wanted > 0:
        piece = source.read(min(wanted, _PIECE))
        if not piece:
            break
        pieces.append(piece)
        wanted -= len(piece)
    content = pieces[0] if len(pieces) == 1 else b"".join(pieces)
    if len(content) > limit:
        message = f"The request body is too large: at most {limit} bytes."
        return RequestBody(content, Answer(413, "payload_too_large", message))
    if expected is not None and len(content) < expected:
        message = f"The request body ended after {len(content)} of {expected} bytes."
        return RequestBody(content, Answer(400, "incomplete_body", message))
    return RequestBody(content)


def build_scope(environ: WSGIEnvironment) -> Scope:
    """The ASGI scope of this request (ASGI HTTP 2.4).

    `client` is always a pair, so that code which reads `request.client.host` holds: where the server tells no
    port it is 0, where it tells no address (Unix sockets, test clients) the address is "". `wsgi_environ` is
    the environ itself, for whoever must know what the WSGI host put there.
    """
    root = _text(environ, "SCRIPT_NAME").encode("latin-1").rstrip(b"/")
    path = root + _text(environ, "PATH_INFO").encode("latin-1") or b"/"
    return {
        "type": "http",
        "asgi": {"version": "3.0", "spec_version": "2.4"},
        "http_version": _http_version(_text(environ, "SERVER_PROTOCOL")),
        "method": _text(environ, "REQUEST_METHOD").upper(),
        "scheme": _text(environ, "wsgi.url_scheme") or "http",
        "path": path.decode("utf-8", "replace"),
        "raw_path": _raw_path(environ, path),
        "root_path": root.decode("utf-8", "replace"),
        "query_string": _text(environ, "QUERY_STRING").encode("latin-1"),
        "headers": _headers(environ),
        "client": (_text(environ, "REMOTE_ADDR"), _port(environ, "REMOTE_PORT") or 0),
        "server": (_text(environ, "SERVER_NAME"), _port(environ, "SERVER_PORT")),
        "extensions": {},
        "wsgi_environ": environ,
    }


def _headers(environ: WSGIEnvironment) -> list[tuple[bytes, bytes]]:
    headers = []
    for key, value in environ.items():
        if key.startswith("HTTP_"):
            name = key[5:]
            if name in ("CONTENT_TYPE", "CONTENT_LENGTH"):
                continue  # a header spelt with an underscore; the true one has no prefix
        elif key in ("CONTENT_TYPE", "CONTENT_LENGTH") and value:
            name = key
        else:
            continue
        headers.append((_header_name(name), value.encode("latin-1")))
    return headers


@lru_cache(maxsize=256)
def _header_name(name: str) -> bytes:
    return name.lower().replace("_", "-").encode("latin-1")


def _raw_path(environ: WSGIEnvironment, path: bytes) -> bytes:
    """The path as it was sent, where the server kept it and no middleware has moved the request since."""
    sent = _text(environ, "REQUEST_URI") or _text(environ, "RAW_URI")
    sent = _ABSOLUTE_FORM.sub("", sent, count=1) if not sent.startswith("/") else sent
    raw = sent.partition("?")[0].encode("latin-1")
    if raw == path and b"%" not in raw:
        return raw
    return raw if unquote_to_bytes(raw) == path else quote(path, safe=_PATH_SAFE).encode("ascii")


def _http_version(protocol: str) -> str:
    version = protocol.partition("/")[2]
    return {"1.0": "1.0", "2": "2", "2.0": "2", "3": "3"}.get(version, "1.1")


def _port(environ: WSGIEnvironment, key: str) -> int | None:
    port = str(environ.get(key) or "")
    return int(port) if port.isascii() and port.isdigit() else None


def _text(environ: WSGIEnvironment, key: str) -> str:
    text: str | None = environ.get(key)
    return text or ""
