"""`client_credentials` (RFC 6749, 4.4): the customer's own client at the provider gets a token."""

from dataclasses import dataclass, replace

from connect_hub.auth.calls import send
from connect_hub.auth.probing import unreached_error
from connect_hub.auth.sign_in import SignIn
from connect_hub.auth.token_endpoint import (
    NOT_UNDERSTOOD,
    UNAVAILABLE,
    Grant,
    Refusal,
    read_token_answer,
    token_call,
)
from connect_hub.connectors.methods import ClientCredentialsMethod
from connect_hub.connectors.values import FieldValues
from connect_hub.credentials import Credentials
from connect_hub.errors import (
    CouldNotCheck,
    CredentialsExpired,
    MissingPermission,
    ProviderError,
    ProviderUnavailable,
    RefreshFailed,
    RejectedCredentials,
    WrongAddress,
)
from connect_hub.models import ProviderIdentity

__all__ = ["ClientCredentialsEngine"]

_BAD_CLIENT = {"invalid_client", "unauthorized_client", "invalid_grant"}


@dataclass(frozen=True, slots=True)
class ClientCredentialsEngine:
    """Trades a client id and secret from a form for access tokens, again and again."""

    sign_in: SignIn

    async def obtain(self, values: FieldValues) -> Credentials:
        """The first token. Raises RejectedCredentials, MissingPermission, WrongAddress, ProviderUnavailable,
        CouldNotCheck; ValidationFailed for values with errors."""
        values = values.checked()
        typed = Credentials(
            method=self.sign_in.method.name, secrets=dict(values.secrets), variables=dict(values.variables)
        )
        outcome = await self._token(typed)
        if isinstance(outcome, Refusal):
            raise self._error(outcome)
        return outcome

    async def refresh(self, credentials: Credentials) -> Credentials:
        """The next token. Here the client is the customer's, so that CredentialsExpired also follows from
        `invalid_client`; anything else is RefreshFailed."""
        try:
            outcome = await self._token(credentials)
        except WrongAddress:  # stored under another definition; nothing was called, so nothing is lost
            raise RefreshFailed from None
        if not isinstance(outcome, Refusal):
            return outcome
        raise CredentialsExpired if outcome.code in _BAD_CLIENT else RefreshFailed

    def can_refresh(self, credentials: Credentials) -> bool:
        return True

    def base_url(self, credentials: Credentials) -> str:
        return self.sign_in.base_url(credentials)

    def request_headers(self, credentials: Credentials) -> dict[str, str]:
        return self.sign_in.request_headers(credentials)

    async def probe(self, credentials: Credentials) -> ProviderIdentity | None:
        return await self.sign_in.probe(credentials)

    async def revoke(self, credentials: Credentials) -> bool:
        return await self.sign_in.revoke(credentials)

    @property
    def _method(self) -> ClientCredentialsMethod:
        assert isinstance(self.sign_in.method, ClientCredentialsMethod)
        return self.sign_in.method

    async def _token(self, credentials: Credentials) -> Credentials | Refusal:
        method, sign_in = self._method, self.sign_in
        url = sign_in.connector.definition.address(method, method.token_url, credentials.variables)
        params = {"grant_type": "client_credentials"}
        if method.scopes:
            params["scope"] = method.scope_separator.join(method.scopes)
        client_id, client_secret = sign_in.client(credentials)
        call = token_call(
            url,
            method.token_request,
            params | sign_in.filled(method.token_request.params, credentials),
            client_id=client_id,
            client_secret=client_secret,
            headers=sign_in.filled(method.token_request.headers, credentials),
        )
        asked_at = sign_in.clock.now()
        outcome = await send(sign_in.sender, call)
        grant = read_token_answer(method.token_answer, outcome, sign_in.address_rules, credentials.secrets)
        if not isinstance(grant, Grant):
            return grant
        return replace(
            credentials,
            secrets={**credentials.secrets, "access_token": grant.access_token},
            variables={**credentials.variables, **grant.variables},
            expires_at=grant.expires_at(asked_at),
            granted_scopes=method.scopes if grant.scopes is None else grant.scopes,
        )

    def _error(self, refusal: Refusal) -> ProviderError:
        blame = self.sign_in.blame(self._method.token_url, {})
        if refusal.unreached is not None:
            return unreached_error(refusal.unreached, blame.host)
        if refusal.code in _BAD_CLIENT:
            return RejectedCredentials(field=blame.secret, provider_message=refusal.said)
        if refusal.code == UNAVAILABLE:
            return ProviderUnavailable(provider_message=refusal.said)
        if refusal.code in ("invalid_scope", "access_denied"):
            return MissingPermission(field=blame.secret, provider_message=refusal.said)
        return CouldNotCheck(provider_message=refusal.said if refusal.code != NOT_UNDERSTOOD else None)
