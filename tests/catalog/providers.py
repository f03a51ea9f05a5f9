"""The eight providers as their documentation says they behave, all behind one loopback server.

Definitions name the providers' real hosts; `Rerouted` sends each call to the loopback server instead, with
the host in front of the path, so that what arrives is what would have gone out.
"""

import base64
import hashlib
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from urllib.parse import parse_qsl, unquote_plus, urlsplit

from connect_hub.net import Answer, Limits, Outbound, OutboundPolicy
from connect_hub.secret import Secret
from tests.peers.loopback import Answer as Reply
from tests.peers.loopback import LoopbackServer, Received

__all__ = ["Asked", "OAuthProvider", "Provider", "Rerouted", "reply"]

CLIENT_ID = "client.id"
CLIENT_SECRET = "client s3cret/+"  # of a provider that exists only here


@dataclass(frozen=True, slots=True)
class Asked:
    """One call, as the provider sees it."""

    host: str
    method: str
    path: str
    query: Mapping[str, str]
    headers: Mapping[str, str]
    body: bytes

    @property
    def bearer(self) -> str:
        scheme, _, token = self.headers.get("authorization", "").partition(" ")
        return token if scheme == "Bearer" else ""

    @property
    def basic(self) -> tuple[str, str]:
        """User name and password; empty texts for none."""
        scheme, _, value = self.headers.get("authorization", "").partition(" ")
        user, _, password = (
            base64.b64decode(value).decode().partition(":") if scheme == "Basic" else ("",) * 3
        )
        return user, password

    @property
    def form(self) -> dict[str, str]:
        assert self.headers["content-type"] == "application/x-www-form-urlencoded"
        pairs = parse_qsl(self.body.decode(), keep_blank_values=True, strict_parsing=True)
        assert len({name for name, _ in pairs}) == len(pairs), "a parameter was sent twice (RFC 6749, 3.2)"
        return dict(pairs)

    @property
    def json(self) -> dict[str, str]:
        assert self.headers["content-type"] == "application/json"
        document = json.loads(self.body)
        assert isinstance(document, dict)
        return document


class Rerouted:
    """An `HttpSender` whose every call ends at one loopback server."""

    def __init__(self, origin: str) -> None:
        self._origin = origin
        host = urlsplit(origin)
        self._outbound = Outbound(
            policy=OutboundPolicy(allow_private_hosts=frozenset({f"127.0.0.1:{host.port}"}), allow_http=True)
        )

    async def send(
        self,
        method: str,
        url: str,
        *,
        headers: Mapping[str, str | Secret] | None = None,
        content: bytes | Secret | None = None,
        limits: Limits | None = None,
    ) -> Answer:
        parts = urlsplit(url)
        assert parts.scheme == "https"
        assert not parts.fragment
        query = f"?{parts.query}" if parts.query else ""
        target = f"{self._origin}/{parts.netloc}{parts.path}{query}"
        try:
            return await self._outbound.send(method, target, headers=headers, content=content, limits=limits)
        finally:
            await self._outbound.aclose()


def reply(document: object, status: int = 200, headers: Mapping[str, str] | None = None) -> Reply:
    """A JSON answer."""
    return Reply(
        status=status,
        body=json.dumps(document).encode(),
        headers={"Content-Type": "application/json", **(headers or {})},
    )


class Provider(LoopbackServer):
    """Answers by (method, host and path); anything else is a 404 of HTML, as from a web server."""

    def __init__(self) -> None:
        self.asked: list[Asked] = []
        self.routes: dict[tuple[str, str], Callable[[Asked], Reply]] = {}
        super().__init__(self._dispatch)

    @property
    def paths(self) -> list[str]:
        """What was called, in order: `POST slack.com/api/auth.test`."""
        return [f"{asked.method} {asked.host}{asked.path}" for asked in self.asked]

    def _dispatch(self, received: Received) -> Reply:
        parts = urlsplit(received.path)
        host, _, path = parts.path.lstrip("/").partition("/")
        asked = Asked(
            host=host,
            method=received.method,
            path=f"/{path}",
            query=dict(parse_qsl(parts.query, keep_blank_values=True)),
            headers=received.headers,
            body=received.body,
        )
        self.asked.append(asked)
        route = self.routes.get((asked.method, f"{host}/{path}"))
        if route is None:
            return Reply(status=404, body=b"<h1>Not found</h1>", headers={"Content-Type": "text/html"})
        return route(asked)


@dataclass
class OAuthProvider:
    """An authorization server with the ways of one provider (RFC 6749, 4.1 and 6; RFC 7636)."""

    authorize: str
    """Host and path of the authorization endpoint."""
    token: str
    client_auth: str
    """`basic` or `post`."""
    body: str = "form"
    pkce: bool = True
    rotates: bool = False
    token_query: Mapping[str, str] = field(default_factory=dict)
    refusal: Callable[[str], Reply] = field(
        default=lambda error: reply({"error": error, "error_description": f"{error} it is"}, 400)
    )
    answer: Callable[[dict[str, object]], dict[str, object]] = field(default=lambda given: given)
    """Turns the standard members into this provider's answer."""
    bad_code: str = "invalid_grant"
    bad_client: str = "invalid_client"
    asked: dict[str, str] = field(default_factory=dict)
    """The parameters of the last authorization request."""
    live: set[str] = field(default_factory=set)
    """The access tokens that work."""
    _codes: dict[str, dict[str, str]] = field(default_factory=dict)
    _refresh: set[str] = field(default_factory=set)
    _count: int = 0

    def on(self, provider: Provider) -> "OAuthProvider":
        """Serve the token endpoint at `provider`."""
        provider.routes["POST", self.token] = self._token
        return self

    def consent(self, url: str) -> str:
        """What a person does in the browser: goes to `url`, signs in, says yes. The code."""
        parts = urlsplit(url)
        assert (parts.scheme, parts.netloc + parts.path) == ("https", self.authorize)
        pairs = parse_qsl(parts.query, keep_blank_values=True, strict_parsing=True)
        assert len(dict(pairs)) == len(pairs)
        self.asked = dict(pairs)
        assert self.asked["response_type"] == "code"
        assert self.asked["client_id"] == CLIENT_ID
        assert CLIENT_SECRET not in url
        assert ("code_challenge" in self.asked) == self.pkce
        code = f"code-{len(self._codes)}"
        self._codes[code] = self.asked
        return code

    def _token(self, asked: Asked) -> Reply:
        if dict(asked.query) != dict(self.token_query):
            return reply({"error": "invalid_request"}, 400)
        sent = asked.json if self.body == "json" else asked.form
        if self.client_auth == "basic":
            user, password = asked.basic
            client = (unquote_plus(user), unquote_plus(password))
            assert "client_secret" not in sent
        else:
            client = (sent.get("client_id", ""), sent.get("client_secret", ""))
            assert "authorization" not in asked.headers
        if client != (CLIENT_ID, CLIENT_SECRET):
            return self.refusal(self.bad_client)
        if sent["grant_type"] == "refresh_token":
            if sent["refresh_token"] not in self._refresh:
                return self.refusal("invalid_grant")
            if self.rotates:
                self._refresh.remove(sent["refresh_token"])
            return self._grant(refresh=self.rotates)
        request = self._codes.pop(sent["code"], None)
        if request is None or request["redirect_uri"] != sent["redirect_uri"]:
            return self.refusal(self.bad_code)
        if self.pkce:
            digest = hashlib.sha256(sent["code_verifier"].encode()).digest()
            challenge = base64.urlsafe_b64encode(digest).rstrip(b"=").decode()
            if request["code_challenge_method"] != "S256" or request["code_challenge"] != challenge:
                return self.refusal("invalid_grant")
        return self._grant(refresh=True)

    def _grant(self, *, refresh: bool) -> Reply:
        self._count += 1
        token = f"access-{self._count}"
        self.live.add(token)
        given: dict[str, object] = {"access_token": token, "token_type": "Bearer", "expires_in": 1800}
        if refresh:
            given["refresh_token"] = f"refresh-{self._count}"
        answer = self.answer(given)
        if isinstance(answer.get("refresh_token"), str):
            self._refresh.add(str(answer["refresh_token"]))
        return reply(answer)
