"""Signing in to HubSpot and Salesforce, as their documentation says they behave."""

from datetime import timedelta

import pytest

from connect_hub.errors import (
    CouldNotCheck,
    CredentialsExpired,
    MissingPermission,
    ProviderUnavailable,
    RejectedCredentials,
    ValidationFailed,
)
from connect_hub.models import ProviderIdentity
from tests.catalog.desk import NOW, Desk, tokens
from tests.catalog.providers import CLIENT_ID, CLIENT_SECRET, Asked, OAuthProvider, Provider, reply
from tests.peers.loopback import Answer as Reply


def hubspot(provider: Provider) -> OAuthProvider:
    server = OAuthProvider(
        "app.hubspot.com/oauth/authorize",
        "api.hubapi.com/oauth/2026-03/token",
        client_auth="post",
        answer=lambda given: {**given, "hub_id": 12345678, "scopes": ["oauth"]},
    ).on(provider)

    def details(asked: Asked) -> Reply:
        if asked.bearer in server.live or asked.bearer == "pat-na1-good":
            return reply({"portalId": 12345678, "uiDomain": "app.hubspot.com"})
        if asked.bearer == "pat-na1-narrow":
            return reply({"status": "error", "message": "needs a scope", "category": "MISSING_SCOPES"}, 403)
        return reply({"status": "error", "category": "INVALID_AUTHENTICATION"}, 401)

    def revoke(asked: Asked) -> Reply:
        assert asked.form == {
            "client_id": CLIENT_ID,
            "client_secret": CLIENT_SECRET,
            "token": "refresh-1",
            "token_type_hint": "refresh_token",
        }
        return Reply(status=200)

    provider.routes["GET", "api.hubapi.com/account-info/v3/details"] = details
    provider.routes["POST", "api.hubapi.com/oauth/2026-03/token/revoke"] = revoke
    return server


async def test_hubspot_keeps_its_refresh_token(provider: Provider) -> None:
    """The client in a form body, PKCE, 30 minutes; a refresh without a new refresh token keeps the old."""
    server = hubspot(provider)
    engine, credentials = await Desk(provider, "hubspot").sign_in(server)
    assert server.asked["scope"].split(" ")[0] == "oauth"
    assert credentials.variables == {"hub_id": "12345678"}
    assert credentials.expires_at == NOW + timedelta(minutes=30)
    assert await engine.probe(credentials) == ProviderIdentity(id="12345678")
    renewed = await engine.refresh(credentials)
    assert tokens(renewed) == {"access_token": "access-2", "refresh_token": "refresh-1"}
    assert await engine.revoke(renewed)


@pytest.mark.parametrize(
    ("key", "error"), [("pat-na1-wrong", RejectedCredentials), ("pat-na1-narrow", MissingPermission)]
)
async def test_hubspot_service_keys_are_tried(provider: Provider, key: str, error: type[Exception]) -> None:
    """401 is a wrong key, 403 a key without the scope; a good one says which account it opens."""
    hubspot(provider)
    desk = Desk(provider, "hubspot")
    engine, credentials = await desk.enter("api_key", api_key=key)
    with pytest.raises(error):
        await engine.probe(credentials)
    _, good = await desk.enter("api_key", api_key="pat-na1-good")
    assert await engine.probe(good) == ProviderIdentity(id="12345678")


def salesforce(provider: Provider, *, login: str, instance: str) -> OAuthProvider:
    def answer(given: dict[str, object]) -> dict[str, object]:
        del given["expires_in"]
        return {**given, "instance_url": instance, "id": f"https://{login}/id/00D/005", "scope": "api id"}

    server = OAuthProvider(
        f"{login}/services/oauth2/authorize",
        f"{login}/services/oauth2/token",
        client_auth="post",
        rotates=True,
        answer=answer,
    ).on(provider)

    def resources(asked: Asked) -> Reply:
        if asked.bearer not in server.live:
            return reply([{"message": "Session expired or invalid", "errorCode": "INVALID_SESSION_ID"}], 401)
        return reply({"sobjects": "/services/data/v60.0/sobjects"})

    def userinfo(asked: Asked) -> Reply:
        assert asked.bearer in server.live
        return reply({"sub": "x", "organization_id": "00D", "name": "Ada", "email": "ada@example.com"})

    def revoke(asked: Asked) -> Reply:
        assert asked.form == {"token": "refresh-1"}
        return Reply(status=200)

    host = instance.removeprefix("https://")
    provider.routes["GET", f"{host}/services/data/v60.0/"] = resources
    provider.routes["GET", f"{host}/services/oauth2/userinfo"] = userinfo
    provider.routes["POST", f"{login}/services/oauth2/revoke"] = revoke
    return server


@pytest.mark.parametrize(
    ("login", "instance"),
    [
        ("login.salesforce.com", "https://acme.my.salesforce.com"),
        ("test.salesforce.com", "https://acme--dev.sandbox.my.salesforce.com"),
        ("acme.my.salesforce.com", "https://acme.my.salesforce.com"),
    ],
)
async def test_salesforce_lives_where_its_token_answer_says(
    provider: Provider, login: str, instance: str
) -> None:
    """instance_url becomes the base URL, for production, a sandbox and a My Domain."""
    server = salesforce(provider, login=login, instance=instance)
    desk = Desk(provider, "salesforce")
    typed = {} if login == "login.salesforce.com" else {"login_host": f"https://{login}/"}
    engine, credentials = await desk.sign_in(server, **typed)
    assert engine.base_url(credentials) == instance
    assert credentials.expires_at == NOW + timedelta(minutes=90)
    identity = await engine.probe(credentials)
    assert identity == ProviderIdentity(id="00D", name="Ada", email="ada@example.com")
    assert await engine.revoke(credentials)
    renewed = await engine.refresh(credentials)
    assert tokens(renewed)["refresh_token"] == "refresh-2"
    with pytest.raises(CredentialsExpired):
        await engine.refresh(credentials)


@pytest.mark.parametrize(
    "foreign",
    [
        "https://evil.example",
        "https://salesforce.com.evil.example",
        "https://evilsalesforce.com",
        "http://acme.my.salesforce.com",
        "https://acme.my.salesforce.com:8443",
        "https://u@acme.my.salesforce.com",
        "https://acme.my.salesforce.com/x?",
        "",
    ],
)
async def test_salesforce_refuses_a_foreign_instance(provider: Provider, foreign: str) -> None:
    """T25: a token answer that points anywhere but under salesforce.com ends the sign-in: the grant is
    revoked at the provider's own host, and the foreign one is never called."""
    server = salesforce(provider, login="login.salesforce.com", instance=foreign)
    with pytest.raises(CouldNotCheck):
        await Desk(provider, "salesforce").sign_in(server)
    assert provider.paths == [
        "POST login.salesforce.com/services/oauth2/token",
        "POST login.salesforce.com/services/oauth2/revoke",
    ]


async def test_salesforce_errors_are_lists(provider: Provider) -> None:
    """`[{errorCode}]` is read: too many calls is not a missing permission."""
    server = salesforce(provider, login="login.salesforce.com", instance="https://a.my.salesforce.com")
    engine, credentials = await Desk(provider, "salesforce").sign_in(server)
    path = ("GET", "a.my.salesforce.com/services/data/v60.0/")
    limit = [{"message": "TotalRequests Limit exceeded.", "errorCode": "REQUEST_LIMIT_EXCEEDED"}]
    provider.routes[path] = lambda _: reply(limit, 403)
    with pytest.raises(ProviderUnavailable):
        await engine.probe(credentials)
    disabled = [{"message": "The REST API is not enabled.", "errorCode": "API_DISABLED_FOR_ORG"}]
    provider.routes[path] = lambda _: reply(disabled, 403)
    with pytest.raises(MissingPermission) as refused:
        await engine.probe(credentials)
    assert refused.value.provider_message == "The REST API is not enabled."


async def test_salesforce_is_not_asked_at_a_host_of_somebody_else(provider: Provider) -> None:
    """T25: what a person types as the login host stays under salesforce.com."""
    for typed in ("evil.com", "login.salesforce.com.evil.com", "evilsalesforce.com", "x.salesforce.com"):
        server = salesforce(provider, login=typed, instance="https://a.my.salesforce.com")
        with pytest.raises(ValidationFailed):
            await Desk(provider, "salesforce").sign_in(server, login_host=typed)
    assert provider.asked == []
