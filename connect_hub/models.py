"""The nouns of the hub as plain, frozen values: what storage takes and gives, and what flows return.

Instants are aware UTC with whole milliseconds. Nothing here does input or output.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum

__all__ = [
    "Account",
    "AccountStatus",
    "AccountType",
    "ApiKey",
    "Attempt",
    "AttemptStatus",
    "Binding",
    "Category",
    "Json",
    "OAuthState",
    "ProviderIdentity",
    "Session",
    "SessionStatus",
    "StatusReason",
    "Step",
    "StepKind",
    "Trigger",
    "Visit",
]

Json = None | bool | int | float | str | list["Json"] | dict[str, "Json"]


class Category(StrEnum):
    """What kind of tool a provider is; the values are those of the wire contract."""

    ATS = "ats"
    HRIS = "hris"
    HRIS_LEGACY = "hris-legacy"
    CRM = "crm"
    IAM = "iam"
    MARKETING = "marketing"
    LMS = "lms"
    STACKONE = "stackone"
    DOCUMENTS = "documents"
    TICKETING = "ticketing"
    SCREENING = "screening"
    MESSAGING = "messaging"
    ACCOUNTING = "accounting"
    SCHEDULING = "scheduling"


class AccountType(StrEnum):
    """Whether an account is used in earnest."""

    PRODUCTION = "production"
    TEST = "test"


class AccountStatus(StrEnum):
    """What can be done with an account; `inactive` is computed, never stored."""

    ACTIVE = "active"
    """Its credentials are valid."""
    INACTIVE = "inactive"
    """Its connector is disabled on the project; it comes back with the connector."""
    SUSPENDED = "suspended"
    """Paused by hand; the credentials are kept."""
    EXPIRED = "expired"
    """Its credentials ran out or were withdrawn; the customer must connect again."""
    ERROR = "error"
    """Calls keep failing for another reason; see `status_reasons`."""


class SessionStatus(StrEnum):
    """Where a connect session stands; `expired` is computed, the others are stored."""

    OPEN = "open"
    USED = "used"
    EXPIRED = "expired"
    REVOKED = "revoked"


class AttemptStatus(StrEnum):
    """Where one try at one provider stands. All but the first three are final."""

    PENDING = "pending"
    REDIRECTED = "redirected"
    """The browser was sent to the provider's sign-in."""
    AWAITING_VERIFIER = "awaiting_verifier"
    """Reserved for a binding in which the host confirms before the exchange."""
    AUTHENTICATED = "authenticated"
    ERROR = "error"
    CANCELLED = "cancelled"
    EXPIRED = "expired"


class StepKind(StrEnum):
    """How far a customer came; in the order of the way."""

    OPENED = "opened"
    """Confirmed the link: a visit began."""
    PICKED = "picked"
    """Looked at the form of a provider."""
    SUBMITTED = "submitted"
    """Sent that form."""
    REDIRECTED = "redirected"
    """Was sent to the provider's own sign-in."""
    RETURNED = "returned"
    """Came back from there, with whatever answer."""
    FAILED = "failed"
    """The try did not succeed; the step's `error_code` says why."""
    CONNECTED = "connected"
    ABANDONED = "abandoned"
    """Left without a connection, or said that the link was meant for somebody else."""


class Binding(StrEnum):
    """How the person who opens a link is tied to it; `HOST_IDENTITY` is the stronger."""

    CONFIRM = "confirm"
    """The person confirms, on a page that names the product, who asks and what for."""
    HOST_IDENTITY = "host_identity"
    """The host names who is signed in, and that must be the session's owner."""


@dataclass(frozen=True, slots=True)
class ProviderIdentity:
    """Who an account is at the provider."""

    id: str
    name: str | None = None
    email: str | None = None


@dataclass(frozen=True, slots=True)
class StatusReason:
    """Why an account is not active."""

    code: str
    description: str
    timestamp: datetime


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


@dataclass(frozen=True, slots=True, kw_only=True)
class Attempt:
    """One try at one provider."""

    id: str
    """128 random bits or more."""
    session_id: int
    project_id: str
    provider: str
    created_at: datetime
    updated_at: datetime
    visit_name: str | None = None
    method: str | None = None
    status: AttemptStatus = AttemptStatus.PENDING
    values: Mapping[str, str] = field(default_factory=dict)
    """Plain field values as typed; never a secret."""
    error_code: str | None = None
    error_description: str | None = None
    """Our own sentence, without anything the customer typed."""
    account_id: str | None = None
    """The account that it made or renewed; before that, the one that it is to renew, where one was picked."""
    held: bytes | None = None
    """Sealed credentials that passed their test and wait for the customer's word, because they belong to
    another account at the provider than before."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One step of a customer on the way through a session; nothing that was typed is in it."""

    session_id: int
    project_id: str
    kind: StepKind
    at: datetime
    visit_name: str | None = None
    provider: str | None = None
    method: str | None = None
    attempt_id: str | None = None
    error_code: str | None = None
    took: timedelta | None = None
    """Of a connection: how long after the session's first step at this provider."""


@dataclass(frozen=True, slots=True, kw_only=True)
class OAuthState:
    """What an authorization request must be finished with; found by the SHA-256 of its `state`."""

    state_hash: bytes
    attempt_id: str
    session_id: int
    project_id: str
    provider: str
    method: str
    visit_name: str
    redirect_uri: str
    sealed: bytes
    """Sealed: the PKCE verifier, the authorization URL and the field values."""
    created_at: datetime
    expires_at: datetime
    issuer: str | None = None
    used_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """A linked account: one owner's connection to one provider. It carries no credentials."""

    id: str
    project_id: str
    provider: str
    method: str
    origin_owner_id: str
    origin_owner_name: str
    created_at: datetime
    updated_at: datetime
    origin_username: str | None = None
    type: AccountType = AccountType.PRODUCTION
    slot: str | None = ""
    """`''`: the owner's one account of this provider and type; None: one of several."""
    label: str | None = None
    metadata: Mapping[str, Json] = field(default_factory=dict)
    setup_information: Mapping[str, str] = field(default_factory=dict)
    """The form's values that are not secret."""
    status: AccountStatus = AccountStatus.ACTIVE
    """As stored: never `inactive`."""
    status_reasons: tuple[StatusReason, ...] = ()
    identity: ProviderIdentity | None = None
    session_id: int | None = None
    """The session that connected it last."""
    generation: int = 1
    """Rises by one with every write of the credentials; part of what they are sealed to."""
    key_id: str | None = None
    """The key that sealed the credentials."""
    sequence: int = 0
    """The number of its newest event."""
    expires_at: datetime | None = None
    """When the access token runs out; None: unknown or never."""
    last_refreshed_at: datetime | None = None
    last_used_at: datetime | None = None
    refresh_lease_until: datetime | None = None
    refresh_epoch: int = 0
    asked_scopes: tuple[str, ...] = ()
    granted_scopes: tuple[str, ...] = ()
    stored_status: AccountStatus | None = None
    """What `status` hides while the connector is off; None: nothing. It is not stored."""

    @property
    def is_suspended(self) -> bool:
        """Whether it was suspended and not resumed, also while its connector is off."""
        return AccountStatus.SUSPENDED in {self.status, self.stored_status}
