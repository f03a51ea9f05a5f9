"""Auth links to send: connect sessions that are valid for days."""

from datetime import datetime
from typing import TYPE_CHECKING, Unpack

from connect_hub.errors import AccountNotFound
from connect_hub.flows.accounts import Accounts
from connect_hub.flows.core import Core
from connect_hub.flows.requests import CreateSession, SessionFields, parse
from connect_hub.flows.sessions import IssuedSession, SessionDetails, Sessions
from connect_hub.models import Session, SessionStatus

if TYPE_CHECKING:
    from sqlalchemy import Connection
    from sqlalchemy.ext.asyncio import AsyncConnection

__all__ = ["Links", "is_account_gone"]

_NOT_RENEWED = {"expires_in", "webhook_url"}
"""Fields of a request that a session does not have."""


async def is_account_gone(accounts: Accounts, session: Session) -> bool:
    """Whether it is to reconnect an account that is not there any more, or is another customer's."""
    if session.account_id is None:
        return False
    try:
        account = await accounts.get(session.account_id, project=session.project_id)
    except AccountNotFound:
        return True
    return account.origin_owner_id != session.origin_owner_id


class Links:
    """Auth links to send: the same sessions, by default for five days."""

    def __init__(self, core: Core, sessions: Sessions) -> None:
        self._core = core
        self._sessions = sessions

    async def create(
        self,
        *,
        project: str = "default",
        connection: "Connection | AsyncConnection | None" = None,
        **fields: Unpack[SessionFields],
    ) -> IssuedSession:
        """Create a session to be sent as a link. See `Sessions.create`."""
        return await self._sessions.create_from(
            parse(CreateSession, fields),
            project=project,
            lifetime=self._core.config.links.link_lifetime,
            connection=connection,
        )

    async def get(self, session_id: int, *, project: str = "default") -> SessionDetails:
        """See `Sessions.get`."""
        return await self._sessions.get(session_id, project=project)

    async def list(
        self,
        *,
        project: str = "default",
        origin_owner_id: str | None = None,
        provider: str | None = None,
        statuses: frozenset[SessionStatus] = frozenset(),
        limit: int = 25,
        before: tuple[datetime, int] | None = None,
    ) -> list[Session]:
        """See `Sessions.list`: also sessions that were made for embedding, for they are the same."""
        return await self._sessions.list(
            project=project,
            origin_owner_id=origin_owner_id,
            provider=provider,
            statuses=statuses,
            limit=limit,
            before=before,
        )

    async def renew(self, session_id: int, *, project: str = "default") -> IssuedSession:
        """A new link that asks for what this one asks for, valid from now on for as long as links are by
        default. The old one stays as it is; revoke it, if it is still open.

        Its `webhook_url`, which is for development, is not taken over. Raises SessionNotFound;
        ValidationFailed or ConnectorInactive for what is not possible any more.
        """
        old = (await self.get(session_id, project=project)).session
        return await self._sessions.create_from(
            parse(CreateSession, _asked(old)),
            project=project,
            lifetime=self._core.config.links.link_lifetime,
            renews=session_id,
        )

    async def revoke(self, session_id: int, *, project: str = "default") -> Session:
        """See `Sessions.revoke`."""
        return await self._sessions.revoke(session_id, project=project)


def _asked(session: Session) -> dict[str, object]:
    """The fields of the request that makes such a session."""
    values = {
        name: getattr(session, name) for name in SessionFields.__annotations__ if name not in _NOT_RENEWED
    }
    values["multiple"] = session.multiple or None  # with an account it may not even be false
    return {
        name: list(value) if isinstance(value, tuple) else value
        for name, value in values.items()
        if value is not None
    }
