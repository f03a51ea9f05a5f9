"""`InProcessTransport`, and what `connect_hub.testing` offers."""

import subprocess
import sys
from typing import Any

import pytest
from starlette.requests import Request
from starlette.responses import JSONResponse, RedirectResponse
from starlette.types import Receive, Scope, Send

from connect_hub.errors import AnswerTooLarge, OutboundFailed, OutboundRefused
from connect_hub.net import Limits
from connect_hub.secret import Secret
from connect_hub.testing import InProcessTransport, StorageConformance

URL = "https://api.example.com:8443/a%20b?x=%2F&y"


async def _echo(scope: Scope, receive: Receive, send: Send) -> None:
    request = Request(scope, receive)
    seen = {
        "host": request.headers["host"],
        "target": f"{scope['raw_path'].decode()}?{request.url.query}",
        "path": scope["path"],
        "method": request.method,
        "key": request.headers.get("x-key"),
        "body": (await request.body()).decode(),
    }
    await JSONResponse(seen, 418, {"set-cookie": "a=1"})(scope, receive, send)


async def _nothing(scope: Scope, receive: Receive, send: Send) -> None:
    await send({"type": "http.response.start", "status": 200, "headers": []})


async def test_the_application_gets_what_was_sent() -> None:
    """Method, URL, headers and body arrive as over the wire, secrets revealed, and so does the answer."""
    transport = InProcessTransport(_echo)
    answer = await transport.send("PUT", URL, headers={"X-Key": Secret("s3")}, content=Secret("ä"))
    assert answer.json() == {
        "host": "api.example.com:8443",
        "target": "/a%20b?x=%2F&y",
        "path": "/a b",
        "method": "PUT",
        "key": "s3",
        "body": "ä",
    }
    assert (answer.status, answer.headers["Set-Cookie"]) == (418, "a=1")
    assert transport.requests == [("PUT", URL)]


async def test_a_redirect_is_an_answer() -> None:
    """It is not followed, as the real transport follows none."""
    transport = InProcessTransport(RedirectResponse("https://elsewhere.example/", 302))
    assert (await transport.send("GET", URL)).status == 302
    assert len(transport.requests) == 1


async def test_a_long_answer_is_cut_where_that_is_asked() -> None:
    """`Limits(cut=True)` keeps the first bytes, as the real transport does."""
    answer = await InProcessTransport(_echo).send("GET", URL, limits=Limits(max_bytes=3, cut=True))
    assert (answer.status, len(answer.body)) == (418, 3)


@pytest.mark.parametrize(
    ("app", "options", "error"),
    [
        (_echo, {"headers": {"x-key": "a\r\nb: c"}}, OutboundRefused),
        (_echo, {"headers": {"x-key": "ä"}}, OutboundRefused),
        (_echo, {"limits": Limits(max_bytes=10)}, AnswerTooLarge),
        (_nothing, {}, OutboundFailed),
    ],
)
async def test_it_is_no_laxer_than_the_contract(
    app: Any, options: dict[str, Any], error: type[Exception]
) -> None:
    """What the real one refuses in a header, in size, or in half an answer, this one refuses alike."""
    with pytest.raises(error):
        await InProcessTransport(app).send("GET", URL, **options)


def test_the_suite_of_storages_is_loaded_when_it_is_named() -> None:
    """A demonstration needs no pytest; a test that names the suite gets it."""
    program = "import connect_hub.testing, sys; print('pytest' in sys.modules)"
    printed = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert printed.stdout == "False\n"
    assert StorageConformance.__name__ == "StorageConformance"
