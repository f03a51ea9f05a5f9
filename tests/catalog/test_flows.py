"""Each shipped connector signs in to a provider that behaves as that provider's documentation says."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import pytest

from connect_hub.auth.engine import Engines, FormSignIn
from connect_hub.auth.oauth2 import OAuth2Engine
from connect_hub.auth.pkce import challenge, new_verifier
from connect_hub.clock import FixedClock
from connect_hub.connectors.registry import ConnectorRegistry, OAuth
from connect_hub.credentials import Credentials
from connect_hub.errors import (
    ClientRejected,
    CouldNotCheck,
    CredentialsExpired,
    MissingPermission,
    ProviderRefused,
    ProviderUnavailable,
    RejectedCredentials,
    ValidationFailed,
    WrongAddress,
)
from connect_hub.models import ProviderIdentity
from connect_hub.secret import Secret
from tests.catalog.providers import CLIENT_ID, CLIENT_SECRET, Asked, OAuthProvider, Provider, Rerouted, reply
from tests.peers.loopback import Answer as Reply

NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)
SECRET = re.compile(
    r"access-\d|refresh-\d|code-\d|s3cret|f{40}|gh-secret|xoxb|pat-|ghp_|github_pat|good|wrong"
)
"""What the codes, tokens, keys and client secrets of these tests look like."""
REDIRECT = "https://app.example.com/connect/oauth/callback/x"


@dataclass(frozen=True, slots=True)
class Desk:
    """One connector, ready to sign in, and the provider it will meet."""

    provider: Provider
    key: str

    def form(self, method: str) -> FormSignIn:
        engine = self._engines().of(ConnectorRegistry([self.key]).get(self.key), method)
        assert not isinstance(engine, OAuth2Engine)
        return engine

    def oauth(self, secret: str = CLIENT_SECRET) -> OAuth2Engine:
        item = OAuth(self.key, client_id=CLIENT_ID, client_secret=secret)
        engine = self._engines().of(ConnectorRegistry([item]).get(self.key), "oauth2")
        assert isinstance(engine, OAuth2Engine)
        return engine

    async def enter(self, method: str, **values: str) -> tuple[FormSignIn, Credentials]:
        """What a person types in, as credentials."""
        engine = self.form(method)
        enabled = ConnectorRegistry([self.key]).get(self.key)
        return engine, await engine.obtain(enabled.read(enabled.method(method), values))

    async def sign_in(
        self, server: OAuthProvider, *, secret: str = CLIENT_SECRET, **values: str
    ) -> tuple[OAuth2Engine, Credentials]:
        """The whole way through the browser and the token endpoint."""
        engine = self.oauth(secret)
        fields = engine.sign_in.connector.read(engine.method, values)
        verifier = new_verifier() if engine.method.pkce else None
        url = engine.authorization_url(
            fields,
            redirect_uri=REDIRECT,
            state="st",
            code_challenge=None if verifier is None else challenge(verifier),
        )
        code = server.consent(url)
        assert server.asked["state"] == "st"
        return engine, await engine.exchange(
            Secret(code),
            redirect_uri=REDIRECT,
            code_verifier=None if verifier is None else Secret(verifier),
            values=fields,
        )

    def _engines(self) -> Engines:
        return Engines(sender=Rerouted(self.provider.origin), clock=FixedClock(NOW))


@pytest.fixture
def provider() -> Iterator[Provider]:
    """A provider without any routes yet. T21: afterwards, nothing secret was in any address that was called."""
    with Provider() as server:
        yield server
        for asked in server.asked:
            address = " ".join([asked.host, asked.path, *asked.query, *asked.query.values()])
            assert SECRET.search(address) is None, address


def tokens(credentials: Credentials) -> dict[str, str]:
    return {name: secret.reveal() for name, secret in credentials.secrets.items()}


# --- BambooHR ---------------------------------------------------------------------------------------


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


# --- Greenhouse -------------------------------------------------------------------------------------


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


# --- HubSpot ----------------------------------------------------------------------------------------


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


# --- Salesforce -------------------------------------------------------------------------------------


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
    """T25: a token answer that points anywhere but under salesforce.com ends the sign-in, and no more."""
    server = salesforce(provider, login="login.salesforce.com", instance=foreign)
    with pytest.raises(CouldNotCheck):
        await Desk(provider, "salesforce").sign_in(server)
    assert provider.paths == ["POST login.salesforce.com/services/oauth2/token"]


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


# --- Slack ------------------------------------------------------------------------------------------


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


# --- Zendesk ----------------------------------------------------------------------------------------


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


# --- Google Workspace -------------------------------------------------------------------------------


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


# --- GitHub -----------------------------------------------------------------------------------------


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
