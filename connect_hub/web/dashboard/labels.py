"""Words for what the dashboard shows: states, roles, actions."""

from connect_hub.message import Message

__all__ = ["ACTIONS", "DONE", "FIELDS", "ROLES", "SOURCES"]

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
    "link.created": Message("Link created"),
    "link.renewal_requested": Message("New link asked for"),
    "link.revoked": Message("Link revoked"),
    "operator.added": Message("Operator added"),
    "operator.revoked": Message("Operator revoked"),
    "operator.signed_in": Message("Operator signed in"),
    "operator.signed_out": Message("Operator signed out"),
    "owner.erased": Message("Customer erased"),
}
"""Actions of the audit log and events, by name; one that is not here is shown by its name."""

DONE = {
    "suspended": Message("The account is suspended. Its credentials are kept and not used."),
    "resumed": Message("The account is active again."),
    "converted": Message("The account was converted."),
    "disconnected": Message("The account was disconnected and its credentials were destroyed."),
    "revoked": Message("The link was revoked. Nobody can connect with it any more."),
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
