"""The errors of the simulated authorization server, in the shapes of RFC 6749."""

from dataclasses import dataclass

__all__ = ["PageRefusal", "RedirectRefusal", "TokenRefusal"]


@dataclass(eq=False)
class TokenRefusal(Exception):
    """An error of the token or revocation endpoint (RFC 6749, 5.2): JSON to the client."""

    error: str
    description: str
    status: int = 400


@dataclass(eq=False)
class RedirectRefusal(Exception):
    """An error of the authorization endpoint that goes back to the client (RFC 6749, 4.1.2.1)."""

    redirect_uri: str
    state: str | None
    error: str
    description: str


@dataclass(eq=False)
class PageRefusal(Exception):
    """An error that only the person may see: the client or its redirect URI is not known, so sending the
    browser anywhere would make this an open redirector (RFC 6749, 4.1.2.1; RFC 9700, 4.11.2)."""

    message: str
    status: int = 400
