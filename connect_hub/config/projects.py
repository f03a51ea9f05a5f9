"""The tenants of the hub, and the endpoints that their events are posted to."""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from connect_hub.config.checks import NAME, as_names, as_secrets, refuse, require, split_web_address
from connect_hub.errors import ConfigurationError
from connect_hub.events import DEFAULT_EVENTS, EVENT_NAMES
from connect_hub.secret import Secret
from connect_hub.webhooks.fields import header_problem
from connect_hub.webhooks.signing import secret_key

MIN_API_KEY_LENGTH = 32


@dataclass(frozen=True, slots=True, kw_only=True)
class Webhook:
    """An endpoint that events are posted to."""

    url: str
    """https; a private host must be named in `NetworkConfig.allow_private_hosts`."""
    secrets: Sequence[Secret | str]
    """`whsec_…`, newest first; every one signs, so that a receiver can change over in its own time."""
    events: frozenset[str] = DEFAULT_EVENTS
    name: str = ""
    """Names the endpoint in the database; empty: made from the URL. Keep it when the URL moves."""
    providers: frozenset[str] | None = None
    """The connectors whose events it gets; None: all, and what belongs to no connector too."""
    headers: Mapping[str, Secret | str] = field(default_factory=dict)
    """Header fields that are sent along, such as one that your gateway asks for."""

    def __post_init__(self) -> None:
        split_web_address(
            "webhook.url", self.url, insecure_dev=True, example="https://app.example.com/webhooks"
        )
        if self.providers is not None:
            object.__setattr__(self, "providers", as_names("webhook.providers", self.providers))
        if not isinstance(self.headers, Mapping):
            raise refuse("webhook.headers", "this is no mapping", 'Write {"X-Gateway-Key": "…"}.')
        object.__setattr__(self, "headers", self.secret_headers)
        for name, value in self.secret_headers.items():
            problem = header_problem(name, value)
            if problem is not None:
                raise refuse("webhook.headers", f"{name!r} {problem}", "Change it, or leave it out.")
        object.__setattr__(self, "events", as_names("webhook.events", self.events))
        object.__setattr__(self, "secrets", as_secrets("webhook.secrets", self.secrets))
        parts = urlsplit(self.url)
        which = f"{f'{self.name!r} ' if self.name else ''}at {parts.scheme}://{parts.netloc}"
        if not self.secrets:
            raise refuse(
                "webhook.secrets",
                f"the endpoint {which} has none",
                "Make one with `connect-hub webhooks secret`.",
            )
        for secret in self.signing_secrets:
            if not secret.reveal().strip():
                raise refuse(
                    "webhook.secrets",
                    f"one of the endpoint {which} is empty",
                    "Make one with `connect-hub webhooks secret`.",
                )
            try:
                secret_key(secret)
            except ConfigurationError as error:
                raise refuse(
                    "webhook.secrets", f"one of the endpoint {which} cannot sign", error.message
                ) from None
        unknown = sorted(set(self.events) - EVENT_NAMES)
        if unknown:
            raise refuse(
                "webhook.events",
                f"{unknown[0]!r} is not an event",
                f"Choose from {', '.join(sorted(EVENT_NAMES))}.",
            )
        if not self.name:
            object.__setattr__(self, "name", hashlib.sha256(self.url.encode()).hexdigest()[:12])
        if not NAME.fullmatch(self.name):
            raise refuse(
                "webhook.name", f"{self.name!r} is not a name", "Use letters, digits, '.', '_', '-'."
            )

    @property
    def signing_secrets(self) -> tuple[Secret, ...]:
        """`secrets`, each as a Secret."""
        return as_secrets("webhook.secrets", self.secrets)

    @property
    def secret_headers(self) -> dict[str, Secret]:
        """`headers`, each value as a Secret."""
        return dict(zip(self.headers, as_secrets("webhook.headers", [*self.headers.values()]), strict=True))


@dataclass(frozen=True, slots=True, kw_only=True)
class Project:
    """A tenant of the hub."""

    api_keys: Sequence[Secret | str] = ()
    """Keys kept in configuration instead of the database: any text of 32 characters or more, no comma."""
    connectors: frozenset[str] | None = None
    """The enabled ones of the hub's connectors; None: all."""
    webhooks: Sequence[Webhook] = ()
    session_webhook_secret: Secret | str | None = None
    """`whsec_…`, for development: with it a session may name a `webhook_url` of its own, and this signs what
    is posted there. None: none may."""

    def __post_init__(self) -> None:
        if self.session_webhook_secret is not None:
            [secret] = as_secrets("project.session_webhook_secret", [self.session_webhook_secret])
            try:
                secret_key(secret)
            except ConfigurationError as error:
                raise refuse("project.session_webhook_secret", "it cannot sign", error.message) from None
            object.__setattr__(self, "session_webhook_secret", secret)
        object.__setattr__(self, "api_keys", as_secrets("project.api_keys", self.api_keys))
        if self.connectors is not None:
            object.__setattr__(self, "connectors", as_names("project.connectors", self.connectors))
        for key in self.secret_api_keys:
            text = key.reveal()
            if len(text) < MIN_API_KEY_LENGTH or "," in text:
                raise refuse(
                    "project.api_keys",
                    "a key is shorter than 32 characters or has a comma",
                    "Make one with `connect-hub api-keys create`.",
                )
        if isinstance(self.webhooks, Webhook):
            raise refuse("project.webhooks", "this is one endpoint, not a list", "Write it in brackets.")
        for webhook in self.webhooks:
            require("project.webhooks", webhook, Webhook, "Write [Webhook(url=…, secrets=[…])].")
        names = [webhook.name for webhook in self.webhooks]
        if len(set(names)) != len(names):
            raise refuse("project.webhooks", "two endpoints have the same name", "Give each its own name.")

    @property
    def secret_api_keys(self) -> tuple[Secret, ...]:
        """`api_keys`, each as a Secret."""
        return as_secrets("project.api_keys", self.api_keys)
