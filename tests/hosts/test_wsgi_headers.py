"""The headers of the WSGI bridge's own answers."""

import io
from collections.abc import Iterator

import pytest
from starlette.responses import PlainTextResponse
from starlette.types import Receive, Scope, Send

from connect_hub.hosts.wsgi import ASGIToWSGI
from connect_hub.portal import Portal
from tests.hosts.wsgi_call import call


@pytest.fixture(scope="module")
def portal() -> Iterator[Portal]:
    portal = Portal(close_timeout=5.0)
    yield portal
    portal.close()


async def app(scope: Scope, receive: Receive, send: Send) -> None:
    """Reads the whole body; `/silent` gives no response, `/hanging` never ends."""
    assert scope["type"] == "http"
    while (await receive()).get("more_body"):
        continue
    if scope["path"] == "/hanging":
        await receive()
    elif scope["path"] != "/silent":
        await PlainTextResponse("mine")(scope, receive, send)


@pytest.mark.parametrize("accept", ["*/*", "text/html"])
@pytest.mark.parametrize(
    ("path", "extra", "status"),
    [
        ("/", {"CONTENT_LENGTH": "20", "wsgi.input": io.BytesIO(b"x" * 20)}, 413),
        ("/", {"CONTENT_LENGTH": "16", "wsgi.input": io.BytesIO(b"x")}, 400),
        ("/", {"HTTP_TRANSFER_ENCODING": "chunked"}, 411),
        ("/silent", {}, 500),
        ("/hanging", {}, 504),
    ],
)
def test_the_bridges_own_answers_are_as_guarded_as_the_hubs(
    portal: Portal, path: str, extra: dict[str, object], status: int, accept: str
) -> None:
    """T30, T31: what the bridge says by itself is not stored, not sniffed, in no frame and runs nothing; the
    application's own headers are left as they are."""
    if "wsgi.input" in extra:
        source = extra["wsgi.input"]
        assert isinstance(source, io.BytesIO)
        source.seek(0)
    bridge = ASGIToWSGI(app, portal=portal, max_body_size=16, timeout=0.05 if path == "/hanging" else 5.0)
    reply = call(bridge, "POST", path, extra={**extra, "HTTP_ACCEPT": accept})
    assert reply.status == status
    assert reply.header("cache-control") == ["no-store"]
    assert reply.header("x-content-type-options") == ["nosniff"]
    assert reply.header("x-frame-options") == ["DENY"]
    assert reply.header("content-security-policy") == ["default-src 'none'; frame-ancestors 'none'"]
    assert reply.header("referrer-policy") == ["no-referrer"]
    assert call(ASGIToWSGI(app, portal=portal), path="/mine").header("x-frame-options") == []
