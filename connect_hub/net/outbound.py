"""`Outbound`: the hub's way to other servers, guarded by policy, bounded in time and size."""

import asyncio
import ssl
from collections.abc import Callable, Mapping

import httpcore2
import httpx2

from connect_hub._version import __version__
from connect_hub.errors import ConnectHubError, OutboundRefused
from connect_hub.net.answer import Answer, Headers
from connect_hub.net.client import BridgedTransport, GuardedTransport, Portal, checked_auth
from connect_hub.net.exchange import TRANSPORT_ERRORS, Exchange, HeaderLine, translate
from connect_hub.net.guard import GuardedBackend
from connect_hub.net.limits import CLIENT_LIMITS, Limits
from connect_hub.net.policy import OutboundPolicy
from connect_hub.net.pools import Pools
from connect_hub.net.resolver import Resolver, SystemResolver
from connect_hub.net.target import Target
from connect_hub.net.tls import checked_context, default_context
from connect_hub.secret import Secret

__all__ = ["Outbound"]

_USER_AGENT = f"connect-hub/{__version__}"
_FRAMING = frozenset({"content-length", "transfer-encoding"})


class Outbound:
    """Sends requests where the policy allows, and nowhere else.

    Never a proxy of the environment, a redirect followed, an unverified certificate, a compressed answer,
    or an answer past its limits. Constructing it opens nothing; it may be used from any event loop, and
    after a fork.
    """

    def __init__(
        self,
        *,
        policy: OutboundPolicy | None = None,
        limits: Limits | None = None,
        resolver: Resolver | None = None,
        tls: ssl.SSLContext | None = None,
        dialler: httpcore2.AsyncNetworkBackend | None = None,
    ) -> None:
        """`tls` replaces the system's certificates (raises ConfigurationError unless it verifies);
        `dialler` opens the TCP connections, to addresses that were checked."""
        self._policy = OutboundPolicy() if policy is None else policy
        self._limits = Limits() if limits is None else limits
        context = None if tls is None else checked_context(tls)
        self._pools = Pools(
            backend=GuardedBackend(
                policy=self._policy,
                resolver=SystemResolver() if resolver is None else resolver,
                dialler=dialler,
            ),
            tls=lambda: default_context() if context is None else context,
        )
        self._exchange = Exchange(policy=self._policy, pools=self._pools)

    def check(self, url: str) -> Target:
        """Whether `url` may be called as far as can be told without a look-up. Raises OutboundRefused."""
        return self._policy.check(url)

    async def send(
        self,
        method: str,
        url: str,
        *,
        headers: Mapping[str, str | Secret] | None = None,
        content: bytes | Secret | None = None,
        limits: Limits | None = None,
    ) -> Answer:
        """Send one request and read the whole answer, of any status; a redirect is an answer too.

        Pass secrets as Secret: they are revealed where a traceback that shows locals does not reach. Raises
        OutboundRefused, OutboundFailed with a `reason` (`timeout`, `connect`, `tls`, `dns`, `protocol`)
        or AnswerTooLarge.
        """
        target = self._policy.check(url)
        del url  # a query may hold a key, and a traceback may show locals; the target hides it
        outcome = await self._outcome(
            method, target, headers or {}, content, self._limits if limits is None else limits
        )
        if isinstance(outcome, ConnectHubError):
            raise outcome
        return outcome

    def transport(self, *, limits: Limits | None = None) -> httpx2.AsyncBaseTransport:
        """The same guard as a transport, for any host that the policy allows. It adds no credentials."""
        return GuardedTransport(exchange=self._exchange, limits=CLIENT_LIMITS if limits is None else limits)

    def client(
        self,
        base_url: str,
        *,
        auth: httpx2.Auth | None = None,
        limits: Limits | None = None,
        allow_hosts: frozenset[str] = frozenset(),
        told: Callable[[int | None], None] | None = None,
    ) -> httpx2.AsyncClient:
        """A client that calls the origin of `base_url`, and `https://` each of `allow_hosts`, and no other.

        Any other URL, written out or redirected to, is OutboundRefused before `auth` is asked. `auth` is
        applied below the client, so that neither its log lines nor `response.request` show credentials.
        Failures of the network are httpx2's own exceptions. Closing the client leaves the connections to
        other clients. `told` is called with the status of each call, None where there was no answer. Raises
        OutboundRefused when the policy forbids `base_url` or an allowed host.
        """
        limits = CLIENT_LIMITS if limits is None else limits
        return httpx2.AsyncClient(
            base_url=base_url,
            transport=self._account_transport(base_url, auth, limits, allow_hosts, told),
            headers={"User-Agent": _USER_AGENT},
            timeout=httpx2.Timeout(limits.read, connect=limits.connect),
            trust_env=False,
            follow_redirects=False,
        )

    def sync_client(
        self,
        base_url: str,
        *,
        auth: httpx2.Auth | None = None,
        limits: Limits | None = None,
        allow_hosts: frozenset[str] = frozenset(),
        told: Callable[[int | None], None] | None = None,
        portal: Portal | None = None,
    ) -> httpx2.Client:
        """The twin of `client` for code that does not await: the same transport, run on `portal` (by default
        this process's own), `auth` by its async flow. Answers are read whole, also when streamed."""
        limits = CLIENT_LIMITS if limits is None else limits
        transport = self._account_transport(base_url, auth, limits, allow_hosts, told)
        return httpx2.Client(
            base_url=base_url,
            transport=BridgedTransport(transport=transport, portal=portal),
            headers={"User-Agent": _USER_AGENT},
            timeout=httpx2.Timeout(limits.read, connect=limits.connect),
            trust_env=False,
            follow_redirects=False,
        )

    async def aclose(self) -> None:
        """Close the connections of the running loop. The Outbound stays usable."""
        await self._pools.aclose()

    def _account_transport(
        self,
        base_url: str,
        auth: httpx2.Auth | None,
        limits: Limits,
        allow_hosts: frozenset[str],
        told: Callable[[int | None], None] | None,
    ) -> GuardedTransport:
        urls = [base_url, *(f"https://{host}" for host in allow_hosts)]
        return GuardedTransport(
            exchange=self._exchange,
            limits=limits,
            auth=None if auth is None else checked_auth(auth),
            only=frozenset(self._policy.check(url).origin for url in urls),
            told=told,
        )

    async def _outcome(
        self,
        method: str,
        target: Target,
        headers: Mapping[str, str | Secret],
        content: bytes | Secret | None,
        limits: Limits,
    ) -> Answer | ConnectHubError:
        """The answer, or the error to raise: returned, so that the frames that saw secrets are not in its
        traceback."""
        try:
            async with asyncio.timeout(limits.total):
                return await self._answer(method, target, headers, content, limits)
        except (ConnectHubError, *TRANSPORT_ERRORS) as exc:
            return translate(exc, target)

    async def _answer(
        self,
        method: str,
        target: Target,
        headers: Mapping[str, str | Secret],
        content: bytes | Secret | None,
        limits: Limits,
    ) -> Answer:
        body = content.reveal().encode() if isinstance(content, Secret) else content
        opened = await self._exchange.open(
            method, target, headers=_lines(method, headers, body), content=body, limits=limits
        )
        try:
            received = b"".join([chunk async for chunk in opened.body])
        finally:
            await opened.aclose()
        return Answer(status=opened.status, headers=Headers(opened.headers), body=received)


def _lines(method: str, headers: Mapping[str, str | Secret], body: bytes | None) -> list[HeaderLine]:
    """Header lines as sent. Raises OutboundRefused for text beyond ASCII."""
    lines = []
    given = {name.lower() for name in headers}
    if "user-agent" not in given:
        lines.append((b"User-Agent", _USER_AGENT.encode()))
    for name, value in headers.items():
        text = value.reveal() if isinstance(value, Secret) else value
        if not (name.isascii() and text.isascii()):
            raise OutboundRefused("A header of this request holds characters beyond ASCII.")
        if name.lower() not in _FRAMING:
            lines.append((name.encode(), text.encode()))
    if body is not None or method in ("POST", "PUT", "PATCH"):
        lines.append((b"Content-Length", str(len(body or b"")).encode()))
    return lines
