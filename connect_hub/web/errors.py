"""What an error is on the wire: the one table from codes to statuses, and the JSON body of every refusal."""

import json
import math
from http import HTTPStatus

from starlette.responses import Response

from connect_hub.clock import Clock, iso
from connect_hub.errors import (
    ConfigurationError,
    ConnectHubError,
    IdentityChanged,
    ProviderError,
    RateLimited,
    StorageUnavailable,
    ValidationFailed,
)

__all__ = ["STATUS", "error_headers", "error_response", "status_of", "told_code"]

STATUS: dict[str, int] = {
    "account_conflict": 409,
    "account_inactive": 412,
    "account_not_found": 404,
    "account_suspended": 409,
    "answer_too_large": 502,
    "attempt_not_found": 404,
    "binding_refused": 403,
    "call_inside_transaction": 500,
    "client_rejected": 422,
    "configuration_error": 500,
    "connect_hub_error": 500,
    "connector_inactive": 412,
    "connector_not_found": 404,
    "connector_read_only": 409,
    "cookie_missing": 403,
    "could_not_check": 422,
    "credentials_expired": 409,
    "credentials_unreadable": 500,
    "cross_site_request": 403,
    "delivery_not_found": 404,
    "endpoint_disabled": 409,
    "endpoint_not_found": 404,
    "endpoint_read_only": 409,
    "event_not_found": 404,
    "form_expired": 403,
    "headers_too_large": 431,
    "idempotency_key_reused": 422,
    "identity_changed": 409,
    "invalid_api_key": 401,
    "invalid_token": 401,
    "limit_reached": 409,
    "link_expired": 410,
    "link_not_found": 404,
    "link_refused": 422,
    "link_revoked": 410,
    "link_used": 410,
    "method_not_allowed": 405,
    "missing_permission": 422,
    "missing_tables": 503,
    "not_found": 404,
    "origin_refused": 410,
    "operator_required": 403,
    "operator_token_refused": 422,
    "outbound_failed": 502,
    "outbound_refused": 422,
    "payload_too_large": 413,
    "provider_error": 422,
    "provider_refused": 422,
    "provider_unavailable": 422,
    "rate_limited": 429,
    "refresh_failed": 503,
    "rejected_credentials": 422,
    "session_ended": 410,
    "role_required": 403,
    "session_not_found": 404,
    "state_invalid": 403,
    "storage_conflict": 409,
    "storage_unavailable": 503,
    "sync_on_event_loop": 500,
    "transaction_ended": 500,
    "trigger_not_found": 404,
    "trigger_token_forgotten": 409,
    "unsupported_media_type": 415,
    "validation_error": 400,
    "visit_expired": 410,
    "webhook_invalid": 400,
    "wrong_address": 422,
    "wrong_keys": 503,
    "wrong_schema": 503,
}
"""By `ConnectHubError.code`. Every leaf is in it, which a test proves."""

_INTERNAL = "Something went wrong on our side. Try again in a moment."
_UNWELL = "The hub cannot work right now. Try again in a moment."


def status_of(error: ConnectHubError) -> int:
    """The HTTP status of an error: its own, or that of the error of ours that a host derived it from."""
    for kind in type(error).__mro__:
        status = STATUS.get(vars(kind).get("code", ""))
        if status is not None:
            return status
    return 500


def told_code(error: ConnectHubError) -> str:
    """What a caller is told of an error's code: what is wrong on our side is for the log alone (T46)."""
    status = status_of(error)
    if status == 503:
        return StorageUnavailable.code if isinstance(error, ConfigurationError) else error.code
    return error.code if status < 500 else "internal_error"


def error_headers(error: ConnectHubError) -> dict[str, str]:
    """`WWW-Authenticate` (RFC 9110, 11.6.1) and `Retry-After` (10.2.3), where the status asks for them."""
    if isinstance(error, RateLimited):
        return {"Retry-After": str(max(1, math.ceil(error.retry_after.total_seconds())))}
    status = status_of(error)
    if status == 401:
        return {"WWW-Authenticate": 'Basic realm="connect_hub", charset="UTF-8"'}
    return {"Retry-After": "5"} if status == 503 else {}


def error_response(error: ConnectHubError, clock: Clock) -> Response:
    """The JSON body of a refusal. The text of an error of ours (5xx) is for the log, not for the caller."""
    status = status_of(error)
    ours = _UNWELL if status == 503 else _INTERNAL
    document: dict[str, object] = {
        "statusCode": status,
        "message": error.message if status < 500 else ours,
        "timestamp": iso(clock.now()),
        "errorCode": told_code(error),
        "error": HTTPStatus(status).phrase,
    }
    if isinstance(error, ValidationFailed):
        document["details"] = [{"field": d.field, "message": d.message} for d in error.details]
    if isinstance(error, ProviderError) and error.provider_message:
        # For a person to read, as the pages show it: a text, cut short.
        document["provider_response"] = error.provider_message[:200]
    if isinstance(error, IdentityChanged):
        document["identity"] = {"before": error.before, "after": error.after}
    return Response(
        json.dumps(document, ensure_ascii=False),
        status_code=status,
        headers=error_headers(error),
        media_type="application/json",
    )
