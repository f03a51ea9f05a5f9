"""Every error that connect_hub raises on purpose.

One root, `ConnectHubError`. Each leaf has a stable `code`, and its docstring is its default message, written
for the person who can do something about it. Errors know no HTTP: `connect_hub.web.errors` maps each
code to a status, a JSON body and a page.
"""

import inspect
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import ClassVar

__all__ = [
    "AccountConflict",
    "AccountInactive",
    "AccountNotFound",
    "AccountSuspended",
    "AnswerTooLarge",
    "AttemptNotFound",
    "BindingRefused",
    "CallInsideTransaction",
    "ClientRejected",
    "ConfigurationError",
    "ConnectHubError",
    "ConnectorInactive",
    "ConnectorNotFound",
    "CookieMissing",
    "CouldNotCheck",
    "CredentialsExpired",
    "CredentialsUnreadable",
    "CrossSiteRequest",
    "DeliveryNotFound",
    "EndpointDisabled",
    "EndpointNotFound",
    "EndpointReadOnly",
    "EventNotFound",
    "FieldError",
    "FormExpired",
    "HeadersTooLarge",
    "IdempotencyConflict",
    "IdempotencyKeyReused",
    "IdentityChanged",
    "InvalidApiKey",
    "InvalidToken",
    "LimitReached",
    "LinkExpired",
    "LinkNotFound",
    "LinkRefused",
    "LinkRevoked",
    "LinkUsed",
    "MethodNotAllowed",
    "MissingPermission",
    "MissingTables",
    "NotFound",
    "OperatorRequired",
    "OperatorTokenRefused",
    "OriginRefused",
    "OutboundFailed",
    "OutboundRefused",
    "PayloadTooLarge",
    "ProviderError",
    "ProviderRefused",
    "ProviderUnavailable",
    "RateLimited",
    "RefreshFailed",
    "RejectedCredentials",
    "RoleRequired",
    "SessionEnded",
    "SessionNotFound",
    "StateInvalid",
    "StorageConflict",
    "StorageUnavailable",
    "SyncOnEventLoop",
    "TransactionEnded",
    "TriggerNotFound",
    "TriggerTokenForgotten",
    "UnsupportedMediaType",
    "ValidationFailed",
    "VisitExpired",
    "WebhookInvalid",
    "WrongAddress",
    "WrongKeys",
    "WrongSchema",
]


@dataclass(frozen=True, slots=True)
class FieldError:
    """One thing wrong with one field: `field` is its dotted path, `message` says what to change."""

    field: str
    message: str


class ConnectHubError(Exception):
    """connect_hub could not do what was asked."""

    code: ClassVar[str] = "connect_hub_error"

    def __init__(self, message: str | None = None) -> None:
        self.message = inspect.cleandoc(type(self).__doc__ or "") if message is None else message
        super().__init__(self.message)


# --- set-up: raised to the developer, at start or first use ---


class ConfigurationError(ConnectHubError):
    """The hub is not configured correctly."""

    code = "configuration_error"


class MissingTables(ConfigurationError):
    """The hub's tables are missing from this database. Run `connect-hub db upgrade --database-url …` \
for it, or call SQLStorage.create_all(engine) once."""

    code = "missing_tables"


class WrongSchema(ConfigurationError):
    """The hub's tables in this database are not those of this release. Run `connect-hub db check \
--database-url …` for it, which says what to do."""

    code = "wrong_schema"


class WrongKeys(ConfigurationError):
    """The configured keys cannot open what is stored in this database. Put back the key ring that it was \
written with."""

    code = "wrong_keys"


class SyncOnEventLoop(ConnectHubError):
    """hub.sync was called on the event loop it would have to wait for. Await the coroutine instead."""

    code = "sync_on_event_loop"


class CallInsideTransaction(ConnectHubError):
    """A callback inside the transaction called the hub. Use `tx`, or register the callback without \
in_transaction=True."""

    code = "call_inside_transaction"


class TransactionEnded(ConnectHubError):
    """A callback ended the transaction it was called in. It may write and flush; the hub commits."""

    code = "transaction_ended"


class StorageConflict(ConnectHubError):
    """A row with this identity is there already."""

    code = "storage_conflict"


class StorageUnavailable(ConnectHubError):
    """The hub cannot reach its database right now. Try again in a moment."""

    code = "storage_unavailable"


# --- requests: raised to whoever called the API or the Python interface ---


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


class IdempotencyConflict(ConnectHubError):
    """A request with this Idempotency-Key is still being worked on. Try again in a moment."""

    code = "idempotency_conflict"


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


# --- the link and the person who opens it ---


class LinkNotFound(ConnectHubError):
    """This link is not complete or not known. Open it again from the original message, or ask for a new \
one."""

    code = "link_not_found"


class LinkExpired(ConnectHubError):
    """This link has expired. Ask for a new one."""

    code = "link_expired"

    def __init__(
        self, message: str | None = None, *, session_id: int | None = None, jti: str | None = None
    ) -> None:
        self.session_id = session_id
        """The session that the link named, where its signature verified."""
        self.jti = jti
        super().__init__(message)


class LinkUsed(ConnectHubError):
    """This link has been used. Ask for a new one to connect more."""

    code = "link_used"


class LinkRevoked(ConnectHubError):
    """This link was withdrawn. Ask for a new one."""

    code = "link_revoked"


class LinkRefused(ConnectHubError):
    """This account could not be linked."""

    code = "link_refused"


class BindingRefused(ConnectHubError):
    """This link was made for somebody else. Sign in as the person it was sent to, or ask for one of your \
own."""

    code = "binding_refused"


class SessionEnded(ConnectHubError):
    """This session cannot be used here, or not any more. Close this and begin again."""

    code = "session_ended"


class OriginRefused(ConnectHubError):
    """This page may not use the hub: its origin is not one that the hub is configured with."""

    code = "origin_refused"


class CookieMissing(ConnectHubError):
    """Your browser did not send this page's cookie. Allow cookies for this site, then open the link again."""

    code = "cookie_missing"


class VisitExpired(ConnectHubError):
    """You were away for a while. Open the link again to go on."""

    code = "visit_expired"


class CrossSiteRequest(ConnectHubError):
    """This form was not sent from this site. Open the link again and use its own buttons."""

    code = "cross_site_request"


class FormExpired(ConnectHubError):
    """This page was open for too long. Go back and try once more."""

    code = "form_expired"


class StateInvalid(ConnectHubError):
    """This sign-in was not started here, or was finished already. Start it again from the list."""

    code = "state_invalid"


# --- the provider ---


class ProviderError(ConnectHubError):
    """The provider did not accept this connection."""

    code = "provider_error"

    def __init__(
        self, message: str | None = None, *, field: str | None = None, provider_message: str | None = None
    ) -> None:
        self.field = field
        """The form field to look at, where one is to blame."""
        self.provider_message = provider_message
        """What the provider said; untrusted text, to be shown escaped and cut short."""
        super().__init__(message)


class RejectedCredentials(ProviderError):
    """The provider did not accept these credentials. Check that you copied all of them."""

    code = "rejected_credentials"


class MissingPermission(ProviderError):
    """These credentials are valid, but lack a permission that is needed."""

    code = "missing_permission"


class WrongAddress(ProviderError):
    """There is no such account address at the provider."""

    code = "wrong_address"


class ProviderUnavailable(ProviderError):
    """The provider is not answering right now. Nothing was saved; try again in a moment."""

    code = "provider_unavailable"


class CouldNotCheck(ProviderError):
    """The provider gave an answer that could not be understood. Nothing was saved."""

    code = "could_not_check"


class ProviderRefused(ProviderError):
    """The sign-in at the provider was not completed."""

    code = "provider_refused"


class ClientRejected(ProviderError):
    """The provider does not accept this site's own OAuth client. Ask the operator of this site to check its \
client id, client secret, scopes and redirect URI."""

    code = "client_rejected"


class OutboundRefused(ConnectHubError):
    """The hub does not call this address."""

    code = "outbound_refused"


class OutboundFailed(ConnectHubError):
    """The remote server could not be reached."""

    code = "outbound_failed"

    def __init__(self, reason: str, message: str | None = None) -> None:
        self.reason = reason
        """`timeout`, `connect`, `tls`, `dns` or `protocol`."""
        super().__init__(message)


class AnswerTooLarge(ConnectHubError):
    """The remote server's answer was larger than allowed."""

    code = "answer_too_large"


# --- a linked account ---


class IdentityChanged(ConnectHubError):
    """This is a different account at the provider than before."""

    code = "identity_changed"

    def __init__(self, before: str, after: str) -> None:
        self.before = before
        """The name of the account that was connected."""
        self.after = after
        """The name of the account that was signed in to now."""
        super().__init__()


class AccountInactive(ConnectHubError):
    """This account's connector is disabled; enable it to use the account."""

    code = "account_inactive"


class AccountSuspended(ConnectHubError):
    """This account is suspended; resume it to use it."""

    code = "account_suspended"


class CredentialsExpired(ConnectHubError):
    """These credentials ran out or were withdrawn. Ask the customer to connect again."""

    code = "credentials_expired"


class CredentialsUnreadable(ConnectHubError):
    """Stored credentials could not be opened: the key is missing, or the row was changed."""

    code = "credentials_unreadable"


class RefreshFailed(ConnectHubError):
    """The access token could not be refreshed right now. Try again in a moment."""

    code = "refresh_failed"


# --- webhooks: raised to the host that verifies a delivery ---


class WebhookInvalid(ConnectHubError):
    """This is not a webhook that the hub signed, or not any more."""

    code = "webhook_invalid"

    def __init__(self, reason: str, message: str | None = None) -> None:
        self.reason = reason
        """`secret`, `headers`, `timestamp`, `signature` or `body`: the first thing that was wrong."""
        super().__init__(message)
