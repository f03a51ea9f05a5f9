"""Sign-ins at a provider that an embedded hub has done in a window of its own.

The window is a page of the hub by itself, in no frame, so what it says of who asks can be believed. It shows
the confirmation first and changes nothing; what confirms makes a visit for this one attempt, with a cookie of
its own, and by that cookie alone the provider's answer is taken (T1, T3).
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

from connect_hub.connectors.fields import Field
from connect_hub.errors import AttemptNotFound, ConnectHubError, ConnectorNotFound, ValidationFailed
from connect_hub.flows.choosing import Integration, integrations
from connect_hub.flows.connecting import Connecting, Rejected
from connect_hub.flows.core import Core
from connect_hub.flows.typed import Typed
from connect_hub.flows.visits import Landing, LiveVisit, Opened, Visits
from connect_hub.identity import Visitor
from connect_hub.models import Attempt, AttemptStatus, Session

__all__ = ["Popups", "WindowLanding"]

_OPEN = frozenset({AttemptStatus.PENDING, AttemptStatus.REDIRECTED})


@dataclass(frozen=True, slots=True)
class WindowLanding:
    """What a window shows first."""

    landing: Landing
    attempt: Attempt
    integration: Integration
    fields: tuple[Field, ...]
    """What the sign-in asks for beforehand; nothing of it is secret."""

    def checked(self, values: Mapping[str, str]) -> Mapping[str, str]:
        """Of `values`, which anybody may have put into the window's address, what its field may hold."""
        return self.integration.connector.read(self.integration.method, values).variables


@dataclass(frozen=True, slots=True)
class Popups:
    """The windows of embedded hubs."""

    core: Core
    visits: Visits
    connecting: Connecting

    async def opening(self, live: LiveVisit, attempt: Attempt) -> tuple[str, str]:
        """The integration of an attempt that a frame began, and the session's token, for its window.

        Raises ConnectorNotFound for a way that is no sign-in, or that asks for a secret first.
        """
        session = live.session
        connector = await self.connecting.choosing.connector(session, attempt.provider)
        for integration in integrations(connector):
            if integration.redirects and integration.method.name == attempt.method:
                return integration.id, self.core.tokens.issue(
                    session.id, session.jti, session.created_at, session.expires_at
                )
        raise ConnectorNotFound

    async def landing(self, token: str, integration_id: str, attempt_id: str) -> WindowLanding:
        """What the window asks to be confirmed, and the attempt that it is for. Writes nothing.

        Raises what `Visits.landing` raises; ConnectorNotFound for what the session does not allow or what is
        no sign-in; AttemptNotFound for another session's attempt, and for one that is over.
        """
        await self.core.ready()
        landing = await self.visits.landing(token)
        integration = await self._integration(landing.session, integration_id)
        attempt = await self._attempt(landing.session, integration, attempt_id)
        fields = integration.connector.definition.fields_of(integration.method)
        landing = replace(landing, connectors=(integration.connector,))
        return WindowLanding(landing, attempt, integration, fields)

    async def _integration(self, session: Session, integration_id: str) -> Integration:
        integration = await self.connecting.choosing.integration(session, integration_id)
        if not integration.redirects:
            raise ConnectorNotFound
        return integration

    async def _attempt(self, session: Session, integration: Integration, attempt_id: str) -> Attempt:
        attempt = None if "\x00" in attempt_id else await self.core.storage.attempt(attempt_id)
        if attempt is None or attempt.session_id != session.id or attempt.status not in _OPEN:
            raise AttemptNotFound
        if attempt.provider not in {"", integration.connector.key}:
            raise AttemptNotFound
        return attempt

    async def confirm(
        self,
        token: str,
        nonce: str,
        integration_id: str,
        attempt_id: str,
        typed: Typed,
        *,
        cookies: Mapping[str, str],
        visitor: Visitor,
        spend: Callable[[str], None],
    ) -> Opened:
        """Make the window's visit and begin the sign-in; where it leads, `Connecting.destination` says.

        Values that the embedded hub has sent before are used where `typed` has no others. What is refused is
        recorded in the attempt, so that the embedded hub learns of it. Raises what `landing` and
        `Visits.confirm` raise; BindingRefused, for nobody at the host as well; ValidationFailed.
        """
        asked = await self.landing(token, integration_id, attempt_id)
        await self.visits.owner.require(asked.landing.session, visitor)
        attempt, integration = asked.attempt, asked.integration
        opened = await self.visits.confirm(
            token, nonce, cookies=cookies, visitor=visitor, spend=spend, attempt_id=attempt_id
        )
        live, provider = LiveVisit(opened.visit, opened.session), integration.connector.key
        outcome = await self.connecting.submit(
            live,
            provider,
            integration.method.name,
            Typed({**attempt.values, **typed.reveal()}),
            attempt_id=attempt_id,
            nonce=self.connecting.choosing.nonce(live, provider, attempt_id),
        )
        if isinstance(outcome, Rejected):
            error = outcome.error or ValidationFailed(*outcome.errors)
            await self._refused(replace(attempt, provider=provider), error)
            raise error
        return opened

    async def _refused(self, attempt: Attempt, error: ConnectHubError) -> None:
        await self.core.storage.save_attempt(
            replace(
                attempt,
                status=AttemptStatus.ERROR,
                error_code=error.code,
                error_description=error.message[:500],
                updated_at=self.core.clock.now(),
            )
        )
