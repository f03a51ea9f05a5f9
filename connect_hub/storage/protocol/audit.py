"""The audit log."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from connect_hub.audit import AuditEntry
from connect_hub.models import Account

__all__ = ["AuditQuery", "AuditStore", "Noting"]

Noting = Callable[[Account, Account], AuditEntry]
"""Makes the entry of a change to an account from (before, after). Pure; called inside the transaction."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditQuery:
    """Which entries to list: newest first, by (at, id). None: whatever it is."""

    project_id: str
    action: str | None = None
    subject: str | None = None
    actor_id: str | None = None
    limit: int = 25
    before: tuple[datetime, str] | None = None
    """(at, id) of the last entry of the page before."""


class AuditStore(Protocol):
    """The audit log. Entries are added, mostly with the change that they tell of, and never changed.

    What takes them away is the purge by age, and the erasing of a customer, which removes `before`, `after`
    and `owner_id` from the entries about that customer and leaves who did what, and when.
    """

    async def note(self, entry: AuditEntry) -> None:
        """Write an entry that no other change carries. Raises StorageConflict if its id is taken."""
        ...

    async def audit_entries(self, query: AuditQuery) -> list[AuditEntry]: ...
