"""A customer's way in: from the link in a message to a visit with a cookie of its own.

Looking at a link changes nothing, since mail scanners look at links. Confirming makes the visit: an opaque
cookie that is not derived from the token, so that neither can be made from the other.
"""

import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import timedelta

from connect_hub.connectors.offer import Offer
from connect_hub.connectors.registry import EnabledConnector
from connect_hub.errors import (
    CookieMissing,
    InvalidToken,
    LinkExpired,
    LinkNotFound,
    LinkRevoked,
    RateLimited,
    VisitExpired,
)
from connect_hub.events import link_event
from connect_hub.flows.core import Core
from connect_hub.flows.owner_check import OwnerCheck
from connect_hub.identity import Visitor
from connect_hub.models import Session, Step, StepKind, Visit
from connect_hub.storage import rules

__all__ = ["MOST_VISITS", "Landing", "LiveVisit", "Opened", "Visits", "offered"]

_TOUCH_EVERY = timedelta(minutes=1)
_NONCE_AGE = timedelta(hours=2)
"""How long the confirm page may stay open; the link's own expiry still governs."""
_MOST_COOKIES = 16
"""So many are looked up when a link is confirmed: a browser has fewer, whoever sends more wants work done."""
MOST_VISITS = 8
"""More visits than this in one browser are ended, so that its headers stay small."""


@dataclass(frozen=True, slots=True)
class Landing:
    """What the confirm page shows."""

    session: Session
    connectors: tuple[EnabledConnector, ...]
    nonce: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class LiveVisit:
    """A visit that may go on, with the session it belongs to."""

    visit: Visit
    session: Session


@dataclass(frozen=True, slots=True)
class Opened:
    """The result of confirming."""

    visit: Visit
    session: Session
    cookie: str | None = field(repr=False)
    """The value to set; None: the browser has this visit's cookie already."""
    sign_in: str | None
    """Where the host signs people in, if nobody is."""
    ended: tuple[str, ...] = ()
    """Names of visits whose cookies the browser may forget."""


def offered(offer: Offer, session: Session) -> tuple[EnabledConnector, ...]:
    """The connectors of its project that the session may connect, in the order of configuration."""
    chosen = []
    for key in offer:
        if session.providers is not None and key not in session.providers:
            continue
        if session.provider is not None and key != session.provider:
            continue
        connector = offer.get(key)
        if session.categories is None or set(session.categories) & set(connector.definition.categories):
            chosen.append(connector)
    return tuple(chosen)


class Visits:
    """Links looked at, confirmed, declined; visits resumed."""

    def __init__(self, core: Core) -> None:
        self._core = core
        self.owner = OwnerCheck(core)

    async def landing(self, token: str) -> Landing:
        """What the link is for. Writes nothing.

        Raises LinkNotFound for a token that is not ours or that nothing is known of; LinkExpired, LinkUsed or
        LinkRevoked only once the signature has verified.
        """
        session = await self._session(token)
        rules.refuse_unless_open(session, self._core.clock.now())
        return Landing(
            session, await self._connectors(session), self._core.nonces.make("confirm", session.jti)
        )

    async def _connectors(self, session: Session) -> tuple[EnabledConnector, ...]:
        offer = await self._core.offer(session.project_id)
        if session.account_id is None:
            return offered(offer, session)
        account = await self._core.storage.account(session.account_id, project_id=session.project_id)
        return tuple(c for c in offered(offer, session) if account is not None and c.key == account.provider)

    async def _session(self, token: str) -> Session:
        """The session of a token whose signature is good, whatever its status."""
        expired = False
        try:
            jti: str | None = self._core.tokens.verify(token).jti
        except LinkExpired as error:
            jti, expired = error.jti, True
        except InvalidToken:
            raise LinkNotFound from None
        session = None
        if jti is not None:
            session, _ = await self._core.storage.session_for_token(jti)
        if session is None:
            raise LinkExpired if expired else LinkNotFound
        return session

    async def confirm(
        self,
        token: str,
        nonce: str,
        *,
        cookies: Mapping[str, str],
        visitor: Visitor,
        spend: Callable[[str], None],
        attempt_id: str | None = None,
    ) -> Opened:
        """Make the visit, or join the one that the browser has of this session.

        `cookies` are this hub's visit cookies, name of the visit to value. `spend` gets the session's id
        before a visit is made, and refuses by raising; joining is free. Under `host_identity` nobody
        gets in but the session's owner: BindingRefused for another one, and for nobody `sign_in` is set.
        With `attempt_id` the visit is for that attempt alone. Raises FormExpired if the page was open too
        long, and what `landing` raises.
        """
        await self._core.ready()
        session = await self._session(token)
        rules.refuse_unless_open(session, self._core.clock.now())
        self._core.nonces.check(nonce, "confirm", session.jti, max_age=_NONCE_AGE)
        sign_in, subject = await self.owner.identify(session, visitor)
        visit = self._new_visit(session, subject, attempt_id=attempt_id)
        return await self._enter(session, visit, sign_in, cookies, spend)

    async def embed(
        self,
        token: str,
        *,
        cookies: Mapping[str, str],
        visitor: Visitor,
        spend: Callable[[str], None],
    ) -> Opened:
        """Make or join the visit of a hub in a frame of the host's page, which handed over the token.

        Nobody confirms in a frame, as what stands around it is not ours to say (T29); so this visit sends
        nobody to a provider's sign-in. `cookies` are the frame's. Under `host_identity` the host must know
        who is signed in: a frame is no place to sign in. Raises what `confirm` raises.
        """
        await self._core.ready()
        session = await self._session(token)
        rules.refuse_unless_open(session, self._core.clock.now())
        await self.owner.require(session, visitor)
        return await self._enter(session, self._new_visit(session, None, embedded=True), None, cookies, spend)

    def _new_visit(
        self,
        session: Session,
        subject: str | None,
        *,
        embedded: bool = False,
        attempt_id: str | None = None,
    ) -> Visit:
        """A visit that has no cookie yet."""
        now = self._core.clock.now()
        return Visit(
            name=secrets.token_hex(4),
            secret_hash=b"",
            session_id=session.id,
            created_at=now,
            last_seen_at=now,
            subject=subject,
            embedded=embedded,
            attempt_id=attempt_id,
        )

    async def _enter(
        self,
        session: Session,
        new: Visit,
        sign_in: str | None,
        cookies: Mapping[str, str],
        spend: Callable[[str], None],
    ) -> Opened:
        joined, ended = await self._visits_in(cookies, session, new)
        if joined is not None:
            return Opened(joined, session, None, sign_in, ended)
        spend(str(session.id))
        value = secrets.token_urlsafe(32)
        visit = replace(new, secret_hash=self._core.cookie_hash(value))
        now = self._core.clock.now()
        opened = await self._core.storage.open_visit(
            visit,
            now=now,
            announce=lambda session: [
                link_event("link.opened", session, targets=self._core.targets, now=now)
            ],
        )
        self._core.wake()
        return Opened(visit, opened, value, sign_in, ended)

    async def _visits_in(
        self, cookies: Mapping[str, str], session: Session, like: Visit
    ) -> tuple[Visit | None, tuple[str, ...]]:
        """The browser's live visit of `session` of the kind of `like`, and the visits that it may forget.

        Those are the ended ones and, past MOST_VISITS, the oldest; those that are not known here may be of
        another hub on this host, and go only then.
        """
        unknown: list[str] = []
        alive: list[str] = []
        ended: list[str] = []
        mine = None
        grace = self._core.config.links.oauth_state_lifetime
        for name, value in list(cookies.items())[-_MOST_COOKIES:]:
            found = await self._core.storage.visit(self._core.cookie_hash(value))
            if found is None or found[0].name != name:
                unknown.append(name)
            elif (
                found[0].session_id == session.id
                and (found[0].embedded, found[0].attempt_id) == (like.embedded, like.attempt_id)
                and self._is_live(found[0])
            ):
                mine = found[0]
            else:
                # A sign-in at a provider may be under way for as long as that may take.
                ended_too = found[1].revoked_at is not None or not self._is_live(found[0], grace)
                (ended if ended_too else alive).append(name)
        spare = len(unknown) + len(alive) + 1 - MOST_VISITS
        return mine, (*ended, *[*unknown, *alive][: max(0, spare)])

    def _is_live(self, visit: Visit, grace: timedelta = timedelta(0)) -> bool:
        links = self._core.config.links
        return visit.is_live(
            self._core.clock.now(), idle=links.visit_idle + grace, absolute=links.visit_absolute + grace
        )

    async def resume(
        self, name: str, cookie: str | None, *, visitor: Visitor | None, finishing: bool = False
    ) -> LiveVisit:
        """The visit called `name`, if `cookie` is its secret and it is still live.

        With `visitor`, a session bound to the host's identity is checked against who is signed in now. With
        `finishing`, it may have outlived its own end by as long as a sign-in at a provider may take. Raises
        CookieMissing, VisitExpired, LinkRevoked, BindingRefused.
        """
        if not cookie:
            raise CookieMissing
        secret_hash = self._core.cookie_hash(cookie)
        found = await self._core.storage.visit(secret_hash)
        if found is None:
            raise VisitExpired
        visit, session = found
        if visit.name != name:
            raise CookieMissing
        now = self._core.clock.now()
        if not self._is_live(
            visit, self._core.config.links.oauth_state_lifetime if finishing else timedelta(0)
        ):
            raise VisitExpired
        if session.revoked_at is not None:
            raise LinkRevoked
        if visitor is not None:
            await self.owner.require(session, visitor)
        if now - visit.last_seen_at >= _TOUCH_EVERY:
            await self._core.storage.touch_visit(secret_hash, now=now)
        return LiveVisit(visit, session)

    async def end(self, live: LiveVisit) -> None:
        """The person left: not even a copy of the cookie opens anything now (T6)."""
        await self._core.storage.end_visit(live.visit.secret_hash)

    async def decline(self, token: str, nonce: str) -> Session:
        """Revoke the link, because the person who opened it says that it was not meant for them."""
        await self._core.ready()
        session = await self._session(token)
        self._core.nonces.check(nonce, "confirm", session.jti, max_age=_NONCE_AGE)
        rules.refuse_unless_open(session, self._core.clock.now())
        now = self._core.clock.now()
        revoked = await self._core.storage.revoke_session(session.project_id, session.id, now=now)
        if revoked is not None:
            await self._core.storage.record_step(
                Step(
                    session_id=session.id,
                    project_id=session.project_id,
                    kind=StepKind.ABANDONED,
                    provider=session.provider,
                    error_code="declined",
                    at=now,
                ),
                once=True,
            )
        return revoked or session

    async def renewable(self, token: str) -> tuple[Session, str]:
        """The session of a link that no longer works, and the nonce with which a new one may be asked for."""
        session = await self._session(token)
        return session, self._core.nonces.make("renew", session.jti)

    async def ask_for_renewal(self, token: str, nonce: str, *, spend: Callable[[str], None]) -> Session:
        """Tell the host that the customer needs a new link (`link.renewal_requested`).

        `spend` gets the session's id; where it raises RateLimited the host was told before, and is not again.
        """
        await self._core.ready()
        session = await self._session(token)
        self._core.nonces.check(nonce, "renew", session.jti, max_age=_NONCE_AGE)
        try:
            spend(str(session.id))
        except RateLimited:
            return session
        asked = link_event(
            "link.renewal_requested", session, targets=self._core.targets, now=self._core.clock.now()
        )
        await self._core.storage.record([asked])
        self._core.wake()
        return session
