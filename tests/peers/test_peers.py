"""The peers do what tests rely on: a check of the judges before they judge."""

import base64
import hashlib
import secrets
from threading import Event, Thread
from urllib.parse import parse_qs, urlencode, urlsplit

import httpx2
import pytest
from playwright.sync_api import Page, expect

from tests.peers.browser import Observed, OpenPage
from tests.peers.keyed_api import KeyedApi
from tests.peers.loopback import Answer, LoopbackServer
from tests.peers.oidc import Fault, OidcClient, OidcPeer
from tests.peers.receiver import RawReceiver

REDIRECT_URI = "http://127.0.0.1:9/callback"


class Grant:
    """The client's side of RFC 6749 and RFC 7636, by hand."""

    def __init__(self, oidc: OidcPeer, client: OidcClient) -> None:
        self.oidc = oidc
        self.client = client
        self.verifier = secrets.token_urlsafe(32)

    def authorize_url(self, **changes: str) -> str:
        challenge = base64.urlsafe_b64encode(hashlib.sha256(self.verifier.encode()).digest()).rstrip(b"=")
        query = {
            "client_id": self.client.client_id,
            "response_type": "code",
            "redirect_uri": REDIRECT_URI,
            "scope": "openid read",
            "state": "s1",
            "code_challenge": challenge.decode(),
            "code_challenge_method": "S256",
        }
        return f"{self.oidc.authorization_endpoint}?{urlencode(query | changes)}"

    def token(self, **form: str) -> httpx2.Response:
        return httpx2.post(
            self.oidc.token_endpoint,
            data=form,
            auth=(self.client.client_id, self.client.client_secret),
            trust_env=False,
        )

    def sign_in(self) -> dict[str, str]:
        callback = self.oidc.complete_login(self.authorize_url())
        answer = self.token(
            grant_type="authorization_code",
            code=parse_qs(urlsplit(callback).query)["code"][0],
            redirect_uri=REDIRECT_URI,
            code_verifier=self.verifier,
        )
        assert answer.status_code == 200, answer.text
        found: dict[str, str] = answer.json()
        return found

    def refresh(self, token: str) -> httpx2.Response:
        return self.token(grant_type="refresh_token", refresh_token=token)


@pytest.fixture
def grant(oidc: OidcPeer) -> Grant:
    return Grant(oidc, oidc.add_client(redirect_uris=[REDIRECT_URI]))


@pytest.mark.node
def test_oidc_signs_in_rotates_and_revokes(oidc: OidcPeer, grant: Grant) -> None:
    """A login gives a code with `iss`, the code a token pair, a refresh a new one; a revoked one is 401."""
    callback = oidc.complete_login(grant.authorize_url(), login="grace")
    assert callback.startswith(REDIRECT_URI)
    query = parse_qs(urlsplit(callback).query)
    assert (query["state"], query["iss"]) == (["s1"], [oidc.issuer])

    first = grant.sign_in()
    second = grant.refresh(first["refresh_token"]).json()
    assert second["refresh_token"] != first["refresh_token"]

    bearer = {"Authorization": f"Bearer {second['access_token']}"}
    me = httpx2.get(oidc.api_endpoint, headers=bearer, trust_env=False)
    assert (me.status_code, me.json()["email"]) == (200, "ada@example.com")
    httpx2.post(
        oidc.revocation_endpoint,
        data={"token": second["refresh_token"]},
        auth=(grant.client.client_id, grant.client.client_secret),
        trust_env=False,
    ).raise_for_status()
    assert httpx2.get(oidc.api_endpoint, headers=bearer, trust_env=False).status_code == 401
    counts = oidc.counts()
    assert counts.granted("refresh_token") == 1
    assert (counts.requests["token"], counts.requests["revocation"], counts.requests["api"]) == (2, 1, 2)


@pytest.mark.node
def test_oidc_kills_the_grant_of_a_refresh_token_used_twice(oidc: OidcPeer, grant: Grant) -> None:
    """The second use of a rotated refresh token is `invalid_grant`, and its successor is dead as well."""
    first = grant.sign_in()["refresh_token"]
    second = grant.refresh(first).json()["refresh_token"]
    assert grant.refresh(first).json()["error"] == "invalid_grant"
    assert grant.refresh(second).json()["error"] == "invalid_grant"


@pytest.mark.node
def test_oidc_insists_on_pkce_and_can_be_refused(oidc: OidcPeer, grant: Grant) -> None:
    """Without a challenge the answer is an error; a customer who cancels comes back with `access_denied`."""
    without = oidc.complete_login(grant.authorize_url(code_challenge="", code_challenge_method=""))
    assert parse_qs(urlsplit(without).query)["error"] == ["invalid_request"]
    denied = oidc.complete_login(grant.authorize_url(), deny=True)
    assert parse_qs(urlsplit(denied).query)["error"] == ["access_denied"]


@pytest.mark.node
def test_oidc_holds_answers_and_injects_faults(oidc: OidcPeer, grant: Grant) -> None:
    """A held answer took effect already; a fault answers in the server's place, with or without effect."""
    token = grant.sign_in()["refresh_token"]
    answers: list[httpx2.Response] = []
    waiting = Thread(target=lambda: answers.append(grant.refresh(token)))
    with oidc.hold():
        waiting.start()
        oidc.wait_until_held()
        assert (answers, oidc.counts().held) == ([], 1)
    waiting.join()
    token = answers[0].json()["refresh_token"]

    oidc.fail("token", Fault(status=429, headers={"Retry-After": "7"}))
    assert grant.refresh(token).headers["retry-after"] == "7"
    oidc.fail("token", Fault(body={"error": "server_error"}, content_type="application/json"))
    assert grant.refresh(token).json() == {"error": "server_error"}
    oidc.fail("token", Fault(drop=True, processed=True))
    with pytest.raises(httpx2.RemoteProtocolError):
        grant.refresh(token)
    assert grant.refresh(token).json()["error"] == "invalid_grant"

    oidc.set_access_token_ttl(7)
    assert int(grant.sign_in()["expires_in"]) == 7


@pytest.mark.node
def test_oidc_grants_client_credentials(oidc: OidcPeer) -> None:
    """A client for client credentials gets a token for itself, with the secret in the form."""
    client = oidc.add_client(
        redirect_uris=[], grant_types=["client_credentials"], token_endpoint_auth_method="client_secret_post"
    )
    form = {
        "grant_type": "client_credentials",
        "client_id": client.client_id,
        "client_secret": client.client_secret,
        "scope": "read",
    }
    answer = httpx2.post(oidc.token_endpoint, data=form, trust_env=False).json()
    me = httpx2.get(
        oidc.api_endpoint, headers={"Authorization": f"Bearer {answer['access_token']}"}, trust_env=False
    )
    assert me.json()["client_id"] == client.client_id


@pytest.mark.node
@pytest.mark.browser
def test_chromium_signs_in_at_the_oauth_server(
    page: Page, observed: Observed, oidc: OidcPeer, grant: Grant
) -> None:
    """A person can sign in and consent on the server's own pages, which fetch nothing from elsewhere."""
    with LoopbackServer(lambda _: Answer(body=b"linked")) as callback:
        client = oidc.add_client(redirect_uris=[f"{callback.origin}/cb"])
        page.goto(Grant(oidc, client).authorize_url(redirect_uri=f"{callback.origin}/cb"))
        page.get_by_placeholder("Enter any login").fill("ada")
        page.get_by_placeholder("and password").fill("x")
        page.get_by_role("button", name="Sign-in").click()
        page.get_by_role("button", name="Continue").click()
        expect(page.get_by_text("linked")).to_be_visible()
        assert observed.origins() == {oidc.issuer, callback.origin}
    observed.assert_clean()


async def test_async_tests_run_between_browser_tests() -> None:
    """The browser's event loop is out of the way of an async test in the same worker."""


@pytest.mark.browser
def test_chromium_reports_what_a_policy_refuses(open_page: OpenPage, observed: Observed) -> None:
    """A refused script, a console error and an uncaught exception are noted; two pages share no cookies."""
    body = b"<!doctype html><link rel=icon href=data:,><script>alert(1)</script><script src=/x.js></script>"
    script = Answer(
        body=b"console.error('oh');throw Error('no')", headers={"Content-Type": "text/javascript"}
    )
    document = Answer(
        body=body,
        headers={
            "Content-Type": "text/html",
            "Content-Security-Policy": "script-src 'self'",
            "Set-Cookie": "a=1",
        },
    )
    with LoopbackServer(lambda request: script if request.path == "/x.js" else document) as server:
        page = open_page()
        with (
            page.expect_console_message(lambda said: "Content Security Policy" in said.text),
            page.expect_console_message(lambda said: said.text == "oh"),
            page.expect_event("pageerror"),
        ):
            page.goto(server.origin)
        assert len(observed.csp_violations) == 1
        assert (observed.console_errors, observed.page_errors) == ([f"oh [{server.origin}/x.js]"], ["no"])
        assert len(page.context.cookies()) == 1
        assert open_page(javascript=False, width=400, color_scheme="dark").context.cookies() == []


def test_receiver_keeps_bytes_and_follows_its_script(receiver: RawReceiver) -> None:
    """Bodies arrive byte for byte, sent whole or in chunks, and answers come in the order of the script."""
    receiver.will_answer(Answer(status=503, headers={"Retry-After": "5"}))
    refused = httpx2.post(receiver.url, content=b'{"a": 1}\n', trust_env=False)
    taken = httpx2.post(receiver.url, content=iter([b"\x00a", b"b"]), headers={"X-One": "1"}, trust_env=False)
    assert (refused.status_code, refused.headers["retry-after"], taken.status_code) == (503, "5", 204)
    first, second = receiver.wait_for(2)
    assert (first.body, second.body, second.headers["x-one"]) == (b'{"a": 1}\n', b"\x00ab", "1")


@pytest.mark.parametrize(
    ("key", "status"),
    [
        (KeyedApi.GOOD, 200),
        (KeyedApi.FORBIDDEN, 403),
        (KeyedApi.DOWN, 503),
        (KeyedApi.HTML, 200),
        ("unknown", 401),
    ],
)
def test_keyed_api_answers_by_key(keyed_api: KeyedApi, key: str, status: int) -> None:
    """Basic, Bearer and X-Api-Key are the same key to it."""
    with httpx2.Client(trust_env=False) as client:
        url = f"{keyed_api.base_url}/me"
        answers = [
            client.get(url, auth=(key, "")),
            client.get(url, headers={"Authorization": f"Bearer {key}"}),
            client.get(url, headers={"X-Api-Key": key}),
        ]
    assert {answer.status_code for answer in answers} == {status}


def test_a_peer_that_is_slow_can_be_closed() -> None:
    """Closing a server neither waits for an answer that is held back nor leaves its thread."""
    never = Event()
    failures: list[Exception] = []

    def ask() -> None:
        try:
            httpx2.get(server.origin, trust_env=False)
        except httpx2.HTTPError as error:
            failures.append(error)

    with LoopbackServer(lambda _: Answer(after=never)) as server:
        asking = Thread(target=ask)
        asking.start()
        server.wait_for(1)
    asking.join()
    assert len(failures) == 1
