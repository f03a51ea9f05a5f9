"""Connections belong to one event loop of one process."""

import asyncio
import gc
import os
import threading
import weakref
from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Any

import httpcore2
import httpx2
import pytest

from connect_hub.errors import OutboundFailed
from connect_hub.net import Limits, OutboundPolicy
from connect_hub.net.outbound import Outbound
from tests.net.test_hostile_answers import hang_up
from tests.net.wire import PATIENT, Conversation, outbound_to, peer

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"


async def test_a_connection_is_reused_within_a_loop() -> None:
    """Two calls one after the other share one connection; after `aclose` a third opens a new one."""
    async with peer(OK) as server, outbound_to(server) as outbound:
        await outbound.send("GET", server.url)
        await outbound.send("GET", server.url)
        assert server.connections == 1
        await outbound.aclose()
        await outbound.send("GET", server.url)
        assert server.connections == 2


async def test_a_request_leaves_in_one_piece() -> None:
    """The head goes with the first of the body, on a new connection and on a kept one; a head alone goes at
    once, and a body in many pieces goes as it comes."""
    sent: list[bytes] = []

    class Noting(httpcore2.AsyncNetworkStream):
        def __init__(self, stream: httpcore2.AsyncNetworkStream) -> None:
            self.read, self.aclose = stream.read, stream.aclose  # type: ignore[method-assign]
            self.get_extra_info = stream.get_extra_info  # type: ignore[method-assign]
            self._stream = stream

        async def write(self, buffer: bytes, timeout: float | None = None) -> None:  # noqa: ASYNC109
            if buffer:
                sent.append(buffer)
            await self._stream.write(buffer, timeout)

    class Dialler(httpcore2.AnyIOBackend):
        async def connect_tcp(self, *args: Any, **kwargs: Any) -> httpcore2.AsyncNetworkStream:
            return Noting(await super().connect_tcp(*args, **kwargs))

    async def pieces() -> AsyncIterator[bytes]:
        for piece in (b"one", b"two"):
            yield piece

    async with peer(OK) as server, outbound_to(server, dialler=Dialler()) as outbound:
        for _ in range(2):
            await outbound.send("POST", server.url, content=b"body")
        await outbound.send("GET", server.url)
        async with outbound.client(server.url) as http:
            await http.post("/", content=pieces(), headers={"content-length": "6"})
    ends = [one[-8:].rpartition(b"\r\n\r\n")[2] for one in sent]
    assert ends == [b"body", b"body", b"", b"one", b"two"]
    assert server.connections == 1


async def test_a_closed_client_leaves_the_connections_to_others() -> None:
    """Closing one account's client does not close the connections under another's."""
    async with peer(OK) as server, outbound_to(server) as outbound:
        async with outbound.client(server.url) as first:
            await first.get("/")
        async with outbound.client(server.url) as second:
            await second.get("/")
        assert server.connections == 1


async def test_every_loop_has_connections_of_its_own() -> None:
    """An Outbound used from several loops, one after another and at once, never hands a connection from one
    to the other, and lets go of loops that are closed."""
    loops: list[weakref.ref[asyncio.AbstractEventLoop]] = []
    async with peer(OK) as server, outbound_to(server, limits=Limits()) as outbound:
        both = threading.Barrier(2)

        async def call() -> bytes:
            loops.append(weakref.ref(asyncio.get_running_loop()))
            first = await outbound.send("GET", server.url)
            second = await outbound.send("GET", server.url)
            await outbound.aclose()
            return first.body + second.body

        def at_once() -> bytes:
            both.wait(10)
            return asyncio.run(call())

        await outbound.send("GET", server.url)
        one_by_one = [await asyncio.to_thread(lambda: asyncio.run(call())) for _ in range(3)]
        together = await asyncio.gather(asyncio.to_thread(at_once), asyncio.to_thread(at_once))
        await outbound.send("GET", server.url)
        assert [*one_by_one, *together] == [b"okok"] * 5
        assert server.connections == 6
    gc.collect()
    assert [loop for loop in loops if loop() is not None] == []


@pytest.mark.filterwarnings("ignore:unclosed:ResourceWarning")  # what a loop leaves open that was not told
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
async def test_a_loop_that_forgot_to_close_is_let_go_of() -> None:
    """A closed loop and its pool are dropped when the next loop asks for one, so that `asyncio.run` for each
    request does not pile them up."""
    loops: list[weakref.ref[asyncio.AbstractEventLoop]] = []
    async with peer(OK) as server, outbound_to(server, limits=Limits()) as outbound:

        async def call() -> None:
            loops.append(weakref.ref(asyncio.get_running_loop()))
            await outbound.send("GET", server.url)

        for _ in range(4):
            await asyncio.to_thread(lambda: asyncio.run(call()))
        await outbound.send("GET", server.url)
    gc.collect()
    assert [loop for loop in loops if loop() is not None] == []


@pytest.mark.filterwarnings("ignore:.*multi-threaded.*fork:DeprecationWarning")
async def test_a_forked_child_opens_its_own_connections() -> None:
    """R18: after a fork the child's call goes over a connection of its own, and the parent's still works."""
    async with peer(OK) as server:
        policy = OutboundPolicy(allow_private_hosts=frozenset({f"127.0.0.1:{server.port}"}), allow_http=True)
        outbound = Outbound(policy=policy)
        await outbound.send("GET", server.url)
        assert server.connections == 1

        async def in_child() -> bool:
            body = (await outbound.send("GET", server.url)).body
            await outbound.aclose()
            return body == b"ok"

        def child() -> None:
            # A thread has no running loop, as the process that a server forks has none.
            thread_ok: list[bool] = []
            worker = threading.Thread(target=lambda: thread_ok.append(asyncio.run(in_child())))
            worker.start()
            worker.join(10)
            os._exit(0 if thread_ok == [True] else 1)

        pid = os.fork()
        if pid == 0:
            child()
        status = await asyncio.to_thread(lambda: os.waitpid(pid, 0)[1])
        assert os.waitstatus_to_exitcode(status) == 0
        assert server.connections == 2
        await outbound.send("GET", server.url)
        assert server.connections == 2
        await outbound.aclose()


def taken_back(ending: bytes = b"", body: bytes | None = None) -> Conversation:
    """One answer on each connection; the next request on it, with `body`, is read, and gets `ending` and the
    end."""

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(OK)
        await writer.drain()
        await reader.readuntil(b"\r\n\r\n" + (body or b""))
        writer.write(ending)

    return talk


@pytest.mark.parametrize("method", ["GET", "POST"])
async def test_a_kept_connection_that_was_just_closed_fails_no_request_that_may_come_twice(
    method: str,
) -> None:
    """R4: a server that closes a connection which it kept, just as the next request comes, is asked once more
    over a new one: by a GET, and by a POST that says that it may, such as a delivery."""
    body, limits = (b"{}", replace(PATIENT, repeat=True)) if method == "POST" else (None, None)
    async with peer(taken_back(body=body)) as server, outbound_to(server) as outbound:
        for _ in range(3):
            assert (await outbound.send(method, server.url, content=body, limits=limits)).status == 200
    assert server.connections == 3


async def test_a_client_of_an_account_asks_again_likewise() -> None:
    """A GET of `hub.client` is repeated, a POST is not."""
    async with (
        peer(taken_back()) as server,
        outbound_to(server) as outbound,
        outbound.client(server.url) as client,
    ):
        for _ in range(3):
            assert (await client.get("/")).status_code == 200
        assert server.connections == 3
        with pytest.raises(httpx2.TransportError):
            await client.post("/", content=b"")
        assert server.connections == 3


@pytest.mark.parametrize(
    ("method", "repeat", "ending"),
    [("POST", False, b""), ("POST", True, b"HTTP/1.1 2"), ("GET", False, b"H"), ("DELETE", False, b"")],
)
async def test_nothing_else_is_sent_twice(method: str, repeat: bool, ending: bytes) -> None:
    """R10, T26: no POST that did not say so, such as one for a token; nothing that began to be answered."""
    body = None if method == "GET" else b"{}"
    async with peer(taken_back(ending, body)) as server, outbound_to(server) as outbound:
        await outbound.send("GET", server.url)
        with pytest.raises(OutboundFailed):
            await outbound.send(method, server.url, content=body, limits=replace(PATIENT, repeat=repeat))
        assert server.connections == 1


async def test_a_new_connection_that_is_closed_is_not_tried_again() -> None:
    """T26: a server that hangs up at once is asked once."""
    async with peer(hang_up) as server, outbound_to(server) as outbound:
        with pytest.raises(OutboundFailed):
            await outbound.send("GET", server.url)
        assert server.connections == 1
