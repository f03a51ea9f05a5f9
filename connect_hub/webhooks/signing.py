"""Standard Webhooks 1.0 signatures (the symmetric scheme, `v1`): made by the hub, checked by a host.

The signed text is `{webhook-id}.{webhook-timestamp}.{body}`, over the exact bytes sent. Every live secret
of an endpoint adds one signature, so that a host can change its secret while deliveries go on.
"""

import base64
import binascii
import hashlib
import hmac
import json
import re
import secrets as randomness
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, timedelta
from typing import Final, NoReturn, Protocol, TypeAlias

from connect_hub.clock import Clock, SystemClock
from connect_hub.errors import ConfigurationError, WebhookInvalid
from connect_hub.secret import Secret

__all__ = ["Headers", "generate_secret", "secret_key", "sign", "verify"]

PREFIX: Final = "whsec_"
ID: Final = "webhook-id"
TIMESTAMP: Final = "webhook-timestamp"
SIGNATURE: Final = "webhook-signature"
STACKONE_SIGNATURE: Final = "x-stackone-signature"
DEFAULT_TOLERANCE: Final = timedelta(minutes=5)

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_SYSTEM_CLOCK: Final = SystemClock()
# Without dots: a dot in an id would let one signature stand for two different messages.
_MESSAGE_ID: Final = re.compile(r"[A-Za-z0-9_-]{1,128}")
_SECONDS: Final = re.compile(r"[0-9]{1,12}")


class HasItems(Protocol):
    """What Flask, Django, Starlette and `http.client` have for headers, and every mapping."""

    def items(self) -> Iterable[tuple[str, str]]: ...


Headers: TypeAlias = HasItems | Iterable[tuple[str | bytes, str | bytes]]
"""Header names and values in any order and case: a mapping, a framework's headers, or an ASGI list."""


def generate_secret() -> Secret:
    """A new signing secret for one endpoint: `whsec_` and the base64 of 32 random bytes."""
    return Secret(PREFIX + base64.b64encode(randomness.token_bytes(32)).decode())


def secret_key(secret: Secret) -> bytes:
    """The bytes that a secret's text stands for.

    Raises ConfigurationError unless it is `whsec_` and the standard base64 of 24 to 64 bytes; the message
    says what is wrong and never holds the text.
    """
    key, problem = _decoded(secret)
    if problem is not None:
        raise ConfigurationError(problem)
    return key


def sign(*, message_id: str, timestamp: datetime, body: bytes, secrets: Sequence[Secret]) -> dict[str, str]:
    """The headers of one delivery attempt.

    `timestamp` is the time of this attempt, so that a retry is fresh; `secrets` are the endpoint's live
    ones, newest first. `webhook-signature` has one `v1` entry for each, in that order;
    `x-stackone-signature` is made with the newest alone, keyed with its text as shown.

    Raises ConfigurationError for an unusable secret or none, ValueError for an id with other characters
    than letters, digits, `_` and `-`, or a naive or impossible timestamp.
    """
    if not secrets:
        raise ConfigurationError("A webhook endpoint needs a secret to sign with.")
    if _MESSAGE_ID.fullmatch(message_id) is None:
        raise ValueError("a webhook's id is 1 to 128 letters, digits, _ and -")
    if timestamp.tzinfo is None:
        raise ValueError("a webhook's timestamp needs a time zone, such as datetime.now(UTC)")
    seconds = (timestamp - _EPOCH) // timedelta(seconds=1)
    if seconds < 0:
        raise ValueError("a webhook's timestamp lies after 1970")
    content = f"{message_id}.{seconds}.".encode() + body
    entries = [_entry(_mac(secret), content) for secret in secrets]
    return {
        ID: message_id,
        TIMESTAMP: str(seconds),
        SIGNATURE: " ".join(entries),
        STACKONE_SIGNATURE: _stackone(secrets[0], body),
    }


def verify(
    body: bytes,
    headers: Headers,
    secrets: Secret | str | Sequence[Secret | str],
    *,
    tolerance: timedelta = DEFAULT_TOLERANCE,
    clock: Clock = _SYSTEM_CLOCK,
) -> dict[str, object]:
    """The event in `body`, if one of `secrets` signed it no more than `tolerance` before or after now.

    `body` is the request's raw bytes: parsing and printing JSON again changes them. `secrets` is the
    endpoint's secret, or the new and the old one during a rotation.

    Raises WebhookInvalid and nothing else, whatever arrives; its `reason` is for your log. A delivery can
    arrive twice: remember each `webhook-id` and skip the second.
    """
    # Rebound, and keys are kept in HMAC objects: error reports show local variables (T46).
    secrets = _wrapped(secrets)
    if not secrets:
        _refuse("secret", "No secret is configured here, so no webhook can be trusted.")
    macs = _macs(secrets)
    if not isinstance(body, bytes | bytearray | memoryview):
        _refuse("body", "Pass the request's raw body as bytes; decoding and encoding it changes it.")
    raw = bytes(body)
    found = _wanted(headers)
    message_id, sent_at, signatures = found[ID], found[TIMESTAMP], found[SIGNATURE]
    if _MESSAGE_ID.fullmatch(message_id) is None:
        _refuse("headers", f"The {ID} header is not an id of the hub's.")
    if _SECONDS.fullmatch(sent_at) is None:
        _refuse("timestamp", f"The {TIMESTAMP} header is not a number of seconds.")
    age = clock.now() - _EPOCH - timedelta(seconds=int(sent_at))
    if abs(age) > tolerance:
        _refuse("timestamp", "The webhook is too old or too new. If it is not a replay, check your clock.")
    if not _any_matches(macs, f"{message_id}.{sent_at}.".encode() + raw, signatures):
        _refuse("signature", "No signature matches. Check the secret, and that the body is the raw bytes.")
    return _event(raw)


def _decoded(secret: Secret) -> tuple[bytes, str | None]:
    """The key and None, or nothing and what is wrong. Raises nothing, so that no traceback holds the text."""
    text = secret.reveal()
    if not text.startswith(PREFIX):
        return b"", f"A webhook secret starts with {PREFIX}; copy all of it."
    encoded = text.removeprefix(PREFIX)
    try:
        key = base64.b64decode(encoded, validate=True)
        canonical = base64.b64encode(key).decode() == encoded
    except (binascii.Error, ValueError):
        key, canonical = b"", False
    if not canonical:
        return b"", (
            f"A webhook secret is {PREFIX} and base64 with its padding; this one was cut or changed. "
            "Copy it again, without spaces or line breaks."
        )
    if not 24 <= len(key) <= 64:
        return b"", (
            f"A webhook secret holds 24 to 64 bytes, this one {len(key)}. "
            "Make one with connect_hub.webhooks.generate_secret()."
        )
    return key, None


def _mac(secret: Secret) -> hmac.HMAC:
    return hmac.new(secret_key(secret), digestmod=hashlib.sha256)


def _entry(mac: hmac.HMAC, content: bytes) -> str:
    mac = mac.copy()
    mac.update(content)
    return "v1," + base64.b64encode(mac.digest()).decode()


def _any_matches(macs: Sequence[hmac.HMAC], content: bytes, signatures: str) -> bool:
    matched = False
    for mac in macs:
        expected = _entry(mac, content).encode()
        for given in signatures.split(" "):
            # The text is compared, not the decoded bytes: base64 has several spellings of the same bytes.
            matched |= hmac.compare_digest(expected, given.encode(errors="replace"))
    return matched


def _stackone(secret: Secret, body: bytes) -> str:
    digest = hmac.new(secret.reveal().encode(), body, hashlib.sha256).digest()
    return base64.urlsafe_b64encode(digest).rstrip(b"=").decode()


def _wrapped(secrets: Secret | str | Sequence[Secret | str]) -> list[Secret]:
    """The secrets as such; none at all if one is something else."""
    try:
        given = [secrets] if isinstance(secrets, Secret | str) else list(secrets)
        return [one if isinstance(one, Secret) else Secret(one) for one in given]
    except TypeError:
        return []


def _macs(secrets: Sequence[Secret]) -> list[hmac.HMAC]:
    try:
        return [_mac(secret) for secret in secrets]
    except ConfigurationError as error:
        raise WebhookInvalid("secret", error.message) from None


def _wanted(headers: Headers) -> dict[str, str]:
    """The three headers of the signature. Each must be there once: which of two would a proxy believe?"""
    found: dict[str, str] = {}
    try:
        pairs = headers.items() if hasattr(headers, "items") else headers
        for name, value in pairs:
            lowered = _text(name).lower()
            if lowered in (ID, TIMESTAMP, SIGNATURE):
                if lowered in found:
                    _refuse("headers", f"The {lowered} header is there twice.")
                found[lowered] = _text(value)
    except (TypeError, ValueError, AttributeError):
        _refuse("headers", "Pass the request's headers: a mapping, or pairs of name and value.")
    for name in (ID, TIMESTAMP, SIGNATURE):
        if name not in found:
            _refuse("headers", f"The {name} header is missing.")
    return found


def _text(value: object) -> str:
    if isinstance(value, bytes):
        return value.decode("latin-1")
    if isinstance(value, str):
        return value
    raise TypeError


def _event(body: bytes) -> dict[str, object]:
    try:
        event = json.loads(body.decode(), parse_constant=_no_constant)
    except (ValueError, RecursionError):
        event = None
    if not isinstance(event, dict):
        _refuse("body", "The body is signed, but is no JSON object.")
    return event


def _no_constant(name: str) -> NoReturn:
    raise ValueError(name)


def _refuse(reason: str, message: str) -> NoReturn:
    raise WebhookInvalid(reason, message) from None
