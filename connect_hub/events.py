"""The names of events and the bytes they are delivered as.

An event is a fact about an account or a link. Its body is made once, in the transaction that made it true,
and delivered unchanged; it never carries credentials.
"""

import json
import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime

from connect_hub.clock import iso
from connect_hub.models import Account, AccountStatus, Json, Session
from connect_hub.storage.protocol import Change, NewEvent

__all__ = [
    "DEFAULT_EVENTS",
    "EVENT_NAMES",
    "TEST_EVENT",
    "Event",
    "Targets",
    "account_event",
    "change_name",
    "endpoint_event",
    "link_event",
]

DEFAULT_EVENTS = frozenset({"account.created", "account.updated", "account.deleted"})
"""What an endpoint gets that names no events."""

EVENT_NAMES = DEFAULT_EVENTS | {
    "account.expired",
    "account.recovered",
    "account.triggered",
    "link.completed",
    "link.expired",
    "link.failed",
    "link.opened",
    "link.renewal_requested",
    "webhook_endpoint.disabled",
}
"""What can be subscribed to. A name that nothing sends is not in it, so that nobody waits for it in vain."""

TEST_EVENT = "webhook.test"
"""Sent to one endpoint when its owner asks for it; nobody subscribes to it."""

Targets = Callable[[str, str, str | None], tuple[str, ...]]
"""(project id, event name, connector's key) to the targets that want it: `webhook:<endpoint>` of the
configuration, `handler:<name>`. The endpoints of the database are found where the event is written."""


@dataclass(frozen=True, slots=True)
class Event:
    """An event as a host's own code receives it."""

    id: str
    """The same in every delivery of this event: keep it to recognise a repetition."""
    name: str
    """Such as `account.created`."""
    project_id: str
    account_id: str | None
    data: Mapping[str, Json]
    """The body that webhooks carry, parsed."""

    @classmethod
    def from_body(cls, event_id: str, body: bytes) -> "Event":
        """The event that was written as `body`."""
        data = json.loads(body)
        return cls(event_id, data["event"], data["project_id"], data["account_id"], data)


def account_event(
    name: str,
    account: Account,
    *,
    targets: Targets,
    now: datetime,
    status: AccountStatus | None = None,
    extra: Mapping[str, Json] | None = None,
) -> NewEvent:
    """An event about `account`; `status` is what the outside sees where that differs from the stored one."""
    identity = account.identity
    about: dict[str, Json] = {
        "account_id": account.id,
        "record_type": "account",
        "record_id": account.id,
        "provider": account.provider,
        "origin_owner_id": account.origin_owner_id,
        "origin_owner_name": account.origin_owner_name,
        "origin_username": account.origin_username,
        "setup_information": dict(account.setup_information),
        "sequence": account.sequence,
        "status": str(account.status if status is None else status),
        "metadata": dict(account.metadata),
        "label": account.label,
        "account_type": str(account.type),
        "identity": None
        if identity is None
        else {"id": identity.id, "name": identity.name, "email": identity.email},
        **(extra or {}),
    }
    return _event(
        name,
        account.project_id,
        about,
        record_id=account.id,
        owner_id=account.origin_owner_id,
        sequence=account.sequence,
        targets=targets,
        now=now,
        provider=account.provider,
        session_id=account.session_id,
    )


def link_event(
    name: str,
    session: Session,
    *,
    targets: Targets,
    now: datetime,
    extra: Mapping[str, Json] | None = None,
    event_id: str | None = None,
) -> NewEvent:
    """An event about a connect session and its auth link; written only if somebody gets it.

    `extra` goes into the body; `event_id` is for an event that several processes may come upon.
    """
    about: dict[str, Json] = {
        "account_id": None,
        "record_type": "connect_session",
        "record_id": str(session.id),
        "provider": session.provider,
        "origin_owner_id": session.origin_owner_id,
        "origin_owner_name": session.origin_owner_name,
        "origin_username": session.origin_username,
        "setup_information": None,
        **(extra or {}),
    }
    event = _event(
        name,
        session.project_id,
        about,
        record_id=str(session.id),
        owner_id=session.origin_owner_id,
        sequence=0,
        targets=targets,
        now=now,
        provider=session.provider,
        session_id=session.id,
    )
    return replace(event, id=event.id if event_id is None else event_id, only_if_wanted=True)


def endpoint_event(
    name: str,
    project_id: str,
    endpoint_id: str,
    *,
    description: str | None,
    targets: Targets,
    now: datetime,
    extra: Mapping[str, Json],
) -> NewEvent:
    """An event about a webhook endpoint. Its address is left out, as it may hold a secret."""
    about: dict[str, Json] = {
        "account_id": None,
        "record_type": "webhook_endpoint",
        "record_id": endpoint_id,
        "provider": None,
        "origin_owner_id": None,
        "origin_owner_name": None,
        "origin_username": None,
        "setup_information": None,
        "description": description,
        **extra,
    }
    return _event(
        name,
        project_id,
        about,
        record_id=endpoint_id,
        owner_id="",
        sequence=0,
        targets=targets,
        now=now,
        provider=None,
    )


def change_name(change: Change) -> str:
    """The event that tells of a change to an account."""
    return f"account.{change.value}"


def _event(
    name: str,
    project_id: str,
    about: Mapping[str, Json],
    *,
    record_id: str,
    owner_id: str,
    sequence: int,
    targets: Targets,
    now: datetime,
    provider: str | None,
    session_id: int | None = None,
) -> NewEvent:
    stamp = iso(now)
    body: dict[str, Json] = {
        "type": name,
        "event": name,
        "timestamp": stamp,
        "event_date": stamp,
        "sent_at": stamp,
        "project_id": project_id,
        **about,
    }
    return NewEvent(
        id="msg_" + secrets.token_hex(16),
        project_id=project_id,
        name=name,
        record_id=record_id,
        owner_id=owner_id,
        sequence=sequence,
        body=json.dumps(body, ensure_ascii=False, separators=(",", ":")).encode(),
        targets=targets(project_id, name, provider),
        created_at=now,
        provider=provider,
        session_id=session_id,
    )
