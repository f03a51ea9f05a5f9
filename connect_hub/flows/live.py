"""For a host that waits: for the account of one session, or for whatever happens.

Both look into the database again and again, so it does not matter which process the customer's browser talks
to.
"""

import asyncio
from collections.abc import AsyncIterator, Sequence
from datetime import datetime, timedelta

from connect_hub.errors import (
    AccountNotFound,
    ConfigurationError,
    FieldError,
    LinkExpired,
    LinkRevoked,
    SessionNotFound,
    ValidationFailed,
)
from connect_hub.events import EVENT_NAMES, Event
from connect_hub.flows.core import Core
from connect_hub.models import Account, AttemptStatus, Session
from connect_hub.storage.protocol import EventQuery, EventRecord

__all__ = ["Live"]

_EVERY = timedelta(milliseconds=500)
_LATE = timedelta(minutes=1)
"""How long after its time an event may be committed and still be seen: it gets its time before that."""
_PAGE = 100


class Live:
    """Waits, without holding a connection to the database meanwhile."""

    def __init__(self, core: Core, *, every: timedelta = _EVERY) -> None:
        self._core = core
        self._every = every.total_seconds()

    async def account(
        self, session_id: int, *, project: str = "default", wait: timedelta | None = None
    ) -> Account:
        """The account that the session led to, its first one, as soon as it is there.

        Raises SessionNotFound; LinkRevoked or LinkExpired when nothing can come any more; AccountNotFound if
        it was deleted meanwhile; TimeoutError after `wait`, None: no end but the session's;
        ValidationFailed for a `wait` that is no timedelta.
        """
        if not (wait is None or isinstance(wait, timedelta)):
            raise ValidationFailed(FieldError("wait", "must be a timedelta, such as timedelta(minutes=10)"))
        await self._core.ready()
        limit = asyncio.timeout(None if wait is None else wait.total_seconds())
        try:
            async with limit:
                return await self._awaited(session_id, project)
        except TimeoutError:
            if not limit.expired():
                raise
            raise TimeoutError(
                f"Session {session_id} has led to no account within {wait}. It may still: ask again, or wait "
                "longer."
            ) from None

    async def _awaited(self, session_id: int, project: str) -> Account:
        while True:
            session = await self._core.storage.session(project, session_id)
            if session is None:
                raise SessionNotFound
            if session.connects:
                return await self._first(session)
            self._refuse_ended(session)
            await asyncio.sleep(self._every)

    async def _first(self, session: Session) -> Account:
        tried = await self._core.storage.attempts(session.id)
        for attempt in reversed(tried):
            if attempt.status is AttemptStatus.AUTHENTICATED and attempt.account_id is not None:
                account = await self._core.storage.account(attempt.account_id, project_id=session.project_id)
                if account is not None:
                    return account
        raise AccountNotFound

    def _refuse_ended(self, session: Session) -> None:
        if session.revoked_at is not None:
            raise LinkRevoked
        # Whoever opened it in time may finish.
        if self._core.clock.now() >= session.expires_at + self._core.config.links.visit_absolute:
            raise LinkExpired

    async def events(self, *names: str, project: str = "default") -> AsyncIterator[Event]:
        """Events from now on as they happen, each once; of these names, or all. Never ends by itself.

        For a page that shows what happens. What must not be lost, in a crash or while nobody listens, belongs
        to `hub.on`. Raises ConfigurationError for a name that is no event.
        """
        for name in names:
            if name not in EVENT_NAMES:
                raise ConfigurationError(
                    f"hub.listen: {name!r} is not an event. Choose from {', '.join(sorted(EVENT_NAMES))}."
                )
        await self._core.ready()
        begun = self._core.clock.now() - _LATE
        given = {one.id: one.created_at for one in await self._since(begun, names, project)}
        while True:
            # Not 'since the last one': one that began before it may be committed after it (R6).
            since = max(begun, self._core.clock.now() - 2 * _LATE)
            for record in await self._since(since, names, project):
                if record.id not in given:
                    given[record.id] = record.created_at
                    yield Event.from_body(record.id, record.body)
            given = {event_id: at for event_id, at in given.items() if at >= since}
            await asyncio.sleep(self._every)

    async def _since(self, since: datetime, names: Sequence[str], project: str) -> list[EventRecord]:
        """Oldest first."""
        found: list[EventRecord] = []
        before = None
        while True:
            page = await self._core.storage.events(
                EventQuery(project_id=project, names=names, since=since, before=before, limit=_PAGE)
            )
            found += page
            if len(page) < _PAGE:
                return sorted(found, key=lambda one: (one.created_at, one.sequence, one.id))
            before = (page[-1].created_at, page[-1].id)
