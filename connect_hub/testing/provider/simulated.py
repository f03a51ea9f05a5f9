"""`SimulatedProvider`: an OAuth 2.0 authorization server and an API, as one ASGI application in memory."""

import atexit
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route
from starlette.types import Receive, Scope, Send

from connect_hub.clock import Clock, SystemClock
from connect_hub.config import NetworkConfig
from connect_hub.connectors.definition import Connector
from connect_hub.secret import Secret
from connect_hub.testing.provider.api import ProviderApi, new_key
from connect_hub.testing.provider.authorization_endpoint import AuthorizationEndpoint
from connect_hub.testing.provider.broken import broken_answer, unavailable
from connect_hub.testing.provider.clients import ProviderClient
from connect_hub.testing.provider.connectors import key_connector, oauth_connector
from connect_hub.testing.provider.consent import ConsentDesk
from connect_hub.testing.provider.faults import Fault, FaultPoint, Faults
from connect_hub.testing.provider.grants import Family, GrantBook, Token
from connect_hub.testing.provider.pages import Face
from connect_hub.testing.provider.parameters import Parameters
from connect_hub.testing.provider.policy import ProviderPolicy
from connect_hub.testing.provider.records import RecordedRequest, Records
from connect_hub.testing.provider.token_endpoint import TokenEndpoint
from connect_hub.testing.provider.users import ProviderUser
from connect_hub.testing.serving import serving

__all__ = ["SimulatedProvider"]

_SYSTEM_CLOCK = SystemClock()
_DEFAULT_POLICY = ProviderPolicy()


class SimulatedProvider:
    """A provider to connect to, for a host's tests and demonstrations.

    | path | is |
    |---|---|
    | `/oauth/authorize`, `/oauth/consent` | sign-in and consent of a person, code grant with PKCE |
    | `/oauth/token`, `/oauth/revoke` | tokens, with refresh rotation and reuse detection; revocation |
    | `/.well-known/oauth-authorization-server` | metadata (RFC 8414) |
    | `/api/v1/me`, `/api/v1/employees` | an API that takes API keys and access tokens |

    Use it as an ASGI application, or over a real socket: `with provider.serve() as base_url`. Nothing is
    kept on disk; `requests` and `calls` are for assertions, `faults` make it fail.
    """

    def __init__(
        self,
        *,
        clients: Sequence[ProviderClient] = (),
        users: Sequence[str] = ("Ada Lovelace", "Grace Hopper"),
        policy: ProviderPolicy = _DEFAULT_POLICY,
        clock: Clock = _SYSTEM_CLOCK,
        name: str = "Acme",
        base_url: str = "https://provider.test",
    ) -> None:
        self.name = name
        self.base_url = base_url
        """Where it is reached, and its issuer. `serve()` sets it; requests never do."""
        self.faults = Faults()
        self.policy = policy
        self._clock = clock
        self._clients = {client.client_id: client for client in clients}
        self._records = Records()
        self._grants = GrantBook(policy=policy, clock=clock)
        self._tokens = TokenEndpoint(clients=self._clients, policy=policy, grants=self._grants)
        self._api = ProviderApi(grants=self._grants)
        self._authorization = AuthorizationEndpoint(
            clients=self._clients,
            policy=policy,
            grants=self._grants,
            desk=ConsentDesk(clock=clock),
            face=Face(name, tuple(ProviderUser(user) for user in users)),
            issuer=lambda: self.base_url,
        )
        self._app = Starlette(
            routes=[
                self._route("/.well-known/oauth-authorization-server", "metadata", self._metadata),
                self._route(
                    "/oauth/authorize", "authorize", self._authorization.authorize, FaultPoint.AUTHORIZE
                ),
                self._route("/oauth/consent", "consent", self._authorization.consent, methods=("POST",)),
                self._route("/oauth/token", "token", self._token, FaultPoint.TOKEN, ("POST",)),
                self._route("/oauth/revoke", "revoke", self._revoke, FaultPoint.REVOKE, ("POST",)),
                self._route("/api/v1/me", "me", self._me, FaultPoint.API),
                self._route("/api/v1/employees", "employees", self._employees, FaultPoint.API),
                Route("/favicon.ico", _nothing),
            ],
            max_body_size=65_536,
        )

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await self._app(scope, receive, send)

    @contextmanager
    def serve(self) -> Iterator[str]:
        """Serve on a free port of 127.0.0.1 from a thread; yields the base URL. Needs uvicorn."""
        with serving(self, before_stop=self.faults.clear) as base_url:
            self.base_url = base_url
            yield base_url

    def start(self) -> str:
        """Serve as `serve` does, until the process ends: to try an application out with. The base URL."""
        running = ExitStack()
        base_url = running.enter_context(self.serve())
        atexit.register(running.close)
        return base_url

    @property
    def network(self) -> NetworkConfig:
        """With it a hub may reach where it is served now: plain http, at this port of this machine."""
        host = self.base_url.partition("//")[2]
        return NetworkConfig(insecure_dev=True, allow_private_hosts=frozenset({host}))

    def connector(self, base_url: str | None = None) -> Connector:
        """The connector `simulated` (OAuth 2), for where this provider is reached now. Give it a client:
        `OAuth(provider.connector(), client_id=…, client_secret=…)`, and `add_client` the same here."""
        return oauth_connector(base_url=base_url or self.base_url, name=self.name, iss=self.policy.send_iss)

    def key_connector(self, base_url: str | None = None) -> Connector:
        """The connector `simulated-key` (API key), for where this provider is reached now."""
        return key_connector(base_url=base_url or self.base_url, name=self.name)

    # --- what a test sets up and plays ---

    def add_client(self, client: ProviderClient) -> None:
        """Register an application, or replace the one with its id."""
        self._clients[client.client_id] = client

    def add_api_key(
        self,
        *,
        user: str = "Ada Lovelace",
        key: Secret | None = None,
        scopes: Sequence[str] = ("profile", "employees"),
    ) -> Secret:
        """An API key of `user`, random unless given. Leave a scope out to see a 403."""
        key = new_key() if key is None else key
        self._api.add_key(key, ProviderUser(user), tuple(scopes))
        return key

    def remove_api_key(self, key: Secret) -> None:
        """The key stops working."""
        self._api.remove_key(key)

    def approve(self, authorization_url: str, *, user: str = "Ada Lovelace") -> str:
        """Play the person who allows: the address that their browser is sent back to, code and all.

        `authorization_url` is what the application redirected to. Raises ValueError where the person would
        see an error page.
        """
        fault = self.faults.take(FaultPoint.AUTHORIZE)
        return self._authorization.played(authorization_url, ProviderUser(user), fault)

    def deny(self, authorization_url: str) -> str:
        """Play the person who denies."""
        return self._authorization.played(authorization_url, None, self.faults.take(FaultPoint.AUTHORIZE))

    def withdraw(self, user: str = "Ada Lovelace") -> int:
        """Play the person who removes the application at the provider; how many sign-ins that ended."""
        return self._grants.withdraw(ProviderUser(user))

    # --- what a test looks at ---

    @property
    def requests(self) -> tuple[RecordedRequest, ...]:
        """Every request so far. Secrets are in them: for memory, not for logs."""
        return self._records.all()

    @property
    def calls(self) -> Counter[str]:
        """Requests by endpoint: metadata, authorize, consent, token, revoke, me, employees."""
        return self._records.counts()

    def forget_requests(self) -> None:
        """Count from zero."""
        self._records.clear()

    def inspect(self, token: str | Secret) -> Token | None:
        """What has become of an access or refresh token; None if it was never issued here."""
        return self._grants.find(token.reveal() if isinstance(token, Secret) else token)

    @property
    def families(self) -> tuple[Family, ...]:
        """Every sign-in that led to tokens, in order."""
        return self._grants.families()

    # --- the endpoints ---

    def _route(
        self,
        path: str,
        endpoint: str,
        answer: Callable[[Request, Parameters, Fault | None], Response],
        point: FaultPoint | None = None,
        methods: tuple[str, ...] = ("GET",),
    ) -> Route:
        async def handle(request: Request) -> Response:
            posted = request.method == "POST"
            try:
                parameters = Parameters.parse(
                    await _form(request) if posted else request.scope["query_string"]
                )
            except ValueError:
                parameters = None
            self._record(endpoint, request, parameters if posted else None)
            if parameters is None:
                return _malformed()
            if point is None:
                return answer(request, parameters, None)
            await self.faults.pause(point)
            fault = self.faults.take(point)
            response = broken_answer(fault, point, self.faults) or answer(request, parameters, fault)
            return unavailable() if fault is Fault.ANSWER_LOST else response

        return Route(path, handle, methods=list(methods), name=endpoint)

    def _record(self, endpoint: str, request: Request, form: Parameters | None) -> None:
        self._records.add(
            RecordedRequest(
                endpoint=endpoint,
                method=request.method,
                path=request.scope["path"],
                at=self._clock.now(),
                query=request.scope["query_string"].decode("latin-1"),
                headers=dict(request.headers),
                form={} if form is None else form.as_dict(),
            )
        )

    def _metadata(self, request: Request, parameters: Parameters, fault: Fault | None) -> Response:
        base = self.base_url
        auth_methods = ["client_secret_basic", "client_secret_post", "none"]
        return JSONResponse(
            {
                "issuer": base,
                "authorization_endpoint": f"{base}/oauth/authorize",
                "token_endpoint": f"{base}/oauth/token",
                "revocation_endpoint": f"{base}/oauth/revoke",
                "scopes_supported": list(self.policy.scopes),
                "response_types_supported": ["code"],
                "response_modes_supported": ["query"],
                "grant_types_supported": ["authorization_code", "refresh_token", "client_credentials"],
                "token_endpoint_auth_methods_supported": auth_methods,
                "revocation_endpoint_auth_methods_supported": auth_methods,
                "code_challenge_methods_supported": ["S256"],
                "authorization_response_iss_parameter_supported": self.policy.send_iss,
            }
        )

    def _token(self, request: Request, form: Parameters, fault: Fault | None) -> Response:
        return self._tokens.token(request.headers.get("authorization"), form, fault)

    def _revoke(self, request: Request, form: Parameters, fault: Fault | None) -> Response:
        return self._tokens.revoke(request.headers.get("authorization"), form)

    def _me(self, request: Request, parameters: Parameters, fault: Fault | None) -> Response:
        return self._api.me(request.headers.get("authorization"))

    def _employees(self, request: Request, parameters: Parameters, fault: Fault | None) -> Response:
        return self._api.employees(request.headers.get("authorization"))


async def _nothing(request: Request) -> Response:
    # Browsers ask by themselves; a 404 would be an error on the console of a host's browser test.
    return Response(status_code=204)


async def _form(request: Request) -> bytes:
    """The encoded form, up to the application's limit; empty for another content type."""
    content_type = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    body = await request.body()
    return body if content_type == "application/x-www-form-urlencoded" else b""


def _malformed() -> Response:
    return JSONResponse({"error": "invalid_request", "error_description": "Not a form."}, 400)
