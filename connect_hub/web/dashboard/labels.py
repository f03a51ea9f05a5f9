"""Words for what the dashboard shows: states, roles, actions."""

from connect_hub.message import Message

__all__ = ["ACTIONS", "ADVICE", "DONE", "FIELDS", "ROLES", "SOURCES", "UNKNOWN_ADVICE"]

ROLES = {
    "viewer": Message("Viewer"),
    "operator": Message("Operator"),
    "admin": Message("Administrator"),
}

ACTIONS = {
    "account.changed": Message("Account changed"),
    "account.converted": Message("Account converted"),
    "account.created": Message("Account connected"),
    "account.deleted": Message("Account disconnected"),
    "account.expired": Message("Account expired"),
    "account.resumed": Message("Account resumed"),
    "account.suspended": Message("Account suspended"),
    "account.updated": Message("Account updated"),
    "accounts.exported": Message("Accounts exported"),
    "api_key.created": Message("API key created"),
    "api_key.revoked": Message("API key revoked"),
    "audit.exported": Message("Audit log exported"),
    "account.expiring": Message("Account about to expire"),
    "account.recovered": Message("Account recovered"),
    "account.triggered": Message("Provider sent something"),
    "webhook_endpoint.changed": Message("Endpoint changed"),
    "webhook_endpoint.created": Message("Endpoint created"),
    "webhook_endpoint.deleted": Message("Endpoint deleted"),
    "webhook_endpoint.disabled": Message("Endpoint disabled"),
    "webhook_endpoint.enabled": Message("Endpoint enabled"),
    "delivery.resent": Message("Delivery sent again"),
    "webhook_endpoint.replayed": Message("Events sent again"),
    "webhook_endpoint.rotated": Message("Signing secret rotated"),
    "webhook_endpoint.tested": Message("Test sent"),
    "connector.client_removed": Message("OAuth client removed"),
    "connector.configured": Message("OAuth client set"),
    "connector.disabled": Message("Connector disabled"),
    "connector.enabled": Message("Connector enabled"),
    "link.completed": Message("Link used"),
    "link.created": Message("Link created"),
    "link.expired": Message("Link expired"),
    "link.failed": Message("Attempt failed"),
    "link.opened": Message("Link opened"),
    "link.renewal_requested": Message("New link asked for"),
    "link.revoked": Message("Link revoked"),
    "operator.added": Message("Operator added"),
    "operator.revoked": Message("Operator revoked"),
    "operator.signed_in": Message("Operator signed in"),
    "operator.signed_out": Message("Operator signed out"),
    "owner.erased": Message("Customer erased"),
    "webhook.test": Message("Test"),
}
"""Actions of the audit log and events, by name; one that is not here is shown by its name."""

DONE = {
    "suspended": Message("The account is suspended. Its credentials are kept and not used."),
    "resumed": Message("The account is active again."),
    "converted": Message("The account was converted."),
    "disconnected": Message("The account was disconnected and its credentials were destroyed."),
    "revoked": Message("The link was revoked. Nobody can connect with it any more."),
    "tested": Message("A test is on its way."),
    "replayed": Message("What the endpoint had not taken is on its way."),
    "resent": Message("It is on its way again."),
    "endpoint-disabled": Message("The endpoint is disabled. What waits for it is held."),
    "endpoint-enabled": Message("The endpoint is enabled. What was held is on its way."),
    "endpoint-deleted": Message("The endpoint was deleted."),
    "connector-enable": Message("The connector is enabled. Customers can connect it from now on."),
    "connector-disable": Message("The connector is disabled. Its accounts are inactive."),
    "connector-configured": Message("The OAuth client is set. It is used from the next request on."),
    "connector-remove-client": Message("The OAuth client was removed."),
    "key-revoked": Message("The key was revoked. Requests with it are refused from now on."),
}
"""What stands over the page after something was done, by the word in its address."""

SOURCES = {
    "operator": Message("Dashboard"),
    "api_key": Message("API key"),
    "command_line": Message("Command line"),
}
"""By which way somebody came in."""

FIELDS = {
    "account_id": Message("Account ID"),
    "client_id": Message("Client ID"),
    "client_secret": Message("Client secret"),
    "enabled": Message("Enabled"),
    "scopes": Message("Scopes"),
    "expires_at": Message("Expires"),
    "label": Message("Label"),
    "name": Message("Name"),
    "origin_owner_id": Message("Origin owner ID"),
    "origin_owner_name": Message("Origin owner name"),
    "origin_username": Message("Origin username"),
    "provider": Message("Provider"),
    "status": Message("Status"),
    "type": Message("Type"),
}
"""Fields in the audit log; one that is not here is shown by its name."""

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
