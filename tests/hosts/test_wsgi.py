"""The WSGI bridge in one process: what the application sees, and what the server gets."""

import asyncio
import contextvars
import io
import json
import logging
import threading
from collections.abc import AsyncIterator, Callable, Iterable, Iterator
from typing import IO, cast
from urllib.parse import unquote_to_bytes
from wsgiref.types import StartResponse, WSGIEnvironment

import pytest
from flask import Flask
from hypothesis import given, settings
from hypothesis import strategies as st
from starlette.applications import Starlette
from starlette.background import BackgroundTask
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response, StreamingResponse
from starlette.routing import Mount, Route
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from connect_hub.hosts.wsgi import ASGIToWSGI, wsgi_middleware
from connect_hub.hosts.wsgi_request import build_scope, read_body
from connect_hub.portal import Portal
from tests.hosts.wsgi_call import call, environ_of, open_call

HEADERS = [(b"content-type", b"text/plain")]


@pytest.fixture(scope="module")
def portal() -> Iterator[Portal]:
    portal = Portal(close_timeout=5.0)
    yield portal
    portal.close()


def lifeless(app: ASGIApp) -> ASGIApp:
    """`app` without a lifespan: what it does with a scope is then about requests only."""

    async def http_only(scope: Scope, receive: Receive, send: Send) -> None:
        assert scope["type"] == "http"
        await app(scope, receive, send)

    return http_only


async def show(scope: Scope, receive: Receive, send: Send) -> None:
    """Answer with the scope and the messages of the body, as JSON."""
    messages = []
    while True:
        message = await receive()
        messages.append(message["type"])
        if not message.get("more_body"):
            break
    seen = {
        key: repr(value) if isinstance(value, bytes | list | tuple) else value
        for key, value in scope.items()
        if key not in ("wsgi_environ", "extensions", "state", "asgi")
    }
    await Response(json.dumps({**seen, "messages": messages}), media_type="text/plain")(scope, receive, send)


def scope_of(portal: Portal, environ: dict[str, object]) -> Scope:
    """The scope that an application gets for `environ`."""
    scopes: list[Scope] = []

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        scopes.append(scope)
        await PlainTextResponse("")(scope, receive, send)

    _, content = open_call(ASGIToWSGI(lifeless(app), portal=portal), environ)
    cast("IO[bytes]", content).close()
    return scopes[0]


def host(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
    start_response("200 OK", [("Content-Type", "text/plain")])
    return [f"host:{environ['SCRIPT_NAME']}:{environ['PATH_INFO']}".encode()]


# --- the request ---


@pytest.mark.parametrize(
    ("prefix", "path", "answer"),
    [
        ("/connect", "/connect", "hub:/connect:/connect"),
        ("/connect", "/connect/", "hub:/connect:/connect/"),
        ("/connect", "/connect/a/b", "hub:/connect:/connect/a/b"),
        ("/connect", "/connect//a", "hub:/connect:/connect//a"),
        ("/connect", "/connected", "host::/connected"),
        ("/connect", "/connect.json", "host::/connect.json"),
        ("/connect", "/Connect", "host::/Connect"),
        ("/connect", "//connect", "host:://connect"),
        ("/connect", "/", "host::/"),
        ("/connect", "", "host::"),
        ("/a/b", "/a/b/c", "hub:/a/b:/a/b/c"),
        ("/a/b", "/a/bc", "host::/a/bc"),
        ("/a/b", "/a", "host::/a"),
        ("/é", "/\xc3\xa9/x", "hub:/é:/é/x"),
    ],
)
def test_the_prefix_ends_at_a_segment(portal: Portal, prefix: str, path: str, answer: str) -> None:
    """T34: the hub gets its prefix and what is below it, the host everything else, unchanged."""

    async def hub(scope: Scope, receive: Receive, send: Send) -> None:
        await PlainTextResponse(f"hub:{scope['root_path']}:{scope['path']}")(scope, receive, send)

    app = wsgi_middleware(host, ASGIToWSGI(lifeless(hub), portal=portal), prefix)
    extra = {"SCRIPT_NAME": "/x"} if path == "" else {}  # PEP 3333: one of the two is not empty
    reply = call(app, path=path, extra=extra)
    assert reply.body.decode() == answer.replace("host::", "host:/x:" if extra else "host::")


def test_the_environ_of_the_server_is_not_changed(portal: Portal) -> None:
    """Servers log from the environ that they made: after a hub request it reads as before."""
    app = wsgi_middleware(host, ASGIToWSGI(lifeless(show), portal=portal), "/connect")
    environ = environ_of(path="/connect/x")
    before = dict(environ)
    _, content = open_call(app, environ)
    cast("IO[bytes]", content).close()
    assert {key: environ[key] for key in before if not key.startswith("wsgi.")} == {
        key: value for key, value in before.items() if not key.startswith("wsgi.")
    }


@pytest.mark.parametrize("prefix", ["", "/", "connect", "/connect/", "/a//b", "/a?b", "/a#b"])
def test_a_prefix_that_could_not_match_is_refused(prefix: str) -> None:
    """A prefix that is no path of whole segments is an error when the application is put together."""
    with pytest.raises(ValueError, match="prefix"):
        wsgi_middleware(host, lifeless(show), prefix)


def test_the_scope_says_what_the_environ_says(portal: Portal) -> None:
    """Every part of the request arrives: paths, query, headers, both ends, version and scheme."""
    scope = scope_of(
        portal,
        environ_of(
            "POST",
            "/caf\xc3\xa9/a b?x=%20&y=1",
            b"12",
            {
                "SCRIPT_NAME": "/app",
                "RAW_URI": "/app/caf%C3%A9/a%20b?x=%20&y=1",
                "SERVER_PROTOCOL": "HTTP/1.0",
                "SERVER_PORT": "8443",
                "wsgi.url_scheme": "https",
                "REMOTE_PORT": "4711",
                "CONTENT_TYPE": "text/plain",
                "HTTP_X_NAME": "J\xf6rg",
                "HTTP_COOKIE": "a=1; b=2",
            },
        ),
    )
    assert scope["path"] == "/app/café/a b"
    assert scope["root_path"] == "/app"
    assert scope["raw_path"] == b"/app/caf%C3%A9/a%20b"
    assert scope["query_string"] == b"x=%20&y=1"
    assert (scope["method"], scope["scheme"], scope["http_version"]) == ("POST", "https", "1.0")
    assert (scope["client"], scope["server"]) == (("192.0.2.7", 4711), ("127.0.0.1", 8443))
    assert sorted(scope["headers"]) == [
        (b"content-length", b"2"),
        (b"content-type", b"text/plain"),
        (b"cookie", b"a=1; b=2"),
        (b"x-name", b"J\xf6rg"),
    ]


@pytest.mark.parametrize(
    ("extra", "raw"),
    [
        ({"REQUEST_URI": "/a%2Fb?q"}, b"/a%2Fb"),
        ({"REQUEST_URI": "http://evil.example/a%2Fb"}, b"/a%2Fb"),
        ({"RAW_URI": "/a%2fb"}, b"/a%2fb"),
        ({"REQUEST_URI": "/elsewhere"}, b"/a/b"),
        ({}, b"/a/b"),
    ],
)
def test_the_raw_path_never_names_another_place(portal: Portal, extra: dict[str, object], raw: bytes) -> None:
    """T34: the raw path is what was sent while that decodes to the path; else it is made from the path."""
    scope = scope_of(portal, environ_of(path="/a/b", extra=extra))
    assert (scope["raw_path"], scope["path"]) == (raw, "/a/b")


def test_an_underscore_cannot_replace_a_header() -> None:
    """`Content_Length: 5` is not Content-Length: where a server lets it through, it is left out."""
    environ = environ_of("POST", body=b"12", extra={"HTTP_CONTENT_LENGTH": "99", "HTTP_CONTENT_TYPE": "x/y"})
    assert build_scope(environ)["headers"] == [(b"content-length", b"2")]


@given(st.text(st.characters(exclude_categories=["Cs"])), st.sampled_from(["", "/app", "/\u00fc"]))
@settings(max_examples=60)
def test_any_path_survives(text: str, script: str) -> None:
    """Whatever characters a path has, the application sees those, below the root, and a raw path in ASCII."""
    path = f"/{text}"
    environ = environ_of()
    environ["PATH_INFO"] = path.encode().decode("latin-1")
    environ["SCRIPT_NAME"] = script.encode().decode("latin-1")
    scope = build_scope(environ)
    assert (scope["path"], scope["root_path"]) == (script + path, script)
    raw = cast("bytes", scope["raw_path"])
    assert raw.isascii()
    assert unquote_to_bytes(raw) == (script + path).encode()


@pytest.mark.parametrize(
    ("extra", "client"),
    [
        ({}, ("192.0.2.7", 0)),
        ({"REMOTE_PORT": ""}, ("192.0.2.7", 0)),
        ({"REMOTE_PORT": "none"}, ("192.0.2.7", 0)),
        ({"REMOTE_ADDR": "", "REMOTE_PORT": ""}, ("", 0)),
    ],
)
def test_the_client_is_always_a_pair(
    portal: Portal, extra: dict[str, object], client: tuple[str, int]
) -> None:
    """`request.client.host` never fails: an unknown port is 0, an unknown address is empty."""
    scope = scope_of(portal, environ_of(extra=extra))
    assert scope["client"] == client
    assert Request(scope).client is not None


def test_the_callers_context_is_carried(portal: Portal) -> None:
    """What a WSGI middleware put into context variables (a trace, a tenant) the application can read."""
    who = contextvars.ContextVar("who", default="nobody")

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        await PlainTextResponse(who.get())(scope, receive, send)

    def under(name: str) -> bytes:
        who.set(name)
        return call(ASGIToWSGI(lifeless(app), portal=portal)).body

    assert contextvars.copy_context().run(under, "ada") == b"ada"


# --- the body ---


@given(st.binary(max_size=200), st.integers(0, 220), st.sampled_from(["length", "chunked", "neither"]))
@settings(max_examples=120)
def test_a_body_is_whole_or_refused(content: bytes, limit: int, framing: str) -> None:
    """T40: whatever its framing, a body arrives exactly, or is too large, or is not read at all."""
    environ = environ_of("POST", extra={"wsgi.input": io.BytesIO(content + b"NEXT REQUEST")})
    if framing == "length":
        environ["CONTENT_LENGTH"] = str(len(content))
    elif framing == "chunked":
        environ.update(
            {
                "HTTP_TRANSFER_ENCODING": "chunked",
                "wsgi.input_terminated": True,
                "wsgi.input": io.BytesIO(content),
            }
        )
    body = read_body(environ, limit)
    if framing == "neither":
        assert (body.content, body.fault) == (b"", None)
    elif len(content) <= limit:
        assert (body.content, body.fault) == (content, None)
    else:
        assert body.fault is not None
        assert body.fault.status == 413
        assert body.content == content[: limit + 1]


async def greedy(scope: Scope, receive: Receive, send: Send) -> None:
    """Read the whole body as Starlette does, then answer with its length."""
    body = await Request(scope, receive).body()
    await PlainTextResponse(str(len(body)))(scope, receive, send)


async def careless(scope: Scope, receive: Receive, send: Send) -> None:
    """Answer without reading."""
    await PlainTextResponse("not read")(scope, receive, send)


async def deaf(scope: Scope, receive: Receive, send: Send) -> None:
    """Wait for the last part of the body for ever, and ignore a disconnect."""
    while True:
        message = await receive()
        if message["type"] == "http.request" and not message.get("more_body"):
            break
    await PlainTextResponse("never")(scope, receive, send)


@pytest.mark.parametrize("app", [greedy, Starlette(routes=[Mount("/", greedy)])], ids=["plain", "starlette"])
@pytest.mark.parametrize(
    ("extra", "status", "code"),
    [
        ({"CONTENT_LENGTH": "5"}, 200, None),
        ({"CONTENT_LENGTH": "6"}, 400, "incomplete_body"),
        ({"CONTENT_LENGTH": "16"}, 400, "incomplete_body"),
        ({"CONTENT_LENGTH": "99999999999999999"}, 400, "incomplete_body"),
        ({"CONTENT_LENGTH": "5", "wsgi.input": io.BytesIO(b"x" * 5)}, 200, None),
        ({"CONTENT_LENGTH": "20", "wsgi.input": io.BytesIO(b"x" * 20)}, 413, "payload_too_large"),
        ({"CONTENT_LENGTH": "-1"}, 400, "bad_content_length"),
        ({"CONTENT_LENGTH": "+5"}, 400, "bad_content_length"),
        ({"CONTENT_LENGTH": "5_0"}, 400, "bad_content_length"),
        ({"CONTENT_LENGTH": "0x5"}, 400, "bad_content_length"),
        ({"CONTENT_LENGTH": "٥"}, 400, "bad_content_length"),
        ({"CONTENT_LENGTH": "9" * 5000}, 400, "bad_content_length"),
        ({"HTTP_TRANSFER_ENCODING": "chunked"}, 411, "length_required"),
        ({"HTTP_TRANSFER_ENCODING": "chunked", "CONTENT_LENGTH": "5"}, 411, "length_required"),
        ({"HTTP_TRANSFER_ENCODING": "chunked", "wsgi.input_terminated": True}, 200, None),
    ],
)
def test_a_body_that_lies_is_answered(
    portal: Portal, app: ASGIApp, extra: dict[str, object], status: int, code: str | None
) -> None:
    """T40: short, long, endless, negative and unnumbered bodies each end in one clear answer, soon."""
    source = cast("io.BytesIO | None", extra.get("wsgi.input")) or io.BytesIO(b"12345")
    source.seek(0)
    bridge = ASGIToWSGI(app, portal=portal, max_body_size=16, timeout=5)
    environ = environ_of("POST", extra={**extra, "wsgi.input": source})
    answers: list[int] = []

    def start_response(status: str, headers: object, exc_info: object = None, /) -> Callable[[bytes], object]:
        answers.append(int(status[:3]))
        return lambda _: None

    # Without the validator: it refuses a Content-Length that is no number, and so would hide what we do.
    content = b"".join(bridge(environ, start_response))
    assert answers == [status]
    if code is not None:
        said = json.loads(content)
        assert (said["statusCode"], said["errorCode"]) == (status, code)
        assert said["message"]
        assert said["timestamp"].endswith("+00:00")


def test_an_application_with_a_lower_limit_refuses_in_its_own_words(portal: Portal) -> None:
    """T40: a body over the bridge's limit is still refused by the application where it counts for itself."""

    async def counts(scope: Scope, receive: Receive, send: Send) -> None:
        message = await receive()
        assert len(message["body"]) == 17
        await PlainTextResponse("mine", status_code=413)(scope, receive, send)

    bridge = ASGIToWSGI(lifeless(counts), portal=portal, max_body_size=16)
    assert call(bridge, "POST", body=b"x" * 100).body == b"mine"


def test_an_application_that_does_not_read_is_not_disturbed(portal: Portal) -> None:
    """A refusal before reading (401, 404) reaches the client although its body was short."""
    bridge = ASGIToWSGI(lifeless(careless), portal=portal)
    assert call(bridge, "POST", body=b"123", extra={"CONTENT_LENGTH": "10"}).body == b"not read"


def test_an_application_that_ignores_the_disconnect_is_stopped(portal: Portal) -> None:
    """One that spins on a short body is cancelled, and the loop serves others in the meantime."""
    spinning = ASGIToWSGI(lifeless(deaf), portal=portal, timeout=0.3)
    replies: list[int] = []
    other = threading.Thread(
        target=lambda: replies.append(
            call(spinning, "POST", body=b"123", extra={"CONTENT_LENGTH": "10"}).status
        )
    )
    other.start()
    assert call(ASGIToWSGI(lifeless(careless), portal=portal)).status == 200
    other.join()
    assert replies == [504]


def test_an_error_of_the_input_is_the_servers(portal: Portal) -> None:
    """What `wsgi.input` raises goes to the server unchanged, and the application is not called."""
    called: list[int] = []

    class Broken(io.BytesIO):
        def read(self, size: int | None = -1, /) -> bytes:
            raise ConnectionResetError("gone")

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        called.append(1)

    bridge = ASGIToWSGI(lifeless(app), portal=portal)
    with pytest.raises(ConnectionResetError):
        call(bridge, "POST", extra={"CONTENT_LENGTH": "5", "wsgi.input": Broken()})
    assert called == []


# --- the response ---


def test_headers_are_kept_but_those_of_the_connection(portal: Portal) -> None:
    """Cookies stay apart and in order, bytes are latin-1, hop-by-hop headers go, a length is added."""

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        headers = [
            (b"Content-Type", b"text/plain"),
            (b"set-cookie", b"a=1; Path=/"),
            (b"set-cookie", b"b=2; Path=/"),
            (b"x-name", b"J\xf6rg"),
            *[
                (name, b"x")
                for name in (b"Connection", b"keep-alive", b"Transfer-Encoding", b"upgrade", b"te")
            ],
        ]
        await send({"type": "http.response.start", "status": 299, "headers": headers})
        await send({"type": "http.response.body", "body": b"four"})

    reply = call(ASGIToWSGI(lifeless(app), portal=portal))
    assert reply.status == 299
    assert reply.header("set-cookie") == ["a=1; Path=/", "b=2; Path=/"]
    assert reply.header("x-name") == ["J\xf6rg"]
    assert [name.lower() for name, _ in reply.headers] == [
        "content-type", "set-cookie", "set-cookie", "x-name", "content-length",
    ]  # fmt: skip
    assert reply.header("content-length") == ["4"]


@pytest.mark.parametrize("header", [(b"x", b"a\r\nSet-Cookie: evil=1"), (b"x\n", b"a"), (b"x", b"a\0")])
def test_a_line_break_in_a_header_is_never_sent(portal: Portal, header: tuple[bytes, bytes]) -> None:
    """A header cannot become two: the response is refused before the server sees it."""

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": [*HEADERS, header]})
        await send({"type": "http.response.body", "body": b""})

    with pytest.raises(ValueError, match="line break"):
        call(ASGIToWSGI(lifeless(app), portal=portal))


@pytest.mark.parametrize("streams", [False, True])
def test_head_has_a_head_only(portal: Portal, streams: bool) -> None:
    """HEAD answers with the headers of GET and no body; an endless stream is ended, not sent."""
    ended = threading.Event()

    async def endless() -> AsyncIterator[bytes]:
        try:
            while True:
                yield b"x" * 1000
        finally:
            ended.set()

    async def page(request: Request) -> Response:
        if streams:
            return StreamingResponse(endless(), media_type="text/plain", headers={"x-a": "1"})
        return PlainTextResponse("four", headers={"x-a": "1"})

    app = Starlette(routes=[Route("/", page)])
    reply = call(ASGIToWSGI(app, portal=portal), "HEAD")
    assert (reply.status, reply.body, reply.header("x-a")) == (200, b"", ["1"])
    assert reply.header("content-length") == ([] if streams else ["4"])
    assert not streams or ended.wait(5)


@pytest.mark.parametrize("status", [204, 304])
def test_an_empty_status_gets_no_length(portal: Portal, status: int) -> None:
    """204 and 304 have no body; the bridge adds no Content-Length of its own (RFC 9110, 8.6)."""

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        await send({"type": "http.response.start", "status": status, "headers": []})
        await send({"type": "http.response.body"})

    reply = call(ASGIToWSGI(lifeless(app), portal=portal))
    assert (reply.status, reply.headers, reply.body) == (status, [], b"")


def test_a_background_task_does_not_hold_the_thread(portal: Portal) -> None:
    """The response is there while its background task still waits, and the task runs to its end."""
    released = asyncio.Event()
    done = threading.Event()

    async def later() -> None:
        await released.wait()
        done.set()

    async def page(request: Request) -> Response:
        return PlainTextResponse("at once", background=BackgroundTask(later))

    app = Starlette(routes=[Route("/", page)])
    assert call(ASGIToWSGI(app, portal=portal)).body == b"at once"
    assert not done.is_set()
    portal.loop().call_soon_threadsafe(released.set)
    assert done.wait(5)


# --- errors ---


@pytest.mark.parametrize("error", [LookupError("mine"), SystemExit(3), KeyboardInterrupt()])
def test_an_error_before_the_response_is_raised_to_the_server(portal: Portal, error: BaseException) -> None:
    """As from any WSGI view: the very exception, so that the host's error reports and debuggers see it."""

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        raise error

    with pytest.raises(type(error)) as caught:
        call(ASGIToWSGI(app, portal=portal))
    assert caught.value is error
    assert call(ASGIToWSGI(lifeless(careless), portal=portal)).status == 200


def test_starlettes_own_500_is_sent_and_its_error_logged(
    portal: Portal, caplog: pytest.LogCaptureFixture
) -> None:
    """Starlette answers 500 and raises then: the client gets the answer, the log the traceback."""
    logged = threading.Event()

    async def page(request: Request) -> Response:
        raise LookupError("mine")

    handler = logging.Handler()
    handler.emit = lambda record: logged.set()  # type: ignore[method-assign]
    logging.getLogger().addHandler(handler)  # asked after the handler of caplog
    try:
        reply = call(ASGIToWSGI(Starlette(routes=[Route("/", page)]), portal=portal))
        assert (reply.status, reply.body) == (500, b"Internal Server Error")
        assert logged.wait(5)
    finally:
        logging.getLogger().removeHandler(handler)
    assert "LookupError: mine" in caplog.text


@pytest.mark.parametrize("sends", [[], ["start"]])
def test_no_response_is_a_500(portal: Portal, caplog: pytest.LogCaptureFixture, sends: list[str]) -> None:
    """An application that returns without a response, or with a head alone, is a 500, not a wait."""

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        if sends:
            await send({"type": "http.response.start", "status": 200, "headers": HEADERS})

    reply = call(ASGIToWSGI(lifeless(app), portal=portal))
    assert reply.status == 500
    assert json.loads(reply.body)["errorCode"] == "internal_error"
    assert "GET '/' returned without completing its response" in caplog.text


def test_a_hanging_application_is_a_504_and_cancelled(
    portal: Portal, caplog: pytest.LogCaptureFixture
) -> None:
    """After `timeout` seconds the client is told, a browser in a sentence, and the task is cancelled."""
    cancelled = threading.Event()

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        try:
            await receive()
            await receive()
        finally:
            cancelled.set()

    bridge = ASGIToWSGI(lifeless(app), portal=portal, timeout=0.05)
    reply = call(bridge, path="/x/triggers/secret?token=secret", extra={"HTTP_ACCEPT": "text/html,*/*"})
    assert (reply.status, reply.header("content-type")) == (504, ["text/plain; charset=utf-8"])
    assert reply.body == b"The application did not answer in time."
    assert cancelled.wait(5)
    assert "GET '/x/triggers/***' did not answer in 0.05 seconds" in caplog.text
    assert "secret" not in caplog.text


@pytest.mark.parametrize(
    ("messages", "match"),
    [
        ([{"type": "http.response.body"}], r"Expected http\.response\.start"),
        ([{"type": "http.response.start", "status": 200}] * 2, r"Expected http\.response\.body"),
        ([{"type": "websocket.accept"}], r"Expected http\.response\.start"),
    ],
)
def test_messages_out_of_turn_are_errors(portal: Portal, messages: list[Message], match: str) -> None:
    """`send` takes the messages of ASGI in their order; all else is a RuntimeError in the application."""

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        for message in messages:
            await send(message)

    with pytest.raises(RuntimeError, match=match):
        call(ASGIToWSGI(lifeless(app), portal=portal))


def test_nothing_is_sent_after_the_end(portal: Portal) -> None:
    """`send` after the last message is an error, and `receive` after it says http.disconnect."""
    outcome: list[object] = []
    done = threading.Event()

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        await careless(scope, receive, send)
        await receive()  # the body, empty
        outcome.append((await receive())["type"])
        outcome.append((await receive())["type"])
        try:
            await send({"type": "http.response.body", "body": b"more"})
        except RuntimeError as error:
            outcome.append(type(error))
        done.set()

    assert call(ASGIToWSGI(lifeless(app), portal=portal)).body == b"not read"
    assert done.wait(5)
    assert outcome == ["http.disconnect", "http.disconnect", RuntimeError]


# --- streams ---


def stream_of(
    portal: Portal, chunks: Callable[[], AsyncIterator[bytes]], timeout: float = 5
) -> Iterable[bytes]:
    async def page(request: Request) -> Response:
        return StreamingResponse(chunks(), media_type="text/plain")

    bridge = ASGIToWSGI(Starlette(routes=[Route("/", page)]), portal=portal, timeout=timeout)
    head, content = open_call(bridge, environ_of())
    assert head.status == 200
    return content


def close(content: Iterable[bytes]) -> None:
    cast("IO[bytes]", content).close()


def test_a_stream_arrives_whole_and_as_it_comes(portal: Portal) -> None:
    """Each part can be had before the next is made, and together they are what was sent."""
    allowed = asyncio.Semaphore(1)

    async def chunks() -> AsyncIterator[bytes]:
        for number in range(5):
            await allowed.acquire()
            yield b"%d" % number

    content = stream_of(portal, chunks)
    parts = []
    for part in content:
        parts.append(part)
        portal.loop().call_soon_threadsafe(allowed.release)
    close(content)
    assert parts == [b"0", b"1", b"2", b"3", b"4"]


def test_a_stream_does_not_run_ahead_of_its_client(portal: Portal) -> None:
    """Of 16 MiB an application makes no more than a few parts before the server asks for them."""
    made = 0
    stopped = threading.Event()

    async def chunks() -> AsyncIterator[bytes]:
        nonlocal made
        for _ in range(1024):
            made += 1
            if made == 4:
                asyncio.get_running_loop().call_later(0.05, stopped.set)
            yield b"x" * 16384

    content = stream_of(portal, chunks)
    assert stopped.wait(5)
    assert made <= 6
    assert sum(len(part) for part in content) == 16384 * 1024
    close(content)
    assert made == 1024


@pytest.mark.parametrize("begun", [False, True])
@pytest.mark.parametrize("waits", [False, True])
def test_a_client_that_leaves_ends_the_application(
    portal: Portal, caplog: pytest.LogCaptureFixture, begun: bool, waits: bool
) -> None:
    """When the server closes a stream the application is cancelled, at rest or not; nothing is logged."""
    ended = threading.Event()

    async def chunks() -> AsyncIterator[bytes]:
        try:
            while True:
                yield b"x" * 70000
                if waits:
                    await asyncio.Event().wait()
        finally:
            ended.set()

    content = stream_of(portal, chunks)
    if begun:
        next(iter(content))
    close(content)
    assert ended.wait(5)
    portal.run(asyncio.sleep(0))
    assert caplog.text == ""


def test_an_error_within_a_stream_breaks_it_off(portal: Portal) -> None:
    """A stream that fails must not look finished: the parts sent so far, then the exception."""

    async def chunks() -> AsyncIterator[bytes]:
        yield b"begun"
        await asyncio.sleep(0.01)
        raise LookupError("mine")

    content = stream_of(portal, chunks)
    parts = iter(content)
    assert next(parts) == b"begun"
    with pytest.raises(LookupError, match="mine"):
        next(parts)
    close(content)


def test_a_stream_that_goes_silent_is_broken_off(portal: Portal) -> None:
    """A stream silent for `timeout` seconds ends with TimeoutError, and its application is cancelled."""
    ended = threading.Event()

    async def chunks() -> AsyncIterator[bytes]:
        yield b"begun"
        try:
            await asyncio.Event().wait()
        finally:
            ended.set()

    content = stream_of(portal, chunks, timeout=0.1)
    parts = iter(content)
    assert next(parts) == b"begun"
    with pytest.raises(TimeoutError):
        next(parts)
    assert ended.wait(5)
    close(content)


# --- the lifespan ---


def lived(told: list[str], fail: list[str]) -> ASGIApp:
    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await receive()
            told.append("startup")
            if fail:
                await send({"type": "lifespan.startup.failed", "message": fail.pop()})
                return
            scope["state"]["pool"] = ["shared"]
            await send({"type": "lifespan.startup.complete"})
            await receive()
            told.append("shutdown")
            await send({"type": "lifespan.shutdown.complete"})
        else:
            pool = scope["state"]["pool"]
            scope["state"]["mine"] = True
            await JSONResponse([len(scope["state"]), pool])(scope, receive, send)

    return app


def test_the_lifespan_runs_once_and_ends_with_the_portal() -> None:
    """R19: up before sixteen first requests, once, down at close; each request has a copy of the state."""
    portal = Portal(close_timeout=5.0)
    told: list[str] = []
    bridge = ASGIToWSGI(lived(told, []), portal=portal)
    barrier = threading.Barrier(16)
    replies: list[object] = []

    def first() -> None:
        barrier.wait()
        replies.append(json.loads(call(bridge).body))

    threads = [threading.Thread(target=first) for _ in range(16)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert replies == [[2, ["shared"]]] * 16
    assert told == ["startup"]
    portal.close()
    assert told == ["startup", "shutdown"]


def test_a_failed_start_is_told_and_tried_again(portal: Portal) -> None:
    """While the application says that it cannot start, its reason is raised; once it can, it serves."""
    told: list[str] = []
    bridge = ASGIToWSGI(lived(told, ["no database"]), portal=portal)
    with pytest.raises(RuntimeError, match="no database"):
        call(bridge)
    assert call(bridge).status == 200
    assert told == ["startup", "startup"]


def test_two_mounts_share_one_loop(portal: Portal) -> None:
    """Two hubs in one application run on the same loop, so that they can share an engine."""
    loops: list[asyncio.AbstractEventLoop] = []

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        loops.append(asyncio.get_running_loop())
        await PlainTextResponse(str(scope["root_path"]))(scope, receive, send)

    one = ASGIToWSGI(lifeless(app), portal=portal)
    two = ASGIToWSGI(lifeless(app), portal=portal)
    both = wsgi_middleware(wsgi_middleware(host, one, "/one"), two, "/two")
    assert [call(both, path=path).body for path in ("/one/", "/two/", "/x")] == [
        b"/one",
        b"/two",
        b"host::/x",
    ]
    assert loops[0] is loops[1]


def test_a_flask_application_keeps_its_own_ways(portal: Portal) -> None:
    """Flask's test client reaches both sides; its errors stay its own; the environ of the host is at hand."""
    app = Flask(__name__)
    app.testing = True

    @app.get("/fails")
    def fails() -> str:
        raise LookupError("the host's")

    async def hub(request: Request) -> Response:
        environ = request.scope["wsgi_environ"]
        return JSONResponse([environ["werkzeug.request"] is not None, request.client is not None])

    bridge = ASGIToWSGI(Starlette(routes=[Mount("/connect", routes=[Route("/x", hub)])]), portal=portal)

    class Tells:
        """A middleware of the host's, outside the hub's."""

        def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
            environ["werkzeug.request"] = "here"
            return inner(environ, start_response)

    inner = wsgi_middleware(app.wsgi_app, bridge, "/hub")
    app.wsgi_app = Tells()  # type: ignore[method-assign]
    client = app.test_client()
    assert client.get("/hub/connect/x").get_json() == [True, True]
    assert client.get("/hub/connect/none").status_code == 404
    assert client.get("/nowhere").status_code == 404
    with pytest.raises(LookupError, match="the host's"):
        client.get("/fails")


def test_making_a_bridge_does_nothing() -> None:
    """A bridge may be made before a fork: no thread, no loop, no lifespan until the first request (R18)."""
    portal = Portal()
    told: list[str] = []
    before = threading.active_count()
    wsgi_middleware(host, ASGIToWSGI(lived(told, []), portal=portal), "/connect")
    assert (threading.active_count(), told) == (before, [])


@pytest.mark.parametrize("options", [{"max_body_size": -1}, {"timeout": 0}, {"timeout": -1.0}])
def test_limits_that_make_no_sense_are_refused(options: dict[str, float]) -> None:
    """A negative size or a time of nothing is an error that names the option."""
    with pytest.raises(ValueError, match=next(iter(options))):
        ASGIToWSGI(lifeless(show), **options)  # type: ignore[arg-type]
