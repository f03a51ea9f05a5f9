"""When an endpoint counts as broken: R7 of the reliability rules.

An endpoint is disabled after five days of nothing but failure. One success ends the count, and so does a
silence: where nothing was tried for two days (no worker ran, nothing happened, a clock jumped) the failures
before it say nothing about now.
"""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from connect_hub.clock import iso
from connect_hub.events import Targets, endpoint_event
from connect_hub.storage.protocol import Judge, NewEvent, WebhookEndpoint

__all__ = ["DISABLED", "after_failure", "after_success", "turned_off", "unchanged"]

DISABLED = "webhook_endpoint.disabled"
_PATIENCE = timedelta(days=5)
_SILENCE = timedelta(hours=48)
"""Longer than the schedule ever waits, jitter and Retry-After included."""


def after_success(url: str, *, began: datetime) -> Judge:
    """What a try of `url` that began then and was taken means: it works, and what failed before is
    forgotten."""

    def judge(endpoint: WebhookEndpoint) -> tuple[WebhookEndpoint, Sequence[NewEvent]]:
        if _is_of_another_time(endpoint, url, began):
            return endpoint, ()
        return replace(endpoint, failing_since=None, last_failure_at=None), ()

    return judge


def unchanged(endpoint: WebhookEndpoint) -> tuple[WebhookEndpoint, Sequence[NewEvent]]:
    """Nothing was tried: the endpoint stays as it is, and what is on its way is held if it is disabled."""
    return endpoint, ()


def after_failure(url: str, *, began: datetime, now: datetime, gone: bool, targets: Targets) -> Judge:
    """What a try of `url` that began then and failed at `now` means; `gone`: whoever is there said that it is
    there no more."""

    def judge(endpoint: WebhookEndpoint) -> tuple[WebhookEndpoint, Sequence[NewEvent]]:
        if _is_of_another_time(endpoint, url, began):
            return endpoint, ()
        since, last = endpoint.failing_since, endpoint.last_failure_at
        # Workers write down their tries a little out of order, and by clocks that differ a little.
        if since is None or last is None or abs(now - last) > _SILENCE:
            since = last = now
        failing = replace(endpoint, failing_since=since, last_failure_at=max(last, now))
        if not endpoint.enabled or not (gone or now - since >= _PATIENCE):
            return failing, ()
        return turned_off(failing, "gone" if gone else "failing", now), [
            endpoint_event(
                DISABLED,
                endpoint.project_id,
                endpoint.id,
                description=endpoint.description,
                targets=targets,
                now=now,
                extra={
                    "reason": "gone" if gone else "failing",
                    "failing_since": iso(since),
                    "disabled_at": iso(now),
                },
            )
        ]

    return judge


def _is_of_another_time(endpoint: WebhookEndpoint, url: str, began: datetime) -> bool:
    """Whether it was moved, changed, disabled or enabled after the try began, which so says nothing of it."""
    return endpoint.url != url or began < endpoint.updated_at


def turned_off(endpoint: WebhookEndpoint, reason: str, now: datetime) -> WebhookEndpoint:
    """The endpoint, disabled."""
    return replace(endpoint, enabled=False, disabled_at=now, disabled_reason=reason, updated_at=now)
