"""The token endpoint (RFC 6749, 3.2) and revocation (RFC 7009)."""

from collections.abc import Mapping

from starlette.responses import JSONResponse, Response

from connect_hub.testing.provider.authorization import asked_scopes
from connect_hub.testing.provider.clients import ProviderClient, authenticate
from connect_hub.testing.provider.faults import Fault
from connect_hub.testing.provider.grants import GrantBook, Issued
from connect_hub.testing.provider.parameters import Parameters
from connect_hub.testing.provider.policy import ProviderPolicy
from connect_hub.testing.provider.refusal import TokenRefusal

__all__ = ["TokenEndpoint"]

_NO_STORE = {"cache-control": "no-store", "pragma": "no-cache"}


class TokenEndpoint:
    """Turns forms into tokens. Takes an `Authorization` header and a form, knows no more of HTTP."""

    def __init__(
        self, *, clients: Mapping[str, ProviderClient], policy: ProviderPolicy, grants: GrantBook
    ) -> None:
        self._clients = clients
        self._policy = policy
        self._grants = grants

    def token(self, authorization: str | None, form: Parameters, fault: Fault | None) -> Response:
        """The answer to a token request."""
        try:
            client = self._caller(authorization, form)
            if fault is Fault.INVALID_GRANT:
                raise TokenRefusal("invalid_grant", "Simulated.")
            issued = self._grant(client, form, fault)
        except TokenRefusal as refusal:
            return self._refused(refusal, authorization)
        answer: dict[str, object] = {
            "access_token": issued.access_token,
            "token_type": "Bearer",
            "scope": " ".join(issued.scopes),
        }
        if fault is not Fault.MISSING_EXPIRES_IN:
            as_text = fault is Fault.EXPIRES_IN_AS_TEXT
            answer["expires_in"] = str(issued.expires_in) if as_text else issued.expires_in
        if issued.refresh_token is not None:
            answer["refresh_token"] = issued.refresh_token
        return JSONResponse(answer, headers=_NO_STORE)

    def revoke(self, authorization: str | None, form: Parameters) -> Response:
        """The answer to a revocation request; 200 also for a token that nobody knows."""
        try:
            client = self._caller(authorization, form)
            token = form.get("token")
            if token is None:
                raise TokenRefusal("invalid_request", "token is missing.")
            self._grants.revoke(token, client=client)
        except TokenRefusal as refusal:
            return self._refused(refusal, authorization)
        return Response(status_code=200, headers=_NO_STORE)

    def _caller(self, authorization: str | None, form: Parameters) -> ProviderClient:
        repeated = form.repeated()
        if repeated:
            raise TokenRefusal("invalid_request", f"Given twice: {', '.join(repeated)[:100]}.")
        return authenticate(self._clients, authorization, form)

    def _grant(self, client: ProviderClient, form: Parameters, fault: Fault | None) -> Issued:
        grant_type = form.get("grant_type")
        if grant_type is None:
            raise TokenRefusal("invalid_request", "grant_type is missing.")
        if grant_type not in ("authorization_code", "refresh_token", "client_credentials"):
            raise TokenRefusal("unsupported_grant_type", "This grant_type is not offered.")
        if grant_type not in client.grant_types:
            raise TokenRefusal("unauthorized_client", "This client may not use this grant_type.")
        if grant_type == "authorization_code":
            return self._grants.redeem(
                _needed(form, "code"),
                client=client,
                redirect_uri=form.get("redirect_uri"),
                verifier=form.get("code_verifier"),
            )
        text = form.get("scope")
        scopes = asked_scopes(text, self._policy)
        if scopes is None:
            raise TokenRefusal("invalid_scope", "A scope is not known.")
        if grant_type == "client_credentials":
            if client.client_secret is None:
                raise TokenRefusal("unauthorized_client", "A public client has no credentials.")
            return self._grants.client_token(client, scopes)
        return self._grants.refresh(
            _needed(form, "refresh_token"),
            client=client,
            scopes=None if text is None else scopes,
            rotate=self._policy.rotate_refresh_tokens and fault is not Fault.NO_NEW_REFRESH_TOKEN,
        )

    def _refused(self, refusal: TokenRefusal, authorization: str | None) -> Response:
        headers = dict(_NO_STORE)
        if refusal.status == 401 and authorization is not None:
            headers["www-authenticate"] = 'Basic realm="token", charset="UTF-8"'
        content = {"error": refusal.error, "error_description": refusal.description}
        return JSONResponse(content, refusal.status, headers)


def _needed(form: Parameters, name: str) -> str:
    value = form.get(name)
    if value is None:
        raise TokenRefusal("invalid_request", f"{name} is missing.")
    return value
