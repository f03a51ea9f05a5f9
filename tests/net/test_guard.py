"""Where connections go: look-ups, checked addresses, TLS names."""

import asyncio
import datetime
import socket
import ssl
from ipaddress import ip_address
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from connect_hub.errors import ConfigurationError, OutboundFailed, OutboundRefused
from connect_hub.net import OutboundPolicy
from connect_hub.net.outbound import Outbound
from tests.net.wire import PATIENT, SHORT, CountingDialler, ScriptedResolver, outbound_to, peer

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"


async def test_rebinding_finds_no_second_look_up() -> None:
    """T23: a name that is public at first and loopback next is looked up once; loopback is never dialled."""
    resolver = ScriptedResolver(["8.8.8.8"], ["127.0.0.1"])
    dialler = CountingDialler()
    outbound = Outbound(resolver=resolver, dialler=dialler)
    with pytest.raises(OutboundFailed) as failed:
        await outbound.send("GET", "https://rebind.example/")
    assert failed.value.reason == "connect"
    assert resolver.asked == ["rebind.example"]
    assert dialler.dialled == [("8.8.8.8", 443)]


@pytest.mark.parametrize(
    "answers",
    [
        ["127.0.0.1"],
        ["8.8.8.8", "127.0.0.1"],
        ["8.8.8.8", "2606:4700:4700::1111", "64:ff9b::7f00:1"],
        ["1.1.1.1", "1.0.0.1", "8.8.8.8", "8.8.4.4", "9.9.9.9", "169.254.169.254"],
        ["8.8.8.8", "fe80::1%eth0"],
        ["8.8.8.8", "not an address"],
    ],
)
async def test_one_bad_address_among_good_ones_is_enough(answers: list[str]) -> None:
    """T23: every answer is judged, also those that would never be tried; one that is not public refuses all,
    and nothing is dialled."""
    dialler = CountingDialler()
    outbound = Outbound(resolver=ScriptedResolver(answers), dialler=dialler)
    with pytest.raises(OutboundRefused) as refused:
        await outbound.send("GET", "https://mixed.example/")
    assert dialler.dialled == []
    assert not any(answer in str(refused.value) for answer in answers)


async def test_a_refused_literal_is_neither_looked_up_nor_dialled() -> None:
    """T24: an address in the URL goes to no resolver; when it is not public it goes nowhere."""
    resolver, dialler = ScriptedResolver(["8.8.8.8"]), CountingDialler()
    outbound = Outbound(resolver=resolver, dialler=dialler)
    for host in ("127.0.0.1", "[::1]", "2130706433", "169.254.169.254", "localhost."):
        with pytest.raises(OutboundRefused):
            await outbound.send("GET", f"https://{host}/")
    with pytest.raises(OutboundFailed):
        await outbound.send("GET", "https://8.8.8.8/")
    assert resolver.asked == []
    assert dialler.dialled == [("8.8.8.8", 443)]


async def test_the_next_address_is_tried_and_the_name_is_kept() -> None:
    """T23: of several checked addresses one that refuses is passed over, and the server that answers is sent
    the name of the URL as Host."""
    async with peer(OK) as server:
        dialler = CountingDialler({"8.8.8.8": server.port})
        resolver = ScriptedResolver(["2606:4700:4700::1111", "8.8.8.8"])
        outbound = Outbound(
            policy=OutboundPolicy(allow_private_hosts=frozenset({"api.example"}), allow_http=True),
            resolver=resolver,
            dialler=dialler,
        )
        answer = await outbound.send("GET", "http://api.example/x", headers={"Host": "evil.example"})
        await outbound.aclose()
    assert answer.body == b"ok"
    assert [host for host, _ in dialler.dialled] == ["2606:4700:4700::1111", "8.8.8.8"]
    assert b"Host: api.example\r\n" in server.requests[0]
    assert b"evil.example" not in server.requests[0]


async def test_a_peer_that_is_not_the_dialled_address_is_hung_up_on() -> None:
    """T23: when the finished connection names another peer than was dialled, no request is written."""
    async with peer(OK) as server:
        outbound = Outbound(
            policy=OutboundPolicy(allow_private_hosts=frozenset({"api.example"}), allow_http=True),
            resolver=ScriptedResolver(["8.8.8.8"]),
            dialler=CountingDialler({"8.8.8.8": server.port}, peer=("127.0.0.1", server.port)),
        )
        with pytest.raises(OutboundRefused):
            await outbound.send("GET", "http://api.example/")
        await outbound.aclose()
    assert server.requests == []


@pytest.mark.parametrize("trouble", [socket.gaierror(-2, "Name or service not known"), [], OSError("canary")])
async def test_a_name_without_an_address_is_told_apart(trouble: list[str] | Exception) -> None:
    """R11: a failed look-up is OutboundFailed with the reason `dns`, never a refusal."""
    outbound = Outbound(resolver=ScriptedResolver(trouble), dialler=CountingDialler())
    with pytest.raises(OutboundFailed) as failed:
        await outbound.send("GET", "https://nowhere.example/")
    assert failed.value.reason == "dns"
    assert "canary" not in str(failed.value)


async def test_the_environment_s_proxies_are_not_used(monkeypatch: pytest.MonkeyPatch) -> None:
    """T23: HTTP_PROXY and its relatives change nothing, for `send` and for a client."""
    async with peer(OK) as proxy, peer(OK) as server, outbound_to(server) as outbound:
        for name in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "http_proxy", "https_proxy", "all_proxy"):
            monkeypatch.setenv(name, proxy.url)
        assert (await outbound.send("GET", server.url)).status == 200
        async with outbound.client(server.url) as client:
            assert (await client.get("/x")).status_code == 200
        assert proxy.connections == 0


async def test_the_system_resolver_gives_every_address() -> None:
    """The real resolver is wired in: `localhost`, listed by its name, reaches a server on loopback, and
    without the entry the same name is refused."""
    async with peer(OK) as server:
        async with outbound_to(server, host="localhost") as outbound:
            assert (await outbound.send("GET", f"http://localhost:{server.port}/")).body == b"ok"
        with pytest.raises(OutboundRefused):
            await Outbound(policy=OutboundPolicy(ports=frozenset({server.port}))).send(
                "GET", f"https://localhost:{server.port}/"
            )
    assert server.connections == 1


def certificate(folder: Path, *names: str) -> tuple[ssl.SSLContext, ssl.SSLContext]:
    """A server's context with a certificate for `names` signed by itself, and a client's that trusts it."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "test")])
    now = datetime.datetime.now(datetime.UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=1))
        .add_extension(
            x509.SubjectAlternativeName(
                [
                    x509.IPAddress(ip_address(name)) if name[0].isdigit() else x509.DNSName(name)
                    for name in names
                ]
            ),
            critical=False,
        )
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    pem = folder / "server.pem"
    pem.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
        + made.public_bytes(serialization.Encoding.PEM)
    )
    server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    server.load_cert_chain(pem)
    client = ssl.create_default_context(cadata=made.public_bytes(serialization.Encoding.PEM).decode())
    return server, client


async def test_tls_checks_the_name_of_the_url(tmp_path: Path) -> None:
    """T23: over TLS the certificate has to be trusted and to name the URL's host, though the connection goes
    to an address; SNI is that name."""
    served, trusting = certificate(tmp_path, "api.example")
    seen: list[str | None] = []
    served.sni_callback = lambda _socket, name, _context: seen.append(name)
    async with peer(OK, tls=served) as server:
        dialler = CountingDialler({"8.8.8.8": server.port})

        async def reason(host: str, tls: ssl.SSLContext | None) -> str:
            outbound = Outbound(
                resolver=ScriptedResolver(["8.8.8.8"]), dialler=dialler, tls=tls, limits=PATIENT
            )
            try:
                answer = await outbound.send("GET", f"https://{host}/")
            except OutboundFailed as failed:
                return failed.reason
            finally:
                await outbound.aclose()
            return answer.body.decode()

        assert await reason("api.example", trusting) == "ok"
        assert await reason("other.example", trusting) == "tls"
        assert await reason("8.8.8.8", trusting) == "tls"
        assert await reason("api.example", None) == "tls"
    assert seen[:2] == ["api.example", "other.example"]
    assert len(server.requests) == 1


def test_a_context_that_verifies_nothing_is_not_taken() -> None:
    """T23: verification cannot be switched off by passing a context."""
    lax = ssl.create_default_context()
    lax.check_hostname = False
    with pytest.raises(ConfigurationError, match=r"^tls"):
        Outbound(tls=lax)
    lax.verify_mode = ssl.CERT_NONE
    with pytest.raises(ConfigurationError, match=r"^tls"):
        Outbound(tls=lax)


async def test_a_server_without_tls_is_told_apart() -> None:
    """R11: plain text where TLS was expected has the reason `tls`; silence has the reason `timeout`."""

    async def silent(_reader: object, _writer: object) -> None:
        await asyncio.Event().wait()

    for talk, reason, limits in ((OK, "tls", PATIENT), (silent, "timeout", SHORT)):
        async with peer(talk, read=False) as server:
            outbound = Outbound(
                policy=OutboundPolicy(allow_private_hosts=frozenset({f"127.0.0.1:{server.port}"})),
                limits=limits,
            )
            with pytest.raises(OutboundFailed) as failed:
                await outbound.send("GET", f"https://127.0.0.1:{server.port}/")
            assert failed.value.reason == reason
