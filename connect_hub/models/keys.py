"""What callers are known by: keys of the REST API, and the addresses that providers call."""

from dataclasses import dataclass
from datetime import datetime

__all__ = ["ApiKey", "Trigger"]


@dataclass(frozen=True, slots=True)
class ApiKey:
    """One API key of one project. Only the SHA-256 of its secret is kept."""

    id: str
    project_id: str
    secret_hash: bytes
    name: str
    created_at: datetime
    last_used_at: datetime | None = None
    revoked_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Trigger:
    """Where a provider's own webhook can be pointed at, for one account. Its token is not kept, only the
    SHA-256 of it, and what it is made from again."""

    account_id: str
    project_id: str
    token_hash: bytes
    nonce: str
    """128 random bits; another one makes another token."""
    key_id: str
    """The key that the token was made under."""
    created_at: datetime
