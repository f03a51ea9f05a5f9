"""Keys: the ring of secret roots, and one derived key for each purpose.

No root is ever used itself. HKDF-SHA256 (RFC 5869) derives a key of 32 bytes for every `Purpose`, so a key
that signs links opens no credentials, and a fault in one use does not reach another.
"""

import base64
import binascii
import hmac
import os
import re
import secrets
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from itertools import pairwise
from typing import NoReturn, Protocol

from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from connect_hub.clock import truncate
from connect_hub.errors import ConfigurationError
from connect_hub.secret import Secret

__all__ = ["KID_PATTERN", "Key", "KeyProvider", "KeyRing", "Purpose", "framed", "new_key_text"]

KID_PATTERN = re.compile(r"[A-Za-z0-9_-]{1,32}")
"""What a key id looks like; use it with `fullmatch`."""

_ROOT_BYTES = 32
_FIX = "Make a new one with `connect-hub keys new`."


class Purpose(StrEnum):
    """What a derived key is for. The value is HKDF's info: changing one changes the key."""

    LINK_SIGN = "link-sign/v1"
    """Signs link tokens."""
    CREDENTIALS = "cred-kek/v1"
    """Wraps the keys that seal accounts' credentials and other rows of the vault."""
    CSRF = "csrf/v1"
    """Authenticates the hub's own forms."""
    WEBHOOK_SECRETS = "webhook-secret-kek/v1"
    """Wraps the keys that seal webhook signing secrets."""
    TRIGGERS = "trigger/v1"
    """Makes the tokens of triggers."""


class KeyProvider(Protocol):
    """Where the hub gets its keys: a `KeyRing`, or an adapter to a key management service.

    Methods are called often and on the event loop: answer from memory. One purpose and kid always give the
    same 32 bytes, and no two purposes ever the same. `kid` matches `KID_PATTERN`.
    """

    def signing_key(self, purpose: Purpose) -> tuple[str, bytes]:
        """The kid and the key that sign and seal from now on."""
        ...

    def verifying_key(self, purpose: Purpose, kid: str) -> bytes | None:
        """The key that verifies and opens what was made under `kid`; None if there is none.

        `kid` comes from outside: look it up by equality, and never build a path, a URL or a query from it.
        """
        ...

    def retired_at(self, kid: str) -> datetime | None:
        """When `kid` stopped signing; None: it still signs, or verifies for as long as it is listed."""
        ...

    @property
    def kids(self) -> tuple[str, ...]:
        """The ids of all keys, the one that signs first."""
        ...


@dataclass(frozen=True, slots=True, eq=False)
class Key:
    """One root and its name.

    Raises ConfigurationError, which names the kid and never the key, for a root that is not 32 random bytes.
    """

    kid: str
    root: Secret
    """32 random bytes as base64url text, as `connect-hub keys new` prints them."""
    retired_at: datetime | None = None
    """When it stopped signing, aware. Link tokens made under it verify until the longest link lifetime has
    passed since then; credentials sealed under it open for as long as it is in the ring. None: no end."""

    def __post_init__(self) -> None:
        if KID_PATTERN.fullmatch(self.kid) is None:
            # The text may be the key itself, given without a name: do not repeat it.
            raise ConfigurationError(
                "A key's name must be 1 to 32 of the characters A-Z a-z 0-9 _ -. " + _FIX
            )
        fault = _fault(self.root)
        if fault is not None:
            raise ConfigurationError(f"Key {self.kid!r} {fault}. {_FIX}")
        if self.retired_at is not None:
            if self.retired_at.tzinfo is None:
                raise ConfigurationError(
                    f"Key {self.kid!r} has a retirement date without a time zone. "
                    "Write it as 2026-11-01T00:00:00Z."
                )
            object.__setattr__(self, "retired_at", truncate(self.retired_at))


class KeyRing:
    """The hub's keys, held in memory. The first signs and seals; all of them verify and open.

    To rotate: add the new key as the second on every process; then make it the first and put
    `@<date>` behind the old one; re-seal the credentials; drop the old key when the last link made under it
    has run out. To kill all links of a leaked key at once, drop it; what it sealed is lost with it unless
    it was re-sealed before.
    """

    __slots__ = ("_derived", "_keys")

    def __init__(self, *, keys: Sequence[Key]) -> None:
        if not keys:
            raise ConfigurationError(f"The key ring is empty: no key, no start. {_FIX}")
        self._keys: dict[str, Key] = {}
        self._derived: dict[tuple[Purpose, str], bytes] = {}
        for key in keys:
            if key.kid in self._keys:
                raise ConfigurationError(f"Two keys are named {key.kid!r}. Give each a name of its own.")
            for other in self._keys.values():
                if hmac.compare_digest(_decode(other.root), _decode(key.root)):
                    raise ConfigurationError(
                        f"Keys {other.kid!r} and {key.kid!r} are the same key under two names. {_FIX}"
                    )
            self._keys[key.kid] = key
        first = keys[0]
        if first.retired_at is not None:
            raise ConfigurationError(
                f"Key {first.kid!r} comes first, so it signs, but it has a retirement date. "
                "Put a newer key before it, or take the date away."
            )

    @classmethod
    def from_env(cls, name: str = "CONNECT_HUB_KEYS", environ: Mapping[str, str] | None = None) -> "KeyRing":
        """The ring in the environment variable `name`, in the form that `from_text` reads."""
        text = Secret((os.environ if environ is None else environ).get(name, ""))
        del environ  # an error below shall not carry the environment in its traceback
        if text.reveal().strip() == "":
            raise ConfigurationError(
                f"{name} is not set: no key, no start. Run `connect-hub keys new`, put what it prints into "
                f"{name}, and keep a copy in a safe place: without it stored credentials cannot be opened."
            )
        return cls.from_text(text)

    @classmethod
    def from_text(cls, text: Secret | str) -> "KeyRing":
        """The ring written as `kid:key[@retired][,kid:key[@retired]…]`.

        `key` is 32 bytes in base64url; `retired` is an RFC 3339 instant such as `2026-11-01T00:00:00Z`, on
        any entry but the first. White space around entries is ignored. An example, which is itself refused
        because it is printed here: `k1:Zm9yLXRoZS1kb2N1bWVudGF0aW9uLW9ubHktMDEyMzQ`.
        """
        if isinstance(text, str):
            text = Secret(text)
        entries = [Secret(entry.strip()) for entry in text.reveal().split(",")]
        return cls(keys=[_entry(entry, position) for position, entry in enumerate(entries, 1)])

    def signing_key(self, purpose: Purpose) -> tuple[str, bytes]:
        kid = next(iter(self._keys))
        return kid, self._derive(purpose, kid)

    def verifying_key(self, purpose: Purpose, kid: str) -> bytes | None:
        return self._derive(purpose, kid) if kid in self._keys else None

    def retired_at(self, kid: str) -> datetime | None:
        key = self._keys.get(kid)
        return None if key is None else key.retired_at

    @property
    def kids(self) -> tuple[str, ...]:
        return tuple(self._keys)

    def _derive(self, purpose: Purpose, kid: str) -> bytes:
        derived = self._derived.get((purpose, kid))
        if derived is None:
            hkdf = HKDF(algorithm=SHA256(), length=32, salt=b"connect_hub", info=purpose.value.encode())
            derived = hkdf.derive(_decode(self._keys[kid].root))
            self._derived[purpose, kid] = derived
        return derived

    def __repr__(self) -> str:
        return f"KeyRing({', '.join(map(repr, self._keys))})"

    def __reduce_ex__(self, protocol: object) -> NoReturn:
        raise TypeError("a KeyRing cannot be pickled or copied; build it in each process")


def new_key_text(kid: str | None = None) -> str:
    """A new random key as `kid:base64url`, ready for CONNECT_HUB_KEYS; without `kid`, under a random name."""
    name = f"k{secrets.token_hex(4)}" if kid is None else kid
    while True:
        text = secrets.token_urlsafe(_ROOT_BYTES)
        if _fault(Secret(text)) is None:  # one in millions happens to spell a forbidden word
            return f"{Key(name, Secret(text)).kid}:{text}"


def framed(*parts: str) -> bytes:
    """`parts` as bytes that no other parts give: each as UTF-8 behind its length in four bytes.

    What a MAC or associated data is taken over. Raises UnicodeEncodeError for a lone surrogate.
    """
    encoded = [part.encode() for part in parts]
    return b"".join(len(part).to_bytes(4, "big") + part for part in encoded)


# The functions below raise no error while a key lies open in one of their variables: tools that report
# tracebacks with local variables would send it along.


def _entry(entry: Secret, position: int) -> Key:
    kid, separator, rest = entry.reveal().partition(":")
    root_text, at, retired_text = rest.partition("@")
    root = Secret(root_text)
    named = separator == ":" and KID_PATTERN.fullmatch(kid) is not None
    del rest, root_text
    if not named:
        del kid, retired_text  # without a colon this is the key
        raise ConfigurationError(
            f"Entry {position} of the key ring is not of the form kid:base64url (kid: 1 to 32 of the "
            f"characters A-Z a-z 0-9 _ -). {_FIX}"
        )
    retired_at: datetime | None = None
    if at:
        retired_at = _instant(retired_text)
        if retired_at is None:
            raise ConfigurationError(
                f"Key {kid!r} has a retirement date that is not an instant with a time zone. "
                f"Write it as {kid}:…@2026-11-01T00:00:00Z."
            )
    return Key(kid, root, retired_at)


def _instant(text: str) -> datetime | None:
    try:
        return truncate(datetime.fromisoformat(text))  # refuses one without a time zone
    except (ValueError, OverflowError):
        return None


def _decode(root: Secret) -> bytes:
    """The bytes of a root; empty for text that is not base64url, with or without its padding."""
    text = root.reveal().removesuffix("=")
    if re.fullmatch("[A-Za-z0-9_-]+", text) is None:
        return b""
    try:
        decoded = base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
    except binascii.Error:
        return b""
    return decoded if base64.urlsafe_b64encode(decoded).decode().rstrip("=") == text else b""


def _fault(root: Secret) -> str | None:
    """What is wrong with a root, as the rest of a sentence; None if it may be used."""
    decoded = _decode(root)
    if decoded == b"":
        return "is not base64url text"
    if len(decoded) != _ROOT_BYTES:
        return f"is {len(decoded)} bytes long; it must be {_ROOT_BYTES}"
    if any(looks(decoded, root.reveal()) for looks in _NOT_RANDOM):
        return "is not random: it is a placeholder, an example, a passphrase or a pattern"
    return None


_WORDS = ("changeme", "change-me", "change_me", "example", "insecure", "password", "placeholder")
# Each of these calls fewer than one in a million random keys a placeholder.
_NOT_RANDOM: tuple[Callable[[bytes, str], bool], ...] = (
    lambda decoded, text: len(set(decoded)) < 16 or len(set(text)) < 12,
    lambda decoded, text: all(32 <= byte < 127 for byte in decoded),
    lambda decoded, text: len({(b - a) % 256 for a, b in pairwise(decoded)}) < 8,
    lambda decoded, text: any(text.startswith(text[n:]) for n in range(1, 23)),
    lambda decoded, text: any(decoded.startswith(decoded[n:]) for n in range(1, 17)),
    lambda decoded, text: any(word in text.lower() for word in _WORDS),
)
