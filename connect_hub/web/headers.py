"""The security headers of every answer."""

from starlette.types import ASGIApp, Message, Receive, Scope, Send

__all__ = ["FRAMED_BY", "PAGE_POLICY", "SecureHeaders"]

PAGE_POLICY = (
    "default-src 'none'; script-src 'self'; connect-src 'self'; style-src 'self'; img-src 'self'; "
    "font-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
"""The Content-Security-Policy of every page: everything from this origin, nothing inline, in no frame."""

_Headers = list[tuple[bytes, bytes]]

_ALWAYS: _Headers = [
    (b"cache-control", b"no-store"),
    (b"x-content-type-options", b"nosniff"),
    (b"x-frame-options", b"DENY"),
    (b"cross-origin-opener-policy", b"same-origin"),
    (b"cross-origin-resource-policy", b"same-origin"),
]
_PAGE: _Headers = [
    *_ALWAYS,
    (b"content-security-policy", PAGE_POLICY.encode()),
    # With no-referrer browsers send `Origin: null` on our own forms; only the origin is told.
    (b"referrer-policy", b"strict-origin"),
    (b"permissions-policy", b"camera=(), geolocation=(), microphone=(), payment=(), usb=()"),
]
_DATA: _Headers = [
    *_ALWAYS,
    (b"content-security-policy", b"default-src 'none'; frame-ancestors 'none'"),
    (b"referrer-policy", b"no-referrer"),
]


FRAMED_BY = "connect_hub.framed_by"
"""Where a request's scope says which origins may frame the answer, as `frame-ancestors` has them."""


def _framed(headers: _Headers, origins: str) -> _Headers:
    """`headers` for an answer that may stand in a frame of those origins. `X-Frame-Options` cannot say so."""
    return [
        (name, value.replace(b"frame-ancestors 'none'", f"frame-ancestors {origins}".encode()))
        for name, value in headers
        if name != b"x-frame-options"
    ]


class SecureHeaders:
    """Adds them to whatever the application answers, where the answer does not set them itself."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def secured(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers: _Headers = message["headers"]
                present = {name for name, _ in headers}
                page = any(name == b"content-type" and v.startswith(b"text/html") for name, v in headers)
                added = _PAGE if page else _DATA
                framed_by = scope.get(FRAMED_BY)
                if framed_by is not None:
                    added = _framed(added, framed_by)
                headers.extend(header for header in added if header[0] not in present)
            await send(message)

        await self._app(scope, receive, secured)
