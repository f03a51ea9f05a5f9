"""A provider that answers what a test says, and remembers what it was asked."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from urllib.parse import parse_qs

from connect_hub.auth.engine import Engines
from connect_hub.auth.oauth2 import OAuth2Engine
from connect_hub.clock import FixedClock
from connect_hub.connectors.registry import ConnectorRegistry, OAuth
from connect_hub.connectors.values import FieldValues
from connect_hub.credentials import Credentials
from connect_hub.net import Answer, Limits
from connect_hub.net.answer import Headers
from connect_hub.secret import Secret
from tests.connectors.example import connector

NOW = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
CLIENT_SECRET = "CANARY-client-secret"
TYPED = FieldValues(variables={"subdomain": "acme"})


@dataclass(frozen=True)
class Asked:
    """One request, with its secrets in plain text."""

    method: str
    url: str
    headers: Mapping[str, str]
    body: str

    @property
    def form(self) -> dict[str, str]:
        return {name: values[0] for name, values in parse_qs(self.body, keep_blank_values=True).items()}

    @property
    def json(self) -> dict[str, object]:
        document = json.loads(self.body)
        assert isinstance(document, dict)
        return document


def answer(body: object, status: int = 200) -> Answer:
    """An answer of JSON, or of bytes as they are."""
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    return Answer(status=status, headers=Headers([]), body=content)


class Provider:
    """An `HttpSender`: answers from a list in order, the last one for ever; an exception is raised."""

    def __init__(self, *answers: Answer | Exception) -> None:
        self.answers = list(answers)
        self.asked: list[Asked] = []

    async def send(
        self,
        method: str,
        url: str,
        *,
        headers: Mapping[str, str | Secret] | None = None,
        content: bytes | Secret | None = None,
        limits: Limits | None = None,
    ) -> Answer:
        plain = {k: v.reveal() if isinstance(v, Secret) else v for k, v in (headers or {}).items()}
        body = content.reveal() if isinstance(content, Secret) else (content or b"").decode()
        self.asked.append(Asked(method, url, plain, body))
        given = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        if isinstance(given, Exception):
            raise given
        return given


def engines(provider: Provider) -> Engines:
    return Engines(sender=provider, clock=FixedClock(NOW))


def oauth2(
    provider: Provider,
    changes: Mapping[str, object] | None = None,
    *,
    secret: str | None = CLIENT_SECRET,
    narrow: Callable[[OAuth], OAuth] = lambda item: item,
) -> OAuth2Engine:
    """The example's OAuth method, with the definition changed by dotted paths."""
    item = narrow(OAuth(connector(changes), client_id="client:1", client_secret=secret))
    engine = engines(provider).of(ConnectorRegistry([item]).get("example"), "oauth2")
    assert isinstance(engine, OAuth2Engine)
    return engine


def held(**changes: object) -> Credentials:
    """The credentials of an account of the example."""
    given: dict[str, object] = {
        "method": "oauth2",
        "secrets": {"access_token": Secret("CANARY-access-1"), "refresh_token": Secret("CANARY-refresh-1")},
        "variables": {"subdomain": "acme", "team_id": "T1"},
        "expires_at": NOW,
        "granted_scopes": ("read",),
    }
    return Credentials(**{**given, **changes})  # type: ignore[arg-type]  # a test's shorthand
