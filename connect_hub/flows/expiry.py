"""Links that expired: nobody does anything at that moment, so somebody has to look."""

import hashlib
from datetime import datetime, timedelta

from connect_hub.errors import StorageConflict
from connect_hub.events import link_event
from connect_hub.flows.core import Core
from connect_hub.models import Session

__all__ = ["Expiry"]

_EVERY = timedelta(minutes=1)
_BACK = timedelta(days=1)
"""How far a process that begins looks back: so long may all of them have been away."""
_AT_ONCE = 500


class Expiry:
    """Tells the host of links that ended by expiring (`link.expired`), once each, in however many
    processes."""

    def __init__(self, core: Core) -> None:
        self._core = core
        self._told_until: datetime | None = None

    async def look(self) -> None:
        """Write the events of what has expired since the last look; at most once a minute."""
        now = self._core.clock.now()
        after = now - _BACK if self._told_until is None else self._told_until
        if self._told_until is not None and now - after < _EVERY:
            return
        while True:
            found = await self._core.storage.sessions_expired(after=after, until=now, limit=_AT_ONCE)
            for session in found:
                await self._tell(session)
            if len(found) < _AT_ONCE:
                break
            # What expired in the same millisecond as the last one is found again, and told once.
            after = found[-1].expires_at - timedelta(milliseconds=1)
            if found[0].expires_at == found[-1].expires_at:
                after = found[-1].expires_at
        self._told_until = now

    async def _tell(self, session: Session) -> None:
        event = link_event(
            "link.expired",
            session,
            targets=self._core.targets,
            now=self._core.clock.now(),
            extra={"opens": session.opens, "connects": session.connects},
            event_id=_event_id(session),
        )
        try:
            await self._core.storage.record([event])
        except StorageConflict:
            return  # another process told it


def _event_id(session: Session) -> str:
    """The same in every process. The `jti` is no secret: without its signature it opens nothing."""
    digest = hashlib.sha256(b"link.expired " + session.jti.encode()).hexdigest()
    return f"msg_{digest[:32]}"
