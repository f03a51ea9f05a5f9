"""Upkeep: what is over is removed, and what waits is counted."""

from collections import Counter
from collections.abc import Callable
from dataclasses import asdict
from datetime import timedelta

from connect_hub.errors import FieldError, ValidationFailed
from connect_hub.flows.core import Core
from connect_hub.storage.protocol import Backlog, Purged, Retention

__all__ = ["Upkeep"]

_DAY = timedelta(days=1)
_LONGEST = 3650


class Upkeep:
    """For an operator, or a job that runs once a day. Of all projects at once; nothing is delivered by it."""

    def __init__(self, core: Core) -> None:
        self._core = core

    async def purge(
        self,
        *,
        days: int = 30,
        audit_days: int | None = None,
        on_batch: Callable[[Purged], None] | None = None,
    ) -> Purged:
        """Remove what is over, in small batches, and say how many rows of each kind. May be interrupted.

        Sessions go `days` after their end, attempts after their last change, events after they happened if
        nothing waits to be delivered; visits, pending sign-ins and idempotency keys after a day. Accounts
        stay. The audit log stays as well, but for entries older than `audit_days` where that is given.
        `on_batch` is called after each batch with what was removed so far.
        Raises ValidationFailed for days that are not from 1 to 3650.
        """
        if audit_days is not None and not 1 <= audit_days <= _LONGEST:
            raise ValidationFailed(FieldError("audit_days", f"must be from 1 to {_LONGEST}"))
        if not 1 <= days <= _LONGEST:
            raise ValidationFailed(FieldError("days", f"must be from 1 to {_LONGEST}"))
        await self._core.ready()
        old, removed = self._retention(days, audit_days), Counter[str]()
        while True:
            batch = asdict(await self._core.storage.purge(old))
            removed.update(batch)
            if not any(batch.values()):
                return Purged(**removed)
            if on_batch is not None:
                on_batch(Purged(**removed))

    async def backlog(self) -> Backlog:
        """How many deliveries are in which state, what the pending ones wait for, and since when."""
        await self._core.ready()
        return await self._core.storage.backlog()

    def _retention(self, days: int, audit_days: int | None) -> Retention:
        now, links = self._core.clock.now(), self._core.config.links
        before = now - days * _DAY
        # A sign-in that began in a visit's last minute may still be finished.
        visit = max(_DAY, links.visit_absolute + links.oauth_state_lifetime)
        return Retention(
            sessions_before=before,
            attempts_before=before,
            events_before=before,
            visits_before=now - visit,
            idempotency_before=now - _DAY,
            operator_sessions_before=now - 31 * _DAY,
            audit_before=None if audit_days is None else now - audit_days * _DAY,
        )
