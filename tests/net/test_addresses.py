"""Which addresses count as public, and which spellings of a host are read at all."""

from ipaddress import IPv4Address, IPv6Address

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from connect_hub.errors import OutboundRefused
from connect_hub.net.addresses import is_private_use, is_public
from connect_hub.net.policy import OutboundPolicy

NOT_PUBLIC = [
    "0.0.0.0",
    "0.1.2.3",
    "10.0.0.1",
    "10.255.255.255",
    "100.64.0.1",
    "100.100.100.200",
    "100.127.255.255",
    "127.0.0.1",
    "127.255.255.254",
    "168.63.129.16",
    "169.254.0.1",
    "169.254.169.254",
    "172.16.0.1",
    "172.31.255.255",
    "192.0.0.1",
    "192.0.0.8",
    "192.0.0.9",
    "192.0.0.170",
    "192.0.2.1",
    "192.88.99.1",
    "192.168.0.1",
    "198.18.0.1",
    "198.19.255.255",
    "198.51.100.1",
    "203.0.113.1",
    "224.0.0.1",
    "233.252.0.1",
    "239.255.255.255",
    "240.0.0.1",
    "255.255.255.255",
    "::",
    "::1",
    "::127.0.0.1",
    "::8.8.8.8",
    "::ffff:127.0.0.1",
    "::ffff:10.0.0.1",
    "::ffff:169.254.169.254",
    "::ffff:0:8.8.8.8",
    "64:ff9b::7f00:1",
    "64:ff9b::808:808",
    "64:ff9b:1::1",
    "100::1",
    "100:0:0:1::1",
    "2001::1",
    "2001:0:7f00:1::",
    "2001:2::1",
    "2001:10::1",
    "2001:20::1",
    "2001:db8::1",
    "2002:7f00:1::",
    "2002:808:808::1",
    "3fff::1",
    "4000::1",
    "5f00::1",
    "fc00::1",
    "fd00:ec2::254",
    "fe80::1",
    "fe80::1%eth0",
    "2606:4700::1%eth0",
    "fec0::1",
    "feff::1",
    "ff02::1",
    "ff0e::1",
    "2606:4700::5efe:7f00:1",
    "2606:4700::200:5efe:7f00:1",
    "localhost",
    "",
]

PUBLIC = [
    "1.1.1.1",
    "8.8.8.8",
    "100.63.255.255",
    "100.128.0.1",
    "172.15.255.255",
    "172.32.0.1",
    "192.0.1.1",
    "198.20.0.1",
    "223.255.255.254",
    "::ffff:8.8.8.8",
    "2001:200::1",
    "2001:4860:4860::8888",
    "2606:4700:4700::1111",
    "2a00:1450:4001:81b::200e",
]


@pytest.mark.parametrize("address", NOT_PUBLIC)
def test_special_addresses_are_not_public(address: str) -> None:
    """T24: no special-purpose range of either family passes, in whatever form."""
    assert not is_public(address)


@pytest.mark.parametrize("address", PUBLIC)
def test_ordinary_addresses_are_public(address: str) -> None:
    """T24: the neighbours of the special ranges are still called, or the hub would be of no use."""
    assert is_public(address)


def embeddings(v4: IPv4Address) -> list[IPv6Address]:
    """Every IPv6 form that carries an IPv4 address."""
    n = int(v4)
    prefixes = {
        "mapped": int(IPv6Address("::ffff:0:0")) | n,
        "compatible": n,
        "translated": int(IPv6Address("::ffff:0:0:0")) | n,
        "nat64": int(IPv6Address("64:ff9b::")) | n,
        "nat64 local /48": int(IPv6Address("64:ff9b:1::")) | (n >> 16) << 64 | (n & 0xFFFF) << 40,
        "nat64 local /96": int(IPv6Address("64:ff9b:1::")) | n,
        "6to4": int(IPv6Address("2002::")) | n << 80 | 1,
        "teredo server": int(IPv6Address("2001::")) | n << 64,
        "teredo client": int(IPv6Address("2001::")) | (n ^ 0xFFFF_FFFF),
        "isatap": int(IPv6Address("2606:4700::")) | 0x5EFE << 32 | n,
        "isatap global": int(IPv6Address("2606:4700::")) | 0x0200_5EFE << 32 | n,
    }
    return [IPv6Address(value) for value in prefixes.values()]


@given(st.ip_addresses(v=4))
@example(IPv4Address("127.0.0.1"))
@example(IPv4Address("169.254.169.254"))
@example(IPv4Address("192.0.0.8"))
@example(IPv4Address("168.63.129.16"))
def test_a_denied_v4_stays_denied_in_each_embedding(v4: IPv4Address) -> None:
    """T24: an IPv4 address that is denied is denied in every IPv6 address that carries it."""
    if not is_public(v4):
        assert [each for each in embeddings(v4) if is_public(each)] == []


@given(st.ip_addresses(v=4) | st.ip_addresses(v=6))
def test_public_is_never_laxer_than_the_standard_library(address: IPv4Address | IPv6Address) -> None:
    """T24: what `ipaddress` calls private, reserved, multicast or link-local is never public, and nothing is
    both public and for private use."""
    special = (
        address.is_private or address.is_reserved or address.is_multicast or address.is_link_local
    ) and not (isinstance(address, IPv6Address) and address.ipv4_mapped is not None)
    assert not (is_public(address) and special)
    assert not (is_public(address) and is_private_use(address))


ODD_HOSTS = [
    "2130706433",
    "0x7f.1",
    "0x7f000001",
    "0x7f.0.0.0x1",
    "017700000001",
    "0177.0.0.1",
    "127.0.0.01",
    "127.1",
    "127.0.1",
    "0",
    "0x",
    "1.2.3.4.5",
    "256.1.1.1",
    "example.123",
    "127.0.0.1.",
    "localhost.",
    "example.com.",
    "example.com..",
    ".example.com",
    "a..b",
    "",
    "user@example.com",
    "user:secret@example.com",
    "8.8.8.8@127.0.0.1",
    "127.0.0.1%00.example.com",
    "%31%32%37.0.0.1",
    "example.com%2f.evil.example",
    "exa mple.com",
    "exa\tmple.com",
    "example.com\r\nHost: evil.example",
    "example.com\\@127.0.0.1",
    "１２７.0.0.1",
    "127。0。0。1",
    "ⓔxample.com",
    "bücher.example",
    "ex\u00adample.com",
    "-example.com",
    "example-.com",
    "a" * 64 + ".com",
    ".".join(["a" * 60] * 5),
    "[::1",
    "::1",
    "[127.0.0.1]",
    "[fe80::1%25eth0]",
    "[fe80::1%eth0]",
    "[v1.::1]",
    "[2606:4700::1",
    "2606:4700::1",
]


@pytest.mark.parametrize("host", ODD_HOSTS)
def test_odd_spellings_of_a_host_are_refused(host: str) -> None:
    """T24: spellings that programs read in different ways are refused before any look-up, and so are user
    information, zones, trailing dots and characters beyond ASCII."""
    with pytest.raises(OutboundRefused):
        OutboundPolicy().check(f"https://{host}/")


@pytest.mark.parametrize("address", NOT_PUBLIC[:-2])
def test_a_literal_that_is_not_public_is_refused_as_a_host(address: str) -> None:
    """T24: an address written in the URL is judged like one that a name server gave."""
    host = f"[{address}]" if ":" in address else address
    with pytest.raises(OutboundRefused):
        OutboundPolicy().check(f"https://{host}/")


@pytest.mark.parametrize(
    ("url", "origin"),
    [
        ("https://Example.COM", "https://example.com"),
        ("HTTPS://example.com:443/x?y=1", "https://example.com"),
        ("https://xn--bcher-kva.example/", "https://xn--bcher-kva.example"),
        ("https://a_b.example.com/", "https://a_b.example.com"),
        ("https://8.8.8.8/", "https://8.8.8.8"),
        ("https://[2606:4700:4700::1111]/", "https://[2606:4700:4700::1111]"),
    ],
)
def test_ordinary_addresses_are_read(url: str, origin: str) -> None:
    """Names and canonical addresses pass, in lower case, and the default port is not repeated."""
    assert OutboundPolicy().check(url).origin == origin
