"""`InProcessTransport`: what the hub sends goes to an ASGI application, without a socket."""

from collections.abc import Mapping
from typing import TYPE_CHECKING
from urllib.parse import unquote, urlsplit

from connect_hub.errors import AnswerTooLarge, OutboundFailed, OutboundRefused
from connect_hub.net import Answer, Headers, Limits
from connect_hub.secret import Secret

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Message

__all__ = ["InProcessTransport"]


class InProcessTransport:
    """A `Transport` for tests: `HubConfig(transport=InProcessTransport(provider))`.

    Every URL goes to `app`, whatever its host. It follows no redirect, keeps no cookie, and bounds the size
    of the answer; policy and times are not checked, and what `app` raises passes as it is.
    """

    def __init__(self, app: "ASGIApp") -> None:
        self._app = app
        self.requests: list[tuple[str, str]] = []
        """(method, URL) of each request."""

    async def send(
        self,
        method: str,
        url: str,
        *,
        headers: Mapping[str, str | Secret] | None = None,
        content: bytes | Secret | None = None,
        limits: Limits | None = None,
    ) -> Answer:
        """See `Transport.send`."""
        self.requests.append((method, url))
        parts = urlsplit(url)
        body = content.reveal().encode() if isinstance(content, Secret) else content or b""
        origin = f"{parts.scheme}://{parts.netloc}"
        sent: list[Message] = []

        async def receive() -> "Message":
            return {"type": "http.request", "body": body, "more_body": False}

        async def send(message: "Message") -> None:
            sent.append(message)

        scope = {
            "type": "http",
            "asgi": {"version": "3.0"},
            "http_version": "1.1",
            "method": method,
            "scheme": parts.scheme,
            "server": (parts.hostname, parts.port or (443 if parts.scheme == "https" else 80)),
            "client": ("127.0.0.1", 1),
            "root_path": "",
            "path": unquote(parts.path) or "/",
            "raw_path": (parts.path or "/").encode("ascii"),
            "query_string": parts.query.encode("ascii"),
            "headers": _lines(headers or {}, host=parts.netloc, length=len(body)),
        }
        await self._app(scope, receive, send)
        return _answer(sent, origin, Limits() if limits is None else limits)


def _lines(headers: Mapping[str, str | Secret], *, host: str, length: int) -> list[tuple[bytes, bytes]]:
    lines = {"host": host, "accept-encoding": "identity", "content-length": str(length)}
    for name, value in headers.items():
        text = value.reveal() if isinstance(value, Secret) else value
        if not (name.isascii() and text.isascii() and text.isprintable()):
            raise OutboundRefused("A header of this request holds characters that no header carries.")
        lines.setdefault(name.lower(), text)
    return [(name.encode(), value.encode()) for name, value in lines.items()]


def _answer(sent: "list[Message]", origin: str, limits: Limits) -> Answer:
    starts = [message for message in sent if message["type"] == "http.response.start"]
    parts = [message for message in sent if message["type"] == "http.response.body"]
    if len(starts) != 1 or not parts or parts[-1].get("more_body"):
        raise OutboundFailed("protocol", f"{origin} gave an answer that is not whole HTTP.")
    body = b"".join(part.get("body", b"") for part in parts)
    if len(body) > limits.max_bytes and not limits.cut:
        raise AnswerTooLarge(f"{origin} answered with more than {limits.max_bytes} bytes.")
    return Answer(starts[0]["status"], Headers(starts[0].get("headers", [])), body[: limits.max_bytes])
