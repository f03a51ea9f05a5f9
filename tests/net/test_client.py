"""The client of one account, asynchronous and synchronous: the same guard, and credentials that stay home."""

import asyncio
import contextlib
import logging
from collections.abc import AsyncGenerator, Generator, Iterator

import httpcore2
import httpx2
import pytest

from connect_hub.errors import AnswerTooLarge, ConfigurationError, OutboundRefused
from connect_hub.net import Limits, OutboundPolicy
from connect_hub.net.outbound import Outbound
from connect_hub.portal import Portal
from tests.leaks import reported
from tests.net.test_hostile_answers import HOSTILE, limits_for
from tests.net.wire import CountingDialler, Peer, outbound_to, peer

CANARY = "canary-77aa"
OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"


class KeyAuth(httpx2.Auth):
    """Puts the account's key into a header and into the query, and counts how often it was asked."""

    def __init__(self) -> None:
        self.asked = 0

    async def async_auth_flow(
        self, request: httpx2.Request
    ) -> AsyncGenerator[httpx2.Request, httpx2.Response]:
        self.asked += 1
        request.headers["Authorization"] = f"Bearer {CANARY}"
        request.url = request.url.copy_merge_params({"api_key": CANARY})
        response = yield request
        if response.status_code == 401:
            request.headers["Authorization"] = f"Bearer fresh-{CANARY}"
            yield request


@pytest.fixture
def portal() -> Iterator[Portal]:
    it = Portal(name="test-net")
    yield it
    it.close()


async def test_credentials_are_added_below_the_client(caplog: pytest.LogCaptureFixture) -> None:
    """T21: the server gets the credentials; the client's log lines at any level, and the response's request,
    do not have them."""
    caplog.set_level(logging.DEBUG)
    auth = KeyAuth()
    async with peer(OK) as server, outbound_to(server) as outbound:
        client = outbound.client(f"{server.url}/v1", auth=auth)
        response = await client.get("/employees", params={"page": "2"})
        await client.aclose()
    assert response.text == "ok"
    assert server.requests[0].startswith(f"GET /v1/employees?page=2&api_key={CANARY} ".encode())
    assert f"Authorization: Bearer {CANARY}".encode() in server.requests[0]
    assert "authorization" not in response.request.headers
    assert CANARY not in str(response.request.url) + caplog.text


async def test_the_debug_log_quotes_no_answer(caplog: pytest.LogCaptureFixture) -> None:
    """At DEBUG httpcore2 names its steps of our calls, and neither headers nor what it could not read;
    of calls that are not ours it says what it always did, also in the midst of ours."""
    caplog.set_level(logging.DEBUG)
    answer = OK.replace(b"\r\n\r\n", f"\r\nSet-Cookie: {CANARY}\r\n\r\n".encode(), 1)
    broken = f"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n{CANARY}\r\n".encode()
    async with peer(answer) as server, peer(broken) as other, outbound_to(server, other) as outbound:
        for one in (server, other):
            with contextlib.suppress(httpx2.TransportError):
                await outbound.client(one.url).get("/x")
        assert "receive_response_headers.complete" in caplog.text
        assert "receive_response_body.failed" in caplog.text
        assert CANARY not in caplog.text
        async with outbound.client(server.url).stream("GET", "/x") as streamed:
            async for _ in streamed.aiter_raw():
                async with httpcore2.AsyncConnectionPool() as theirs:
                    await theirs.request("GET", server.url)
        assert CANARY in caplog.text


@pytest.mark.parametrize(
    "url",
    [
        "https://evil.example/",
        "http://evil.example/",
        "https://evil.example\\@127.0.0.1/",
        "http://user:secret@{authority}/",
        "http://127.0.0.1@evil.example/",
        "https://{authority}/",
        "http://127.0.0.1:{other}/",
        "http://localhost:{port}/",
    ],
)
async def test_no_other_address_gets_the_credentials(url: str) -> None:
    """T25: an absolute URL to another scheme, host or port is refused before the credentials are even asked
    for, and nothing is connected to, though policy would allow it."""
    auth, dialler = KeyAuth(), CountingDialler()
    async with peer(OK) as other, peer(OK) as server:
        policy = OutboundPolicy(
            allow_private_hosts=frozenset(
                {f"127.0.0.1:{server.port}", f"127.0.0.1:{other.port}", "localhost:*"}
            ),
            allow_http=True,
        )
        outbound = Outbound(policy=policy, dialler=dialler)
        url = url.format(authority=f"127.0.0.1:{server.port}", port=server.port, other=other.port)
        async with outbound.client(server.url, auth=auth) as client:
            with pytest.raises((OutboundRefused, httpx2.InvalidURL)):
                await client.get(url)
    assert (auth.asked, dialler.dialled) == (0, [])


async def test_a_followed_redirect_stays_on_the_origin() -> None:
    """T23, T25: a caller that asks to follow redirects is led on within the origin, and no further."""
    async with peer(OK) as other:

        def moved(to: str) -> bytes:
            return f"HTTP/1.1 302 Found\r\nLocation: {to}\r\nContent-Length: 0\r\n\r\n".encode()

        async with (
            peer(moved(f"{other.url}/")) as server,
            outbound_to(server, other) as outbound,
            outbound.client(server.url, auth=KeyAuth()) as client,
        ):
            assert (await client.get("/x")).status_code == 302
            with pytest.raises(OutboundRefused):
                await client.get("/x", follow_redirects=True)
        assert other.connections == 0


async def test_an_allowed_host_is_called_too() -> None:
    """A host that the connector lists beside its base URL gets the request, credentials and all."""
    dialler = CountingDialler()
    outbound = Outbound(dialler=dialler)
    async with outbound.client(
        "https://8.8.8.8", auth=KeyAuth(), allow_hosts=frozenset({"8.8.4.4"})
    ) as client:
        with pytest.raises(httpx2.ConnectError):
            await client.get("https://8.8.4.4/files")
        with pytest.raises(OutboundRefused):
            await client.get("https://1.1.1.1/files")
    assert dialler.dialled == [("8.8.4.4", 443)]


def test_a_base_url_that_is_not_allowed_makes_no_client() -> None:
    """T23: a private base URL or allowed host is refused when the client is made, in both colours."""
    for make in (Outbound().client, Outbound().sync_client):
        with pytest.raises(OutboundRefused):
            make("https://127.0.0.1/")
        with pytest.raises(OutboundRefused):
            make("https://example.com/", allow_hosts=frozenset({"10.0.0.1"}))


async def refused_once(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """401, then 200, on one connection."""
    writer.write(b"HTTP/1.1 401 Unauthorized\r\nContent-Length: 4\r\n\r\noops")
    request = await reader.readuntil(b"\r\n\r\n")
    fresh = f"Bearer fresh-{CANARY}".encode() in request
    writer.write(OK if fresh else b"HTTP/1.1 500 Stale\r\nContent-Length: 0\r\n\r\n")
    await writer.drain()
    await reader.read()


async def test_an_auth_flow_may_try_again() -> None:
    """R8: the flow sees a 401 and asks once more with fresh credentials; the caller sees the last answer, and
    a body in memory is sent both times."""
    async with peer(refused_once) as server, outbound_to(server) as outbound:
        async with outbound.client(server.url, auth=KeyAuth()) as client:
            response = await client.get("/x")
        assert (response.status_code, response.text, server.connections) == (200, "ok", 1)


@pytest.mark.parametrize("kind", sorted(HOSTILE))
async def test_a_client_is_bounded_like_the_hub_s_own_calls(kind: str) -> None:
    """T26: a client's call to a hostile server ends in time, with an exception of httpx2's or AnswerTooLarge
    that holds no credentials, and a request cannot switch the time-outs off."""
    talk, expected = HOSTILE[kind]

    async def stream(client: httpx2.AsyncClient) -> None:
        async with client.stream("GET", "/x", timeout=None) as response:
            async for _ in response.aiter_raw():
                pass

    async with (
        peer(talk) as server,
        outbound_to(server) as outbound,
        outbound.client(server.url, auth=KeyAuth(), limits=limits_for(expected)) as client,
    ):
        with pytest.raises((httpx2.TransportError, AnswerTooLarge)) as ended:
            await stream(client)
    error = ended.value
    if expected == "timeout":
        assert isinstance(error, httpx2.TimeoutException)
    elif expected == "too large":
        assert isinstance(error, AnswerTooLarge)
    elif expected == "protocol":
        assert isinstance(error, httpx2.ProtocolError)
    else:
        assert isinstance(error, httpx2.NetworkError)
    assert CANARY not in reported(error)


async def test_a_request_s_own_time_out_may_be_shorter() -> None:
    """T26: a time-out of one request counts when it is shorter than the client's limits."""
    talk, _ = HOSTILE["silence"]
    async with (
        peer(talk) as server,
        outbound_to(server) as outbound,
        outbound.client(server.url, limits=Limits(read=600, total=600)) as client,
    ):
        with pytest.raises(httpx2.ReadTimeout):
            await client.get("/x", timeout=0.05)


async def test_the_open_transport_refuses_what_policy_refuses() -> None:
    """T23: `transport()` in a client of somebody's own keeps the guard."""
    async with (
        peer(OK) as server,
        outbound_to(server) as outbound,
        httpx2.AsyncClient(transport=outbound.transport(), trust_env=False) as client,
    ):
        assert (await client.get(server.url)).text == "ok"
        for url in ("https://127.0.0.1/", "http://example.com/", "ws://example.com/", "https://[::1]/"):
            with pytest.raises(OutboundRefused):
                await client.get(url)


async def test_who_asks_is_told_how_each_call_ended() -> None:
    """Once for a call, whatever the auth flow sent for it: its status, or None where nothing was answered; a
    call that the policy refuses is none."""
    told: list[int | None] = []
    async with (
        peer(OK) as server,
        outbound_to(server) as outbound,
        outbound.client(server.url, auth=KeyAuth(), told=told.append) as client,
    ):
        assert (await client.get("/x")).status_code == 200
        with pytest.raises(OutboundRefused):
            await client.get("https://evil.example/")
    async with (
        peer(b"nonsense\r\n\r\n") as server,
        outbound_to(server) as outbound,
        outbound.client(server.url, told=told.append) as client,
    ):
        with pytest.raises(httpx2.TransportError):
            await client.get("/x")
    assert told == [200, None]


async def test_extensions_reach_neither_sni_nor_target() -> None:
    """T23: httpx2's extensions cannot change what is asked of the checked address."""
    async with peer(OK) as server, outbound_to(server) as outbound, outbound.client(server.url) as client:
        await client.get("/good", extensions={"target": b"/evil", "sni_hostname": "evil.example"})
    assert server.requests[0].startswith(b"GET /good ")


async def test_the_synchronous_twin(portal: Portal, caplog: pytest.LogCaptureFixture) -> None:
    """The synchronous client gives the same answers through the same guard: credentials from the asynchronous
    flow, no other origin, limits, no secret in logs."""
    caplog.set_level(logging.DEBUG)
    auth = KeyAuth()

    def work(server: Peer, outbound: Outbound) -> None:
        with outbound.sync_client(server.url, auth=auth, portal=portal) as client:
            response = client.post("/x", json={"a": 1})
            assert (response.status_code, response.text) == (200, "ok")
            assert "authorization" not in response.request.headers
            with client.stream("GET", "/x") as streamed:
                assert b"".join(streamed.iter_bytes()) == b"ok"
            asked = auth.asked
            with pytest.raises(OutboundRefused):
                client.get("https://evil.example/")
            assert auth.asked == asked
        with (
            outbound.sync_client(server.url, limits=Limits(max_bytes=1), portal=portal) as client,
            pytest.raises(AnswerTooLarge),
        ):
            client.get("/x")
        portal.run(outbound.aclose())

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if server.requests[-1].startswith(b"POST"):
            assert await reader.readexactly(7) == b'{"a":1}'
        writer.write(OK.replace(b"200 OK\r\n", b"200 OK\r\nConnection: close\r\n"))
        await writer.drain()

    async with peer(talk) as server, outbound_to(server) as outbound:
        await asyncio.to_thread(work, server, outbound)
    assert f"Authorization: Bearer {CANARY}".encode() in server.requests[0]
    assert CANARY not in caplog.text


async def test_credentials_with_a_line_break_are_not_sent(caplog: pytest.LogCaptureFixture) -> None:
    """T21: a key that would smuggle a header in is refused without being quoted, in the error or in a log."""
    caplog.set_level(logging.DEBUG)

    class Smuggling(httpx2.Auth):
        def auth_flow(self, request: httpx2.Request) -> Generator[httpx2.Request, httpx2.Response, None]:
            request.headers["X-Key"] = f"{CANARY}\r\nHost: evil.example"
            yield request

    async with peer(OK) as server, outbound_to(server) as outbound:
        client = outbound.client(server.url, auth=Smuggling())
        with pytest.raises(OutboundRefused) as refused:
            await client.get("/x")
        await client.aclose()
    assert server.requests == []
    assert CANARY not in reported(refused.value) + caplog.text


def test_an_auth_that_would_never_be_asked_is_refused() -> None:
    """An Auth with a synchronous flow alone would never be asked, so it is refused by name."""

    class SyncOnly(httpx2.Auth):
        def sync_auth_flow(self, request: httpx2.Request) -> Generator[httpx2.Request, httpx2.Response, None]:
            yield request

    for make in (Outbound().client, Outbound().sync_client):
        with pytest.raises(ConfigurationError, match="SyncOnly"):
            make("https://example.com", auth=SyncOnly())
