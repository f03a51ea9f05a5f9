"""The authorization request (RFC 6749, 4.1.1; RFC 7636; RFC 9700): which ones are in order, and the
addresses that answers go to."""

import re
from collections.abc import Mapping
from urllib.parse import urlencode

from connect_hub.testing.provider.clients import ProviderClient
from connect_hub.testing.provider.grants import AuthorizedRequest
from connect_hub.testing.provider.parameters import Parameters
from connect_hub.testing.provider.policy import ProviderPolicy
from connect_hub.testing.provider.refusal import PageRefusal, RedirectRefusal

__all__ = ["answer_address", "asked_scopes", "read_request"]

_CHALLENGE = re.compile(r"[A-Za-z0-9_-]{43}")


def read_request(
    parameters: Parameters, clients: Mapping[str, ProviderClient], policy: ProviderPolicy
) -> AuthorizedRequest:
    """The request, checked.

    Raises PageRefusal while it is not certain whom the browser may be sent back to, and RedirectRefusal
    for everything that is wrong after that.
    """
    repeated = parameters.repeated()
    if "client_id" in repeated or "redirect_uri" in repeated:
        raise PageRefusal("The client or the redirect URI is given twice.")
    client = clients.get(parameters.get("client_id") or "")
    if client is None:
        raise PageRefusal("No application with this client_id is registered here.")
    redirect_uri = parameters.get("redirect_uri")
    if redirect_uri is None or redirect_uri not in client.redirect_uris:
        raise PageRefusal(f"This redirect_uri is not registered for {client.name}. Register it exactly.")
    state = parameters.get("state")

    def refusal(error: str, description: str) -> RedirectRefusal:
        return RedirectRefusal(redirect_uri, None if "state" in repeated else state, error, description)

    if repeated:
        raise refusal("invalid_request", f"Given twice: {', '.join(repeated)[:100]}.")
    if parameters.get("response_type") != "code":
        raise refusal("unsupported_response_type", "response_type must be code.")
    if parameters.get("response_mode") not in (None, "query"):
        raise refusal("invalid_request", "response_mode can only be query.")
    if "authorization_code" not in client.grant_types:
        raise refusal("unauthorized_client", "This application may not use the code grant.")
    challenge = parameters.get("code_challenge")
    if challenge is None and (policy.require_pkce or client.client_secret is None):
        raise refusal("invalid_request", "code_challenge is required (PKCE, RFC 7636).")
    if challenge is not None and parameters.get("code_challenge_method") != "S256":
        raise refusal("invalid_request", "code_challenge_method must be S256.")
    if challenge is not None and _CHALLENGE.fullmatch(challenge) is None:
        raise refusal("invalid_request", "code_challenge is no SHA-256 in base64url.")
    scopes = asked_scopes(parameters.get("scope"), policy)
    if scopes is None:
        raise refusal("invalid_scope", "Known scopes: " + " ".join(policy.scopes))
    return AuthorizedRequest(
        client=client, redirect_uri=redirect_uri, state=state, scopes=scopes, challenge=challenge
    )


def asked_scopes(text: str | None, policy: ProviderPolicy) -> tuple[str, ...] | None:
    """The scopes of a request, each once; all there are when none is named; None when one is not known."""
    asked = tuple(policy.scopes) if text is None else tuple(dict.fromkeys(text.split()))
    return asked if asked and all(scope in policy.scopes for scope in asked) else None


def answer_address(redirect_uri: str, answer: Mapping[str, str | None]) -> str:
    """The redirect URI with the answer added to its query (RFC 6749, 3.1.2); None values are left out."""
    added = urlencode({name: value for name, value in answer.items() if value is not None})
    return redirect_uri + ("&" if "?" in redirect_uri else "?") + added
