"""Raised to whoever called the API, the dashboard or the Python interface."""

from collections.abc import Sequence
from datetime import timedelta

from connect_hub.errors.root import ConnectHubError, FieldError

__all__ = [
    "AccountConflict",
    "AccountNotFound",
    "AttemptNotFound",
    "ConnectorInactive",
    "ConnectorNotFound",
    "ConnectorReadOnly",
    "DeliveryNotFound",
    "EndpointDisabled",
    "EndpointNotFound",
    "EndpointReadOnly",
    "EventNotFound",
    "HeadersTooLarge",
    "IdempotencyKeyReused",
    "InvalidApiKey",
    "InvalidToken",
    "LimitReached",
    "MethodNotAllowed",
    "NotFound",
    "OperatorRequired",
    "OperatorTokenRefused",
    "PayloadTooLarge",
    "RateLimited",
    "RoleRequired",
    "SessionNotFound",
    "TriggerNotFound",
    "TriggerTokenForgotten",
    "UnsupportedMediaType",
    "ValidationFailed",
]


class ValidationFailed(ConnectHubError):
    """Some fields are not valid."""

    code = "validation_error"

    def __init__(self, *details: FieldError) -> None:
        self.details: Sequence[FieldError] = details
        super().__init__("; ".join(f"{d.field}: {d.message}" for d in details) or None)


class InvalidApiKey(ConnectHubError):
    """Send a valid API key as the user name of HTTP Basic authentication."""

    code = "invalid_api_key"


class OperatorTokenRefused(ConnectHubError):
    """This token is not valid, or not any more. Check that you copied all of it."""

    code = "operator_token_refused"


class OperatorRequired(ConnectHubError):
    """This page is for operators, and you are not signed in as one."""

    code = "operator_required"
    signed_in = False
    """Whether somebody is known to be signed in, who is no operator."""
    sign_in: str | None = None
    """Where to sign in as another, where that is known."""

    @classmethod
    def of(cls, sign_in: str | None) -> "OperatorRequired":
        """Somebody is signed in, who is no operator; another may sign in at `sign_in`."""
        error = cls()
        error.signed_in, error.sign_in = True, sign_in
        return error


class RoleRequired(ConnectHubError):
    """Your role does not allow this. Ask an administrator of this project."""

    code = "role_required"


class InvalidToken(ConnectHubError):
    """This token is not valid here, or not any more. Create a new connect session."""

    code = "invalid_token"


class NotFound(ConnectHubError):
    """There is nothing at this address."""

    code = "not_found"


class AccountNotFound(NotFound):
    """There is no account with this id."""

    code = "account_not_found"


class SessionNotFound(NotFound):
    """There is no connect session with this id."""

    code = "session_not_found"


class ConnectorNotFound(NotFound):
    """There is no connector with this key."""

    code = "connector_not_found"


class AttemptNotFound(NotFound):
    """There is no connection attempt with this id."""

    code = "attempt_not_found"


class TriggerNotFound(NotFound):
    """There is no trigger with this token."""

    code = "trigger_not_found"


class TriggerTokenForgotten(ConnectHubError):
    """The token was made under a key that is gone, so it cannot be shown again. It still works; rotate it \
to get a new one."""

    code = "trigger_token_forgotten"


class EndpointNotFound(NotFound):
    """There is no webhook endpoint with this id."""

    code = "endpoint_not_found"


class EventNotFound(NotFound):
    """There is no event with this id, or not any more."""

    code = "event_not_found"


class DeliveryNotFound(NotFound):
    """There is no delivery with this id, or not any more."""

    code = "delivery_not_found"


class EndpointDisabled(ConnectHubError):
    """This webhook endpoint is disabled. Enable it first."""

    code = "endpoint_disabled"


class ConnectorReadOnly(ConnectHubError):
    """This is part of the hub's configuration in code. Change it there."""

    code = "connector_read_only"


class EndpointReadOnly(ConnectHubError):
    """This webhook endpoint is part of the hub's configuration. Change it there."""

    code = "endpoint_read_only"


class LimitReached(ConnectHubError):
    """There are as many of these as there may be. Remove one first."""

    code = "limit_reached"


class MethodNotAllowed(ConnectHubError):
    """This address does not answer that method."""

    code = "method_not_allowed"


class AccountConflict(ConnectHubError):
    """This owner already has an account of this provider and type."""

    code = "account_conflict"


class ConnectorInactive(ConnectHubError):
    """This connector is not enabled."""

    code = "connector_inactive"


class IdempotencyKeyReused(ConnectHubError):
    """This Idempotency-Key was used with another body. Use a new key for a new request."""

    code = "idempotency_key_reused"


class PayloadTooLarge(ConnectHubError):
    """The request body is too large."""

    code = "payload_too_large"


class HeadersTooLarge(ConnectHubError):
    """The request's headers are too large. Send fewer or shorter ones, cookies above all."""

    code = "headers_too_large"


class UnsupportedMediaType(ConnectHubError):
    """Send the body as application/json."""

    code = "unsupported_media_type"


class RateLimited(ConnectHubError):
    """Too many requests. Wait a moment, then try again."""

    code = "rate_limited"

    def __init__(self, retry_after: timedelta) -> None:
        self.retry_after = retry_after
        super().__init__()
