"""One try at delivering one event to one endpoint, and what its outcome means."""

import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime

from connect_hub.clock import Clock, truncate
from connect_hub.config import Webhook
from connect_hub.errors import AnswerTooLarge, OutboundFailed, OutboundRefused
from connect_hub.net import Limits, Transport
from connect_hub.storage.protocol import Delivery, DeliveryState
from connect_hub.webhooks.signing import sign

__all__ = ["SCHEDULE", "Outcome", "next_try", "post"]

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
_LIMITS = Limits(total=15.0, max_bytes=16 * 1024, cut=True)  # the status says it all
_GONE = 410


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


async def post(webhook: Webhook, delivery: Delivery, *, transport: Transport, clock: Clock) -> Outcome:
    """Post the exact bytes, signed with the time of this try. Never raises for the endpoint's faults."""
    now = clock.now()
    headers = {
        "content-type": "application/json; charset=utf-8",
        **sign(
            message_id=delivery.event_id, timestamp=now, body=delivery.body, secrets=webhook.signing_secrets
        ),
    }
    try:
        answer = await transport.send(
            "POST", webhook.url, headers=headers, content=delivery.body, limits=_LIMITS
        )
    except OutboundFailed as error:
        return Outcome(False, f"no answer: {error.reason}")
    except AnswerTooLarge:
        return Outcome(False, "the answer was too large")
    except OutboundRefused as error:
        return Outcome(False, error.message)
    if 200 <= answer.status < 300:
        return Outcome(True)
    wait = _retry_after(answer.headers, now) if answer.status in {429, 503} else None
    return Outcome(False, f"answered {answer.status}", wait, gone=answer.status == _GONE)


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
    except ValueError:
        return None
    at = at if at.tzinfo is not None else at.replace(tzinfo=UTC)
    return max(at - now, timedelta(0))
