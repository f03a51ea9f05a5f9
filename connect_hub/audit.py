"""The audit log's entries, and who acts.

Who acts is a fact of the call at hand and not an argument of every use case: the edge that let somebody in (a
page, an API key, the command line) says it once with `acting_as`, and whatever is changed inside is noted
under that name. Calls of a host's own code, which names nobody, are not noted.
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from connect_hub.models import Json

__all__ = ["Actor", "ActorKind", "AuditAction", "AuditEntry", "act_as", "acting_as", "current_actor"]


class ActorKind(StrEnum):
    """By which way somebody came in."""

    OPERATOR = "operator"
    API_KEY = "api_key"
    COMMAND_LINE = "command_line"


class AuditAction(StrEnum):
    """What the log tells of. Nothing else is written into it."""

    ACCOUNT_CHANGED = "account.changed"
    ACCOUNT_CONVERTED = "account.converted"
    ACCOUNT_DELETED = "account.deleted"
    ACCOUNT_RESUMED = "account.resumed"
    ACCOUNT_SUSPENDED = "account.suspended"
    ACCOUNTS_EXPORTED = "accounts.exported"
    API_KEY_CREATED = "api_key.created"
    API_KEY_REVOKED = "api_key.revoked"
    AUDIT_EXPORTED = "audit.exported"
    CONNECTOR_CLIENT_REMOVED = "connector.client_removed"
    CONNECTOR_CONFIGURED = "connector.configured"
    CONNECTOR_DISABLED = "connector.disabled"
    CONNECTOR_ENABLED = "connector.enabled"
    DELIVERY_RESENT = "delivery.resent"
    LINK_CREATED = "link.created"
    LINK_REVOKED = "link.revoked"
    OWNER_ERASED = "owner.erased"
    TRIGGER_CREATED = "trigger.created"
    TRIGGER_ROTATED = "trigger.rotated"
    ENDPOINT_CHANGED = "webhook_endpoint.changed"
    ENDPOINT_CREATED = "webhook_endpoint.created"
    ENDPOINT_DELETED = "webhook_endpoint.deleted"
    ENDPOINT_DISABLED = "webhook_endpoint.disabled"
    ENDPOINT_ENABLED = "webhook_endpoint.enabled"
    ENDPOINT_REPLAYED = "webhook_endpoint.replayed"
    ENDPOINT_ROTATED = "webhook_endpoint.rotated"
    ENDPOINT_TESTED = "webhook_endpoint.tested"
    OPERATOR_ADDED = "operator.added"
    OPERATOR_REVOKED = "operator.revoked"
    OPERATOR_SIGNED_IN = "operator.signed_in"
    OPERATOR_SIGNED_OUT = "operator.signed_out"

    @property
    def is_of_projects(self) -> bool:
        """Whether it stands in a project's log; the others, of operators, belong to none."""
        return not self.value.startswith("operator.")


@dataclass(frozen=True, slots=True)
class Actor:
    """Who does something."""

    kind: ActorKind
    id: str
    """The operator's id, the API key's, or the user of the operating system."""
    name: str
    source: str
    """From where: the client's address, or the machine's name."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditEntry:
    """One line of the audit log. It never holds a secret."""

    id: str
    """128 random bits or more."""
    project_id: str
    """`*` for what belongs to no project, such as an operator's sign-in."""
    at: datetime
    actor: Actor
    action: str
    """An AuditAction; in an old database perhaps one that is no more."""
    subject: str
    """The id of what was changed; of an export the name of the file."""
    owner_id: str | None = None
    """The customer whom it is about, so that everything of one customer can be erased."""
    before: Mapping[str, Json] | None = None
    """What it was; the fields that changed."""
    after: Mapping[str, Json] | None = None


_current: ContextVar[Actor | None] = ContextVar("connect_hub_actor", default=None)


@contextmanager
def acting_as(actor: Actor | None) -> Iterator[None]:
    """What is changed inside the block is noted as `actor`'s doing; None: nobody's yet, see `act_as`."""
    token = _current.set(actor)
    try:
        yield
    finally:
        _current.reset(token)


def act_as(actor: Actor) -> None:
    """Name who acts for the rest of the `acting_as` block that this is called in."""
    _current.set(actor)


def current_actor() -> Actor | None:
    """Who acts; None: code of the host's own."""
    return _current.get()
