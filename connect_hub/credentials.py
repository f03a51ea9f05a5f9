"""`Credentials`: what a provider accepts for one account, as opened from the vault."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from connect_hub.secret import Secret

__all__ = ["Credentials"]


@dataclass(frozen=True, slots=True)
class Credentials:
    """The secrets of one account and the facts that go with them.

    `to_json` is the plaintext that the vault seals; nothing else may serialize this object.
    """

    method: str
    """The auth method's key in the connector, such as `oauth2` or `api_key`."""
    secrets: Mapping[str, Secret]
    """By name: a form field's key, or `access_token`, `refresh_token`, `id_token`."""
    variables: Mapping[str, str] = field(default_factory=dict)
    """Values that are not secret and that templates use: form fields, and facts of the token answer such
    as `instance_url`."""
    expires_at: datetime | None = None
    """When the access token runs out; None: unknown or never."""
    granted_scopes: tuple[str, ...] = ()

    def to_json(self) -> bytes:
        """JSON with the secrets in plain text."""
        document = {
            "method": self.method,
            "secrets": {name: secret.reveal() for name, secret in self.secrets.items()},
            "variables": dict(self.variables),
            "expires_at": None if self.expires_at is None else self.expires_at.isoformat(),
            "granted_scopes": list(self.granted_scopes),
        }
        # ASCII alone: an encoding error would carry the whole plaintext in its repr.
        return json.dumps(document, separators=(",", ":")).encode("ascii")

    @classmethod
    def from_json(cls, plaintext: bytes) -> "Credentials":
        """The inverse of `to_json`."""
        document = json.loads(plaintext)
        expires_at = document["expires_at"]
        return cls(
            method=document["method"],
            secrets={name: Secret(text) for name, text in document["secrets"].items()},
            variables=document["variables"],
            expires_at=None if expires_at is None else datetime.fromisoformat(expires_at),
            granted_scopes=tuple(document["granted_scopes"]),
        )
