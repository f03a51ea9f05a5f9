"""`Desk`: one shipped connector, and the way through it that a customer takes."""

from dataclasses import dataclass
from datetime import UTC, datetime

from connect_hub.auth.engine import Engines, FormSignIn
from connect_hub.auth.oauth2 import OAuth2Engine
from connect_hub.auth.pkce import challenge, new_verifier
from connect_hub.clock import FixedClock
from connect_hub.connectors.registry import ConnectorRegistry, OAuth
from connect_hub.credentials import Credentials
from connect_hub.secret import Secret
from tests.catalog.providers import CLIENT_ID, CLIENT_SECRET, OAuthProvider, Provider, Rerouted

NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)
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


def tokens(credentials: Credentials) -> dict[str, str]:
    return {name: secret.reveal() for name, secret in credentials.secrets.items()}
