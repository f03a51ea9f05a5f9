"""Sign-ins at providers that are under way: what has to be remembered between the hop there and back."""

import hashlib
import json
import logging
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field

from connect_hub.auth.oauth2 import OAuth2Engine
from connect_hub.auth.pkce import challenge, new_verifier
from connect_hub.connectors.values import FieldValues
from connect_hub.credentials import Credentials
from connect_hub.errors import ConnectHubError, CouldNotCheck, StateInvalid
from connect_hub.flows.core import Core
from connect_hub.flows.visits import LiveVisit
from connect_hub.models import Attempt, OAuthState
from connect_hub.secret import Secret

__all__ = ["SignIns"]

log = logging.getLogger("connect_hub.connecting")


@dataclass(frozen=True, slots=True)
class _Request:
    """What was sealed in a state."""

    url: str = field(repr=False)
    verifier: Secret
    values: FieldValues


class SignIns:
    """Begins authorization requests and finds them again. What they carry is sealed in the database."""

    def __init__(self, core: Core) -> None:
        self._core = core

    def redirect_uri(self, provider: str) -> str:
        """The redirect URI to register at the provider."""
        return f"{self._core.public_url}/oauth/callback/{provider}"

    async def begin(
        self, engine: OAuth2Engine, attempt: Attempt, live: LiveVisit, values: FieldValues
    ) -> None:
        """Remember a new authorization request of `attempt`; an earlier one ends. Raises WrongAddress."""
        state, redirect_uri = Secret(secrets.token_urlsafe(32)), self.redirect_uri(attempt.provider)
        sealed = self._sealed(engine, attempt, values, state)
        now = self._core.clock.now()
        await self._core.storage.save_state(
            OAuthState(
                state_hash=_digest(state.reveal()),
                attempt_id=attempt.id,
                session_id=attempt.session_id,
                project_id=attempt.project_id,
                provider=attempt.provider,
                method=engine.method.name,
                visit_name=live.visit.name,
                redirect_uri=redirect_uri,
                sealed=sealed,
                issuer=engine.method.issuer,
                created_at=now,
                expires_at=now + self._core.config.links.oauth_state_lifetime,
            )
        )

    def _sealed(self, engine: OAuth2Engine, attempt: Attempt, values: FieldValues, state: Secret) -> bytes:
        # A function of its own: what is plain here is in no frame that a database's error passes through.
        verifier = new_verifier()
        url = engine.authorization_url(
            values,
            redirect_uri=self.redirect_uri(attempt.provider),
            state=state.reveal(),
            code_challenge=challenge(verifier),
        )
        document = {
            "url": url,
            "verifier": verifier,
            "variables": dict(values.variables),
            "secrets": {name: secret.reveal() for name, secret in values.secrets.items()},
        }
        return self._core.vault.seal(
            json.dumps(document).encode(),
            project_id=attempt.project_id,
            account_id=attempt.id,
            field="oauth_state",
            generation=0,
        )

    async def find(self, state: str) -> OAuthState:
        """The request that was begun with this `state`, used or not. Raises StateInvalid."""
        found = await self._core.storage.state(_digest(state))
        if found is None or found.expires_at <= self._core.clock.now():
            raise StateInvalid
        return found

    async def address(self, live: LiveVisit, attempt_id: str) -> str:
        """Where the browser of a redirected attempt is to go. Writes nothing. Raises StateInvalid."""
        state = await self._core.storage.state_of_attempt(attempt_id)
        if state is None or state.visit_name != live.visit.name or state.expires_at <= self._core.clock.now():
            raise StateInvalid
        return self._request(state).url

    async def exchange(self, engine: OAuth2Engine, state: OAuthState, code: Secret) -> Credentials:
        """The credentials for `code`, not tried yet. Raises what `OAuth2Engine.exchange` raises, and
        CouldNotCheck for whatever else goes wrong with the provider's answer."""
        request = self._request(state)
        try:
            return await engine.exchange(
                code, redirect_uri=state.redirect_uri, code_verifier=request.verifier, values=request.values
            )
        except ConnectHubError:
            raise
        except Exception as error:
            # Without its text and its frames, which may hold tokens.
            log.error("attempt %s: its code was not traded: %s", state.attempt_id, type(error).__name__)
            raise CouldNotCheck from None

    def variables(self, state: OAuthState) -> Mapping[str, str]:
        """The plain values that were typed before the hop."""
        return self._request(state).values.variables

    def _request(self, state: OAuthState) -> _Request:
        document = json.loads(
            self._core.vault.open(
                state.sealed,
                project_id=state.project_id,
                account_id=state.attempt_id,
                field="oauth_state",
                generation=0,
            )
        )
        typed = {name: Secret(text) for name, text in document["secrets"].items()}
        return _Request(
            document["url"], Secret(document["verifier"]), FieldValues(document["variables"], typed)
        )


def _digest(state: str) -> bytes:
    return hashlib.sha256(state.encode()).digest()
