"""What the provider has issued: codes, tokens, and the families that tie the tokens of one sign-in together.

Kept in memory, by hash. Every method is one atomic step under a lock, so that the server's thread and the
test's may both use it. Times come from the injected clock.
"""

import hashlib
import secrets as randomness
import threading
from base64 import urlsafe_b64encode
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from hmac import compare_digest
from typing import Literal

from connect_hub.clock import Clock
from connect_hub.testing.provider.clients import ProviderClient
from connect_hub.testing.provider.policy import ProviderPolicy
from connect_hub.testing.provider.refusal import TokenRefusal
from connect_hub.testing.provider.users import ProviderUser

__all__ = ["AuthorizedRequest", "Family", "GrantBook", "Issued", "Token"]


@dataclass(frozen=True, slots=True, kw_only=True)
class AuthorizedRequest:
    """An authorization request whose client and redirect URI were found in order."""

    client: ProviderClient
    redirect_uri: str
    state: str | None
    scopes: tuple[str, ...]
    challenge: str | None
    """The S256 code challenge (RFC 7636)."""


@dataclass(frozen=True, slots=True)
class Family:
    """One sign-in of one person for one client, and all tokens that came of it. A snapshot."""

    id: str
    """`fam_1`, `fam_2`, … in order."""
    client_id: str
    user: ProviderUser | None
    """None: the client itself (client credentials)."""
    scopes: tuple[str, ...]
    refreshes: int = 0
    ended: str | None = None
    """Why none of its tokens works any more: `reuse`, `revoked`, `code replayed` or `withdrawn`."""


@dataclass(frozen=True, slots=True)
class Token:
    """What introspection (RFC 7662) would say of one token. A snapshot, without its text."""

    kind: Literal["access", "refresh"]
    family: Family
    scopes: tuple[str, ...]
    expires_at: datetime
    spent_at: datetime | None = None
    """When a refresh token was exchanged for its successor."""
    revoked: bool = False
    active: bool = False


@dataclass(frozen=True, slots=True, repr=False)
class Issued:
    """The answer of a grant."""

    access_token: str
    refresh_token: str | None
    scopes: tuple[str, ...]
    expires_in: int


@dataclass(frozen=True, slots=True, repr=False)
class _Code:
    request: AuthorizedRequest
    user: ProviderUser
    expires_at: datetime
    family: str | None = None
    """Set by its first use."""
    used: bool = False


class GrantBook:
    """Issues, redeems and ends grants."""

    def __init__(self, *, policy: ProviderPolicy, clock: Clock) -> None:
        self._policy = policy
        self._clock = clock
        self._lock = threading.RLock()
        self._codes: dict[bytes, _Code] = {}
        self._tokens: dict[bytes, Token] = {}
        self._families: dict[str, Family] = {}

    def issue_code(self, request: AuthorizedRequest, user: ProviderUser) -> str:
        """A code bound to the client, redirect URI, challenge and person; for one use, soon."""
        text = "sim_code_" + randomness.token_urlsafe(32)
        expires_at = self._clock.now() + self._policy.code_lifetime
        with self._lock:
            self._codes[_digest(text)] = _Code(request, user, expires_at)
        return text

    def redeem(
        self, code: str, *, client: ProviderClient, redirect_uri: str | None, verifier: str | None
    ) -> Issued:
        """The code grant (RFC 6749, 4.1.3; RFC 7636, 4.6).

        Any attempt uses the code up. A second one ends what the first was given (RFC 6749, 10.5). Raises
        TokenRefusal `invalid_grant`.
        """
        with self._lock:
            digest = _digest(code)
            found = self._codes.get(digest)
            if found is None:
                raise _invalid_grant()
            self._codes[digest] = replace(found, used=True)
            if found.used:
                if found.family is not None:
                    self._end(found.family, "code replayed")
                raise _invalid_grant()
            request = found.request
            if (
                found.expires_at <= self._clock.now()
                or request.client.client_id != client.client_id
                or request.redirect_uri != redirect_uri
                or not _proves(verifier, request.challenge)
            ):
                raise _invalid_grant()
            family = self._new_family(client, found.user, request.scopes)
            self._codes[digest] = replace(found, used=True, family=family.id)
            return self._issue(family, request.scopes, refreshable="refresh_token" in client.grant_types)

    def refresh(
        self, refresh_token: str, *, client: ProviderClient, scopes: tuple[str, ...] | None, rotate: bool
    ) -> Issued:
        """The refresh grant (RFC 6749, 6), with reuse detection (RFC 9700, 4.14.2).

        Raises TokenRefusal: `invalid_grant`, or `invalid_scope` for more than was granted.
        """
        now = self._clock.now()
        with self._lock:
            digest = _digest(refresh_token)
            token = self._tokens.get(digest)
            if token is None or token.kind != "refresh" or token.family.client_id != client.client_id:
                raise _invalid_grant()
            family = self._families[token.family.id]
            if family.ended is not None or token.revoked:
                raise _invalid_grant()
            if token.spent_at is not None and now >= token.spent_at + self._policy.reuse_grace:
                self._end(family.id, "reuse")
                raise _invalid_grant()
            if token.expires_at <= now:
                raise _invalid_grant()
            if scopes is not None and not set(scopes) <= set(family.scopes):
                raise TokenRefusal("invalid_scope", "More is asked for than was granted.")
            family = replace(family, refreshes=family.refreshes + 1)
            self._families[family.id] = family
            if rotate and token.spent_at is None:
                self._tokens[digest] = replace(token, spent_at=now)
            return self._issue(family, scopes or family.scopes, refreshable=rotate)

    def client_token(self, client: ProviderClient, scopes: tuple[str, ...]) -> Issued:
        """The client credentials grant (RFC 6749, 4.4): no refresh token."""
        with self._lock:
            return self._issue(self._new_family(client, None, scopes), scopes, refreshable=False)

    def revoke(self, text: str, *, client: ProviderClient) -> None:
        """RFC 7009: a refresh token takes its whole family along; an unknown token is no error.

        Raises TokenRefusal for another client's token.
        """
        with self._lock:
            token = self._tokens.get(_digest(text))
            if token is None:
                return
            if token.family.client_id != client.client_id:
                raise TokenRefusal("invalid_grant", "This token was issued to another client.")
            if token.kind == "refresh":
                self._end(token.family.id, "revoked")
            else:
                self._tokens[_digest(text)] = replace(token, revoked=True)

    def withdraw(self, user: ProviderUser) -> int:
        """End every family of a person, as when they remove the application; how many there were."""
        with self._lock:
            theirs = [
                family
                for family in self._families.values()
                if family.user is not None and family.user.id == user.id and family.ended is None
            ]
            for family in theirs:
                self._end(family.id, "withdrawn")
        return len(theirs)

    def find(self, text: str) -> Token | None:
        """The token as it stands now, or None for a text that was never issued."""
        now = self._clock.now()
        with self._lock:
            token = self._tokens.get(_digest(text))
            if token is None:
                return None
            family = self._families[token.family.id]
            dead = token.revoked or token.spent_at is not None or family.ended is not None
            return replace(token, family=family, active=not dead and token.expires_at > now)

    def families(self) -> tuple[Family, ...]:
        with self._lock:
            return tuple(self._families.values())

    def _new_family(
        self, client: ProviderClient, user: ProviderUser | None, scopes: tuple[str, ...]
    ) -> Family:
        family = Family(f"fam_{len(self._families) + 1}", client.client_id, user, scopes)
        self._families[family.id] = family
        return family

    def _issue(self, family: Family, scopes: tuple[str, ...], *, refreshable: bool) -> Issued:
        lifetime = self._policy.access_token_lifetime
        access = self._put("access", family, scopes, lifetime)
        refresh = None
        if refreshable:
            refresh = self._put("refresh", family, family.scopes, self._policy.refresh_token_lifetime)
        return Issued(access, refresh, scopes, int(lifetime.total_seconds()))

    def _put(
        self, kind: Literal["access", "refresh"], family: Family, scopes: tuple[str, ...], lifetime: timedelta
    ) -> str:
        text = f"sim_{kind}_{randomness.token_urlsafe(32)}"
        self._tokens[_digest(text)] = Token(kind, family, scopes, self._clock.now() + lifetime)
        return text

    def _end(self, family_id: str, why: str) -> None:
        family = self._families[family_id]
        if family.ended is None:
            self._families[family_id] = replace(family, ended=why)


def _proves(verifier: str | None, challenge: str | None) -> bool:
    if challenge is None:
        # A verifier without a challenge: somebody took the challenge away (RFC 9700, 2.1.1).
        return verifier is None
    if verifier is None or not 43 <= len(verifier) <= 128 or not verifier.isascii():
        return False
    computed = urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).rstrip(b"=")
    return compare_digest(computed, challenge.encode())


def _digest(text: str) -> bytes:
    return hashlib.sha256(text.encode(errors="replace")).digest()


def _invalid_grant() -> TokenRefusal:
    # One sentence for every reason: the holder of a stolen code or token learns nothing.
    return TokenRefusal("invalid_grant", "The code or refresh token is not valid, or not any more.")
