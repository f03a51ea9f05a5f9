"""Connect sessions and their auth links: created, authenticated, listed, revoked."""

import hashlib
import secrets
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Unpack

from connect_hub.audit import AuditAction, AuditEntry
from connect_hub.clock import iso
from connect_hub.errors import (
    ConnectHubError,
    InvalidApiKey,
    InvalidToken,
    SessionNotFound,
    StorageConflict,
    ValidationFailed,
)
from connect_hub.flows.api_keys import ApiKeys, Caller
from connect_hub.flows.attempts import Attempts
from connect_hub.flows.audit import AuditLog
from connect_hub.flows.core import Core
from connect_hub.flows.receivers import session_endpoint
from connect_hub.flows.requests import CreateSession, SessionFields, parse
from connect_hub.flows.session_problems import SessionProblems
from connect_hub.models import AccountType, Attempt, Session, SessionStatus, Step
from connect_hub.secret import Secret
from connect_hub.storage.protocol import Idempotency, SessionQuery, WebhookEndpoint

if TYPE_CHECKING:
    from sqlalchemy import Connection
    from sqlalchemy.ext.asyncio import AsyncConnection

__all__ = ["IssuedSession", "SessionDetails", "Sessions"]

_IDEMPOTENCY_KEPT = timedelta(hours=24)
_STEPS = 50


@dataclass(frozen=True, slots=True)
class IssuedSession:
    """A session with its token, which is made from the row and stored nowhere."""

    session: Session
    token: str = field(repr=False)
    url: str = field(repr=False)
    """The auth link, to be handed to the customer."""


@dataclass(frozen=True, slots=True)
class SessionDetails:
    """A session, its status now, the newest try that a customer made, and the way there."""

    session: Session
    status: SessionStatus
    latest_attempt: Attempt | None
    steps: tuple[Step, ...]
    """The newest ones, in the order in which the customer took them."""


class Sessions:
    """What a host does with connect sessions."""

    def __init__(self, core: Core, api_keys: ApiKeys) -> None:
        self._core = core
        self._api_keys = api_keys
        self._attempts = Attempts(core)
        self._audit = AuditLog(core)

    async def create(
        self,
        *,
        project: str = "default",
        connection: "Connection | AsyncConnection | None" = None,
        **fields: Unpack[SessionFields],
    ) -> IssuedSession:
        """Create a session, by default for 30 minutes; the fields are those of `CreateSession`.

        With `connection`, the session is written in the transaction that the host holds on it, and exists
        when that is committed. Raises ValidationFailed, naming each field that is wrong; ConnectorInactive.
        """
        return await self.create_from(parse(CreateSession, fields), project=project, connection=connection)

    async def create_from(
        self,
        request: CreateSession,
        *,
        project: str = "default",
        lifetime: timedelta | None = None,
        idempotency: tuple[str, str, bytes] | None = None,
        connection: "Connection | AsyncConnection | None" = None,
        renews: int | None = None,
    ) -> IssuedSession:
        """Create the session that `request` describes.

        `lifetime` is used where the request has no `expires_in`. `idempotency` is (scope, key, body): the
        same again within 24 hours gives the same session. `renews`: the session that this one is to follow,
        for the audit log. Raises also IdempotencyKeyReused.
        """
        await self._core.ready()
        now = self._core.clock.now()
        session = await self._new(request, project, now, lifetime, connection)
        remembered = None
        if idempotency is not None:
            scope, key, body = idempotency
            remembered = Idempotency(scope, key, hashlib.sha256(body).digest(), now - _IDEMPOTENCY_KEPT)
        for _ in range(3):
            try:
                stored = await self._core.storage.create_session(
                    session,
                    idempotency=remembered,
                    connection=connection,
                    note=self._note_of(session, renews),
                    endpoint=self._endpoint_of(session, request.webhook_url),
                )
            except StorageConflict:
                # Another session has these 53 bits. On a connection of the host's the transaction is lost.
                if connection is not None:
                    raise
                session = await self._new(request, project, now, lifetime, connection)
            else:
                return self.issued(stored)
        raise StorageConflict

    def _note_of(self, session: Session, renews: int | None) -> AuditEntry | None:
        return self._audit.entry(
            session.project_id,
            AuditAction.LINK_CREATED,
            str(session.id),
            owner_id=session.origin_owner_id,
            after={
                "origin_owner_id": session.origin_owner_id,
                "provider": session.provider,
                "account_id": session.account_id,
                "expires_at": iso(session.expires_at),
                **({} if renews is None else {"renews": str(renews)}),
            },
        )

    def _endpoint_of(self, session: Session, url: str | None) -> WebhookEndpoint | None:
        """Where the events of this session go besides, if it names such an address."""
        secret = self._core.project(session.project_id).session_webhook_secret
        if url is None or secret is None:
            return None
        signs = Secret(secret) if isinstance(secret, str) else secret
        return session_endpoint(session, url, signs, self._core.vault)

    def issued(self, session: Session) -> IssuedSession:
        """The session with its token and link, signed again from the row."""
        token = self._core.tokens.issue(session.id, session.jti, session.created_at, session.expires_at)
        separator = "#t=" if self._core.config.links.style == "fragment" else "?t="
        return IssuedSession(session, token, f"{self._core.public_url}/link{separator}{token}")

    async def authenticate(self, token: str, *, project: str = "default") -> Session:
        """The session of a token that is valid on this project now. Raises InvalidToken."""
        await self._core.ready()
        jti = self._jti(token)
        session, _ = await self._core.storage.session_for_token(jti)
        return self._acceptable(session, project)

    async def authenticate_for(self, api_key: str, token: str) -> tuple[Caller, Session]:
        """The same for a caller with an API key, in one read. Raises InvalidApiKey before anything is said
        of the token, then InvalidToken."""
        caller = self._api_keys.configured(api_key)
        key_id = self._api_keys.id_of(api_key)
        if caller is None and key_id is None:
            raise InvalidApiKey
        try:
            jti = self._jti(token)
        except InvalidToken:
            await self._api_keys.identify(api_key)
            raise
        session, key = await self._core.storage.session_for_token(
            jti, api_key_id=key_id if caller is None else None
        )
        if caller is None:
            caller = await self._api_keys.accept(api_key, key)
        return caller, self._acceptable(session, caller.project_id)

    def _jti(self, token: str) -> str:
        try:
            return self._core.tokens.verify(token).jti
        except ConnectHubError:
            raise InvalidToken from None

    def _acceptable(self, session: Session | None, project: str) -> Session:
        now = self._core.clock.now()
        if session is None or session.project_id != project:
            raise InvalidToken
        # A used session keeps answering until it expires, so that the host can read what became of it.
        if session.status(now) not in {SessionStatus.OPEN, SessionStatus.USED} or now >= session.expires_at:
            raise InvalidToken
        return session

    async def get(self, session_id: int, *, project: str = "default") -> SessionDetails:
        """A session with the newest attempt at it, and its newest steps. Raises SessionNotFound."""
        await self._core.ready()
        session = await self._core.storage.session(project, session_id)
        if session is None:
            raise SessionNotFound
        attempts = await self._core.storage.attempts(session_id, limit=1)
        return SessionDetails(
            session,
            session.status(self._core.clock.now()),
            attempts[0] if attempts else None,
            tuple(await self._attempts.steps(project, session_id, limit=_STEPS)),
        )

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
        """Sessions, newest first; `before` is (created_at, id) of the last one of the page before."""
        await self._core.ready()
        query = SessionQuery(
            project_id=project,
            now=self._core.clock.now(),
            origin_owner_id=origin_owner_id,
            provider=provider,
            statuses=statuses,
            limit=limit,
            before=before,
        )
        return await self._core.storage.sessions(query)

    async def revoke(self, session_id: int, *, project: str = "default") -> Session:
        """Withdraw it: its link, its visits and its pending sign-ins end at once; accounts stay. Idempotent.

        Raises SessionNotFound.
        """
        await self._core.ready()
        note = self._audit.entry(project, AuditAction.LINK_REVOKED, str(session_id))
        session = await self._core.storage.revoke_session(
            project, session_id, now=self._core.clock.now(), note=note
        )
        if session is None:
            raise SessionNotFound
        return session

    async def _new(
        self,
        request: CreateSession,
        project: str,
        now: datetime,
        lifetime: timedelta | None,
        connection: "Connection | AsyncConnection | None",
    ) -> Session:
        offer = await self._core.offer(project, connection=connection)
        problems = SessionProblems(self._core, offer, project, request)
        problems.check_plain()
        await problems.check_account()
        if problems.found:
            raise ValidationFailed(*problems.found)
        links = self._core.config.links
        life = links.session_lifetime if lifetime is None else lifetime
        if request.expires_in is not None:
            life = timedelta(seconds=request.expires_in)
        return Session(
            id=secrets.randbits(53) or 1,
            project_id=project,
            jti=secrets.token_urlsafe(16),
            origin_owner_id=request.origin_owner_id,
            origin_owner_name=request.origin_owner_name,
            origin_username=request.origin_username,
            categories=None if request.categories is None else tuple(dict.fromkeys(request.categories)),
            provider=request.provider,
            providers=None if request.providers is None else tuple(dict.fromkeys(request.providers)),
            account_id=request.account_id,
            label=request.label,
            metadata=request.metadata,
            setup_information=request.setup_information,
            multiple=bool(request.multiple) and request.account_id is None,
            type=request.type or AccountType.PRODUCTION,
            return_url=request.return_url,
            state=request.state,
            max_connects=request.max_connects,
            binding=request.binding or links.binding,
            manage=bool(request.manage),
            locale=request.locale,
            created_at=now,
            # Tokens carry whole seconds; a row that lived a fraction longer would contradict its token.
            expires_at=now.replace(microsecond=0) + life,
        )
