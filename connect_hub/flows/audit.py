"""The audit log: who did what, when, from where, and what it was before and after."""

import secrets
from collections.abc import Mapping, Sequence
from datetime import datetime

from connect_hub.audit import AuditAction, AuditEntry, current_actor
from connect_hub.flows.core import Core
from connect_hub.models import Account, Json
from connect_hub.operators import EVERY_PROJECT
from connect_hub.storage.protocol import AuditQuery, Noting

__all__ = ["AuditLog", "changed"]

_SHOWN = ("origin_owner_id", "origin_owner_name", "origin_username", "label", "status", "type")
"""What the log tells of an account; its metadata and the values of its form may be anything."""


def changed(was: Mapping[str, Json], becomes: Mapping[str, Json]) -> tuple[dict[str, Json], dict[str, Json]]:
    """Of what the log may tell of a thing before and after, what differs."""
    names = [name for name in was if was[name] != becomes[name]]
    return {name: was[name] for name in names}, {name: becomes[name] for name in names}


class AuditLog:
    """Makes entries for whoever acts, and lists them."""

    def __init__(self, core: Core) -> None:
        self._core = core

    def entry(
        self,
        project_id: str,
        action: AuditAction,
        subject: str,
        *,
        owner_id: str | None = None,
        before: Mapping[str, Json] | None = None,
        after: Mapping[str, Json] | None = None,
    ) -> AuditEntry | None:
        """An entry under the name of who acts; None where that is the host's own code."""
        actor = current_actor()
        if actor is None:
            return None
        return AuditEntry(
            id=secrets.token_urlsafe(16),
            project_id=project_id,
            at=self._core.clock.now(),
            actor=actor,
            action=action.value,
            subject=subject[:255],
            owner_id=owner_id,
            before=before,
            after=after,
        )

    def noting(self, action: AuditAction, *, reason: str = "") -> Noting | None:
        """Makes the entry of a change to an account; None where the host's own code acts. `reason`: what
        whoever acts said of it."""
        if current_actor() is None:
            return None

        def note(before: Account, after: Account) -> AuditEntry:
            was, becomes = changed(_told(before), _told(after))
            gone = action is AuditAction.ACCOUNT_DELETED
            said = {"reason": reason} if reason else {}
            entry = self.entry(
                after.project_id,
                action,
                after.id,
                owner_id=after.origin_owner_id,
                before=_told(before) if gone else was,
                after=None if gone else {**becomes, **said},
            )
            assert entry is not None
            return entry

        return note

    async def write(
        self, project_id: str, action: AuditAction, subject: str, *, after: Mapping[str, Json] | None = None
    ) -> None:
        """Note what no change of the storage carries."""
        entry = self.entry(project_id, action, subject, after=after)
        if entry is not None:
            await self._core.storage.note(entry)

    async def list(
        self,
        *,
        project: str = "default",
        action: str | None = None,
        subject: str | None = None,
        actor_id: str | None = None,
        limit: int = 25,
        before: tuple[datetime, str] | None = None,
    ) -> Sequence[AuditEntry]:
        """Entries, newest first; `before` is (at, id) of the last one of the page before.

        `project` may be `*`: sign-ins of operators, and who made or removed one. Raises NotFound for one
        that is not there.
        """
        if project != EVERY_PROJECT:
            self._core.project(project)
        await self._core.ready()
        query = AuditQuery(
            project_id=project,
            action=action,
            subject=subject,
            actor_id=actor_id,
            limit=limit,
            before=before,
        )
        return await self._core.storage.audit_entries(query)


def _told(account: Account) -> dict[str, Json]:
    values = {name: getattr(account, name) for name in _SHOWN}
    return {name: None if value is None else str(value) for name, value in values.items()}
