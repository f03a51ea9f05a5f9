"""Link tokens: short signed texts that name a connect session and carry nothing else.

A JWS in compact form (RFC 7515) under HS256 and one key of the ring, in the strict profile that RFC 8725
asks for. The database row stays the authority on what a session may do; the token only proves that this hub
made it, for this session, not longer ago than a link may live.
"""

import base64
import json
import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from jwt import PyJWS

from connect_hub.clock import Clock
from connect_hub.errors import ConfigurationError, InvalidToken, LinkExpired
from connect_hub.keys import KID_PATTERN, KeyProvider, Purpose

__all__ = ["LONGEST_LIFETIME", "LinkClaims", "LinkTokens"]

LONGEST_LIFETIME = timedelta(days=30)
"""What `max_lifetime` may be set to at most."""

_TYP = "chub-link+jwt"
_HEADER_NAMES = frozenset({"alg", "typ", "kid"})
_CLAIM_NAMES = frozenset({"iss", "aud", "sub", "jti", "iat", "exp"})
_LONGEST_TOKEN = 2048
# 43 characters are the 32 bytes of HMAC-SHA256. No header of ours comes near 256, and the limit keeps
# nesting too shallow to exhaust the parser's stack.
_TOKEN = re.compile(r"([A-Za-z0-9_-]{1,256})\.([A-Za-z0-9_-]+)\.([A-Za-z0-9_-]{43})")
_SUBJECT = re.compile(r"0|[1-9][0-9]{0,15}")
_JTI = re.compile(r"[A-Za-z0-9_-]{1,64}")
_SKEW = 60  # seconds that another machine's clock may be ahead

# An instance of our own: a host that changes the algorithms of the jwt package does not change ours.
_JWS = PyJWS(algorithms=["HS256"], options={"enforce_minimum_key_length": True})
_HS256 = _JWS.get_algorithm_by_name("HS256")


@dataclass(frozen=True, slots=True)
class LinkClaims:
    """What a verified token says. Instants are whole seconds."""

    session_id: int
    jti: str
    issued_at: datetime
    expires_at: datetime


class LinkTokens:
    """Issues and verifies the tokens of one hub; another `public_url` or key ring refuses them."""

    def __init__(self, *, keys: KeyProvider, issuer: str, max_lifetime: timedelta, clock: Clock) -> None:
        """`issuer` is the hub's `public_url`; `max_lifetime` the longest life of a link, 30 days at most."""
        if not timedelta(0) < max_lifetime <= LONGEST_LIFETIME:
            raise ConfigurationError(
                f"max_link_lifetime is {max_lifetime}; it must be more than nothing and at most 30 days."
            )
        if not 0 < len(issuer.encode()) <= 512:  # it stands in the token twice
            raise ConfigurationError("public_url must be 1 to 512 bytes long to fit into a link.")
        self._keys = keys
        self._issuer = issuer
        self._max_lifetime = max_lifetime
        self._max_seconds = int(max_lifetime.total_seconds())
        self._clock = clock

    def issue(self, session_id: int, jti: str, issued_at: datetime, expires_at: datetime) -> str:
        """The token of a session; the same row gives the same token for as long as the same key signs.

        Instants are cut to seconds. Raises ValueError for values that `verify` would refuse at any time.
        """
        iat, exp = int(issued_at.timestamp()), int(expires_at.timestamp())
        if not 0 <= session_id < 2**53:
            raise ValueError("a session id is a number of at most 53 bits")
        if _JTI.fullmatch(jti) is None:
            raise ValueError("a jti is 1 to 64 of the characters A-Z a-z 0-9 _ -")
        if iat < 0 or not 0 < exp - iat <= self._max_seconds:
            raise ValueError(f"a link lives for more than nothing and at most {self._max_lifetime}")
        claims = {
            "iss": self._issuer,
            "aud": self._issuer,
            "sub": str(session_id),
            "jti": jti,
            "iat": iat,
            "exp": exp,
        }
        payload = json.dumps(claims, separators=(",", ":")).encode()
        kid, key = self._keys.signing_key(Purpose.LINK_SIGN)
        return _JWS.encode(payload, key, algorithm="HS256", headers={"typ": _TYP, "kid": kid})

    def verify(self, token: object) -> LinkClaims:
        """What `token` says, if this hub signed it and it has not expired.

        Raises LinkExpired, with the session's id and jti, for a token that is right in all but its age, and
        InvalidToken for everything else, whatever it is. Nothing about a key is looked up before the
        header has been found to be exactly ours.
        """
        now = self._clock.now()
        claims = self._read(token, now)
        if claims is None:
            raise InvalidToken
        if claims.expires_at <= now:
            raise LinkExpired(session_id=claims.session_id, jti=claims.jti)
        return claims

    def _read(self, token: object, now: datetime) -> LinkClaims | None:
        if not isinstance(token, str) or len(token) > _LONGEST_TOKEN:
            return None
        parts = _TOKEN.fullmatch(token)
        if parts is None:
            return None
        header_part, payload_part, signature_part = parts.groups()
        kid = _kid(header_part)
        if kid is None:
            return None
        payload, signature = _decode(payload_part), _decode(signature_part)
        if payload is None or signature is None or not self._is_ours(token, signature, kid, now):
            return None
        return self._claims(payload, now.timestamp())

    def _is_ours(self, token: str, signature: bytes, kid: str, now: datetime) -> bool:
        """Whether the key `kid` signed `token` and still vouches for it; raises nothing, as it holds one."""
        key = self._keys.verifying_key(Purpose.LINK_SIGN, kid)
        if key is None:
            return False
        retired_at = self._keys.retired_at(kid)
        if retired_at is not None and now - retired_at > self._max_lifetime + timedelta(seconds=_SKEW):
            return False
        # PyJWT's own decode would parse all parts again; of it we need what it checks the signature with.
        return _HS256.verify(token[: token.rindex(".")].encode(), key, signature)

    def _claims(self, payload: bytes, now: float) -> LinkClaims | None:
        claims = _members(payload)
        if claims is None or claims.keys() != _CLAIM_NAMES:
            return None
        if claims["iss"] != self._issuer or claims["aud"] != self._issuer:
            return None
        subject, jti, iat, exp = claims["sub"], claims["jti"], claims["iat"], claims["exp"]
        if not isinstance(subject, str) or _SUBJECT.fullmatch(subject) is None or int(subject) >= 2**53:
            return None
        if not isinstance(jti, str) or _JTI.fullmatch(jti) is None:
            return None
        if type(iat) is not int or type(exp) is not int:  # True is an int too, but not a time
            return None
        if not (0 <= iat <= now + _SKEW and 0 < exp - iat <= self._max_seconds):
            return None
        return LinkClaims(
            int(subject), jti, datetime.fromtimestamp(iat, UTC), datetime.fromtimestamp(exp, UTC)
        )


def _kid(header_part: str) -> str | None:
    """The key id in a header that is exactly ours, else None."""
    decoded = _decode(header_part)
    header = None if decoded is None else _members(decoded)
    if header is None or header.keys() != _HEADER_NAMES or header["alg"] != "HS256" or header["typ"] != _TYP:
        return None
    kid = header["kid"]
    return kid if isinstance(kid, str) and KID_PATTERN.fullmatch(kid) is not None else None


def _decode(part: str) -> bytes | None:
    """The bytes of one part; None unless it is how exactly these bytes are written (RFC 4648, 3.5)."""
    try:
        decoded = base64.urlsafe_b64decode(part + "=" * (-len(part) % 4))
    except ValueError:
        return None
    return decoded if base64.urlsafe_b64encode(decoded).decode().rstrip("=") == part else None


def _unique(pairs: list[tuple[str, object]]) -> dict[str, object]:
    members = dict(pairs)
    if len(members) != len(pairs):
        raise ValueError("a name stands twice")
    return members


def _refuse(constant: str) -> object:
    raise ValueError(f"{constant} is not JSON")


_JSON = json.JSONDecoder(object_pairs_hook=_unique, parse_constant=_refuse)


def _members(text: bytes) -> dict[str, object] | None:
    """The members of a JSON object in UTF-8, each name once; None for anything else."""
    try:
        value = _JSON.decode(text.decode())
    except (ValueError, RecursionError):
        return None
    return value if isinstance(value, dict) else None
