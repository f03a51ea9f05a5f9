"""`Exchange`: one guarded request, from the policy's checks to the first byte of a bounded answer."""

import re
import ssl
from collections.abc import AsyncGenerator, AsyncIterable, Iterable, Sequence
from contextlib import aclosing
from dataclasses import dataclass

import anyio
import h11
import httpcore2

from connect_hub.errors import AnswerTooLarge, ConnectHubError, OutboundFailed, OutboundRefused
from connect_hub.net.debug_log import ensure_quiet, quiet
from connect_hub.net.guard import Flooded, GuardedStream, HandshakeFailed, LookUpFailed, too_fine, watched
from connect_hub.net.limits import Limits
from connect_hub.net.policy import OutboundPolicy
from connect_hub.net.pools import Pools
from connect_hub.net.target import Target

__all__ = ["TRANSPORT_ERRORS", "Exchange", "HeaderLine", "OpenAnswer", "translate"]

HeaderLine = tuple[bytes, bytes]

# What a request over the network ends with; everything else is a fault of ours and passes unchanged.
TRANSPORT_ERRORS = (
    httpcore2.TimeoutException,
    httpcore2.NetworkError,
    httpcore2.ProtocolError,
    httpcore2.UnsupportedProtocol,
    h11.ProtocolError,
    anyio.BrokenResourceError,
    anyio.ClosedResourceError,
    anyio.EndOfStream,
    OSError,  # TimeoutError and ssl.SSLError among them
)

_REPEATABLE = frozenset({"GET", "HEAD"})
_METHOD = re.compile(r"[A-Z]{1,20}")
_OURS = frozenset({b"host", b"accept-encoding", b"connection", b"upgrade", b"proxy-authorization"})
_NAME = re.compile(rb"[!#$%&'*+.^_`|~0-9A-Za-z-]+")  # RFC 9110, 5.6.2
_VALUE = re.compile(rb"(?:[!-~\x80-\xff](?:[\t -~\x80-\xff]*[!-~\x80-\xff])?)?")  # RFC 9110, 5.5
_TRAILER_BYTES = 64 * 1024
_HEADERS_TOO_LARGE = 431  # h11's hint when header lines do not fit its buffer


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class OpenAnswer:
    """An answer whose status and headers are in and checked, and whose body is still to be read.

    `aclose` has to be called, whatever happens.
    """

    status: int
    headers: Sequence[HeaderLine]
    reason_phrase: bytes
    body: AsyncGenerator[bytes]
    """Chunks, at most 16 KiB each. Past the limit, or at very many very small ones, it ends or raises
    AnswerTooLarge, as the limits say."""
    response: httpcore2.Response
    """What `body` reads from."""

    async def aclose(self) -> None:
        """Give the connection back when the answer was read to its end, else close it."""
        await self.body.aclose()
        await self.response.aclose()


class Exchange:
    """Opens answers, through the pool of the running loop."""

    def __init__(self, *, policy: OutboundPolicy, pools: Pools) -> None:
        self._policy = policy
        self._pools = pools
        ensure_quiet()

    async def open(
        self,
        method: str,
        target: Target,
        *,
        headers: Iterable[HeaderLine],
        content: bytes | AsyncIterable[bytes] | None,
        limits: Limits,
    ) -> OpenAnswer:
        """Send the request and read status and headers.

        Raises OutboundRefused, AnswerTooLarge, OutboundFailed for an answer that is not to be used, and
        TRANSPORT_ERRORS, which `translate` turns into the hub's own. The total time is the caller's to bound.
        """
        self._policy.check_target(target)
        if _METHOD.fullmatch(method) is None or method == "CONNECT":
            raise OutboundRefused("The method of this request is not one that is sent.")
        lines = [line for line in headers if line[0].lower() not in _OURS]
        _check_lines(lines)
        request = httpcore2.Request(
            method=method.encode(),
            url=httpcore2.URL(
                scheme=target.scheme.encode(),
                host=target.host.encode(),
                port=target.port,
                target=target.path.encode("ascii"),
            ),
            headers=[(b"Host", target.authority.encode()), (b"Accept-Encoding", b"identity"), *lines],
            content=content,
            extensions={
                "timeout": {
                    "connect": limits.connect,
                    "read": limits.read,
                    "write": limits.read,
                    "pool": limits.connect,
                }
            },
        )
        repeat = limits.repeat if isinstance(content, bytes) else content is None and method in _REPEATABLE
        response = await self._sent(request, repeat=repeat)
        try:
            _check_head(method, target, response, limits)
            stream = response.extensions.get("network_stream")
            if isinstance(stream, GuardedStream):
                stream.allow(2 * limits.max_bytes + _TRAILER_BYTES)  # half of it may be the framing of chunks
        except BaseException:
            await response.aclose()
            raise
        return OpenAnswer(
            status=response.status,
            headers=response.headers,
            reason_phrase=response.extensions.get("reason_phrase", b""),
            body=_bounded(response, target, limits),
            response=response,
        )

    async def _sent(self, request: httpcore2.Request, *, repeat: bool) -> httpcore2.Response:
        """Up to the head of the answer. A server closes a connection that it kept whenever it likes, so that
        a request may meet one that is just being closed: nothing is wrong with the server then."""
        with quiet(), watched() as progress:
            try:
                return await self._pools.current().handle_async_request(request)
            except TRANSPORT_ERRORS as error:
                in_time = not isinstance(error, httpcore2.TimeoutException | TimeoutError)
                if not (repeat and in_time) or progress.opened or progress.heard:
                    raise
        with quiet():
            return await self._pools.current(fresh=True).handle_async_request(request)


def translate(error: Exception, target: Target) -> ConnectHubError:
    """The hub's error for one of TRANSPORT_ERRORS. It names the origin and takes over no text of the
    original, which may quote a header or a body."""
    origin = target.origin
    match error:
        case ConnectHubError():
            # Raised again by the caller: frames in between hold headers and bodies.
            error.__traceback__ = error.__cause__ = error.__context__ = None
            return error
        case httpcore2.TimeoutException() | TimeoutError():
            return OutboundFailed("timeout", f"{origin} did not answer in time.")
        case LookUpFailed():
            return OutboundFailed("dns", f"{target.host} could not be found.")
        case Flooded():
            return AnswerTooLarge(f"{origin} answered with far more than its body.")
        case HandshakeFailed(why=str(why)):
            return OutboundFailed("tls", f"The certificate of {origin} was not accepted: {why}")
        case HandshakeFailed() | ssl.SSLError():
            return OutboundFailed("tls", f"{origin} could not agree on a secure connection.")
        case httpcore2.ProtocolError() | h11.ProtocolError() | httpcore2.UnsupportedProtocol():
            inner = error.args[0] if error.args else None
            if getattr(inner, "error_status_hint", None) == _HEADERS_TOO_LARGE:
                return AnswerTooLarge(f"{origin} answered with too many header fields.")
            return OutboundFailed("protocol", f"{origin} gave an answer that is not whole HTTP.")
        case _:
            return OutboundFailed("connect", f"{origin} could not be reached, or closed the connection.")


def _check_lines(lines: Iterable[HeaderLine]) -> None:
    """Raise OutboundRefused for a header that could smuggle another. Here and not left to h11, whose error
    quotes the value."""
    for name, value in lines:
        if _NAME.fullmatch(name) is None:
            raise OutboundRefused("The name of a header of this request cannot be sent.")
        if _VALUE.fullmatch(value) is None:
            raise OutboundRefused(
                f"The value of the header {name.decode()} holds line breaks, or what else no header carries."
            )


def _check_head(method: str, target: Target, response: httpcore2.Response, limits: Limits) -> None:
    lines = response.headers
    if len(lines) > limits.max_headers or sum(len(n) + len(v) for n, v in lines) > limits.max_header_bytes:
        raise AnswerTooLarge(f"{target.origin} answered with too many header fields.")
    if response.status == 101:
        raise OutboundFailed("protocol", f"{target.origin} changed to another protocol.")
    if method == "HEAD" or response.status in (204, 304):
        return
    for name, value in lines:
        match name.lower():
            case b"content-encoding" if value.strip().lower() not in (b"", b"identity"):
                raise OutboundFailed("protocol", f"{target.origin} compressed its answer, unasked.")
            case b"content-length" if not limits.cut and value.isdigit() and int(value) > limits.max_bytes:
                raise _too_large(target, limits)


async def _bounded(response: httpcore2.Response, target: Target, limits: Limits) -> AsyncGenerator[bytes]:
    received = pieces = 0
    async with aclosing(response.aiter_stream()) as chunks:
        try:
            while (chunk := await _next(chunks)) is not None:
                pieces += 1
                left = limits.max_bytes - received
                received += len(chunk)
                if len(chunk) <= left and not too_fine(pieces, received):
                    yield chunk
                elif limits.cut:
                    yield chunk[:left]
                    return
                else:
                    raise _too_large(target, limits)
        except Flooded:
            if not limits.cut:
                raise


async def _next(chunks: AsyncGenerator[bytes]) -> bytes | None:
    with quiet():
        return await anext(chunks, None)


def _too_large(target: Target, limits: Limits) -> AnswerTooLarge:
    return AnswerTooLarge(f"{target.origin} answered with more than {limits.max_bytes} bytes.")
