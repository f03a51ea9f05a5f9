"""Words for what the dashboard shows: roles, actions, events, errors."""

from collections.abc import Mapping
from enum import StrEnum

from connect_hub.audit import ActorKind, AuditAction
from connect_hub.message import Message

__all__ = [
    "ACCOUNT_GONE",
    "ACTIONS",
    "ACTOR_KINDS",
    "ADVICE",
    "CHANGED_MEANWHILE",
    "CLIENT_MISSING",
    "CLIENT_MISSING_FOR_OTHERS",
    "CONNECTOR_LEFT_OUT",
    "CONNECTOR_OFF",
    "DONE",
    "EVENTS",
    "FIELDS",
    "NOT_DONE",
    "ROLES",
    "SIGNED_OUT",
    "UNKNOWN_ADVICE",
    "Done",
]


class Done(StrEnum):
    """What was done, as the address of the page after it has it."""

    SUSPENDED = "suspended"
    RESUMED = "resumed"
    CONVERTED_TO_TEST = "converted-to-test"
    CONVERTED_TO_PRODUCTION = "converted-to-production"
    DISCONNECTED = "disconnected"
    REVOKED = "revoked"
    TESTED = "tested"
    REPLAYED = "replayed"
    REPLAYED_NOTHING = "replayed-nothing"
    RESENT = "resent"
    ENDPOINT_CHANGED = "endpoint-changed"
    ENDPOINT_DISABLED = "endpoint-disabled"
    ENDPOINT_ENABLED = "endpoint-enabled"
    ENDPOINT_DELETED = "endpoint-deleted"
    CONNECTOR_ENABLED = "connector-enabled"
    CONNECTOR_DISABLED = "connector-disabled"
    CONNECTOR_CONFIGURED = "connector-configured"
    CLIENT_REMOVED = "client-removed"
    KEY_REVOKED = "key-revoked"


SIGNED_OUT = "signed-out"
"""In the place of what was done, where a form came after the sign-in had ended."""
NOT_DONE = Message("You were signed out. What you sent was not done.")


ROLES = {
    "viewer": Message("Viewer"),
    "operator": Message("Operator"),
    "admin": Message("Administrator"),
}

ACTIONS: dict[AuditAction, Message] = {
    AuditAction.ACCOUNT_CHANGED: Message("Account changed"),
    AuditAction.ACCOUNT_CONVERTED: Message("Account converted"),
    AuditAction.ACCOUNT_DELETED: Message("Account disconnected"),
    AuditAction.ACCOUNT_RESUMED: Message("Account resumed"),
    AuditAction.ACCOUNT_SUSPENDED: Message("Account suspended"),
    AuditAction.ACCOUNTS_EXPORTED: Message("Accounts exported"),
    AuditAction.API_KEY_CREATED: Message("API key created"),
    AuditAction.API_KEY_REVOKED: Message("API key revoked"),
    AuditAction.AUDIT_EXPORTED: Message("Audit log exported"),
    AuditAction.CONNECTOR_CLIENT_REMOVED: Message("OAuth client removed"),
    AuditAction.CONNECTOR_CONFIGURED: Message("OAuth client set"),
    AuditAction.CONNECTOR_DISABLED: Message("Connector disabled"),
    AuditAction.CONNECTOR_ENABLED: Message("Connector enabled"),
    AuditAction.DELIVERY_RESENT: Message("Delivery sent again"),
    AuditAction.LINK_CREATED: Message("Link created"),
    AuditAction.LINK_REVOKED: Message("Link revoked"),
    AuditAction.OWNER_ERASED: Message("Customer erased"),
    AuditAction.TRIGGER_CREATED: Message("Trigger address created"),
    AuditAction.TRIGGER_ROTATED: Message("Trigger address rotated"),
    AuditAction.ENDPOINT_CHANGED: Message("Endpoint changed"),
    AuditAction.ENDPOINT_CREATED: Message("Endpoint created"),
    AuditAction.ENDPOINT_DELETED: Message("Endpoint deleted"),
    AuditAction.ENDPOINT_DISABLED: Message("Endpoint disabled"),
    AuditAction.ENDPOINT_ENABLED: Message("Endpoint enabled"),
    AuditAction.ENDPOINT_REPLAYED: Message("Events sent again"),
    AuditAction.ENDPOINT_ROTATED: Message("Signing secret rotated"),
    AuditAction.ENDPOINT_TESTED: Message("Test sent"),
    AuditAction.OPERATOR_ADDED: Message("Operator added"),
    AuditAction.OPERATOR_REVOKED: Message("Operator revoked"),
    AuditAction.OPERATOR_SIGNED_IN: Message("Operator signed in"),
    AuditAction.OPERATOR_SIGNED_OUT: Message("Operator signed out"),
}
"""What the audit log tells, in words."""

EVENTS = {
    "account.created": Message("Account connected"),
    "account.deleted": Message("Account disconnected"),
    "account.expired": Message("Account expired"),
    "account.recovered": Message("Account recovered"),
    "account.triggered": Message("Provider sent something"),
    "account.updated": Message("Account updated"),
    "link.completed": Message("Link used"),
    "link.expired": Message("Link expired"),
    "link.failed": Message("Attempt failed"),
    "link.opened": Message("Link opened"),
    "link.renewal_requested": Message("New link asked for"),
    "webhook.test": Message("Test"),
    "webhook_endpoint.disabled": Message("Endpoint disabled"),
}
"""Events, by name."""

DONE: Mapping[str, Message] = {
    Done.SUSPENDED: Message("The account is suspended. Its credentials are kept and not used."),
    Done.RESUMED: Message("The account is no longer suspended."),
    Done.CONVERTED_TO_TEST: Message("The account is a test account now."),
    Done.CONVERTED_TO_PRODUCTION: Message("The account is a production account now."),
    Done.DISCONNECTED: Message("The account was disconnected and its credentials were destroyed."),
    Done.REVOKED: Message("The link was revoked. Nobody can connect with it any more."),
    Done.TESTED: Message("A test is on its way."),
    Done.REPLAYED: Message("What the endpoint had not taken is on its way."),
    Done.REPLAYED_NOTHING: Message("Nothing to send again: the endpoint took it all, or waits for it."),
    Done.RESENT: Message("It is on its way again."),
    Done.ENDPOINT_CHANGED: Message("The endpoint was changed."),
    Done.ENDPOINT_DISABLED: Message("The endpoint is disabled. What waits for it is held."),
    Done.ENDPOINT_ENABLED: Message("The endpoint is enabled. What was held is on its way."),
    Done.ENDPOINT_DELETED: Message("The endpoint was deleted."),
    Done.CONNECTOR_ENABLED: Message("The connector is enabled. Customers can connect it from now on."),
    Done.CONNECTOR_DISABLED: Message("The connector is disabled. Its accounts are inactive."),
    Done.CONNECTOR_CONFIGURED: Message("The OAuth client is set. It is used from the next request on."),
    Done.CLIENT_REMOVED: Message("The OAuth client was removed."),
    Done.KEY_REVOKED: Message("The key was revoked. Requests with it are refused from now on."),
}
"""What stands over the page after something was done."""

ACTOR_KINDS = {
    ActorKind.OPERATOR: Message("Dashboard"),
    ActorKind.API_KEY: Message("API key"),
    ActorKind.COMMAND_LINE: Message("Command line"),
}
"""By which way somebody came in."""


FIELDS = {
    "account_id": Message("Account ID"),
    "client_id": Message("Client ID"),
    "client_secret": Message("Client secret"),
    "enabled": Message("Enabled"),
    "event": Message("Event"),
    "events": Message("Events"),
    "description": Message("What it is for"),
    "headers": Message("Header fields of its own"),
    "path": Message("Path"),
    "providers": Message("Of providers"),
    "url": Message("Address"),
    "scopes": Message("Scopes"),
    "expires_at": Message("Expires"),
    "label": Message("Label"),
    "name": Message("Name"),
    "origin_owner_id": Message("Origin owner ID"),
    "origin_owner_name": Message("Origin owner name"),
    "origin_username": Message("Origin username"),
    "provider": Message("Provider"),
    "reason": Message("Reason"),
    "renews": Message("In place of the link"),
    "roles": Message("Roles"),
    "since": Message("Since"),
    "status": Message("Status"),
    "type": Message("Type"),
}
"""Fields in the audit log; one that is not here is shown by its name."""

ACCOUNT_GONE = Message(
    "The account that was to be reconnected is not there any more, or is another customer's. Make a new link."
)
CONNECTOR_OFF = Message(
    "This connector is off on this project, so that nobody can reconnect with it. An administrator can "
    "change that."
)
CHANGED_MEANWHILE = Message(
    "This was changed while the form was open, and nothing was saved. Save once more to set what stands here."
)
CLIENT_MISSING = Message(
    "Customers cannot connect it before it has an OAuth client: register one, and enter it."
)
CLIENT_MISSING_FOR_OTHERS = Message(
    "Customers cannot connect it before it has an OAuth client. An administrator can enter one."
)
CONNECTOR_LEFT_OUT = Message(
    "Your code leaves this connector out of the project. It can be added there alone."
)

UNKNOWN_ADVICE = (
    Message("It did not work"),
    Message("Look for the code in the log of your application."),
)
ADVICE = {
    "rejected_credentials": (
        Message("The provider did not accept the credentials"),
        Message("Ask the customer to copy the key again, whole, or to make a new one."),
    ),
    "missing_permission": (
        Message("A permission is missing"),
        Message("Ask the customer to give the key or the user the permissions that the form names."),
    ),
    "wrong_address": (
        Message("There is no such address at the provider"),
        Message("Ask the customer for the address in their browser when they use the provider."),
    ),
    "provider_unavailable": (
        Message("The provider did not answer"),
        Message("Ask the customer to try again later. Look at the provider's own status page."),
    ),
    "could_not_check": (
        Message("The provider's answer was not understood"),
        Message("Try the provider's API with the customer's key; the connector may need a change."),
    ),
    "provider_refused": (
        Message("The sign-in was not completed"),
        Message(
            "The customer stopped at the provider, or was not allowed to agree. Their administrator may be."
        ),
    ),
    "client_rejected": (
        Message("The provider refused your own OAuth client"),
        Message("Check client id, client secret, scopes and redirect URI at the provider."),
    ),
    "identity_changed": (
        Message("It was another account than before"),
        Message("Ask the customer to sign in with the account that is connected, or to connect anyway."),
    ),
    "validation_error": (
        Message("The form could not be right"),
        Message("The customer was told which field. Ask what the field showed, if they do not get on."),
    ),
    "link_refused": (
        Message("Your application refused the connection"),
        Message("See what your callback of account.created said."),
    ),
    "state_invalid": (
        Message("The sign-in took too long, or came back to another browser"),
        Message("Ask the customer to begin again, in one browser."),
    ),
    "outbound_refused": (
        Message("The address may not be called"),
        Message("It is private or blocked. Allow it in the configuration if it is meant."),
    ),
}
"""By error code: what happened in words, and what to do about it."""
