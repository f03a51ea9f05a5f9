"""The shipped connectors: what can be known of them without asking a provider."""

import re
import xml.etree.ElementTree as ET
from collections.abc import Iterator
from importlib import resources
from urllib.parse import urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connect_hub.connectors import catalog
from connect_hub.connectors.definition import (
    ClientCredentialsMethod,
    Connector,
    Field,
    Format,
    Meaning,
    Method,
    OAuth2Method,
)
from connect_hub.connectors.formats import host_is_allowed
from connect_hub.connectors.registry import ConnectorRegistry, OAuth
from connect_hub.connectors.templates import UrlTemplate, names
from connect_hub.errors import ConfigurationError, WrongAddress

FIRST_EIGHT = (
    "bamboohr",
    "github",
    "google-workspace",
    "greenhouse",
    "hubspot",
    "salesforce",
    "slack",
    "zendesk",
)
OWN_DOMAINS = {
    "bamboohr": ("bamboohr.com",),
    "github": ("github.com", "github.blog"),
    "google-workspace": ("google.com", "googleapis.com"),
    "greenhouse": ("greenhouse.io", "greenhouse.com"),
    "hubspot": ("hubspot.com", "hubapi.com"),
    "salesforce": ("salesforce.com",),
    "slack": ("slack.com", "slack.dev"),
    "zendesk": ("zendesk.com",),
}
"""The domains that belong to each provider: where its facts may come from and its addresses may lead."""
HOSTILE = (
    "evil.com/",
    "evil.com",
    "a@evil.com",
    "evil.com#",
    "evil.com?",
    "evil.com\\",
    "..",
    "../evil",
    "%2f",
    "a%2fb",
    "a\r\nHost: evil.com",
    "a\u3002evil\uff0ecom",
    "\uff41cme",
    "",
    " ",
    "-acme",
    "acme-",
    "127.0.0.1",
    "localhost:80",
    "acme.evil.com",
    "https://evil.com",
    "https://evil.com/.salesforce.com",
    "https://evil.com#.salesforce.com",
    "https://a@evil.com",
    "https://salesforce.com.evil.com",
    "https://evilsalesforce.com",
    "http://acme.my.salesforce.com",
    "https://acme.my.salesforce.com:8443",
    "https://acme.my.salesforce.com/path",
    "evilsalesforce.com",
    "a" * 64,
)


def shipped() -> list[Connector]:
    return [catalog.builtin(key) for key in catalog.builtin_keys()]


def every_method() -> Iterator[tuple[Connector, Method]]:
    for connector in shipped():
        for method in connector.methods:
            yield connector, method


def every_field(connector: Connector) -> Iterator[Field]:
    yield from connector.fields
    for method in connector.methods:
        yield from method.fields


def addresses(connector: Connector, method: Method) -> Iterator[str]:
    """Every address that the hub itself would call, or send a browser to."""
    yield connector.base_url if method.base_url is None else method.base_url
    for call in (method.probe, method.identity, method.revoke):
        if call is not None and call.url is not None:
            yield call.url
    if isinstance(method, OAuth2Method):
        yield method.authorize_url
    if isinstance(method, OAuth2Method | ClientCredentialsMethod):
        yield method.token_url


def belongs(host: str, domains: tuple[str, ...]) -> bool:
    return any(host == domain or host.endswith(f".{domain}") for domain in domains)


def cases() -> list[pytest.ParameterSet]:
    return [
        pytest.param(connector, method, id=f"{connector.key}-{method.name}")
        for connector, method in every_method()
    ]


def test_the_first_eight_are_shipped_and_each_has_a_list_of_its_own_domains() -> None:
    """A connector is not added without saying which domains are its provider's."""
    assert set(FIRST_EIGHT) <= set(catalog.builtin_keys())
    assert set(catalog.builtin_keys()) == set(OWN_DOMAINS)


@pytest.mark.parametrize("key", catalog.builtin_keys())
def test_the_types_found_without_parsing_are_those_of_the_parsed_file(key: str) -> None:
    """The quick look that builds a hub sees the same methods as the whole reading."""
    assert catalog.builtin_method_types(key) == tuple(m.type for m in catalog.builtin(key).methods)


@pytest.mark.parametrize(("connector", "method"), cases())
def test_every_fact_has_a_page_of_the_provider_itself_as_its_source(
    connector: Connector, method: Method
) -> None:
    """`docs`, `help_url`, `register_url` and `website` lead to the provider's own domains alone."""
    pages = [*connector.docs, *method.docs]
    assert connector.docs
    assert method.docs
    if isinstance(method, OAuth2Method):
        assert method.register_url is not None, "the host must be told where to register its client"
        pages.append(method.register_url)
    pages += [field.help_url for field in every_field(connector) if field.help_url is not None]
    assert connector.website is not None
    for page in [*pages, connector.website]:
        assert belongs(urlsplit(page).hostname or "", OWN_DOMAINS[connector.key]), page


@pytest.mark.parametrize(("connector", "method"), cases())
def test_every_address_is_https_and_its_host_stays_with_the_provider(
    connector: Connector, method: Method
) -> None:
    """T25: each address is https, and its literal host or its whole suffix belongs to the provider."""
    assert not connector.allow_http
    for entry in connector.allowed_hosts:
        assert belongs(entry.removeprefix("."), OWN_DOMAINS[connector.key])
    for text in addresses(connector, method):
        url = UrlTemplate.parse(text)
        if url.is_relative:
            continue
        if url.origin:
            assert connector.allowed_hosts
            continue
        assert url.scheme == "https"
        assert url.port == ""
        tail = url.host.rpartition("}")[2].removeprefix(".")
        if tail:
            assert belongs(tail, OWN_DOMAINS[connector.key]), text
        else:
            assert connector.allowed_hosts


@pytest.mark.parametrize(("connector", "method"), cases())
def test_no_value_takes_an_address_away_from_the_provider(connector: Connector, method: Method) -> None:
    """T25: in every address of every shipped provider, a hostile value for each variable is refused, or
    leaves the host where it was."""
    good = {
        "subdomain": "acme",
        "login_host": "login.salesforce.com",
        "instance_url": "https://acme.my.salesforce.com",
        "client_id": "abc.123",
    }
    base = UrlTemplate.parse(method.base_url or connector.base_url)
    for text in addresses(connector, method):
        url = UrlTemplate.parse(text).on(base)
        assert connector.address(method, text, good)
        for name in sorted(names(url.text)):
            for hostile in HOSTILE:
                try:
                    rendered = connector.address(method, text, {**good, name: hostile})
                except WrongAddress:
                    continue
                assert name not in names(url.host), (text, hostile)
                parts = urlsplit(rendered)
                assert belongs(parts.hostname or "", OWN_DOMAINS[connector.key]), (text, hostile)
                assert parts.path.count("/") == url.path.count("/"), (text, hostile)


@given(value=st.text(max_size=80))
def test_any_text_for_a_zendesk_subdomain_stays_on_zendesk(value: str) -> None:
    """T25: whatever a person types as a subdomain, the host ends with .zendesk.com and has one label more."""
    connector = catalog.builtin("zendesk")
    try:
        address = connector.base_address(connector.recommended, {"subdomain": value})
    except WrongAddress:
        return
    host = urlsplit(address).hostname or ""
    assert host.endswith(".zendesk.com")
    assert host.count(".") == 2
    assert address == f"https://{host}"


NEARLY = st.from_regex(r"https://[a-z0-9.@:/#-]{1,40}salesforce\.com", fullmatch=True)


@given(value=st.text(max_size=80) | NEARLY)
def test_any_instance_url_of_a_token_answer_stays_on_salesforce(value: str) -> None:
    """T25: an instance_url is used only when it is an https origin under salesforce.com."""
    connector = catalog.builtin("salesforce")
    try:
        address = connector.base_address(connector.recommended, {"instance_url": value})
    except WrongAddress:
        return
    parts = urlsplit(address)
    assert address == f"https://{parts.hostname}"
    assert host_is_allowed(parts.hostname or "", connector.allowed_hosts)


@pytest.mark.parametrize("connector", shipped(), ids=lambda connector: connector.key)
def test_every_variable_of_an_address_has_a_shape(connector: Connector) -> None:
    """T25: a field that an address names has a format, a pattern or a list of choices."""
    for method in connector.methods:
        fields = {field.key: field for field in connector.fields_of(method)}
        for text in addresses(connector, method):
            for name in names(text) & fields.keys():
                field = fields[name]
                assert field.format is not Format.TEXT or field.pattern is not None or field.options
                assert not field.secret


@pytest.mark.parametrize("connector", shipped(), ids=lambda connector: connector.key)
def test_a_person_is_told_where_to_find_each_value(connector: Connector) -> None:
    """Every field has a sentence and a page of the provider; what has a pattern says what to change."""
    for field in every_field(connector):
        assert field.help is not None, field.key
        assert field.help_url is not None, field.key
        if field.secret:
            assert field.pattern is not None, f"{field.key}: a pasted space or half a key is found at once"
        if field.secret or field.format in (Format.DNS_LABEL, Format.HOST, Format.EMAIL):
            assert field.pattern_message is not None, field.key


@pytest.mark.parametrize("connector", shipped(), ids=lambda connector: connector.key)
def test_patterns_mean_the_same_to_a_browser(connector: Connector) -> None:
    """Browsers compile `pattern` with the flag `v`: a bare hyphen at the edge of a class is an error there,
    and switches the whole pattern off."""
    for field in every_field(connector):
        for inside in re.findall(r"\[\^?((?:[^\]\\]|\\.)*)\]", field.pattern or ""):
            assert not inside.startswith("-"), field.pattern
            assert not re.search(r"(?<!\\)-$", inside), field.pattern
            assert not re.search(r"(?<!\\)[(){}/|\[]", inside), field.pattern


@pytest.mark.parametrize(("connector", "method"), cases())
def test_credentials_are_tried_before_they_are_stored_and_refusals_differ(
    connector: Connector, method: Method
) -> None:
    """Every method has a probe; rules that a rule before them swallows do not exist."""
    assert method.probe is not None
    unconditional: set[int] = set()
    for rule in method.probe.answers:
        assert not (rule.status and set(rule.status) <= unconditional), f"{rule} can never be reached"
        if rule.when is None:
            unconditional |= set(rule.status)
    if method.probe.answers and any(rule.when for rule in method.probe.answers):
        assert any(rule.means is not Meaning.OK for rule in method.probe.answers)


@pytest.mark.parametrize(("connector", "method"), cases())
def test_oauth_facts_hang_together(connector: Connector, method: Method) -> None:
    """Scopes are single tokens, offline access is asked for as Google wants it, PKCE is off with a reason."""
    if not isinstance(method, OAuth2Method):
        return
    for scope in method.scopes:
        assert method.scope_separator not in scope
        assert " " not in scope
    assert len(set(method.scopes)) == len(method.scopes) > 0
    if method.authorize_params.get("access_type") == "offline":
        assert method.authorize_params.get("prompt") == "consent"
    if not method.pkce:
        text = resources.files("connect_hub").joinpath("catalog", f"{connector.key}.toml").read_text("utf-8")
        before = text.split("pkce = false")[0].rstrip().splitlines()[-1]
        assert before.startswith("#"), "say why PKCE is off in the line above it"


def test_without_a_client_a_connector_offers_what_needs_none() -> None:
    """A host without an OAuth client gets the other methods; a connector that has none is refused by name."""
    registry = ConnectorRegistry(["bamboohr", "github", "greenhouse", "hubspot", "slack", "zendesk"])
    for enabled in registry.all():
        assert enabled.methods
        assert all(method.type != "oauth2" for method in enabled.methods)
    for key in ("google-workspace", "salesforce"):
        with pytest.raises(ConfigurationError, match=key):
            ConnectorRegistry([key])
        assert ConnectorRegistry([OAuth(key, client_id="id")]).get(key).method().type == "oauth2"


@pytest.mark.parametrize("connector", shipped(), ids=lambda connector: connector.key)
def test_the_logo_is_there_small_and_inert(connector: Connector) -> None:
    """T30: a logo is one square SVG under 3 kB without script, style, link or reference to anything."""
    assert connector.logo == f"{connector.key}.svg"
    folder = resources.files("connect_hub").joinpath("static", "logos")
    raw = folder.joinpath(connector.logo).read_bytes()
    assert len(raw) < 3000
    root = ET.fromstring(raw)  # noqa: S314  # our own file
    assert root.get("viewBox") in ("0 0 24 24", "0 0 48 48")
    plain = {"svg", "title", "rect", "path", "circle", "g"}
    for element in root.iter():
        assert element.tag.removeprefix("{http://www.w3.org/2000/svg}") in plain
        for attribute, value in element.attrib.items():
            assert not attribute.startswith("on")
            assert attribute not in ("style", "class", "href", "id")
            assert "url(" not in value
            assert ":" not in value
    assert connector.logo in folder.joinpath("README.md").read_text("utf-8")
