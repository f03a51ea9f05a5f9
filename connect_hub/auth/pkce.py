"""Proof Key for Code Exchange (RFC 7636), with S256 alone."""

import base64
import hashlib
import secrets

__all__ = ["challenge", "new_verifier"]


def new_verifier() -> str:
    """A fresh code verifier: 43 characters, 256 random bits (RFC 7636, 4.1)."""
    return secrets.token_urlsafe(32)


def challenge(verifier: str) -> str:
    """The S256 code challenge: base64url of the SHA-256, without padding (RFC 7636, 4.2)."""
    digest = hashlib.sha256(verifier.encode("ascii")).digest()
    return base64.urlsafe_b64encode(digest).rstrip(b"=").decode("ascii")
