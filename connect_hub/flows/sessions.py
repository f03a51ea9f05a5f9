"""Connect sessions and their auth links: created, authenticated, listed, revoked."""

import hashlib
import secrets
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Unpack
from urllib.parse import urlsplit

from connect_hub.audit import AuditEntry
from connect_hub.clock import iso
from connect_hub.errors import (
    ConnectHubError,
    ConnectorInactive,
    FieldError,
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
from connect_hub.flows.requests import CreateSession, SessionFields, parse
from connect_hub.models import AccountType, Attempt, Binding, Session, SessionStatus, Step
from connect_hub.storage.protocol import Idempotency, SessionQuery

if TYPE_CHECKING:
    from sqlalchemy import Connection
    from sqlalchemy.ext.asyncio import AsyncConnection

__all__ = ["IssuedSession", "Links", "SessionDetails", "Sessions"]

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
    ) -> IssuedSession:
        """Create the session that `request` describes.

        `lifetime` is used where the request has no `expires_in`. `idempotency` is (scope, key, body): the
        same again within 24 hours gives the same session. Raises also IdempotencyKeyReused.
        """
        await self._core.ready()
        now = self._core.clock.now()
        session = await self._new(request, project, now, lifetime)
        remembered = None
        if idempotency is not None:
            scope, key, body = idempotency
            remembered = Idempotency(scope, key, hashlib.sha256(body).digest(), now - _IDEMPOTENCY_KEPT)
        for _ in range(3):
            try:
                stored = await self._core.storage.create_session(
                    session, idempotency=remembered, connection=connection, note=self._note_of(session)
                )
            except StorageConflict:
                # Another session has these 53 bits. On a connection of the host's the transaction is lost.
                if connection is not None:
                    raise
                session = await self._new(request, project, now, lifetime)
            else:
                return self.issued(stored)
        raise StorageConflict

    def _note_of(self, session: Session) -> AuditEntry | None:
        return self._audit.entry(
            session.project_id,
            "link.created",
            str(session.id),
            owner_id=session.origin_owner_id,
            after={
                "origin_owner_id": session.origin_owner_id,
                "provider": session.provider,
                "account_id": session.account_id,
                "expires_at": iso(session.expires_at),
            },
        )

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
        note = self._audit.entry(project, "link.revoked", str(session_id))
        session = await self._core.storage.revoke_session(
            project, session_id, now=self._core.clock.now(), note=note
        )
        if session is None:
            raise SessionNotFound
        return session

    async def _new(
        self, request: CreateSession, project: str, now: datetime, lifetime: timedelta | None
    ) -> Session:
        problems = _Problems(self._core, project, request)
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


class _Problems:
    """Collects what is wrong with a request in view of the hub's configuration and its accounts."""

    def __init__(self, core: Core, project: str, request: CreateSession) -> None:
        self._core = core
        self._project = project
        self._request = request
        self._enabled = core.enabled(project)
        self.found: list[FieldError] = []

    def _add(self, name: str, message: str) -> None:
        self.found.append(FieldError(name, message))

    def check_plain(self) -> None:
        """Everything that needs no database. Raises ConnectorInactive."""
        request, links = self._request, self._core.config.links
        self._check_providers()
        longest = int(links.max_lifetime.total_seconds())
        if request.expires_in is not None and not 60 <= request.expires_in <= longest:
            self._add("expires_in", f"must be from 60 to {longest} seconds")
        if request.return_url is not None and not self._may_return_to(request.return_url):
            self._add(
                "return_url", "is not one of the configured return URLs; add it to LinkConfig.return_urls"
            )
        if request.state is not None and request.return_url is None:
            self._add("state", "is only used with return_url")
        stronger = request.binding is Binding.HOST_IDENTITY
        if request.binding is Binding.CONFIRM and links.binding is Binding.HOST_IDENTITY:
            self._add("binding", "may only be stronger than the hub's own, which is host_identity")
        if stronger and self._core.config.pages.identity is None:
            self._add("binding", "host_identity needs PageConfig(identity=…)")
        if request.manage and not (stronger or links.binding is Binding.HOST_IDENTITY):
            self._add("manage", "needs binding: host_identity")

    def _check_providers(self) -> None:
        for index, key in enumerate(self._request.providers or ()):
            self._check_provider(f"providers.{index}", key)
        provider = self._request.provider
        if provider is None:
            return
        self._check_provider("provider", provider)
        if self._request.providers is not None and provider not in self._request.providers:
            self._add("provider", "is not among providers")
        wanted = self._request.categories
        if wanted is not None and provider in self._enabled:
            categories = self._core.connectors.get(provider).definition.categories
            if not set(categories) & set(wanted):
                self._add("provider", f"{provider!r} is of none of these categories")

    def _check_provider(self, name: str, key: str) -> None:
        if key in self._enabled:
            return
        if key in self._core.connectors:
            raise ConnectorInactive(f"The connector {key!r} is not enabled on this project.")
        near = self._core.connectors.nearest(key)
        hint = f"; did you mean {near!r}?" if near else ""
        self._add(name, f"there is no connector {key[:64]!r}{hint}")

    def _may_return_to(self, address: str) -> bool:
        return any(_same_page(address, allowed) for allowed in self._core.config.links.return_urls)

    async def check_account(self) -> None:
        """That the account exists and is this owner's, and of the provider that was named."""
        request = self._request
        if request.account_id is None:
            return
        account = await self._core.storage.account(request.account_id, project_id=self._project)
        if account is None or account.origin_owner_id != request.origin_owner_id:
            self._add("account_id", "this owner has no such account")
        elif request.provider is not None and account.provider != request.provider:
            self._add("provider", f"the account is of {account.provider!r}")
        elif account.provider not in self._enabled:
            raise ConnectorInactive(f"The connector {account.provider!r} is not enabled on this project.")


def _same_page(address: str, allowed: str) -> bool:
    """Whether two absolute URLs agree in scheme, host, port and path, and the first has nothing odd in it."""
    if any(ord(character) <= 32 or character in "\\\x7f" for character in address):
        return False
    try:
        given, known = urlsplit(address), urlsplit(allowed)
        return (
            given.username is None
            and given.password is None
            and not given.fragment
            and (given.scheme, given.hostname, given.port, given.path)
            == (known.scheme, known.hostname, known.port, known.path)
        )
    except ValueError:
        return False
