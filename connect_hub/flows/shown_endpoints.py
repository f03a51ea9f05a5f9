"""Webhook endpoints as their project sees them."""

from dataclasses import dataclass, field
from datetime import datetime

from connect_hub.config import Webhook
from connect_hub.events import DEFAULT_EVENTS
from connect_hub.flows.receivers import Contents
from connect_hub.secret import Secret
from connect_hub.storage.protocol import WebhookEndpoint

__all__ = ["Endpoint", "IssuedEndpoint", "SecretLife", "configured_endpoint", "stored_endpoint"]


@dataclass(frozen=True, slots=True)
class SecretLife:
    """How long a secret signs; never the secret itself."""

    created_at: datetime | None
    """None for one of the configuration."""
    expires_at: datetime | None
    """None: until it is rotated."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Endpoint:
    """A webhook endpoint as its project sees it."""

    id: str
    project_id: str
    source: str
    """`database`, or `config` for one of the configuration, which can only be changed there."""
    url: str
    description: str | None
    events: tuple[str, ...]
    providers: tuple[str, ...] | None
    header_names: tuple[str, ...]
    secrets: tuple[SecretLife, ...]
    """Those that sign now, newest first."""
    enabled: bool
    disabled_at: datetime | None
    disabled_reason: str | None
    failing_since: datetime | None
    created_at: datetime | None
    updated_at: datetime | None


@dataclass(frozen=True, slots=True)
class IssuedEndpoint:
    """An endpoint and its new secret, which is shown this once."""

    endpoint: Endpoint
    secret: Secret = field(repr=False)


def stored_endpoint(one: WebhookEndpoint, contents: Contents, now: datetime) -> Endpoint:
    """One of the database, with its seal open."""
    return Endpoint(
        id=one.id,
        project_id=one.project_id,
        source="database",
        url=one.url,
        description=one.description,
        events=tuple(sorted(DEFAULT_EVENTS)) if one.events is None else one.events,
        providers=one.providers,
        header_names=tuple(contents.headers),
        secrets=tuple(SecretLife(s.created_at, s.expires_at) for s in contents.secrets if s.is_live(now)),
        enabled=one.enabled,
        disabled_at=one.disabled_at,
        disabled_reason=one.disabled_reason,
        failing_since=one.failing_since,
        created_at=one.created_at,
        updated_at=one.updated_at,
    )


def configured_endpoint(one: Webhook, project: str) -> Endpoint:
    """One of the configuration."""
    return Endpoint(
        id=one.name,
        project_id=project,
        source="config",
        url=one.url,
        description=None,
        events=tuple(sorted(one.events)),
        providers=None if one.providers is None else tuple(sorted(one.providers)),
        header_names=tuple(one.headers),
        secrets=tuple(SecretLife(None, None) for _ in one.secrets),
        enabled=True,
        disabled_at=None,
        disabled_reason=None,
        failing_since=None,
        created_at=None,
        updated_at=None,
    )
