"""Signing in to Slack and Zendesk, as their documentation says they behave."""

import pytest

from connect_hub.errors import (
    ClientRejected,
    CouldNotCheck,
    CredentialsExpired,
    MissingPermission,
    ProviderRefused,
    ProviderUnavailable,
    RejectedCredentials,
    ValidationFailed,
)
from connect_hub.models import ProviderIdentity
from connect_hub.secret import Secret
from tests.catalog.desk import REDIRECT, Desk
from tests.catalog.providers import Asked, OAuthProvider, Provider, reply
from tests.peers.loopback import Answer as Reply


def slack(provider: Provider) -> OAuthProvider:
    server = OAuthProvider(
        "slack.com/oauth/v2/authorize",
        "slack.com/api/oauth.v2.access",
        client_auth="basic",
        pkce=False,
        refusal=lambda error: reply({"ok": False, "error": error}),
        bad_code="invalid_code",
        bad_client="bad_client_secret",
        answer=lambda given: {
            "ok": True,
            "access_token": given["access_token"],
            "token_type": "bot",
            "scope": "team:read,users:read",
            "team": {"id": "T1", "name": "Acme"},
            "enterprise": None,
            "authed_user": {"id": "U1"},
        },
    ).on(provider)

    def test(asked: Asked) -> Reply:
        errors = {
            "xoxb-narrow": "missing_scope",
            "xoxb-busy": "ratelimited",
            "xoxb-odd": "org_login_required",
        }
        if asked.bearer in server.live or asked.bearer == "xoxb-good":
            return reply({"ok": True, "team": "Acme", "team_id": "T1", "user": "bot", "user_id": "U2"})
        return reply({"ok": False, "error": errors.get(asked.bearer, "invalid_auth")})

    def revoke(asked: Asked) -> Reply:
        server.live.discard(asked.bearer)
        return reply({"ok": True, "revoked": True})

    provider.routes["POST", "slack.com/api/auth.test"] = test
    provider.routes["POST", "slack.com/api/auth.revoke"] = revoke
    return server


async def test_slack_is_asked_with_commas_and_without_pkce(provider: Provider) -> None:
    """Scopes are separated by commas, the client is Basic, the bot token is kept and does not run out."""
    server = slack(provider)
    engine, credentials = await Desk(provider, "slack").sign_in(server)
    assert server.asked["scope"] == "team:read,users:read,users:read.email,channels:read"
    assert credentials.variables == {"team_id": "T1"}
    assert credentials.granted_scopes == ("team:read", "users:read")
    assert credentials.expires_at is None
    assert not engine.can_refresh(credentials)
    assert await engine.probe(credentials) == ProviderIdentity(id="T1", name="Acme")
    assert await engine.revoke(credentials)
    with pytest.raises(RejectedCredentials):
        await engine.probe(credentials)


async def test_slack_says_no_under_200(provider: Provider) -> None:
    """`ok: false` is a refusal at the token endpoint too: of the code, or of the host's own client."""
    server = slack(provider)
    desk = Desk(provider, "slack")
    engine = desk.oauth()
    fields = engine.sign_in.connector.read(engine.method, {})
    with pytest.raises(ProviderRefused):
        await engine.exchange(Secret("spent"), redirect_uri=REDIRECT, code_verifier=None, values=fields)
    with pytest.raises(ClientRejected):
        await desk.sign_in(server, secret="an old one")


@pytest.mark.parametrize(
    ("token", "error"),
    [
        ("xoxb-wrong", RejectedCredentials),
        ("xoxb-narrow", MissingPermission),
        ("xoxb-busy", ProviderUnavailable),
        ("xoxb-odd", CouldNotCheck),
    ],
)
async def test_slack_bot_tokens_are_tried(provider: Provider, token: str, error: type[Exception]) -> None:
    """Each `error` of auth.test has its meaning; one that is not known is not taken for a yes."""
    slack(provider)
    desk = Desk(provider, "slack")
    engine, credentials = await desk.enter("api_key", api_key=token)
    with pytest.raises(error):
        await engine.probe(credentials)
    _, good = await desk.enter("api_key", api_key="xoxb-good")
    assert await engine.probe(good) == ProviderIdentity(id="T1", name="Acme")
    with pytest.raises(ValidationFailed):
        await desk.enter("api_key", api_key="xapp-1-not-a-bot")


def zendesk(provider: Provider) -> OAuthProvider:
    server = OAuthProvider(
        "acme.zendesk.com/oauth/authorizations/new",
        "acme.zendesk.com/oauth/tokens",
        client_auth="post",
        body="json",
        rotates=True,
    ).on(provider)

    def me(asked: Asked) -> Reply:
        if asked.bearer in server.live or asked.basic == ("ada@example.com/token", "good"):
            return reply({"user": {"id": 7, "name": "Ada", "email": "ada@example.com"}})
        if asked.basic[0]:
            return reply({"user": {"id": None, "name": "Anonymous user", "email": "invalid@example.com"}})
        return reply({"error": "invalid_token", "error_description": "The access token is revoked."}, 401)

    def revoke(asked: Asked) -> Reply:
        server.live.discard(asked.bearer)
        return Reply(status=204)

    provider.routes["GET", "acme.zendesk.com/api/v2/users/me.json"] = me
    provider.routes["DELETE", "acme.zendesk.com/api/v2/oauth/tokens/current.json"] = revoke
    return server


async def test_zendesk_speaks_json_and_rotates(provider: Provider) -> None:
    """The token endpoint gets JSON and PKCE; a refresh token works once; revoking uses the token itself."""
    server = zendesk(provider)
    engine, credentials = await Desk(provider, "zendesk").sign_in(server, subdomain="acme.zendesk.com")
    assert server.asked["scope"] == "read"
    assert await engine.probe(credentials) == ProviderIdentity(id="acme", name="Ada", email="ada@example.com")
    renewed = await engine.refresh(credentials)
    with pytest.raises(CredentialsExpired):
        await engine.refresh(credentials)
    assert await engine.revoke(renewed)
    with pytest.raises(RejectedCredentials):
        await engine.probe(renewed)


async def test_zendesk_client_of_the_customer(provider: Provider) -> None:
    """Client credentials go as JSON, with the scope, to the customer's own subdomain."""
    server = zendesk(provider)

    def token(asked: Asked) -> Reply:
        sent = {"grant_type": "client_credentials", "client_id": "c", "client_secret": "s", "scope": "read"}
        if asked.json != sent:
            return reply({"error": "invalid_client", "error_description": "no such client"}, 401)
        server.live.add("granted")
        return reply({"access_token": "granted", "token_type": "bearer", "scope": "read"})

    provider.routes["POST", "acme.zendesk.com/oauth/tokens"] = token
    desk = Desk(provider, "zendesk")
    engine, credentials = await desk.enter(
        "client_credentials", subdomain="acme", client_id="c", client_secret="s"
    )
    assert (await engine.probe(credentials)) is not None
    with pytest.raises(RejectedCredentials):
        await desk.enter("client_credentials", subdomain="acme", client_id="c", client_secret="wrong")


async def test_zendesk_takes_an_anonymous_answer_for_a_refusal(provider: Provider) -> None:
    """`email/token` and the API token as Basic; a 200 without a user id is a wrong token."""
    zendesk(provider)
    desk = Desk(provider, "zendesk")
    who = {"subdomain": "acme", "email": "ada@example.com"}
    engine, good = await desk.enter("api_token", **who, api_token="good")
    assert (await engine.probe(good)) == ProviderIdentity(id="acme", name="Ada", email="ada@example.com")
    _, wrong = await desk.enter("api_token", **who, api_token="wrong")
    with pytest.raises(RejectedCredentials) as refused:
        await engine.probe(wrong)
    assert refused.value.field == "api_token"
