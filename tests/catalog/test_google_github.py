"""Signing in to Google Workspace and GitHub, as their documentation says they behave."""

import pytest

from connect_hub.errors import (
    ClientRejected,
    MissingPermission,
    ProviderRefused,
    RejectedCredentials,
    ValidationFailed,
)
from connect_hub.models import ProviderIdentity
from connect_hub.secret import Secret
from tests.catalog.desk import REDIRECT, Desk, tokens
from tests.catalog.providers import CLIENT_ID, Asked, OAuthProvider, Provider, reply
from tests.peers.loopback import Answer as Reply


def google(provider: Provider) -> OAuthProvider:
    server = OAuthProvider(
        "accounts.google.com/o/oauth2/v2/auth", "oauth2.googleapis.com/token", client_auth="post"
    )

    def answer(given: dict[str, object]) -> dict[str, object]:
        offline = server.asked.get("access_type") == "offline" and server.asked.get("prompt") == "consent"
        return {name: value for name, value in given.items() if offline or name != "refresh_token"}

    server.answer = answer
    server.on(provider)

    def customer(asked: Asked) -> Reply:
        if asked.bearer not in server.live:
            return reply({"error": {"code": 401, "message": "Invalid Credentials"}}, 401)
        return reply({"id": "C03xgje4y", "customerDomain": "example.com"})

    def revoke(asked: Asked) -> Reply:
        assert asked.form == {"token": "refresh-1"}
        return reply({})

    provider.routes["GET", "admin.googleapis.com/admin/directory/v1/customers/my_customer"] = customer
    provider.routes["POST", "oauth2.googleapis.com/revoke"] = revoke
    return server


async def test_google_gives_a_refresh_token_when_asked_as_it_wants(provider: Provider) -> None:
    """access_type=offline and prompt=consent; the refresh token stays the same; revoked without a client."""
    server = google(provider)
    engine, credentials = await Desk(provider, "google-workspace").sign_in(server)
    assert tokens(credentials)["refresh_token"] == "refresh-1"
    assert await engine.probe(credentials) == ProviderIdentity(id="C03xgje4y", name="example.com")
    renewed = await engine.refresh(credentials)
    assert tokens(renewed) == {"access_token": "access-2", "refresh_token": "refresh-1"}
    assert await engine.revoke(renewed)


async def test_google_wants_an_administrator(provider: Provider) -> None:
    """A person without the right, or without a Workspace, lacks a permission; Google's sentence is kept."""
    server = google(provider)
    engine, credentials = await Desk(provider, "google-workspace").sign_in(server)
    path = ("GET", "admin.googleapis.com/admin/directory/v1/customers/my_customer")
    for status, words in ((403, "Not Authorized to access this resource/api"), (404, "Resource Not Found")):
        provider.routes[path] = lambda _, s=status, w=words: reply({"error": {"code": s, "message": w}}, s)  # type: ignore[misc]
        with pytest.raises(MissingPermission) as refused:
            await engine.probe(credentials)
        assert refused.value.provider_message == words


def github(provider: Provider) -> OAuthProvider:
    server = OAuthProvider(
        "github.com/login/oauth/authorize",
        "github.com/login/oauth/access_token",
        client_auth="post",
        refusal=lambda error: reply({"error": error, "error_description": "The code passed is incorrect."}),
        bad_code="bad_verification_code",
        bad_client="incorrect_client_credentials",
        answer=lambda given: {
            "access_token": given["access_token"],
            "scope": "read:org,read:user",
            "token_type": "bearer",
        },
    ).on(provider)
    answer = provider.routes["POST", server.token]

    def token(asked: Asked) -> Reply:
        if asked.headers.get("accept") != "application/json":
            return Reply(
                body=b"access_token=x", headers={"Content-Type": "application/x-www-form-urlencoded"}
            )
        return answer(asked)

    def user(asked: Asked) -> Reply:
        assert asked.headers["accept"] == "application/vnd.github+json"
        assert asked.headers["x-github-api-version"] == "2022-11-28"
        assert asked.headers["user-agent"], "GitHub refuses calls without one"
        if asked.bearer in server.live or asked.bearer == "github_pat_good":
            return reply({"id": 1, "login": "octocat", "email": None})
        return reply({"message": "Bad credentials", "status": "401"}, 401)

    def revoke(asked: Asked) -> Reply:
        assert asked.basic == ("client.id", "client+s3cret%2F%2B")
        server.live.discard(asked.json["access_token"])
        return Reply(status=204)

    provider.routes["POST", server.token] = token
    provider.routes["GET", "api.github.com/user"] = user
    provider.routes["DELETE", f"api.github.com/applications/{CLIENT_ID}/token"] = revoke
    return server


async def test_github_is_asked_for_json(provider: Provider) -> None:
    """Accept makes the answer JSON; scopes come back with commas; the token is for ever, and is revoked."""
    server = github(provider)
    engine, credentials = await Desk(provider, "github").sign_in(server)
    assert server.asked["scope"] == "read:user user:email read:org"
    assert credentials.granted_scopes == ("read:org", "read:user")
    assert credentials.expires_at is None
    assert await engine.probe(credentials) == ProviderIdentity(id="1", name="octocat")
    assert await engine.revoke(credentials)
    with pytest.raises(RejectedCredentials):
        await engine.probe(credentials)


async def test_github_refuses_under_200(provider: Provider) -> None:
    """An `error` under 200 is a refusal: a spent code means begin again, a bad secret is the host's fault."""
    server = github(provider)
    desk = Desk(provider, "github")
    engine = desk.oauth()
    fields = engine.sign_in.connector.read(engine.method, {})
    with pytest.raises(ProviderRefused):
        await engine.exchange(
            Secret("spent"), redirect_uri=REDIRECT, code_verifier=Secret("v" * 43), values=fields
        )
    with pytest.raises(ClientRejected):
        await desk.sign_in(server, secret="an old one")


async def test_github_personal_tokens_are_tried(provider: Provider) -> None:
    """A token of either kind is Bearer; one that is not its form is refused before any call."""
    github(provider)
    desk = Desk(provider, "github")
    engine, good = await desk.enter("api_key", api_key="github_pat_good")
    assert await engine.probe(good) == ProviderIdentity(id="1", name="octocat")
    _, wrong = await desk.enter("api_key", api_key="ghp_wrong")
    with pytest.raises(RejectedCredentials) as refused:
        await engine.probe(wrong)
    assert refused.value.field == "api_key"
    calls = len(provider.asked)
    with pytest.raises(ValidationFailed):
        await desk.enter("api_key", api_key="my password")
    assert len(provider.asked) == calls
