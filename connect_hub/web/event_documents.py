"""The JSON documents of webhook endpoints, events and deliveries."""

import json

from connect_hub.clock import iso
from connect_hub.flows.event_history import DeliveryDetails, EventDetails
from connect_hub.flows.shown_endpoints import Endpoint, IssuedEndpoint
from connect_hub.storage.protocol import DeliveryAttempt, DeliveryRecord, DeliveryState, EventRecord
from connect_hub.web.documents import Document

__all__ = [
    "delivery_details_json",
    "delivery_json",
    "endpoint_json",
    "event_details_json",
    "event_json",
    "issued_endpoint_json",
]


def endpoint_json(endpoint: Endpoint) -> Document:
    """A webhook endpoint; never its secrets, nor the values of its header fields."""
    return {
        "id": endpoint.id,
        "project_id": endpoint.project_id,
        "source": endpoint.source,
        "url": endpoint.url,
        "description": endpoint.description,
        "events": list(endpoint.events),
        "providers": None if endpoint.providers is None else list(endpoint.providers),
        "header_names": list(endpoint.header_names),
        "secrets": [
            {
                "created_at": None if one.created_at is None else iso(one.created_at),
                "expires_at": None if one.expires_at is None else iso(one.expires_at),
            }
            for one in endpoint.secrets
        ],
        "enabled": endpoint.enabled,
        "disabled_at": None if endpoint.disabled_at is None else iso(endpoint.disabled_at),
        "disabled_reason": endpoint.disabled_reason,
        "failing_since": None if endpoint.failing_since is None else iso(endpoint.failing_since),
        "created_at": None if endpoint.created_at is None else iso(endpoint.created_at),
        "updated_at": None if endpoint.updated_at is None else iso(endpoint.updated_at),
    }


def issued_endpoint_json(issued: IssuedEndpoint) -> Document:
    """An endpoint with its new secret: the answer to what made that, and to nothing else."""
    return {**endpoint_json(issued.endpoint), "secret": issued.secret.reveal()}


def event_json(event: EventRecord) -> Document:
    """An event; `data` is the body that is delivered."""
    return {
        "id": event.id,
        "type": event.name,
        "project_id": event.project_id,
        "record_id": event.record_id,
        "provider": event.provider,
        "sequence": event.sequence,
        "created_at": iso(event.created_at),
        "data": json.loads(event.body),
    }


def event_details_json(details: EventDetails) -> Document:
    """An event and where it went."""
    return {**event_json(details.event), "deliveries": [delivery_json(one) for one in details.deliveries]}


def delivery_json(delivery: DeliveryRecord) -> Document:
    """One event on its way to one target."""
    return {
        "id": delivery.id,
        "event_id": delivery.event_id,
        "event_type": delivery.event_name,
        "record_id": delivery.record_id,
        "target": delivery.target,
        "endpoint_id": delivery.endpoint_id,
        "state": delivery.state.value,
        "attempts": delivery.attempts,
        "last_error": delivery.last_error,
        "next_attempt_at": iso(delivery.next_at) if delivery.state is DeliveryState.PENDING else None,
        "created_at": iso(delivery.created_at),
        "settled_at": None if delivery.settled_at is None else iso(delivery.settled_at),
    }


def delivery_details_json(details: DeliveryDetails) -> Document:
    """A delivery with each of its tries."""
    return {**delivery_json(details.delivery), "log": [_attempt_json(one) for one in details.attempts]}


def _attempt_json(attempt: DeliveryAttempt) -> Document:
    return {
        "started_at": iso(attempt.started_at),
        "duration_ms": attempt.duration_ms,
        "status": attempt.status,
        "error": attempt.error,
        "request_headers": dict(attempt.request_headers),
        "response_headers": dict(attempt.response_headers),
        "response_body": attempt.response_body.decode(errors="replace"),
    }
