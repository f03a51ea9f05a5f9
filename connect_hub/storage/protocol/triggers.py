"""Triggers of accounts."""

from typing import Protocol

from connect_hub.models import Account, Trigger
from connect_hub.storage.protocol.audit import Noting
from connect_hub.storage.protocol.changes import Announce

__all__ = ["TriggerStore"]


class TriggerStore(Protocol):
    """At most one trigger of each account. It goes with its account."""

    async def put_trigger(
        self, trigger: Trigger, *, replace: bool, note: Noting | None = None
    ) -> Trigger | None:
        """Store a trigger, and return the one that its account has now: with `replace` this one, else the
        one that was there before, if there was one. `note` is written if this one is stored. None, and
        nothing is written, if the project has no such account."""
        ...

    async def pull_trigger(self, token_hash: bytes, *, announce: Announce) -> Account | None:
        """Write `announce`'s events of (the account, `Change.TRIGGERED`, the same account), with its sequence
        raised by one; nothing else of the account changes. None if no trigger has this token."""
        ...
