"""Signing in to BambooHR and Greenhouse, as their documentation says they behave."""

from datetime import timedelta

import pytest

from connect_hub.errors import (
    CouldNotCheck,
    MissingPermission,
    RejectedCredentials,
    ValidationFailed,
    WrongAddress,
)
from connect_hub.models import ProviderIdentity
from tests.catalog.desk import NOW, Desk, tokens
from tests.catalog.providers import Asked, OAuthProvider, Provider, reply
from tests.peers.loopback import Answer as Reply


def bamboohr(provider: Provider, server: OAuthProvider | None = None) -> None:
    """A key is the Basic user name; XML unless asked for JSON; 403 to all after three unknown keys."""
    unknown: list[str] = []

    def company(asked: Asked) -> Reply:
        if asked.headers.get("accept") != "application/json":
            return Reply(body=b"<company/>", headers={"Content-Type": "text/xml"})
        if len(unknown) >= 3:
            return Reply(status=403)
        if asked.basic == ("f" * 40, "x") or (server is not None and asked.bearer in server.live):
            return reply({"legalName": "Acme Incorporated", "displayName": "Acme"})
        unknown.append(asked.basic[0])
        return Reply(status=401, headers={"X-BambooHR-Error-Message": "Invalid API key"})

    provider.routes["GET", "acme.bamboohr.com/api/v1/company_information"] = company


async def test_bamboohr_takes_the_key_as_basic_user_name(provider: Provider) -> None:
    """The key goes where the user name stands, a pasted address is cut, the company is the identity."""
    bamboohr(provider)
    desk = Desk(provider, "bamboohr")
    engine, credentials = await desk.enter(
        "api_key", subdomain="https://Acme.bamboohr.com/home", api_key=f" {'f' * 40}\n"
    )
    assert await engine.probe(credentials) == ProviderIdentity(id="acme", name="Acme")
    assert engine.base_url(credentials) == "https://acme.bamboohr.com/api"


async def test_bamboohr_refusals_are_told_apart(provider: Provider) -> None:
    """A wrong key points at the key; an API that locked itself says nothing about the key."""
    bamboohr(provider)
    desk = Desk(provider, "bamboohr")
    engine, wrong = await desk.enter("api_key", subdomain="acme", api_key="0" * 40)
    for _ in range(3):
        with pytest.raises(RejectedCredentials) as refused:
            await engine.probe(wrong)
        assert refused.value.field == "api_key"
    _, right = await desk.enter("api_key", subdomain="acme", api_key="f" * 40)
    with pytest.raises(CouldNotCheck):
        await engine.probe(right)
    _, elsewhere = await desk.enter("api_key", subdomain="nobody", api_key="f" * 40)
    with pytest.raises(WrongAddress) as nowhere:
        await engine.probe(elsewhere)
    assert nowhere.value.field == "subdomain"
    with pytest.raises(ValidationFailed):
        await desk.enter("api_key", subdomain="acme.evil.com", api_key="f" * 40)


async def test_bamboohr_oauth_keeps_the_queries_of_its_addresses(provider: Provider) -> None:
    """authorize.php and token.php have parameters of their own; offline_access brings a refresh token."""
    server = OAuthProvider(
        "acme.bamboohr.com/authorize.php",
        "acme.bamboohr.com/token.php",
        client_auth="post",
        pkce=False,
        rotates=True,
        token_query={"request": "token"},
        answer=lambda given: {**given, "expires_in": 3600, "companyDomain": "acme", "id_token": "i"},
    ).on(provider)
    bamboohr(provider, server)
    engine, credentials = await Desk(provider, "bamboohr").sign_in(server, subdomain="acme")
    assert server.asked["request"] == "authorize"
    assert "offline_access" in server.asked["scope"].split(" ")
    assert credentials.expires_at == NOW + timedelta(seconds=3600)
    assert (await engine.probe(credentials)) == ProviderIdentity(id="acme", name="Acme")
    renewed = await engine.refresh(credentials)
    assert tokens(renewed) == {"access_token": "access-2", "refresh_token": "refresh-2"}


@pytest.fixture
def greenhouse(provider: Provider) -> Provider:
    """Harvest v3: Basic at the token endpoint, `expires_at` instead of `expires_in`, bare lists."""

    def token(asked: Asked) -> Reply:
        if asked.basic != ("gh-id", "gh-secret"):
            return reply({"error": "invalid_client"}, 401)
        sent = asked.form
        assert sent.pop("grant_type") == "client_credentials"
        assert sent.keys() == {"sub"}
        kind = "admin" if sent["sub"] == "12345" else "member"
        return reply({"token_type": "Bearer", "access_token": kind, "expires_at": "2026-11-23T13:00:00Z"})

    def users(asked: Asked) -> Reply:
        if asked.bearer not in ("admin", "member"):
            return reply({"message": "Invalid token"}, 401)
        if asked.bearer == "member":
            return reply({"message": "Forbidden"}, 403)
        assert asked.query == {"per_page": "1"}
        return reply([{"id": 1, "primary_email": "ada@example.com"}])

    provider.routes["POST", "auth.greenhouse.io/token"] = token
    provider.routes["GET", "harvest.greenhouse.io/v3/users"] = users
    return provider


async def test_greenhouse_credentials_of_the_customer_become_tokens(greenhouse: Provider) -> None:
    """Client id and secret are the customer's; `sub` names the user; a list is a good answer."""
    desk = Desk(greenhouse, "greenhouse")
    engine, credentials = await desk.enter(
        "client_credentials", client_id="gh-id", client_secret="gh-secret", user_id="12345"
    )
    assert tokens(credentials)["access_token"] == "admin"
    assert credentials.expires_at == NOW + timedelta(hours=1)
    assert await engine.probe(credentials) == ProviderIdentity(id="gh-id")
    assert engine.can_refresh(credentials)
    assert tokens(await engine.refresh(credentials))["client_secret"] == "gh-secret"


async def test_greenhouse_without_the_scope_lacks_a_permission(greenhouse: Provider) -> None:
    """403 is credentials without harvest:users:list, or a user who is no Site Admin."""
    engine, credentials = await Desk(greenhouse, "greenhouse").enter(
        "client_credentials", client_id="gh-id", client_secret="gh-secret", user_id="999"
    )
    with pytest.raises(MissingPermission):
        await engine.probe(credentials)


async def test_greenhouse_refuses_a_wrong_secret_at_once(greenhouse: Provider) -> None:
    """The token endpoint's `invalid_client` is the customer's to correct."""
    with pytest.raises(RejectedCredentials) as refused:
        await Desk(greenhouse, "greenhouse").enter(
            "client_credentials", client_id="gh-id", client_secret="wrong", user_id="12345"
        )
    assert refused.value.field in ("client_id", "client_secret")
