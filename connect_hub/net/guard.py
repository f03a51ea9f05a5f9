"""The guarded network backend: the single place where an outgoing connection is made.

A host name is looked up once; every answer has to be allowed; the connection goes to an address that was
checked, so that a second, different answer of the name server (rebinding) is never asked for; and the
peer of the finished connection is compared with the address that was dialled.
"""

import asyncio
import contextlib
import select
import ssl
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address, ip_address
from typing import NoReturn

import httpcore2
from httpcore2 import AsyncNetworkBackend, AsyncNetworkStream

from connect_hub.errors import OutboundRefused
from connect_hub.net.policy import OutboundPolicy
from connect_hub.net.resolver import Resolver
from connect_hub.net.target import parse_host

__all__ = [
    "Flooded",
    "GuardedBackend",
    "GuardedStream",
    "HandshakeFailed",
    "LookUpFailed",
    "Progress",
    "too_fine",
    "watched",
]

_MOST_ADDRESSES = 4  # tried in turn; a name with hundreds of answers is not worth more of the time limit

_HEAD_BYTES = (
    192 * 1024
)  # above what h11 takes for one head, so that this stops only a row of interim answers
_READ_BYTES = 16 * 1024  # what is parsed in one go, without a turn for the loop's other tasks

_JOINED_BYTES = 64 * 1024  # of a larger body, copying costs more than a packet

_FREE_READS = 1024
_BYTES_A_READ = 64

SocketOption = tuple[int, int, int] | tuple[int, int, bytes | bytearray] | tuple[int, int, None, int]


class LookUpFailed(httpcore2.ConnectError):
    """The name has no address. Internal: callers see OutboundFailed with the reason `dns`."""


class HandshakeFailed(httpcore2.ConnectError):
    """TLS could not be agreed on. Internal: callers see OutboundFailed with the reason `tls`."""

    def __init__(self, why: str | None) -> None:
        self.why = why
        """OpenSSL's verdict on the certificate, which names nothing but hosts."""
        super().__init__("TLS handshake failed")


class Flooded(httpcore2.ReadError):
    """More bytes around an answer than belong there. Internal: callers see AnswerTooLarge."""


@dataclass
class Progress:
    """How far one request came, for whoever asks whether it may be sent again; see `watched`."""

    opened: bool = False
    """A connection was opened for it; False: it got one that was kept."""
    heard: bool = False
    """A byte of an answer has come."""


_progress: ContextVar[Progress | None] = ContextVar("connect_hub_request_progress", default=None)


@contextmanager
def watched() -> Iterator[Progress]:
    """Notes how far the request gets that this task sends inside the block."""
    progress = Progress()
    token = _progress.set(progress)
    try:
        yield progress
    finally:
        _progress.reset(token)


def too_fine(pieces: int, size: int) -> bool:
    """Whether `size` bytes came in so many pieces that they cost more work than they are worth.

    The first 1,024 pieces may be of any size; beyond, each has to bring 64 bytes, taken all together.
    """
    return pieces > _FREE_READS + size // _BYTES_A_READ


class GuardedBackend(AsyncNetworkBackend):
    """Opens connections that the policy allows. Raises OutboundRefused, or httpcore2's connection errors."""

    def __init__(
        self, *, policy: OutboundPolicy, resolver: Resolver, dialler: AsyncNetworkBackend | None = None
    ) -> None:
        self._policy = policy
        self._resolver = resolver
        self._dialler = httpcore2.AnyIOBackend() if dialler is None else dialler

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,  # noqa: ASYNC109  # httpcore2's signature
        local_address: str | None = None,
        socket_options: Iterable[SocketOption] | None = None,
    ) -> AsyncNetworkStream:
        """Connect to `host` within `timeout` seconds, look-up included."""
        progress = _progress.get()
        if progress is not None:
            progress.opened = True
        self._policy.check_port(host, port)
        try:
            async with asyncio.timeout(timeout):
                addresses = await self._allowed_addresses(host, port)
                return await self._dial(addresses, port, timeout)
        except TimeoutError:
            raise httpcore2.ConnectTimeout("no connection in time") from None

    async def connect_unix_socket(
        self,
        path: str,
        timeout: float | None = None,  # noqa: ASYNC109  # httpcore2's signature
        socket_options: Iterable[SocketOption] | None = None,
    ) -> NoReturn:
        raise OutboundRefused("Unix sockets are not called.")

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(seconds)

    async def _allowed_addresses(self, host: str, port: int) -> list[IPv4Address | IPv6Address]:
        """What `host` stands for. Raises OutboundRefused when a single one of the answers is not allowed."""
        literal = parse_host(host)
        if not isinstance(literal, str):
            self._policy.check_address(host, port, literal)
            return [literal]
        try:
            answers = list(await self._resolver.resolve(host, port))
        except TimeoutError:
            raise
        except (OSError, UnicodeError):
            raise LookUpFailed("the name could not be looked up") from None
        if not answers:
            raise LookUpFailed("the name has no address")
        addresses = []
        for answer in answers:
            try:
                address = ip_address(answer)
            except ValueError:
                raise OutboundRefused(f"{host} has an address that is not one.") from None
            self._policy.check_address(host, port, address)
            addresses.append(address)
        return addresses

    async def _dial(
        self,
        addresses: list[IPv4Address | IPv6Address],
        port: int,
        timeout: float | None,  # noqa: ASYNC109  # shared out between the attempts
    ) -> AsyncNetworkStream:
        """Try the addresses in turn, each with an equal share of the time that is left."""
        deadline = None if timeout is None else asyncio.get_running_loop().time() + timeout
        addresses = addresses[:_MOST_ADDRESSES]
        failure: httpcore2.ConnectError | httpcore2.ConnectTimeout | None = None
        for tried, address in enumerate(addresses):
            left = None if deadline is None else max(deadline - asyncio.get_running_loop().time(), 0)
            share = None if left is None else left / (len(addresses) - tried)
            try:
                stream = await self._dialler.connect_tcp(str(address), port, timeout=share)
            except (httpcore2.ConnectError, httpcore2.ConnectTimeout) as exc:
                failure = exc
                continue
            try:
                _check_peer(stream, address, port)
            except BaseException:
                await stream.aclose()
                raise
            return GuardedStream(stream)
        raise failure if failure is not None else httpcore2.ConnectError("no address to connect to")


class GuardedStream(AsyncNetworkStream):
    """A connection to a checked address; tells failures of TLS from those of the network below.

    It counts raw bytes and reads, because an answer can cost much work for little body: endless interim
    answers, chunks or packets of one byte. Each write, which begins a request, allows the bytes of a head;
    `allow` the rest.
    """

    def __init__(self, stream: AsyncNetworkStream) -> None:
        self._stream = stream
        self._socket = stream.get_extra_info("socket")
        self._held: bytes | None = b""
        """The head of a request, until its body comes, which then leaves with it; None: it has left."""
        self.allow(_HEAD_BYTES)

    def allow(self, count: int) -> None:
        """Let `count` more bytes in, from now to the next write; then reading raises Flooded."""
        self._left = count
        self._reads = self._received = 0

    async def read(self, max_bytes: int, timeout: float | None = None) -> bytes:  # noqa: ASYNC109
        if self._held:
            # A server that does not take it may have said why: what there is to read decides.
            with contextlib.suppress(httpcore2.WriteError):
                await self._send(b"", timeout)
        self._held = b""
        received = await self._stream.read(min(max_bytes, _READ_BYTES), timeout)
        progress = _progress.get()
        if progress is not None and received:
            progress.heard = True
        self._left -= len(received)
        self._reads += 1
        self._received += len(received)
        if self._left < 0 or too_fine(self._reads, self._received):
            raise Flooded("more bytes than an answer has")
        return received

    async def write(self, buffer: bytes, timeout: float | None = None) -> None:  # noqa: ASYNC109
        """Send `buffer`, but the first piece of a request with the second one: a packet, and a record of TLS,
        costs more than its bytes. Of one without a body the second piece is empty."""
        self.allow(_HEAD_BYTES)
        if self._held is not None and not self._held:
            self._held = buffer
        else:
            await self._send(buffer, timeout)

    async def _send(self, buffer: bytes, timeout: float | None) -> None:  # noqa: ASYNC109
        held, self._held = self._held or b"", None
        if held and len(buffer) > _JOINED_BYTES:
            await self._stream.write(held, timeout)
            held = b""
        await self._stream.write(held + buffer if held else buffer, timeout)

    async def aclose(self) -> None:
        await self._stream.aclose()

    async def start_tls(
        self,
        ssl_context: ssl.SSLContext,
        server_hostname: str | None = None,
        timeout: float | None = None,  # noqa: ASYNC109  # httpcore2's signature
    ) -> AsyncNetworkStream:
        try:
            stream = await self._stream.start_tls(ssl_context, server_hostname, timeout)
        except httpcore2.ConnectError as exc:
            cause = exc.__cause__
            why = cause.verify_message if isinstance(cause, ssl.SSLCertVerificationError) else None
            raise HandshakeFailed(why) from None
        return GuardedStream(stream)

    def get_extra_info(self, info: str) -> object:
        if info == "is_readable" and self._socket is not None:
            # Asked of each connection that is kept, at each request: without the detour by way of its peer.
            return _is_readable(self._socket.fileno())
        return self._stream.get_extra_info(info)


def _is_readable(descriptor: int) -> bool:
    """Whether something has come, or the other side has closed, or it is closed here."""
    if descriptor < 0:
        return True
    if not hasattr(select, "poll"):
        return bool(select.select([descriptor], [], [], 0)[0])
    waiting = select.poll()
    waiting.register(descriptor, select.POLLIN)
    return bool(waiting.poll(0))


def _check_peer(stream: AsyncNetworkStream, address: IPv4Address | IPv6Address, port: int) -> None:
    peer = stream.get_extra_info("server_addr")
    try:
        same = ip_address(str(peer[0])) == address and peer[1] == port
    except (TypeError, IndexError, ValueError):
        same = False
    if not same:
        raise OutboundRefused("The connection ended up somewhere else than at the address that was checked.")
