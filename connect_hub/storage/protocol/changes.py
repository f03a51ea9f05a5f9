"""Changes to accounts, and the events that are written with them."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from connect_hub.models import Account
from connect_hub.storage.transaction import Transaction

__all__ = ["Announce", "Change", "InTransaction", "NewEvent", "Sealed"]


class Change(StrEnum):
    """What happened to an account."""

    CREATED = "created"
    UPDATED = "updated"
    DELETED = "deleted"
    TRIGGERED = "triggered"
    """Its provider called; nothing of it changed."""


@dataclass(frozen=True, slots=True)
class Sealed:
    """Credentials as the vault sealed them, and the id of the key it used."""

    data: bytes
    key_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class NewEvent:
    """An event to be written with the change that it tells of."""

    id: str
    """Unique; `msg_` and 128 random bits or more. It is the webhook-id on the wire."""
    project_id: str
    name: str
    """Such as `account.created`."""
    record_id: str
    """The account's id, or the session's as text."""
    owner_id: str
    """The origin_owner_id, so that everything of one owner can be erased."""
    sequence: int
    """The account's sequence; 0 for events that are not about an account."""
    body: bytes
    """The exact bytes to deliver."""
    targets: tuple[str, ...]
    """Who gets it: `webhook:<endpoint>` of the configuration and `handler:<name>`. One delivery each, due at
    once."""
    created_at: datetime
    provider: str | None = None
    """The connector that it is about."""
    only_if_wanted: bool = False
    """Not written at all where neither `targets` nor a stored endpoint gets it."""
    session_id: int | None = None
    """The session that it is about, or that its account was connected through last."""
    endpoints: tuple[str, ...] | None = None
    """Ids of the stored endpoints that get it as well, whatever they subscribed to; None: those that are
    enabled and want it, as the storage finds them in the transaction."""


Announce = Callable[[Account, Change, Account | None], Sequence[NewEvent]]
"""Builds the events of a change from (the account after it, the change, the account before it, None if
there was none). Called inside the transaction with the `sequence` already raised by one; if it
returns no event, the sequence stays as it was. Pure: it may be called again when a transaction is retried."""

InTransaction = Callable[[Sequence[NewEvent], Account, Transaction], None]
"""Runs the host's callbacks, last in the transaction, within `callbacks_running()`. If it raises, nothing is
kept and the exception passes through. If it ended the transaction itself: `TransactionEnded`."""
