"""The WSGI bridge under real servers: the six faults of a2wsgi 1.10.10, and what only a server can show."""

import http.client
import json
import re
import socket
from collections.abc import Iterator
from pathlib import Path
from typing import cast

import pytest

from tests.hosts.servers import Server, serving

APP = "tests.hosts.wsgi_apps:application"
THREADS = ("--worker-class", "gthread", "--threads", "4")
KINDS: dict[str, tuple[str, ...]] = {
    "gthread": ("gunicorn", *THREADS),
    "sync": ("gunicorn", "--worker-class", "sync"),
    "preload": ("gunicorn", *THREADS, "--preload", "--workers", "2"),
    "waitress": ("waitress",),
    "gevent": ("gunicorn", "--worker-class", "gevent"),
}


@pytest.fixture(scope="module", params=list(KINDS))
def server(request: pytest.FixtureRequest) -> Iterator[Server]:
    kind, *options = KINDS[request.param]
    with serving(kind, APP, *options) as server:
        yield server


@pytest.fixture(scope="module")
def gthread() -> Iterator[Server]:
    with serving("gunicorn", APP, *THREADS) as server:
        yield server


def ask(
    server: Server,
    path: str,
    method: str = "GET",
    body: bytes | Iterator[bytes] | None = None,
    headers: dict[str, str] | None = None,
) -> tuple[int, list[tuple[str, str]], bytes]:
    """One request on a connection of its own, five seconds at most."""
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=5)
    try:
        chunked = body is not None and not isinstance(body, bytes)
        connection.request(method, path, body=body, headers=headers or {}, encode_chunked=chunked)
        response = connection.getresponse()
        return response.status, response.getheaders(), response.read()
    finally:
        connection.close()


def raw(server: Server, request: bytes) -> bytes:
    """Send `request`, say that no more will come, and return everything that is answered."""
    with server.connect() as connection:
        connection.sendall(request)
        connection.shutdown(socket.SHUT_WR)
        answer = b""
        while piece := connection.recv(65536):
            answer += piece
    return answer


def about(server: Server, path: str = "/connect/about") -> dict[str, object]:
    status, _, body = ask(server, path)
    assert status == 200
    return cast("dict[str, object]", json.loads(body))


def cpu_ticks(server: Server) -> int:
    """CPU time, in ticks, of the server's process and of its children that live."""
    ticks = 0
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            pid, rest = stat.parent.name, stat.read_text().rpartition(")")[2].split()
        except (FileNotFoundError, ProcessLookupError):
            continue
        if int(pid) == server.pid or int(rest[1]) == server.pid:
            ticks += int(rest[11]) + int(rest[12])
    return ticks


def said(server: Server, word: str) -> list[int]:
    """The processes that have said `word`."""
    return [int(pid) for pid in re.findall(rf"<{word} (\d+)>", server.output())]


def wait_until_said(server: Server, word: str, count: int = 1) -> list[int]:
    """Ask the server, again and again, until it has said `word` `count` times: each answer gives it time."""
    for _ in range(400):
        if len(said(server, word)) >= count:
            break
        ask(server, "/host")
    return said(server, word)


# --- the six faults ---


def test_fault_1_a_short_body_ends(server: Server) -> None:
    """T40, fault 1: a body shorter than its Content-Length is a 400; no thread is lost, no core burns.

    waitress reads the whole body before it calls an application, and lets such a client go without a word.
    """
    request = b"POST /connect/echo HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\nonly this"
    for _ in range(8):  # twice as many as there are threads
        answer = raw(server, request)
        assert answer.startswith(b"HTTP/1.1 400 ") or (answer == b"" and "waitress" in server.command)
    assert ask(server, "/connect/echo", "POST", b"whole")[::2] == (200, b"whole")
    before = cpu_ticks(server)
    with server.connect(0.5) as idle, pytest.raises(TimeoutError):
        idle.recv(1)  # nobody asks anything: a loop that spins would take most of this half a second
    assert cpu_ticks(server) - before < 10


def test_fault_1_a_client_that_is_gone_is_survived(server: Server) -> None:
    """T40, fault 1: clients that send half a body and close leave the server as it was."""
    for _ in range(8):
        with server.connect() as connection:
            connection.sendall(b"POST /connect/echo HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\nhalf")
    assert ask(server, "/connect/echo", "POST", b"whole")[::2] == (200, b"whole")


def test_fault_2_a_fork_after_import_serves(server: Server) -> None:
    """R18, fault 2: under --preload too, where the bridge is made before the fork, every worker answers."""
    served = {about(server)["pid"] for _ in range(20)}
    assert served <= set(said(server, "startup"))
    if "--preload" in server.command:
        assert server.pid not in served


def test_fault_3_no_response_is_a_500(server: Server) -> None:
    """Fault 3: an application that returns without a response is a 500 at once."""
    status, _, body = ask(server, "/connect/silent/")
    assert status == 500
    assert json.loads(body)["errorCode"] == "internal_error"


def test_fault_4_a_chunked_body_arrives(server: Server) -> None:
    """Fault 4: a body in chunks is the application's to the last byte; one that is too long is a 413."""
    parts = [b"a" * 1000, b"b", b"c" * 70000]
    assert ask(server, "/connect/echo", "POST", iter(parts))[::2] == (200, b"".join(parts))
    assert ask(server, "/connect/echo", "POST", iter([b"x" * 60_000] * 2))[0] == 413


@pytest.mark.parametrize(
    "chunks", [b"5\r\nhel", b"5\r\nhello\r\n", b"zz\r\nhello\r\n0\r\n\r\n"], ids=["cut", "no-end", "no-size"]
)
def test_fault_4_a_broken_chunked_body_is_no_body(server: Server, chunks: bytes) -> None:
    """Fault 4: chunks that break off or make no sense never reach the application as if they were whole."""
    head = b"POST /connect/echo HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n"
    answer = raw(server, head + chunks)
    assert not answer.startswith(b"HTTP/1.1 200")
    assert ask(server, "/connect/echo", "POST", b"whole")[::2] == (200, b"whole")


@pytest.mark.parametrize("kind", list(KINDS))
def test_fault_5_the_lifespan_runs_and_ends(kind: str) -> None:
    """R19, fault 5: start-up once in each process that serves, at its first request; shutdown at its exit."""
    name, *options = KINDS[kind]
    with serving(name, APP, *options) as server:
        assert said(server, "startup") == []
        served = {cast("int", about(server)["pid"]) for _ in range(10)}
        assert sorted(said(server, "startup")) == sorted(served)
        assert said(server, "shutdown") == []
        assert server.stop() == 0
        assert sorted(said(server, "shutdown")) == sorted(served)
        assert "Traceback" not in server.output()


def test_fault_6_there_is_always_a_client(server: Server) -> None:
    """Fault 6: `request.client` is there."""
    assert about(server)["client"] == "127.0.0.1"


def test_fault_6_a_unix_socket_has_an_empty_client() -> None:
    """Fault 6: where the server knows no address (Unix sockets), the client is there, its address empty."""
    with serving("gunicorn", APP, *THREADS, unix=True) as server:
        answer = raw(server, b"GET /connect/about HTTP/1.0\r\nHost: x\r\n\r\n")
    assert json.loads(answer.partition(b"\r\n\r\n")[2])["client"] == ""


# --- what else only a server can show ---


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("/connect/about", ("/connect/about", "/connect", "/connect/about")),
        ("/connect/%61bout?x=1", ("/connect/about", "/connect", "/connect/%61bout")),
        ("/%63onnect/about", ("/connect/about", "/connect", "/%63onnect/about")),
    ],
)
def test_paths_arrive_with_their_root(server: Server, path: str, expected: tuple[str, str, str]) -> None:
    """T34: path, root path and raw path agree on where the request goes, however it was spelt."""
    seen = about(server, path)
    assert (seen["path"], seen["root_path"], seen["raw_path"]) == expected


@pytest.mark.parametrize("path", ["/", "/connected", "/x/connect/about", "/connect%2Fabout/../../host"])
def test_the_host_keeps_what_is_its_own(server: Server, path: str) -> None:
    """T34: what is not under the prefix is the host's; what is under it, the host never sees."""
    status, _, body = ask(server, path)
    if path.startswith("/connect%2F"):
        assert body != b"host"
    else:
        assert (status, body) == (200, b"host")


def test_a_hang_is_a_504(gthread: Server) -> None:
    """An application that never answers costs its client two seconds here, not a thread for ever."""
    status, _, body = ask(gthread, "/connect/hangs/")
    assert (status, json.loads(body)["errorCode"]) == (504, "timeout")


def test_an_error_is_the_servers_to_tell(server: Server) -> None:
    """An exception before the response: the server says 500 and logs the traceback, then goes on serving."""
    assert ask(server, "/raises/")[0] == 500
    assert "LookupError: mine" in server.output()
    assert ask(server, "/connect/fails")[::2] == (500, b"Internal Server Error")
    assert ask(server, "/host")[2] == b"host"


def test_a_stream_arrives_whole(server: Server) -> None:
    """Two megabytes in two thousand parts, made as they are fetched, arrive in order."""
    status, _, body = ask(server, "/connect/stream?parts=2000")
    assert status == 200
    assert body == b"".join(b"%08d" % number * 128 for number in range(2000))


def test_a_client_that_leaves_ends_its_stream(server: Server) -> None:
    """An endless stream ends on the server when its client closes the connection."""
    before = len(said(server, "stream-ended"))
    with server.connect() as connection:
        connection.sendall(b"GET /connect/stream HTTP/1.1\r\nHost: x\r\n\r\n")
        assert connection.recv(4096).startswith(b"HTTP/1.1 200")
    assert len(wait_until_said(server, "stream-ended", before + 1)) > before


def test_head_and_cookies(server: Server) -> None:
    """HEAD has the headers of GET and no body; two cookies are two headers."""
    status, headers, body = ask(server, "/connect/cookies", "HEAD")
    assert (status, body) == (200, b"")
    assert ("content-length", "3") in [(name.lower(), value) for name, value in headers]
    cookies = [value.partition(";")[0] for name, value in headers if name.lower() == "set-cookie"]
    assert cookies == ["a=1", "b=2"]


def test_connections_are_kept(gthread: Server) -> None:
    """Many requests on one connection: the bridge neither closes it nor leaves bytes of a body on it."""
    connection = http.client.HTTPConnection("127.0.0.1", gthread.port, timeout=5)
    connection.connect()
    sock = connection.sock
    for number in range(20):
        connection.request("POST", "/connect/echo", body=b"%d" % number)
        response = connection.getresponse()
        assert (response.status, response.read()) == (200, b"%d" % number)
        assert connection.sock is sock
    connection.close()
