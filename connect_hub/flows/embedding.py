"""What a hub inside a host's own page does: whoever calls has the session's token, and no cookie of ours."""

import secrets
from dataclasses import dataclass, replace
from datetime import timedelta

from connect_hub.errors import (
    AccountNotFound,
    BindingRefused,
    ConnectHubError,
    FieldError,
    IdentityChanged,
    InvalidToken,
    LinkExpired,
    LinkRefused,
    LinkRevoked,
    LinkUsed,
    SessionEnded,
    ValidationFailed,
)
from connect_hub.flows.choosing import Integration
from connect_hub.flows.connecting import Connecting, Rejected
from connect_hub.flows.core import Core
from connect_hub.flows.linking import Linking
from connect_hub.flows.typed import Typed
from connect_hub.flows.visits import LiveVisit, Visits
from connect_hub.identity import Visitor
from connect_hub.models import Attempt, AttemptStatus, Session, SessionStatus, StepKind, Visit

__all__ = ["Embedding"]

_ANSWERS_FOR = timedelta(minutes=15)
"""How long a session that is used up still answers, so that a caller learns of its own success."""
_ENDS: dict[str, type[ConnectHubError]] = {
    error.code: error for error in (AccountNotFound, LinkRevoked, LinkUsed)
}


@dataclass(frozen=True, slots=True)
class Embedding:
    """The calls of an embedded hub. Every one of them begins with `live`."""

    core: Core
    visits: Visits
    connecting: Connecting
    linking: Linking

    async def live(
        self, token: str, *, visitor: Visitor, reading: bool = False, attempt_id: str | None = None
    ) -> LiveVisit:
        """The session of `token`, in the place of a visit: its attempts are those that the token began.

        With `reading`, a session that was used up within the last 15 minutes will do; an expired one only to
        read of the attempt `attempt_id` that it succeeded. Raises SessionEnded for any other token, whatever
        is wrong with it, and for a visitor whom the session is not bound to.
        """
        await self.core.ready()
        session = await self._session(token)
        now = self.core.clock.now()
        status = session.status(now)
        alive = status is SessionStatus.OPEN
        if reading and status is SessionStatus.USED and session.used_at is not None:
            alive = now < session.used_at + _ANSWERS_FOR
        visit = Visit(name="", secret_hash=b"", session_id=session.id, created_at=now, last_seen_at=now)
        live = LiveVisit(visit, session)
        if reading and status is SessionStatus.EXPIRED and attempt_id is not None:
            alive = await self._has_succeeded(live, attempt_id)
        if not alive:
            raise SessionEnded(f"its session is {status}")
        try:
            await self.visits.owner.require(session, visitor)
        except BindingRefused:
            raise SessionEnded(
                "the host names another visitor than its session is bound to, or none"
            ) from None
        return live

    async def _session(self, token: str) -> Session:
        try:
            jti: str | None = self.core.tokens.verify(token).jti
        except LinkExpired as error:
            jti = error.jti
        except InvalidToken:
            raise SessionEnded("its token is none of this hub's") from None
        session = None if jti is None else (await self.core.storage.session_for_token(jti))[0]
        if session is None:
            raise SessionEnded("its session is not there any more")
        return session

    async def _has_succeeded(self, live: LiveVisit, attempt_id: str) -> bool:
        attempt = await self.core.storage.attempt(attempt_id)
        return (
            attempt is not None
            and attempt.session_id == live.session.id
            and attempt.status is AttemptStatus.AUTHENTICATED
            and self.core.clock.now() < attempt.updated_at + _ANSWERS_FOR
        )

    # --- credentials that are typed in ---

    async def connect(
        self,
        live: LiveVisit,
        integration: Integration,
        typed: Typed,
        *,
        account_id: str | None = None,
        accept_other: bool = False,
    ) -> Rejected | Attempt:
        """Try what was typed, and link it; nothing is stored before it has passed its test.

        `account_id`: renew that account and no other. `accept_other`: also as somebody else at the provider
        than before; else IdentityChanged, with nothing stored. Raises AccountNotFound, LinkUsed, LinkRevoked,
        LinkRefused; ValidationFailed for a way that leads over the provider's own sign-in.
        """
        if integration.redirects:
            raise ValidationFailed(
                FieldError(
                    "integration_id", "is connected by the provider's own sign-in, in a window of its own"
                )
            )
        choosing, provider = self.connecting.choosing, integration.connector.key
        attempt_id = _new_id()
        nonce = choosing.nonce(live, provider, attempt_id)
        outcome = await self.connecting.submit(
            live,
            provider,
            integration.method.name,
            typed,
            attempt_id=attempt_id,
            nonce=nonce,
            account_id=account_id,
        )
        if isinstance(outcome, Rejected):
            return outcome
        attempt = await self.connecting.attempt(live, attempt_id)
        if attempt.held is not None and accept_other:
            await self.connecting.accept_other(live, attempt_id, nonce)
            attempt = await self.connecting.attempt(live, attempt_id)
        if attempt.held is not None:
            before, after, _ = await self.connecting.other(live, attempt)
            await self.linking.discard(attempt, integration.connector)
            raise IdentityChanged(before, after)
        if attempt.status is not AttemptStatus.AUTHENTICATED:
            raise _refusal(attempt)
        return attempt

    # --- attempts that go on in a window of their own: see `popups` ---

    async def begin(self, live: LiveVisit, provider: str = "") -> Attempt:
        """Begin an attempt; the provider may be named later, when its window opens."""
        if provider:
            await self.connecting.choosing.connector(live.session, provider)
        now = self.core.clock.now()
        attempt = Attempt(
            id=_new_id(),
            session_id=live.session.id,
            project_id=live.session.project_id,
            provider=provider,
            visit_name=live.visit.name,
            created_at=now,
            updated_at=now,
        )
        await self.core.storage.save_attempt(attempt)
        return attempt

    async def attempt(self, live: LiveVisit, attempt_id: str) -> Attempt:
        """An attempt that this token began; `expired` once its sign-in cannot come back any more.

        Raises AttemptNotFound.
        """
        attempt = await self.connecting.attempt(live, attempt_id)
        ends_at = attempt.updated_at + self.core.config.links.oauth_state_lifetime
        is_under_way = attempt.status in {AttemptStatus.PENDING, AttemptStatus.REDIRECTED}
        if is_under_way and self.core.clock.now() >= ends_at:
            return replace(attempt, status=AttemptStatus.EXPIRED)
        return attempt

    async def cancel(self, live: LiveVisit, attempt_id: str) -> None:
        """Call it off: an answer of the provider's that comes later is not taken. Idempotent.

        An attempt that has succeeded or failed stays as it is. Raises AttemptNotFound.
        """
        attempt = await self.connecting.attempt(live, attempt_id)
        if attempt.held is not None and attempt.status is not AttemptStatus.AUTHENTICATED:
            connector = (await self.core.offer(attempt.project_id)).get(attempt.provider)
            await self.linking.discard(attempt, connector)
            return
        await self.core.storage.save_attempt(
            replace(attempt, status=AttemptStatus.CANCELLED, updated_at=self.core.clock.now()),
            expected={AttemptStatus.PENDING.value, AttemptStatus.REDIRECTED.value},
            step=StepKind.ABANDONED,
        )


def _new_id() -> str:
    return "att_" + secrets.token_hex(16)


def _refusal(attempt: Attempt) -> ConnectHubError:
    """Why an attempt failed that was not refused by the provider."""
    code = attempt.error_code or ""
    if code == LinkRefused.code:
        return LinkRefused(attempt.error_description)
    return _ENDS.get(code, ConnectHubError)()
