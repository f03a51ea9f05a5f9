"""A real OAuth 2 server (npm oidc-provider) and a customer who signs in to it.

It insists on PKCE (S256), rotates refresh tokens (a refresh token used twice kills its grant), sends `iss`
back with the code (RFC 9207), revokes (RFC 7009) and introspects (RFC 7662).
"""

import json
import secrets
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from html.parser import HTMLParser
from typing import Literal
from urllib.parse import urljoin

import httpx2
import pytest

from tests.peers.node import NodeProgram

__all__ = ["OidcClient", "OidcCounts", "OidcPeer", "TokenAnswer"]

Route = Literal["token", "revocation", "introspection", "userinfo", "api", "authorization"]
ClientAuth = Literal["client_secret_basic", "client_secret_post", "none"]


@dataclass(frozen=True)
class OidcClient:
    """A client registered at the server; its secret is made up for the test."""

    client_id: str
    client_secret: str


@dataclass(frozen=True)
class TokenAnswer:
    """How the server answered one token request."""

    grant_type: str | None
    client_id: str | None
    status: int
    error: str | None


@dataclass(frozen=True)
class OidcCounts:
    """What the server has been asked since the last `reset`."""

    requests: Mapping[str, int]
    """Requests by route: token, revocation, introspection, userinfo, api, authorization."""
    answers: Sequence[TokenAnswer]
    """Every token answer, in the order in which the server made them."""
    held: int
    """Token answers that wait for `hold` to end."""

    def granted(self, grant_type: str) -> int:
        """How many token requests of this grant type were answered 200."""
        return sum(answer.grant_type == grant_type and answer.status == 200 for answer in self.answers)


@dataclass(frozen=True, kw_only=True)
class Fault:
    """What the server answers in place of the truth, `times` times."""

    status: int = 503
    body: object = ""
    """Text, or an object that is sent as JSON."""
    content_type: str = "text/plain"
    headers: Mapping[str, str] = field(default_factory=dict)
    processed: bool = False
    """True: the request takes effect (a refresh token is rotated), and only its answer is lost."""
    drop: bool = False
    """True: the connection is cut instead of answered."""
    times: int = 1


class OidcPeer:
    """The running server, its switches, and a customer's walk through its pages."""

    def __init__(self, program: NodeProgram, issuer: str) -> None:
        self._program = program
        self._http = httpx2.Client(base_url=issuer, trust_env=False, timeout=20)
        self.issuer = issuer
        self.authorization_endpoint = f"{issuer}/auth"
        self.token_endpoint = f"{issuer}/token"
        self.revocation_endpoint = f"{issuer}/token/revocation"
        self.introspection_endpoint = f"{issuer}/token/introspection"
        self.userinfo_endpoint = f"{issuer}/me"
        """Answers `sub`, for `profile` and `email` also `name` and `email`; needs the scope `openid`."""
        self.api_endpoint = f"{issuer}/api/me"
        """Any live access token gets `{id, email, client_id, scope}` here, any other one a 401."""

    def add_client(
        self,
        *,
        redirect_uris: Sequence[str],
        token_endpoint_auth_method: ClientAuth = "client_secret_basic",
        client_id: str | None = None,
        client_secret: str | None = None,
        grant_types: Sequence[str] = ("authorization_code", "refresh_token"),
    ) -> OidcClient:
        """Register a client (again with the same id: replace it); a missing id and secret are made up.

        For client credentials, pass `grant_types=["client_credentials"]` and no redirect URIs.
        """
        client = OidcClient(
            client_id=client_id or f"client-{secrets.token_hex(6)}",
            client_secret=client_secret or secrets.token_urlsafe(24),
        )
        metadata: dict[str, object] = {
            "client_id": client.client_id,
            "redirect_uris": list(redirect_uris),
            "token_endpoint_auth_method": token_endpoint_auth_method,
            "grant_types": list(grant_types),
            "response_types": ["code"] if "authorization_code" in grant_types else [],
        }
        if token_endpoint_auth_method != "none":
            metadata["client_secret"] = client.client_secret
        self._command("clients", metadata)
        return client

    def counts(self) -> OidcCounts:
        """What has been asked since the last `reset`; a fixture resets before each test."""
        found = self._http.get("/__test/counts").raise_for_status().json()
        return OidcCounts(
            requests=found["requests"],
            answers=tuple(TokenAnswer(**answer) for answer in found["answers"]),
            held=found["held"],
        )

    def set_access_token_ttl(self, seconds: int) -> None:
        """Access tokens issued from now on live this long; 3600 until told otherwise."""
        self._command("ttl", {"access_token": seconds})

    def fail(self, route: Route, fault: Fault) -> None:
        """Let the next requests of `route` meet `fault`; several faults queue up."""
        answer = fault.body if isinstance(fault.body, str) else json.dumps(fault.body)
        self._command(
            "faults",
            {
                "route": route,
                "status": fault.status,
                "body": answer,
                "content_type": fault.content_type,
                "headers": dict(fault.headers),
                "processed": fault.processed,
                "drop": fault.drop,
                "times": fault.times,
            },
        )

    @contextmanager
    def hold(self) -> Iterator[None]:
        """Keep token answers back, after they took effect at the server, until the block ends."""
        self._command("hold", {})
        try:
            yield
        finally:
            self._command("release", {})

    def wait_until_held(self, count: int = 1) -> None:
        """Return when `count` token answers are being held; httpx2.ReadTimeout after 20 s."""
        self._command("held", {"count": count})

    def reset(self) -> None:
        """Counts at nought, no faults, nothing held, the usual life of tokens; clients and grants stay."""
        self._command("reset", {})

    def complete_login(self, authorize_url: str, *, login: str = "ada", deny: bool = False) -> str:
        """Sign in as `login` and consent, as a browser without JavaScript; the callback URL, not followed.

        `deny` leaves by the page's cancel link: the callback carries `error=access_denied`. Raises
        AssertionError with the server's page if the server shows an error instead.
        """
        with httpx2.Client(trust_env=False, timeout=20) as browser:
            answer = browser.get(authorize_url)
            for _ in range(12):
                if answer.is_redirect:
                    target = urljoin(str(answer.url), answer.headers["location"])
                    if not target.startswith(f"{self.issuer}/"):
                        return target
                    answer = browser.get(target)
                    continue
                page = _Page.parse(answer.text)
                assert answer.status_code == 200, (
                    f"the OAuth server answered {answer.status_code}: {answer.text[:3000]}"
                )
                assert page.action is not None, f"no form on the OAuth server's page: {answer.text[:3000]}"
                if deny:
                    assert page.abort is not None
                    answer = browser.get(urljoin(str(answer.url), page.abort))
                else:
                    fields = page.fields | (
                        {"login": login, "password": "x"} if "login" in page.fields else {}
                    )
                    answer = browser.post(urljoin(str(answer.url), page.action), data=fields)
        raise AssertionError("the OAuth server's pages lead nowhere")

    def close(self) -> None:
        """End the server."""
        self._http.close()
        self._program.close()

    def _command(self, name: str, body: object) -> None:
        self._http.post(f"/__test/{name}", json=body).raise_for_status()


class _Page(HTMLParser):
    """The one form and the cancel link of a sign-in page."""

    def __init__(self) -> None:
        super().__init__()
        self.action: str | None = None
        self.abort: str | None = None
        self.fields: dict[str, str] = {}

    @classmethod
    def parse(cls, text: str) -> "_Page":
        page = cls()
        page.feed(text)
        page.close()
        return page

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        values = dict(attrs)
        if tag == "form":
            self.action = values.get("action")
        elif tag == "input" and (name := values.get("name")) is not None:
            self.fields[name] = values.get("value") or ""
        elif tag == "a" and (href := values.get("href") or "").endswith("/abort"):
            self.abort = href


@pytest.fixture(scope="session")
def oidc() -> Iterator[OidcPeer]:
    """npm oidc-provider, one for each test worker; counts, faults and holds are cleared before every test."""
    program = NodeProgram("tests/peers/oidc_provider.mjs", "{}")
    started = program.read()
    assert isinstance(started, dict)
    peer = OidcPeer(program, started["issuer"])
    yield peer
    peer.close()


@pytest.fixture(autouse=True)
def _oidc_is_reset(request: pytest.FixtureRequest) -> None:
    if "oidc" in request.fixturenames:
        request.getfixturevalue("oidc").reset()
