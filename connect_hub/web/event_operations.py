"""The operations on webhook endpoints, events and deliveries, as `web.operations` has the others."""

from connect_hub.events import EVENT_NAMES, TEST_EVENT
from connect_hub.flows.endpoint_requests import (
    ChangeEndpoint,
    CreateEndpoint,
    EnableEndpoint,
    ReplayEvents,
    RotateSecret,
    TestEndpoint,
)
from connect_hub.storage.protocol import DeliveryState
from connect_hub.web.operation import CURSOR, PAGE_SIZE, TEXT, Node, Operation, parameter, texts

__all__ = ["EVENT_OPERATIONS"]

_NAME: Node = {"type": "string", "minLength": 1}
_ENDPOINT = parameter("endpoint_id", "path", _NAME, "The endpoint's id.")
_EVENT = parameter("event_id", "path", _NAME, "The event's id.")
_DELIVERY = parameter("delivery_id", "path", _NAME, "The delivery's id.")
_INSTANT: Node = {"type": "string", "format": "date-time"}
_EVENT_NAME: Node = {"type": "string", "enum": [*sorted(EVENT_NAMES), TEST_EVENT]}
_STATE: Node = {"type": "string", "enum": [*map(str, DeliveryState)]}
_ONE = "/webhook_endpoints/{endpoint_id}"

EVENT_OPERATIONS = (
    Operation(
        "get",
        "/webhook_endpoints",
        "listWebhookEndpoints",
        "List where events are posted to",
        "[WebhookEndpoint]",
    ),
    Operation(
        "post",
        "/webhook_endpoints",
        "createWebhookEndpoint",
        "Have events posted to an address",
        "IssuedWebhookEndpoint",
        status=201,
        body=CreateEndpoint,
        refusals=(409,),
        example={"url": "https://app.example.com/webhooks/connect", "events": ["account.created"]},
    ),
    Operation(
        "get",
        _ONE,
        "getWebhookEndpoint",
        "Read an endpoint",
        "WebhookEndpoint",
        parameters=(_ENDPOINT,),
        refusals=(404,),
    ),
    Operation(
        "patch",
        _ONE,
        "updateWebhookEndpoint",
        "Change an endpoint; fields left out stay",
        "WebhookEndpoint",
        body=ChangeEndpoint,
        parameters=(_ENDPOINT,),
        refusals=(404, 409),
        example={"description": "Billing"},
    ),
    Operation(
        "delete",
        _ONE,
        "deleteWebhookEndpoint",
        "Delete an endpoint; nothing more is sent to it",
        "WebhookEndpoint",
        parameters=(_ENDPOINT,),
        refusals=(404, 409),
    ),
    Operation(
        "post",
        f"{_ONE}/rotate",
        "rotateWebhookSecret",
        "Give an endpoint a new secret; those it has sign along for a while",
        "IssuedWebhookEndpoint",
        status=201,
        body=RotateSecret,
        optional_body=True,
        parameters=(_ENDPOINT,),
        refusals=(404, 409),
        example={"overlap": 86400},
    ),
    Operation(
        "post",
        f"{_ONE}/disable",
        "disableWebhookEndpoint",
        "Send nothing to an endpoint; what waits is held",
        "WebhookEndpoint",
        parameters=(_ENDPOINT,),
        refusals=(404, 409),
    ),
    Operation(
        "post",
        f"{_ONE}/enable",
        "enableWebhookEndpoint",
        "Send to an endpoint again, first what was held",
        "WebhookEndpoint",
        body=EnableEndpoint,
        optional_body=True,
        parameters=(_ENDPOINT,),
        refusals=(404, 409),
        example={},
    ),
    Operation(
        "post",
        f"{_ONE}/test",
        "testWebhookEndpoint",
        'Send an endpoint a made-up event, marked with `"test": true`',
        "Delivery",
        status=202,
        body=TestEndpoint,
        optional_body=True,
        parameters=(_ENDPOINT,),
        refusals=(404, 409),
        example={"event": "account.created"},
    ),
    Operation(
        "post",
        f"{_ONE}/replay",
        "replayEvents",
        "Send an endpoint what happened since an instant",
        "Replayed",
        status=202,
        body=ReplayEvents,
        parameters=(_ENDPOINT,),
        refusals=(404, 409),
        example={"since": "2026-11-01T00:00:00Z"},
    ),
    Operation(
        "get",
        "/events",
        "listEvents",
        "List what happened, newest first",
        "[Event]",
        parameters=(
            texts("type", "Only these.", _EVENT_NAME),
            parameter("account_id", "query", TEXT, "Only those of this account."),
            parameter("origin_owner_id", "query", TEXT, "Only those of this customer."),
            parameter("since", "query", _INSTANT, "From this instant on."),
            parameter("until", "query", _INSTANT, "Before this instant."),
            PAGE_SIZE,
            CURSOR,
        ),
    ),
    Operation(
        "get",
        "/events/{event_id}",
        "getEvent",
        "Read an event and where it went",
        "EventDetails",
        parameters=(_EVENT,),
        refusals=(404,),
    ),
    Operation(
        "get",
        "/deliveries",
        "listDeliveries",
        "List deliveries, newest first",
        "[Delivery]",
        parameters=(
            parameter("endpoint_id", "query", TEXT, "Only those to this endpoint."),
            texts("state", "Only those in one of these.", _STATE),
            PAGE_SIZE,
            CURSOR,
        ),
        refusals=(404,),
    ),
    Operation(
        "get",
        "/deliveries/{delivery_id}",
        "getDelivery",
        "Read a delivery and each of its tries",
        "DeliveryDetails",
        parameters=(_DELIVERY,),
        refusals=(404,),
    ),
    Operation(
        "post",
        "/deliveries/{delivery_id}/resend",
        "resendDelivery",
        "Send the same event to the same target again",
        "Delivery",
        status=202,
        parameters=(_DELIVERY,),
        refusals=(404, 409),
    ),
)
