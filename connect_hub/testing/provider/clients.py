"""Registered clients, and how they prove who they are (RFC 6749, 2.3)."""

import base64
import binascii
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import unquote_plus, urlsplit

from connect_hub.secret import Secret
from connect_hub.testing.provider.parameters import Parameters
from connect_hub.testing.provider.refusal import TokenRefusal

__all__ = ["ProviderClient", "authenticate"]

_NOBODY = Secret("compared with when the client is not known, so that this takes the same time")


@dataclass(frozen=True, slots=True, kw_only=True)
class ProviderClient:
    """An application that was registered at the provider."""

    client_id: str
    client_secret: Secret | None = None
    """None: a public client, which names itself in the form and proves itself by PKCE alone."""
    redirect_uris: tuple[str, ...] = ()
    """Compared as whole texts (RFC 9700, 2.1). https, or http on a loopback host."""
    name: str = "Your application"
    """Shown on the consent page."""
    auth_methods: tuple[str, ...] = ("client_secret_basic", "client_secret_post")
    """What it may use at the token endpoint."""
    grant_types: tuple[str, ...] = ("authorization_code", "refresh_token")
    """`client_credentials` can be added."""

    def __post_init__(self) -> None:
        for uri in self.redirect_uris:
            parts = urlsplit(uri)
            name = parts.hostname or ""
            loopback = name in ("127.0.0.1", "::1", "localhost") or name.endswith(".localhost")
            if not (parts.scheme == "https" or (parts.scheme == "http" and loopback)) or "#" in uri:
                raise ValueError(
                    f"not a redirect URI: {uri!r}; use https (or http on 127.0.0.1), no fragment"
                )


def authenticate(
    clients: Mapping[str, ProviderClient], authorization: str | None, form: Parameters
) -> ProviderClient:
    """The client that sent this form to the token or revocation endpoint.

    Raises TokenRefusal `invalid_client`, the same for an unknown client and a wrong secret.
    """
    if authorization is None:
        client_id, client_secret, method = form.get("client_id"), form.get("client_secret"), "none"
        if client_secret is not None:
            method = "client_secret_post"
    else:
        client_id, client_secret = _basic(authorization)
        method = "client_secret_basic"
        if form.get("client_secret") is not None:
            raise TokenRefusal("invalid_request", "Use one way to authenticate, not two.")
        if form.get("client_id") not in (None, client_id):
            raise TokenRefusal("invalid_request", "Two different clients are named.")
    client = clients.get(client_id or "")
    expected = None if client is None else client.client_secret
    right = (_NOBODY if expected is None else expected).matches(client_secret or "")
    if client is None:
        raise _unknown()
    allowed = method == "none" if expected is None else right and method in client.auth_methods
    if not allowed:
        raise _unknown()
    return client


def _basic(header: str) -> tuple[str, str]:
    """RFC 6749, 2.3.1: id and secret are form-encoded before they go into Basic."""
    scheme, _, encoded = header.partition(" ")
    try:
        user, colon, password = base64.b64decode(encoded.strip(), validate=True).decode().partition(":")
    except (binascii.Error, ValueError):
        raise _unknown() from None
    if scheme.lower() != "basic" or not colon:
        raise _unknown()
    return unquote_plus(user), unquote_plus(password)


def _unknown() -> TokenRefusal:
    return TokenRefusal("invalid_client", "Client authentication failed.", 401)
