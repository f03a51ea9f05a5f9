"""Nonces: proof that a form was made by this hub, for these values, not long ago. Nothing is stored."""

import base64
import hmac
import re
from datetime import timedelta

from connect_hub.clock import Clock
from connect_hub.errors import FormExpired
from connect_hub.keys import KeyProvider, Purpose, framed

__all__ = ["Nonces"]

_NONCE = re.compile(r"([A-Za-z0-9_-]{1,32})\.(0|[1-9][0-9]{0,11})\.([A-Za-z0-9_-]{43})")
_SKEW = 60  # seconds that another machine's clock may be ahead


class Nonces:
    """Makes and checks `kid.time.mac` texts: HMAC-SHA256 over a purpose, the time and the bound values."""

    def __init__(self, *, keys: KeyProvider, clock: Clock) -> None:
        self._keys = keys
        self._clock = clock

    def make(self, purpose: str, *parts: str) -> str:
        """A nonce for one form (`purpose`) and the values that it must come back with (`parts`)."""
        kid, key = self._keys.signing_key(Purpose.CSRF)
        seconds = str(int(self._clock.now().timestamp()))
        return f"{kid}.{seconds}.{_mac(key, purpose, seconds, parts)}"

    def check(self, nonce: object, purpose: str, *parts: str, max_age: timedelta) -> None:
        """Raise FormExpired unless `make` gave `nonce` for the same values within `max_age`."""
        if not self._holds(nonce, purpose, parts, max_age):
            raise FormExpired

    def _holds(self, nonce: object, purpose: str, parts: tuple[str, ...], max_age: timedelta) -> bool:
        match = _NONCE.fullmatch(nonce) if isinstance(nonce, str) else None
        if match is None:
            return False
        kid, seconds, mac = match.groups()
        age = self._clock.now().timestamp() - int(seconds)
        if not -_SKEW <= age <= max_age.total_seconds():
            return False
        key = self._keys.verifying_key(Purpose.CSRF, kid)
        try:
            return key is not None and hmac.compare_digest(mac, _mac(key, purpose, seconds, parts))
        except UnicodeEncodeError:  # a lone surrogate, which no value that we bound has
            return False


def _mac(key: bytes, purpose: str, seconds: str, parts: tuple[str, ...]) -> str:
    digest = hmac.digest(key, framed("chub/v1", purpose, seconds, *parts), "sha256")
    return base64.urlsafe_b64encode(digest).decode().rstrip("=")
