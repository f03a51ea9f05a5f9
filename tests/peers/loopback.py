"""A threaded HTTP server on 127.0.0.1 that leaves neither threads nor sockets behind."""

import socket
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Condition, Event, Thread
from typing import Self

__all__ = ["Answer", "LoopbackServer", "Received"]


@dataclass(frozen=True, kw_only=True)
class Received:
    """One request, as it came."""

    method: str
    path: str
    """With the query, undecoded."""
    headers: Mapping[str, str]
    """Names in lower case."""
    body: bytes
    """The exact bytes, of a body with a Content-Length or in chunks."""


@dataclass(frozen=True, kw_only=True)
class Answer:
    """What to answer; `Content-Length` is added."""

    status: int = 200
    body: bytes = b""
    headers: Mapping[str, str] = field(default_factory=dict)
    after: Event | None = None
    """Answer only once this is set (or the server closes): a slow peer without a sleep."""
    drop: bool = False
    """Cut the connection instead of answering."""


class LoopbackServer:
    """Answers every request by a function, and remembers it. Use it as a context manager."""

    def __init__(self, respond: Callable[[Received], Answer]) -> None:
        """`respond` is called in the thread of the connection, after the request was noted."""
        self._respond = respond
        self._requests: list[Received] = []
        self._arrived = Condition()
        self._closing = Event()
        self._server = _Server(self)
        self._thread = Thread(target=self._server.serve_forever, args=(0.02,), name="loopback-server")
        self._thread.start()

    @property
    def origin(self) -> str:
        """`http://127.0.0.1:<port>`."""
        return f"http://127.0.0.1:{self._server.server_address[1]}"

    @property
    def requests(self) -> Sequence[Received]:
        """All requests since the start or the last `forget`, in order of arrival."""
        with self._arrived:
            return tuple(self._requests)

    def forget(self) -> None:
        """Drop the requests remembered so far."""
        with self._arrived:
            self._requests.clear()

    def wait_for(self, count: int, *, timeout: float = 10) -> Sequence[Received]:
        """The requests, once there are at least `count`; AssertionError after `timeout` seconds."""
        with self._arrived:
            enough = self._arrived.wait_for(lambda: len(self._requests) >= count, timeout)
            assert enough, f"{len(self._requests)} requests in {timeout} s, expected {count}"
            return tuple(self._requests)

    def close(self) -> None:
        """Stop listening, cut what is open, and wait for every thread."""
        self._closing.set()
        self._server.shutdown()
        self._server.cut_connections()
        self._server.server_close()
        self._thread.join()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def handle(self, request: Received) -> Answer:
        """Note `request` and say what to answer, when it is time to."""
        with self._arrived:
            self._requests.append(request)
            self._arrived.notify_all()
        answer = self._respond(request)
        while answer.after is not None and not answer.after.wait(0.02):
            if self._closing.is_set():
                return Answer(drop=True)
        return answer


class _Server(ThreadingHTTPServer):
    daemon_threads = False  # server_close() then waits for them
    request_queue_size = 128

    def __init__(self, owner: LoopbackServer) -> None:
        self.owner = owner
        self._open: set[socket.socket] = set()
        super().__init__(("127.0.0.1", 0), _Handler)

    def process_request(self, request: object, client_address: object) -> None:
        assert isinstance(request, socket.socket)
        self._open.add(request)
        super().process_request(request, client_address)

    def shutdown_request(self, request: object) -> None:
        assert isinstance(request, socket.socket)
        self._open.discard(request)
        super().shutdown_request(request)

    def cut_connections(self) -> None:
        for connection in tuple(self._open):
            try:
                connection.shutdown(socket.SHUT_RDWR)
            except OSError:
                continue  # it ended by itself in the meantime

    def handle_error(self, request: object, client_address: object) -> None:
        """Peers that hang up are what some tests are about."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: _Server

    def _answer(self) -> None:
        request = Received(
            method=self.command,
            path=self.path,
            headers={name.lower(): value for name, value in self.headers.items()},
            body=self._read_body(),
        )
        answer = self.server.owner.handle(request)
        if answer.drop:
            self.close_connection = True
            return
        self.send_response(answer.status)
        for name, value in answer.headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(answer.body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(answer.body)

    do_GET = do_HEAD = do_POST = do_PUT = do_PATCH = do_DELETE = _answer  # noqa: N815 - http.server calls them so

    def _read_body(self) -> bytes:
        if self.headers.get("Transfer-Encoding", "").lower() != "chunked":
            return self.rfile.read(int(self.headers.get("Content-Length", "0")))
        parts = []
        while (size := int(self.rfile.readline().split(b";")[0], 16)) > 0:
            parts.append(self.rfile.read(size))
            self.rfile.readline()
        while self.rfile.readline() not in {b"\r\n", b""}:
            continue
        return b"".join(parts)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the parameter's name in the base class
        """Quiet: requests are remembered, not printed."""
