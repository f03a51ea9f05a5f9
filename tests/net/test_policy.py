"""What an operator may allow, and how a mistake is reported."""

from ipaddress import ip_address

import pytest

from connect_hub.errors import ConfigurationError, OutboundRefused
from connect_hub.net import Limits, OutboundPolicy


@pytest.mark.parametrize(
    "url",
    [
        "http://example.com/",
        "ftp://example.com/",
        "file:///etc/passwd",
        "gopher://example.com/",
        "https:example.com",
        "//example.com/",
        "/relative",
        "example.com",
        "https://example.com:8443/",
        "https://example.com:22/",
        "https://example.com:0/",
        "https://example.com:99999/",
        "https://example.com:+443/",
        "https://example.com/#fragment",
    ],
)
def test_by_default_only_https_on_443_is_called(url: str) -> None:
    """T23: another scheme, another port or half an address is refused, and the message names the fix."""
    with pytest.raises(OutboundRefused) as refused:
        OutboundPolicy().check(url)
    assert any(word in str(refused.value) for word in ("https", "ports", "port"))


def test_an_entry_allows_one_host_and_nothing_beside_it() -> None:
    """T23: `host:port` opens that port of that host; other ports, hosts and schemes stay shut."""
    policy = OutboundPolicy(allow_private_hosts=frozenset({"127.0.0.1:8080", "[::1]:9000"}))
    assert policy.check("https://127.0.0.1:8080/").port == 8080
    assert policy.check("https://[0::1]:9000/").host == "::1"
    for url in (
        "https://127.0.0.1/",
        "https://127.0.0.2:8080/",
        "http://127.0.0.1:8080/",
        "https://localhost:8080/",
    ):
        with pytest.raises(OutboundRefused):
            policy.check(url)


def test_http_needs_both_the_switch_and_the_entry() -> None:
    """T23: `allow_http` opens plain http to listed hosts alone, with port 80 for an entry without a port."""
    policy = OutboundPolicy(allow_private_hosts=frozenset({"receiver.internal"}), allow_http=True)
    assert policy.check("http://receiver.internal/").port == 80
    for url in ("http://example.com/", "http://receiver.internal:8080/"):
        with pytest.raises(OutboundRefused):
            policy.check(url)


def test_any_port_of_a_host_is_written_with_a_star() -> None:
    """`host:*` opens every port of that host and of no other."""
    policy = OutboundPolicy(allow_private_hosts=frozenset({"localhost:*"}))
    assert policy.check("https://localhost:40123/").port == 40123
    with pytest.raises(OutboundRefused):
        policy.check("https://example.com:40123/")


@pytest.mark.parametrize(
    "address", ["169.254.169.254", "fe80::1", "224.0.0.1", "0.0.0.0", "::", "::ffff:169.254.1.1"]
)
def test_a_listed_name_opens_no_link_local_address(address: str) -> None:
    """T24: a name that the operator listed may stand for a private address, never for a metadata service."""
    policy = OutboundPolicy(allow_private_hosts=frozenset({"box.internal"}))
    policy.check_address("box.internal", 443, ip_address("10.1.2.3"))
    policy.check_address("box.internal", 443, ip_address("127.0.0.1"))
    with pytest.raises(OutboundRefused):
        policy.check_address("box.internal", 443, ip_address(address))


@pytest.mark.parametrize(
    ("settings", "field"),
    [
        ({"allow_private_hosts": "localhost"}, "allow_private_hosts"),
        ({"allow_private_hosts": {"http://localhost"}}, "allow_private_hosts"),
        ({"allow_private_hosts": {"localhost:99999"}}, "allow_private_hosts"),
        ({"allow_private_hosts": {"localhost:"}}, "allow_private_hosts"),
        ({"allow_private_hosts": {"10.0.0.0/8"}}, "allow_private_hosts"),
        ({"allow_private_hosts": {"*.internal"}}, "allow_private_hosts"),
        ({"allow_private_hosts": {"::1"}}, "allow_private_hosts"),
        ({"allow_private_hosts": {""}}, "allow_private_hosts"),
        ({"allow_private_hosts": {7}}, "allow_private_hosts"),
        ({"ports": {0}}, "ports"),
        ({"ports": {True}}, "ports"),
        ({"ports": {"443"}}, "ports"),
    ],
)
def test_a_wrong_setting_is_named(settings: dict[str, object], field: str) -> None:
    """A policy that makes no sense does not come into being; the message begins with the field."""
    with pytest.raises(ConfigurationError, match=f"^{field}"):
        OutboundPolicy(**settings)  # type: ignore[arg-type]


@pytest.mark.parametrize("value", [0, -1, True, float("inf"), float("nan"), "5", None])
def test_a_limit_is_a_positive_number(value: object) -> None:
    """T26: no limit can be switched off by zero, infinity or None."""
    with pytest.raises(ConfigurationError, match=r"^total"):
        Limits(total=value)  # type: ignore[arg-type]
    with pytest.raises(ConfigurationError, match=r"^max_bytes"):
        Limits(max_bytes=value)  # type: ignore[arg-type]
