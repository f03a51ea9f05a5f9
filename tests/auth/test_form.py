"""Methods whose credentials come from a form, and the headers that all methods send."""

from base64 import b64encode
from collections.abc import Mapping
from datetime import timedelta

import pytest

from connect_hub.auth.engine import FormSignIn
from connect_hub.auth.oauth2 import OAuth2Engine
from connect_hub.connectors.registry import ConnectorRegistry
from connect_hub.connectors.values import FieldValues
from connect_hub.credentials import Credentials
from connect_hub.errors import (
    CouldNotCheck,
    CredentialsExpired,
    FieldError,
    MissingPermission,
    OutboundFailed,
    ProviderError,
    ProviderUnavailable,
    RefreshFailed,
    RejectedCredentials,
    ValidationFailed,
    WrongAddress,
)
from connect_hub.net import Answer
from connect_hub.secret import Secret
from tests.auth.provider import NOW, Provider, answer, engines, oauth2
from tests.connectors.example import connector
from tests.leaks import reported

KEY = FieldValues({"subdomain": "acme", "email": "me@example.com"}, {"api_token": Secret("CANARY-key")})
CLIENT = FieldValues(
    {"subdomain": "acme", "region": "login.eu", "client_id": "mine"},
    {"client_secret": Secret("CANARY-secret")},
)


def form(method: str, provider: Provider, changes: Mapping[str, object] | None = None) -> FormSignIn:
    engine = engines(provider).of(ConnectorRegistry([connector(changes)]).get("example"), method)
    assert not isinstance(engine, OAuth2Engine)
    return engine


async def test_a_key_is_kept_and_sent_as_the_definition_says() -> None:
    """An API key is obtained without a call, and goes where the template puts it."""
    provider = Provider(answer({"user": {"name": "Ada"}}))
    engine = form("api_key", provider)
    credentials = await engine.obtain(KEY)
    assert provider.asked == []
    assert credentials.expires_at is None
    expected = "Basic " + b64encode(b"me@example.com/token:CANARY-key").decode()
    assert engine.request_headers(credentials)["Authorization"] == expected
    assert engine.base_url(credentials) == "https://acme.example-desk.com/api/v2"
    identity = await engine.probe(credentials)
    assert identity is not None
    assert identity.id == "acme"
    assert not engine.can_refresh(credentials)
    with pytest.raises(RefreshFailed):
        await engine.refresh(credentials)
    assert not await engine.revoke(credentials)


async def test_values_with_errors_are_no_credentials() -> None:
    """A form with errors is refused before anything is called."""
    provider = Provider()
    for method in ("api_key", "client_credentials"):
        with pytest.raises(ValidationFailed):
            await form(method, provider).obtain(FieldValues(errors=(FieldError("email", "no"),)))
    assert provider.asked == []


@pytest.mark.parametrize(
    ("token", "field"),
    [
        ("a\r\nX-Evil: 1", "api_token"),
        ("a\x00", "api_token"),
        ("schlüssel", "api_token"),
        (None, "api_token"),
    ],
)
def test_no_value_makes_a_header_of_its_own(token: str | None, field: str) -> None:
    """T25, T21: a value with a line break or another character no header has is refused by field."""
    changes = {"methods.1.request": {"headers": {"X-Key": "{api_token}"}}}
    secrets = {} if token is None else {"api_token": Secret(f"CANARY{token}")}
    credentials = Credentials("api_key", secrets, {"subdomain": "acme", "email": "me@example.com"})
    with pytest.raises(RejectedCredentials) as caught:
        form("api_key", Provider(), changes).request_headers(credentials)
    assert caught.value.field == field
    assert "CANARY" not in reported(caught.value)


def test_a_colon_cannot_move_from_user_name_to_password() -> None:
    """RFC 7617: a Basic user name with a colon would change the password, and is refused."""
    changes = {"methods.1.fields.0.format": "text"}
    credentials = Credentials("api_key", {"api_token": Secret("k")}, {"subdomain": "acme", "email": "a:b"})
    with pytest.raises(RejectedCredentials) as caught:
        form("api_key", Provider(), changes).request_headers(credentials)
    assert caught.value.field == "email"


def test_a_value_that_looks_like_a_template_is_not_one() -> None:
    """T25: `{api_token}` typed into a plain field stays that text."""
    changes = {"methods.1.request": {"headers": {"X-Key": "{email}"}}, "methods.1.fields.0.format": "text"}
    credentials = Credentials(
        "api_key", {"api_token": Secret("k")}, {"subdomain": "acme", "email": "{api_token}"}
    )
    assert form("api_key", Provider(), changes).request_headers(credentials)["X-Key"] == "{api_token}"


async def test_client_credentials_trade_the_customers_client_for_a_token() -> None:
    """RFC 6749, 4.4: the customer's client gets a token, again at each refresh, and its secret is kept."""
    provider = Provider(answer({"access_token": "one", "expires_in": 60}), answer({"access_token": "two"}))
    engine = form("client_credentials", provider)
    first = await engine.obtain(CLIENT)
    assert provider.asked[0].url == "https://login.eu.example-desk.com/oauth/token"
    assert provider.asked[0].form == {"grant_type": "client_credentials", "scope": "read"}
    basic = "Basic " + b64encode(b"mine:CANARY-secret").decode()
    assert provider.asked[0].headers["Authorization"] == basic
    assert first.expires_at == NOW + timedelta(seconds=60)
    assert first.granted_scopes == ("read",)
    assert engine.can_refresh(first)
    second = await engine.refresh(first)
    assert engine.request_headers(second)["Authorization"] == "Bearer two"
    assert set(second.secrets) == {"client_secret", "access_token"}
    assert second.expires_at is None


@pytest.mark.parametrize(
    ("given_answer", "leaf", "field", "at_refresh"),
    [
        (answer({"error": "invalid_client"}, 401), RejectedCredentials, "client_secret", CredentialsExpired),
        (answer({"error": "invalid_scope"}, 400), MissingPermission, "client_secret", RefreshFailed),
        (answer({"error": "other"}, 400), CouldNotCheck, None, RefreshFailed),
        (answer(b"<html>"), CouldNotCheck, None, RefreshFailed),
        (answer({"error": "invalid_client"}, 503), ProviderUnavailable, None, RefreshFailed),
        (answer(b"", 401), CouldNotCheck, None, RefreshFailed),
        (OutboundFailed("timeout"), ProviderUnavailable, None, RefreshFailed),
        (OutboundFailed("dns"), WrongAddress, "region", RefreshFailed),
    ],
)
async def test_a_refused_client_is_told_from_a_provider_in_trouble(
    given_answer: Answer | Exception,
    leaf: type[ProviderError],
    field: str | None,
    at_refresh: type[Exception],
) -> None:
    """R11: only the provider's own well-formed word against the client is final; secrets stay hidden."""
    with pytest.raises(ProviderError) as caught:
        await form("client_credentials", Provider(given_answer)).obtain(CLIENT)
    assert type(caught.value) is leaf
    assert caught.value.field == field
    stored = Credentials(
        "client_credentials", {**CLIENT.secrets, "access_token": Secret("CANARY-a")}, CLIENT.variables
    )
    with pytest.raises(at_refresh) as refreshed:
        await form("client_credentials", Provider(given_answer)).refresh(stored)
    assert "CANARY" not in reported(caught.value) + reported(refreshed.value)


def test_an_engine_is_chosen_by_the_method() -> None:
    """Each method has its engine; a method that is not offered has none."""
    assert isinstance(oauth2(Provider()), OAuth2Engine)
    with pytest.raises(KeyError):
        engines(Provider()).of(ConnectorRegistry([connector()]).get("example"), "oauth2")
