"""Tries at a provider, and how far customers came."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum

__all__ = ["Attempt", "AttemptStatus", "OAuthState", "Step", "StepKind"]


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
