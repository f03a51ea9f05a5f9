"""Endpoints of the database as deliveries need them: with their seals open."""

import json
import secrets
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

from connect_hub.config import Webhook
from connect_hub.events import EVENT_NAMES
from connect_hub.models import Session
from connect_hub.secret import Secret
from connect_hub.storage.protocol import WebhookEndpoint
from connect_hub.storage.rows import instant, milliseconds
from connect_hub.vault import Vault
from connect_hub.webhooks.targets import webhook_target

__all__ = [
    "ConfiguredReceiver",
    "Contents",
    "SigningSecret",
    "StoredReceiver",
    "opened",
    "sealed",
    "session_endpoint",
    "targets_of",
]

_FIELD = "webhook_endpoint"


@dataclass(frozen=True, slots=True)
class SigningSecret:
    """One secret of an endpoint."""

    secret: Secret = field(repr=False)
    created_at: datetime
    expires_at: datetime | None = None
    """When it stops to sign; None: the newest."""

    def is_live(self, now: datetime) -> bool:
        return self.expires_at is None or now < self.expires_at


@dataclass(frozen=True, slots=True)
class Contents:
    """What is sealed in an endpoint's row."""

    secrets: tuple[SigningSecret, ...]
    """Newest first; some may have expired."""
    headers: Mapping[str, Secret]


@dataclass(frozen=True, slots=True)
class StoredReceiver:
    """A `webhooks.delivery.Receiver` of the database."""

    url: str
    signing_secrets: Sequence[Secret]
    headers: Mapping[str, Secret]

    @classmethod
    def of(cls, endpoint: WebhookEndpoint, vault: Vault, now: datetime) -> "StoredReceiver":
        """Raises CredentialsUnreadable."""
        contents = opened(endpoint, vault)
        live = [one.secret for one in contents.secrets if one.is_live(now)]
        return cls(endpoint.url, live, contents.headers)


@dataclass(frozen=True, slots=True)
class ConfiguredReceiver:
    """A `webhooks.delivery.Receiver` of the configuration."""

    url: str
    signing_secrets: Sequence[Secret]
    headers: Mapping[str, Secret]

    @classmethod
    def of(cls, webhook: Webhook) -> "ConfiguredReceiver":
        return cls(webhook.url, webhook.signing_secrets, webhook.secret_headers)


def opened(endpoint: WebhookEndpoint, vault: Vault) -> Contents:
    """What is sealed in the row. Raises CredentialsUnreadable."""
    text = vault.open(
        endpoint.sealed,
        project_id=endpoint.project_id,
        account_id=endpoint.id,
        field=_FIELD,
        generation=endpoint.generation,
    )
    stored = json.loads(text)
    return Contents(
        secrets=tuple(
            SigningSecret(Secret(secret), instant(created), None if expires is None else instant(expires))
            for secret, created, expires in stored["secrets"]
        ),
        headers={name: Secret(value) for name, value in stored["headers"].items()},
    )


def sealed(endpoint: WebhookEndpoint, contents: Contents, vault: Vault) -> WebhookEndpoint:
    """The endpoint with `contents` in place of what it has, as its next generation."""
    stored = {
        "secrets": [
            [
                one.secret.reveal(),
                milliseconds(one.created_at),
                None if one.expires_at is None else milliseconds(one.expires_at),
            ]
            for one in contents.secrets
        ],
        "headers": {name: value.reveal() for name, value in contents.headers.items()},
    }
    generation = endpoint.generation + 1
    seal = vault.seal(
        json.dumps(stored).encode(),
        project_id=endpoint.project_id,
        account_id=endpoint.id,
        field=_FIELD,
        generation=generation,
    )
    return replace(endpoint, sealed=seal, generation=generation, key_id=vault.key_id(seal))


def session_endpoint(session: Session, url: str, secret: Secret, vault: Vault) -> WebhookEndpoint:
    """An endpoint of this session alone, which gets all its events."""
    new = WebhookEndpoint(
        id="ep_" + secrets.token_hex(16),
        project_id=session.project_id,
        session_id=session.id,
        url=url,
        events=tuple(sorted(name for name in EVENT_NAMES if not name.startswith("webhook_endpoint."))),
        generation=0,
        key_id="",
        sealed=b"",
        created_at=session.created_at,
        updated_at=session.created_at,
    )
    return sealed(new, Contents((SigningSecret(secret, session.created_at),), {}), vault)


def targets_of(endpoints: Iterable[WebhookEndpoint]) -> dict[str, WebhookEndpoint]:
    """Stored endpoints by their targets."""
    return {webhook_target(one.project_id, one.id): one for one in endpoints}
