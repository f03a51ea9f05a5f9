"""Servers and name servers that say exactly what a test tells them to, and note what they were asked."""

import asyncio
import contextlib
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from dataclasses import dataclass, field

import httpcore2

from connect_hub.net import Limits, OutboundPolicy
from connect_hub.net.outbound import Outbound

__all__ = ["PATIENT", "SHORT", "CountingDialler", "Peer", "ScriptedResolver", "outbound_to", "peer"]

Conversation = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]

SHORT = Limits(connect=0.5, read=0.5, total=0.6)
"""Where the time-out is what a test waits for."""
PATIENT = Limits(connect=10, read=10, total=15)
"""Where it is not; a loaded machine is slow."""


@dataclass
class Peer:
    """A server on loopback: its port, the heads of requests it read, and its number of connections."""

    port: int = 0
    requests: list[bytes] = field(default_factory=list)
    connections: int = 0

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"


@contextlib.asynccontextmanager
async def peer(
    talk: Conversation | bytes, *, tls: ssl.SSLContext | None = None, read: bool = True
) -> AsyncIterator[Peer]:
    """A server that reads the head of each request and then does as `talk` says: answers those bytes, or runs
    the function. With `read=False` it does not wait for a request."""
    it = Peer()
    tasks: set[asyncio.Task[None]] = set()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        tasks.add(task)
        it.connections += 1
        try:
            while True:
                if read:
                    it.requests.append(await reader.readuntil(b"\r\n\r\n"))
                if callable(talk):
                    await talk(reader, writer)
                    break
                writer.write(talk)
                await writer.drain()
        except (OSError, asyncio.IncompleteReadError, asyncio.CancelledError):
            pass
        finally:
            writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0, ssl=tls)
    it.port = server.sockets[0].getsockname()[1]
    try:
        yield it
    finally:
        server.close()
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await server.wait_closed()


@contextlib.asynccontextmanager
async def outbound_to(
    *peers: Peer,
    limits: Limits = PATIENT,
    host: str = "127.0.0.1",
    dialler: httpcore2.AsyncNetworkBackend | None = None,
) -> AsyncIterator[Outbound]:
    """An Outbound that may call these peers by plain http, and nothing else on loopback."""
    policy = OutboundPolicy(
        allow_private_hosts=frozenset(f"{host}:{each.port}" for each in peers), allow_http=True
    )
    outbound = Outbound(policy=policy, limits=limits, dialler=dialler)
    try:
        yield outbound
    finally:
        await outbound.aclose()


class ScriptedResolver:
    """Gives the scripted answers, one list for each look-up, and counts them."""

    def __init__(self, *answers: Sequence[str] | Exception) -> None:
        self._answers = list(answers)
        self.asked: list[str] = []

    async def resolve(self, host: str, port: int) -> Sequence[str]:
        answer = self._answers[min(len(self.asked), len(self._answers) - 1)]
        self.asked.append(host)
        if isinstance(answer, Exception):
            raise answer
        return answer


class CountingDialler(httpcore2.AsyncNetworkBackend):
    """Notes where it was told to connect. Addresses in `to` lead to a port on loopback, others refuse."""

    def __init__(self, to: dict[str, int] | None = None, peer: tuple[str, int] | None = None) -> None:
        self._to = to or {}
        self._peer = peer
        self.dialled: list[tuple[str, int]] = []

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,  # noqa: ASYNC109
        local_address: str | None = None,
        socket_options: object = None,
    ) -> httpcore2.AsyncNetworkStream:
        self.dialled.append((host, port))
        if host not in self._to:
            raise httpcore2.ConnectError("refused")
        stream = await httpcore2.AnyIOBackend().connect_tcp("127.0.0.1", self._to[host], timeout)
        return _Renamed(stream, (host, port) if self._peer is None else self._peer)


class _Renamed(httpcore2.AsyncNetworkStream):
    """A connection that gives another address for its peer's."""

    def __init__(self, stream: httpcore2.AsyncNetworkStream, peer: tuple[str, int]) -> None:
        self._stream, self._peer_name = stream, peer

    async def read(self, max_bytes: int, timeout: float | None = None) -> bytes:  # noqa: ASYNC109
        return await self._stream.read(max_bytes, timeout)

    async def write(self, buffer: bytes, timeout: float | None = None) -> None:  # noqa: ASYNC109
        await self._stream.write(buffer, timeout)

    async def aclose(self) -> None:
        await self._stream.aclose()

    async def start_tls(
        self,
        ssl_context: ssl.SSLContext,
        server_hostname: str | None = None,
        timeout: float | None = None,  # noqa: ASYNC109
    ) -> httpcore2.AsyncNetworkStream:
        return await self._stream.start_tls(ssl_context, server_hostname, timeout)

    def get_extra_info(self, info: str) -> object:
        return self._peer_name if info == "server_addr" else self._stream.get_extra_info(info)
