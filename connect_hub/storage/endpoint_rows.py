"""Endpoints, and the log of the outbox, to rows and back; see `rows`."""

import json

from connect_hub.events import DEFAULT_EVENTS
from connect_hub.storage.protocol import DeliveryAttempt, NewEvent, WebhookEndpoint
from connect_hub.storage.rows import (
    Row,
    Values,
    dumped,
    dumped_or_none,
    instant,
    instant_or_none,
    milliseconds,
    milliseconds_or_none,
)

__all__ = ["attempt_of", "attempt_row", "endpoint_of", "endpoint_row", "is_wanted", "names_of"]


def is_wanted(event: NewEvent, events: tuple[str, ...] | None, providers: tuple[str, ...] | None) -> bool:
    """Whether an endpoint that names these events and providers gets the event."""
    return event.name in (DEFAULT_EVENTS if events is None else events) and (
        providers is None or event.provider in providers
    )


def endpoint_row(endpoint: WebhookEndpoint) -> Row:
    return {
        "id": endpoint.id,
        "project_id": endpoint.project_id,
        "url": endpoint.url,
        "description": endpoint.description,
        "events": dumped_or_none(endpoint.events),
        "providers": dumped_or_none(endpoint.providers),
        "enabled": endpoint.enabled,
        "disabled_at": milliseconds_or_none(endpoint.disabled_at),
        "disabled_reason": endpoint.disabled_reason,
        "failing_since": milliseconds_or_none(endpoint.failing_since),
        "last_failure_at": milliseconds_or_none(endpoint.last_failure_at),
        "generation": endpoint.generation,
        "key_id": endpoint.key_id,
        "sealed": bytes(endpoint.sealed),
        "created_at": milliseconds(endpoint.created_at),
        "updated_at": milliseconds(endpoint.updated_at),
        "deleted_at": milliseconds_or_none(endpoint.deleted_at),
        "session_id": endpoint.session_id,
    }


def endpoint_of(values: Values) -> WebhookEndpoint:
    (
        endpoint_id,
        project_id,
        url,
        description,
        events,
        providers,
        enabled,
        disabled_at,
        disabled_reason,
        failing_since,
        last_failure_at,
        generation,
        key_id,
        sealed,
        created_at,
        updated_at,
        deleted_at,
        session_id,
    ) = values
    return WebhookEndpoint(
        id=endpoint_id,
        project_id=project_id,
        url=url,
        description=description,
        events=names_of(events),
        providers=names_of(providers),
        enabled=bool(enabled),
        disabled_at=instant_or_none(disabled_at),
        disabled_reason=disabled_reason,
        failing_since=instant_or_none(failing_since),
        last_failure_at=instant_or_none(last_failure_at),
        generation=generation,
        key_id=key_id,
        sealed=bytes(sealed),
        created_at=instant(created_at),
        updated_at=instant(updated_at),
        deleted_at=instant_or_none(deleted_at),
        session_id=session_id,
    )


def names_of(text: str | None) -> tuple[str, ...] | None:
    """A column of names."""
    return None if text is None else tuple(json.loads(text))


def attempt_row(delivery_id: str, epoch: int, event_id: str, attempt: DeliveryAttempt) -> Row:
    return {
        "delivery_id": delivery_id,
        "epoch": epoch,
        "event_id": event_id,
        "started_at": milliseconds(attempt.started_at),
        "duration_ms": attempt.duration_ms,
        "status": attempt.status,
        "request_headers": dumped(dict(attempt.request_headers)),
        "response_headers": dumped(dict(attempt.response_headers)),
        "response_body": bytes(attempt.response_body),
        "error": attempt.error,
    }


def attempt_of(values: Values) -> DeliveryAttempt:
    _, _, _, started_at, duration_ms, status, request_headers, response_headers, response_body, error = values
    return DeliveryAttempt(
        started_at=instant(started_at),
        duration_ms=duration_ms,
        status=status,
        request_headers=json.loads(request_headers),
        response_headers=json.loads(response_headers),
        response_body=bytes(response_body),
        error=error,
    )
