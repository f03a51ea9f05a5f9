"""What a customer has connected."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from connect_hub.models.json import Json

__all__ = ["Account", "AccountStatus", "AccountType", "ProviderIdentity", "StatusReason"]


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
    hidden_status: AccountStatus | None = None
    """What `inactive` hides while the connector is off; else None. Set when read, never stored."""

    @property
    def is_suspended(self) -> bool:
        """Whether it was suspended and not resumed, also while its connector is off."""
        return AccountStatus.SUSPENDED in {self.status, self.hidden_status}
