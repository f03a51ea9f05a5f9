"""What a link stands for, and the browsers that opened it."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from connect_hub.models.accounts import AccountType
from connect_hub.models.categories import Category
from connect_hub.models.json import Json

__all__ = ["Binding", "Session", "SessionStatus", "Visit"]


class SessionStatus(StrEnum):
    """Where a connect session stands; `expired` is computed, the others are stored."""

    OPEN = "open"
    USED = "used"
    EXPIRED = "expired"
    REVOKED = "revoked"


class Binding(StrEnum):
    """How the person who opens a link is tied to it; `HOST_IDENTITY` is the stronger."""

    CONFIRM = "confirm"
    """The person confirms, on a page that names the product, who asks and what for."""
    HOST_IDENTITY = "host_identity"
    """The host names who is signed in, and that must be the session's owner."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Session:
    """A connect session: what the host asked for, for one owner, with its limits."""

    id: int
    """53 random bits: a name, never a secret."""
    project_id: str
    jti: str
    """128 random bits; the token names the session by it."""
    origin_owner_id: str
    origin_owner_name: str
    created_at: datetime
    expires_at: datetime
    origin_username: str | None = None
    categories: tuple[Category, ...] | None = None
    provider: str | None = None
    providers: tuple[str, ...] | None = None
    account_id: str | None = None
    label: str | None = None
    metadata: Mapping[str, Json] | None = None
    setup_information: Mapping[str, str] | None = None
    multiple: bool = False
    type: AccountType = AccountType.PRODUCTION
    return_url: str | None = None
    state: str | None = None
    max_connects: int | None = None
    binding: Binding = Binding.CONFIRM
    manage: bool = False
    locale: str | None = None
    opens: int = 0
    """How often a person pressed Continue."""
    connects: int = 0
    """How many connections succeeded, new and reconnected alike."""
    used_at: datetime | None = None
    """When the last permitted connection succeeded."""
    revoked_at: datetime | None = None

    def status(self, now: datetime) -> SessionStatus:
        """The status at `now`. Revoked outranks used, used outranks expired."""
        if self.revoked_at is not None:
            return SessionStatus.REVOKED
        if self.used_at is not None:
            return SessionStatus.USED
        return SessionStatus.EXPIRED if now >= self.expires_at else SessionStatus.OPEN


@dataclass(frozen=True, slots=True, kw_only=True)
class Visit:
    """One browser that opened a link and confirmed. Its cookie's SHA-256 is `secret_hash`."""

    name: str
    """8 hexadecimal digits: part of the page addresses and of the cookie's name; not a secret."""
    secret_hash: bytes
    session_id: int
    created_at: datetime
    last_seen_at: datetime
    subject: str | None = None
    """The owner that the host named when the visit was made, under `Binding.HOST_IDENTITY`; None: nobody was
    signed in, or the link was not bound. A record for whoever looks into a visit afterwards: the hub does
    not decide by it, but asks the host again."""
    embedded: bool = False
    """The hub stands in a frame of the host's page. Nobody confirmed there, so nobody is sent to a provider
    from it: that is done in a window of its own, after a confirmation."""
    attempt_id: str | None = None
    """The one attempt that the visit is for: a window in which an embedded hub has somebody sign in at a
    provider. None: any."""

    def is_live(self, now: datetime, *, idle: timedelta, absolute: timedelta) -> bool:
        """Whether it may still be used at `now`."""
        return now < self.last_seen_at + idle and now < self.created_at + absolute
