"""The transports behind `hub.client(account)`: httpx2's interface over the guarded exchange."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterable, Callable, Coroutine
from dataclasses import replace
from typing import Any, Protocol, TypeVar

import httpcore2
import httpx2

from connect_hub.errors import ConfigurationError, ConnectHubError, OutboundFailed, OutboundRefused
from connect_hub.net.exchange import TRANSPORT_ERRORS, Exchange, OpenAnswer, translate
from connect_hub.net.limits import Limits
from connect_hub.net.target import Target

__all__ = ["BridgedTransport", "GuardedTransport", "Portal", "checked_auth"]

T = TypeVar("T")


class Portal(Protocol):
    """Runs a coroutine on an event loop of another thread and waits for it, as connect_hub.portal does."""

    def run(self, coroutine: Coroutine[object, object, T]) -> T: ...


class GuardedTransport(httpx2.AsyncBaseTransport):
    """An httpx2 transport that calls only what the policy allows and, given `only`, only those origins.

    `auth` is applied to a copy of the request, after the target was allowed: the client above it, its log
    lines and `response.request` never see the credentials. Raises OutboundRefused and AnswerTooLarge;
    everything that fails on the network is an httpx2.TransportError. `told` is called with the status of
    each call that was allowed, None where there was no answer.
    """

    def __init__(
        self,
        *,
        exchange: Exchange,
        limits: Limits,
        auth: httpx2.Auth | None = None,
        only: frozenset[str] | None = None,
        told: Callable[[int | None], None] | None = None,
    ) -> None:
        self._exchange = exchange
        self._limits = limits
        self._auth = auth
        self._only = only
        self._told = told

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        self._target(request)
        outcome = await (self._call(request) if self._auth is None else self._authorize(request, self._auth))
        if self._told is not None:
            self._told(outcome.status_code if isinstance(outcome, httpx2.Response) else None)
        if isinstance(outcome, Exception):
            raise outcome
        return outcome

    async def _authorize(
        self, request: httpx2.Request, auth: httpx2.Auth
    ) -> httpx2.Response | httpx2.TransportError | ConnectHubError:
        """Run the flow of `auth`. An error of the network is returned and not raised: the frames here hold
        authorized requests, whose URLs may carry a key, and a traceback may show locals."""
        flow = auth.async_auth_flow(_copy(request))
        try:
            outcome = await self._call(await anext(flow))
            while isinstance(outcome, httpx2.Response):
                following = await _asked_after(flow, outcome)
                if following is None:
                    break
                outcome = await self._call(following)
            return outcome
        finally:
            await flow.aclose()

    def _target(self, request: httpx2.Request) -> Target:
        """Where `request` goes. Raises OutboundRefused unless this client may go there."""
        url = request.url
        if url.userinfo:
            raise OutboundRefused(
                "This address holds a user name or password; credentials are added by the hub."
            )
        target = Target.build(
            scheme=url.scheme, host=url.host, port=url.port, path=url.raw_path.decode("ascii")
        )
        if self._only is not None and target.origin not in self._only:
            raise OutboundRefused(
                f"This client carries an account's credentials and does not call {target.origin}. Use a path "
                f"alone, such as '/v1/employees', or allow the host where the client is made."
            )
        return target

    async def _call(
        self, request: httpx2.Request
    ) -> httpx2.Response | httpx2.TransportError | ConnectHubError:
        target = self._target(request)
        limits = _tightened(self._limits, request.extensions.get("timeout"))
        budget = _Budget(limits.total)
        try:
            async with budget:
                opened = await self._exchange.open(
                    request.method,
                    target,
                    headers=request.headers.raw,
                    content=_content(request),
                    limits=limits,
                )
        except (ConnectHubError, *TRANSPORT_ERRORS) as exc:
            return _as_httpx2(exc, target)
        response = httpx2.Response(
            opened.status,
            headers=list(opened.headers),
            stream=_Body(opened, target, budget),
            extensions={"http_version": b"HTTP/1.1", "reason_phrase": opened.reason_phrase},
        )
        response.request = request
        return response


class BridgedTransport(httpx2.BaseTransport):
    """`GuardedTransport` for code that does not await, so that one guard and one set of pools serve both."""

    def __init__(self, *, transport: httpx2.AsyncBaseTransport, portal: Portal | None = None) -> None:
        self._transport = transport
        self._portal = portal

    def handle_request(self, request: httpx2.Request) -> httpx2.Response:
        content = request.read()
        portal = _portal_of_this_process() if self._portal is None else self._portal
        return portal.run(self._run(_copy(request, stream=httpx2.ByteStream(content))))

    async def _run(self, request: httpx2.Request) -> httpx2.Response:
        response = await self._transport.handle_async_request(request)
        try:
            content = await response.aread()
        finally:
            await response.aclose()
        return httpx2.Response(
            response.status_code,
            headers=response.headers.raw,
            stream=httpx2.ByteStream(content),
            extensions=response.extensions,
        )


def checked_auth(auth: httpx2.Auth) -> httpx2.Auth:
    """`auth` itself. Raises ConfigurationError when it has a synchronous flow alone, which is never asked."""
    kind, plain = type(auth), httpx2.Auth
    if (
        kind.sync_auth_flow is not plain.sync_auth_flow
        and kind.async_auth_flow is plain.async_auth_flow
        and kind.auth_flow is plain.auth_flow
    ):
        raise ConfigurationError(
            f"auth: {kind.__name__} has only sync_auth_flow; write auth_flow or async_auth_flow, which both "
            f"kinds of client use"
        )
    return auth


class _Budget:
    """The seconds that a call may still wait for the network; the caller's own work is not counted."""

    def __init__(self, seconds: float) -> None:
        self._left = seconds

    async def __aenter__(self) -> None:
        self._since = asyncio.get_running_loop().time()
        self._timeout = asyncio.timeout(self._left)
        await self._timeout.__aenter__()

    async def __aexit__(self, *exc: Any) -> None:
        self._left -= asyncio.get_running_loop().time() - self._since
        await self._timeout.__aexit__(*exc)


class _Body(httpx2.AsyncByteStream):
    """The answer's body, within what is left of the budget."""

    def __init__(self, opened: OpenAnswer, target: Target, budget: _Budget) -> None:
        self._opened = opened
        self._target = target
        self._budget = budget

    async def __aiter__(self) -> AsyncGenerator[bytes]:
        while True:
            failure, chunk = None, None
            try:
                async with self._budget:
                    chunk = await anext(self._opened.body, None)
            except (ConnectHubError, *TRANSPORT_ERRORS) as exc:
                failure = _as_httpx2(exc, self._target)
            if failure is not None:
                raise failure
            if chunk is None:
                return
            yield chunk

    async def aclose(self) -> None:
        await self._opened.aclose()


async def _asked_after(
    flow: AsyncGenerator[httpx2.Request, httpx2.Response], response: httpx2.Response
) -> httpx2.Request | None:
    """What the flow asks for after `response`; None when it is content with it."""
    try:
        request = await flow.asend(response)
        await response.aread()
    except StopAsyncIteration:
        return None
    except BaseException:
        await response.aclose()
        raise
    return request


def _copy(request: httpx2.Request, stream: httpx2.ByteStream | None = None) -> httpx2.Request:
    return httpx2.Request(
        request.method,
        request.url,
        headers=request.headers,
        stream=request.stream if stream is None else stream,
        extensions=request.extensions,
    )


def _content(request: httpx2.Request) -> AsyncIterable[bytes] | None:
    """None where the headers announce no body."""
    if "content-length" not in request.headers and "transfer-encoding" not in request.headers:
        return None
    return request.stream  # type: ignore[return-value]  # an async stream, as AsyncClient checks


def _tightened(limits: Limits, timeouts: object) -> Limits:
    """`limits`, or a request's own shorter time-outs; a request cannot wait longer than its client may."""
    if not isinstance(timeouts, dict):
        return limits
    connect, read = timeouts.get("connect"), timeouts.get("read")
    return replace(
        limits,
        connect=limits.connect if connect is None else min(connect, limits.connect),
        read=limits.read if read is None else min(read, limits.read),
    )


def _as_httpx2(error: Exception, target: Target) -> httpx2.TransportError | ConnectHubError:
    """The httpx2 exception of the same name, with the hub's wording; the hub's own for what httpx2 lacks."""
    translated = translate(error, target)
    if not isinstance(translated, OutboundFailed):
        return translated
    message = translated.message
    match error:
        case httpcore2.TimeoutException() | httpcore2.ReadError() | httpcore2.WriteError():
            kind: type[httpx2.TransportError] = getattr(httpx2, type(error).__name__)
            return kind(message)
        case httpcore2.ConnectError():
            return httpx2.ConnectError(message)
        case TimeoutError():
            return httpx2.ReadTimeout(message)
        case OutboundFailed() | httpcore2.RemoteProtocolError():
            return httpx2.RemoteProtocolError(message)
        case httpcore2.ProtocolError():
            return httpx2.LocalProtocolError(message)
        case _:
            return httpx2.ReadError(message)


def _portal_of_this_process() -> Portal:
    from connect_hub.portal import current_portal

    return current_portal()
