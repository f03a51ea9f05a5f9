"""One try at delivering one event to one endpoint, and what its outcome means."""

import random
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from time import monotonic
from typing import Protocol
from urllib.parse import parse_qsl, unquote, urlsplit

from connect_hub.clock import Clock, truncate
from connect_hub.errors import AnswerTooLarge, OutboundFailed, OutboundRefused
from connect_hub.net import Answer, Limits, Transport
from connect_hub.secret import Secret
from connect_hub.storage.protocol import Delivery, DeliveryAttempt, DeliveryState
from connect_hub.webhooks.masking import HIDDEN, Mask
from connect_hub.webhooks.signing import SIGNATURE, STACKONE_SIGNATURE, sign

__all__ = ["SCHEDULE", "Outcome", "Receiver", "next_try", "post"]

SCHEDULE: Sequence[timedelta] = (
    timedelta(seconds=5),
    timedelta(minutes=5),
    timedelta(minutes=30),
    timedelta(hours=2),
    timedelta(hours=5),
    timedelta(hours=10),
    timedelta(hours=14),
    timedelta(hours=20),
    timedelta(hours=24),
)
"""The waits between ten tries, about 75 hours in all: the table that Standard Webhooks 1.0 recommends."""

_JITTER = 0.2
_LONGEST_WAIT = timedelta(hours=24)
_KEPT = 16 * 1024
"""Bytes of an answer's body."""
# The status says it all, so the answer may be cut; and its id makes a delivery that comes twice harmless.
_LIMITS = Limits(read=15.0, total=15.0, max_bytes=_KEPT, cut=True, repeat=True)
_GONE = 410
_SIGNATURES = {SIGNATURE, STACKONE_SIGNATURE}
_LOGGED = ("content-length", "content-type", "date", "location", "retry-after", "server", "x-request-id")
_TELLING = 24
"""Characters from which on a path may hold a secret."""
_SHORTEST, _LONG_WORD = 8, 16
"""Characters from which on a part of an address may be one, with a digit in it, and without."""
_LONGEST_VALUE = 500


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one try."""

    delivered: bool
    error: str | None = None
    """One line for an operator, without anything of the request; None when delivered."""
    retry_after: timedelta | None = None
    """How long the endpoint asked to be left alone."""
    gone: bool = False
    """The endpoint said that it is there no more (RFC 9110, 15.5.11): do not try again."""
    attempt: DeliveryAttempt | None = field(default=None, compare=False)
    """What to log of it; None: nothing was tried."""


class Receiver(Protocol):
    """Where to post to, and how."""

    @property
    def url(self) -> str: ...

    @property
    def signing_secrets(self) -> Sequence[Secret]:
        """Newest first."""
        ...

    @property
    def headers(self) -> Mapping[str, Secret]:
        """Header fields of the endpoint's own."""
        ...


async def post(webhook: Receiver, delivery: Delivery, *, transport: Transport, clock: Clock) -> Outcome:
    """Post the exact bytes, signed with the time of this try. Never raises for the endpoint's faults."""
    now, began = clock.now(), monotonic()
    signed = sign(
        message_id=delivery.event_id, timestamp=now, body=delivery.body, secrets=webhook.signing_secrets
    )
    own = {"content-type": "application/json; charset=utf-8", **signed}
    shown = {name: HIDDEN if name in _SIGNATURES else value for name, value in own.items()}
    mask = Mask(
        [
            *webhook.headers.values(),
            *webhook.signing_secrets,
            *_signatures(signed),
            *_behind_its_host(webhook.url),
        ]
    )

    def attempt(error: str | None, answer: Answer | None = None) -> DeliveryAttempt:
        return DeliveryAttempt(
            started_at=now,
            duration_ms=max(0, round((monotonic() - began) * 1000)),
            status=None if answer is None else answer.status,
            request_headers={**dict.fromkeys(webhook.headers, HIDDEN), **shown},
            response_headers={} if answer is None else _loggable(answer.headers, mask),
            response_body=b"" if answer is None else mask.masked(answer.body, most=_KEPT),
            error=error,
        )

    def failed(error: str) -> Outcome:
        return Outcome(False, error, attempt=attempt(error))

    try:
        answer = await transport.send(
            "POST",
            webhook.url,
            headers={**webhook.headers, **own},
            content=delivery.body,
            limits=replace(_LIMITS, max_bytes=_KEPT + mask.margin),
        )
    except OutboundFailed as error:
        return failed(f"no answer: {error.reason}")
    except AnswerTooLarge:
        return failed("the answer was too large")
    except OutboundRefused as error:
        return failed(error.message)
    if 200 <= answer.status < 300:
        return Outcome(True, attempt=attempt(None, answer))
    said = f"answered {answer.status}"
    wait = _retry_after(answer.headers, now) if answer.status in {429, 503} else None
    return Outcome(False, said, wait, gone=answer.status == _GONE, attempt=attempt(said, answer))


def _signatures(signed: Mapping[str, str]) -> Iterator[Secret]:
    """Each signature of a delivery by itself: whoever has one could post the body again while it is fresh."""
    for name in _SIGNATURES:
        for entry in signed[name].split():
            yield Secret(entry.removeprefix("v1,"))


def _behind_its_host(url: str) -> Iterator[Secret]:
    """What an address has behind its host, which may be a secret: whole, the query by itself, and each part
    of the path and value of the query that looks like one. A path without a query is taken out only where it
    is long, or every answer with a word of it would have holes."""
    parts = urlsplit(url)
    pieces = [*parts.path.split("/"), *(value for _, value in parse_qsl(parts.query))]
    for piece in dict.fromkeys(spelled for one in pieces for spelled in (one, unquote(one))):
        if _is_telling(piece):
            yield Secret(piece)
    if parts.query:
        yield Secret(f"{parts.path}?{parts.query}")
        yield Secret(parts.query)
    if len(parts.path) >= _TELLING:
        yield Secret(parts.path)


def _is_telling(piece: str) -> bool:
    """Whether it may be a secret: long, or of some length and no mere word."""
    return len(piece) >= _LONG_WORD or (len(piece) >= _SHORTEST and any(one.isdigit() for one in piece))


def _loggable(headers: Mapping[str, str], mask: Mask) -> dict[str, str]:
    """What an answer's header says that helps an operator, and holds no cookie or token."""
    found = {name: headers[name].encode() for name in _LOGGED if name in headers}
    masked = {name: mask.masked(value, most=len(value)) for name, value in found.items()}
    return {name: value.decode(errors="replace")[:_LONGEST_VALUE] for name, value in masked.items()}


def next_try(
    outcome: Outcome, *, attempts: int, now: datetime, random_source: random.Random
) -> tuple[DeliveryState, datetime | None]:
    """The delivery's new state, and when to try again; `attempts` counts the try that just ended."""
    if outcome.delivered:
        return DeliveryState.DELIVERED, None
    if outcome.gone or attempts > len(SCHEDULE):
        return DeliveryState.DEAD, None
    wait = SCHEDULE[attempts - 1] * random_source.uniform(1 - _JITTER, 1 + _JITTER)
    if outcome.retry_after is not None:
        wait = min(max(wait, outcome.retry_after), _LONGEST_WAIT)
    return DeliveryState.PENDING, truncate(now + wait)


def _retry_after(headers: Mapping[str, str], now: datetime) -> timedelta | None:
    """RFC 9110, 10.2.3: seconds or a date; None when it is neither."""
    text = headers.get("retry-after", "").strip()
    if text.isascii() and text.isdigit() and len(text) < 10:
        return timedelta(seconds=int(text))
    try:
        at = parsedate_to_datetime(text)
    except (OverflowError, ValueError):
        return None
    at = at if at.tzinfo is not None else at.replace(tzinfo=UTC)
    return max(at - now, timedelta(0))
