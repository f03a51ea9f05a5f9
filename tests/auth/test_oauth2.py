"""OAuth 2: what is asked, what is kept, and when an account may be called expired."""

from datetime import timedelta
from urllib.parse import parse_qsl, urlsplit

import pytest
from authlib.oauth2.rfc6749.parameters import prepare_grant_uri
from authlib.oauth2.rfc7636 import create_s256_code_challenge
from hypothesis import given
from hypothesis import strategies as st

from connect_hub.auth.pkce import challenge, new_verifier
from connect_hub.connectors.values import FieldValues
from connect_hub.errors import (
    AnswerTooLarge,
    ClientRejected,
    ConnectHubError,
    CouldNotCheck,
    CredentialsExpired,
    FieldError,
    OutboundFailed,
    OutboundRefused,
    ProviderRefused,
    ProviderUnavailable,
    RefreshFailed,
    ValidationFailed,
    WrongAddress,
)
from connect_hub.net import Answer
from connect_hub.secret import Secret
from tests.auth.provider import CLIENT_SECRET, NOW, TYPED, Provider, answer, held, oauth2
from tests.leaks import reported

CODE, VERIFIER = Secret("CANARY-code"), Secret("CANARY-verifier")
TOKENS = {
    "ok": True,
    "access_token": "CANARY-access-2",
    "refresh_token": "CANARY-refresh-2",
    "expires_in": 600,
    "scope": "read",
    "team": {"id": "T1"},
}
REDIRECT = "https://app.example/connect/oauth/callback/example"
FORM = {"methods.0.token_request": {"format": "form", "client_auth": "basic"}}


def authorization_url(**changes: object) -> str:
    return oauth2(Provider(), changes).authorization_url(
        TYPED, redirect_uri=REDIRECT, state="S", code_challenge="C"
    )


def test_pkce_is_s256() -> None:
    """T16: RFC 7636's vector (appendix B); authlib's challenge for ours; 256 bits in 43 characters."""
    assert (
        challenge("dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk")
        == "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"
    )
    verifiers = {new_verifier() for _ in range(50)}
    assert len(verifiers) == 50
    assert all(len(verifier) == 43 for verifier in verifiers)
    for verifier in verifiers:
        assert challenge(verifier) == create_s256_code_challenge(verifier)


def test_the_authorization_url_is_the_one_authlib_makes() -> None:
    """T16: parameters, encoding and order-independent content are those of an independent client."""
    ours = urlsplit(authorization_url())
    assert f"{ours.scheme}://{ours.netloc}{ours.path}" == "https://acme.example-desk.com/oauth/authorize"
    theirs = prepare_grant_uri(
        "https://acme.example-desk.com/oauth/authorize",
        client_id="client:1",
        response_type="code",
        redirect_uri=REDIRECT,
        scope="read,users:read",
        state="S",
        code_challenge="C",
        code_challenge_method="S256",
        access_type="offline",
        prompt="consent",
    )
    assert sorted(parse_qsl(ours.query)) == sorted(parse_qsl(urlsplit(theirs).query))
    assert "redirect_uri=https%3A%2F%2Fapp.example%2Fconnect%2Foauth%2Fcallback%2Fexample" in ours.query


def test_the_authorization_url_follows_the_definition() -> None:
    """T16, T22: own query, another scope parameter, form_post, no PKCE where the definition says so."""
    url = authorization_url(
        **{
            "methods.0.authorize_url": "https://{subdomain}.example-desk.com/authorize?v=2",
            "methods.0.scope_param": "user_scope",
            "methods.0.pkce": False,
            "methods.0.response_mode": "form_post",
            "methods.0.authorize_params": {"site": "{subdomain}"},
        }
    )
    query = dict(parse_qsl(urlsplit(url).query))
    assert query["v"] == "2"
    assert query["user_scope"] == "read,users:read"
    assert query["response_mode"] == "form_post"
    assert query["site"] == "acme"
    assert "code_challenge" not in query
    with pytest.raises(ValueError, match="code_challenge"):
        oauth2(Provider()).authorization_url(TYPED, redirect_uri=REDIRECT, state="S", code_challenge=None)


def test_unfit_values_start_no_sign_in() -> None:
    """T25: values with errors, and values that do not fit the address, raise instead of making a URL."""
    bad = FieldValues(errors=(FieldError("subdomain", "no"),))
    with pytest.raises(ValidationFailed):
        oauth2(Provider()).authorization_url(bad, redirect_uri=REDIRECT, state="S", code_challenge="C")
    with pytest.raises(WrongAddress) as caught:
        oauth2(Provider()).authorization_url(
            FieldValues({"subdomain": "evil.com/"}), redirect_uri=REDIRECT, state="S", code_challenge="C"
        )
    assert caught.value.field == "subdomain"


async def test_a_code_is_traded_for_credentials() -> None:
    """T16: code, verifier and redirect URI go in the body as the definition says; tokens are kept."""
    provider = Provider(answer(TOKENS))
    credentials = await oauth2(provider).exchange(
        CODE, redirect_uri=REDIRECT, code_verifier=VERIFIER, values=TYPED
    )
    (asked,) = provider.asked
    assert (asked.method, asked.url) == ("POST", "https://acme.example-desk.com/oauth/token")
    assert asked.headers["Content-Type"] == asked.headers["Accept"] == "application/json"
    assert asked.json == {
        "grant_type": "authorization_code",
        "code": "CANARY-code",
        "redirect_uri": REDIRECT,
        "code_verifier": "CANARY-verifier",
        "client_id": "client:1",
        "client_secret": CLIENT_SECRET,
    }
    assert credentials.method == "oauth2"
    assert credentials.secrets["access_token"].matches("CANARY-access-2")
    assert credentials.secrets["refresh_token"].matches("CANARY-refresh-2")
    assert set(credentials.secrets) == {"access_token", "refresh_token"}
    assert credentials.variables == {"subdomain": "acme", "team_id": "T1"}
    assert credentials.expires_at == NOW + timedelta(seconds=600)
    assert credentials.granted_scopes == ("read",)


async def test_scopes_that_are_not_named_are_those_asked_for() -> None:
    """RFC 6749, 5.1: an answer without `scope` grants what was asked; a narrower one is kept as it is."""
    silent = {name: value for name, value in TOKENS.items() if name != "scope"}
    credentials = await oauth2(Provider(answer(silent))).exchange(
        CODE, redirect_uri=REDIRECT, code_verifier=VERIFIER, values=TYPED
    )
    assert credentials.granted_scopes == ("read", "users:read")


FAULTS = [
    (answer({"error": "invalid_grant"}, 400), ProviderRefused, CredentialsExpired),
    (answer({"error": "bad_refresh_token"}, 400), ProviderRefused, CredentialsExpired),
    (answer({**TOKENS, "ok": False, "error": "invalid_grant"}), ProviderRefused, CredentialsExpired),
    (answer({"error": "invalid_client"}, 401), ClientRejected, ClientRejected),
    (answer({"error": "unauthorized_client"}, 400), ClientRejected, ClientRejected),
    (answer({"error": "invalid_request"}, 400), ProviderRefused, RefreshFailed),
    (answer({"error": "something_else"}, 400), ProviderRefused, RefreshFailed),
    (answer({"error": "invalid_grant"}, 500), ProviderUnavailable, RefreshFailed),
    (answer({"error": "invalid_grant"}, 503), ProviderUnavailable, RefreshFailed),
    (answer({"error": "invalid_grant"}, 429), ProviderUnavailable, RefreshFailed),
    (answer(b"<html>please sign in</html>"), CouldNotCheck, RefreshFailed),
    (answer(b"invalid_grant", 400), CouldNotCheck, RefreshFailed),
    (answer({}, 400), CouldNotCheck, RefreshFailed),
    (answer({}), CouldNotCheck, RefreshFailed),
    (answer(b"", 302), CouldNotCheck, RefreshFailed),
    (answer({**TOKENS, "instance_url": "https://evil.com"}), CouldNotCheck, RefreshFailed),
    (OutboundFailed("timeout"), ProviderUnavailable, RefreshFailed),
    (OutboundFailed("connect"), ProviderUnavailable, RefreshFailed),
    (OutboundFailed("dns"), WrongAddress, RefreshFailed),
    (OutboundFailed("tls"), WrongAddress, RefreshFailed),
    (OutboundRefused(), WrongAddress, RefreshFailed),
    (AnswerTooLarge(), CouldNotCheck, RefreshFailed),
]


@pytest.mark.parametrize(("given_answer", "at_exchange", "at_refresh"), FAULTS)
async def test_each_fault_has_its_own_error_and_shows_no_secret(
    given_answer: Answer | Exception,
    at_exchange: type[ConnectHubError],
    at_refresh: type[ConnectHubError],
) -> None:
    """R11, T21: only invalid_grant expires an account; no fault's traceback holds a token, code or secret."""
    with pytest.raises(ConnectHubError) as exchanged:
        await oauth2(Provider(given_answer)).exchange(
            CODE, redirect_uri=REDIRECT, code_verifier=VERIFIER, values=TYPED
        )
    assert type(exchanged.value) is at_exchange
    with pytest.raises(ConnectHubError) as refreshed:
        await oauth2(Provider(given_answer)).refresh(held())
    assert type(refreshed.value) is at_refresh
    assert "CANARY" not in reported(exchanged.value) + reported(refreshed.value)


async def test_tokens_of_an_answer_that_cannot_be_used_are_revoked() -> None:
    """T16: a code that was traded for tokens beside an unfit fact leaves no grant behind at the provider."""
    provider = Provider(answer({**TOKENS, "instance_url": "https://evil.com"}), answer({}))
    with pytest.raises(CouldNotCheck):
        await oauth2(provider).exchange(CODE, redirect_uri=REDIRECT, code_verifier=VERIFIER, values=TYPED)
    _, revoking = provider.asked
    assert "evil.com" not in revoking.url
    assert "CANARY-refresh-2" in revoking.body or "CANARY-access-2" in revoking.body + str(revoking.headers)


@given(
    status=st.integers(200, 599), code=st.sampled_from(["invalid_grant", "invalid_client", "x", "", 1, None])
)
async def test_only_a_4xx_or_a_tokenless_2xx_that_says_invalid_grant_expires(
    status: int, code: object
) -> None:
    """R11: over all statuses and codes, only invalid_grant expires, and never under 3xx, 429 or 5xx."""
    with pytest.raises(ConnectHubError) as caught:
        await oauth2(Provider(answer({"error": code}, status))).refresh(held())
    final = code == "invalid_grant" and (status < 300 or 400 <= status < 500) and status != 429
    assert isinstance(caught.value, CredentialsExpired) == final


async def test_a_refresh_keeps_what_the_answer_does_not_replace() -> None:
    """R11: no new refresh token keeps the old one; scopes and facts stay; the form is RFC 6749's."""
    provider = Provider(answer({"access_token": "new", "expires_in": "60", "team": {"id": "T1"}}))
    engine = oauth2(provider, FORM)
    credentials = await engine.refresh(held())
    (asked,) = provider.asked
    assert asked.form == {
        "grant_type": "refresh_token",
        "refresh_token": "CANARY-refresh-1",
        "token_version": "2",
    }
    assert asked.headers["Authorization"] == "Basic Y2xpZW50JTNBMTpDQU5BUlktY2xpZW50LXNlY3JldA=="
    assert credentials.secrets["access_token"].matches("new")
    assert credentials.secrets["refresh_token"].matches("CANARY-refresh-1")
    assert credentials.granted_scopes == ("read",)
    assert credentials.variables == {"subdomain": "acme", "team_id": "T1"}
    assert credentials.expires_at == NOW + timedelta(seconds=60)


async def test_a_rotated_refresh_token_replaces_the_old_one() -> None:
    """R8: the newest refresh token is the one that is kept."""
    credentials = await oauth2(Provider(answer(TOKENS))).refresh(held())
    assert credentials.secrets["refresh_token"].matches("CANARY-refresh-2")


async def test_what_cannot_be_refreshed_calls_nobody() -> None:
    """Without a refresh token, or with `refresh = false`, or for an address that no longer fits: no call."""
    provider = Provider(answer(TOKENS))
    bare = held(secrets={"access_token": Secret("a")})
    never = oauth2(provider, {"methods.0.refresh": False})
    assert not oauth2(provider).can_refresh(bare)
    assert not never.can_refresh(held())
    assert oauth2(provider).can_refresh(held())
    for engine, credentials in (
        (oauth2(provider), bare),
        (never, held()),
        (oauth2(provider), held(variables={"subdomain": "evil.com/"})),
    ):
        with pytest.raises(RefreshFailed):
            await engine.refresh(credentials)
    assert provider.asked == []


async def test_revocation_is_asked_for_as_rfc_7009_says_and_never_raises() -> None:
    """The refresh token goes in the body with the client; a fault is False, not an error."""
    provider = Provider(answer(b""))
    assert await oauth2(provider, FORM).revoke(held())
    (asked,) = provider.asked
    assert asked.url == "https://acme.example-desk.com/oauth/revoke"
    assert asked.form == {"token": "CANARY-refresh-1", "token_type_hint": "refresh_token"}
    assert asked.headers["Authorization"].startswith("Basic ")
    bare = held(secrets={"access_token": Secret("only")})
    await oauth2(provider, FORM).revoke(bare)
    assert provider.asked[-1].form["token"] == "only"
    for fault in (answer(b"", 503), OutboundFailed("timeout"), OutboundRefused(), AnswerTooLarge()):
        assert not await oauth2(Provider(fault)).revoke(held())
    assert not await oauth2(provider).revoke(held(variables={"subdomain": "evil.com/"}))


async def test_no_secret_is_ever_in_an_address() -> None:
    """T21: over sign-in, exchange, refresh, probe, identity and revocation, no URL holds a canary."""
    provider = Provider(answer(TOKENS))
    engine = oauth2(provider, {"methods.0.identity.url": "/me"})
    await engine.exchange(CODE, redirect_uri=REDIRECT, code_verifier=VERIFIER, values=TYPED)
    await engine.refresh(held())
    await engine.probe(held())
    await engine.revoke(held())
    urls = [asked.url for asked in provider.asked]
    assert len(urls) == 5
    assert "CANARY" not in " ".join(urls) + authorization_url()
    assert "CANARY" not in repr(engine)
