"""The simulated authorization server: what RFC 6749, 7009, 7636, 9207 and 9700 ask of one."""

from datetime import UTC, datetime, timedelta

import httpx2
import pytest

from connect_hub.clock import FixedClock
from connect_hub.testing.provider import ProviderClient, ProviderPolicy, ProviderUser, SimulatedProvider
from tests.testing.provider_client import (
    CHALLENGE,
    CLIENT,
    OTHER,
    PUBLIC,
    REDIRECT,
    SECRET,
    VERIFIER,
    answer_of,
    authorize_url,
    browser,
    code_form,
    post_token,
    refresh_form,
    request_id,
    sign_in,
)

NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)


@pytest.fixture
def clock() -> FixedClock:
    return FixedClock(NOW)


@pytest.fixture
def provider(clock: FixedClock) -> SimulatedProvider:
    return SimulatedProvider(clients=[CLIENT, OTHER, PUBLIC], clock=clock)


async def test_a_person_signs_in_on_the_page(provider: SimulatedProvider) -> None:
    """The page asks who and what for, and its form leads back with a code, the exact state and `iss`."""
    async with browser(provider) as client:
        page = await client.get(authorize_url(provider))
        assert page.status_code == 200
        assert "Acme HR &lt;b&gt; wants to use your Acme account" in page.text
        assert "Read your employees" in page.text
        assert "'sha256-" in page.headers["content-security-policy"]
        assert page.headers["x-frame-options"] == "DENY"
        form = {"request": request_id(page.text), "decision": "allow", "user": "Grace Hopper"}
        back = await client.post("/oauth/consent", data=form)
        assert back.status_code == 303
        assert back.headers["location"].startswith(REDIRECT + "&")
        answer = answer_of(back.headers["location"])
        assert (answer["state"], answer["iss"]) == ("s t/a+t=e&", provider.base_url)
        token = (await post_token(client, code_form(answer["code"]))).json()
        me = await client.get("/api/v1/me", headers={"authorization": f"Bearer {token['access_token']}"})
        assert me.json()["name"] == "Grace Hopper"
        again = await client.post("/oauth/consent", data=form)
        assert again.status_code == 400, "a page is answered once"


async def test_a_typed_name_and_denying(provider: SimulatedProvider) -> None:
    """A name typed in wins over the choice; Deny leads back with access_denied; no name is an error page."""
    async with browser(provider) as client:
        page = request_id((await client.get(authorize_url(provider))).text)
        nobody = await client.post(
            "/oauth/consent", data={"request": page, "decision": "allow", "user": "\u0007"}
        )
        assert nobody.status_code == 422
        form = {"request": page, "decision": "allow", "user": "Grace Hopper", "other_user": "Zoë 🦊"}
        code = answer_of((await client.post("/oauth/consent", data=form)).headers["location"])["code"]
        await post_token(client, code_form(code))
        assert provider.families[0].user == ProviderUser("Zoë 🦊")
        page = request_id((await client.get(authorize_url(provider))).text)
        denied = await client.post("/oauth/consent", data={"request": page, "decision": "deny"})
        answer = answer_of(denied.headers["location"])
        assert (answer["error"], answer["state"], answer["iss"]) == (
            "access_denied",
            "s t/a+t=e&",
            provider.base_url,
        )
        assert "code" not in answer


async def test_the_page_belongs_to_its_browser(provider: SimulatedProvider) -> None:
    """T28: a consent form sent from another browser, or from another site, is refused, and the person's own
    page still works."""
    async with browser(provider) as victim, browser(provider) as attacker:
        form = {
            "request": request_id((await victim.get(authorize_url(provider))).text),
            "decision": "allow",
            "user": "Ada",
        }
        await attacker.get(authorize_url(provider))
        assert (await attacker.post("/oauth/consent", data=form)).status_code == 403
        cross = await victim.post("/oauth/consent", data=form, headers={"sec-fetch-site": "cross-site"})
        assert cross.status_code == 403
        assert (await victim.post("/oauth/consent", data=form)).status_code == 303


@pytest.mark.parametrize(
    "changes",
    [
        {"client_id": "nobody"},
        {"client_id": None},
        {"redirect_uri": None},
        {"redirect_uri": "https://evil.example/"},
        {"redirect_uri": REDIRECT + "x"},
        {"redirect_uri": REDIRECT.replace("https", "HTTPS")},
        {"redirect_uri": REDIRECT.replace("app.example", "app.example@evil.example")},
        {"redirect_uri": "http://127.0.0.1:10/cb"},
    ],
)
async def test_no_open_redirect(provider: SimulatedProvider, changes: dict[str, str | None]) -> None:
    """T19: an unknown client or a redirect URI that differs in one character is an error page, and no
    browser is sent anywhere."""
    async with browser(provider) as client:
        response = await client.get(authorize_url(provider, **changes))
    assert response.status_code == 400
    assert "location" not in response.headers
    assert "text/html" in response.headers["content-type"]
    with pytest.raises(ValueError, match="registered"):
        provider.approve(authorize_url(provider, **changes))


async def test_doubled_parameters(provider: SimulatedProvider) -> None:
    """RFC 6749, 3.1: a parameter given twice is invalid_request; of the redirect URI, an error page."""
    async with browser(provider) as client:
        twice = await client.get(authorize_url(provider) + "&scope=profile")
        assert answer_of(twice.headers["location"])["error"] == "invalid_request"
        page = await client.get(authorize_url(provider) + "&redirect_uri=https%3A%2F%2Fevil.example")
        assert page.status_code == 400
        body = "grant_type=refresh_token&refresh_token=a&refresh_token=b"
        answer = await client.post(
            "/oauth/token", content=body, headers={"content-type": "application/x-www-form-urlencoded"}
        )
        assert (answer.status_code, answer.json()["error"]) == (400, "invalid_request")


@pytest.mark.parametrize(
    ("changes", "error"),
    [
        ({"response_type": "token"}, "unsupported_response_type"),
        ({"response_type": None}, "unsupported_response_type"),
        ({"response_mode": "form_post"}, "invalid_request"),
        ({"scope": "profile root"}, "invalid_scope"),
        ({"code_challenge": None, "code_challenge_method": None}, "invalid_request"),
        ({"code_challenge_method": "plain"}, "invalid_request"),
        ({"code_challenge_method": None}, "invalid_request"),
        ({"code_challenge": CHALLENGE[:-1]}, "invalid_request"),
    ],
)
async def test_errors_that_go_back(
    provider: SimulatedProvider, changes: dict[str, str | None], error: str
) -> None:
    """RFC 6749, 4.1.2.1: other errors go back to the client, with its state. T16: so does missing PKCE."""
    async with browser(provider) as client:
        response = await client.get(authorize_url(provider, **changes))
    answer = answer_of(response.headers["location"])
    assert response.headers["location"].startswith(REDIRECT + "&")
    assert (answer["error"], answer["state"]) == (error, "s t/a+t=e&")
    assert provider.approve(authorize_url(provider, **changes)) == response.headers["location"]


@pytest.mark.parametrize(
    "changes",
    [
        {"code_verifier": "w" * 43},
        {"code_verifier": ""},
        {"code_verifier": CHALLENGE},
        {"redirect_uri": "http://127.0.0.1:9/cb"},
        {"redirect_uri": ""},
    ],
)
async def test_codes_are_bound(provider: SimulatedProvider, changes: dict[str, str]) -> None:
    """T16: a code is worth nothing without its verifier and redirect URI, and one attempt uses it up."""
    async with browser(provider) as client:
        code = answer_of(provider.approve(authorize_url(provider)))["code"]
        for form in (code_form(code, **changes), code_form(code)):
            response = await post_token(client, form)
            assert (response.status_code, response.json()["error"]) == (400, "invalid_grant")
    assert provider.families == ()


async def test_codes_of_another_client_and_late_ones(provider: SimulatedProvider, clock: FixedClock) -> None:
    """T16: another client cannot use a code, and nobody can after a minute."""
    async with browser(provider) as client:
        code = answer_of(provider.approve(authorize_url(provider)))["code"]
        stolen = await post_token(client, code_form(code), auth=("other", "another"))
        assert stolen.json()["error"] == "invalid_grant"
        code = answer_of(provider.approve(authorize_url(provider)))["code"]
        clock.advance(timedelta(minutes=1))
        assert (await post_token(client, code_form(code))).json()["error"] == "invalid_grant"


async def test_a_replayed_code_ends_what_it_gave(provider: SimulatedProvider) -> None:
    """RFC 6749, 10.5: the second use of a code revokes the tokens of the first."""
    async with browser(provider) as client:
        code = answer_of(provider.approve(authorize_url(provider)))["code"]
        token = (await post_token(client, code_form(code))).json()
        assert (await post_token(client, code_form(code))).json()["error"] == "invalid_grant"
        found = provider.inspect(token["access_token"])
        assert found is not None
        assert (found.active, found.family.ended) == (False, "code replayed")
        assert (await post_token(client, refresh_form(token["refresh_token"]))).status_code == 400


async def test_pkce_cannot_be_taken_away() -> None:
    """T16: where PKCE is optional, a verifier for a code without a challenge is refused; without one it
    works; a public client needs it still."""
    provider = SimulatedProvider(clients=[CLIENT, PUBLIC], policy=ProviderPolicy(require_pkce=False))
    bare = authorize_url(provider, code_challenge=None, code_challenge_method=None)
    async with browser(provider) as client:
        stripped = await post_token(client, code_form(answer_of(provider.approve(bare))["code"]))
        assert stripped.json()["error"] == "invalid_grant"
        form = code_form(answer_of(provider.approve(bare))["code"], code_verifier="")
        assert (await post_token(client, form)).status_code == 200
        public = authorize_url(provider, client_id="public", code_challenge=None, code_challenge_method=None)
        assert answer_of(provider.approve(public))["error"] == "invalid_request"


async def test_client_authentication(provider: SimulatedProvider) -> None:
    """RFC 6749, 2.3: Basic (form-encoded) and post prove a client; a wrong or missing secret, an unknown
    client and a mangled header are the same invalid_client, with 401 and a challenge for Basic."""
    form = {"grant_type": "client_credentials"}
    async with browser(provider) as client:
        assert (await post_token(client, form)).status_code == 200
        posted = {**form, "client_id": "acme-hr", "client_secret": SECRET}
        assert (await post_token(client, posted, auth=None)).status_code == 200
        for auth in (("acme-hr", "wrong"), ("nobody", SECRET), ("public", "")):
            refused = await post_token(client, form, auth=auth)
            assert (refused.status_code, refused.json()["error"]) == (401, "invalid_client")
            assert refused.headers["www-authenticate"].startswith("Basic ")
        for header in ("Basic !!", "Basic", "Bearer x", "Basic /w=="):
            mangled = await client.post("/oauth/token", data=form, headers={"authorization": header})
            assert mangled.status_code == 401
        for wrong in ({"client_id": "acme-hr"}, {"client_id": "acme-hr", "client_secret": "no"}, {}):
            refused = await post_token(client, form | wrong, auth=None)
            assert (refused.status_code, refused.json()["error"]) == (401, "invalid_client")
        both = await post_token(client, posted)
        assert (both.status_code, both.json()["error"]) == (400, "invalid_request")


async def test_client_methods_and_grants_are_per_client() -> None:
    """A client registered for one way to authenticate, or without a grant, cannot use another."""
    strict = ProviderClient(
        client_id="acme-hr",
        client_secret=CLIENT.client_secret,
        redirect_uris=(REDIRECT,),
        auth_methods=("client_secret_post",),
        grant_types=("authorization_code",),
    )
    provider = SimulatedProvider(clients=[strict])
    async with browser(provider) as client:
        code = answer_of(provider.approve(authorize_url(provider)))["code"]
        assert (await post_token(client, code_form(code))).json()["error"] == "invalid_client"
        posted = {"client_id": "acme-hr", "client_secret": SECRET}
        token = (await post_token(client, code_form(code) | posted, auth=None)).json()
        assert "refresh_token" not in token
        refused = await post_token(client, {"grant_type": "client_credentials"} | posted, auth=None)
        assert refused.json()["error"] == "unauthorized_client"


@pytest.mark.parametrize(
    ("form", "error"),
    [
        ({}, "invalid_request"),
        ({"grant_type": "password"}, "unsupported_grant_type"),
        ({"grant_type": "authorization_code"}, "invalid_request"),
        ({"grant_type": "refresh_token"}, "invalid_request"),
        ({"grant_type": "authorization_code", "code": "never issued"}, "invalid_grant"),
        ({"grant_type": "refresh_token", "refresh_token": "never issued"}, "invalid_grant"),
        ({"grant_type": "client_credentials", "scope": "root"}, "invalid_scope"),
    ],
)
async def test_token_errors_have_the_shape_of_the_rfc(
    provider: SimulatedProvider, form: dict[str, str], error: str
) -> None:
    """RFC 6749, 5.2: 400, JSON with error and error_description in plain ASCII, never cached."""
    async with browser(provider) as client:
        response = await post_token(client, form)
    assert response.status_code == 400
    assert response.headers["content-type"] == "application/json"
    assert response.headers["cache-control"] == "no-store"
    assert response.json()["error"] == error
    assert set(response.json()) == {"error", "error_description"}
    assert response.json()["error_description"].isascii()


async def test_token_answers_have_the_shape_of_the_rfc(provider: SimulatedProvider) -> None:
    """RFC 6749, 5.1: Bearer, expires_in as a number of seconds, the granted scope, never cached."""
    async with browser(provider) as client:
        code = answer_of(provider.approve(authorize_url(provider, scope="profile")))["code"]
        response = await post_token(client, code_form(code))
    answer = response.json()
    assert response.headers["cache-control"] == "no-store"
    assert (answer["token_type"], answer["expires_in"], answer["scope"]) == ("Bearer", 3600, "profile")
    assert len({answer["access_token"], answer["refresh_token"]}) == 2


async def test_rotation_and_reuse(provider: SimulatedProvider, clock: FixedClock) -> None:
    """RFC 9700, 4.14.2: each refresh spends its token; a spent one that comes back ends the whole family,
    the newest tokens included, and no other sign-in."""
    async with browser(provider) as client:
        bystander = await sign_in(provider, client)
        first = await sign_in(provider, client)
        second = (await post_token(client, refresh_form(first["refresh_token"]))).json()
        assert second["refresh_token"] != first["refresh_token"]
        newest = provider.inspect(second["access_token"])
        assert newest is not None
        assert newest.active
        reused = await post_token(client, refresh_form(first["refresh_token"]))
        assert (reused.status_code, reused.json()["error"]) == (400, "invalid_grant")
        assert (await post_token(client, refresh_form(second["refresh_token"]))).status_code == 400
        headers = {"authorization": f"Bearer {second['access_token']}"}
        assert (await client.get("/api/v1/me", headers=headers)).status_code == 401
        assert [family.ended for family in provider.families] == [None, "reuse"]
        assert (await post_token(client, refresh_form(bystander["refresh_token"]))).status_code == 200


async def test_a_refresh_token_is_its_clients(provider: SimulatedProvider, clock: FixedClock) -> None:
    """RFC 6749, 6: another client cannot refresh, more scope cannot be had, and an old token expires."""
    async with browser(provider) as client:
        code = answer_of(provider.approve(authorize_url(provider, scope="profile")))["code"]
        token = (await post_token(client, code_form(code))).json()
        form = refresh_form(token["refresh_token"])
        assert (await post_token(client, form, auth=("other", "another"))).json()["error"] == "invalid_grant"
        wider = await post_token(client, {**form, "scope": "profile employees"})
        assert wider.json()["error"] == "invalid_scope"
        access = await post_token(client, refresh_form(token["access_token"]))
        assert access.json()["error"] == "invalid_grant"
        clock.advance(timedelta(days=30))
        assert (await post_token(client, form)).json()["error"] == "invalid_grant"
        assert provider.families[0].ended is None, "none of this is reuse"


async def test_reuse_grace(clock: FixedClock) -> None:
    """R10: with a grace of 30 s a spent refresh token works again for 30 s, and is reuse afterwards."""
    policy = ProviderPolicy(reuse_grace=timedelta(seconds=30))
    provider = SimulatedProvider(clients=[CLIENT], policy=policy, clock=clock)
    async with browser(provider) as client:
        form = refresh_form((await sign_in(provider, client))["refresh_token"])
        assert (await post_token(client, form)).status_code == 200
        clock.advance(timedelta(seconds=29))
        assert (await post_token(client, form)).status_code == 200
        clock.advance(timedelta(seconds=1))
        assert (await post_token(client, form)).status_code == 400
    assert provider.families[0].ended == "reuse"


async def test_access_tokens_expire(provider: SimulatedProvider, clock: FixedClock) -> None:
    """An access token works until the second that expires_in named, and not in it."""
    async with browser(provider) as client:
        headers = {"authorization": f"Bearer {(await sign_in(provider, client))['access_token']}"}
        clock.advance(timedelta(seconds=3600) - timedelta(milliseconds=1))
        assert (await client.get("/api/v1/me", headers=headers)).status_code == 200
        clock.advance(timedelta(milliseconds=1))
        assert (await client.get("/api/v1/me", headers=headers)).status_code == 401


async def revoke(
    client: httpx2.AsyncClient, token: str, auth: tuple[str, str] = ("acme-hr", "")
) -> httpx2.Response:
    form = {"token": token, "client_id": auth[0], "client_secret": auth[1] or SECRET}
    return await client.post("/oauth/revoke", data=form)


async def test_revocation(provider: SimulatedProvider) -> None:
    """RFC 7009: an access token alone, a refresh token with its family; unknown is 200; another client's,
    or without authentication, is refused and does nothing."""
    async with browser(provider) as client:
        token = await sign_in(provider, client)
        assert (await revoke(client, "never issued")).status_code == 200
        assert (await revoke(client, token["refresh_token"], ("other", "another"))).status_code == 400
        assert (await client.post("/oauth/revoke", data={"token": token["refresh_token"]})).status_code == 401
        assert (await revoke(client, token["access_token"])).status_code == 200
        spent = provider.inspect(token["access_token"])
        assert spent is not None
        assert not spent.active
        again = (await post_token(client, refresh_form(token["refresh_token"]))).json()
        assert (await revoke(client, again["refresh_token"])).status_code == 200
        ended = provider.inspect(again["access_token"])
        assert ended is not None
        assert (ended.active, ended.family.ended) == (False, "revoked")
        assert (await revoke(client, "")).json()["error"] == "invalid_request"


async def test_a_person_removes_the_application(provider: SimulatedProvider) -> None:
    """`withdraw` ends that person's sign-ins and nobody else's."""
    async with browser(provider) as client:
        token = await sign_in(provider, client)
        code = answer_of(provider.approve(authorize_url(provider), user="Grace Hopper"))["code"]
        await post_token(client, code_form(code))
        assert provider.withdraw("ADA LOVELACE") == 1
        assert [family.ended for family in provider.families] == ["withdrawn", None]
        assert (await post_token(client, refresh_form(token["refresh_token"]))).status_code == 400


async def test_a_public_client(provider: SimulatedProvider) -> None:
    """A client without a secret signs in by PKCE alone, and gets nothing by client credentials."""
    async with browser(provider) as client:
        code = answer_of(provider.approve(authorize_url(provider, client_id="public")))["code"]
        token = await post_token(client, code_form(code, client_id="public"), auth=None)
        assert token.status_code == 200
        form = {"grant_type": "client_credentials", "client_id": "public"}
        refused = await post_token(client, form, auth=None)
        assert refused.json()["error"] == "unauthorized_client"


@pytest.mark.parametrize(
    "uri", ["http://app.example/cb", "https://app.example/cb#x", "javascript:alert(1)", "/cb"]
)
def test_unsafe_redirect_uris_cannot_be_registered(uri: str) -> None:
    """T19: plain http off loopback, fragments, other schemes and relative addresses are refused."""
    with pytest.raises(ValueError, match="redirect URI"):
        ProviderClient(client_id="x", redirect_uris=(uri,))


async def test_metadata(provider: SimulatedProvider) -> None:
    """RFC 8414: the metadata names the endpoints under the issuer, S256 only, and `iss` as configured."""
    async with browser(provider) as client:
        answer = (await client.get("/.well-known/oauth-authorization-server")).json()
    assert answer["issuer"] == provider.base_url
    assert answer["token_endpoint"] == provider.base_url + "/oauth/token"
    assert answer["code_challenge_methods_supported"] == ["S256"]
    assert answer["authorization_response_iss_parameter_supported"] is True
    quiet = SimulatedProvider(clients=[CLIENT], policy=ProviderPolicy(send_iss=False))
    assert "iss" not in answer_of(quiet.approve(authorize_url(quiet)))


async def test_no_secret_in_a_repr(provider: SimulatedProvider) -> None:
    """T46: the reprs of what a test may print hold no code, token, verifier or client secret."""
    async with browser(provider) as client:
        location = provider.approve(authorize_url(provider))
        token = (await post_token(client, code_form(answer_of(location)["code"]))).json()
    shown = repr([provider, provider.requests, provider.families, provider.inspect(token["access_token"])])
    recorded = provider.requests[-1]
    assert recorded.form["code"] == answer_of(location)["code"]
    for secret in (token["access_token"], token["refresh_token"], recorded.form["code"], VERIFIER, SECRET):
        assert secret not in shown
    assert "endpoint='token'" in shown
