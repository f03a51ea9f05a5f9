"""Servers that answer slowly, endlessly, compressed or wrongly: each call ends in time, small, and named."""

import asyncio
import contextlib
import gzip
import socket
import struct
import time
import tracemalloc
from dataclasses import replace

import httpcore2
import pytest

from connect_hub.errors import AnswerTooLarge, ConnectHubError, OutboundFailed, OutboundRefused
from connect_hub.net import Limits, NotJSON, Transport
from connect_hub.net.guard import Flooded, GuardedStream
from connect_hub.secret import Secret
from tests.leaks import reported
from tests.net.wire import PATIENT, SHORT, Conversation, outbound_to, peer

CANARY = "canary-4f1d"


async def forever(writer: asyncio.StreamWriter, piece: bytes) -> None:
    while True:
        writer.write(piece)
        await writer.drain()


async def silent(_reader: asyncio.StreamReader, _writer: asyncio.StreamWriter) -> None:
    await asyncio.Event().wait()


async def drip(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n")
    while True:
        writer.write(b"x")
        await writer.drain()
        await asyncio.sleep(0.02)  # the drip itself, not a wait for a race


async def drip_head(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    while True:
        writer.write(b"H")
        await writer.drain()
        await asyncio.sleep(0.02)


async def endless(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    writer.write(b"HTTP/1.1 200 OK\r\n\r\n")
    await forever(writer, b"x" * 65536)


async def endless_chunks(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    writer.write(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
    await forever(writer, b"1000\r\n" + b"x" * 4096 + b"\r\n")


async def tiny_chunks(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    writer.write(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
    await forever(writer, b"1\r\nx\r\n" * 1000)


async def endless_interim(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    await forever(writer, b"HTTP/1.1 100 Continue\r\n\r\n" * 100)


async def endless_head(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    writer.write(b"HTTP/1.1 200 OK\r\n")
    await forever(writer, b"X-Filler: " + b"x" * 4096 + b"\r\n")


async def hang_up(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    writer.close()


async def cut_short(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    writer.write(head("Content-Length: 10") + b"x")
    writer.close()


async def reset(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    writer.write(head("Content-Length: 10") + b"x")
    await writer.drain()
    connection = writer.get_extra_info("socket")
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    writer.transport.abort()


def head(*lines: str) -> bytes:
    return "\r\n".join(["HTTP/1.1 200 OK", *lines, "", ""]).encode()


BOMB = gzip.compress(b"\0" * 20_000_000)

HOSTILE: dict[str, tuple[Conversation | bytes, str]] = {
    "silence": (silent, "timeout"),
    "one byte now and then": (drip, "timeout"),
    "one byte of the head now and then": (drip_head, "timeout"),
    "endless interim answers": (endless_interim, "too large"),
    "chunks of one byte": (tiny_chunks, "too large"),
    "endless body": (endless, "too large"),
    "endless chunks": (endless_chunks, "too large"),
    "announced too large": (head("Content-Length: 1000000000000"), "too large"),
    "one header without an end": (head("X-A: " + "x" * 200_000), "too large"),
    "endless headers": (endless_head, "too large"),
    "10,000 headers": (head(*(f"X-{n}: 1" for n in range(10_000)), "Content-Length: 0"), "too large"),
    "101 headers": (head(*(f"X-{n}: 1" for n in range(100)), "Content-Length: 0"), "too large"),
    "gzip bomb": (head("Content-Encoding: gzip", f"Content-Length: {len(BOMB)}") + BOMB, "protocol"),
    "gzip, spelled oddly": (head("cOnTent-enCoding:  X-GZIP", "Content-Length: 1") + b"x", "protocol"),
    "identity, then gzip": (
        head("Content-Encoding: identity", "Content-Encoding: gzip", "Content-Length: 1") + b"x",
        "protocol",
    ),
    "hung up at once": (hang_up, "protocol"),
    "a body that stops": (head("Content-Length: 10") + b"x", "timeout"),
    "a body cut short": (cut_short, "protocol"),
    "a connection reset": (reset, "connect"),
    "not HTTP": (b"SSH-2.0-OpenSSH_9.2\r\n\r\n", "protocol"),
    "two lengths": (head("Content-Length: 1", "Content-Length: 2") + b"xx", "protocol"),
    "another protocol": (b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\n\r\n", "protocol"),
}


def limits_for(expected: str) -> Limits:
    # A machine with much else to do takes seconds to read thousands of interim answers.
    return SHORT if expected == "timeout" else replace(PATIENT, total=60.0, max_bytes=65536)


def name_of(error: ConnectHubError) -> str:
    return (
        error.reason
        if isinstance(error, OutboundFailed)
        else error.code.replace("answer_", "").replace("_", " ")
    )


@pytest.mark.parametrize("kind", HOSTILE)
async def test_a_hostile_answer_ends_in_time_small_and_named(kind: str) -> None:
    """T26, R11: whatever a server does, the call ends within its total limit with the error that fits, and
    memory grows by less than 8 MiB."""
    talk, expected = HOSTILE[kind]
    async with peer(talk) as server, outbound_to(server) as outbound:
        limits = limits_for(expected)
        tracemalloc.start()
        began = time.monotonic()
        try:
            with pytest.raises(ConnectHubError) as ended:
                await outbound.send("GET", server.url, limits=limits)
            took = time.monotonic() - began
            _, peak = tracemalloc.get_traced_memory()
        finally:
            tracemalloc.stop()
    assert name_of(ended.value) == expected
    assert took < limits.total + 5.0
    assert peak < 8 * 1024 * 1024


async def test_nothing_listens() -> None:
    """R11: a refused connection has the reason `connect`."""
    async with peer(b"") as server:
        pass
    async with outbound_to(server) as outbound:
        with pytest.raises(OutboundFailed) as failed:
            await outbound.send("GET", server.url)
    assert failed.value.reason == "connect"


async def test_the_cap_is_exact() -> None:
    """T26: a body of exactly the limit is read, one byte more is not, announced or chunked."""
    for framing, body in (
        ("Content-Length: 10", b"x" * 10),
        ("Transfer-Encoding: chunked", b"a\r\n" + b"x" * 10 + b"\r\n0\r\n\r\n"),
    ):
        async with peer(head(framing) + body) as server, outbound_to(server) as outbound:
            answer = await outbound.send("GET", server.url, limits=Limits(max_bytes=10))
            assert answer.body == b"x" * 10
            with pytest.raises(AnswerTooLarge):
                await outbound.send("GET", server.url, limits=Limits(max_bytes=9))


@pytest.mark.parametrize("through", ["send", "client"])
async def test_an_answer_in_crumbs_is_cut_off_early(through: str) -> None:
    """T26: chunks of one byte cost far more work than bytes: about a thousand are read, however much an
    answer may hold, by the hub's own calls and by a host's client alike."""
    fed = 0

    async def crumbs(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal fed
        writer.write(head("Transfer-Encoding: chunked"))
        while fed < 1000:
            fed += 1
            writer.write(b"1\r\nx\r\n" * 1000)
            await writer.drain()

    limits = replace(PATIENT, max_bytes=32 * 1024 * 1024)
    async with peer(crumbs) as server, outbound_to(server, limits=limits) as outbound:
        if through == "send":
            with pytest.raises(AnswerTooLarge):
                await outbound.send("GET", server.url)
        else:
            async with outbound.client(server.url, limits=limits) as http:
                with pytest.raises(AnswerTooLarge):
                    await http.get("/")
    assert fed < 1000


async def test_an_answer_in_small_reads_is_cut_off_early() -> None:
    """T26: one byte a packet is as costly: reading ends after about a thousand of them."""
    guarded = GuardedStream(Crumbs())
    guarded.allow(32 * 1024 * 1024)
    for _ in range(1024):
        assert await guarded.read(65536) == b"x"
    for _ in range(20):  # what was read earns a few more
        with contextlib.suppress(Flooded):
            await guarded.read(65536)
    with pytest.raises(Flooded):
        await guarded.read(65536)


async def test_an_answer_in_middling_chunks_is_read_whole() -> None:
    """T26: 4,000 chunks of 100 bytes are no attack."""
    body = b"64\r\n" + b"x" * 100 + b"\r\n"
    whole = head("Transfer-Encoding: chunked") + body * 4000 + b"0\r\n\r\n"
    async with peer(whole) as server, outbound_to(server) as outbound:
        answer = await outbound.send("GET", server.url, limits=replace(PATIENT, max_bytes=400_000))
    assert len(answer.body) == 400_000


class Crumbs(httpcore2.AsyncNetworkStream):
    """A connection that brings one byte at a time."""

    async def read(self, max_bytes: int, timeout: float | None = None) -> bytes:  # noqa: ASYNC109
        return b"x"


CUT: dict[str, Conversation | bytes] = {
    "announced": head("Content-Length: 30") + b"x" * 30,
    "announced as far more than will come": head("Content-Length: 1000000000000") + b"x" * 30,
    "chunked": head("Transfer-Encoding: chunked") + b"1e\r\n" + b"x" * 30 + b"\r\n0\r\n\r\n",
    "endless": endless,
    "endless chunks": endless_chunks,
    "chunks of one byte": tiny_chunks,
    "shorter": head("Content-Length: 10") + b"x" * 10,
}


@pytest.mark.parametrize("kind", CUT)
async def test_a_cut_answer_has_its_first_bytes_and_no_connection(kind: str) -> None:
    """T26: where the limits say so, the first bytes are kept, the rest is not read, and the connection is
    given up, so that the rest is not taken for the next answer."""
    async with peer(CUT[kind]) as server, outbound_to(server) as outbound:
        limits = replace(PATIENT, max_bytes=10, cut=True)
        for connections in (1, 2):
            answer = await outbound.send("GET", server.url, limits=limits)
            assert (answer.status, answer.body) == (200, b"x" * 10)
            assert server.connections == (1 if kind == "shorter" else connections)


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
async def test_a_redirect_is_an_answer(status: int) -> None:
    """T23: a redirect is handed back, and its location is not called."""
    async with peer(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n") as other:
        moved = f"HTTP/1.1 {status} Moved\r\nLocation: {other.url}/\r\nContent-Length: 0\r\n\r\n".encode()
        async with peer(moved) as server, outbound_to(server, other) as outbound:
            answer = await outbound.send("POST", server.url, content=b"{}")
        assert answer.status == status
        assert answer.headers["LOCATION"] == f"{other.url}/"
        assert other.connections == 0


@pytest.mark.parametrize(
    "body",
    [b"<html>", b"", b"{", b"NaN", b"[" * 200_000, b"\xff\xfe\x00", b"1" * 5000, b'{"a": Infinity}'],
)
async def test_what_is_not_json_is_one_error(body: bytes) -> None:
    """R11: HTML, nesting without end, NaN and broken text are all NotJSON, which quotes nothing."""
    async with (
        peer(head(f"Content-Length: {len(body)}") + body) as server,
        outbound_to(server, limits=Limits()) as outbound,
    ):
        answer = await outbound.send("GET", server.url)
    with pytest.raises(NotJSON) as broken:
        answer.json()
    assert broken.value.__context__ is None
    assert str(broken.value) == "the answer's body is not JSON"


async def test_what_is_sent() -> None:
    """T26: a request asks for no compression, has one Host and one length, and names no other content coding,
    whatever headers were given."""
    ok = b'HTTP/1.1 200 OK\r\nX-Two: a\r\nx-two: b\r\nContent-Length: 8\r\n\r\n{"a": 1}'
    async with peer(ok) as server, outbound_to(server) as outbound:
        transport: Transport = outbound
        answer = await transport.send(
            "POST",
            f"{server.url}/path?q=1",
            headers={
                "accept-encoding": "gzip",
                "host": "evil.example",
                "Content-Length": "999",
                "Transfer-Encoding": "chunked",
                "Authorization": Secret("Bearer t"),
            },
            content=Secret("a=1"),
        )
    lines = server.requests[0].decode().lower().split("\r\n")
    assert lines[0] == "post /path?q=1 http/1.1"
    assert sorted(line for line in lines[1:] if line and not line.startswith("user-agent")) == [
        "accept-encoding: identity",
        "authorization: bearer t",
        "content-length: 3",
        f"host: 127.0.0.1:{server.port}",
    ]
    assert answer.json() == {"a": 1}
    assert answer.headers["X-TWO"] == "a, b"


@pytest.mark.parametrize(
    "headers",
    [
        {"X-Key": Secret(f"{CANARY}\r\nHost: evil.example")},
        {"X-Key": Secret(f"{CANARY}\n")},
        {"X-Key": Secret(f"{CANARY}\0")},
        {"X-Key": Secret(f" {CANARY}")},
        {"X-Key": Secret(f"{CANARY}ключ")},
        {f"X-{CANARY}\r\nX": "1"},
        {"": CANARY[:0]},
    ],
)
async def test_a_header_cannot_smuggle_another(headers: dict[str, str | Secret]) -> None:
    """A header with a line break, or what no header carries, is refused before anything is sent; the value
    is not in the message."""
    async with peer(b"") as server, outbound_to(server) as outbound:
        with pytest.raises(OutboundRefused) as refused:
            await outbound.send("GET", server.url, headers=headers)
    assert CANARY not in str(refused.value)
    assert server.requests == []


@pytest.mark.parametrize("method", ["CONNECT", "get", "GET /evil HTTP/1.1\r\nX:", ""])
async def test_only_plain_methods_are_sent(method: str) -> None:
    """A method that would open a tunnel or start another request is refused."""
    async with peer(b"") as server, outbound_to(server) as outbound:
        with pytest.raises(OutboundRefused):
            await outbound.send(method, server.url)
    assert server.requests == []


@pytest.mark.parametrize("kind", HOSTILE)
async def test_no_error_tells_a_secret(kind: str) -> None:
    """T21, T26: no error holds the query, a header, the body or the answer: neither in its message, nor in
    the errors behind it, nor in the local variables of the frames that it passed."""
    talk, expected = HOSTILE[kind]
    if isinstance(talk, bytes):
        talk = talk.replace(b"HTTP/1.1 200 OK", b"HTTP/1.1 200 OK\r\nSet-Cookie: " + CANARY.encode())
    async with peer(talk) as server, outbound_to(server) as outbound:
        with pytest.raises(ConnectHubError) as ended:
            await outbound.send(
                "POST",
                f"{server.url}/hook/{CANARY}?key={CANARY}",
                headers={"Authorization": Secret(f"Bearer {CANARY}")},
                content=Secret(f"client_secret={CANARY}"),
                limits=limits_for(expected),
            )
    assert CANARY not in reported(ended.value)


async def test_an_answer_shows_neither_body_nor_cookies() -> None:
    """T21: the repr of an answer and of its headers hold no value that the server sent."""
    body = f'{{"access_token": "{CANARY}"}}'
    async with (
        peer(head(f"Set-Cookie: {CANARY}", f"Content-Length: {len(body)}") + body.encode()) as server,
        outbound_to(server) as outbound,
    ):
        answer = await outbound.send("GET", server.url)
    assert CANARY not in repr(answer) + str(answer) + repr(answer.headers)
    assert CANARY in answer.headers["set-cookie"]
