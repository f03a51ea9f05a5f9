"""One try at one provider: what was typed, its test, the provider's own sign-in, and what became of it."""

import asyncio
import weakref
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import timedelta

from connect_hub.auth.callback import callback_error, check_issuer, parse_callback
from connect_hub.auth.oauth2 import OAuth2Engine
from connect_hub.connectors.registry import EnabledConnector
from connect_hub.errors import (
    AttemptNotFound,
    ConnectHubError,
    FieldError,
    ProviderError,
    StateInvalid,
    StorageUnavailable,
)
from connect_hub.flows.attempts import Attempts
from connect_hub.flows.choosing import Choosing, ConnectForm
from connect_hub.flows.core import Core
from connect_hub.flows.linking import Linking, NewConnection
from connect_hub.flows.sign_ins import SignIns
from connect_hub.flows.typed import Typed
from connect_hub.flows.visits import LiveVisit, Visits
from connect_hub.identity import Visitor
from connect_hub.models import Attempt, AttemptStatus, OAuthState, ProviderIdentity, StepKind, Visit
from connect_hub.secret import Secret
from connect_hub.storage import rules

__all__ = ["Connecting", "Finished", "Rejected", "shown_identity"]

_UNFINISHED = frozenset(s.value for s in AttemptStatus if s is not AttemptStatus.AUTHENTICATED)
_EXCHANGE = timedelta(seconds=60)
"""Longer than trading a code and testing what came may take."""
_WAIT_FOR_ANOTHER = 25.0
"""Seconds that a second callback waits for the first one's result."""


@dataclass(frozen=True, slots=True)
class Rejected:
    """The form was not accepted: to be shown again, with everything that was typed."""

    form: ConnectForm
    errors: tuple[FieldError, ...] = ()
    error: ConnectHubError | None = None


@dataclass(frozen=True, slots=True)
class Finished:
    """The attempt went on: see its status."""

    visit_name: str
    attempt_id: str


class Connecting:
    """Carries attempts out. Every method checks that the session allows the provider."""

    def __init__(self, core: Core, visits: Visits, linking: Linking) -> None:
        self._core = core
        self._visits = visits
        self._linking = linking
        self._sign_ins = SignIns(core)
        self._steps = Attempts(core)
        self._locks: weakref.WeakValueDictionary[tuple[int, str], asyncio.Lock] = (
            weakref.WeakValueDictionary()
        )
        self.choosing = Choosing(core)

    async def pick(
        self, live: LiveVisit, provider: str, method: str | None, account_id: str | None = None
    ) -> ConnectForm:
        """The form of a provider, looked at. Raises what `Choosing.form` raises."""
        form = await self.choosing.form(live, provider, method, account_id)
        await self._steps.picked(live, form.connector.key, form.method.name)
        return form

    # --- a form was sent ---

    async def submit(
        self,
        live: LiveVisit,
        provider: str,
        method: str | None,
        typed: Typed,
        *,
        attempt_id: str,
        nonce: str,
        account_id: str | None = None,
    ) -> Rejected | Finished:
        """Try what was typed. Nothing is stored before it has passed its test at the provider. With
        `account_id`, that account is renewed, and no other.

        A form sent twice, at once or later, gives the one result. Raises FormExpired, ConnectorNotFound,
        AccountNotFound, AttemptNotFound, LinkUsed, LinkRevoked.
        """
        await self._core.ready()
        connector = await self.choosing.connector(live.session, provider)
        self.choosing.check_nonce(live, provider, attempt_id, nonce)
        if live.visit.attempt_id not in {None, attempt_id}:
            raise AttemptNotFound
        async with self._alone(attempt_id):
            return await self._submit(live, connector, method, typed, attempt_id, account_id)

    def _alone(self, attempt_id: str) -> asyncio.Lock:
        """So that a form sent twice at once asks the provider once; other processes are the storage's."""
        key = (id(asyncio.get_running_loop()), attempt_id)
        lock = self._locks.get(key)
        if lock is None:
            lock = self._locks[key] = asyncio.Lock()
        return lock

    async def _submit(
        self,
        live: LiveVisit,
        connector: EnabledConnector,
        method: str | None,
        typed: Typed,
        attempt_id: str,
        account_id: str | None,
    ) -> Rejected | Finished:
        finished = Finished(live.visit.name, attempt_id)
        before = await self._core.storage.attempt(attempt_id)
        if before is not None and (before.status is AttemptStatus.AUTHENTICATED or before.held is not None):
            return finished
        if before is not None and account_id is None:
            account_id = before.account_id  # the window goes on with what the embedded hub began
        form = await self.choosing.form(live, connector.key, method, account_id)
        values = form.read(typed.reveal())
        if values.errors:
            await self._steps.refused(live, connector.key, form.method.name, attempt_id)
            return Rejected(form, values.errors)
        now = self._core.clock.now()
        attempt = Attempt(
            id=attempt_id,
            session_id=live.session.id,
            project_id=live.session.project_id,
            provider=connector.key,
            method=form.method.name,
            # Of an attempt that an embedded hub began, the window signs in on the other's behalf.
            visit_name=live.visit.name if before is None else before.visit_name,
            values=dict(values.variables),
            account_id=account_id,
            created_at=now if before is None else before.created_at,
            updated_at=now,
        )
        if not await self._record(attempt, StepKind.SUBMITTED):
            return finished
        engine = self._core.engines.of(connector, form.method.name)
        try:
            if isinstance(engine, OAuth2Engine):
                if live.visit.embedded:
                    return finished  # a window of its own goes on from here, after a confirmation
                await self._sign_ins.begin(engine, attempt, live, values)
                redirected = replace(attempt, status=AttemptStatus.REDIRECTED)
                await self._record(redirected, StepKind.REDIRECTED)
                return finished
            credentials = await engine.obtain(values)
            identity = await engine.probe(credentials)
        except ProviderError as error:
            await self._linking.failed(attempt, error)
            return Rejected(form, error=error)
        except StorageUnavailable:
            raise
        except Exception as error:
            await self._linking.failed(attempt, error)
            return finished
        connection = NewConnection(credentials, identity, values.variables)
        await self._linking.link(live.session, attempt, connector, connection)
        return finished

    async def _record(self, attempt: Attempt, step: StepKind) -> bool:
        """Save the attempt; False if it has succeeded meanwhile, which stands."""
        storage = self._core.storage
        if await storage.save_attempt(attempt, expected=_UNFINISHED, step=step):
            return True
        if await storage.attempt(attempt.id) is not None:
            return False
        return await storage.save_attempt(attempt, step=step)

    # --- the provider's own sign-in ---

    async def destination(self, live: LiveVisit, attempt_id: str) -> tuple[EnabledConnector, str]:
        """Where a redirected attempt's browser is to go. Writes nothing. Raises StateInvalid."""
        attempt = await self.attempt(live, attempt_id)
        connector = await self.choosing.connector(live.session, attempt.provider)
        return connector, await self._sign_ins.address(live, attempt_id)

    async def finish(
        self,
        provider: str,
        pairs: Iterable[tuple[str, str]],
        *,
        cookies: Mapping[str, str],
        visitor: Visitor,
    ) -> Finished:
        """The browser is back from the provider with `pairs`.

        Checked in this order, and nothing is sent anywhere before all of it holds: the parameters' shape,
        the state, the cookie of the browser that began, the callback's address, the issuer, the binding;
        then the state is used up, by one caller alone. Raises StateInvalid, CookieMissing, VisitExpired,
        BindingRefused.
        """
        await self._core.ready()
        callback = parse_callback(pairs)
        state = await self._sign_ins.find(callback.state)
        live = await self._visits.resume(
            state.visit_name, cookies.get(state.visit_name), visitor=None, finishing=True
        )
        if live.session.id != state.session_id or state.provider != provider:
            raise StateInvalid
        if state.redirect_uri != self._sign_ins.redirect_uri(provider):
            raise StateInvalid
        connector = await self.choosing.connector(live.session, provider)
        engine = self._core.engines.of(connector, state.method)
        if not isinstance(engine, OAuth2Engine):
            raise StateInvalid
        check_issuer(engine.method, callback.iss)
        await self._visits.owner.require(live.session, visitor)
        attempt = await self.attempt(live, state.attempt_id)
        finished = Finished(state.visit_name, state.attempt_id)
        if attempt.status is AttemptStatus.CANCELLED:
            return finished  # an embedded hub called it off meanwhile
        used = await self._core.storage.use_state(state.state_hash, now=self._core.clock.now())
        if used is None:
            # Back, reload, or a second tab: the result stands.
            await self._wait_for_another(state)
            return finished
        await self._steps.returned(attempt)
        try:
            if callback.code is None:
                raise callback_error(callback)
            connection = await self._exchange(engine, connector, callback.code, state)
        except Exception as error:
            await self._linking.failed(attempt, error)
            return finished
        await self._linking.link(live.session, attempt, connector, connection)
        return finished

    async def _wait_for_another(self, state: OAuthState) -> None:
        """Wait while another request is trading this state's code, so that its result can be shown."""
        loop = asyncio.get_running_loop()
        until, pause = loop.time() + _WAIT_FOR_ANOTHER, 0.05
        while loop.time() < until:
            attempt = await self._core.storage.attempt(state.attempt_id)
            if attempt is None or attempt.status is not AttemptStatus.REDIRECTED or attempt.held is not None:
                return
            now = await self._core.storage.state(state.state_hash)
            if now is None or now.used_at is None or self._core.clock.now() >= now.used_at + _EXCHANGE:
                return  # whoever used it has died
            await asyncio.sleep(pause)
            pause = min(2 * pause, 1.0)

    async def _exchange(
        self, engine: OAuth2Engine, connector: EnabledConnector, code: Secret, state: OAuthState
    ) -> NewConnection:
        credentials = await self._sign_ins.exchange(engine, state, code)
        try:
            identity = await engine.probe(credentials)
            return NewConnection(credentials, identity, self._sign_ins.variables(state), engine.scopes)
        except BaseException:
            self._linking.abandon(connector, credentials)
            raise

    def refuse_finished(self, live: LiveVisit) -> None:
        """Raise LinkUsed or LinkRevoked: a visit of a link that is used up shows results, and no more."""
        rules.refuse_finished(live.session)

    # --- results ---

    async def attempt(self, live: LiveVisit, attempt_id: str) -> Attempt:
        """An attempt of this visit. Raises AttemptNotFound, for another browser's as well."""
        attempt = await self._core.storage.attempt(attempt_id)
        if attempt is None or attempt.session_id != live.session.id or not _is_of(attempt, live.visit):
            raise AttemptNotFound
        return attempt

    async def attempts(self, live: LiveVisit) -> list[Attempt]:
        """The attempts of this visit, newest first."""
        found = await self._core.storage.attempts(live.session.id)
        return [attempt for attempt in found if _is_of(attempt, live.visit)]

    async def accept_other(self, live: LiveVisit, attempt_id: str, nonce: str) -> Finished:
        """Connect the other account at the provider that the attempt holds: the customer said so."""
        attempt = await self.attempt(live, attempt_id)
        self.choosing.check_nonce(live, attempt.provider, attempt_id, nonce)
        if attempt.status is not AttemptStatus.AUTHENTICATED:
            connector = await self.choosing.connector(live.session, attempt.provider)
            connection = self._linking.held(attempt)
            await self._linking.link(live.session, attempt, connector, connection, accept_other_identity=True)
        return Finished(live.visit.name, attempt_id)

    async def other(self, live: LiveVisit, attempt: Attempt) -> tuple[str, str, str]:
        """(name of the account that is connected, name of the one that is held, nonce to accept it with).

        The first is empty where this link may not see the account that it would replace.
        """
        held = self._linking.held(attempt).identity
        account = await self.choosing.reconnected(
            live.session, attempt.provider, account_id=attempt.account_id
        )
        before = None if account is None else account.identity
        return (
            "" if before is None else shown_identity(before),
            "" if held is None else shown_identity(held),
            self.choosing.nonce(live, attempt.provider, attempt.id),
        )

    async def leave(self, live: LiveVisit) -> list[Attempt]:
        """The customer goes: what the visit's attempts hold is forgotten and revoked. The attempts, newest
        first."""
        attempts = await self.attempts(live)
        if not any(attempt.status is AttemptStatus.AUTHENTICATED for attempt in attempts):
            await self._steps.left(live, attempts[0] if attempts else None)
        for attempt in attempts:
            if attempt.held is not None and attempt.status is not AttemptStatus.AUTHENTICATED:
                connector = (await self._core.offer(attempt.project_id)).get(attempt.provider)
                await self._linking.discard(attempt, connector)
        return attempts


def _is_of(attempt: Attempt, visit: Visit) -> bool:
    if visit.attempt_id is not None:
        return attempt.id == visit.attempt_id
    return attempt.visit_name == visit.name


def shown_identity(identity: ProviderIdentity) -> str:
    """What a person knows an account at a provider by."""
    return identity.name or identity.email or identity.id
