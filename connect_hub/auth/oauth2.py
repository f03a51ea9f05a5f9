"""`oauth2`: the authorization code grant (RFC 6749, 4.1) with PKCE (RFC 7636)."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from urllib.parse import quote, urlencode

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
from connect_hub.connectors.methods import OAuth2Method
from connect_hub.connectors.templates import fill
from connect_hub.connectors.values import FieldValues
from connect_hub.credentials import Credentials
from connect_hub.errors import (
    ClientRejected,
    CouldNotCheck,
    CredentialsExpired,
    ProviderError,
    ProviderRefused,
    ProviderUnavailable,
    RefreshFailed,
    WrongAddress,
)
from connect_hub.models import ProviderIdentity
from connect_hub.secret import Secret

__all__ = ["OAuth2Engine"]

_BAD_CLIENT = {"invalid_client", "unauthorized_client", "unsupported_grant_type", "redirect_uri_mismatch"}


@dataclass(frozen=True, slots=True)
class OAuth2Engine:
    """Sends a browser to the provider, and trades what comes back for tokens."""

    sign_in: SignIn

    @property
    def method(self) -> OAuth2Method:
        """The definition of this method."""
        assert isinstance(self.sign_in.method, OAuth2Method)
        return self.sign_in.method

    @property
    def scopes(self) -> tuple[str, ...]:
        """What is asked for."""
        return self.sign_in.connector.scopes(self.method)

    def authorization_url(
        self,
        values: FieldValues,
        *,
        redirect_uri: str,
        state: str,
        code_challenge: str | None,
        nonce: str | None = None,
    ) -> str:
        """Where to send the browser (RFC 6749, 4.1.1). `code_challenge` is left out where the definition says
        `pkce = false`, and required otherwise.

        Raises WrongAddress, with the field to look at; ValidationFailed for values with errors; ValueError
        for an absent challenge.
        """
        method, values = self.method, values.checked()
        variables = self._variables(values.variables)
        url = self.sign_in.connector.definition.address(method, method.authorize_url, variables)
        params = {"response_type": "code", "client_id": variables["client_id"], "redirect_uri": redirect_uri}
        if self.scopes:
            params[method.scope_param] = method.scope_separator.join(self.scopes)
        params["state"] = state
        if method.pkce:
            if code_challenge is None:
                raise ValueError("this method needs a code_challenge: connect_hub.auth.pkce makes one")
            params |= {"code_challenge": code_challenge, "code_challenge_method": "S256"}
        if nonce is not None:
            params["nonce"] = nonce
        if method.response_mode == "form_post":
            params["response_mode"] = "form_post"
        blank = {field.key: "" for field in self.sign_in.fields if not field.required}
        for name, text in method.authorize_params.items():
            params[name] = fill(text, blank | variables)
        return f"{url}{'&' if '?' in url else '?'}{urlencode(params, quote_via=quote)}"

    async def exchange(
        self, code: Secret, *, redirect_uri: str, code_verifier: Secret | None, values: FieldValues
    ) -> Credentials:
        """The credentials for an authorization code (RFC 6749, 4.1.3), not tried yet.

        Tokens that came in an answer that cannot be used are revoked, best effort. Raises ProviderRefused
        (begin again), ClientRejected (the host's client is at fault), ProviderUnavailable, CouldNotCheck or
        WrongAddress; ValidationFailed for values with errors.
        """
        values = values.checked()
        typed = Credentials(
            method=self.method.name, secrets=dict(values.secrets), variables=dict(values.variables)
        )
        params = {"grant_type": "authorization_code", "redirect_uri": redirect_uri}
        traded = {"code": code}
        if self.method.pkce and code_verifier is not None:
            traded["code_verifier"] = code_verifier
        outcome = await self._token(self.method.token_url, params, typed, traded, fallback_scopes=self.scopes)
        if isinstance(outcome, Refusal):
            if outcome.unwanted:  # the provider has a grant now that nobody will store
                await self.revoke(replace(typed, secrets={**typed.secrets, **outcome.unwanted}))
            raise self._exchange_error(outcome)
        return outcome

    def can_refresh(self, credentials: Credentials) -> bool:
        return bool(self.method.refresh) and "refresh_token" in credentials.secrets

    async def refresh(self, credentials: Credentials) -> Credentials:
        """A new access token (RFC 6749, 6); the old refresh token is kept where no new one came.

        Raises CredentialsExpired only for a well-formed `invalid_grant`, ClientRejected where the host's
        client is at fault, else RefreshFailed.
        """
        refresh = self.method.refresh
        if not refresh or "refresh_token" not in credentials.secrets:
            raise RefreshFailed("There is no refresh token. The customer can connect again.")
        try:
            outcome = await self._token(
                refresh.url or self.method.token_url,
                {"grant_type": "refresh_token"},
                credentials,
                {"refresh_token": credentials.secrets["refresh_token"]},
                refresh.params,
                fallback_scopes=credentials.granted_scopes,
            )
        except WrongAddress:  # stored under another definition; nothing was called, so nothing is lost
            raise RefreshFailed from None
        if not isinstance(outcome, Refusal):
            return outcome
        if outcome.code == "invalid_grant":
            raise CredentialsExpired
        if outcome.code in _BAD_CLIENT:
            raise ClientRejected(provider_message=outcome.said)
        raise RefreshFailed

    def base_url(self, credentials: Credentials) -> str:
        return self.sign_in.base_url(credentials)

    def request_headers(self, credentials: Credentials) -> dict[str, str]:
        return self.sign_in.request_headers(credentials)

    async def probe(self, credentials: Credentials) -> ProviderIdentity | None:
        return await self.sign_in.probe(credentials)

    async def revoke(self, credentials: Credentials) -> bool:
        return await self.sign_in.revoke(credentials)

    async def _token(
        self,
        template: str,
        params: dict[str, str],
        credentials: Credentials,
        traded: Mapping[str, Secret],
        more: Mapping[str, str] | None = None,
        *,
        fallback_scopes: tuple[str, ...],
    ) -> Credentials | Refusal:
        """Call the token endpoint: `credentials` with what it gave, or why it gave nothing.

        `traded` is the code or refresh token, by its parameter's name; `more` are templates.
        """
        method, sign_in = self.method, self.sign_in
        url = sign_in.connector.definition.address(method, template, self._variables(credentials.variables))
        client_id, client_secret = sign_in.client(credentials)
        extra = sign_in.filled({**method.token_request.params, **(more or {})}, credentials, with_client=True)
        call = token_call(
            url,
            method.token_request,
            {**params, **{name: secret.reveal() for name, secret in traded.items()}, **extra},
            client_id=client_id,
            client_secret=client_secret,
            headers=sign_in.filled(method.token_request.headers, credentials, with_client=True),
        )
        asked_at = sign_in.clock.now()
        outcome = await send(sign_in.sender, call)
        secrets = {**credentials.secrets, **traded}
        if client_secret is not None:
            secrets["client_secret"] = client_secret
        grant = read_token_answer(method.token_answer, outcome, sign_in.address_rules, secrets)
        if not isinstance(grant, Grant):
            return grant
        tokens = {
            "access_token": grant.access_token,
            "refresh_token": grant.refresh_token,
            "id_token": grant.id_token,
        }
        return replace(
            credentials,
            secrets={**credentials.secrets, **{k: v for k, v in tokens.items() if v is not None}},
            variables={**credentials.variables, **grant.variables},
            expires_at=grant.expires_at(asked_at),
            granted_scopes=fallback_scopes if grant.scopes is None else grant.scopes,
        )

    def _variables(self, variables: Mapping[str, str]) -> dict[str, str]:
        client_id, _ = self.sign_in.client(Credentials(method=self.method.name, secrets={}))
        return {**variables, "client_id": client_id}

    def _exchange_error(self, refusal: Refusal) -> ProviderError:
        if refusal.unreached is not None:
            host_field = self.sign_in.connector.definition.host_field(self.method, self.method.token_url)
            return unreached_error(refusal.unreached, host_field)
        if refusal.code in _BAD_CLIENT:
            return ClientRejected(provider_message=refusal.said)
        if refusal.code == UNAVAILABLE:
            return ProviderUnavailable(provider_message=refusal.said)
        if refusal.code == NOT_UNDERSTOOD:
            return CouldNotCheck()
        return ProviderRefused(provider_message=refusal.said)
