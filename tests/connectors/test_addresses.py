"""Addresses: no value moves a host or leaves its path segment (T25)."""

from collections.abc import Iterator
from urllib.parse import parse_qsl, unquote, urlsplit

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from connect_hub.connectors import catalog
from connect_hub.connectors.definition import Connector, Method, OAuth2Method
from connect_hub.connectors.formats import Format, matches
from connect_hub.connectors.methods import ClientCredentialsMethod
from connect_hub.connectors.templates import AddressRules, TemplateError, UrlTemplate, Variable, names
from connect_hub.errors import WrongAddress
from tests.connectors.example import connector

EVIL = [
    "evil.com/", "evil.com", "a@evil.com", "evil.com#", "evil.com?", "evil.com\\", "..", ".", "../x",
    "%2e%2e", "%2f", "a%2fb", "a/b", "a\r\nHost: evil.com", "a\tb", "a b", "\u3002evil\uff0ecom", "a:80",
    "\uff0e\uff0e", "a.evil.com:443", "[::1]", "127.0.0.1", "0x7f.1", "", "-a", "a-", "A" * 64, "é",
    "xn--é", "{subdomain}",
    "https://evil.com", "//evil.com", "a;b", "a&b=c", "null\x00", "login.evil.com", ".example-desk.com",
]  # fmt: skip  # a corpus reads best as a block
values = st.one_of(
    st.sampled_from(EVIL),
    st.text(max_size=40),
    st.text(alphabet="ab.-/@#?%:\\{}\r\n0", max_size=20),
    st.tuples(st.sampled_from(EVIL), st.text(max_size=5)).map("".join),
    st.from_regex(r"[a-z0-9]{1,10}", fullmatch=True),
)


def shipped() -> list[Connector]:
    return [connector(), *(catalog.builtin(key) for key in catalog.builtin_keys())]


def addresses(definition: Connector, method: Method) -> Iterator[str]:
    yield method.base_url or definition.base_url
    for call in (method.probe, method.identity, method.revoke):
        if call is not None and call.url is not None:
            yield call.url
    if isinstance(method, OAuth2Method):
        yield method.authorize_url
    if isinstance(method, OAuth2Method | ClientCredentialsMethod):
        yield method.token_url


CASES = [
    pytest.param(definition, method, address, id=f"{definition.key}-{method.name}-{number}")
    for definition in shipped()
    for method in definition.methods
    for number, address in enumerate(addresses(definition, method))
    if names(UrlTemplate.parse(address).on(UrlTemplate.parse(method.base_url or definition.base_url)).text)
]


@pytest.mark.parametrize(("definition", "method", "address"), CASES)
@settings(max_examples=40)
@given(data=st.data())
def test_no_value_moves_the_host_or_leaves_its_segment(
    definition: Connector, method: Method, address: str, data: st.DataObject
) -> None:
    """T25: for every address of every shipped connector, any value is refused or stays in its place."""
    base = UrlTemplate.parse(method.base_url or definition.base_url)
    template = UrlTemplate.parse(address).on(base)
    given_values = {name: data.draw(values, label=name) for name in sorted(names(template.text))}
    try:
        url = definition.address(method, address, given_values)
    except WrongAddress as error:
        url, refused = "", error.field
    if not url:
        assert refused in given_values
        return
    parts = urlsplit(url)
    host = parts.hostname or ""
    assert parts.scheme == "https"
    assert parts.username is None
    assert parts.port is None
    assert not parts.fragment
    assert url.isascii()
    assert url.isprintable()
    if template.origin or names(template.host):
        suffixes = [entry.lstrip(".") for entry in definition.allowed_hosts]
        assert any(host == suffix or host.endswith(f".{suffix}") for suffix in suffixes)
    else:
        assert host == template.host
    assert parts.path.count("/") == template.path.count("/")
    assert not {".", ".."} & {unquote(segment) for segment in parts.path.split("/")}
    assert len(parse_qsl(parts.query, keep_blank_values=True)) == len(
        parse_qsl(template.query, keep_blank_values=True)
    )


RULES = AddressRules(
    {
        "name": Variable("name", Format.DNS_LABEL),
        "part": Variable("part", pattern=".+"),
        "site": Variable("site", Format.HOST),
        "origin": Variable("origin", Format.ORIGIN),
    },
    allowed_hosts=(".example.com",),
)


@pytest.mark.parametrize(
    ("template", "given_values", "expected"),
    [
        ("https://{name}.example.com/a/{part}", {"name": "acme", "part": "x/../y"}, "/a/x%2F..%2Fy"),
        ("https://{name}.example.com/?q={part}", {"name": "acme", "part": "a&b=c d"}, "/?q=a%26b%3Dc%20d"),
        ("https://{name}.example.com/{part}", {"name": "acme", "part": "é%2f"}, "/%C3%A9%252f"),
        ("https://{site}/x", {"site": "a.b.example.com"}, "https://a.b.example.com/x"),
        ("{origin}/x", {"origin": "https://a.example.com"}, "https://a.example.com/x"),
    ],
)
def test_a_value_is_encoded_for_its_place(template: str, given_values: dict[str, str], expected: str) -> None:
    """T25: in a path and in a query everything but unreserved characters is percent-encoded."""
    assert UrlTemplate.parse(template).render(given_values, RULES).endswith(expected)


@pytest.mark.parametrize(
    "origin",
    [
        "http://a.example.com", "https://example.com", "https://evilexample.com", "https://a.example.com.evil.com",
        "https://a.example.com:8443", "https://a.example.com/", "https://u@a.example.com", "https://A.example.com",
        "https://a.example.com#.example.com", "https://127.0.0.1", "//a.example.com", "https://a..example.com",
        "https://a.example.com\n", "https://-a.example.com", "https://a.example.com.",
    ],
)  # fmt: skip  # a corpus reads best as a block
def test_an_origin_is_https_and_one_covered_host(origin: str) -> None:
    """T25: an address that a provider names is taken only when it is https and under the declared suffix."""
    assert matches(Format.ORIGIN, "https://a.example.com", allowed_hosts=(".example.com",))
    assert not matches(Format.ORIGIN, origin, allowed_hosts=(".example.com",))
    with pytest.raises(WrongAddress):
        UrlTemplate.parse("{origin}/x").render({"origin": origin}, RULES)


@pytest.mark.parametrize(
    "host", ["2130706433", "0x7f.1", "127.1", "127.0.0.1", "a.example.com.", "localhost"]
)
def test_a_host_is_a_name_and_no_address(host: str) -> None:
    """T24, T25: no spelling of an IP address passes for a host, whatever is allowed."""
    assert not matches(Format.HOST, host, allowed_hosts=(host, ".com", ".1"))


@pytest.mark.parametrize(
    "text", ["", "ftp://a.b", "https://", "a/b", "https://a b.c", "https://a.b/{x", "https://A.b"]
)
def test_what_is_no_address_is_refused_when_read(text: str) -> None:
    """A template that is no https address, and no path, does not parse."""
    with pytest.raises(TemplateError):
        UrlTemplate.parse(text)
