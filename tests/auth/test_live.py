"""The engines against real servers: npm oidc-provider, and an API behind a key."""

from collections.abc import AsyncIterator
from urllib.parse import parse_qsl, urlsplit

import pytest

from connect_hub.auth.callback import callback_error, check_issuer, parse_callback
from connect_hub.auth.engine import Engines, FormSignIn
from connect_hub.auth.oauth2 import OAuth2Engine
from connect_hub.auth.pkce import challenge, new_verifier
from connect_hub.clock import SystemClock
from connect_hub.connectors.definition import Connector
from connect_hub.connectors.registry import ConnectorRegistry, OAuth
from connect_hub.connectors.values import FieldValues
from connect_hub.credentials import Credentials
from connect_hub.errors import (
    ClientRejected,
    CouldNotCheck,
    CredentialsExpired,
    MissingPermission,
    ProviderError,
    ProviderRefused,
    ProviderUnavailable,
    RefreshFailed,
    RejectedCredentials,
    StateInvalid,
)
from connect_hub.models import ProviderIdentity
from connect_hub.net import OutboundPolicy
from connect_hub.net.outbound import Outbound
from connect_hub.secret import Secret
from tests.peers.keyed_api import KeyedApi
from tests.peers.oidc import ClientAuth, Fault, OidcPeer

REDIRECT = "http://127.0.0.1:1/connect/oauth/callback/live"
NOTHING = FieldValues()


@pytest.fixture
async def engines() -> AsyncIterator[Engines]:
    policy = OutboundPolicy(allow_private_hosts=frozenset({"127.0.0.1:*"}), allow_http=True)
    outbound = Outbound(policy=policy)
    yield Engines(sender=outbound, clock=SystemClock())
    await outbound.aclose()


def definition(oidc: OidcPeer, auth: str) -> Connector:
    return Connector.model_validate(
        {
            "version": 1,
            "key": "live",
            "name": "Live",
            "categories": ["hris"],
            "base_url": oidc.issuer,
            "allow_http": True,
            "methods": [
                {
                    "type": "oauth2",
                    "authorize_url": oidc.authorization_endpoint,
                    "token_url": oidc.token_endpoint,
                    "scopes": ["openid", "offline_access", "email"],
                    "authorize_params": {"prompt": "consent"},
                    "token_request": {"client_auth": auth},
                    "request": {"headers": {"Authorization": "Bearer {access_token}"}},
                    "probe": {"url": "/api/me"},
                    "identity": {"id": "id", "email": "email"},
                    "revoke": {"url": oidc.revocation_endpoint, "body": {"token": "{refresh_token}"}},
                },
                {
                    "type": "client_credentials",
                    "token_url": oidc.token_endpoint,
                    "request": {"headers": {"Authorization": "Bearer {access_token}"}},
                    "fields": [
                        {"key": "client_id", "label": "ID"},
                        {"key": "client_secret", "label": "Secret", "type": "password"},
                    ],
                },
            ],
        }
    )


def oauth2(
    engines: Engines, oidc: OidcPeer, auth: str = "basic", *, wrong_secret: bool = False
) -> OAuth2Engine:
    registered: dict[str, ClientAuth] = {
        "basic": "client_secret_basic",
        "post": "client_secret_post",
        "none": "none",
    }
    client = oidc.add_client(
        redirect_uris=[REDIRECT],
        token_endpoint_auth_method=registered[auth],
        client_id=f"id-{auth}-{wrong_secret}",
        client_secret="a+b/c=d:e%f g-0123456789012345678901234567890",
    )
    secret = None if auth == "none" else "wrong" if wrong_secret else client.client_secret
    item = OAuth(definition(oidc, auth), client_id=client.client_id, client_secret=secret)
    engine = engines.of(ConnectorRegistry([item]).get("live"), "oauth2")
    assert isinstance(engine, OAuth2Engine)
    return engine


async def signed_in(engine: OAuth2Engine, oidc: OidcPeer) -> Credentials:
    verifier = new_verifier()
    url = engine.authorization_url(
        NOTHING, redirect_uri=REDIRECT, state="state-1", code_challenge=challenge(verifier)
    )
    callback = parse_callback(parse_qsl(urlsplit(oidc.complete_login(url)).query))
    assert callback.state == "state-1"
    assert callback.code is not None
    return await engine.exchange(
        callback.code, redirect_uri=REDIRECT, code_verifier=Secret(verifier), values=NOTHING
    )


@pytest.mark.node
@pytest.mark.parametrize("auth", ["basic", "post", "none"])
async def test_sign_in_refresh_and_revoke_at_a_real_server(
    engines: Engines, oidc: OidcPeer, auth: str
) -> None:
    """T16, R11: with each client authentication: sign in, probe, refresh by rotation, revoke, expire."""
    engine = oauth2(engines, oidc, auth)
    first = await signed_in(engine, oidc)
    assert first.expires_at is not None
    assert "offline_access" in first.granted_scopes
    identity = await engine.probe(first)
    assert identity is not None
    assert identity.id == "ada"
    second = await engine.refresh(first)
    assert not second.secrets["refresh_token"].matches(first.secrets["refresh_token"].reveal())
    assert await engine.probe(second) == identity
    assert await engine.revoke(second)
    with pytest.raises(CredentialsExpired):
        await engine.refresh(second)
    with pytest.raises(RejectedCredentials):
        await engine.probe(second)


@pytest.mark.node
async def test_wrong_verifier_used_code_and_wrong_secret_are_refused(
    engines: Engines, oidc: OidcPeer
) -> None:
    """T16: a code with another verifier, or used before, gives nothing; a wrong secret is the host's."""
    engine = oauth2(engines, oidc)
    url = engine.authorization_url(
        NOTHING, redirect_uri=REDIRECT, state="s", code_challenge=challenge(new_verifier())
    )
    code = parse_callback(parse_qsl(urlsplit(oidc.complete_login(url)).query)).code
    assert code is not None
    for _ in range(2):
        with pytest.raises(ProviderRefused):
            await engine.exchange(
                code, redirect_uri=REDIRECT, code_verifier=Secret(new_verifier()), values=NOTHING
            )
    with pytest.raises(ClientRejected):
        await signed_in(oauth2(engines, oidc, wrong_secret=True), oidc)


@pytest.mark.node
async def test_a_denied_sign_in_and_a_foreign_issuer_end_before_the_token_endpoint(
    engines: Engines, oidc: OidcPeer
) -> None:
    """T17, T20: access_denied is ProviderRefused, another issuer StateInvalid; no token is asked for."""
    engine = oauth2(engines, oidc)
    url = engine.authorization_url(
        NOTHING, redirect_uri=REDIRECT, state="s", code_challenge=challenge("v" * 43)
    )
    denied = parse_callback(parse_qsl(urlsplit(oidc.complete_login(url, deny=True)).query))
    assert type(callback_error(denied)) is ProviderRefused
    assert denied.iss == oidc.issuer
    promised = engine.method.model_copy(
        update={"issuer": "https://other.example", "authorization_response_iss_parameter_supported": True}
    )
    with pytest.raises(StateInvalid):
        check_issuer(promised, denied.iss)
    check_issuer(promised.model_copy(update={"issuer": oidc.issuer}), denied.iss)
    assert oidc.counts().requests.get("token", 0) == 0


@pytest.mark.node
@pytest.mark.parametrize(
    "fault",
    [
        Fault(status=503),
        Fault(status=429, body={"error": "invalid_grant"}, content_type="application/json"),
        Fault(status=200, body="<html>sign in</html>", content_type="text/html"),
        Fault(drop=True),
    ],
)
async def test_a_fault_of_the_server_leaves_the_account_alive(
    engines: Engines, oidc: OidcPeer, fault: Fault
) -> None:
    """R11: after a refresh that failed for the moment, the same credentials refresh again."""
    engine = oauth2(engines, oidc)
    credentials = await signed_in(engine, oidc)
    oidc.fail("token", fault)
    with pytest.raises(RefreshFailed):
        await engine.refresh(credentials)
    assert await engine.probe(await engine.refresh(credentials)) is not None


@pytest.mark.node
async def test_client_credentials_at_a_real_server(engines: Engines, oidc: OidcPeer) -> None:
    """RFC 6749, 4.4: the customer's client gets a token; a wrong secret is told from a server in trouble."""
    client = oidc.add_client(redirect_uris=[], grant_types=["client_credentials"])
    engine = engines.of(ConnectorRegistry([definition(oidc, "basic")]).get("live"), "client_credentials")
    assert not isinstance(engine, OAuth2Engine)
    good = FieldValues({"client_id": client.client_id}, {"client_secret": Secret(client.client_secret)})
    credentials = await engine.obtain(good)
    assert credentials.expires_at is not None
    assert (
        not (await engine.refresh(credentials))
        .secrets["access_token"]
        .matches(credentials.secrets["access_token"].reveal())
    )
    with pytest.raises(RejectedCredentials) as caught:
        await engine.obtain(FieldValues({"client_id": client.client_id}, {"client_secret": Secret("wrong")}))
    assert caught.value.field == "client_secret"
    oidc.fail("token", Fault(status=500))
    with pytest.raises(ProviderUnavailable):
        await engine.obtain(good)


def keyed(engines: Engines, api: KeyedApi) -> FormSignIn:
    connector = Connector.model_validate(
        {
            "version": 1,
            "key": "keyed",
            "name": "Keyed",
            "categories": ["hris"],
            "base_url": api.base_url,
            "allow_http": True,
            "methods": [
                {
                    "type": "api_key",
                    "fields": [{"key": "api_key", "label": "API key", "type": "password"}],
                    "request": {"basic": {"username": "{api_key}", "password": "x"}},
                    "probe": {"url": "/me"},
                    "identity": {"id": "id", "name": "name", "email": "email"},
                }
            ],
        }
    )
    engine = engines.of(ConnectorRegistry([connector]).get("keyed"))
    assert not isinstance(engine, OAuth2Engine)
    return engine


@pytest.mark.parametrize(
    ("key", "leaf"),
    [
        ("key-unknown", RejectedCredentials),
        (KeyedApi.FORBIDDEN, MissingPermission),
        (KeyedApi.DOWN, ProviderUnavailable),
        (KeyedApi.CUT, ProviderUnavailable),
        (KeyedApi.HTML, CouldNotCheck),
        (KeyedApi.REDIRECT, CouldNotCheck),
        (KeyedApi.HUGE, CouldNotCheck),
    ],
)
async def test_each_misbehaviour_of_an_api_is_told_apart(
    engines: Engines, keyed_api: KeyedApi, key: str, leaf: type[ProviderError]
) -> None:
    """A key is tried against a real API; no redirect is followed, nothing endless is read."""
    engine = keyed(engines, keyed_api)
    credentials = await engine.obtain(FieldValues({}, {"api_key": Secret(key)}))
    with pytest.raises(ProviderError) as caught:
        await engine.probe(credentials)
    assert type(caught.value) is leaf
    assert [request.path for request in keyed_api.requests] == ["/v1/me"]


async def test_a_good_key_tells_whose_it_is(engines: Engines, keyed_api: KeyedApi) -> None:
    """A good key passes and names its account."""
    engine = keyed(engines, keyed_api)
    credentials = await engine.obtain(FieldValues({}, {"api_key": Secret(KeyedApi.GOOD)}))
    assert await engine.probe(credentials) == ProviderIdentity("u1", "Ada Lovelace", "ada@example.com")
