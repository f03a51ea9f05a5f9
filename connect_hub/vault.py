"""The vault: seals what must not be read in the database.

Envelope encryption, AES-256-GCM in both layers. Every write makes a fresh data key, so no data key seals two
messages; a key of the ring wraps it. Both layers are bound to where the record belongs: a sealed value that
was moved to another project, account, field or generation does not open.

    "v1" | length of kid (1) | kid | nonce (12) | wrapped data key (48) | nonce (12) | ciphertext | tag (16)
"""

import os
from typing import NamedTuple

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from connect_hub.credentials import Credentials
from connect_hub.errors import CredentialsUnreadable, WrongKeys
from connect_hub.keys import KID_PATTERN, KeyProvider, Purpose, framed

__all__ = ["Vault"]

_VERSION = b"v1"
_NONCE = 12
_TAG = 16
_WRAPPED = 32 + _TAG
_CANARY = b"connect_hub canary"


class _Envelope(NamedTuple):
    kid: str
    wrap_nonce: bytes
    wrapped_key: bytes
    nonce: bytes
    ciphertext: bytes


class Vault:
    """Seals and opens records under the key ring. There is no way to store one unsealed.

    A record is named by `project_id`, `account_id` (or the id of whatever owns it), `field` (what it is,
    such as `credentials` or `oauth_state`) and `generation` (the row's count of writes). Opening takes the
    same four that sealing took.
    """

    def __init__(self, *, keys: KeyProvider, purpose: Purpose = Purpose.CREDENTIALS) -> None:
        """`purpose` chooses the key that wraps; records of one purpose do not open under another."""
        self._keys = keys
        self._purpose = purpose

    def seal(
        self, plaintext: bytes, *, project_id: str, account_id: str, field: str, generation: int
    ) -> bytes:
        """`plaintext`, encrypted under the key that signs now; never twice the same bytes."""
        place = framed(project_id, account_id, field, f"{generation:d}")
        kid, wrapping_key = self._keys.signing_key(self._purpose)
        context = framed("chub/v1", kid) + place
        data_key, wrap_nonce, nonce = os.urandom(32), os.urandom(_NONCE), os.urandom(_NONCE)
        return b"".join(
            (
                _VERSION,
                bytes([len(kid)]),
                kid.encode("ascii"),
                wrap_nonce,
                AESGCM(wrapping_key).encrypt(wrap_nonce, data_key, b"key" + context),
                nonce,
                AESGCM(data_key).encrypt(nonce, plaintext, b"data" + context),
            )
        )

    def open(self, sealed: bytes, *, project_id: str, account_id: str, field: str, generation: int) -> bytes:
        """The plaintext of what `seal` gave for the same record.

        Exactly one key is tried: the one that `sealed` names, which both layers authenticate. Raises
        CredentialsUnreadable if that key is missing, or if `sealed` or its place is not as it was written.
        """
        envelope = _parse(sealed)
        if envelope is None:
            raise CredentialsUnreadable(
                "Stored credentials could not be opened: this is not a sealed record."
            )
        if envelope.kid not in self._keys.kids:
            raise CredentialsUnreadable(
                f"Stored credentials could not be opened: they were sealed under key {envelope.kid!r}, which "
                "is not in the key ring. Put it back behind the newer keys."
            )
        plaintext = self._decrypt(envelope, project_id, account_id, field, generation)
        if plaintext is None:
            raise CredentialsUnreadable(
                f"Stored credentials could not be opened with key {envelope.kid!r}: another key had this "
                "name when they were sealed, or the row was changed by hand."
            )
        return plaintext

    def reseal(
        self, sealed: bytes, *, project_id: str, account_id: str, field: str, generation: int
    ) -> bytes:
        """The same record under the key that signs now and a fresh data key, for key rotation.

        Raises CredentialsUnreadable as `open` does.
        """
        plaintext = self.open(
            sealed, project_id=project_id, account_id=account_id, field=field, generation=generation
        )
        return self.seal(
            plaintext, project_id=project_id, account_id=account_id, field=field, generation=generation
        )

    def key_id(self, sealed: bytes) -> str:
        """The kid that `sealed` names, unverified. Raises CredentialsUnreadable if it is no sealed record."""
        envelope = _parse(sealed)
        if envelope is None:
            raise CredentialsUnreadable(
                "Stored credentials could not be opened: this is not a sealed record."
            )
        return envelope.kid

    def seal_credentials(
        self, credentials: Credentials, *, project_id: str, account_id: str, generation: int
    ) -> bytes:
        """The credentials of one account, sealed as its field `credentials`."""
        return self.seal(
            credentials.to_json(),
            project_id=project_id,
            account_id=account_id,
            field="credentials",
            generation=generation,
        )

    def open_credentials(
        self, sealed: bytes, *, project_id: str, account_id: str, generation: int
    ) -> Credentials:
        """The inverse of `seal_credentials`. Raises CredentialsUnreadable as `open` does."""
        credentials = _credentials(
            self.open(
                sealed,
                project_id=project_id,
                account_id=account_id,
                field="credentials",
                generation=generation,
            )
        )
        if credentials is None:
            raise CredentialsUnreadable("Stored credentials are of a form that this version does not know.")
        return credentials

    def canary(self) -> bytes:
        """A sealed record of no content, to store once and check at every start."""
        return self.seal(_CANARY, project_id="", account_id="", field="canary", generation=0)

    def check_canary(self, sealed: bytes) -> None:
        """Raise WrongKeys unless this ring opens the canary: then it could not open the accounts either."""
        try:
            opened = self.open(sealed, project_id="", account_id="", field="canary", generation=0)
        except CredentialsUnreadable as error:
            raise WrongKeys(
                f"These keys do not fit this database. {error.message} The ring has: "
                f"{', '.join(self._keys.kids)}."
            ) from error
        if opened != _CANARY:
            raise WrongKeys

    def _decrypt(
        self, envelope: _Envelope, project_id: str, account_id: str, field: str, generation: int
    ) -> bytes | None:
        """The plaintext, or None. Raises nothing: its variables hold keys, which no traceback shall show."""
        wrapping_key = self._keys.verifying_key(self._purpose, envelope.kid)
        if wrapping_key is None:
            return None
        try:
            place = framed(project_id, account_id, field, f"{generation:d}")
            context = framed("chub/v1", envelope.kid) + place
            data_key = AESGCM(wrapping_key).decrypt(
                envelope.wrap_nonce, envelope.wrapped_key, b"key" + context
            )
            return AESGCM(data_key).decrypt(envelope.nonce, envelope.ciphertext, b"data" + context)
        except (InvalidTag, ValueError):
            return None


def _parse(sealed: object) -> _Envelope | None:
    if not isinstance(sealed, bytes | bytearray | memoryview):
        return None
    text = bytes(sealed)
    if not text.startswith(_VERSION) or len(text) < 3:
        return None
    start = 3 + text[2]
    kid = text[3:start].decode("ascii", "replace")
    key_end = start + _NONCE + _WRAPPED
    if KID_PATTERN.fullmatch(kid) is None or len(text) < key_end + _NONCE + _TAG:
        return None
    return _Envelope(
        kid=kid,
        wrap_nonce=text[start : start + _NONCE],
        wrapped_key=text[start + _NONCE : key_end],
        nonce=text[key_end : key_end + _NONCE],
        ciphertext=text[key_end + _NONCE :],
    )


def _credentials(plaintext: bytes) -> Credentials | None:
    try:
        return Credentials.from_json(plaintext)
    except (ValueError, KeyError, TypeError, AttributeError):
        return None
